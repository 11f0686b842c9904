/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Operations on what is no map: in a memory whose offsets are cut, as in the kernel, they stay
 * inside and end.
 */
#include "types.h"

/* The words of the kernel build: a memory of a power of two, with a slack behind it. */
#define MEMORY (1u << 16)
#define SLACK 4096
typedef u32 vm_from_t;
typedef u32 vm_to_t;
#define VM_BOUND(index, mask) ((index) &= (mask))
#define VM_AT(mem, off, type)                                                                      \
	((type *)(void *)((mem) + ((u32)(off) & (MEMORY - (sizeof(type) < 8 ? sizeof(type) : 8)))))
#define VM_TO(mem, to, at) ((mem) + (((to) + (at)) & (MEMORY - 1)))
#define VM_FROM VM_TO
#define VM_SPINS 64

#include "map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define KEY 0x200
#define VALUE 0x400
#define AT 0x1000

static u8 *mem;

static u32 wild(void)
{
	return random_u32() % 4 ? random_u32() : random_u32() % 200;
}

static void scribble(u32 from, u32 to, u32 chance)
{
	for (u32 i = from; i < to; i += 4) {
		u32 v = wild();

		if (random_u32() % chance == 0)
			memcpy(mem + i, &v, 4);
	}
}

static void operate(void)
{
	u8 data[100];
	long sample;

	for (u32 i = 0; i < 8; i++) {
		u32 cpu = random_u32() % 3 ? random_u32() % 4 : VM_MAP_ALL;

		mem[KEY] = (u8)random_u32();
		vm_map_update(mem, AT, KEY, VALUE, random_u32() % 3, cpu);
		vm_map_lookup(mem, AT, KEY, cpu);
		vm_map_next(mem, AT, KEY, i == 0, VALUE);
		vm_map_walk(mem, AT, random_u32() % 100, VALUE);
		vm_map_delete(mem, AT, KEY);
		sample = vm_ring_reserve(mem, AT, random_u32() % 300, 0);
		vm_ring_commit(mem, AT, random_u32() % 2 ? (u32)sample : wild(), i % 2);
		vm_ring_output(mem, AT, VALUE, random_u32() % 100, 0);
		vm_ring_query(mem, AT, random_u32() % 5);
		vm_ring_take(mem, AT, data, sizeof(data));
	}
}

static void declare(u32 type)
{
	struct vm_map_decl d = {
		.type = type, .key_size = 20, .value_size = 40, .max_entries = 64, .cpus = 2
	};

	if (vm_map_traits(type) & VM_MAP_INDEXED)
		d.key_size = 4;
	if (type == VM_MAP_RINGBUF)
		d.key_size = d.value_size = 0;
	if (type == VM_MAP_PERF_EVENT_ARRAY) { /* it does not fit, so a ring in its place */
		d.key_size = d.value_size = 0;
		d.type = VM_MAP_RINGBUF;
	}
	assert_true(vm_map_init(mem, AT, &d) > 0);
}

/* One type after the other: a sound map, with damage from `from` to `to`. */
static void damaged(u32 from, u32 to, u32 chance)
{
	static const u32 types[] = {1, 2, 3, 4, 5, 6, 9, 10, 11, 14, 16, 25, 27};

	for (u32 round = 0; round < 8; round++)
		for (u32 i = 0; i < COUNT(types); i++) {
			declare(types[i]);
			scribble(from, to, chance);
			operate();
		}
}

static void test_header(void **state)
{
	(void)state;
	damaged(AT + 4, AT + sizeof(struct vm_map), 4);
}

static void test_header_all(void **state)
{
	(void)state;
	damaged(AT + 4, AT + sizeof(struct vm_map), 1);
}

static void test_contents(void **state)
{
	(void)state;
	damaged(AT + sizeof(struct vm_map), MEMORY, 3);
	damaged(AT + sizeof(struct vm_map), MEMORY, 1);
}

static void test_everything(void **state)
{
	(void)state;
	for (u32 i = 0; i < 60; i++) {
		scribble(0, MEMORY, 1);
		operate();
	}
}

/* Links that lead round in a circle, and locks that nobody gives back. */
static void test_circle(void **state)
{
	struct vm_map *map = (void *)(mem + AT);

	(void)state;
	for (u32 type = VM_MAP_HASH; type <= VM_MAP_LPM_TRIE; type++) {
		if (!(vm_map_traits(type) & VM_MAP_HASHED))
			continue;
		declare(type);
		map->fresh = 64;
		for (u32 i = 0; i < 64; i++) {
			vm_elem(mem, map, i)->next = VM_LINK((i + 1) % 64);
			vm_elem(mem, map, i)->free = i % 2 ? VM_USED : i + 1;
			vm_bucket(mem, map, i)->head = VM_LINK(i);
		}
		map->free = 1;
		operate();
		for (u32 i = 0; i < 64; i++)
			vm_bucket(mem, map, i)->lock = ~0u;
		map->lock = ~0u;
		operate();
		memset(mem + KEY, 0, 20);
		assert_int_equal(vm_map_update(mem, AT, KEY, VALUE, 0, 0), -VM_EBUSY);
	}
}

static int setup(void **state)
{
	(void)state;
	random_state = 1;
	mem = aligned_alloc(VM_MAP_ALIGN, MEMORY + SLACK);
	if (mem)
		memset(mem, 0, MEMORY + SLACK);
	return mem ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(mem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_all),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_circle),
	};

	return cmocka_run_group_tests_name("maps: garbage", tests, setup, teardown);
}
