/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel core: a few instructions per turn of a loop, pc and budget in locals, everything
 * else in map values.
 */
#ifndef BPFVM_MACHINE_H
#define BPFVM_MACHINE_H

#include "rare.h"

/* Opaque, so that clang does not keep the constants of every exit in registers on the way there. */
#define STOP(n)                                                                                    \
	do {                                                                                       \
		why = (n);                                                                         \
		asm volatile("" : "+r"(why));                                                      \
		goto out;                                                                          \
	} while (0)
#define NEVER 0x100 /* no opcode: an arm that belongs to the other switch */

/* Serves what a step left the turn for; the packet may lie elsewhere then. Returns what the global
 * functions of rare.h return. */
static __always_inline u32 rare(struct run *r, u64 why, const enum kind kind)
{
	u32 stop;

	if (kind == KIND_XDP) {
		struct xdp_md *ctx = r->ctx;

		stop = bpfvm_rare_xdp(ctx, r->index, why);
		LOCATE(r, ctx);
	} else if (kind == KIND_TC) {
		struct __sk_buff *ctx = r->ctx;

		stop = bpfvm_rare_tc(ctx, r->index, why);
		LOCATE(r, ctx);
	} else {
		stop = bpfvm_rare_call(r->index, why);
	}
	return stop;
}

/* What is rare but not that rare is one call away, if all is well. Returns 0 if it is done. */
static __always_inline u32 quick(u32 index, u64 why)
{
	if ((u32)why == RARE_FORK)
		return bpfvm_fork(index, why >> 32);
	if (why == (RARE_HELPER | (u64)BPF_FUNC_map_lookup_elem << 32))
		return bpfvm_lookup(index);
	return 1;
}

/*
 * `steps` guest instructions. Returns 1 when the run is over, the reason then being in m->st.stop.
 */
static __always_inline long turn(struct run *r, struct bpfvm_machine *m,
				 struct vm_insn **code_of_run, u8 *memory, u64 *pc_of_run,
				 u64 *left_of_run, const int steps, const enum kind kind)
{
	const _Bool packet = kind != KIND_CALL;
	struct vm_insn *code = *code_of_run;
	/* 1, but the verifier does not know: no pc or budget is better known than another */
	u64 one = m->one;
	u64 pc = *pc_of_run, left = *left_of_run, insn, why;
	u64 stop;
	u32 op, rank;

#pragma unroll
	for (int i = 0; i < steps; i++) {
		struct vm_insn *in;

		if (UNLIKELY(!left))
			STOP(VM_TRAP_STEPS);
		if (UNLIKELY(pc >= BPFVM_CODE))
			STOP(VM_TRAP_JUMP);
		in = slot_at(code, pc);
		op = *(volatile u8 *)&in->code; /* shorter than a cut of the other load */
		insn = *(u64 *)in;
		left -= one;
#define OP(name, n) case HOT(name) < HOT_RANKS ? HOT(name) : NEVER | (n):
		rank = bpfvm_constants.rank[op];
		switch (rank) {
#include "step.h"
		}
#undef OP
#define OP(name, n) case HOT(name) < HOT_RANKS ? NEVER | (n) : (n):
		switch (op) {
#include "step.h"
		default:
			STOP(VM_TRAP_ILLEGAL);
		}
#undef OP
next:
		pc += one;
	}
	*pc_of_run = pc;
	*left_of_run = left;
	return 0;

out:
	m->st.pc = pc;
	m->st.left = left;
	if ((u32)why == RARE_ENTER && m->st.depth < VM_FRAMES - 1)
		stop = enter(m, why >> 32);
	else if ((u32)why == RARE_LEAVE && m->st.depth)
		stop = leave(m, r->index);
	else if ((u32)why == RARE_LEAVE && !m->next)
		m->st.stop = stop = VM_STOP_EXIT; /* the way out of most runs, without a call */
	else if (!quick(r->index, why))
		stop = VM_STOP_NONE;
	else
		stop = rare(r, why, kind);
	*code_of_run = code_of(r->slots, m->slot);
	*pc_of_run = m->st.pc;
	*left_of_run = m->st.left;
	return stop != VM_STOP_NONE;
}

#endif
