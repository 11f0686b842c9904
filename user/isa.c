/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* isa.def as a table: one entry per form of an instruction. */
#include <stddef.h>

#include "isa.h"

#define ISA_WIDTHS(kind_, base32, base64, ...)                                                     \
	{.kind = kind_, .code = base32, .bits = 32, __VA_ARGS__},                                  \
		{.kind = kind_, .code = base64, .bits = 64, __VA_ARGS__},
#define ISA_ALU_FORMS(op, ...)                                                                     \
	ISA_WIDTHS(ISA_ALU, 0x04 | op, 0x07 | op, __VA_ARGS__)                                     \
	ISA_WIDTHS(ISA_ALU, 0x0c | op, 0x0f | op, .reg = 1, __VA_ARGS__)
#define ISA_KEYED(field, value) .key_field = field, .key = value

#define ALU(name, op, sign, group, text_, effect) ISA_ALU_FORMS(op, .text = text_)
#define FORK_ALU(name, op, sign, group, text_, effect)                                             \
	ISA_ALU_FORMS(op, .text = text_, ISA_KEYED(ISA_OFF, 0))
#define ALU_OFF(off, name, op, sign, group, text_, effect)                                         \
	ISA_ALU_FORMS(op, .text = text_, ISA_KEYED(ISA_OFF, off))
#define NEG(name, op, effect) ISA_WIDTHS(ISA_NEG, 0x04 | op, 0x07 | op, .text = "-")
#define MOVSX(name, code_, off, type_)                                                             \
	{.kind = ISA_MOVSX,                                                                        \
	 .code = code_,                                                                            \
	 .bits = code_ == 0xbc ? 32 : 64,                                                          \
	 .type = #type_,                                                                           \
	 ISA_KEYED(ISA_OFF, off)},
#define END(name, code_, imm, type_, text_, effect)                                                \
	{.kind = ISA_END, .code = code_, .text = text_, ISA_KEYED(ISA_IMM, imm)},
#define JMP(name, op, sign, text_, condition)                                                      \
	ISA_WIDTHS(ISA_JMP, 0x06 | op, 0x05 | op, .text = text_)                                   \
	ISA_WIDTHS(ISA_JMP, 0x0e | op, 0x0d | op, .text = text_, .reg = 1)
#define GOTO(name, code_, field, text_)                                                            \
	{.kind = ISA_GOTO, .code = code_, .text = text_, .target = ISA_##field},
#define ISA_PLAIN(kind_, code_) {.kind = kind_, .code = code_},
#define CALL(name, code) ISA_PLAIN(ISA_CALL, code)
#define CALLX(name, code) ISA_PLAIN(ISA_CALLX, code)
#define EXIT(name, code) ISA_PLAIN(ISA_EXIT, code)
#define LDDW(name, code) ISA_PLAIN(ISA_LDDW, code)
#define ISA_MEMORY(kind_, code_, type_) {.kind = kind_, .code = code_, .type = #type_},
#define LDX(name, code, type) ISA_MEMORY(ISA_LDX, code, type)
#define STX(name, code, type) ISA_MEMORY(ISA_STX, code, type)
#define ST(name, code, type) ISA_MEMORY(ISA_ST, code, type)
#define LEGACY(name, code, type) ISA_MEMORY(ISA_LEGACY, code, type)
#define ISA_ATOMICS(kind_, imm, text_)                                                             \
	{.kind = kind_, .code = 0xc3, .bits = 32, .text = text_, .type = "u32",                    \
	 ISA_KEYED(ISA_IMM, imm)},                                                                 \
		{.kind = kind_, .code = 0xdb, .bits = 64, .text = text_, .type = "u64",            \
		 ISA_KEYED(ISA_IMM, imm)},
#define ATOMIC(name, imm, text, verb, builtin, effect)                                                     \
	ISA_ATOMICS(ISA_ATOMIC, imm, text)                                                         \
	ISA_ATOMICS(ISA_FETCH, (imm) | VM_FETCH, verb)
#define ATOMIC_XCHG(name, imm, verb, builtin, effect) ISA_ATOMICS(ISA_XCHG, imm, verb)
#define ATOMIC_CMPXCHG(name, imm, verb, builtin, effect) ISA_ATOMICS(ISA_CMPXCHG, imm, verb)

static const struct bpfvm_isa forms[] = {
#include "isa.def"
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static _Bool isa_matches(const struct bpfvm_isa *form, const struct vm_insn *in)
{
	if (form->code != in->code)
		return 0;
	return form->key_field == ISA_NONE ||
	       form->key == (form->key_field == ISA_OFF ? (u32)in->off : (u32)in->imm);
}

const struct bpfvm_isa *bpfvm_isa__find(const struct vm_insn *in)
{
	for (size_t i = 0; i < FORMS; i++)
		if (isa_matches(&forms[i], in))
			return &forms[i];
	return NULL;
}
