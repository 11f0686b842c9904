/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Longest prefix match: a hash of prefixes, cut to their lengths, and the list of lengths that are
 * in use, which a lookup tries from the longest to the shortest.
 */
#ifndef BPFVM_MAP_LPM_H
#define BPFVM_MAP_LPM_H

#include "map_hash.h"

#define VM_LENGTHS ((VM_KEY_SIZE - 4) * 8 + 1)

VM_INLINE u32 vm_prefix_most(const struct vm_map *map)
{
	return (map->key_size - 4) * 8;
}

VM_INLINE struct vm_length *vm_length(u8 *mem, const struct vm_map *map, u32 len)
{
	return VM_AT(mem, map->lengths + len * (u32)sizeof(struct vm_length), struct vm_length);
}

/* Makes the key a prefix of `len` bits. Those of other lengths differ in their first word. */
VM_INLINE void vm_prefix_cut(struct vm_walk *k, u32 len)
{
	vm_walk_key(k, len + 32);
	k->first &= ~(0xffffffffull << VM_FIRST_SHIFT);
	k->first |= (u64)len << VM_FIRST_SHIFT;
	vm_walk_hash(k);
}

/* One step: along the chain, or to the next length. `prefix` is more than what is to be tried. */
VM_INLINE long vm_prefix_step(struct vm_walk *k)
{
	if (vm_walk_ended(k)) {
		u32 down;

		if (!k->prefix)
			return 1;
		down = VM_PEEK(&vm_length(k->mem, k->map, k->prefix - 1)->down);
		if (!down)
			return 1;
		k->prefix = down - 1;
		vm_prefix_cut(k, k->prefix);
		vm_walk_begin(k);
	}
	vm_walk_step(k);
	return k->found != 0;
}

static inline long vm_prefix_turn(u32 i, struct vm_walk *k)
{
	(void)i;
	return vm_prefix_step(k) || vm_prefix_step(k);
}

/* Finds the longest prefix of the key. */
VM_INLINE void vm_prefix_walk(struct vm_walk *k)
{
	u32 len = VM_FIRST_U32(VM_GET(k->key, 0, 4));

	k->link = VM_FORGET(k->map, 0);
	k->elem = VM_FORGET(k->map, 0);
	k->found = VM_FORGET(k->map, 0);
	if (len > vm_prefix_most(k->map))
		return;
	k->prefix = len + 1;
	VM_REPEAT(VM_LENGTHS + VM_CHAIN, vm_prefix_turn, k);
}

/* Tells the lengths from `len` on that `len` came into use, or went out of it. */
struct vm_prefix_use {
	u8 *mem;
	struct vm_map *map;
	u32 len;
	u32 down; /* what they are to say */
};

static inline long vm_prefix_use_turn(u32 i, struct vm_prefix_use *u)
{
	struct vm_length *l = vm_length(u->mem, u->map, u->len + i);

	if (u->len + i > vm_prefix_most(u->map) || VM_PEEK(&l->down) > u->len + 1)
		return 1;
	VM_POKE(&l->down, u->down);
	return 0;
}

/* One key of length `len` more, or one less; with the lock of the map held. */
VM_INLINE void vm_prefix_count(u8 *mem, struct vm_map *map, u32 len, u32 change)
{
	struct vm_prefix_use u = { mem, map, len, len + 1 };
	struct vm_length *l = vm_length(mem, map, len);
	u32 was = VM_PEEK(&l->count);

	VM_POKE(&l->count, was + change);
	if (was && was + change)
		return;
	if (was)
		u.down = len ? VM_PEEK(&vm_length(mem, map, len - 1)->down) : 0;
	VM_REPEAT(VM_LENGTHS, vm_prefix_use_turn, &u);
}

#endif
