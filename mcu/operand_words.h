/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What operands.h needs outside of a function. */
#ifndef OPERAND_WORDS_H
#define OPERAND_WORDS_H

#include "step_words.h"

/* The classes of opcodes (RFC 9669 section 3), as questions. */
#define IS_MEMORY(w) (!((w) & 4)) /* 0 to 3 */
#define IS_JMP(w) (((w) + 1) & 2) /* 5 and 6, of 4 to 7 */
#define IS_64(w) ((w) & 1)	  /* 5 and 7, of 4 to 7 */
#define IS_X(w) ((w) & 8)	  /* the source is a register, of 4 to 7 */

/* The arm of an operation. */
#define ARM_OF(code) ((code) >> 4 & 15)

/* The arm of an access: loads, then stores, to which STX and ST are the same. */
#define MEMORY_ARM(code) ((((code) >> 3 & 31) - 12) | ((code) & 2) << 2)

/*
 * The arms of byte orders: one for each width and order, those of big endian serving for BSWAP, too.
 * The third row of a width has an arm that nothing leads to.
 */
#define END_ARM(code, imm) ((imm) | ((code) >> 3 & 1) | ((code) & 3) << 1)
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big endian is the other order");

/* Opcodes, and sets of arms as masks. */
enum {
#define LDDW(name, code) OPCODE_LDDW = code,
#include "isa.def"
	MEMORY_ARMS = 0
#define LDX(name, code, type) | 1 << MEMORY_ARM(code)
#define STX(name, code, type) | 1 << MEMORY_ARM(code)
#include "isa.def"
	, LEGACY_ARMS = 0
#define LEGACY(name, code, type) | 1 << ((code) >> 3)
#include "isa.def"
};

#endif
