/* SPDX-License-Identifier: GPL-2.0-only */
/* Two ways to turn the core until the run ends; each returns enum vm_stop. */
#ifndef BPFVM_SPIN_H
#define BPFVM_SPIN_H

#include "machine.h"

/*
 * Instructions per turn. A turn of bpf_loop is a call and a return, 13 ns where returns are guarded
 * (safe-ret), so it holds more of them than a turn of may_goto, which is a count.
 */
#define STEPS_LOOP 8
#define STEPS_GOTO 4
#define TURNS (1u << 23)	/* bpf_loop goes no further */

#define TURN(name, kind)                                                                           \
	static long turn_##name(u32 i, struct run *r)                                              \
	{                                                                                          \
		struct vm_insn *code = code_of(r->slots, r->m->slot);                              \
		return turn(r, r->m, &code, r->memory, &r->pc, &r->left, STEPS_LOOP, kind);        \
	}
TURN(xdp, KIND_XDP)
TURN(tc, KIND_TC)
TURN(call, KIND_CALL)

/* All turns that there may be: a turn ends the loop, not their number. */
static __always_inline u32 spin_loop(struct run *r, const enum kind kind)
{
	bpf_loop(TURNS, kind == KIND_XDP ? turn_xdp : kind == KIND_TC ? turn_tc : turn_call, r, 0);
	return r->m->st.stop;
}

static __always_inline u32 spin_goto(struct run *r, const enum kind kind)
{
	struct bpfvm_machine *m = r->m;
	struct vm_insn *code = code_of(r->slots, m->slot);
	u8 *memory = r->memory;
	u64 pc = r->pc, left = r->left;

	do {
		asm volatile goto("may_goto %l[enough]" :::: enough);
	} while (!turn(r, m, &code, memory, &pc, &left, STEPS_GOTO, kind));
enough:
	r->pc = pc;
	r->left = left;
	return m->st.stop;
}

#endif
