/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether runs of the in-kernel machine mix their state when many threads start them, through hooks
 * and the syscall entry point, when no machine is free, and while a hook changes its guest.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/pkt_cls.h>

#include "live_net.h"

/* --- no machine --- */

/* Every machine is taken: no run, and of each hook the verdict for that case. */
static void assert_refused(struct live *l, struct bpfvm_hook *hook, u64 salt, u64 tc_salt)
{
	static const u32 verdicts[] = {XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX};

	for (u32 i = 0; i < 4; i++) {
		hook->on_trap = verdicts[i];
		assert_int_equal(live_xdp(l, LIVE_LOOPBACK, salt), verdicts[i]);
	}
	hook->on_trap = XDP_DROP;
	assert_int_equal(live_tc(l, tc_salt), TC_ACT_OK);
}

/* No machine but one: a spare one serves every CPU as soon as it is free, a CPU's own only that. */
static void test_no_machine(void **state)
{
	struct live *l = *state;
	struct live_guest g = {.salt = 77, .turns = 3, .peer = 1, .verdict = XDP_PASS, LIVE_XDP};
	struct live_guest t = {.salt = 78, .turns = 3, .peer = 1, .verdict = TC_ACT_SHOT, LIVE_TC};
	struct live_notes *xdp = live_upload(l, 5, &g), *tc = live_upload(l, 6, &t);
	struct bpfvm_hook *hook = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, 5, XDP_DROP);
	u32 cpu[2], runs = 0;

	live_cpus(cpu);
	live_stay(cpu[1]);
	xdp->ifindex = tc->ifindex = LIVE_LOOPBACK;
	live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_TC, 6, TC_ACT_OK);
	live_claim_all_but(l, l->s->machines);
	for (u32 i = 0; i < l->s->machines; i++) {
		bool serves = i == cpu[1] || i >= l->s->cpus;

		assert_refused(l, hook, g.salt, t.salt);
		live_release(&l->s->machine[i]);
		assert_int_equal(live_xdp(l, LIVE_LOOPBACK, g.salt), serves ? XDP_PASS : XDP_DROP);
		assert_int_equal(live_tc(l, t.salt), serves ? TC_ACT_SHOT : TC_ACT_OK);
		assert_int_equal(l->s->machine[i].slot, serves ? 6 : BPFVM_SLOTS);
		live_claim(l, i);
		runs += serves;
		assert_int_equal(xdp->runs, runs);
		assert_int_equal(tc->runs, runs);
	}
	assert_int_equal(xdp->mismatches + xdp->foreign + tc->mismatches + tc->foreign, 0);
	/* what assert_refused sent, and two packets for each machine of another CPU */
	assert_int_equal(bpfvm_network__refused(l->s), l->s->machines * 5 + (l->s->cpus - 1) * 2);
}

/* --- many threads --- */

/* A thread that runs one guest again and again, until all have run often and met another. */
struct worker {
	struct live *l;
	struct live_guest guest;
	struct live_notes *notes;
	pthread_t thread;
	u32 cpu;
	u32 slot;
	u32 machine; /* its own, for the syscall entry point */
	u32 ifindex; /* or a hook's for XDP */
	u64 done;
	u64 bad; /* runs that ended otherwise than they should */
};

#define WORKERS 5
#define SLICED 3  /* of them through the syscall, halting between slices: peers of all */
#define GOAL 1000 /* runs of each */

static struct worker worker[WORKERS];
static u32 workers;

/* In slices of odd lengths, so that others run between them. */
static bool work_sliced(struct worker *w)
{
	struct bpfvm_machine *m = &w->l->s->machine[w->machine];
	u64 slice = 1000 + w->done % 13 * 777;

	live_prepare(w->l, m, w->slot, slice);
	w->done++;
	return live_finish(w->l, m, slice) == VM_STOP_EXIT && m->st.reg[0] == w->guest.verdict;
}

static bool work_xdp(struct worker *w)
{
	w->done++;
	return live_xdp(w->l, w->ifindex, w->guest.salt) == w->guest.verdict;
}

static bool all_done(void)
{
	for (u32 i = 0; i < workers; i++) {
		volatile struct live_notes *n = worker[i].notes;

		if (n->runs < GOAL || !(n->parallel + n->interrupts))
			return false;
	}
	return true;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	u64 end = live_seconds() + LIVE_PATIENCE;

	live_stay(w->cpu);
	while (!all_done() && live_seconds() < end)
		w->bad += !(w->ifindex ? work_xdp(w) : work_sliced(w));
	return NULL;
}

static void open_worker(struct live *l, struct worker *w, u32 i, const u32 cpu[2])
{
	bool xdp = i >= SLICED;

	*w = (struct worker){.l = l, .cpu = cpu[i & 1], .slot = 20 + i};
	w->guest = (struct live_guest){.salt = 0xdeadbeef12345ull * (i + 1), .me = i,
				       .peer = (i + 1) % SLICED, .turns = xdp ? 10 : 100 + i,
				       .verdict = 1 + i % 2, LIVE_XDP};
	w->notes = live_upload(l, w->slot, &w->guest);
	if (!xdp) {
		w->machine = i ? l->s->machines - i : w->cpu; /* one of them the CPU's own */
		live_claim(l, w->machine);
		return;
	}
	w->ifindex = i == SLICED ? LIVE_LOOPBACK : if_nametoindex("rx0");
	w->notes->ifindex = w->ifindex;
	live_hook(l, w->ifindex, BPFVM_HOOK_XDP, w->slot, XDP_ABORTED);
}

static void assert_worked(const struct worker *w)
{
	print_message("    %s, CPU %u: %" PRIu64 " runs, %" PRIu64 " during another guest's\n",
		      w->ifindex ? "xdp" : "slices", w->cpu, w->notes->runs,
		      w->notes->parallel + w->notes->interrupts);
	assert_int_equal(w->bad, 0);
	assert_int_equal(w->notes->runs, w->done);
	assert_int_equal(w->notes->mismatches + w->notes->foreign, 0);
	assert_true(w->done >= 20);
	assert_true(w->notes->parallel + w->notes->interrupts);
}

/* Three guests in slices and two on hooks, by threads that share CPUs. */
static void test_threads(void **state)
{
	u32 cpu[2];

	live_cpus(cpu);
	workers = live_no_network ? WORKERS - 1 : WORKERS;
	for (u32 i = 0; i < workers; i++)
		open_worker(*state, &worker[i], i, cpu);
	for (u32 i = 0; i < workers; i++)
		assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
	for (u32 i = 0; i < workers; i++)
		pthread_join(worker[i].thread, NULL);
	for (u32 i = 0; i < workers; i++)
		assert_worked(&worker[i]);
}

/* --- a hook that changes its guest --- */

static bool swapping;
static u32 swapper_cpu;

static void *swap(void *arg)
{
	volatile u32 *slot = arg;

	live_stay(swapper_cpu);
	while (__atomic_load_n(&swapping, __ATOMIC_RELAXED))
		*slot ^= 1;
	return NULL;
}

/* One thread flips the hook between two guests, another one runs it: each run is one guest's. */
static void test_swap(void **state)
{
	struct live *l = *state;
	u64 end = live_seconds() + LIVE_PATIENCE, runs = 0;
	struct live_guest g = {.salt = 0x1111111111, .turns = 1, .peer = 1, .verdict = XDP_PASS};
	struct live_guest h = {.salt = 0x2222222222, .turns = 2, .me = 1, .verdict = XDP_DROP};
	struct live_notes *a = live_upload(l, 30, &g), *b = live_upload(l, 31, &h);
	struct bpfvm_hook *hook = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, 30, XDP_ABORTED);
	struct bpfvm_count count;
	pthread_t thread;
	u32 cpu[2];

	hook->context = 0; /* the packet is for both */
	live_cpus(cpu);
	live_stay(cpu[0]);
	swapper_cpu = cpu[1];
	swapping = true;
	assert_int_equal(pthread_create(&thread, NULL, swap, &hook->slot), 0);
	for (; live_seconds() < end && (a->runs < 100000 || b->runs < 100000); runs++)
		live_xdp(l, LIVE_LOOPBACK, 0);
	swapping = false;
	pthread_join(thread, NULL);
	print_message("    A: %" PRIu64 " runs, B: %" PRIu64 " runs\n", a->runs, b->runs);
	assert_true(a->runs > 100 && b->runs > 100);
	assert_int_equal(a->runs + b->runs, runs);
	count = live_count(l, hook);
	assert_int_equal(count.runs, runs);
	assert_int_equal(count.verdict[XDP_PASS + 1], a->runs);
	assert_int_equal(count.verdict[XDP_DROP + 1], b->runs);
	assert_int_equal(a->mismatches + b->mismatches + live_traps(&count), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_machine, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_threads, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_swap, live_open, live_close),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_enter_network();
	return cmocka_run_group_tests(tests, live_listen, live_heard);
}
