/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rows of isa.def spelled out as the arms of a dispatch. Included twice by a core: once inside
 * the dispatch on the opcode, and once, with STEP_FORKS defined, inside the dispatch on
 * VM_FORK(opcode, key) for the opcodes that `off` or `imm` divides further.
 *
 * With STEP_COMPACT only calls and EXIT are spelled out.
 *
 * The core defines:
 *   OP(name, n)		opens the arm of opcode or fork n; opcodes.h lists the names
 *   NEXT		ends an arm: on to the instruction after `pc`
 *   DST, SRC, R(n)	registers, u64 lvalues
 *   SRC_64, SRC_32, DST_64, DST_32	their values, where these can be had for less
 *   TAKE_DST		declares what TAKEN_64, TAKEN_32 (values of DST) and GIVE_DST(v) use
 *   OFF, IMM		the fields, signed; DSTN, SRCN the register numbers
 *   HAS_OFF		whether OFF is not 0, where that can be had for less
 *   GO_FORK(key)	to the dispatch of the forks
 *   ADDRESS(a, n, access)	the checked place of n bytes at address a, or leaves: VM_TRAP_BOUNDS
 *   AT_SRC(n, access), AT_DST	the same for SRC + OFF and DST + OFF, where that can be had for less
 *   JUMP(n)		moves on by n slots more, then NEXT
 *   BRANCH, SKIP	JUMP(OFF) and JUMP(1), where they can be had for less
 *   PC			number of this instruction
 *   ENTER(pc)		calls the function at pc, or traps
 *   HELPER(n)		calls helper n, or traps
 *   LEAVE		returns from a function, or ends the run
 *   TRAP_HERE(name)	leaves with VM_TRAP_<name>
 *   SECOND		pointer to the slot after this one, or NULL at the end of the program; or
 *			STEP_NO_SECOND, whether there is no such slot or its opcode is not 0, and
 *			STEP_SECOND_IMM
 */
#include "step_words.h"

/* What a build leaves out. */
#define STEP_64_BASE(forms) forms
#define STEP_64_MUL(forms) forms
#if VM_DIV64
#define STEP_64_DIV(forms) forms
#else
#define STEP_64_DIV(forms)
#endif
#if VM_JMP32
#define STEP_JMP32(forms) forms
#else
#define STEP_JMP32(forms)
#endif

#define STEP_ALU_FORM(name, label, bits, sign, operand, effect, first)                             \
	OP(name, label)                                                                            \
	{                                                                                          \
		enum { BITS = bits };                                                              \
		first;                                                                             \
		TAKE_DST;                                                                          \
		VM_TYPE_##sign##bits d = (VM_TYPE_##sign##bits)TAKEN_##bits;                       \
		VM_TYPE_##sign##bits s = (VM_TYPE_##sign##bits)operand;                            \
		(void)d, (void)s;                                                                  \
		GIVE_DST((u##bits)(effect));                                                       \
	}                                                                                          \
	NEXT

#ifndef STEP_FORKS

#ifndef STEP_COMPACT
#define STEP_ALU(name, op, sign, group, effect, first)                                             \
	STEP_ALU_FORM(name##_32K, 0x04 | op, 32, sign, IMM, effect, first)                         \
	STEP_ALU_FORM(name##_32X, 0x0c | op, 32, sign, SRC_32, effect, first)                      \
	STEP_64_##group(                                                                           \
		STEP_ALU_FORM(name##_64K, 0x07 | op, 64, sign, IMM, effect, first)                 \
		STEP_ALU_FORM(name##_64X, 0x0f | op, 64, sign, SRC_64, effect, first))
#define ALU(name, op, sign, group, text, effect) STEP_ALU(name, op, sign, group, effect, )
#define FORK_ALU(name, op, sign, group, text, effect)                                              \
	STEP_ALU(name, op, sign, group, effect, if (HAS_OFF) GO_FORK((u16)OFF))
#define NEG(name, op, effect)                                                                      \
	STEP_ALU_FORM(name##_32K, 0x04 | op, 32, U, 0, effect, )                                   \
	STEP_ALU_FORM(name##_64K, 0x07 | op, 64, U, 0, effect, )
#define FORK(name, code) OP(name, code) GO_FORK((u32)IMM);

#define STEP_JMP_FORM(name, code, bits, sign, operand, condition)                                  \
	OP(name, code)                                                                             \
	{                                                                                          \
		VM_TYPE_##sign##bits d = (VM_TYPE_##sign##bits)DST_##bits;                         \
		VM_TYPE_##sign##bits s = (VM_TYPE_##sign##bits)operand;                            \
		if (condition)                                                                     \
			BRANCH;                                                                    \
	}                                                                                          \
	NEXT
#define JMP(name, op, sign, text, condition)                                                       \
	STEP_JMP_FORM(name##_64K, 0x05 | op, 64, sign, IMM, condition)                             \
	STEP_JMP_FORM(name##_64X, 0x0d | op, 64, sign, SRC_64, condition)                          \
	STEP_JMP32(STEP_JMP_FORM(name##_32K, 0x06 | op, 32, sign, IMM, condition)                  \
		   STEP_JMP_FORM(name##_32X, 0x0e | op, 32, sign, SRC_32, condition))
#define GOTO(name, code, field, text)                                                              \
	OP(name, code)                                                                             \
	STEP_GOTO_##field;
#define STEP_GOTO_OFF BRANCH
#define STEP_GOTO_IMM JUMP(IMM)

#define LDX(name, code, type)                                                                      \
	OP(name, code)                                                                             \
	{                                                                                          \
		u8 *p = AT_SRC(sizeof(type), VM_READ);                                             \
		TAKE_DST;                                                                          \
		GIVE_DST((u64)VM_LOAD(type, p));                                                   \
	}                                                                                          \
	NEXT
#define STX(name, code, type)                                                                      \
	OP(name, code)                                                                             \
	{                                                                                          \
		u8 *p = AT_DST(sizeof(type), VM_WRITE);                                            \
		VM_STORE(type, p, SRC);                                                            \
	}                                                                                          \
	NEXT
#define ST(name, code, type)                                                                       \
	OP(name, code)                                                                             \
	{                                                                                          \
		u8 *p = AT_DST(sizeof(type), VM_WRITE);                                            \
		VM_STORE(type, p, (u64)(s64)IMM);                                                  \
	}                                                                                          \
	NEXT
#define LEGACY(name, code, type)                                                                   \
	OP(name, code)                                                                             \
	TRAP_HERE(LEGACY);
#define LDDW(name, code)                                                                           \
	OP(name, code)                                                                             \
	STEP_LDDW
#endif

#define CALL(name, code)                                                                           \
	OP(name, code)                                                                             \
	{                                                                                          \
		if (SRCN == VM_CALL_HELPER)                                                        \
			HELPER((u32)IMM);                                                          \
		if (VM_LOCAL_CALLS && SRCN == VM_CALL_LOCAL)                                       \
			ENTER(PC + 1 + (u32)IMM);                                                  \
		if (SRCN == VM_CALL_BTF)                                                           \
			TRAP_HERE(HELPER);                                                         \
		TRAP_HERE(ILLEGAL);                                                                \
	}
#define CALLX(name, code)                                                                          \
	OP(name, code)                                                                             \
	{                                                                                          \
		u64 target = DST_64;                                                               \
		u32 low = (u32)target, region = low >> VM_OFFSET_BITS;                             \
		if (target >> 32)                                                                  \
			TRAP_HERE(JUMP);                                                           \
		if (VM_LOCAL_CALLS && region == VM_REGION_CODE && !(low & 7))                      \
			ENTER((low & VM_OFFSET_MASK) >> 3);                                        \
		if (region)                                                                        \
			TRAP_HERE(JUMP);                                                           \
		HELPER(low);                                                                       \
	}
#define EXIT(name, code)                                                                           \
	OP(name, code)                                                                             \
	LEAVE;

#else

#define ALU_OFF(off, name, op, sign, group, text, effect)                                          \
	STEP_ALU_FORM(name##_32K, VM_FORK(0x04 | op, off), 32, sign, IMM, effect, )                \
	STEP_ALU_FORM(name##_32X, VM_FORK(0x0c | op, off), 32, sign, SRC_32, effect, )             \
	STEP_64_##group(                                                                           \
		STEP_ALU_FORM(name##_64K, VM_FORK(0x07 | op, off), 64, sign, IMM, effect, )        \
		STEP_ALU_FORM(name##_64X, VM_FORK(0x0f | op, off), 64, sign, SRC_64, effect, ))
#define MOVSX(name, code, off, type)                                                               \
	OP(name, VM_FORK(code, off))                                                               \
	{                                                                                          \
		s64 wide = (type)SRC;                                                              \
		DST = code == 0xbc ? (u32)wide : (u64)wide;                                        \
	}                                                                                          \
	NEXT
#define END(name, code, imm, type, text, effect)                                                   \
	OP(name, VM_FORK(code, imm))                                                               \
	{                                                                                          \
		type d = (type)DST;                                                                \
		DST = (u64)(effect);                                                               \
	}                                                                                          \
	NEXT

#define STEP_ATOMIC(name, label, type, body)                                                       \
	OP(name, label)                                                                            \
	{                                                                                          \
		type *p = (type *)(void *)AT_DST(sizeof(type), VM_READ | VM_WRITE | VM_ATOMIC);    \
		body;                                                                              \
	}                                                                                          \
	NEXT
#define ATOMIC(name, imm, text, verb, builtin, effect)                                             \
	STEP_ATOMIC(name##_32, VM_FORK(0xc3, imm), u32, builtin(p, (u32)SRC))                      \
	STEP_ATOMIC(name##_64, VM_FORK(0xdb, imm), u64, builtin(p, SRC))                           \
	STEP_ATOMIC(name##_FETCH_32, VM_FORK(0xc3, imm | VM_FETCH), u32,                           \
		    SRC = builtin(p, (u32)SRC))                                                    \
	STEP_ATOMIC(name##_FETCH_64, VM_FORK(0xdb, imm | VM_FETCH), u64, SRC = builtin(p, SRC))
#define ATOMIC_XCHG(name, imm, verb, builtin, effect)                                              \
	STEP_ATOMIC(name##_32, VM_FORK(0xc3, imm), u32, SRC = builtin(p, (u32)SRC))                \
	STEP_ATOMIC(name##_64, VM_FORK(0xdb, imm), u64, SRC = builtin(p, SRC))
#define ATOMIC_CMPXCHG(name, imm, verb, builtin, effect)                                           \
	STEP_ATOMIC(name##_32, VM_FORK(0xc3, imm), u32, R(0) = builtin(p, (u32)R(0), (u32)SRC))    \
	STEP_ATOMIC(name##_64, VM_FORK(0xdb, imm), u64, R(0) = builtin(p, R(0), SRC))

#endif

#include "isa.def"

#undef STEP_FORKS
#undef STEP_COMPACT
#undef STEP_ALU_FORM
#undef STEP_ALU
#undef STEP_64_BASE
#undef STEP_64_MUL
#undef STEP_64_DIV
#undef STEP_JMP32
#undef STEP_GOTO_OFF
#undef STEP_GOTO_IMM
#undef STEP_JMP_FORM
#undef STEP_ATOMIC
