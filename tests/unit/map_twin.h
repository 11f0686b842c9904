/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map beside another one that says what is right: the same operations, the same results. */
#ifndef TEST_MAP_TWIN_H
#define TEST_MAP_TWIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "map.h"
#include "random.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define AT VM_MAP_ALIGN /* where the map lies */
#define MOST_KEY VM_KEY_SIZE

/* A memory that ends where the map does, so that ASan sees what goes beyond it. */
struct subject {
	struct vm_map_decl d;
	u8 *mem;
	struct vm_map *map;
	u32 value_bytes; /* of all CPUs */
};

static inline void subject_open(struct subject *s, const struct vm_map_decl *d)
{
	long size = vm_map_bytes(d);

	assert_true(size > 0);
	s->d = *d;
	s->mem = aligned_alloc(VM_MAP_ALIGN, AT + (size_t)size);
	assert_non_null(s->mem);
	memset(s->mem, 0xee, AT + (size_t)size);
	assert_int_equal(vm_map_init(s->mem, AT, d), size);
	s->map = (void *)(s->mem + AT);
	s->value_bytes = s->map->row;
}

static inline void subject_close(struct subject *s)
{
	free(s->mem);
}

/* Keys and values in memory of their exact size. */
static inline void *exact(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	return copy;
}

static inline long subject_update(struct subject *s, const void *key, const void *value, u64 flags)
{
	u8 *k = exact(key, s->d.key_size), *v = exact(value, s->value_bytes);
	long err = vm_map_update(s->mem, AT, k, v, flags, VM_MAP_ALL);

	free(k);
	free(v);
	return err;
}

static inline long subject_delete(struct subject *s, const void *key)
{
	u8 *k = exact(key, s->d.key_size);
	long err = vm_map_delete(s->mem, AT, k);

	free(k);
	return err;
}

static inline long subject_lookup(struct subject *s, const void *key, void *value)
{
	u8 *k = exact(key, s->d.key_size);
	long at = vm_map_lookup(s->mem, AT, k, VM_MAP_ALL);

	free(k);
	if (at == VM_MAP_NONE)
		return -VM_ENOENT;
	assert_in_range(at, 0, s->map->values_bytes - s->value_bytes);
	vm_memory_read(s->mem, s->map->values + (u32)at, value, s->value_bytes);
	return 0;
}

static inline long subject_next(struct subject *s, const void *key, void *next)
{
	u8 *k = key ? exact(key, s->d.key_size) : NULL, *n = exact(next, s->d.key_size);
	long err = vm_map_next(s->mem, AT, k, !key, n);

	memcpy(next, n, s->d.key_size);
	free(k);
	free(n);
	return err;
}

/* A map of any make. Results are 0 or -errno; values are those of all CPUs. */
struct twin {
	struct vm_map_decl d;
	u32 value_bytes;
	long (*lookup)(struct twin *t, const void *key, void *value);
	long (*update)(struct twin *t, const void *key, const void *value, u64 flags);
	long (*delete)(struct twin *t, const void *key);
	long (*next)(struct twin *t, const void *key, void *next);
	long (*count)(struct twin *t); /* of keys */
	bool ordered; /* `next` is right for every key, not just in its sum */
	void *data;
};

static inline long twin_subject_lookup(struct twin *t, const void *key, void *value)
{
	return subject_lookup(t->data, key, value);
}

static inline long twin_subject_update(struct twin *t, const void *key, const void *value,
				       u64 flags)
{
	return subject_update(t->data, key, value, flags);
}

static inline long twin_subject_delete(struct twin *t, const void *key)
{
	return subject_delete(t->data, key);
}

static inline long twin_subject_next(struct twin *t, const void *key, void *next)
{
	return subject_next(t->data, key, next);
}

static inline struct twin twin_subject(struct subject *s)
{
	return (struct twin){
		.d = s->d, .value_bytes = s->value_bytes, .lookup = twin_subject_lookup,
		.update = twin_subject_update, .delete = twin_subject_delete,
		.next = twin_subject_next, .data = s,
	};
}

/* Makes a key out of `n`: keys of equal numbers are equal. */
static inline void twin_key(const struct vm_map_decl *d, u32 n, u8 *key)
{
	u32 traits = vm_map_traits(d->type), bits = (d->key_size - 4) * 8;

	memset(key, 0, MOST_KEY);
	if (traits & VM_MAP_INDEXED) {
		memcpy(key, &n, 4);
		return;
	}
	for (u32 i = 0; i < d->key_size; i++)
		key[i] = (u8)(n * 2654435761u >> (i * 7 % 25));
	if (traits & VM_MAP_PREFIXES) {
		u32 len = n % 37 == 36 ? bits + 1 + n % 9 : n * 7 % (bits + 1);

		memcpy(key, &len, 4);
		key[4] &= 0xc1; /* so that prefixes meet */
		if (d->key_size > 5)
			key[5] &= 0x81;
	}
}

static inline void twin_lookup(struct twin *s, struct twin *t, const u8 *key)
{
	u8 *a = calloc(1, s->value_bytes + 8), *b = calloc(1, s->value_bytes + 8);
	u32 stride = (s->d.value_size + 7) & ~7u;
	long want = t->lookup(t, key, b);

	assert_int_equal(s->lookup(s, key, a), want);
	for (u32 at = 0; !want && at < s->value_bytes; at += stride)
		assert_memory_equal(a + at, b + at, s->d.value_size);
	free(a);
	free(b);
}

static inline void twin_operation(struct twin *s, struct twin *t, u32 keys)
{
	static const u64 flags[] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 8, 1ull << 32};
	u8 key[MOST_KEY], next[2][MOST_KEY] = {{0}}, *value = malloc(s->value_bytes);
	u64 flag = flags[random_u32() % COUNT(flags)];

	assert_non_null(value);
	for (u32 i = 0; i < s->value_bytes; i++)
		value[i] = (u8)random_u32();
	twin_key(&s->d, random_u32() % keys, key);
	switch (random_u32() % 8) {
	case 0:
	case 1:
	case 2:
		assert_int_equal(s->update(s, key, value, flag), t->update(t, key, value, flag));
		break;
	case 3:
	case 4:
		assert_int_equal(s->delete(s, key), t->delete(t, key));
		break;
	case 5:
		if (!t->ordered)
			break;
		assert_int_equal(s->next(s, key, next[0]), t->next(t, key, next[1]));
		assert_memory_equal(next[0], next[1], s->d.key_size);
		break;
	}
	twin_lookup(s, t, key);
	free(value);
}

/* Every key once, each of them known to the twin. */
static inline void twin_contents(struct twin *s, struct twin *t)
{
	u8 key[MOST_KEY] = {0}, next[MOST_KEY] = {0};
	long count = 0, err = s->next(s, NULL, key);

	for (; !err; err = s->next(s, key, next), memcpy(key, next, MOST_KEY)) {
		twin_lookup(s, t, key);
		count++;
	}
	assert_int_equal(err, -VM_ENOENT);
	assert_int_equal(count, t->count(t));
}

/* `count` random operations on some `keys` different keys. */
static inline void twin_run(struct twin *s, struct twin *t, u32 keys, u32 count)
{
	random_state = s->d.type * 1000 + s->d.key_size * 10 + s->d.value_size;
	for (u32 i = 0; i < count; i++) {
		twin_operation(s, t, keys);
		if (i % 512 == 0)
			twin_contents(s, t);
	}
	twin_contents(s, t);
}

#endif
