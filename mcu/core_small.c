/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The `small` core: the operand is chosen first and cut to the width of the instruction, so that
 * one arm serves the four forms of an operation.
 */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "words.h"
#endif
#include VM_PORT_WORDS

/* The operands of a row; a 32-bit form of an S row has its sign in bit 31. */
#define OPERANDS_U u64 d = dst, s = src
#define OPERANDS_S                                                                                 \
	s64 d = BITS == 32 ? (s32)dst : (s64)dst;                                                  \
	s64 s = BITS == 32 ? (s32)src : (s64)src

VM_RUN(small)
{
	const struct vm_insn *in;
	VM_COUNT_T left = vm->st.left;
	u64 dst, src;
	u32 pc = vm->st.pc, stop, BITS;

	for (;;) {
again:
		if (!left)
			STOP(VM_TRAP_STEPS);
		if (pc >= vm->len)
			STOP(VM_TRAP_JUMP);
		left--;
		in = &vm->code[pc];
		switch (in->code) {
#define STEP_COMPACT
#include "step.h"
		}
		if (!(in->code & 4))
			STOP(VM_TRAP_ILLEGAL);
		dst = DST;
		src = in->code & 8 ? SRC : (u64)(s64)IMM;
		BITS = in->code & 1 ? 64 : 32; /* classes 5 and 7 */
		if (BITS == 32) {
			dst = (u32)dst;
			src = (u32)src;
		}
		/* classes 4 and 7 are ALU, 5 and 6 are JMP */
		switch ((in->code & 0xf0) | ((in->code + 1) & 2 ? 5 : 4)) {
#define ALU(name, op, sign, group, text, effect)                                                   \
	case 4 | op: {                                                                             \
		OPERANDS_##sign;                                                                   \
		(void)d;                                                                           \
		dst = (u64)(effect);                                                               \
	} break;
#define FORK_ALU(name, op, sign, group, text, effect)                                              \
	case 4 | op: {                                                                             \
		OPERANDS_##sign;                                                                   \
		(void)d;                                                                           \
		if (HAS_OFF)                                                                       \
			GO_FORK((u16)OFF);                                                         \
		dst = (u64)(effect);                                                               \
	} break;
#define NEG(name, op, effect)                                                                      \
	case 4 | op: {                                                                             \
		u64 d = dst;                                                                       \
		if (in->code & 8)                                                                  \
			STOP(VM_TRAP_ILLEGAL);                                                     \
		dst = (effect);                                                                    \
	} break;
#define JMP(name, op, sign, text, condition)                                                       \
	case 5 | op: {                                                                             \
		OPERANDS_##sign;                                                                   \
		if (condition)                                                                     \
			JUMP(OFF);                                                                 \
		goto next;                                                                         \
	}
#include "isa.def"
		default:
			STOP(VM_TRAP_ILLEGAL);
		}
		DST = BITS == 32 ? (u32)dst : dst;
next:
		pc++;
	}
out:
	return vm_stopped(vm, pc, left, stop);
}
