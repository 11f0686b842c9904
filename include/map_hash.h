/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hash maps: chains of elements in buckets. Who looks up takes no lock. An element may move to
 * another chain under the eyes of such a reader, who then ends at the VM_END of another bucket and
 * begins again. Who changes a chain holds the lock of its bucket, and never waits for a second one.
 */
#ifndef BPFVM_MAP_HASH_H
#define BPFVM_MAP_HASH_H

#include "map_memory.h"

#define VM_NO_ELEM 0xffffffffu
#define VM_CHAIN 512 /* most elements that are looked at, new beginnings counted */

/* One operation: what is looked for, and where the search is. */
struct vm_walk {
	u8 *mem;
	struct vm_map *map;
	u32 map_at; /* its offset */
	const u8 *key;
	u32 words; /* of the key, that count */
	u32 last_at; /* offset of the last one */
	u64 first; /* the first one */
	u64 last;  /* the last one if there are more; bits behind the end of the key are 0 */
	u32 hash;
	u32 bucket; /* its number */
	u32 from;   /* offset of the word that held `link` */
	u32 link;
	u32 elem; /* number of the element that was found */
	u32 found;
	u32 prefix; /* of an LPM lookup: shorter ones are still to be tried */
};

VM_INLINE u32 vm_elem_offset(const struct vm_map *map, u32 elem)
{
	return map->elems + elem * map->elem_size;
}

VM_INLINE struct vm_elem *vm_elem(u8 *mem, const struct vm_map *map, u32 elem)
{
	return VM_AT(mem, vm_elem_offset(map, elem), struct vm_elem);
}

VM_INLINE u32 vm_bucket_offset(const struct vm_map *map, u32 bucket)
{
	return map->buckets + bucket * (u32)sizeof(struct vm_bucket);
}

VM_INLINE struct vm_bucket *vm_bucket(u8 *mem, const struct vm_map *map, u32 bucket)
{
	return VM_AT(mem, vm_bucket_offset(map, bucket), struct vm_bucket);
}

VM_INLINE u32 vm_bucket_of(const struct vm_map *map, u32 hash)
{
	return (u32)((u64)hash >> (map->shift & 63));
}

/* The word at `at`, zeros behind the first `bits` bits of the key. */
VM_INLINE u64 vm_key_word(const struct vm_walk *k, u64 at, u32 bits)
{
	u32 left = k->map->key_size - (u32)at;
	u64 word;

	bits -= (u32)at * 8;
	VM_BOUND(at, VM_KEY_SIZE - 8);
	word = VM_GET(k->key, at, left < 8 ? left : 8);
	return bits < 64 ? word & VM_LEADING(bits) : word;
}

/* Takes the first `bits` bits of the key, at least one. */
VM_INLINE void vm_walk_key(struct vm_walk *k, u32 bits)
{
	k->words = (bits + 63) / 64;
	k->last_at = (bits - 1) / 64 * 8;
	k->first = vm_key_word(k, 0, bits);
	k->last = vm_key_word(k, k->last_at, bits);
}

/* What a word adds to the hash: NH of Black et al. (UMAC, 1999). */
VM_INLINE u64 vm_hash_word(u64 word, u64 seed)
{
	return (u64)(u32)(word + seed) * (u32)((word >> 32) + (seed >> 32));
}

/*
 * The hash, whose upper bits tell the bucket. Two keys meet in one of n buckets by a chance of
 * about 2 / n, whoever chose them, as long as the seed is secret.
 */
VM_INLINE void vm_walk_hash(struct vm_walk *k)
{
	const struct vm_map *map = k->map;
	u64 h = vm_hash_word(k->first, map->seed[0]), at = k->last_at;
	u32 words = VM_FORGET(map, k->words);

	if (words > 1) {
	VM_UNROLL
		for (u32 w = 1; w < VM_KEY_WORDS - 1; w++) {
			if (w + 1 >= words)
				break;
			h += vm_hash_word(VM_GET(k->key, w * 8, 8), map->seed[w]);
		}
		VM_BOUND(at, VM_KEY_SIZE - 8);
		h += vm_hash_word(k->last, map->seed[at / 8]);
	}
	k->hash = (u32)((h ^ h >> 32) * map->spread >> 32);
	k->bucket = vm_bucket_of(map, k->hash);
}

VM_INLINE _Bool vm_walk_equal(const struct vm_walk *k, const struct vm_elem *e)
{
	u32 words = VM_FORGET(k->map, k->words);
	u64 at = k->last_at;

	if (VM_PEEK(&e->key[0]) != k->first)
		return 0;
	if (words <= 1)
		return 1;
	VM_UNROLL
	for (u32 w = 1; w < VM_KEY_WORDS - 1; w++) {
		if (w + 1 >= words)
			break;
		if (VM_PEEK(&e->key[w]) != VM_GET(k->key, w * 8, 8))
			return 0;
	}
	VM_BOUND(at, VM_KEY_SIZE - 8);
	return VM_PEEK(&e->key[at / 8]) == k->last;
}

VM_INLINE void vm_walk_begin(struct vm_walk *k)
{
	k->from = vm_bucket_offset(k->map, k->bucket);
	k->link = VM_ATOMIC_GET(VM_AT(k->mem, k->from, u32));
}

/* Whether the search is where its chain ends. */
VM_INLINE _Bool vm_walk_ended(const struct vm_walk *k)
{
	return !k->link || k->link == VM_END(k->bucket);
}

/* Looks at the next element; returns whether the search is over. */
VM_INLINE long vm_walk_step(struct vm_walk *k)
{
	struct vm_elem *e;
	u32 n = k->link >> 1;

	if (!(k->link & 1) || n >= k->map->max_entries) {
		if (vm_walk_ended(k))
			return 1;
		vm_walk_begin(k);
		return 0;
	}
	e = vm_elem(k->mem, k->map, n);
	if (VM_PEEK(&e->hash) == k->hash && vm_walk_equal(k, e)) {
		k->elem = n;
		k->found = VM_FORGET(k->map, 1);
		return 1;
	}
	k->from = vm_elem_offset(k->map, n);
	k->link = VM_ATOMIC_GET(&e->next);
	return 0;
}

static inline long vm_walk_turn(u32 i, struct vm_walk *k)
{
	(void)i;
	return vm_walk_step(k);
}

/* Searches; the first elements without a loop, since chains are short. */
VM_INLINE void vm_walk(struct vm_walk *k)
{
	k->elem = VM_FORGET(k->map, 0);
	k->found = VM_FORGET(k->map, 0);
	vm_walk_begin(k);
	if (!vm_walk_step(k) && !vm_walk_step(k))
		VM_REPEAT(VM_CHAIN, vm_walk_turn, k);
}

VM_INLINE u32 *vm_walk_lock(struct vm_walk *k)
{
	if (vm_is(k->map, VM_MAP_PREFIXES))
		return &k->map->lock;
	return &vm_bucket(k->mem, k->map, k->bucket)->lock;
}

/* A change of the list of free elements, tried until nobody else was faster. */
struct vm_free {
	u8 *mem;
	struct vm_map *map;
	u32 elem; /* number + 1; 0: there is none */
};

static inline long vm_free_take_turn(u32 i, struct vm_free *f)
{
	u64 head = VM_ATOMIC_GET(&f->map->free), next;
	u32 elem = (u32)head;

	(void)i;
	if (!elem)
		return 1;
	next = (head >> 32) + 1;
	next = next << 32 | VM_PEEK(&vm_elem(f->mem, f->map, elem - 1)->free);
	if (VM_ATOMIC_CAS(&f->map->free, head, next) != head)
		return 0;
	f->elem = elem;
	return 1;
}

static inline long vm_free_give_turn(u32 i, struct vm_free *f)
{
	u64 head = VM_ATOMIC_GET(&f->map->free), next;

	(void)i;
	VM_POKE(&vm_elem(f->mem, f->map, f->elem - 1)->free, (u32)head);
	next = (head >> 32) + 1;
	next = next << 32 | f->elem;
	return VM_ATOMIC_CAS(&f->map->free, head, next) == head;
}

VM_INLINE void vm_elem_give(u8 *mem, struct vm_map *map, u32 elem)
{
	struct vm_free f = { mem, map, elem + 1 };

	VM_REPEAT(VM_SPINS, vm_free_give_turn, &f);
}

/*
 * An element for a new key; VM_NO_ELEM if there is none. First those that were never used: once they
 * are gone they are so for good, and what is free is in the list.
 */
VM_INLINE u32 vm_elem_take(u8 *mem, struct vm_map *map)
{
	struct vm_free f = { mem, map, VM_FORGET(map, 0) };

	if (VM_PEEK(&map->fresh) < map->max_entries) {
		u32 elem = VM_ATOMIC_ADD(&map->fresh, 1);

		if (elem < map->max_entries)
			return elem;
	}
	VM_REPEAT(VM_SPINS, vm_free_take_turn, &f);
	return f.elem - 1;
}

/* Takes an element out of its chain, the link to which is at offset `from`. */
VM_INLINE void vm_elem_unlink(u8 *mem, struct vm_map *map, u32 elem, u32 from)
{
	struct vm_elem *e = vm_elem(mem, map, elem);

	VM_POKE(&e->free, 0);
	VM_ATOMIC_PUT(VM_AT(mem, from, u32), VM_PEEK(&e->next));
}

/* Puts the key into an element that is in no chain, and that before all others of its bucket. */
VM_INLINE void vm_elem_link(struct vm_walk *k, u32 elem)
{
	struct vm_elem *e = vm_elem(k->mem, k->map, elem);
	u32 *head = &vm_bucket(k->mem, k->map, k->bucket)->head;
	u32 next = VM_PEEK(head), words = VM_FORGET(k->map, k->words);
	u64 at = k->last_at;

	VM_POKE(&e->hash, k->hash);
	VM_POKE(&e->seen, 0);
	VM_POKE(&e->key[0], k->first);
	VM_UNROLL
	for (u32 w = 1; w < VM_KEY_WORDS - 1; w++) {
		if (w + 1 >= words)
			break;
		VM_POKE(&e->key[w], VM_GET(k->key, w * 8, 8));
	}
	VM_BOUND(at, VM_KEY_SIZE - 8);
	VM_POKE(&e->key[at / 8], at ? k->last : k->first);
	VM_ATOMIC_PUT(&e->free, VM_USED);
	VM_ATOMIC_PUT(&e->next, next ? next : VM_END(k->bucket));
	VM_ATOMIC_PUT(head, VM_LINK(elem));
}

#endif
