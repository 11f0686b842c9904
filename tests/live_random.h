/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers and instructions for the in-kernel machine, and how to see that it survived. */
#ifndef LIVE_RANDOM_H
#define LIVE_RANDOM_H

#include <linux/pkt_cls.h>

#include "live_machine.h"
#include "unit/random.h"
#include "upload.h"

#define BUDGET 20000u /* instructions of a run, enough to get anywhere */
#define SLOT 9
#define LIMIT 200 /* seconds until a run is said not to end */

static const u8 opcodes[] = {
#define OPCODE(name, code) code,
#include "opcodes.h"
};

/* A guest that knows its result. */
static const struct live_guest good = {.salt = 0xc0ffee123456789ull, .turns = 20, .peer = 1,
				       .verdict = XDP_TX, LIVE_XDP};

static inline int open_garbage(void **state)
{
	int ret = live_open(state);

	if (ret)
		return ret;
	alarm(LIMIT);
	random_state = 1;
	return 0;
}

static inline int close_garbage(void **state)
{
	alarm(0);
	return live_close(state);
}

static inline void fill(void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile u8 *)p)[i] = (u8)random_u32();
}

static inline u64 random_u64(void)
{
	return (u64)random_u32() << 32 | random_u32();
}

/* A number that lies near a limit, or anywhere. */
static inline u32 random_near(u32 limit)
{
	switch (random_u32() % 4) {
	case 0:
		return random_u32() % (limit + 1);
	case 1:
		return limit + random_u32() % 3 - 1;
	case 2:
		return ~0u - random_u32() % 3;
	}
	return random_u32();
}

/* What looks like an instruction: a known opcode, small jumps, addresses of the guest's regions. */
static inline struct vm_insn random_insn(void)
{
	struct vm_insn in = {opcodes[random_u32() % sizeof(opcodes)], (u8)random_u32(),
			     (s16)(random_u32() % 33 - 16), (s32)(random_u32() % 65)};

	if (random_u32() % 4 == 0)
		in.imm = (s32)VM_ADDRESS(random_u32() % 8, random_u32() % 64);
	return in;
}

/* After whatever came before: the good guest, every way to run it, and the counts of it. */
static inline void assert_recovers(struct live *l)
{
	struct live_guest xdp = good, tc = {.salt = 99, .turns = 3, .me = 1, LIVE_TC};
	struct bpfvm_hook *hook[BPFVM_HOOK_KINDS];
	struct live_notes *a, *b;
	struct bpfvm_machine *m;

	live_empty(l, l->s->guests);
	a = live_upload(l, SLOT, &xdp);
	b = live_upload(l, SLOT + 1, &tc);
	a->ifindex = b->ifindex = LIVE_LOOPBACK;
	hook[0] = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_XDP, SLOT, XDP_ABORTED);
	hook[1] = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_TC, SLOT + 1, TC_ACT_SHOT);
	hook[2] = live_hook(l, LIVE_LOOPBACK, BPFVM_HOOK_EGRESS, SLOT + 1, TC_ACT_SHOT);
	assert_int_equal(live_xdp(l, LIVE_LOOPBACK, xdp.salt), XDP_TX);
	assert_int_equal(live_tc(l, tc.salt), TC_ACT_OK);
	assert_int_equal(live_egress(l, tc.salt), TC_ACT_OK);
	m = live_claim(l, l->s->machines - 1);
	live_prepare(l, m, SLOT, BPFVM_SLICE);
	assert_int_equal(live_finish(l, m, BPFVM_SLICE), VM_STOP_EXIT);
	live_release(m);
	assert_int_equal(a->runs, 2);
	assert_int_equal(b->runs, 2);
	assert_int_equal(a->mismatches + a->foreign + b->mismatches + b->foreign, 0);
	for (u32 i = 0; i < BPFVM_HOOK_KINDS; i++) {
		struct bpfvm_count count = live_count(l, hook[i]);

		assert_int_equal(count.runs, 1);
		assert_int_equal(count.stop[VM_STOP_EXIT], 1);
		assert_true(count.insns > 100);
	}
}

static inline u32 kinds(const u32 seen[VM_STOPS])
{
	u32 n = 0;

	for (u32 i = 0; i < VM_STOPS; i++)
		n += !!seen[i];
	return n;
}

static inline void print_seen(const u32 seen[VM_STOPS])
{
	print_message("   ");
	for (u32 i = 0; i < VM_STOPS; i++) {
		if (seen[i])
			print_message(" %s %u", bpfvm_stop__name(i), seen[i]);
	}
	print_message("\n");
}

#endif
