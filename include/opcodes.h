/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every opcode that has an arm, as OPCODE(name, code): for tables. The includer defines OPCODE. */
#define OPCODE_ALU64(name, op)                                                                     \
	OPCODE(name##_64K, 0x07 | op)                                                              \
	OPCODE(name##_64X, 0x0f | op)
#define OPCODE_BASE(name, op) OPCODE_ALU64(name, op)
#define OPCODE_MUL(name, op) OPCODE_ALU64(name, op)
#if VM_DIV64
#define OPCODE_DIV(name, op) OPCODE_ALU64(name, op)
#else
#define OPCODE_DIV(name, op)
#endif
#define ALU(name, op, sign, group, text, effect)                                                   \
	OPCODE(name##_32K, 0x04 | op)                                                              \
	OPCODE(name##_32X, 0x0c | op)                                                              \
	OPCODE_##group(name, op)
#define NEG(name, op, effect)                                                                      \
	OPCODE(name##_32K, 0x04 | op)                                                              \
	OPCODE(name##_64K, 0x07 | op)
#if VM_JMP32
#define OPCODE_JMP32(name, op)                                                                     \
	OPCODE(name##_32K, 0x06 | op)                                                              \
	OPCODE(name##_32X, 0x0e | op)
#else
#define OPCODE_JMP32(name, op)
#endif
#define JMP(name, op, sign, text, condition)                                                       \
	OPCODE(name##_64K, 0x05 | op)                                                              \
	OPCODE(name##_64X, 0x0d | op)                                                              \
	OPCODE_JMP32(name, op)
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
#undef OPCODE_ALU64
#undef OPCODE_BASE
#undef OPCODE_MUL
#undef OPCODE_DIV
#undef OPCODE_JMP32
#undef OPCODE
