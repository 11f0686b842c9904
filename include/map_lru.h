/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eviction: a hand goes round the elements like that of a clock. One that was looked up since the
 * hand last passed gets a second chance, so what is in use stays.
 */
#ifndef BPFVM_MAP_LRU_H
#define BPFVM_MAP_LRU_H

#include "map_hash.h"

#define VM_CHANCES 64 /* elements that are given one; the next one goes anyhow */
#define VM_CLOCK (VM_CHANCES + VM_CHAIN) /* steps of the hand and along chains */

struct vm_clock {
	u8 *mem;
	struct vm_map *map;
	u32 search; /* for the link to the candidate; its bucket is locked */
	u32 own;    /* bucket whose lock the caller has */
	u32 bucket; /* of the candidate */
	u32 elem;   /* the candidate */
	u32 from, link;
	u32 evicted;
};

/* Chooses a candidate: the search for the link to it begins if its bucket can be locked. */
VM_INLINE void vm_clock_choose(u32 i, struct vm_clock *c)
{
	u32 entries = c->map->max_entries;
	struct vm_elem *e;

	c->elem = VM_ATOMIC_ADD(&c->map->hand, 1) % (entries + !entries);
	e = vm_elem(c->mem, c->map, c->elem);
	if (VM_PEEK(&e->free) != VM_USED)
		return;
	if (VM_PEEK(&e->seen) && i < VM_CHANCES) {
		VM_POKE(&e->seen, 0);
		return;
	}
	c->bucket = vm_bucket_of(c->map, VM_PEEK(&e->hash));
	if (c->bucket != c->own &&
	    VM_ATOMIC_CAS(&vm_bucket(c->mem, c->map, c->bucket)->lock, 0, VM_OWNER()))
		return;
	c->search = VM_FORGET(c->map, 1);
	c->from = vm_bucket_offset(c->map, c->bucket);
	c->link = VM_PEEK(VM_AT(c->mem, c->from, u32));
}

VM_INLINE void vm_clock_unlock(struct vm_clock *c)
{
	if (c->bucket != c->own)
		vm_unlock(&vm_bucket(c->mem, c->map, c->bucket)->lock);
}

static inline long vm_clock_turn(u32 i, struct vm_clock *c)
{
	u32 n = c->link >> 1;

	if (!c->search) {
		vm_clock_choose(i, c);
		return 0;
	}
	if (c->link == VM_LINK(c->elem)) {
		vm_elem_unlink(c->mem, c->map, c->elem, c->from);
		c->evicted = VM_FORGET(c->map, 1);
		return 1;
	}
	if (!(c->link & 1) || n >= c->map->max_entries) {
		vm_clock_unlock(c); /* it went elsewhere meanwhile */
		c->search = VM_FORGET(c->map, 0);
		return 0;
	}
	c->from = vm_elem_offset(c->map, n);
	c->link = VM_PEEK(&vm_elem(c->mem, c->map, n)->next);
	return 0;
}

/* Frees an element for a caller who holds the lock of bucket `own`; VM_NO_ELEM if all are busy. */
VM_INLINE u32 vm_elem_evict(u8 *mem, u32 map_at, u32 own)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	struct vm_clock c = { .mem = mem, .map = map, .own = own };

	c.elem = c.bucket = c.from = c.link = c.evicted = c.search = VM_FORGET(map, 0);
	VM_REPEAT(VM_CLOCK, vm_clock_turn, &c);
	if (c.search)
		vm_clock_unlock(&c);
	return c.evicted ? c.elem : VM_NO_ELEM;
}
#ifndef VM_EVICT
#define VM_EVICT(mem, map_at, own) vm_elem_evict(mem, map_at, own)
#endif

#endif
