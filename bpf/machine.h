/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel core: a few instructions per turn of a loop, pc and budget in locals, everything
 * else in map values.
 */
#ifndef BPFVM_MACHINE_H
#define BPFVM_MACHINE_H

#include "helpers.h"
#include "hot.h"
#include "memory.h"

/*
 * The words of step.h. Fields are cut out of one 64-bit load, the numbers of registers already
 * scaled: a machine begins with them. Assembly where clang would otherwise compute a value before
 * it is known to be needed.
 */
#define NEXT goto next;
#define R(n) m->st.reg[n]
#define DSTN (insn >> 8 & 15)
#define SRCN (insn >> 12 & 15)
#define DST (*(u64 *)((char *)m + (insn >> 5 & 0x78)))
#define SRC (*(u64 *)((char *)m + (insn >> 9 & 0x78)))
#define OFF                                                                                        \
	({                                                                                         \
		s64 off_ = insn;                                                                   \
		asm volatile("%0 <<= 32; %0 s>>= 48" : "+r"(off_));                                \
		off_;                                                                              \
	})
#define HAS_OFF                                                                                    \
	({                                                                                         \
		__label__ yes_, no_;                                                               \
		_Bool has_ = 0;                                                                    \
		asm volatile goto("if %0 & 0xffff0000 goto %l[yes_]" ::"r"((u32)insn)::yes_);      \
		goto no_;                                                                          \
yes_:		has_ = 1;                                                                          \
no_:		has_;                                                                              \
	})
#define IMM                                                                                        \
	({                                                                                         \
		s64 imm_ = insn;                                                                   \
		asm volatile("%0 s>>= 32" : "+r"(imm_));                                           \
		imm_;                                                                              \
	})
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		pc += (u64)(s64)(n); /* 64 bits: a jump to 0 passes through -1 */                  \
		goto next;                                                                         \
	} while (0)
#define ADDRESS(a, n, access) AT(r, m, memory, packet, a, n, access, STOP(VM_TRAP_BOUNDS))
#define TRAP_HERE(name) STOP(VM_TRAP_##name)
#define ENTER(n) STOP(RARE_ENTER | (u64)(n) << 32)
#define HELPER(n) STOP(RARE_HELPER | (u64)(n) << 32)
#define LEAVE STOP(RARE_LEAVE)
#define GO_FORK(n) STOP(RARE_FORK | (u64)(n) << 32)
#define SECOND slot_after(code, pc, r->len)

/*
 * Why a step leaves the turn: an enum vm_stop, or one of these with its operand in the upper half.
 * What stands in the steps is verified and compiled once per step; what is rare stands once behind
 * them.
 */
enum {
	RARE_FORK = VM_STOPS,
	RARE_ENTER,
	RARE_HELPER,
	RARE_LEAVE,
};

/* The slot of a checked pc; computed once, which clang needs to be told. */
static __always_inline struct vm_insn *slot_at(struct vm_insn *code, u64 pc)
{
	struct vm_insn *in;

	VM_BOUND(pc, BPFVM_CODE - 1);
	in = code + pc;
	asm volatile("" : "+r"(in));
	return in;
}

static __always_inline struct vm_insn *slot_after(struct vm_insn *code, u64 pc, u32 len)
{
	return pc + 1 < len ? slot_at(code, pc + 1) : NULL;
}

#define OP(name, n) case n:
#define STOP(n) return n

/* The instructions that `off` or `imm` tells apart. */
static __always_inline u32 forks(struct run *r, u64 insn, u32 key, const _Bool packet)
{
	struct bpfvm_machine *m = r->m;
	u8 *memory = r->memory;

	if (key > 0xff)
		return VM_TRAP_ILLEGAL;
	switch (VM_FORK((u8)insn, key)) {
#define STEP_FORKS
#include "step.h"
	default:
		return VM_TRAP_ILLEGAL;
	}
next:
	return VM_STOP_NONE;
}

#undef OP
#undef STOP

static __noinline u32 forks_packet(struct run *r, u64 insn, u32 key)
{
	return forks(r, insn, key, 1);
}

static __noinline u32 forks_memory(struct run *r, u64 insn, u32 key)
{
	return forks(r, insn, key, 0);
}

/* Opaque, so that clang does not keep the constants of every exit in registers on the way there. */
#define STOP(n)                                                                                    \
	do {                                                                                       \
		why = (n);                                                                         \
		asm volatile("" : "+r"(why));                                                      \
		goto out;                                                                          \
	} while (0)
#define NEVER 0x100 /* no opcode: an arm that belongs to the other switch */

/*
 * `steps` guest instructions. Returns 1 when the run is over, the reason then being in m->st.stop.
 * One function: with the rare part in another, the verifier of 6.18 walked 258,000 instructions
 * instead of 29,000.
 */
static __always_inline long turn(struct run *r, struct bpfvm_machine *m, struct vm_insn *code,
				 u8 *memory, u64 *pc_of_run, u64 *left_of_run,
				 const int steps, const _Bool packet)
{
	/* 1, but the verifier does not know: no pc or budget is better known than another */
	u64 one = m->one;
	u64 pc = *pc_of_run, left = *left_of_run, insn, why;
	u64 stop;
	u32 op, rank, operand;

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
	*left_of_run = left;
	operand = why >> 32;
	stop = (u32)why;
	if (stop == VM_TRAP_STEPS || (stop == VM_TRAP_JUMP && pc >= BPFVM_CODE))
		goto end;
	insn = *(u64 *)slot_at(code, pc);
	switch (stop) {
	case RARE_FORK:
		stop = packet ? forks_packet(r, insn, operand) : forks_memory(r, insn, operand);
		pc += !stop;
		break;
	case RARE_ENTER:
		stop = vm_frame_push(&m->st, m->row, pc + 1) ? VM_STOP_NONE : VM_TRAP_FRAMES;
		if (!stop)
			pc = operand;
		break;
	case RARE_LEAVE:
		stop = m->st.depth ? VM_STOP_NONE : VM_STOP_EXIT;
		if (!stop)
			pc = vm_frame_pop(&m->st, m->row);
		break;
	case RARE_HELPER:
		stop = helper(r, operand);
		pc += !stop;
		break;
	case VM_TRAP_ILLEGAL:
		if (pc >= r->len) { /* the zeros behind a guest are not instructions of it */
			stop = VM_TRAP_JUMP;
			++*left_of_run;
		}
		break;
	}
	if (stop == VM_TRAP_BOUNDS)
		stop = vm_fault(&m->st, m->row, (struct vm_insn *)&insn);
end:
	*pc_of_run = pc;
	m->st.stop = stop; /* not in `r`: the verifier would tell the callbacks apart by it */
	return stop != VM_STOP_NONE;
}

#endif
