/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rings of samples: order, room, samples across the end, and headers that are none. */
#include "map_twin.h"

#define RING 4096

static void open_ring(struct subject *s, u32 size)
{
	struct vm_map_decl d = { .type = VM_MAP_RINGBUF, .max_entries = size };

	subject_open(s, &d);
}

static u8 *sample_of(struct subject *s, long sample, u32 size)
{
	assert_in_range(sample, 8, s->map->values_bytes - size);
	return s->mem + s->map->values + sample;
}

static void test_order(void **state)
{
	struct subject s;
	char data[16];

	(void)state;
	open_ring(&s, RING);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 16), -VM_ENOENT);
	assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)"one", 3, 0), 0);
	assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)"", 0, 1), 0);
	assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)"three", 6, 2), 0);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 16), 3);
	assert_memory_equal(data, "one", 3);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 16), 0);
	memset(data, 'x', 16);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 2), 6); /* no more than there is room for */
	assert_memory_equal(data, "thx", 3);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 16), -VM_ENOENT);
	subject_close(&s);
}

/* The oldest sample holds up those behind it; a dropped one is never seen. */
static void test_reserve(void **state)
{
	long first, second, third;
	struct subject s;
	u8 data[8];

	(void)state;
	open_ring(&s, RING);
	first = vm_ring_reserve(s.mem, AT, 5, 0);
	second = vm_ring_reserve(s.mem, AT, 5, 0);
	third = vm_ring_reserve(s.mem, AT, 5, 0);
	memcpy(sample_of(&s, first, 5), "first", 5);
	memcpy(sample_of(&s, third, 5), "third", 5);
	assert_int_equal(vm_ring_commit(s.mem, AT, (u32)third, 0), 0);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 8), -VM_ENOENT);
	assert_int_equal(vm_ring_commit(s.mem, AT, (u32)first, 0), 0);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 8), 5);
	assert_memory_equal(data, "first", 5);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 8), -VM_ENOENT);
	assert_int_equal(vm_ring_commit(s.mem, AT, (u32)second, 1), 0);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 8), 5);
	assert_memory_equal(data, "third", 5);
	assert_int_equal(vm_ring_commit(s.mem, AT, (u32)first, 0), -VM_EINVAL); /* twice */
	assert_int_equal(vm_ring_commit(s.mem, AT, 0, 0), -VM_EINVAL);
	assert_int_equal(vm_ring_commit(s.mem, AT, RING + 8, 0), -VM_EINVAL);
	assert_int_equal(vm_ring_commit(s.mem, AT, ~0u, 0), -VM_EINVAL);
	subject_close(&s);
}

/* As Linux counts: 8 bytes and the sample, rounded up to 8; one byte must stay free. */
static void test_room(void **state)
{
	u8 data[RING] = {0};
	struct subject s;

	(void)state;
	open_ring(&s, RING);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_SIZE), RING);
	assert_int_equal(vm_ring_query(s.mem, AT, 9), 0);
	assert_int_equal(vm_ring_reserve(s.mem, AT, 8, 1), VM_MAP_NONE);
	assert_int_equal(vm_ring_output(s.mem, AT, data, 8, 4), -VM_EINVAL);
	assert_int_equal(vm_ring_reserve(s.mem, AT, RING - 8, 0), VM_MAP_NONE);
	assert_int_equal(vm_ring_reserve(s.mem, AT, ~0u, 0), VM_MAP_NONE);
	assert_int_equal(vm_ring_reserve(s.mem, AT, ~0u - 7, 0), VM_MAP_NONE);
	assert_int_equal(vm_ring_output(s.mem, AT, data, RING - 16, 0), 0);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_AVAILABLE), RING - 8);
	assert_int_equal(vm_ring_output(s.mem, AT, data, 1, 0), -VM_EAGAIN);
	assert_int_equal(vm_ring_take(s.mem, AT, data, RING), RING - 16);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_CONSUMED), RING - 8);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_PRODUCED), RING - 8);
	assert_int_equal(vm_ring_output(s.mem, AT, data, RING - 16, 0), 0); /* across the end */
	assert_int_equal(vm_ring_take(s.mem, AT, data, RING), RING - 16);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_AVAILABLE), 0);
	subject_close(&s);
}

/* Random sizes, many times round, against a list of what is in it. */
static void test_random(void **state)
{
	struct { u32 size, seed; } list[RING / 16];
	u32 first = 0, last = 0, used = 0;
	u8 data[RING], want[RING];
	struct subject s;

	(void)state;
	random_state = 9;
	open_ring(&s, RING);
	for (u32 i = 0; i < 200000; i++) {
		if (random_u32() % 2) {
			u32 size = random_u32() % (random_u32() % 8 ? 100 : RING), at;
			u32 room = size ? (size + 15) / 8 * 8 : 16;
			long sample = vm_ring_reserve(s.mem, AT, size, 0);

			if (used + room >= RING) {
				assert_int_equal(sample, VM_MAP_NONE);
				continue;
			}
			memset(sample_of(&s, sample, size), (int)i, size);
			at = last++ % COUNT(list);
			list[at].size = size;
			list[at].seed = i;
			used += room;
			assert_int_equal(vm_ring_commit(s.mem, AT, (u32)sample, 0), 0);
		} else if (first == last) {
			assert_int_equal(vm_ring_take(s.mem, AT, data, RING), -VM_ENOENT);
		} else {
			u32 at = first++ % COUNT(list), size = list[at].size;

			assert_int_equal(vm_ring_take(s.mem, AT, data, RING), size);
			memset(want, (int)list[at].seed, size);
			assert_memory_equal(data, want, size);
			used -= size ? (size + 15) / 8 * 8 : 16;
		}
		assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_AVAILABLE), used);
	}
	subject_close(&s);
}

/* Headers and positions that nobody wrote: what is there is left, and the ring goes on. */
static void test_damage(void **state)
{
	struct subject s;
	u8 data[64];

	(void)state;
	open_ring(&s, RING);
	for (u32 size = 1; size < VM_SAMPLE_DROPPED; size = size * 3 + 5) {
		assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)"lost", 4, 0), 0);
		*vm_sample_header(s.mem, s.map, s.map->consumed) = size + 8;
		assert_int_equal(vm_ring_take(s.mem, AT, data, 64), -VM_ENOENT);
		assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_AVAILABLE), 0);
		assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)"kept", 4, 0), 0);
		assert_int_equal(vm_ring_take(s.mem, AT, data, 64), 4);
		assert_memory_equal(data, "kept", 4);
	}
	s.map->consumed = s.map->produced + 16;
	assert_int_equal(vm_ring_take(s.mem, AT, data, 64), -VM_ENOENT);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_AVAILABLE), 0);
	s.map->consumed = s.map->produced + 2 * RING;
	assert_int_equal(vm_ring_reserve(s.mem, AT, 8, 0), VM_MAP_NONE);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 64), -VM_ENOENT);
	s.map->lock = VM_OWNER();
	assert_int_equal(vm_ring_output(s.mem, AT, data, 8, 0), -VM_EAGAIN);
	subject_close(&s);
}

static void test_perf(void **state)
{
	struct vm_map_decl d = { .type = VM_MAP_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4 };
	struct subject s;
	u8 data[8];

	(void)state;
	subject_open(&s, &d);
	assert_int_equal(vm_ring_query(s.mem, AT, VM_RING_SIZE), VM_RING_PERF);
	assert_int_equal(vm_ring_output(s.mem, AT, (u8 *)"event", 5, 0), 0);
	assert_int_equal(vm_ring_take(s.mem, AT, data, 8), 5);
	assert_memory_equal(data, "event", 5);
	subject_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_perf),
	};

	return cmocka_run_group_tests_name("maps: rings", tests, NULL, NULL);
}
