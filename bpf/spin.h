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

static long turn_packet(u32 i, struct run *r)
{
	return turn(r, r->m, r->code, r->memory, &r->pc, &r->left, STEPS_LOOP, 1);
}

static long turn_memory(u32 i, struct run *r)
{
	return turn(r, r->m, r->code, r->memory, &r->pc, &r->left, STEPS_LOOP, 0);
}

static __always_inline u32 spin_loop(struct run *r, const _Bool packet)
{
	/* read apart from r->left, or the verifier carries what it learns here through every turn */
	u64 left = *(volatile u64 *)&r->m->st.left;

	/* one more than instructions: the turn that finds that there are none left */
	bpf_loop(left < TURNS ? left + 1 : TURNS, packet ? turn_packet : turn_memory, r, 0);
	return r->m->st.stop;
}

static __always_inline u32 spin(struct run *r, const _Bool packet)
{
	struct bpfvm_machine *m = r->m;
	struct vm_insn *code = r->code;
	u8 *memory = r->memory;
	u64 pc = r->pc, left = r->left;

	do {
		asm volatile goto("may_goto %l[enough]" :::: enough);
	} while (!turn(r, m, code, memory, &pc, &left, STEPS_GOTO, packet));
enough:
	r->pc = pc;
	r->left = left;
	return m->st.stop;
}

static __noinline u32 spin_packet(struct run *r)
{
	return spin(r, 1);
}

static __noinline u32 spin_memory(struct run *r)
{
	return spin(r, 0);
}

static __always_inline u32 spin_goto(struct run *r, const _Bool packet)
{
	return packet ? spin_packet(r) : spin_memory(r);
}

#endif
