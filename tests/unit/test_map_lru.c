/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* LRU maps: what they keep, what they let go, and that they always find room. */
#include "map_twin.h"

static void open_lru(struct subject *s, u32 type, u32 entries)
{
	struct vm_map_decl d = {
		.type = type, .key_size = 4, .value_size = 8, .max_entries = entries, .cpus = 2,
		.seed = entries,
	};

	subject_open(s, &d);
}

static long put(struct subject *s, u32 key, u64 value)
{
	return vm_map_update(s->mem, AT, (u8 *)&key, (u8 *)&value, 0, 0);
}

static bool has(struct subject *s, u32 key, u64 value)
{
	long at = vm_map_lookup(s->mem, AT, (u8 *)&key, 0);
	u64 found;

	if (at == VM_MAP_NONE)
		return false;
	vm_memory_read(s->mem, s->map->values + (u32)at, &found, 8);
	assert_int_equal(found, value);
	return true;
}

static u32 count(struct subject *s)
{
	u32 n = 0, key;
	long elem;

	for (elem = vm_map_walk(s->mem, AT, 0, (u8 *)&key); elem >= 0;
	     elem = vm_map_walk(s->mem, AT, (u32)elem + 1, (u8 *)&key))
		n++;
	return n;
}

/* Keys that are looked up all the time survive any number of others. */
static void test_hot_keys(void **state)
{
	static const u32 types[] = {VM_MAP_LRU_HASH, VM_MAP_LRU_PERCPU_HASH};

	(void)state;
	for (u32 i = 0; i < COUNT(types); i++) {
		struct subject s;

		open_lru(&s, types[i], 256);
		for (u32 key = 0; key < 64; key++)
			assert_int_equal(put(&s, key, key), 0);
		for (u32 cold = 1000; cold < 21000; cold++) {
			assert_int_equal(put(&s, cold, cold), 0);
			assert_true(has(&s, cold, cold));
			assert_true(has(&s, cold % 64, cold % 64));
		}
		assert_int_equal(count(&s), 256);
		subject_close(&s);
	}
}

/* While there is room nothing goes; then each new key costs one old one. */
static void test_full(void **state)
{
	(void)state;
	for (u32 entries = 1; entries < 70; entries++) {
		struct subject s;

		open_lru(&s, VM_MAP_LRU_HASH, entries);
		for (u32 key = 0; key < entries; key++)
			assert_int_equal(put(&s, key, key), 0);
		for (u32 key = 0; key < entries; key++)
			assert_true(has(&s, key, key));
		for (u32 key = entries; key < 10 * entries; key++) {
			assert_int_equal(put(&s, key, key), 0);
			assert_true(has(&s, key, key));
			assert_int_equal(count(&s), entries);
		}
		subject_close(&s);
	}
}

/* Random operations: what is found is what was last stored, and nothing that was deleted. */
static void test_random(void **state)
{
	u64 last[300];
	struct subject s;

	(void)state;
	random_state = 4;
	open_lru(&s, VM_MAP_LRU_HASH, 100);
	for (u32 key = 0; key < COUNT(last); key++)
		last[key] = ~0ull;
	for (u32 i = 0; i < 200000; i++) {
		u32 key = random_u32() % COUNT(last);

		switch (random_u32() % 4) {
		case 0:
			last[key] = i;
			assert_int_equal(put(&s, key, i), 0);
			assert_true(has(&s, key, i));
			break;
		case 1:
			if (subject_delete(&s, &key))
				assert_false(has(&s, key, 0));
			last[key] = ~0ull;
			break;
		default:
			if (last[key] == ~0ull)
				assert_int_equal(vm_map_lookup(s.mem, AT, (u8 *)&key, 0), VM_MAP_NONE);
			else
				has(&s, key, last[key]);
		}
		if (i % 1000 == 0)
			assert_in_range(count(&s), 0, 100);
	}
	subject_close(&s);
}

static struct vm_bucket *bucket_of(struct subject *s, u32 key)
{
	struct vm_walk k = { .mem = s->mem, .map = s->map, .key = (u8 *)&key };

	assert_true(vm_hash_begin(&k));
	return vm_bucket(s->mem, s->map, k.bucket);
}

/* Buckets that others hold are passed over; where all are held there is no room. */
static void test_locked(void **state)
{
	struct subject s;
	u32 key = 100;

	(void)state;
	open_lru(&s, VM_MAP_LRU_HASH, 4);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(put(&s, i, i), 0);
	while (bucket_of(&s, key)->head) /* one whose bucket is empty */
		key++;
	for (u32 b = 0; b < 4; b++)
		vm_bucket(s.mem, s.map, b)->lock = 77;
	bucket_of(&s, key)->lock = 0;
	assert_int_equal(put(&s, key, 1), -VM_ENOMEM);
	for (u32 b = 0; b < 4; b++)
		vm_bucket(s.mem, s.map, b)->lock = 0;
	assert_int_equal(count(&s), 4);
	assert_int_equal(put(&s, key, 1), 0);
	assert_int_equal(count(&s), 4);
	subject_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hot_keys),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_locked),
	};

	return cmocka_run_group_tests_name("maps: LRU", tests, NULL, NULL);
}
