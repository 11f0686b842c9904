/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps of guests, used by all CPUs at once and by user space meanwhile: real packets of two pairs
 * of interfaces and packets by hand on each CPU; sums are exact, and no element is lost.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/pkt_cls.h>

#include "../user/guest_maps.h" /* there is another one in bpf/ */
#include "live_image.h"
#include "live_net.h"
#include "map_layout.h"
#include "objects/live_maps.h"

#define PACKETS 100000u /* from each sender */
#define BY_HAND 100000u /* runs on each CPU */
#define USER_KEYS 64u	/* of user space in the map `churn`, behind those of guests */

/* What user space saw while guests ran. */
struct user {
	struct live *l;
	const struct live_image *guest;
	bool present[USER_KEYS];
	u64 rounds, busy, samples, sum;
};

/* --- what user space does meanwhile --- */

static int retry(struct user *u, int (*update)(struct user *, u32 map, u32 key), u32 map, u32 key)
{
	int ret;

	while ((ret = update(u, map, key)) == -EBUSY)
		u->busy++;
	return ret;
}

static int insert(struct user *u, u32 map, u32 key)
{
	u64 value = key;

	return bpfvm_guest_map__update(u->l->s, map, &key, &value, BPF_NOEXIST);
}

static int remove_key(struct user *u, u32 map, u32 key)
{
	return bpfvm_guest_map__delete(u->l->s, map, &key);
}

/* Its own keys come and go as it says; what it stored is there. */
static void churn_once(struct user *u)
{
	u32 map = live_map(u->l, u->guest, "churn"), i = (u32)u->rounds % USER_KEYS;
	u32 key = CHURN_KEYS + i;
	u64 value = 0;
	bool was = u->present[i];

	assert_int_equal(retry(u, insert, map, key), was ? -EEXIST : 0);
	assert_int_equal(bpfvm_guest_map__lookup(u->l->s, map, &key, &value), 0);
	assert_int_equal(value, key);
	u->present[i] = u->rounds / USER_KEYS & 1;
	if (!u->present[i]) {
		assert_int_equal(retry(u, remove_key, map, key), 0);
		assert_int_equal(bpfvm_guest_map__lookup(u->l->s, map, &key, &value), -ENOENT);
	}
}

static int add_route(struct user *u, u32 map, u32 len)
{
	struct prefix p = {len, {10, len > 8 ? 1 : 0, len > 16 ? 2 : 0, 0}};

	return bpfvm_guest_map__update(u->l->s, map, &p, &len, BPF_ANY);
}

static int remove_route(struct user *u, u32 map, u32 len)
{
	struct prefix p = {len, {10, len > 8 ? 1 : 0, len > 16 ? 2 : 0, 0}};

	return bpfvm_guest_map__delete(u->l->s, map, &p);
}

static void reroute(struct user *u)
{
	u32 map = live_map(u->l, u->guest, "routes");

	assert_int_equal(retry(u, add_route, map, 16), 0);
	assert_int_equal(retry(u, add_route, map, 24), 0);
	assert_int_equal(retry(u, remove_route, map, 16), 0);
	assert_int_equal(retry(u, remove_route, map, 24), 0);
}

static void take_samples(struct user *u)
{
	u32 map = live_map(u->l, u->guest, "ring");
	struct sample s;

	while (bpfvm_guest_map__read(u->l->s, map, &s, sizeof(s)) == sizeof(s)) {
		assert_true(s.number == ~s.complement);
		u->samples++;
	}
}

/* Counters of keys that stay never go back. */
static void watch(struct user *u)
{
	u32 map = live_map(u->l, u->guest, "hash"), key = 7;
	u64 value = 0;
	int ret = bpfvm_guest_map__lookup(u->l->s, map, &key, &value);

	assert_true(!ret || (ret == -ENOENT && !u->sum));
	assert_true(value >= u->sum);
	u->sum = value;
}

/* --- what must be true afterwards --- */

/* The sum of all values of a map, those of all CPUs; `keys` becomes how many keys there are. */
static u64 sum_of(struct live *l, const struct live_image *g, const char *name, u32 *keys)
{
	u32 map = live_map(l, g, name), key = 0, next;
	const struct vm_map *m = (const struct vm_map *)(l->s->memory + map);
	u64 sum = 0, value[CPU_SETSIZE];
	int ret = bpfvm_guest_map__next(l->s, map, NULL, &next);

	assert_true(m->row <= sizeof(value));
	for (*keys = 0; !ret; ret = bpfvm_guest_map__next(l->s, map, &key, &next), ++*keys) {
		assert_true(*keys <= m->max_entries); /* or it goes round in a circle */
		assert_int_equal(bpfvm_guest_map__lookup(l->s, map, &next, value), 0);
		for (u32 i = 0; i < m->copies; i++)
			sum += value[i];
		key = next;
	}
	assert_int_equal(ret, -ENOENT);
	return sum;
}

/* After all keys are gone there is room for as many as ever: none was lost, none is there twice. */
static void assert_whole(struct user *u, const char *name, u32 room, int when_full)
{
	u32 map = live_map(u->l, u->guest, name), keys, key;

	while (!bpfvm_guest_map__next(u->l->s, map, NULL, &key))
		assert_int_equal(bpfvm_guest_map__delete(u->l->s, map, &key), 0);
	for (key = 0; key < room; key++)
		assert_int_equal(insert(u, map, 0x10000 + key), 0);
	sum_of(u->l, u->guest, name, &keys);
	assert_int_equal(keys, room);
	assert_int_equal(insert(u, map, 0x20000), when_full);
	sum_of(u->l, u->guest, name, &keys);
	assert_int_equal(keys, room);
}

static void assert_sums(struct live *l, const struct live_image *g, struct user *u, u64 locked)
{
	const struct tally *t = live_variables(l, g);
	struct twins pair;
	u32 keys, user = 0, zero = 0;

	for (u32 i = 0; i < USER_KEYS; i++)
		user += u->present[i];
	assert_int_equal(t->wrong, 0);
	assert_int_equal(sum_of(l, g, "array", &keys), t->runs);
	assert_int_equal(keys, ARRAY_KEYS);
	assert_int_equal(sum_of(l, g, "percpu_array", &keys), t->runs);
	assert_int_equal(sum_of(l, g, "hash", &keys) + t->missed[0], t->runs);
	assert_int_equal(keys, HASH_KEYS);
	assert_int_equal(sum_of(l, g, "percpu_hash", &keys) + t->missed[1], t->runs);
	sum_of(l, g, "churn", &keys);
	assert_int_equal(keys, t->made - t->removed + user);
	assert_true(sum_of(l, g, "recent", &keys) > 0 && keys <= RECENT_ROOM);
	assert_int_equal(u->samples + t->dropped, t->runs);
	assert_int_equal(bpfvm_guest_map__lookup(l->s, live_map(l, g, "pair"), &zero, &pair), 0);
	assert_int_equal(pair.a, pair.b);
	assert_int_equal(pair.a, t->runs - locked);
	assert_int_equal(pair.lock, 0);
	print_message("    %llu runs; no element %llu, %llu, %llu times, no lock %" PRIu64
		      " times\n    user space: %" PRIu64 " rounds, %" PRIu64 " times busy, %" PRIu64
		      " samples\n", t->runs, t->missed[0], t->missed[1], t->missed[2], locked,
		      u->rounds, u->busy, u->samples);
	/* that happens only where a CPU of this machine is put to sleep while it has a lock */
	assert_true(t->missed[0] + t->missed[1] + t->missed[2] + locked < t->runs / 1000);
}

/* --- the runs --- */

/* A thread that gives its CPU's packets to an entry point, as fast as it gets. */
struct hand {
	struct live *l;
	u32 entry;
	u32 cpu;
	pthread_t thread;
};

static void *give(void *arg)
{
	u8 packet[LIVE_PACKET];
	struct hand *h = arg;
	struct xdp_md ctx = {.data_end = sizeof(packet), .ingress_ifindex = LIVE_LOOPBACK};
	bool xdp = h->entry == BPFVM_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .ctx_in = xdp ? &ctx : NULL, .ctx_size_in = xdp ? sizeof(ctx) : 0,
		    .repeat = BY_HAND / 10);

	live_stay(h->cpu);
	live_packet(packet, 0);
	for (u32 i = 0; i < 10; i++)
		live_run(h->l, h->l->s->entry_fd[h->entry], &opts);
	return NULL;
}

/* The guest, its maps and their user; two threads that run it by hand. */
struct all {
	struct live *l;
	struct live_image g;
	struct user u;
	struct hand hand[2];
};

static void begin(struct all *a, struct live *l, const char *prog, const u32 entries[2])
{
	u32 cpu[2];

	live_cpus(cpu);
	*a = (struct all){.l = l, .g = live_put_image(l, "live_maps.o", prog)};
	a->u = (struct user){.l = l, .guest = &a->g};
	assert_int_equal(add_route(&a->u, live_map(l, &a->g, "routes"), 8), 0);
	for (u32 i = 0; i < 2; i++)
		a->hand[i] = (struct hand){.l = l, .entry = entries[i], .cpu = cpu[i]};
}

static void start_hands(struct all *a)
{
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&a->hand[i].thread, NULL, give, &a->hand[i]), 0);
}

/* User space joins in until all senders are done. */
static void join_in(struct all *a)
{
	const volatile struct tally *t = live_variables(a->l, &a->g);
	u64 end = live_seconds() + LIVE_PATIENCE;
	struct user *u = &a->u;

	while (t->runs < 2 * BY_HAND && live_seconds() < end) {
		churn_once(u);
		reroute(u);
		take_samples(u);
		watch(u);
		u->rounds++;
	}
	for (u32 i = 0; i < 2; i++)
		pthread_join(a->hand[i].thread, NULL);
}

/* When nothing runs any more. */
static void finish(struct all *a, struct bpfvm_hook *hook[], u32 hooks, u32 verdict)
{
	u64 runs = 0, locked = 0;

	take_samples(&a->u);
	for (u32 i = 0; i < hooks; i++) {
		struct bpfvm_count count = live_count(a->l, hook[i]);

		assert_true(count.runs >= PACKETS);
		assert_int_equal(live_traps(&count), count.stop[VM_TRAP_LOCK]);
		assert_int_equal(count.verdict[verdict + 1], count.stop[VM_STOP_EXIT]);
		runs += count.runs;
		locked += count.stop[VM_TRAP_LOCK];
	}
	assert_int_equal(((struct tally *)live_variables(a->l, &a->g))->runs, runs);
	assert_sums(a->l, &a->g, &a->u, locked);
	assert_true(a->u.rounds > 100);
	assert_whole(&a->u, "hash", HASH_KEYS, -E2BIG);
	assert_whole(&a->u, "churn", CHURN_ROOM, -E2BIG);
	assert_whole(&a->u, "recent", RECENT_ROOM, 0);
	bpfvm_image__free(a->g.image);
}

/* By hand on both sides of tc. */
static void test_tc(void **state)
{
	static const u32 entries[2] = {BPFVM_TC, BPFVM_EGRESS};
	struct live *l = *state;
	struct bpfvm_hook *hook[2];
	struct all a;

	begin(&a, l, "tc_count", entries);
	hook[0] = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_TC, a.g.slot, TC_ACT_OK);
	hook[1] = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_EGRESS, a.g.slot, TC_ACT_OK);
	start_hands(&a);
	join_in(&a);
	finish(&a, hook, 2, TC_ACT_SHOT);
}

/* XDP by hand, and the packets of two pairs of interfaces from both CPUs. */
static void test_traffic(void **state)
{
	static const u32 entries[2] = {BPFVM_XDP, BPFVM_XDP};
	struct live *l = *state;
	struct bpfvm_hook *hook[3];
	struct live_pair pair[2];
	struct live_flood f[2];
	struct all a;

	if (live_skipped(live_no_network))
		return;
	begin(&a, l, "xdp_count", entries);
	hook[2] = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, a.g.slot, XDP_ABORTED);
	for (u32 i = 0; i < 2; i++) {
		pair[i] = live_pair(i);
		hook[i] = live_hook(l, pair[i].rx, BPFVM_HOOK_XDP, a.g.slot, XDP_ABORTED);
		assert_int_equal(bpf_xdp_attach((int)pair[i].rx, l->s->entry_fd[BPFVM_XDP],
						i ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE, NULL),
				 0);
		f[i] = (struct live_flood){.pair = &pair[i], .salt = i, .cpu = a.hand[i].cpu,
					   .count = PACKETS};
	}
	start_hands(&a);
	for (u32 i = 0; i < 2; i++)
		live_flood_start(&f[i]);
	join_in(&a);
	for (u32 i = 0; i < 2; i++) {
		live_flood_wait(&f[i]);
		live_wait_for_runs(l, hook[i], PACKETS);
		live_receive(pair[i].rx, false);
		bpf_xdp_detach((int)pair[i].rx, 0, NULL);
		live_pair_close(&pair[i]);
	}
	live_wait_for_programs();
	assert_int_equal(live_count(l, hook[2]).runs, 2 * BY_HAND);
	finish(&a, hook, 3, XDP_DROP);
}

static int setup(void **state)
{
	(void)state;
	return live_compile("live_maps");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tc, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_traffic, live_open, live_close),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_enter_network();
	return cmocka_run_group_tests(tests, setup, live_compiled);
}
