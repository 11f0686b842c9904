/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a guest's map lies in the memory: its header, what is behind it, and how it is made. */
#ifndef BPFVM_MAP_LAYOUT_H
#define BPFVM_MAP_LAYOUT_H

#include "map_port.h"

#define VM_KEY_SIZE 64	   /* longest key of a hash, bytes */
#define VM_KEY_WORDS (VM_KEY_SIZE / 8)
#define VM_VALUE_SIZE 4096 /* longest value of a hash */
#define VM_ROW_SIZE ((u32)1 << 24) /* longest value of an array, of all CPUs */
#define VM_ELEMS ((u32)1 << 20)    /* most keys of a hash */
#define VM_SAMPLE_SIZE 0x10000 /* longest sample in a ring, with its 8 bytes of header */
#ifndef VM_RING_PERF
#define VM_RING_PERF 0x10000 /* bytes of the ring that a PERF_EVENT_ARRAY is; a power of two */
#endif

/* Of maps and their parts, and therefore of the memory: a cache line. */
#ifndef VM_MAP_ALIGN
#define VM_MAP_ALIGN 64
#endif

/* Types, flags and errors have the numbers of Linux. */
enum vm_map_type {
	VM_MAP_HASH = 1,
	VM_MAP_ARRAY = 2,
	VM_MAP_PROG_ARRAY = 3,
	VM_MAP_PERF_EVENT_ARRAY = 4,
	VM_MAP_PERCPU_HASH = 5,
	VM_MAP_PERCPU_ARRAY = 6,
	VM_MAP_LRU_HASH = 9,
	VM_MAP_LRU_PERCPU_HASH = 10,
	VM_MAP_LPM_TRIE = 11,
	VM_MAP_DEVMAP = 14,
	VM_MAP_CPUMAP = 16,
	VM_MAP_DEVMAP_HASH = 25,
	VM_MAP_RINGBUF = 27,
};

enum { VM_ANY_KEY = 0, VM_NEW_KEY = 1, VM_OLD_KEY = 2 }; /* BPF_ANY, BPF_NOEXIST, BPF_EXIST */

enum {
	VM_ENOENT = 2,
	VM_E2BIG = 7,
	VM_EAGAIN = 11,
	VM_ENOMEM = 12,
	VM_EBUSY = 16,
	VM_EEXIST = 17,
	VM_EINVAL = 22,
	VM_ENOSPC = 28,
	VM_EOPNOTSUPP = 95,
};

/* What a type is made of. */
enum vm_map_traits {
	VM_MAP_INDEXED = 1,  /* the key is an index of the values */
	VM_MAP_SPARSE = 2,   /* an index whose value begins with a u32 of 0 has none */
	VM_MAP_HASHED = 4,
	VM_MAP_EVICTS = 8,   /* a full one makes room */
	VM_MAP_PREFIXES = 16, /* a key is struct bpf_lpm_trie_key */
	VM_MAP_RING = 32,
	VM_MAP_PERCPU = 64,
};

/*
 * Offsets count from the beginning of the memory. The guest gets at `values` alone: whatever it
 * writes there, the map stays whole.
 */
struct vm_map {
	u32 traits;
	u32 key_size;
	u32 max_entries; /* rings: bytes, a power of two */
	u32 row;	 /* bytes from one key's value to the next one's: stride * copies */
	u32 stride;	 /* bytes of one value, rounded up to 8 */
	u32 copies;	 /* of each value: CPUs in per-CPU maps, else 1 */
	u32 values;	 /* offset; 8 more per sample in rings */
	u32 elems;	 /* offset of struct vm_elem, or of the headers of samples */
	u32 elem_size;
	u32 buckets;	 /* offset of struct vm_bucket */
	u32 shift;	 /* hash >> shift is the number of a bucket */
	u32 lengths;	 /* offset of struct vm_length, one for each length of a prefix */
	u64 spread;	 /* odd */
	u64 seed[VM_KEY_WORDS];

	u32 type; /* enum vm_map_type */
	u32 value_size;
	u32 flags;	  /* BPF_F_... of its creation */
	u32 region;	  /* of the values, for the caller */
	u32 values_bytes; /* from `values` on */
	u32 bytes;	  /* from the header on, all of it */
	u32 given;	  /* where a vm_elem has the key as it was given */
	u32 zero; /* for VM_FORGET */

	/* What changes, on cache lines of its own. */
	u32 fresh __attribute__((aligned(VM_MAP_ALIGN))); /* elements that were ever used */
	u32 hand; /* of the clock that looks for elements to evict */
	u64 free; /* list of struct vm_elem: number + 1, above it a count that makes it unique */
	u32 lock; /* of a ring or all prefixes: VM_OWNER(), or 0 */
	u32 reserved1;
	u64 produced __attribute__((aligned(VM_MAP_ALIGN))); /* bytes of a ring, ever */
	u64 consumed __attribute__((aligned(VM_MAP_ALIGN)));
};

struct vm_bucket {
	u32 head; /* link to the first element, or 0 */
	u32 lock;
};

/* A link is VM_LINK of an element, or VM_END of the bucket whose chain ends here. */
#define VM_LINK(elem) ((elem) << 1 | 1)
#define VM_END(bucket) (((bucket) + 1) << 1)

struct vm_elem {
	u32 next;
	u32 free; /* VM_USED, or of the next free element the number + 1 */
	u32 hash; /* of the key */
	u32 seen; /* how often the hand passes it by */
	u64 key[];
};
#define VM_USED 0xffffffffu

struct vm_length {
	u32 count; /* keys of this length */
	u32 down;  /* longest length up to this one that has any, plus 1; 0: none */
};

/* What a map is to be. */
struct vm_map_decl {
	u32 type; /* enum vm_map_type */
	u32 key_size, value_size, max_entries;
	u32 flags;
	u32 cpus;   /* whose values are kept apart in per-CPU maps */
	u32 region; /* for the caller */
	u64 seed;   /* of the hash: random, or attackers choose keys that meet */
};

static inline u32 vm_map_traits(u32 type)
{
	switch (type) {
	case VM_MAP_ARRAY:
		return VM_MAP_INDEXED;
	case VM_MAP_PERCPU_ARRAY:
		return VM_MAP_INDEXED | VM_MAP_PERCPU;
	case VM_MAP_PROG_ARRAY:
	case VM_MAP_DEVMAP:
	case VM_MAP_CPUMAP:
		return VM_MAP_INDEXED | VM_MAP_SPARSE;
	case VM_MAP_HASH:
	case VM_MAP_DEVMAP_HASH:
		return VM_MAP_HASHED;
	case VM_MAP_PERCPU_HASH:
		return VM_MAP_HASHED | VM_MAP_PERCPU;
	case VM_MAP_LRU_HASH:
		return VM_MAP_HASHED | VM_MAP_EVICTS;
	case VM_MAP_LRU_PERCPU_HASH:
		return VM_MAP_HASHED | VM_MAP_EVICTS | VM_MAP_PERCPU;
	case VM_MAP_LPM_TRIE:
		return VM_MAP_HASHED | VM_MAP_PREFIXES;
	case VM_MAP_RINGBUF:
	case VM_MAP_PERF_EVENT_ARRAY:
		return VM_MAP_RING;
	}
	return 0;
}

/* Not kept: what the verifier learns of it here must not divide its ways further on. */
VM_INLINE _Bool vm_is(const struct vm_map *map, u32 trait)
{
	return (VM_PEEK(&map->traits) & trait) != 0;
}

/* Whether there is such a map: 0 or -VM_EINVAL, -VM_E2BIG (key or value), -VM_EOPNOTSUPP (type). */
static inline long vm_map_check(const struct vm_map_decl *d)
{
	u32 traits = vm_map_traits(d->type);
	u32 key = d->key_size, value = d->value_size, entries = d->max_entries;

	if (!traits)
		return -VM_EOPNOTSUPP;
	if (d->type == VM_MAP_PERF_EVENT_ARRAY)
		return key == 4 && value == 4 ? 0 : -VM_EINVAL;
	if (traits & VM_MAP_RING)
		return !key && !value && entries >= 64 && !(entries & (entries - 1)) ? 0 : -VM_EINVAL;
	if (!key || !value || !entries || (traits & VM_MAP_PERCPU && !d->cpus))
		return -VM_EINVAL;
	if (traits & VM_MAP_INDEXED && key != 4)
		return -VM_EINVAL;
	if (traits & VM_MAP_SPARSE && value < 4)
		return -VM_EINVAL;
	if (traits & VM_MAP_PREFIXES && key < 5)
		return -VM_EINVAL;
	if (traits & VM_MAP_HASHED &&
	    (key > VM_KEY_SIZE || value > VM_VALUE_SIZE || entries > VM_ELEMS))
		return -VM_E2BIG;
	return 0;
}

/* Takes `bytes` from `*end` on, for a cache line of its own; returns where they are. */
static inline u32 vm_map_place(u64 *end, u64 bytes)
{
	u64 at = *end;

	*end = (at + bytes + VM_MAP_ALIGN - 1) & ~(u64)(VM_MAP_ALIGN - 1);
	return (u32)at;
}

static inline void vm_map_plan_ring(struct vm_map *m, u64 *end)
{
	u32 size = m->type == VM_MAP_RINGBUF ? m->max_entries : VM_RING_PERF;
	u32 more = size < VM_SAMPLE_SIZE ? size : VM_SAMPLE_SIZE;
	u64 bytes = (u64)size + more; /* the last sample goes on behind the end */

	m->max_entries = size;
	m->values_bytes = (u32)bytes;
	m->elem_size = 4;
	m->elems = vm_map_place(end, (u64)size / 16 * 4);
	m->values = vm_map_place(end, bytes);
}

static inline void vm_map_plan_hash(struct vm_map *m, u64 *end)
{
	u32 key = (m->key_size + 7) & ~(u32)7, bits = 0;
	_Bool prefixes = m->traits & VM_MAP_PREFIXES;

	while (bits < 31 && (u32)1 << bits < m->max_entries)
		bits++;
	m->shift = 32 - bits;
	m->given = (u32)sizeof(struct vm_elem) + (prefixes ? key : 0);
	m->elem_size = m->given + key;
	m->buckets = vm_map_place(end, sizeof(struct vm_bucket) << bits);
	m->elems = vm_map_place(end, (u64)m->elem_size * m->max_entries);
	if (prefixes)
		m->lengths = vm_map_place(end, sizeof(struct vm_length) *
						       ((m->key_size - 4) * 8 + 1));
}

/* Lays a map out from offset `at` on; returns its size or -VM_E..., -VM_E2BIG if too large. */
static inline long vm_map_plan(struct vm_map *m, u32 at, const struct vm_map_decl *d)
{
	u64 end = at;
	long err = vm_map_check(d);

	if (err)
		return err;
	__builtin_memset(m, 0, sizeof(*m));
	m->type = d->type;
	m->traits = vm_map_traits(d->type);
	m->key_size = d->key_size;
	m->value_size = d->value_size;
	m->max_entries = d->max_entries;
	m->flags = d->flags;
	m->region = d->region;
	m->stride = (d->value_size + 7) & ~(u32)7;
	m->copies = m->traits & VM_MAP_PERCPU ? d->cpus : 1;
	if (d->value_size > VM_ROW_SIZE || (u64)m->stride * m->copies > VM_ROW_SIZE)
		return -VM_E2BIG;
	m->row = m->stride * m->copies;
	vm_map_place(&end, sizeof(*m));
	if (m->traits & VM_MAP_RING) {
		vm_map_plan_ring(m, &end);
	} else {
		u64 bytes = (u64)m->row * m->max_entries;

		if (m->traits & VM_MAP_HASHED)
			vm_map_plan_hash(m, &end);
		m->values_bytes = (u32)bytes;
		m->values = vm_map_place(&end, bytes);
	}
	m->bytes = (u32)(end - at);
	return end > (u32)1 << 30 ? -VM_E2BIG : (long)m->bytes;
}

/* How much of the memory a map takes, a multiple of VM_MAP_ALIGN, or -VM_E... */
static inline long vm_map_bytes(const struct vm_map_decl *d)
{
	struct vm_map m;

	return vm_map_plan(&m, 0, d);
}

static inline u64 vm_map_random(u64 *state)
{
	u64 v = *state += 0x9e3779b97f4a7c15;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

/*
 * Makes an empty map at offset `at`, a multiple of VM_MAP_ALIGN, where nobody else is yet; returns
 * its size or -VM_E...
 */
static inline long vm_map_init(u8 *mem, u32 at, const struct vm_map_decl *d)
{
	struct vm_map *m = (void *)(mem + at), plan;
	u64 state = d->seed;
	long size = vm_map_plan(&plan, at, d);

	if (size < 0)
		return size;
	plan.spread = vm_map_random(&state) | 1;
	for (u32 i = 0; i < VM_KEY_WORDS; i++)
		plan.seed[i] = vm_map_random(&state);
	__builtin_memset(m, 0, (u32)size);
	*m = plan;
	return size;
}

#endif
