/* SPDX-License-Identifier: GPL-2.0-only */
/* How the kernel core spells the words of step.h; used by the turn and by what it leaves to rare.h. */
#ifndef BPFVM_WORDS_H
#define BPFVM_WORDS_H

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
#define SECOND slot_after(code, pc, m->len)

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

#endif
