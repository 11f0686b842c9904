/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* isa.def as a table, for those who look at instructions: linker and disassembler. */
#ifndef BPFVM_ISA_H
#define BPFVM_ISA_H

#include "vm.h"

/* The kinds of row in isa.def. */
enum bpfvm_isa_kind {
	ISA_ALU,
	ISA_NEG,
	ISA_MOVSX,
	ISA_END,
	ISA_JMP,
	ISA_GOTO,
	ISA_CALL,
	ISA_CALLX,
	ISA_EXIT,
	ISA_LDX,
	ISA_STX,
	ISA_ST,
	ISA_ATOMIC,
	ISA_FETCH,
	ISA_XCHG,
	ISA_CMPXCHG,
	ISA_LDDW,
	ISA_LEGACY,
};

/* A field of an instruction; ISA_NONE: no field. */
enum bpfvm_isa_field { ISA_NONE, ISA_OFF, ISA_IMM };

/* One form of an instruction. */
struct bpfvm_isa {
	enum bpfvm_isa_kind kind;
	u8 code;
	enum bpfvm_isa_field key_field; /* which has to be `key`, besides the opcode */
	u32 key;
	u8 bits;		     /* of the operation: 32 or 64 */
	_Bool reg;		     /* the second operand is the source register, not `imm` */
	enum bpfvm_isa_field target; /* GOTO: where the distance is */
	const char *text;	     /* operator or verb in the kernel's notation */
	const char *type;	     /* of the value in memory, or of the part that is extended */
};

/* The form that an instruction has, or NULL. Unused fields are not looked at. */
const struct bpfvm_isa *bpfvm_isa__find(const struct vm_insn *in);

#endif
