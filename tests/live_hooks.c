/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Several guests on one hook: their order, which verdicts and traps let the next one run, and that
 * none of them notices another one; by hand and under real traffic.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/pkt_cls.h>

#include "live_image.h"
#include "live_net.h"
#include "objects/live_hooks.h"


static const u32 pass[BPFVM_HOOK_KINDS] = {XDP_PASS, TC_ACT_OK, TC_ACT_OK};
static const u32 drop[BPFVM_HOOK_KINDS] = {XDP_DROP, TC_ACT_SHOT, TC_ACT_SHOT};

struct signer {
	struct live_image guest;
	struct orders *orders;
};

/* The guest `name` at a hook; it lets packets pass until it is told otherwise. */
static struct signer put(struct live *l, u32 ifindex, u32 kind, s32 priority, u32 name)
{
	bool xdp = kind == BPFVM_HOOK_XDP;
	struct signer s = {.guest = live_hook_image(l, "live_hooks.o",
						    xdp ? "xdp_guest" : "tc_guest", ifindex, kind,
						    priority, drop[kind])};

	s.orders = live_variables(l, &s.guest);
	s.orders->name = name;
	s.orders->verdict = (int)pass[kind];
	return s;
}

static void free_signers(struct signer *s, u32 n)
{
	while (n--)
		bpfvm_image__free(s[n].guest.image);
}

/* Shows the guests one packet and compares the verdict, and who signed it in which order. */
static void assert_signed(struct live *l, u32 kind, u32 verdict, const char *names)
{
	struct live_bytes p = {.size = LIVE_PACKET};
	u32 n = (u32)strlen(names);

	live_packet(p.data, 0);
	assert_int_equal(live_show_hook(l, kind, &p), verdict);
	assert_int_equal(p.size, LIVE_PACKET);
	assert_int_equal(p.data[SIGNATURES], n);
	assert_memory_equal(&p.data[SIGNATURES + 1], names, n);
}

/* --- by hand --- */

/* Lower priorities first; of the same one, who came first. */
static void test_order(void **state)
{
	static const s32 priorities[] = {30, 10, 20, 10, -5};
	struct live *l = *state;
	struct signer s[5];

	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++) {
		for (u32 i = 0; i < 5; i++)
			s[i] = put(l, LIVE_LOOPBACK, kind, priorities[i], 'A' + i);
		assert_signed(l, kind, pass[kind], "EBDCA");
		for (u32 i = 0; i < 5; i++) {
			struct bpfvm_count count = live_count(l, s[i].guest.hook);

			assert_int_equal(s[i].orders->runs, 1);
			assert_int_equal(count.runs, 1);
			assert_int_equal(count.stop[VM_STOP_EXIT], 1);
			assert_int_equal(count.verdict[pass[kind] + 1], 1);
		}
		live_clear_hooks(l);
		free_signers(s, 5);
	}
}

/* The next guest runs on XDP_PASS, TC_ACT_OK, TC_ACT_UNSPEC, and on no other number. */
static void test_verdicts(void **state)
{
	static const int verdicts[] = {-2, TC_ACT_UNSPEC, 0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 77,
				       INT32_MAX, INT32_MIN};
	struct live *l = *state;
	struct signer s[2];

	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++) {
		s[0] = put(l, LIVE_LOOPBACK, kind, 1, 'A');
		s[1] = put(l, LIVE_LOOPBACK, kind, 2, 'B');
		for (u32 i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
			int v = s[0].orders->verdict = verdicts[i];
			bool on = kind == BPFVM_HOOK_XDP ? v == XDP_PASS :
							   v == TC_ACT_OK || v == TC_ACT_UNSPEC;

			s[1].orders->verdict = 4;
			assert_signed(l, kind, on ? 4 : (u32)v, on ? "AB" : "A");
			s[1].orders->verdict = v; /* the last one's decides, whatever it is */
			assert_signed(l, kind, (u32)v, on ? "AB" : "A");
		}
		live_clear_hooks(l);
		free_signers(s, 2);
	}
}

/* A trap that lets the packet pass lets the next guest run; another one is the verdict. */
static void test_traps(void **state)
{
	struct live *l = *state;
	struct bpfvm_count count;
	struct signer s[3];

	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++) {
		for (u32 i = 0; i < 3; i++)
			s[i] = put(l, LIVE_LOOPBACK, kind, (s32)i, 'A' + i);
		s[1].orders->trap = VM_ADDRESS(VM_REGION_PACKET, LIVE_PACKET);
		assert_signed(l, kind, drop[kind], "AB");
		s[1].guest.hook->on_trap = pass[kind];
		assert_signed(l, kind, pass[kind], "ABC");
		s[2].orders->trap = 8; /* near NULL */
		s[2].guest.hook->on_trap = 5;
		assert_signed(l, kind, 5, "ABC");
		count = live_count(l, s[1].guest.hook);
		assert_int_equal(count.runs, 3);
		assert_int_equal(count.stop[VM_TRAP_BOUNDS], 3);
		assert_int_equal(count.verdict[drop[kind] + 1], 1);
		assert_int_equal(count.verdict[pass[kind] + 1], 2);
		count = live_count(l, s[2].guest.hook);
		assert_int_equal(count.runs, 2);
		assert_int_equal(count.stop[VM_STOP_EXIT], 1);
		assert_int_equal(count.stop[VM_TRAP_BOUNDS], 1);
		assert_int_equal(count.verdict[5 + 1], 1);
		live_clear_hooks(l);
		free_signers(s, 3);
	}
}

/* How many instructions the guest takes for a packet, as another core counts them. */
static u64 steps_of(struct signer *s)
{
	struct bpfvm_result result;
	struct bpfvm_core *core;
	struct bpfvm_error err;
	u8 packet[LIVE_PACKET];

	live_packet(packet, 0);
	memcpy(s->guest.image->area[VM_REGION_DATA].data, s->orders, sizeof(*s->orders));
	assert_int_equal(bpfvm_core__open("table", &core, &err), 0);
	assert_int_equal(bpfvm_core__load(core, s->guest.image, &err), 0);
	assert_int_equal(bpfvm_core__packet(core, packet, sizeof(packet), &err), 0);
	assert_int_equal(bpfvm_core__run(core, BPFVM_SLICE, &result, &err), 0);
	assert_int_equal(result.stop, VM_STOP_EXIT);
	bpfvm_core__close(core);
	return result.steps;
}

/* Each guest has a budget of its own, to the last instruction. */
static void test_budgets(void **state)
{
	struct live *l = *state;
	struct signer s[4];
	u64 steps;

	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++) {
		for (u32 i = 0; i < 4; i++) {
			s[i] = put(l, LIVE_LOOPBACK, kind, (s32)i, 'A' + i);
			s[i].guest.hook->on_trap = pass[kind];
		}
		s[1].orders->turns = s[2].orders->turns = 1000;
		steps = steps_of(&s[1]);
		assert_true(steps > 2000);
		s[0].orders->turns = ~0u;
		s[0].guest.hook->budget = 12345;
		s[1].guest.hook->budget = steps;
		s[2].guest.hook->budget = steps - 1;
		assert_signed(l, kind, pass[kind], "ABCD");
		for (u32 i = 0; i < 4; i++) {
			struct bpfvm_count count = live_count(l, s[i].guest.hook);

			assert_int_equal(count.runs, 1);
			assert_int_equal(count.stop[i & 1 ? VM_STOP_EXIT : VM_TRAP_STEPS], 1);
			assert_int_equal(count.insns, i < 3 ? s[i].guest.hook->budget :
							      steps_of(&s[3]));
		}
		live_clear_hooks(l);
		free_signers(s, 4);
	}
}

/* All rows at one hook. */
static void test_longest(void **state)
{
	struct signer s[BPFVM_HOOKS];
	struct live *l = *state;
	struct live_bytes p = {.size = LIVE_PACKET};

	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		s[i] = put(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, 0, i);
	s[BPFVM_HOOKS - 1].orders->verdict = XDP_TX;
	live_packet(p.data, 0);
	assert_int_equal(live_show_hook(l, BPFVM_HOOK_XDP, &p), XDP_TX);
	assert_int_equal(p.data[SIGNATURES], BPFVM_HOOKS);
	for (u32 i = 0; i < SIGNERS; i++)
		assert_int_equal(p.data[SIGNATURES + 1 + i], i);
	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		assert_int_equal(live_count(l, s[i].guest.hook).runs, 1);
	free_signers(s, BPFVM_HOOKS);
}

/* Guests that look for remains of others in registers and stack, one behind the other. */
static void test_remains(void **state)
{
	struct live_guest g[3];
	struct live_notes *notes[3];
	struct live *l = *state;

	l->board = (void *)(l->s->memory + live_alloc(l, sizeof(*l->board)));
	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++) {
		for (u32 i = 0; i < 3; i++) {
			g[i] = (struct live_guest){.salt = 0x123456789abcull, .turns = 2 + i,
						   .me = i, .peer = i, .verdict = pass[kind],
						   LIVE_TC};
			if (kind == BPFVM_HOOK_XDP)
				g[i] = (struct live_guest){.salt = 0x123456789abcull,
							   .turns = 2 + i, .me = i, .peer = i,
							   .verdict = pass[kind], LIVE_XDP};
			notes[i] = live_upload(l, 10 + i, &g[i]);
			notes[i]->ifindex = LIVE_LOOPBACK;
			live_hook(l, LIVE_LOOPBACK, kind, 10 + i, drop[kind]);
		}
		for (u32 i = 0; i < 100; i++) {
			struct live_bytes p = {.size = LIVE_PACKET};

			live_packet(p.data, g[0].salt);
			assert_int_equal(live_show_hook(l, kind, &p), pass[kind]);
		}
		for (u32 i = 0; i < 3; i++) {
			assert_int_equal(notes[i]->runs, 100);
			assert_int_equal(notes[i]->mismatches + notes[i]->foreign, 0);
		}
		live_clear_hooks(l);
	}
}

/* --- under traffic --- */

#define FLOOD 60000u /* packets from each CPU */
#define THREE 3

/* Three guests: one to pass, one that traps, which lets pass, one to end with. */
static void put_three(struct live *l, struct signer s[THREE], u32 ifindex, u32 kind, u32 verdict)
{
	for (u32 i = 0; i < THREE; i++)
		s[i] = put(l, ifindex, kind, (s32)i, 'A' + i);
	s[1].orders->trap = 16;
	s[1].guest.hook->on_trap = pass[kind];
	s[2].orders->verdict = (int)verdict;
}

static void attach_tc(int prog, u32 ifindex, enum bpf_tc_attach_point where)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog);
	int ret = bpf_tc_hook_create(&hook);

	assert_true(!ret || ret == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

/* Each packet met all three, or none; counts agree with what the guests counted. */
static u64 assert_exact(struct live *l, struct signer s[THREE], const char *name, u32 kind)
{
	struct bpfvm_count count[THREE];

	for (u32 i = 0; i < THREE; i++) {
		count[i] = live_count(l, s[i].guest.hook);
		assert_int_equal(count[i].runs, s[i].orders->runs);
		assert_int_equal(count[i].runs, count[0].runs);
		assert_int_equal(count[i].stop[i == 1 ? VM_TRAP_BOUNDS : VM_STOP_EXIT],
				 count[i].runs);
		assert_int_equal(count[i].verdict[(u32)s[i].orders->verdict + 1], count[i].runs);
	}
	assert_int_equal(count[0].insns, count[0].runs * steps_of(&s[0]));
	assert_int_equal(count[2].insns, count[2].runs * steps_of(&s[2]));
	print_message("    %s, %s: %" PRIu64 " packets\n", name, bpfvm_hook_kind__name(kind),
		      count[0].runs);
	return count[0].runs;
}

/* Chains at four places, on the way of packets from two CPUs. */
static void test_flood(void **state)
{
	struct signer xdp[2][THREE], out[THREE], in[THREE];
	struct live_flood f[2];
	struct live_pair pair[2];
	struct live *l = *state;
	u32 cpu[2];

	if (live_skipped(live_cpus(cpu) < 2 ? "it takes two CPUs" : live_no_network))
		return;
	for (u32 i = 0; i < 2; i++) {
		pair[i] = live_pair(i);
		put_three(l, xdp[i], pair[i].rx, BPFVM_HOOK_XDP, i ? XDP_DROP : XDP_PASS);
		assert_int_equal(bpf_xdp_attach((int)pair[i].rx, l->s->entry_fd[BPFVM_XDP],
						i ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE, NULL),
				 0);
	}
	put_three(l, out, pair[0].tx, BPFVM_HOOK_EGRESS, TC_ACT_OK);
	put_three(l, in, pair[0].rx, BPFVM_HOOK_TC, TC_ACT_SHOT);
	attach_tc(l->s->entry_fd[BPFVM_EGRESS], pair[0].tx, BPF_TC_EGRESS);
	attach_tc(l->s->entry_fd[BPFVM_TC], pair[0].rx, BPF_TC_INGRESS);
	for (u32 i = 0; i < 2; i++) {
		f[i] = (struct live_flood){.pair = &pair[i], .salt = i, .cpu = cpu[i],
					   .count = FLOOD};
		live_flood_start(&f[i]);
	}
	for (u32 i = 0; i < 2; i++) {
		live_flood_wait(&f[i]);
		live_wait_for_runs(l, xdp[i][2].guest.hook, FLOOD);
		live_receive(pair[i].rx, false);
		bpf_xdp_detach((int)pair[i].rx, 0, NULL);
	}
	live_wait_for_programs();
	assert_true(assert_exact(l, out, "tx0", BPFVM_HOOK_EGRESS) >= FLOOD); /* the refused, too */
	assert_int_equal(assert_exact(l, xdp[0], "rx0", BPFVM_HOOK_XDP), FLOOD);
	assert_int_equal(assert_exact(l, in, "rx0", BPFVM_HOOK_TC), FLOOD);
	assert_int_equal(assert_exact(l, xdp[1], "rx1", BPFVM_HOOK_XDP), FLOOD);
	assert_int_equal(live_passed(&pair[1]), 0);
	for (u32 i = 0; i < 2; i++) {
		live_pair_close(&pair[i]);
		free_signers(xdp[i], THREE);
	}
	free_signers(out, THREE);
	free_signers(in, THREE);
}

static int setup(void **state)
{
	(void)state;
	return live_compile("live_hooks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_verdicts, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_traps, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_budgets, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_longest, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_remains, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_flood, live_open, live_close),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_enter_network();
	return cmocka_run_group_tests(tests, setup, live_compiled);
}
