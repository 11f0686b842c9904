/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the in-kernel machine is safe whatever bytes are in its maps: every run ends, and a good
 * guest is right again afterwards. The first test of all is that the kernel is still there.
 */
#define _GNU_SOURCE
#include "live_garble.h"

/* One question of user space about a map of the guest, or about what is none. */
static int live_ask(struct live *l, const u32 at[MAP_COUNT])
{
	struct bpfvm_map_call call = {
		.verb = random_u32() % 5, .map = random_u32() % 16 ? at[random_u32() % MAP_COUNT] :
								     random_near(BPFVM_MEMORY),
		.key = random_u32() & 3 ? l->s->desk + random_u32() % 64 :
					  random_near(BPFVM_MEMORY),
		.value = random_u32() & 3 ? l->s->desk + random_u32() % 64 :
					    random_near(BPFVM_MEMORY),
		.cpu = random_near(l->s->cpus), .first = random_u32() & 1,
		.flags = random_u32() % 8 ? 0 : random_u32() % 4};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &call, .data_size_in = sizeof(call));

	return (int)live_run(l, l->s->entry_fd[BPFVM_MAP], &opts);
}

static void assert_none_busy(const struct live *l)
{
	for (u32 i = 0; i < l->s->machines; i++)
		assert_int_equal(l->s->machine[i].busy, 0);
}

/* One run each of XDP, tc ingress and tc egress; counts how they stopped on machine `m`. */
static void run_all(struct live *l, struct bpfvm_machine *m, u32 seen[VM_STOPS])
{
	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++) {
		m->st.stop = VM_STOP_NONE;
		if (kind == BPFVM_HOOK_XDP)
			live_xdp(l, LIVE_LOOPBACK, 0);
		else if (kind == BPFVM_HOOK_TC)
			live_tc(l, 0);
		else
			live_egress(l, 0);
		assert_int_equal(l->failed, 0); /* the kernel gave a verdict */
		assert_true(m->st.stop < VM_STOPS);
		seen[m->st.stop]++;
		assert_none_busy(l);
	}
}

/* Slots, points, hooks and code as no loader would write them, through all hooks. */
static void test_garbage_slots(void **state)
{
	struct live *l = *state;
	u32 cpu[2], seen[VM_STOPS] = {0};

	live_cpus(cpu);
	live_stay(cpu[0]);
	fill(l->s->code, BPFVM_SLOTS * BPFVM_CODE * sizeof(struct vm_insn));
	for (u32 i = 0; i < 10000; i++) {
		garble_slot(&l->s->slot[SLOT]);
		garble_code(live_code(l, SLOT));
		for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++)
			garble_hooks(l, kind);
		run_all(l, &l->s->machine[cpu[0]], seen);
	}
	print_seen(seen);
	assert_true(kinds(seen) >= 8);
	assert_recovers(l);
}

/* Damaged maps of a guest that calls helpers, mended from time to time; user space asks, too. */
static void test_garbage_maps(void **state)
{
	struct live *l = *state;
	u32 cpu[2], seen[VM_STOPS] = {0}, at[MAP_COUNT] = {0}, answers[2] = {0};

	live_cpus(cpu);
	live_stay(cpu[0]);
	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++)
		live_hook(l, LIVE_LOOPBACK, kind, SLOT, XDP_DROP)->budget = BUDGET;
	for (u32 i = 0; i < 10000; i++) {
		if (i % 32 == 0) {
			l->s->slot[SLOT] = (struct bpfvm_slot){.len = 64, .version = ++l->version};
			make_maps(l, at);
			live_row(&l->s->slot[SLOT], VM_REGION_DATA, l->s->desk, 4096);
		}
		put_calls(live_code(l, SLOT));
		garble_map(l, at);
		run_all(l, &l->s->machine[cpu[0]], seen);
		answers[live_ask(l, at) >= 0]++;
	}
	print_seen(seen);
	print_message("    asked: %u did, %u did not\n", answers[1], answers[0]);
	assert_true(seen[VM_STOP_EXIT] > 100 && seen[VM_TRAP_ARGUMENT] > 100);
	assert_true(answers[0] > 100 && answers[1] > 100);
	assert_recovers(l);
}

/* The state of a machine as no run leaves it behind, on the hooks and through the syscall. */
static void test_garbage_machines(void **state)
{
	struct live *l = *state;
	u32 cpu[2], seen[VM_STOPS] = {0}, n;
	struct bpfvm_machine *m;

	live_cpus(cpu);
	live_stay(cpu[0]);
	m = &l->s->machine[cpu[0]];
	for (u32 i = 0; i < 10000; i++) {
		garble_slot(&l->s->slot[SLOT]);
		garble_code(live_code(l, SLOT));
		fill(m, sizeof(*m));
		m->st.left = random_u32() % 500 ? random_u32() % BUDGET : m->st.left;
		m->st.pc = random_u32() & 1 ? random_u32() % 64 : m->st.pc;
		m->one = random_u32() & 1 ? 1 : m->one;
		m->slot = random_u32() % 8 ? SLOT : random_near(BPFVM_SLOTS);
		n = live_call(l, random_u32() % 8 ? cpu[0] : random_near(l->s->machines));
		assert_true(n < VM_STOPS);
		seen[n]++;
		m->busy = 0;
		for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++)
			garble_hooks(l, kind);
		run_all(l, m, seen);
	}
	print_seen(seen);
	assert_true(seen[VM_TRAP_EMPTY] && kinds(seen) >= 8);
	assert_recovers(l);
}

/* An endless loop with all the budget there is: the kernel ends it first, and that is no EXIT. */
static void test_endless(void **state)
{
	struct live *l = *state;
	struct bpfvm_machine *m = live_claim(l, l->s->machines - 1);
	struct bpfvm_hook *hook = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, SLOT, XDP_DROP);
	struct bpfvm_count count;

	*live_code(l, SLOT) = (struct vm_insn){BPF_JMP | BPF_JA, 0, -1, 0};
	l->s->slot[SLOT] = (struct bpfvm_slot){.len = 1, .version = 1};
	hook->budget = ~0ull;
	assert_int_equal(live_xdp(l, LIVE_LOOPBACK, 0), XDP_DROP);
	count = live_count(l, hook);
	assert_int_equal(count.runs, 1);
	assert_int_equal(count.stop[VM_STOP_NONE], 1);
	assert_true(count.insns > BPFVM_SLICE);
	live_prepare(l, m, SLOT, ~0ull);
	assert_int_equal(live_call(l, l->s->machines - 1), VM_STOP_NONE);
	assert_true(m->st.left < ~0ull);
	assert_recovers(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_garbage_slots, open_garbage, close_garbage),
		cmocka_unit_test_setup_teardown(test_garbage_machines, open_garbage, close_garbage),
		cmocka_unit_test_setup_teardown(test_garbage_maps, open_garbage, close_garbage),
		cmocka_unit_test_setup_teardown(test_endless, open_garbage, close_garbage),
	};
	int code;

	if (!live_possible(&code))
		return code;
	unshare(CLONE_NEWNET); /* what guests send goes nowhere */
	return cmocka_run_group_tests(tests, live_listen, live_heard);
}
