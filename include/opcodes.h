/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every opcode that has an arm, as OPCODE(name, code): for tables. The includer defines OPCODE. */
#define OPCODE_ALU(name, op)                                                                       \
	OPCODE(name##_32K, 0x04 | op)                                                              \
	OPCODE(name##_32X, 0x0c | op)                                                              \
	OPCODE(name##_64K, 0x07 | op)                                                              \
	OPCODE(name##_64X, 0x0f | op)
#define ALU(name, op, sign, group, text, effect) OPCODE_ALU(name, op)
#define NEG(name, op, effect)                                                                      \
	OPCODE(name##_32K, 0x04 | op)                                                              \
	OPCODE(name##_64K, 0x07 | op)
#define JMP(name, op, sign, text, condition)                                                       \
	OPCODE(name##_64K, 0x05 | op)                                                              \
	OPCODE(name##_64X, 0x0d | op)                                                              \
	OPCODE(name##_32K, 0x06 | op)                                                              \
	OPCODE(name##_32X, 0x0e | op)
#define GOTO(name, code, field, text) OPCODE(name, code)
#define CALL(name, code) OPCODE(name, code)
#define CALLX(name, code) OPCODE(name, code)
#define EXIT(name, code) OPCODE(name, code)
#define LDX(name, code, type) OPCODE(name, code)
#define STX(name, code, type) OPCODE(name, code)
#define ST(name, code, type) OPCODE(name, code)
#define FORK(name, code) OPCODE(name, code)
#define LDDW(name, code) OPCODE(name, code)
#define LEGACY(name, code, type) OPCODE(name, code)
#include "isa.def"
#undef OPCODE_ALU
#undef OPCODE
