/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of guests against a plain model, by random operations and at their edges. */
#include "map_model.h"

static void random_operations(const struct vm_map_decl *d, u32 keys, u32 count)
{
	struct subject s;
	struct twin t;

	subject_open(&s, d);
	t = twin_subject(&s);
	against_model(&t, keys, count);
	subject_close(&s);
}

static void test_arrays(void **state)
{
	static const u32 types[] = {VM_MAP_ARRAY, VM_MAP_PERCPU_ARRAY};
	static const u32 values[] = {1, 4, 8, 12, 63, 64, 65, 200, 5000};

	(void)state;
	for (u32 i = 0; i < COUNT(types) * COUNT(values); i++) {
		struct vm_map_decl d = {
			.type = types[i % 2], .key_size = 4, .value_size = values[i / 2],
			.max_entries = i % 5 * 7 + 1, .cpus = 3,
		};

		random_operations(&d, d.max_entries + 3, 4000);
	}
}

static void test_sparse_arrays(void **state)
{
	static const u32 types[] = {VM_MAP_PROG_ARRAY, VM_MAP_DEVMAP, VM_MAP_CPUMAP};

	(void)state;
	for (u32 i = 0; i < COUNT(types); i++) {
		struct vm_map_decl d = {
			.type = types[i], .key_size = 4, .value_size = i ? 8 : 4, .max_entries = 20
		};

		random_operations(&d, 23, 5000);
	}
}

static void test_hashes(void **state)
{
	static const u32 types[] = {VM_MAP_HASH, VM_MAP_PERCPU_HASH, VM_MAP_DEVMAP_HASH};
	static const u32 keys[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 20, 31, 32, 40, 57, 63, 64};
	static const u32 values[] = {1, 8, 20, 64, 100, 4096};

	(void)state;
	for (u32 i = 0; i < COUNT(types) * COUNT(keys); i++) {
		struct vm_map_decl d = {
			.type = types[i % 3], .key_size = keys[i / 3], .value_size = values[i % 6],
			.max_entries = 1u << i % 8, .cpus = 4, .seed = i,
		};

		if (i % 4 == 3)
			d.max_entries = d.max_entries * 3 / 2;
		random_operations(&d, d.max_entries * 3 / 2 + 2, d.value_size > 1000 ? 1000 : 6000);
	}
}

static void test_prefixes(void **state)
{
	static const u32 keys[] = {5, 6, 8, 12, 13, 20, 21, 40, 64};

	(void)state;
	for (u32 i = 0; i < COUNT(keys); i++) {
		struct vm_map_decl d = {
			.type = VM_MAP_LPM_TRIE, .key_size = keys[i], .value_size = 8,
			.max_entries = i % 3 ? 100 : 30, .seed = i,
		};

		random_operations(&d, 150, 8000);
	}
}

/* A key is shown as it was given, with what is behind the prefix, as last updated. */
static void test_prefix_as_given(void **state)
{
	struct vm_map_decl d = {
		.type = VM_MAP_LPM_TRIE, .key_size = 8, .value_size = 4, .max_entries = 4
	};
	struct { u32 len; u8 ip[4]; } key = {8, {10, 1, 2, 3}}, other = {8, {10, 9, 9, 9}}, next;
	struct subject s;
	u32 value = 1;

	(void)state;
	subject_open(&s, &d);
	s.value_bytes = 4;
	assert_int_equal(subject_update(&s, &key, &value, 0), 0);
	assert_int_equal(subject_next(&s, NULL, &next), 0);
	assert_memory_equal(&next, &key, 8);
	assert_int_equal(subject_update(&s, &other, &value, VM_OLD_KEY), 0);
	assert_int_equal(subject_next(&s, NULL, &next), 0);
	assert_memory_equal(&next, &other, 8);
	assert_int_equal(subject_next(&s, &key, &next), -VM_ENOENT);
	assert_int_equal(subject_delete(&s, &key), 0);
	assert_int_equal(subject_next(&s, NULL, &next), -VM_ENOENT);
	subject_close(&s);
}

/* One CPU's value of a new key leaves zeros to the others; of an old key, what they had. */
static void test_one_cpu(void **state)
{
	struct vm_map_decl d = {
		.type = VM_MAP_PERCPU_HASH, .key_size = 4, .value_size = 12, .max_entries = 2, .cpus = 3
	};
	struct subject s;
	u8 want[48] = {0}, value[48];
	u32 key = 7;

	(void)state;
	subject_open(&s, &d);
	memset(s.mem + s.map->values, 0x55, s.map->values_bytes);
	assert_int_equal(vm_map_update(s.mem, AT, (u8 *)&key, (u8 *)"abcdefghijkl", 0, 1), 0);
	memcpy(want + 16, "abcdefghijkl", 12);
	assert_int_equal(subject_lookup(&s, &key, value), 0);
	assert_memory_equal(value, want, 48);
	assert_int_equal(vm_map_update(s.mem, AT, (u8 *)&key, (u8 *)"ABCDEFGHIJKL", 2, 2), 0);
	memcpy(want + 32, "ABCDEFGHIJKL", 12);
	assert_int_equal(subject_lookup(&s, &key, value), 0);
	assert_memory_equal(value, want, 48);
	assert_int_equal(vm_map_lookup(s.mem, AT, (u8 *)&key, 2) -
				 vm_map_lookup(s.mem, AT, (u8 *)&key, 0), 32);
	assert_int_equal(vm_map_lookup(s.mem, AT, (u8 *)&key, 3), VM_MAP_NONE);
	assert_int_equal(vm_map_update(s.mem, AT, (u8 *)&key, value, 0, 3), -VM_EINVAL);
	key = 8;
	assert_int_equal(vm_map_update(s.mem, AT, (u8 *)&key, value, 0, 3), -VM_EINVAL);
	assert_int_equal(vm_map_lookup(s.mem, AT, (u8 *)&key, 0), VM_MAP_NONE);
	subject_close(&s);
}

/* Deleting while walking: each key that stays is visited once, and a gone one begins anew. */
static void test_walk(void **state)
{
	struct vm_map_decl d = {
		.type = VM_MAP_HASH, .key_size = 4, .value_size = 4, .max_entries = 64
	};
	u32 seen[64] = {0}, key, next, gone;
	struct subject s;
	long n;

	(void)state;
	subject_open(&s, &d);
	s.value_bytes = 4;
	for (u32 i = 0; i < 64; i++)
		assert_int_equal(subject_update(&s, &i, &i, VM_NEW_KEY), 0);
	for (n = vm_map_walk(s.mem, AT, 0, (u8 *)&key); n >= 0;
	     n = vm_map_walk(s.mem, AT, (u32)n + 1, (u8 *)&key)) {
		assert_in_range(key, 0, 63);
		assert_int_equal(vm_map_value(s.map, (u32)n, 0),
				 vm_map_lookup(s.mem, AT, (u8 *)&key, 0));
		seen[key]++;
		gone = (key + 1) % 64;
		if (key % 2 == 0 && !seen[gone])
			assert_int_equal(subject_delete(&s, &gone), 0);
	}
	assert_int_equal(n, -VM_ENOENT);
	for (u32 i = 0; i < 64; i++)
		assert_true(seen[i] == 1 || (i % 2 && !seen[i]));
	assert_int_equal(subject_next(&s, NULL, &key), 0);
	gone = 1000;
	assert_int_equal(subject_next(&s, &gone, &next), 0);
	assert_int_equal(next, key);
	assert_int_equal(vm_map_walk(s.mem, AT, ~0u, (u8 *)&key), -VM_ENOENT);
	subject_close(&s);
}

/* A guest that writes anywhere in the values changes no key. */
static void test_values_apart(void **state)
{
	struct vm_map_decl d = {
		.type = VM_MAP_HASH, .key_size = 8, .value_size = 16, .max_entries = 50
	};
	u8 value[16] = {0};
	struct subject s;
	u64 key;

	(void)state;
	subject_open(&s, &d);
	for (key = 0; key < 50; key++)
		assert_int_equal(subject_update(&s, &key, value, 0), 0);
	for (u32 i = 0; i < s.map->values_bytes; i++)
		s.mem[s.map->values + i] = (u8)random_u32();
	for (key = 0; key < 50; key += 2)
		assert_int_equal(subject_delete(&s, &key), 0);
	for (key = 0; key < 50; key++)
		assert_int_equal(subject_lookup(&s, &key, value), key % 2 ? 0 : -VM_ENOENT);
	for (key = 50; key < 75; key++)
		assert_int_equal(subject_update(&s, &key, value, VM_NEW_KEY), 0);
	assert_int_equal(subject_update(&s, &key, value, 0), -VM_E2BIG);
	subject_close(&s);
}

/* Who finds its own lock taken has interrupted itself and must not wait. */
static void test_busy(void **state)
{
	struct vm_map_decl d = {
		.type = VM_MAP_HASH, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	u32 key = 1, next;
	struct subject s;

	(void)state;
	subject_open(&s, &d);
	s.value_bytes = 4;
	assert_int_equal(subject_update(&s, &key, &key, 0), 0);
	for (u32 owner = VM_OWNER(); owner <= VM_OWNER() + 1; owner++) {
		vm_bucket(s.mem, s.map, 0)->lock = owner;
		assert_int_equal(subject_update(&s, &key, &key, 0), -VM_EBUSY);
		assert_int_equal(subject_delete(&s, &key), -VM_EBUSY);
		assert_int_equal(subject_lookup(&s, &key, &next), 0);
	}
	vm_bucket(s.mem, s.map, 0)->lock = VM_OWNER();
	assert_int_equal(subject_next(&s, NULL, &next), -VM_EBUSY);
	vm_bucket(s.mem, s.map, 0)->lock = 0;
	assert_int_equal(subject_delete(&s, &key), 0);
	subject_close(&s);
}

static long declared(u32 type, u32 key, u32 value, u32 entries)
{
	struct vm_map_decl d = {
		.type = type, .key_size = key, .value_size = value, .max_entries = entries, .cpus = 1
	};

	return vm_map_bytes(&d);
}

static void test_declarations(void **state)
{
	(void)state;
	assert_int_equal(declared(0, 4, 4, 4), -VM_EOPNOTSUPP);
	assert_int_equal(declared(17, 4, 4, 4), -VM_EOPNOTSUPP);
	assert_int_equal(declared(VM_MAP_ARRAY, 8, 4, 4), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_ARRAY, 4, 0, 4), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_ARRAY, 4, 4, 0), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_ARRAY, 4, ~0u, 1), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_ARRAY, 4, 4, ~0u), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_ARRAY, 4, 1u << 20, 1u << 20), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_ARRAY, 4, 1u << 16, 1u << 16), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_DEVMAP, 4, 3, 4), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_HASH, 0, 4, 4), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_HASH, 65, 4, 4), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_HASH, 64, 4097, 4), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_HASH, 4, 4, 1u << 30), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_LPM_TRIE, 4, 4, 4), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_LPM_TRIE, 65, 4, 4), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_RINGBUF, 0, 0, 4095), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_RINGBUF, 0, 0, 32), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_RINGBUF, 4, 0, 4096), -VM_EINVAL);
	assert_int_equal(declared(VM_MAP_RINGBUF, 0, 0, 1u << 31), -VM_E2BIG);
	assert_int_equal(declared(VM_MAP_PERF_EVENT_ARRAY, 8, 4, 0), -VM_EINVAL);
	assert_true(declared(VM_MAP_PERF_EVENT_ARRAY, 4, 4, 0) > VM_RING_PERF);
	assert_true(declared(VM_MAP_HASH, 64, 4096, 1) % VM_MAP_ALIGN == 0);
}

/* Operations that a type does not have. */
static void test_not_supported(void **state)
{
	struct vm_map_decl d = { .type = VM_MAP_RINGBUF, .max_entries = 4096 };
	u32 key = 0, value[2] = {0};
	struct subject s;

	(void)state;
	subject_open(&s, &d);
	assert_int_equal(vm_map_lookup(s.mem, AT, (u8 *)&key, 0), VM_MAP_NONE);
	assert_int_equal(vm_map_update(s.mem, AT, (u8 *)&key, (u8 *)value, 0, 0), -VM_EOPNOTSUPP);
	assert_int_equal(vm_map_delete(s.mem, AT, (u8 *)&key), -VM_EOPNOTSUPP);
	assert_int_equal(vm_map_next(s.mem, AT, (u8 *)&key, 0, (u8 *)value), -VM_ENOENT);
	subject_close(&s);
	d = (struct vm_map_decl){
		.type = VM_MAP_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};
	subject_open(&s, &d);
	assert_int_equal(vm_ring_reserve(s.mem, AT, 8, 0), VM_MAP_NONE);
	assert_int_equal(vm_ring_commit(s.mem, AT, 8, 0), -VM_EINVAL);
	assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)value, 8, 0), -VM_EINVAL);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_SIZE), 0);
	assert_int_equal(vm_ring_take(s.mem, AT, value, 8), -VM_ENOENT);
	subject_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_sparse_arrays),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_prefix_as_given),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_values_apart),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_not_supported),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
