/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the in-kernel machine is safe when what is in its maps changes under a running guest:
 * every run ends, and nothing outside of the guest's regions is touched.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>

#include "live_garble.h"

/* --- code that changes under a running guest --- */

/* Memory outside of every region of the guest and of the machines in use holds this. */
#define CANARY 0xa5

struct writer {
	struct live *l;
	struct vm_insn code[LIVE_CODE]; /* as it should be */
	u32 len;
	u32 cpu;
	bool stop;
	u64 writes;
	pthread_t thread;
};

static void write_code(struct writer *w)
{
	struct vm_insn *code = live_code(w->l, SLOT);
	u32 at = random_u32() % w->len;

	switch (random_u32() % 6) {
	case 0:
		fill(&code[at], 1 + random_u32() % 64);
		break;
	case 1:
		fill((u8 *)code + random_u32() % (w->len * 8), 1);
		break;
	case 2:
		fill(code, w->len * 8);
		break;
	default:
		code[at] = random_insn();
	}
	w->writes++;
}

static void pause_a_moment(void)
{
	for (volatile u32 turns = random_u32() % 8192; turns; turns--)
		;
}

/* Mends what it broke, so that runs get to where the next damage is done under them. */
static void *keep_writing(void *arg)
{
	struct writer *w = arg;

	live_stay(w->cpu);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		write_code(w);
		pause_a_moment();
		memcpy(live_code(w->l, SLOT), w->code, sizeof(w->code));
		pause_a_moment();
	}
	return NULL;
}

static void writer_start(struct writer *w, u32 cpu)
{
	w->cpu = cpu;
	w->len = w->l->s->slot[SLOT].len;
	memcpy(w->code, live_code(w->l, SLOT), sizeof(w->code));
	assert_int_equal(pthread_create(&w->thread, NULL, keep_writing, w), 0);
}

/* Whether a machine has stopped as it must, within its budget; counts why it did. */
static bool ended(const struct bpfvm_machine *m, u64 budget, u32 seen[VM_STOPS])
{
	if (m->st.stop == VM_STOP_NONE || m->st.stop >= VM_STOPS || m->st.left > budget)
		return false;
	seen[m->st.stop]++;
	return m->st.stop != VM_TRAP_STEPS || !m->st.left;
}

static void assert_filled(const struct live *l, u32 from, u32 size, u8 with)
{
	for (u32 i = from; i < from + size; i++) {
		if (l->s->memory[i] != with)
			fail_msg("memory at %#x is %#x", i, l->s->memory[i]);
	}
}

/* Neither what belongs to nobody nor the memory of a machine that nobody used. */
static void assert_untouched(const struct live *l, const struct bpfvm_machine *one,
			     const struct bpfvm_machine *other)
{
	assert_filled(l, l->free, BPFVM_MEMORY - l->free, CANARY);
	for (u32 i = 0; i < l->s->machines; i++) {
		const struct bpfvm_machine *m = &l->s->machine[i];

		if (m != one && m != other)
			assert_filled(l, m->memory, BPFVM_PRIVATE, 0);
	}
}

/* On the hook and through the syscall, while another thread writes into the slot. */
static void test_code_changes(void **state)
{
	struct live *l = *state;
	u64 end = live_seconds() + LIVE_PATIENCE, runs = 0, bad = 0;
	u32 cpu[2], hook_seen[VM_STOPS] = {0}, call_seen[VM_STOPS] = {0};
	struct live_guest g = good;
	struct writer w = {.l = l};
	struct bpfvm_machine *m, *used;
	struct bpfvm_hook *hook;

	live_cpus(cpu);
	live_stay(cpu[0]);
	used = &l->s->machine[cpu[0]];
	m = live_claim(l, l->s->machines - 1);
	live_upload(l, SLOT, &g);
	memset(l->s->memory + l->free, CANARY, BPFVM_MEMORY - l->free);
	hook = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, SLOT, XDP_ABORTED);
	writer_start(&w, cpu[1]);
	while (live_seconds() < end &&
	       (runs < 20000 || kinds(hook_seen) < 5 || kinds(call_seen) < 5)) {
		u64 budget = runs++ % 4 ? BUDGET : BUDGET / 20; /* one not enough */

		hook->budget = budget;
		live_xdp(l, LIVE_LOOPBACK, g.salt);
		bad += !ended(used, budget, hook_seen);
		live_prepare(l, m, SLOT, budget);
		live_call(l, l->s->machines - 1);
		bad += !ended(m, budget, call_seen);
	}
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	pthread_join(w.thread, NULL);
	print_message("    %" PRIu64 " runs each, %" PRIu64 " writes\n", runs, w.writes);
	print_seen(hook_seen);
	print_seen(call_seen);
	assert_int_equal(bad, 0);
	assert_true(hook_seen[VM_STOP_EXIT] && hook_seen[VM_TRAP_STEPS] && kinds(hook_seen) > 3);
	assert_true(call_seen[VM_STOP_EXIT] && call_seen[VM_TRAP_STEPS] && kinds(call_seen) > 3);
	assert_untouched(l, used, m);
	assert_recovers(l);
}

/* --- all at once --- */

/* Any of what the machine has, and what is good, from the next slot. */
static void write_anything(struct live *l)
{
	struct bpfvm_machine *m = &l->s->machine[random_u32() % l->s->machines];
	struct bpfvm_hook *hook = &l->s->hook[random_u32() % CHAIN];
	struct bpfvm_slot *slot = &l->s->slot[SLOT];
	u32 at = random_u32() % (sizeof(*m) / 4) * 4;
	size_t code = LIVE_CODE * sizeof(struct vm_insn);

	switch (random_u32() % 10) {
	case 0:
		garble_slot(slot);
		break;
	case 1:
		fill((u8 *)slot + random_u32() % sizeof(*slot), 1);
		break;
	case 2:
		hook->slot = random_near(BPFVM_SLOTS);
		break;
	case 3:
		if (at / 8 != offsetof(struct bpfvm_machine, st.left) / 8)
			*(volatile u32 *)((u8 *)m + at) = random_near(BPFVM_MEMORY);
		break;
	case 4:
		slot->len = BPFVM_CODE;
		hook->slot = SLOT;
		m->busy = 0;
		break;
	case 5:
		memcpy(live_code(l, SLOT), live_code(l, SLOT + 1), code);
		*slot = l->s->slot[SLOT + 1];
		hook->slot = SLOT;
		pause_a_moment();
		break;
	case 6:
		garble_hooks(l, BPFVM_HOOK_XDP);
		break;
	case 7:
		hook->next = random_near(CHAIN);
		l->s->point[BPFVM_POINT(LIVE_LOOPBACK, BPFVM_HOOK_XDP)].first = random_near(CHAIN);
		break;
	default:
		garble_code(live_code(l, SLOT) + random_u32() % (BPFVM_CODE - 64));
	}
}

#define STORM 20000 /* calls of each thread in a storm */

struct runner {
	struct live *l;
	u32 cpu;
	u64 runs;
	u64 good; /* verdicts of the good guest */
	pthread_t thread;
};

static void *keep_running(void *arg)
{
	struct runner *r = arg;

	live_stay(r->cpu);
	for (; r->runs < STORM; r->runs++) {
		if (r->runs & 1)
			r->good += live_xdp(r->l, LIVE_LOOPBACK, 0) == good.verdict;
		else
			live_call(r->l, r->cpu);
	}
	return NULL;
}

/* Two threads run whatever is there while a third one writes garbage over all of it. */
static void test_storm(void **state)
{
	struct live *l = *state;
	struct runner r[2] = {{.l = l}, {.l = l}};
	struct live_guest g = good;
	u32 cpu[2];

	live_cpus(cpu);
	fill(l->s->code, BPFVM_SLOTS * BPFVM_CODE * sizeof(struct vm_insn));
	for (u32 i = 0; i < l->s->machines; i++)
		l->s->machine[i].slot = SLOT;
	live_upload(l, SLOT + 1, &g);
	l->s->slot[SLOT] = l->s->slot[SLOT + 1];
	for (u32 i = 0; i < CHAIN; i++)
		live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, SLOT, XDP_ABORTED)->budget = BUDGET;
	for (u32 i = 0; i < 2; i++) {
		r[i].cpu = cpu[i];
		assert_int_equal(pthread_create(&r[i].thread, NULL, keep_running, &r[i]), 0);
	}
	while (*(volatile u64 *)&r[0].runs < STORM || *(volatile u64 *)&r[1].runs < STORM)
		write_anything(l);
	for (u32 i = 0; i < 2; i++)
		pthread_join(r[i].thread, NULL);
	print_message("    %" PRIu64 " runs, the good guest's verdict %" PRIu64 " times\n",
		      r[0].runs + r[1].runs, r[0].good + r[1].good);
	assert_recovers(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_code_changes, open_garbage, close_garbage),
		cmocka_unit_test_setup_teardown(test_storm, open_garbage, close_garbage),
	};
	int code;

	if (!live_possible(&code))
		return code;
	unshare(CLONE_NEWNET); /* what guests send goes nowhere */
	return cmocka_run_group_tests(tests, live_listen, live_heard);
}
