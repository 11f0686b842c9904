/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What operands.h needs outside of a function. */
#ifndef OPERAND_WORDS_H
#define OPERAND_WORDS_H

/* The classes of opcodes (RFC 9669 section 3), as questions. */
#define IS_MEMORY(w) (!((w) & 4)) /* 0 to 3 */
#define IS_JMP(w) (((w) + 1) & 2) /* 5 and 6, of 4 to 7 */
#define IS_64(w) ((w) & 1)	/* 5 and 7, of 4 to 7 */
#define IS_X(w) ((w) & 8)		/* the source is a register, of 4 to 7 */

/* The arm of an opcode: up to 15 of ALU, from 16 on of JMP. The last ones of ALU are free. */
#define ARM_OF(code) (((code) >> 4 & 15) + (IS_JMP(code) ? ARMS_JMP : 0))
#define ARMS_JMP 16
#define ARM_LDDW 14

/* The arms of byte orders: those of big endian serve for BSWAP, too. */
#define END_ARM(code, imm) END_ARM_##code(imm)
#define END_ARM_0xd4(imm) case imm:
#define END_ARM_0xdc(imm) case imm + 1:
#define END_ARM_0xd7(imm)		   if (0)
#define END_LE 0xd4
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big endian is the other order");
#define ARM_OF_CALL(n)                                                                           \
	case ARM_OF(n):                                                                         \
		if (!VM_CALLX || !IS_X(w))
#define ARM_OF_CALLX(n)
#define ARM_OF_EXIT(n) case ARM_OF(n):
#define ARM_OF_LDDW(n) case ARM_LDDW:

/* The opcodes that have an arm, by class. */
static const u32 known[8] VM_FLASH = {
#define CLASS 0
#include "known.h"
	,
#define CLASS 1
#include "known.h"
	,
#define CLASS 2
#include "known.h"
	,
#define CLASS 3
#include "known.h"
	,
#define CLASS 4
#include "known.h"
	,
#define CLASS 5
#include "known.h"
	,
#define CLASS 6
#include "known.h"
	,
#define CLASS 7
#include "known.h"
};

enum {
#define LDDW(name, code) OPCODE_LDDW = code,
#include "isa.def"
};

#endif
