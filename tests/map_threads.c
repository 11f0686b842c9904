/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps of guests under many threads at once: nothing that is there is missed, nothing is counted
 * twice or lost, and no element leaks. Built with -fsanitize=thread by `make check-threads`.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

static _Thread_local unsigned int self, steps;
#define VM_OWNER() (self + 1)
#define VM_PAUSE() sched_yield()
#define VM_SPINS (1u << 30) /* a thread may be off its CPU for long */

/* Others may come in at any access, on machines of few CPUs, too. */
static inline void step(void)
{
	steps = steps * 1664525 + 1013904223 + self;
	if (steps >> 24 == 0)
		sched_yield();
}
#define VM_PEEK(p) (step(), __atomic_load_n(p, __ATOMIC_RELAXED))
#define VM_POKE(p, v) (step(), __atomic_store_n(p, v, __ATOMIC_RELAXED))
#define VM_ATOMIC_GET(p) (step(), __atomic_load_n(p, __ATOMIC_ACQUIRE))
#define VM_ATOMIC_PUT(p, v) (step(), __atomic_store_n(p, v, __ATOMIC_RELEASE))
#define VM_ATOMIC_ADD(p, v) (step(), __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL))
#define VM_ATOMIC_CAS(p, old, new) (step(), vm_cas(p, old, new))
#define vm_cas(p, old, new)                                                                        \
	({                                                                                         \
		__typeof__(*(p)) was_ = (old);                                                     \
		__atomic_compare_exchange_n(p, &was_, new, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
		was_;                                                                              \
	})

#include "map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define AT VM_MAP_ALIGN
#define THREADS 5
#define TURNS 30000u
#define PERMANENT 32u /* keys 0 to 31 are always there */
#define OWN 32u	      /* keys of each thread, which come and go */
#define KEY(thread, n) (((thread) + 1) << 16 | (n))

/* cmocka's asserts are for the main thread: others abort. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "# thread %u, %s:%d: %s\n", self, __FILE__, __LINE__,      \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static u8 *mem;
static struct vm_map *map;
static unsigned int running;

struct worker {
	pthread_t thread;
	unsigned int number;
	u64 random;
	u64 count; /* what it did, for the sums at the end */
	bool have[OWN];
};
static struct worker workers[THREADS];

static u32 any(struct worker *w, u32 below)
{
	w->random = w->random * 6364136223846793005 + 1442695040888963407;
	return (u32)(w->random >> 33) % below;
}

static u64 *value_at(long value)
{
	CHECK(value >= 0 && value < (long)map->values_bytes);
	return (void *)(mem + map->values + value);
}

static long look(u32 key)
{
	return vm_map_lookup(mem, AT, (u8 *)&key, self);
}

static long put(u32 key, u64 flags)
{
	u64 value[2] = {key, 0};

	return vm_map_update(mem, AT, (u8 *)&key, (u8 *)value, flags, self);
}

static void open_map(u32 type, u32 key, u32 value, u32 entries)
{
	struct vm_map_decl d = {
		.type = type, .key_size = key, .value_size = value, .max_entries = entries,
		.cpus = THREADS, .seed = 11,
	};
	long size = vm_map_bytes(&d);

	assert_true(size > 0);
	mem = aligned_alloc(VM_MAP_ALIGN, AT + (size_t)size);
	assert_non_null(mem);
	assert_int_equal(vm_map_init(mem, AT, &d), size);
	map = (void *)(mem + AT);
}

static void run_threads(void *(*body)(void *))
{
	running = THREADS;
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .number = i, .random = i + 1 };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

/* Every element is in a chain or free, and each key that is in use is found. */
static u32 close_hash(void)
{
	u32 used = 0, unused = 0, key[16];
	long elem;

	for (elem = vm_map_walk(mem, AT, 0, (u8 *)key); elem >= 0;
	     elem = vm_map_walk(mem, AT, (u32)elem + 1, (u8 *)key)) {
		assert_true(vm_map_lookup(mem, AT, (u8 *)key, 0) >= 0);
		used++;
	}
	assert_int_equal(elem, -VM_ENOENT);
	for (u32 n = (u32)map->free; n; n = vm_elem(mem, map, n - 1)->free) {
		assert_in_range(n, 1, map->max_entries);
		unused++;
	}
	assert_int_equal(used + unused,
			 map->fresh < map->max_entries ? map->fresh : map->max_entries);
	free(mem);
	return used;
}

/* Inserts or deletes a key that no other thread has: the result is known. */
static void come_and_go(struct worker *w)
{
	u32 n = any(w, OWN), key = KEY(self, n);

	if (w->have[n]) {
		CHECK(look(key) >= 0);
		CHECK(put(key, VM_NEW_KEY) == -VM_EEXIST);
		CHECK(vm_map_delete(mem, AT, (u8 *)&key) == 0);
	} else {
		CHECK(look(key) == VM_MAP_NONE);
		CHECK(vm_map_delete(mem, AT, (u8 *)&key) == -VM_ENOENT);
		CHECK(put(key, VM_OLD_KEY) == -VM_ENOENT);
		CHECK(put(key, VM_NEW_KEY) == 0);
	}
	w->have[n] = !w->have[n];
}

/* Permanent keys are found whatever goes on around them, and their counters are exact. */
static void *hash_body(void *arg)
{
	struct worker *w = arg;

	self = w->number;
	for (u32 i = 0; i < TURNS; i++) {
		u32 key = any(w, PERMANENT / 2);
		u64 *value = value_at(look(key));

		CHECK(__atomic_load_n(value, __ATOMIC_RELAXED) == key);
		__atomic_fetch_add(value + 1, 1, __ATOMIC_RELAXED);
		w->count++;
		if (i % 8 == 0) /* the other half of the keys is stored again and again */
			CHECK(put(PERMANENT / 2 + key, VM_OLD_KEY) == 0);
		come_and_go(w);
	}
	return NULL;
}

static void test_hash(void **state)
{
	u64 sum = 0, want = 0, live = PERMANENT;

	(void)state;
	open_map(VM_MAP_HASH, 4, 16, PERMANENT + THREADS * OWN);
	for (u32 key = 0; key < PERMANENT; key++)
		assert_int_equal(put(key, 0), 0);
	run_threads(hash_body);
	for (u32 key = 0; key < PERMANENT / 2; key++)
		sum += value_at(look(key))[1];
	for (u32 i = 0; i < THREADS; i++) {
		want += workers[i].count;
		for (u32 n = 0; n < OWN; n++)
			live += workers[i].have[n];
	}
	assert_int_equal(sum, want);
	assert_int_equal(close_hash(), live);
}

/* In a map that is too small: full is the only surprise, and nothing is lost. */
static void *full_body(void *arg)
{
	struct worker *w = arg;

	self = w->number;
	for (u32 i = 0; i < TURNS; i++) {
		u32 n = any(w, OWN), key = KEY(self, n);

		if (w->have[n]) {
			CHECK(vm_map_delete(mem, AT, (u8 *)&key) == 0);
			w->have[n] = false;
		} else {
			long err = put(key, 0);

			CHECK(err == 0 || err == -VM_E2BIG);
			w->have[n] = !err;
		}
		CHECK((look(key) >= 0) == w->have[n]);
	}
	return NULL;
}

static void test_full(void **state)
{
	u32 live = 0;

	(void)state;
	open_map(VM_MAP_HASH, 4, 16, 20);
	run_threads(full_body);
	for (u32 i = 0; i < THREADS; i++)
		for (u32 n = 0; n < OWN; n++)
			live += workers[i].have[n];
	assert_int_equal(close_hash(), live);
}

/* One walks, the others come and go: each permanent key comes by once. */
static void *walk_body(void *arg)
{
	struct worker *w = arg;

	self = w->number;
	if (self) {
		for (u32 i = 0; i < TURNS / 2; i++)
			come_and_go(w);
		__atomic_fetch_sub(&running, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	do {
		u32 seen[PERMANENT] = {0}, key;
		long elem = vm_map_walk(mem, AT, 0, (u8 *)&key);

		for (; elem >= 0; elem = vm_map_walk(mem, AT, (u32)elem + 1, (u8 *)&key))
			if (key < PERMANENT)
				seen[key]++;
			else
				CHECK((key >> 16) <= THREADS && (key & 0xffff) < OWN);
		CHECK(elem == -VM_ENOENT);
		for (u32 i = 0; i < PERMANENT; i++)
			CHECK(seen[i] == 1);
	} while (__atomic_load_n(&running, __ATOMIC_RELAXED) > 1);
	return NULL;
}

static void test_walk(void **state)
{
	(void)state;
	open_map(VM_MAP_HASH, 4, 16, PERMANENT + THREADS * OWN);
	for (u32 key = 0; key < PERMANENT; key++)
		assert_int_equal(put(key, 0), 0);
	run_threads(walk_body);
	close_hash();
}

/* Keys whose words belong together, so that half a key is noticed. */
static void wide_key(u32 *key, u32 n)
{
	for (u32 i = 0; i < 6; i++)
		key[i] = n + i * 1000;
}

static void walk_wide(void)
{
	u32 key[6], want[6];

	for (long elem = vm_map_walk(mem, AT, 0, (u8 *)key); elem >= 0;
	     elem = vm_map_walk(mem, AT, (u32)elem + 1, (u8 *)key)) {
		wide_key(want, key[0]);
		CHECK(key[0] < 400 && !memcmp(key, want, sizeof(key)));
	}
}

/* Far more keys than room: there is always some, and no element is lost or in two chains. */
static void *lru_body(void *arg)
{
	struct worker *w = arg;
	u64 value[2] = {0, 0};
	u32 key[6];

	self = w->number;
	for (u32 i = 0; i < TURNS; i++) {
		wide_key(key, any(w, 400));
		switch (any(w, 8)) {
		case 0:
			vm_map_delete(mem, AT, (u8 *)key);
			break;
		case 1:
		case 2:
			w->count += !vm_map_update(mem, AT, (u8 *)key, (u8 *)value, 0, self);
			break;
		default:
			vm_map_lookup(mem, AT, (u8 *)key, self);
		}
		if (i % 64 == 0)
			walk_wide();
	}
	return NULL;
}

static void test_lru(void **state)
{
	static const u32 types[] = {VM_MAP_LRU_HASH, VM_MAP_LRU_PERCPU_HASH};

	(void)state;
	for (u32 i = 0; i < COUNT(types); i++) {
		u64 stored = 0;

		open_map(types[i], 24, 16, 100);
		run_threads(lru_body);
		for (u32 n = 0; n < THREADS; n++)
			stored += workers[n].count;
		assert_true(stored > THREADS * TURNS / 5);
		assert_in_range(close_hash(), 1, 100);
	}
}

struct prefix {
	u32 len;
	u8 ip[4];
};

/* A prefix that is there all the time is found while longer ones come and go. */
static void *prefix_body(void *arg)
{
	struct worker *w = arg;
	struct prefix p = {24, {10, 1, 0, 0}}, ip = {32, {10, 1, 0, 1}}, other = {32, {10, 2, 3, 4}};
	u64 value[2] = {0, 0};

	self = w->number;
	for (u32 i = 0; i < TURNS / 2; i++) {
		u32 n = any(w, OWN);

		p.len = 17 + n % 8;
		p.ip[2] = ip.ip[2] = (u8)(self << 4 | n / 8 << 2);
		CHECK(*value_at(vm_map_lookup(mem, AT, (u8 *)&other, 0)) == 8);
		CHECK(vm_map_lookup(mem, AT, (u8 *)&ip, 0) >= 0);
		if (any(w, 2))
			CHECK(vm_map_update(mem, AT, (u8 *)&p, (u8 *)value, 0, 0) == 0);
		else
			vm_map_delete(mem, AT, (u8 *)&p);
	}
	return NULL;
}

static void test_prefixes(void **state)
{
	struct prefix p = {8, {10, 0, 0, 0}};
	u64 value[2] = {8, 0};
	u32 lengths = 0;

	(void)state;
	open_map(VM_MAP_LPM_TRIE, 8, 16, THREADS * OWN + 2);
	assert_int_equal(vm_map_update(mem, AT, (u8 *)&p, (u8 *)value, 0, 0), 0);
	p.len = 32;
	p.ip[0] = 9;
	assert_int_equal(vm_map_update(mem, AT, (u8 *)&p, (u8 *)value, 0, 0), 0);
	run_threads(prefix_body);
	for (u32 len = 0; len <= 32; len++)
		lengths += vm_length(mem, map, len)->count;
	assert_int_equal(close_hash(), lengths);
}

static void *array_body(void *arg)
{
	struct worker *w = arg;

	self = w->number;
	for (u32 i = 0; i < TURNS; i++) {
		u32 key = any(w, 4);
		u64 *value = value_at(look(key));

		if (map->copies == 1)
			__atomic_fetch_add(value + 1, 1, __ATOMIC_RELAXED);
		else
			value[1]++;
		if (i % 16 == 0)
			CHECK(put(4, 0) == 0);
		CHECK(__atomic_load_n(value_at(look(4)), __ATOMIC_RELAXED) % 4 == 0);
	}
	return NULL;
}

static void test_arrays(void **state)
{
	static const u32 types[] = {VM_MAP_ARRAY, VM_MAP_PERCPU_ARRAY};

	(void)state;
	for (u32 t = 0; t < COUNT(types); t++) {
		u64 sum = 0;

		open_map(types[t], 4, 16, 5);
		run_threads(array_body);
		for (u32 i = 0; i < 4 * map->copies; i++)
			sum += value_at(i * 16)[1];
		assert_int_equal(sum, (u64)THREADS * TURNS);
		free(mem);
	}
}

struct sample {
	u32 thread;
	u32 number;
	u64 check;
	u8 more[48];
};

static void produce(struct worker *w)
{
	for (u32 i = 0; i < TURNS; i++) {
		u32 size = 16 + any(w, 48);
		long at = vm_ring_reserve(mem, AT, size, 0);
		struct sample *s;

		if (at < 0) {
			sched_yield();
			continue;
		}
		s = (void *)value_at(at);
		__atomic_store_n((u64 *)(void *)s, (u64)w->count << 32 | self, __ATOMIC_RELAXED);
		__atomic_store_n(&s->check, w->count * 77 + self, __ATOMIC_RELAXED);
		if (any(w, 8)) {
			CHECK(vm_ring_commit(mem, AT, (u32)at, 0) == 0);
			w->count++;
		} else {
			CHECK(vm_ring_commit(mem, AT, (u32)at, 1) == 0);
		}
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
}

/* Samples of one thread come in their order; two may take them, each sample goes to one. */
static void *ring_body(void *arg)
{
	struct worker *w = arg;
	u32 next[THREADS] = {0}, idle = 0;
	struct sample s;

	self = w->number;
	if (self > 1) {
		produce(w);
		return NULL;
	}
	while (idle < 2) { /* once more after the last one has ended */
		bool ended = __atomic_load_n(&running, __ATOMIC_ACQUIRE) == 2;
		long size = vm_ring_take(mem, AT, &s, sizeof(s));

		if (size == -VM_ENOENT) {
			idle += ended;
			sched_yield();
			continue;
		}
		CHECK(size >= 16 && size < 64 && s.thread > 1 && s.thread < THREADS);
		CHECK(s.check == s.number * 77ull + s.thread);
		CHECK(s.number >= next[s.thread]);
		next[s.thread] = s.number + 1;
		w->count++;
	}
	return NULL;
}

static void test_ring(void **state)
{
	u64 sent = 0;

	(void)state;
	open_map(VM_MAP_RINGBUF, 0, 0, 4096);
	run_threads(ring_body);
	for (u32 i = 2; i < THREADS; i++)
		sent += workers[i].count;
	assert_true(sent > 1000);
	assert_int_equal(workers[0].count + workers[1].count, sent);
	assert_int_equal(map->produced, map->consumed);
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_lru),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_ring),
	};

	return cmocka_run_group_tests_name("maps under threads", tests, NULL, NULL);
}
