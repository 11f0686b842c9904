/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What operands.h needs outside of a function. */
#ifndef OPERAND_WORDS_H
#define OPERAND_WORDS_H

#include "step_words.h"

/* The classes of opcodes (RFC 9669 section 3), and questions about some of them. */
enum {
	CLASS_LD,
	CLASS_LDX,
	CLASS_ST,
	CLASS_STX,
	CLASS_ALU,
	CLASS_JMP,
	CLASS_JMP32,
	CLASS_ALU64,
};
#define IS_K(w) (((w) & 12) == 4) /* of 4 to 7: the source is `imm` */
#define IS_X(w) ((w) & 8)	  /* of 4 to 7: it is a register */
#define IS_64(w) ((w) & 1)	  /* 5 and 7, of 4 to 7 */
#define IS_STORE(w) ((w) & 2)	  /* 2 and 3, of 1 to 3 */

/* The arm of an operation. */
#define ARM_OF(code) ((code) >> 4 & 15)

/* The arms of byte orders: two bits of the opcode tell the three apart, and no width has these. */
#define END_ARM(code, imm) (((code) & 10) | (imm))

/* Opcodes, and sets of arms as masks. */
enum {
#define LDDW(name, code) OPCODE_LDDW = code,
#define CALL(name, code) OPCODE_CALL = code,
#include "isa.def"
	LDX_ARMS = 0
#define LDX(name, code, type) | (u32)1 << ((code) >> 3)
#include "isa.def"
	, STX_ARMS = 0 /* those of ST are the same */
#define STX(name, code, type) | (u32)1 << ((code) >> 3)
#include "isa.def"
	, LEGACY_ARMS = 0
#define LEGACY(name, code, type) | (u32)1 << ((code) >> 3)
#include "isa.def"
};

/*
 * Jumps as sets of arms: those that there are, those that compare numbers with signs, and those
 * that are taken if one number is less than the other, and so on.
 */
static inline __attribute__((always_inline)) u32 jmp_taken(u64 d, u64 s)
{
	return 0
#define JMP(name, op, sign, text, condition) | (u32)((condition) != 0) << ARM_OF(op)
#include "isa.def"
		;
}
#define JMP_IF_SAME jmp_taken(0, 0)
#define JMP_IF_LESS jmp_taken(1, 2)
#define JMP_IF_MORE jmp_taken(2, 1)
#define JMP_IF_COMMON (jmp_taken(1, 1) ^ jmp_taken(0, 0)) /* they have bits in common */
enum {
	JMP_IS_U,
	JMP_IS_S,
	JMP_ARMS = 0
#define JMP(name, op, sign, text, condition) | (u32)1 << ARM_OF(op)
#include "isa.def"
	, JMP_SIGNED = 0
#define JMP(name, op, sign, text, condition) | (u32)JMP_IS_##sign << ARM_OF(op)
#include "isa.def"
};

#endif
