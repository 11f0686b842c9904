/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eviction: a hand goes round the elements like that of a clock. Lookups raise the number of times
 * that the hand passes an element by, so what is in use stays.
 */
#ifndef BPFVM_MAP_LRU_H
#define BPFVM_MAP_LRU_H

#include "map_hash.h"

#define VM_SEEN 3     /* most times that the hand passes an element by */
#define VM_LOOKED 256 /* most elements in use to choose from */
#define VM_CLOCK (VM_LOOKED + VM_CHAIN) /* steps of the hand and along chains */

struct vm_clock {
	u8 *mem;
	struct vm_map *map;
	u32 looked; /* elements that were looked at to choose a candidate */
	u32 elem;   /* the candidate: the one least seen */
	u32 least;  /* how often that was */
	u32 search; /* for the link to the candidate; its bucket is locked */
	u32 own;    /* bucket whose lock the caller has */
	u32 bucket; /* of the candidate */
	u32 from, link;
	u32 evicted;
};

VM_INLINE void vm_elem_seen(struct vm_elem *e)
{
	u32 seen = VM_PEEK(&e->seen);

	if (seen < VM_SEEN)
		VM_POKE(&e->seen, seen + 1);
}

/* Moves the hand by one element; returns whether the candidate is chosen. */
VM_INLINE _Bool vm_clock_look(struct vm_clock *c)
{
	u32 entries = c->map->max_entries, seen;
	u32 n = VM_ATOMIC_ADD(&c->map->hand, 1) % (entries + !entries);
	struct vm_elem *e = vm_elem(c->mem, c->map, n);

	if (VM_PEEK(&e->free) != VM_USED)
		return 0;
	seen = VM_PEEK(&e->seen);
	if (seen)
		VM_POKE(&e->seen, seen - 1);
	if (!c->looked || seen < c->least) {
		c->least = VM_FORGET(c->map, seen);
		c->elem = VM_FORGET(c->map, n);
	}
	c->looked = VM_FORGET(c->map, c->looked + 1);
	return !seen || c->looked >= VM_LOOKED || c->looked >= entries;
}

/* The search for the link to the candidate begins if its bucket can be locked. */
VM_INLINE void vm_clock_search(struct vm_clock *c)
{
	c->looked = VM_FORGET(c->map, 0);
	c->bucket = vm_bucket_of(c->map, VM_PEEK(&vm_elem(c->mem, c->map, c->elem)->hash));
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

	(void)i;
	if (!c->search) {
		if (vm_clock_look(c))
			vm_clock_search(c);
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

	c.looked = VM_FORGET(map, 0);
	c.elem = VM_FORGET(map, 0);
	c.least = VM_FORGET(map, 0);
	c.search = VM_FORGET(map, 0);
	c.bucket = VM_FORGET(map, 0);
	c.from = VM_FORGET(map, 0);
	c.link = VM_FORGET(map, 0);
	c.evicted = VM_FORGET(map, 0);
	VM_REPEAT(VM_CLOCK, vm_clock_turn, &c);
	if (c.search)
		vm_clock_unlock(&c);
	return c.evicted ? c.elem : VM_NO_ELEM;
}
#ifndef VM_EVICT
#define VM_EVICT(mem, map_at, own) vm_elem_evict(mem, map_at, own)
#endif

#endif
