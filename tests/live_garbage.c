/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the in-kernel machine is safe whatever bytes are in its maps: every run ends, and a good
 * guest is right again afterwards. The first test of all is that the kernel is still there.
 */
#define _GNU_SOURCE
#include "live_random.h"

static void assert_none_busy(const struct live *l)
{
	for (u32 i = 0; i < l->s->machines; i++)
		assert_int_equal(l->s->machine[i].busy, 0);
}

/* Slots, hooks and code as no loader would write them, through both hooks. */
static void test_garbage_slots(void **state)
{
	struct live *l = *state;
	u32 cpu[2], seen[VM_STOPS] = {0};
	struct bpfvm_machine *m;

	live_cpus(cpu);
	live_stay(cpu[0]);
	m = &l->s->machine[cpu[0]];
	fill(l->s->code, BPFVM_SLOTS * BPFVM_CODE * sizeof(struct vm_insn));
	for (u32 i = 0; i < 20000; i++) {
		garble_slot(&l->s->slot[SLOT]);
		garble_code(live_code(l, SLOT));
		garble_hook(&l->s->hook[BPFVM_HOOK(LIVE_LOOPBACK, BPFVM_HOOK_XDP)], BPFVM_HOOK_XDP);
		garble_hook(&l->s->hook[BPFVM_HOOK(LIVE_LOOPBACK, BPFVM_HOOK_TC)], BPFVM_HOOK_TC);
		live_xdp(l, LIVE_LOOPBACK, 0);
		assert_true(m->st.stop < VM_STOPS);
		seen[m->st.stop]++;
		live_tc(l, 0);
		assert_true(m->st.stop < VM_STOPS);
		seen[m->st.stop]++;
		assert_none_busy(l);
	}
	print_seen(seen);
	assert_true(kinds(seen) >= 5);
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
	for (u32 i = 0; i < 20000; i++) {
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
		garble_hook(&l->s->hook[BPFVM_HOOK(LIVE_LOOPBACK, i & 1)], i & 1);
		if (i & 1)
			live_tc(l, 0);
		else
			live_xdp(l, LIVE_LOOPBACK, 0);
		assert_none_busy(l);
	}
	print_seen(seen);
	assert_true(seen[VM_TRAP_EMPTY] && kinds(seen) >= 5);
	assert_recovers(l);
}

/* An endless loop with all the budget there is: the kernel ends it first, and that is no EXIT. */
static void test_endless(void **state)
{
	struct live *l = *state;
	struct bpfvm_machine *m = live_claim(l, l->s->machines - 1);
	struct bpfvm_hook *hook = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, SLOT, XDP_DROP);

	*live_code(l, SLOT) = (struct vm_insn){BPF_JMP | BPF_JA, 0, -1, 0};
	l->s->slot[SLOT] = (struct bpfvm_slot){.len = 1, .version = 1};
	hook->budget = ~0ull;
	assert_int_equal(live_xdp(l, LIVE_LOOPBACK, 0), XDP_DROP);
	assert_int_equal(hook->traps, 1);
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
		cmocka_unit_test_setup_teardown(test_endless, open_garbage, close_garbage),
	};
	int code;

	if (!live_possible(&code))
		return code;
	return cmocka_run_group_tests(tests, live_listen, live_heard);
}
