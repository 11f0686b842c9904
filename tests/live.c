/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether two runs of the in-kernel machine ever mix their state, with real packets between
 * interfaces of a network of its own: on two CPUs at once, when there are fewer machines than runs,
 * and when one interrupts the other on the same CPU.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/pkt_cls.h>

#include "live_net.h"

#define PACKETS 20000u /* in one round of a flood */

/* A guest on an interface: slot, hook and what its notes say. */
struct post {
	struct live_guest guest;
	struct live_pair pair;
	struct live_notes *notes;
	struct bpfvm_hook *hook;
	u64 passed;
	bool attached;
};

static struct post posts[LIVE_PAIRS];

/* Why the test cannot be done, or NULL; finds two CPUs. */
static const char *missing(u32 cpu[2])
{
	return live_cpus(cpu) < 2 ? "it takes two CPUs" : live_no_network;
}

/* Puts a guest into slot `n` and in charge of a pair's receiving end. */
static void post_open(struct live *l, struct post *p, u32 pair, u32 n, u32 kind, u32 on_trap)
{
	p->pair = live_pair(pair);
	p->notes = live_upload(l, n, &p->guest);
	p->notes->ifindex = p->pair.rx;
	p->hook = live_hook(l, p->pair.rx, kind, n, on_trap);
	p->passed = 0;
}

static void post_attach(struct live *l, struct post *p, u32 mode)
{
	assert_int_equal(bpf_xdp_attach((int)p->pair.rx, l->s->entry_fd[BPFVM_XDP], mode, NULL), 0);
	p->attached = true;
}

/* After it nothing runs on the hook any more, and all counts are final. */
static void post_detach(struct post *p)
{
	live_receive(p->pair.rx, false);
	p->passed += live_passed(&p->pair);
	bpf_xdp_detach((int)p->pair.rx, 0, NULL);
	p->attached = false;
	live_wait_for_programs();
}

/* Also after a failed test. */
static int close_posts(void **state)
{
	for (u32 i = 0; i < LIVE_PAIRS; i++) {
		struct post *p = &posts[i];

		if (p->attached)
			bpf_xdp_detach((int)p->pair.rx, 0, NULL);
		if (p->pair.sender)
			live_pair_close(&p->pair);
		memset(p, 0, sizeof(*p));
	}
	return live_close(state);
}

/* What holds for every guest on a hook, whatever it shared the machine with. */
static void assert_undisturbed(const struct live *l, const char *name, const struct post *p)
{
	struct bpfvm_count count = live_count(l, p->hook);

	print_message("    %s: %" PRIu64 " runs, %" PRIu64 " beside the other guest, %" PRIu64
		      " on top of it\n",
		      name, p->notes->runs, p->notes->parallel, p->notes->interrupts);
	assert_int_equal(p->notes->mismatches, 0);
	assert_int_equal(p->notes->foreign, 0);
	assert_int_equal(p->notes->runs, count.runs);
	assert_int_equal(live_traps(&count), 0);
	assert_int_equal(count.verdict[p->guest.verdict + 1], count.runs);
	assert_true(p->notes->digest == p->notes->expect);
}

/* --- two CPUs --- */

static void open_two(struct live *l, u32 on_trap_a, u32 on_trap_b)
{
	posts[0].guest = (struct live_guest){.salt = 0xa5a5123487650f0full, .turns = 4, .me = 0,
					     .peer = 1, .verdict = XDP_DROP, LIVE_XDP};
	posts[1].guest = (struct live_guest){.salt = 0x1b2c3d4e5f607182ull, .turns = 5, .me = 1,
					     .peer = 0, .verdict = XDP_PASS, LIVE_XDP};
	post_open(l, &posts[0], 0, 3, BPFVM_HOOK_XDP, on_trap_a);
	post_open(l, &posts[1], 1, 60, BPFVM_HOOK_XDP, on_trap_b);
	post_attach(l, &posts[0], XDP_FLAGS_DRV_MODE);
	post_attach(l, &posts[1], XDP_FLAGS_DRV_MODE);
}

/* Sends to both at once, each from its own CPU; in odd rounds they change CPUs. */
static void flood_both(u32 round, const u32 cpu[2])
{
	struct live_flood f[2];

	for (u32 i = 0; i < 2; i++) {
		f[i] = (struct live_flood){.pair = &posts[i].pair, .salt = posts[i].guest.salt,
					   .cpu = cpu[(i + round) % 2], .count = PACKETS};
		live_flood_start(&f[i]);
	}
	for (u32 i = 0; i < 2; i++) {
		live_flood_wait(&f[i]);
		posts[i].passed += live_passed(&posts[i].pair);
	}
}

static void test_two_cpus(void **state)
{
	struct live *l = *state;
	u64 end = live_seconds() + LIVE_PATIENCE;
	u32 cpu[2];

	if (live_skipped(missing(cpu)))
		return;
	open_two(l, XDP_ABORTED, XDP_ABORTED);
	for (u32 round = 0; live_seconds() < end; round++) {
		flood_both(round, cpu);
		if (round >= 5 && posts[0].notes->runs > 100000 && posts[1].notes->runs > 100000 &&
		    posts[0].notes->parallel > 1000 && posts[1].notes->parallel > 1000)
			break;
	}
	for (u32 i = 0; i < 2; i++) {
		struct post *p = &posts[i];

		post_detach(p);
		assert_undisturbed(l, i ? "B" : "A", p);
		assert_true(p->notes->runs > 10000);
		assert_true(p->notes->parallel > 100);
		assert_true(p->notes->cpus == (2ull << cpu[0] | 2ull << cpu[1]));
		assert_int_equal(p->passed, i ? p->notes->runs : 0);
	}
}

/* --- fewer machines than runs --- */

/* Two CPUs race for the last machine: one gets it, the other gives the verdict for that case. */
static void test_last_machine(void **state)
{
	struct live *l = *state;
	u64 end = live_seconds() + LIVE_PATIENCE, refused;
	u32 cpu[2], last = l->s->machines - 1;

	if (live_skipped(missing(cpu)))
		return;
	live_claim_all_but(l, last);
	open_two(l, XDP_PASS, XDP_DROP);
	for (u32 round = 0; live_seconds() < end; round++) {
		flood_both(round, cpu);
		if (posts[0].notes->runs > 30000 && posts[1].notes->runs > 30000 &&
		    posts[0].passed > 5000)
			break;
	}
	post_detach(&posts[0]);
	post_detach(&posts[1]);
	refused = posts[0].passed; /* A's own verdict is to drop */
	print_message("    A was refused %" PRIu64 " times\n", refused);
	assert_true(refused > 100);
	for (u32 i = 0; i < 2; i++) {
		assert_undisturbed(l, i ? "B" : "A", &posts[i]);
		assert_true(posts[i].notes->runs > 5000);
		assert_true(posts[i].notes->parallel == 0);
	}
	assert_int_equal(posts[1].passed, posts[1].notes->runs);
	for (u32 i = 0; i < last; i++)
		assert_int_equal(l->s->machine[i].slot, BPFVM_SLOTS); /* never touched */
	assert_int_equal(l->s->machine[last].busy, 0);
}

/* --- one CPU --- */

/* The program for tc, on the receiving end of a pair; gone with the network. */
static int attach_tc(struct live *l, u32 ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = l->s->entry_fd[BPFVM_TC]);
	int ret = bpf_tc_hook_create(&hook);

	return ret && ret != -EEXIST ? ret : bpf_tc_attach(&hook, &opts);
}

static void detach_tc(u32 ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	bpf_tc_hook_destroy(&hook);
}

/* Lets packets be received on `cpu`, by an interrupt there if they were sent on another one. */
static bool receive_on(u32 pair, u32 cpu)
{
	char path[64], mask[64] = "";

	snprintf(path, sizeof(path), "/sys/class/net/rx%u/queues/rx-0/rps_cpus", pair);
	snprintf(mask, sizeof(mask), "%x", 1u << cpu % 32);
	for (u32 i = cpu / 32; i; i--)
		strcat(mask, ",0");
	return live_write_file(path, mask);
}

/* Guests of XDP and tc on the same packets, one after the other, and a long one to interrupt. */
static struct live_notes *open_stack(struct live *l, struct live_guest *longer)
{
	const u64 salt = 0x600df00d12345678ull;

	posts[0].guest = (struct live_guest){.salt = salt, .turns = 3, .me = 1, .peer = 0,
					     .verdict = XDP_PASS, LIVE_XDP};
	posts[1].guest = (struct live_guest){.salt = salt, .turns = 4, .me = 2, .peer = 0,
					     .verdict = TC_ACT_OK, LIVE_TC};
	post_open(l, &posts[0], 0, 11, BPFVM_HOOK_XDP, XDP_ABORTED);
	post_open(l, &posts[1], 0, 12, BPFVM_HOOK_TC, TC_ACT_SHOT);
	*longer = (struct live_guest){.salt = 0x77777, .turns = 2000, .me = 0, .peer = 1};
	return live_upload(l, 13, longer);
}

/* Runs the long guest on machine `n` under packets from `cpu`; returns its interruptions. */
static u64 run_under_packets(struct live *l, u32 n, u32 cpu, u64 *runs)
{
	u64 before = posts[0].notes->interrupts + posts[1].notes->interrupts;
	struct live_flood f = {.pair = &posts[0].pair, .salt = posts[0].guest.salt, .cpu = cpu,
			       .count = PACKETS / 10};
	struct bpfvm_machine *m = live_claim(l, n);

	live_flood_start(&f);
	for (u32 i = 0; i < 4; i++, ++*runs) {
		live_prepare(l, m, 13, BPFVM_SLICE);
		assert_int_equal(live_finish(l, m, BPFVM_SLICE), VM_STOP_EXIT);
		assert_int_equal(m->st.reg[0], 0);
	}
	live_flood_wait(&f);
	live_release(m);
	return posts[0].notes->interrupts + posts[1].notes->interrupts - before;
}

/*
 * A long run on one CPU, packets from another one: the interrupt that they come with halts the run,
 * and other guests run on top of it. The long run holds the CPU's own machine or a spare one.
 */
static void test_interrupted(void **state)
{
	struct live *l = *state;
	struct live_guest longer;
	struct live_notes *notes;
	u64 end = live_seconds() + LIVE_PATIENCE, runs = 0, own = 0, spare = 0;
	u32 cpu[2];

	if (live_skipped(missing(cpu)))
		return;
	notes = open_stack(l, &longer);
	if (!receive_on(0, cpu[0]) || attach_tc(l, posts[1].pair.rx)) {
		live_skipped("no receive packet steering, or no tc");
		return;
	}
	post_attach(l, &posts[0], XDP_FLAGS_SKB_MODE);
	live_stay(cpu[0]);
	while (live_seconds() < end && (own < 1000 || spare < 1000)) {
		own += run_under_packets(l, cpu[0], cpu[1], &runs);
		spare += run_under_packets(l, l->s->machines - 1, cpu[1], &runs);
	}
	detach_tc(posts[1].pair.rx);
	post_detach(&posts[0]);
	print_message("    %" PRIu64 " long runs, interrupted %" PRIu64 " times on the CPU's own "
		      "machine, %" PRIu64 " times on a spare one\n", notes->runs, own, spare);
	assert_true(own > 20 && spare > 20);
	assert_int_equal(notes->runs, runs);
	assert_int_equal(notes->mismatches, 0);
	for (u32 i = 0; i < 2; i++) {
		assert_undisturbed(l, i ? "tc" : "xdp", &posts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_cpus, live_open, close_posts),
		cmocka_unit_test_setup_teardown(test_last_machine, live_open, close_posts),
		cmocka_unit_test_setup_teardown(test_interrupted, live_open, close_posts),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_enter_network();
	return cmocka_run_group_tests(tests, live_listen, live_heard);
}
