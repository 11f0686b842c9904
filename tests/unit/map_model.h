/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps as plainly as can be: a list of keys and values that is searched from its beginning. */
#ifndef TEST_MAP_MODEL_H
#define TEST_MAP_MODEL_H

#include "map_twin.h"

struct model {
	u32 count;
	u32 traits;
	u8 *key, *value; /* one after the other */
};

static inline u8 *model_key(struct twin *t, u32 n)
{
	return ((struct model *)t->data)->key + n * t->d.key_size;
}

static inline u8 *model_value(struct twin *t, u32 n)
{
	return ((struct model *)t->data)->value + (size_t)n * t->value_bytes;
}

/* Whether the first `bits` bits behind the length of two LPM keys are the same. */
static inline bool model_prefix(const u8 *a, const u8 *b, u32 bits)
{
	for (u32 i = 0; i < bits; i++)
		if ((a[4 + i / 8] ^ b[4 + i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static inline u32 model_length(const u8 *key)
{
	u32 len;

	memcpy(&len, key, 4);
	return len;
}

/* Number of the entry with this very key, or -1. */
static inline long model_find(struct twin *t, const u8 *key)
{
	struct model *m = t->data;

	for (u32 n = 0; n < m->count; n++) {
		if (m->traits & VM_MAP_PREFIXES) {
			if (!memcmp(key, model_key(t, n), 4) &&
			    model_prefix(key, model_key(t, n), model_length(key)))
				return n;
		} else if (!memcmp(key, model_key(t, n), t->d.key_size)) {
			return n;
		}
	}
	return -1;
}

static inline bool model_bad_prefix(struct twin *t, const u8 *key)
{
	struct model *m = t->data;

	return m->traits & VM_MAP_PREFIXES && model_length(key) > (t->d.key_size - 4) * 8;
}

static inline long model_best(struct twin *t, const u8 *key)
{
	struct model *m = t->data;
	long best = -1;

	for (u32 n = 0; n < m->count; n++) {
		u32 len = model_length(model_key(t, n));

		if (len <= model_length(key) && model_prefix(key, model_key(t, n), len) &&
		    (best < 0 || len > model_length(model_key(t, (u32)best))))
			best = n;
	}
	return best;
}

static inline long model_lookup(struct twin *t, const void *key, void *value)
{
	struct model *m = t->data;
	long n;

	if (model_bad_prefix(t, key))
		return -VM_ENOENT;
	n = m->traits & VM_MAP_PREFIXES ? model_best(t, key) : model_find(t, key);
	if (n < 0 || (m->traits & VM_MAP_SPARSE && !model_length(model_value(t, (u32)n))))
		return -VM_ENOENT;
	memcpy(value, model_value(t, (u32)n), t->value_bytes);
	return 0;
}

static inline long model_update(struct twin *t, const void *key, const void *value, u64 flags)
{
	struct model *m = t->data;
	long n = model_find(t, key);

	if (flags > VM_OLD_KEY || model_bad_prefix(t, key) ||
	    (t->d.type == VM_MAP_PROG_ARRAY && flags))
		return -VM_EINVAL;
	if (m->traits & VM_MAP_INDEXED && n < 0)
		return -VM_E2BIG;
	if (n >= 0 && flags == VM_NEW_KEY)
		return -VM_EEXIST;
	if (n < 0 && flags == VM_OLD_KEY)
		return -VM_ENOENT;
	if (n < 0 && m->count == t->d.max_entries)
		return m->traits & VM_MAP_PREFIXES ? -VM_ENOSPC : -VM_E2BIG;
	if (n < 0)
		n = m->count++;
	memcpy(model_key(t, (u32)n), key, t->d.key_size);
	memcpy(model_value(t, (u32)n), value, t->value_bytes);
	return 0;
}

static inline long model_delete_index(struct twin *t, long n)
{
	struct model *m = t->data;
	bool programs = t->d.type == VM_MAP_PROG_ARRAY;

	if (!(m->traits & VM_MAP_SPARSE))
		return -VM_EINVAL;
	if (n < 0)
		return programs ? -VM_E2BIG : -VM_EINVAL;
	if (programs && !model_length(model_value(t, (u32)n)))
		return -VM_ENOENT;
	memset(model_value(t, (u32)n), 0, t->value_bytes);
	return 0;
}

static inline long model_delete(struct twin *t, const void *key)
{
	struct model *m = t->data;
	long n = model_find(t, key);

	if (m->traits & VM_MAP_INDEXED)
		return model_delete_index(t, n);
	if (model_bad_prefix(t, key))
		return -VM_EINVAL;
	if (n < 0)
		return -VM_ENOENT;
	m->count--;
	memcpy(model_key(t, (u32)n), model_key(t, m->count), t->d.key_size);
	memcpy(model_value(t, (u32)n), model_value(t, m->count), t->value_bytes);
	return 0;
}

static inline long model_next_index(struct twin *t, const void *key, void *next)
{
	u32 n = model_length(key);

	n = n < t->d.max_entries ? n + 1 : 0;
	if (n == t->d.max_entries)
		return -VM_ENOENT;
	memcpy(next, &n, 4);
	return 0;
}

static inline long model_count(struct twin *t)
{
	return ((struct model *)t->data)->count;
}

static inline void model_open(struct twin *t, const struct twin *like)
{
	struct model *m = calloc(1, sizeof(*m));

	*t = (struct twin){
		.d = like->d, .value_bytes = like->value_bytes, .lookup = model_lookup,
		.update = model_update, .delete = model_delete, .count = model_count, .data = m,
	};
	assert_non_null(m);
	m->traits = vm_map_traits(t->d.type);
	m->key = calloc(t->d.max_entries, t->d.key_size);
	m->value = calloc(t->d.max_entries, t->value_bytes);
	if (!(m->traits & VM_MAP_INDEXED))
		return;
	m->count = t->d.max_entries;
	t->next = model_next_index;
	t->ordered = true;
	for (u32 n = 0; n < m->count; n++)
		memcpy(model_key(t, n), &n, 4);
}

static inline void model_close(struct twin *t)
{
	struct model *m = t->data;

	free(m->key);
	free(m->value);
	free(m);
}

/* Runs a map beside a model of it. */
static inline void against_model(struct twin *s, u32 keys, u32 count)
{
	struct twin t;

	model_open(&t, s);
	twin_run(s, &t, keys, count);
	model_close(&t);
}

#endif
