/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One instruction, operands first: they are chosen and cut to the width of the instruction, so that
 * one arm serves the four forms of an operation, and one check all accesses to memory. Included
 * inside a function, where `w` has been fetched; it goes on with NEXT or to the labels `branch`,
 * `bad_access` and `out`. GO_FORK is for atomic operations. The includer says with OPERANDS_ALL that
 * it wants calls, EXIT and LDDW, too.
 */
	if (!(known[w & 7] >> (w >> 3 & 31) & 1))
		STOP(VM_TRAP_ILLEGAL);
	to = &DST;
	dst = *to;
	src = SRC;
	if (IS_MEMORY(w))
		goto memory;
	if (!IS_X(w))
		src = (u64)(s64)IMM;
	arm = w >> 4 & 15;
	if (IS_JMP(w))
		arm += ARMS_JMP;
	/* With their signs 32-bit numbers compare as they do without. */
	if (!IS_64(w)) {
		dst = arm < ARMS_JMP ? (u32)dst : (u64)(s32)dst;
		src = arm < ARMS_JMP ? (u32)src : (u64)(s32)src;
	}
#ifdef OPERANDS_ALL
dispatch:
#endif
	switch (arm) {
#define BITS (32u << IS_64(w))
/* A 32-bit form of an S row has its sign in bit 31. */
#define OPERANDS_U u64 d = dst, s = src
#define OPERANDS_S                                                                                 \
	s64 d = IS_64(w) ? (s64)dst : (s32)dst;                                                    \
	s64 s = IS_64(w) ? (s64)src : (s32)src
#define OPERANDS_ALU(label, sign, effect, first)                                                   \
	case label: {                                                                              \
		first;                                                                             \
		OPERANDS_##sign;                                                                   \
		(void)d, (void)s;                                                                  \
		dst = (u64)(effect);                                                               \
	} break;
#define ALU(name, op, sign, group, text, effect) OPERANDS_ALU(ARM_OF(4 | op), sign, effect, )
#define FORK_ALU(name, op, sign, group, text, effect)                                              \
	OPERANDS_ALU(ARM_OF(4 | op), sign, effect, if (HAS_OFF) goto forked)
#define NEG(name, op, effect) OPERANDS_ALU(ARM_OF(4 | op), U, effect, )
#define JMP(name, op, sign, text, condition)                                                       \
	case ARM_OF(5 | op): {                                                                     \
		VM_TYPE_##sign##64 d = (VM_TYPE_##sign##64)dst, s = (VM_TYPE_##sign##64)src;       \
		if (condition)                                                                     \
			goto branch;                                                               \
	}                                                                                          \
		NEXT
#include "isa.def"
	case ARM_OF(0x05): /* GOTO */
		if (VM_V4 && !IS_64(w))
			JUMP(IMM);
		goto branch;
#ifdef OPERANDS_ALL
#define STEP_COMPACT
#include "step.h"
#endif
	default: /* of those that are known: byte order */
		dst = *to;
		switch ((u32)IMM + ((u8)w != END_LE)) {
#define END(name, code, imm, type, text, effect)                                                   \
	END_ARM(code, imm)                                                                         \
	{                                                                                          \
		type d = (type)dst;                                                                \
		dst = (u64)(effect);                                                               \
	} break;
#include "isa.def"
		default:
			STOP(VM_TRAP_ILLEGAL);
		}
		goto give;
forked:
#if VM_V4
		switch ((w & 0xff) | (w >> 16) << 8) {
#define ALU_OFF(off, name, op, sign, group, text, effect)                                          \
	case 0x04 | op | (off) << 8:                                                               \
	case 0x0c | op | (off) << 8:                                                               \
	case 0x07 | op | (off) << 8:                                                               \
		OPERANDS_ALU(0x0f | op | (off) << 8, sign, effect, )
#define MOVSX(name, code, off, type)                                                               \
	case (code) | (off) << 8:                                                                  \
		dst = (u64)(type)src;                                                              \
		break;
#include "isa.def"
		default:
			STOP(VM_TRAP_ILLEGAL);
		}
#else
		STOP(VM_TRAP_ILLEGAL);
#endif
	}
	if (!IS_64(w))
		dst = (u32)dst;
give:
	*to = dst;
	NEXT
memory:
#ifdef OPERANDS_ALL
	if ((u8)w == OPCODE_LDDW) {
		arm = ARM_LDDW;
		goto dispatch;
	}
#endif
	if (!(w & 7))
		TRAP_HERE(LEGACY);
	if (VM_ATOMICS && vm_is_atomic((u8)w))
		GO_FORK((u32)IMM);
	arm = 8 >> (((w >> 3) + 1) & 3); /* bytes: 4, 2, 1, 8 */
	if ((w & 7) == 1)
		dst = src;
	p = ADDRESS_ANY(dst + (u64)(s64)OFF, arm, (w & 7) == 1 ? VM_READ : VM_WRITE);
	if ((w & 7) == 2)
		src = (u64)(s64)IMM;
	switch ((w | (w >> 1 & 1)) & 0xff) { /* ST as if it were STX */
#define LDX(name, code, type)                                                                      \
	case code:                                                                                 \
		dst = (u64)VM_LOAD(type, p);                                                       \
		goto give;
#define STX(name, code, type)                                                                      \
	case code:                                                                                 \
		VM_STORE(type, p, src);                                                            \
		NEXT
#include "isa.def"
	default:
		__builtin_unreachable();
	}
#undef BITS
#undef OPERANDS_U
#undef OPERANDS_S
#undef OPERANDS_ALU
