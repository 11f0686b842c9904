/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps of guests in a flat memory: one text for the kernel, the host and devices. A map is named by
 * the offset of its struct vm_map; vm_map_init makes one. Everything here may be called by any
 * number at once and ends in a bounded time. Results and -VM_E... are those of Linux, and -VM_EBUSY
 * where a lock was not to be had.
 */
#ifndef BPFVM_MAP_H
#define BPFVM_MAP_H

#include "map_hash.h"
#include "map_lpm.h"
#include "map_lru.h"
#include "map_ring.h"

#define VM_MAP_ALL 0xffffffffu /* as `cpu`: a value for each CPU, each rounded up to 8 bytes */

/* Offset of a value from `values` on, or VM_MAP_NONE: no such CPU. */
VM_INLINE long vm_map_value(const struct vm_map *map, u32 elem, u32 cpu)
{
	u32 value = elem * map->row;

	if (!vm_is(map, VM_MAP_PERCPU) || cpu == VM_MAP_ALL)
		return value;
	return cpu < map->copies ? (long)(value + cpu * map->stride) : VM_MAP_NONE;
}

VM_INLINE void vm_map_store(u8 *mem, const struct vm_map *map, u32 value, vm_from_t from, u32 cpu)
{
	_Bool all = cpu == VM_MAP_ALL && vm_is(map, VM_MAP_PERCPU);

	vm_copy_value(mem, map->values + value, from, all ? map->row : map->value_size);
}

/* Whether a sparse map has something there. */
VM_INLINE _Bool vm_index_used(u8 *mem, const struct vm_map *map, u32 elem)
{
	return VM_PEEK(VM_AT(mem, map->values + elem * map->row, u32)) != 0;
}

VM_INLINE long vm_index_update(u8 *mem, struct vm_map *map, vm_from_t key, vm_from_t from,
			       u64 flags, u32 cpu)
{
	u32 elem = VM_FIRST_U32(VM_GET(VM_FROM(mem, key, 0), 0, 4));
	long value;

	if (elem >= map->max_entries)
		return -VM_E2BIG;
	if (flags == VM_NEW_KEY)
		return -VM_EEXIST;
	value = vm_map_value(map, elem, cpu);
	if (value < 0)
		return -VM_EINVAL;
	vm_map_store(mem, map, (u32)value, from, cpu);
	return 0;
}

VM_INLINE long vm_index_delete(u8 *mem, struct vm_map *map, vm_from_t key)
{
	u32 elem = VM_FIRST_U32(VM_GET(VM_FROM(mem, key, 0), 0, 4));
	_Bool programs = map->type == VM_MAP_PROG_ARRAY;

	if (!vm_is(map, VM_MAP_SPARSE))
		return -VM_EINVAL;
	if (elem >= map->max_entries)
		return programs ? -VM_E2BIG : -VM_EINVAL;
	if (programs && !vm_index_used(mem, map, elem))
		return -VM_ENOENT;
	VM_ZERO(mem, map->values + elem * map->row, map->row);
	return 0;
}

/* The element to put a new key into, its value but for that of `cpu` being zeros. */
VM_INLINE long vm_hash_new(struct vm_walk *k, u32 cpu)
{
	struct vm_map *map = k->map;
	u32 elem = vm_elem_take(k->mem, map);

	if (elem >= map->max_entries && vm_is(map, VM_MAP_EVICTS))
		elem = VM_EVICT(k->mem, k->map_at, k->bucket);
	if (elem >= map->max_entries)
		return vm_is(map, VM_MAP_EVICTS)   ? -VM_ENOMEM :
		       vm_is(map, VM_MAP_PREFIXES) ? -VM_ENOSPC :
						       -VM_E2BIG;
	if (vm_is(map, VM_MAP_PERCPU) && cpu != VM_MAP_ALL)
		VM_ZERO(k->mem, map->values + elem * map->row, map->row);
	return elem;
}

/* With the lock of the bucket held. */
VM_INLINE long vm_hash_put(struct vm_walk *k, vm_from_t key, vm_from_t from, u64 flags, u32 cpu)
{
	struct vm_map *map = k->map;
	long elem;

	vm_walk(k);
	if (k->found && flags == VM_NEW_KEY)
		return -VM_EEXIST;
	if (!k->found && flags == VM_OLD_KEY)
		return -VM_ENOENT;
	if (!k->found && !vm_walk_ended(k))
		return -VM_E2BIG; /* a chain that long is an attack */
	elem = k->found ? (long)k->elem : vm_hash_new(k, cpu);
	if (elem < 0)
		return elem;
	vm_map_store(k->mem, map, (u32)vm_map_value(map, (u32)elem, cpu), from, cpu);
	if (vm_is(map, VM_MAP_PREFIXES))
		VM_COPY(k->mem, vm_elem_offset(map, (u32)elem) + map->given, key, map->key_size);
	if (k->found) {
		vm_elem_seen(vm_elem(k->mem, map, (u32)elem));
		return 0;
	}
	vm_elem_link(k, (u32)elem);
	if (vm_is(map, VM_MAP_PREFIXES))
		vm_prefix_count(k->mem, map, VM_FIRST_U32(k->first), 1);
	return 0;
}

/* With the lock of the bucket held. */
VM_INLINE long vm_hash_remove(struct vm_walk *k)
{
	vm_walk(k);
	if (!k->found)
		return -VM_ENOENT;
	vm_elem_unlink(k->mem, k->map, k->elem, k->from);
	vm_elem_give(k->mem, k->map, k->elem);
	if (vm_is(k->map, VM_MAP_PREFIXES))
		vm_prefix_count(k->mem, k->map, VM_FIRST_U32(k->first), ~(u32)0);
	return 0;
}

/* Prepares an operation on this one key; false if it is too long a prefix. */
VM_INLINE _Bool vm_hash_begin(struct vm_walk *k)
{
	u32 bits = k->map->key_size * 8, len = 0;
	_Bool prefix = vm_is(k->map, VM_MAP_PREFIXES);

	if (prefix) {
		len = VM_FIRST_U32(VM_GET(k->key, 0, 4));
		if (len + 32 > bits || len + 32 < 32)
			return 0;
		bits = len + 32;
	}
	vm_walk_key(k, bits);
	vm_walk_hash(k);
	return 1;
}

/* Number of the element that has the key, or matches it best; VM_NO_ELEM. */
VM_INLINE u32 vm_hash_find(u8 *mem, u32 map_at, vm_from_t key)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	struct vm_walk k = { .mem = mem, .map = map, .map_at = map_at, .key = VM_FROM(mem, key, 0) };

	if (vm_is(map, VM_MAP_PREFIXES)) {
		vm_prefix_walk(&k);
	} else {
		vm_walk_key(&k, map->key_size * 8);
		vm_walk_hash(&k);
		vm_walk(&k);
	}
	return k.found ? k.elem : VM_NO_ELEM;
}

/*
 * Looks a key up. Returns the offset of the value from `values` on, or VM_MAP_NONE. In per-CPU maps
 * it is the value of `cpu`, or the first of them with VM_MAP_ALL.
 */
VM_INLINE long vm_map_lookup(u8 *mem, u32 map_at, vm_from_t key, u32 cpu)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	u32 elem = VM_NO_ELEM;

	if (vm_is(map, VM_MAP_INDEXED)) {
		elem = VM_FIRST_U32(VM_GET(VM_FROM(mem, key, 0), 0, 4));
		if (elem < map->max_entries && vm_is(map, VM_MAP_SPARSE) &&
		    !vm_index_used(mem, map, elem))
			elem = VM_NO_ELEM;
	} else if (vm_is(map, VM_MAP_HASHED)) {
		elem = vm_hash_find(mem, map_at, key);
	}
	if (elem >= map->max_entries)
		return VM_MAP_NONE;
	if (vm_is(map, VM_MAP_EVICTS))
		vm_elem_seen(vm_elem(mem, map, elem));
	return vm_map_value(map, elem, cpu);
}

/*
 * Stores a value: flags are BPF_ANY, BPF_NOEXIST or BPF_EXIST. 0, -VM_EEXIST, -VM_ENOENT; -VM_E2BIG
 * (index, or full), -VM_ENOSPC (an LPM trie is full), -VM_ENOMEM (all elements of an LRU are busy),
 * -VM_EINVAL (flags, length of a prefix, CPU).
 */
VM_INLINE long vm_map_update(u8 *mem, u32 map_at, vm_from_t key, vm_from_t value, u64 flags,
			     u32 cpu)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	struct vm_walk k = { .mem = mem, .map = map, .map_at = map_at, .key = VM_FROM(mem, key, 0) };
	u32 *lock;
	long err;

	if (flags > VM_OLD_KEY || (map->type == VM_MAP_PROG_ARRAY && flags))
		return -VM_EINVAL;
	if (vm_is(map, VM_MAP_INDEXED))
		return vm_index_update(mem, map, key, value, flags, cpu);
	if (!vm_is(map, VM_MAP_HASHED))
		return -VM_EOPNOTSUPP;
	if (vm_map_value(map, 0, cpu) < 0 || !vm_hash_begin(&k))
		return -VM_EINVAL;
	lock = vm_walk_lock(&k);
	if (!vm_lock(lock))
		return -VM_EBUSY;
	err = vm_hash_put(&k, key, value, flags, cpu);
	vm_unlock(lock);
	return err;
}

/* Removes a key: 0, -VM_ENOENT, -VM_EINVAL (arrays cannot). */
VM_INLINE long vm_map_delete(u8 *mem, u32 map_at, vm_from_t key)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	struct vm_walk k = { .mem = mem, .map = map, .map_at = map_at, .key = VM_FROM(mem, key, 0) };
	u32 *lock;
	long err;

	if (vm_is(map, VM_MAP_INDEXED))
		return vm_index_delete(mem, map, key);
	if (!vm_is(map, VM_MAP_HASHED))
		return -VM_EOPNOTSUPP;
	if (!vm_hash_begin(&k))
		return -VM_EINVAL;
	lock = vm_walk_lock(&k);
	if (!vm_lock(lock))
		return -VM_EBUSY;
	err = vm_hash_remove(&k);
	vm_unlock(lock);
	return err;
}

/* A search for an element in use, from number `elem` on, whose key goes to `key`. */
struct vm_scan {
	u8 *mem;
	struct vm_map *map;
	vm_to_t key;
	u32 elem;
	long result; /* the element's number, -VM_ENOENT, -VM_EBUSY */
};

VM_INLINE void vm_scan_key(struct vm_scan *s)
{
	u32 given = vm_elem_offset(s->map, s->elem) + s->map->given;

	VM_UNROLL
	for (u32 w = 0; w < VM_KEY_WORDS; w++) {
		u32 at = w * 8, left = s->map->key_size - at;

		if (at >= s->map->key_size)
			break;
		VM_PUT(VM_TO(s->mem, s->key, 0), at, left < 8 ? left : 8,
		       VM_PEEK(VM_AT(s->mem, given + at, u64)));
	}
}

/* Looks at one element; its key holds still only under the lock of its bucket. */
static inline long vm_scan_turn(u32 i, struct vm_scan *s)
{
	struct vm_elem *e = vm_elem(s->mem, s->map, s->elem);
	u32 hash, was, *lock = &s->map->lock;

	(void)i;
	if (s->elem >= s->map->max_entries || s->elem >= VM_PEEK(&s->map->fresh))
		return 1;
	if (VM_PEEK(&e->free) != VM_USED) {
		s->elem = VM_FORGET(s->map, s->elem + 1);
		s->result = -VM_ENOENT;
		return 0;
	}
	hash = VM_PEEK(&e->hash);
	if (!vm_is(s->map, VM_MAP_PREFIXES))
		lock = &vm_bucket(s->mem, s->map, vm_bucket_of(s->map, hash))->lock;
	was = VM_ATOMIC_CAS(lock, 0, VM_OWNER());
	if (was) {
		VM_PAUSE();
		s->result = -VM_EBUSY;
		return was == VM_OWNER();
	}
	s->result = -VM_ENOENT;
	if (VM_ATOMIC_GET(&e->free) == VM_USED && VM_PEEK(&e->hash) == hash) {
		vm_scan_key(s);
		s->result = s->elem;
	}
	vm_unlock(lock);
	return s->result >= 0;
}

/*
 * Number of the first element from `elem` on that has a key, which goes to `key`: -VM_ENOENT if
 * there is none, -VM_EBUSY. vm_map_value tells where its value is. Visits each key once that is
 * there all the time, and others at most once.
 */
VM_INLINE long vm_map_walk(u8 *mem, u32 map_at, u32 elem, vm_to_t key)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	struct vm_scan s = { mem, map, key, elem, -VM_ENOENT };

	if (vm_is(map, VM_MAP_INDEXED)) {
		if (elem >= map->max_entries)
			return -VM_ENOENT;
		VM_PUT(VM_TO(mem, key, 0), 0, 4, (u64)elem << VM_FIRST_SHIFT);
		return elem;
	}
	if (!vm_is(map, VM_MAP_HASHED))
		return -VM_ENOENT;
	VM_REPEAT(VM_ELEMS + VM_SPINS, vm_scan_turn, &s);
	return s.result;
}

/* VM_WALK: vm_map_walk, where it is verified apart. */
#ifndef VM_WALK
#define VM_WALK(mem, map_at, elem, key) vm_map_walk(mem, map_at, elem, key)
#endif

/*
 * The key that follows `key`, or the first one if that is gone or `first` is set, goes to `next`.
 * 0, -VM_ENOENT behind the last one, -VM_EBUSY.
 */
VM_INLINE long vm_map_next(u8 *mem, u32 map_at, vm_from_t key, _Bool first, vm_to_t next)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	struct vm_walk k = { .mem = mem, .map = map, .key = VM_FROM(mem, key, 0) };
	u32 from = 0;
	long elem;

	if (!first && vm_is(map, VM_MAP_INDEXED)) {
		from = VM_FIRST_U32(VM_GET(k.key, 0, 4));
		from = from < map->max_entries ? from + 1 : 0;
	} else if (!first && vm_is(map, VM_MAP_HASHED) && vm_hash_begin(&k)) {
		vm_walk(&k);
		from = k.found ? k.elem + 1 : 0;
	}
	elem = VM_WALK(mem, map_at, from, next);
	return elem < 0 ? elem : 0;
}

#endif
