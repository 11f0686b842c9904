/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every form of an instruction that isa.def has, to choose from, and how often each was executed.
 */
#ifndef FUZZ_FORMS_H
#define FUZZ_FORMS_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "isa.h"
#include "random.h"

struct form {
	struct vm_insn in; /* opcode, and the `off` or `imm` that makes it this form */
	const struct bpfvm_isa *isa;
	u32 uses;     /* enum vm_use */
	u64 executed; /* by traced programs */
	u64 accepted; /* likewise, of those that the checker had accepted */
};

static struct form forms[512];
static u32 form_count;

static const char *const opcode_names[256] = {
#define OPCODE(name, code) [code] = #name,
#include "opcodes.h"
};

/* Index of the form of `in`, or form_count if it has none. */
static u32 form_of(const struct vm_insn *in)
{
	const struct bpfvm_isa *isa = bpfvm_isa__find(in);
	u32 i = 0;

	while (i < form_count && forms[i].isa != isa)
		i++;
	return i;
}

static void form_note(struct vm_insn in)
{
	const struct bpfvm_isa *isa = bpfvm_isa__find(&in);

	if (!isa || form_of(&in) < form_count)
		return;
	assert(form_count < COUNT(forms));
	forms[form_count++] = (struct form){.in = in, .isa = isa, .uses = vm_uses(&in)};
}

/*
 * Tries every opcode with every `off` and `imm` that could tell forms apart (VM_FORK has room for 8
 * bits).
 */
static void forms_find(void)
{
	for (u32 code = 0; code < 256; code++) {
		u32 before = form_count;

		for (u32 key = 0; key < 256; key++) {
			form_note((struct vm_insn){.code = (u8)code, .off = (s16)key});
			form_note((struct vm_insn){.code = (u8)code, .imm = (s32)key});
		}
		assert((form_count > before) == !!opcode_names[code]);
	}
}

#define KIND(kind) (1u << ISA_##kind)

/* A random form whose kind is in `kinds`, a mask of KIND(). */
static const struct form *form_pick(struct rng *rng, u32 kinds)
{
	const struct form *form;

	do {
		form = &forms[rng_below(rng, form_count)];
	} while (!(kinds >> form->isa->kind & 1));
	return form;
}

/* An instruction of this form; what the form does not use stays 0. */
static struct vm_insn form_make(const struct form *form, u32 dst, u32 src, s32 off, s32 imm)
{
	struct vm_insn in = form->in;

	if (form->uses & VM_USE_DST)
		in.regs |= (u8)dst;
	if (form->uses & VM_USE_SRC)
		in.regs |= (u8)(src << 4);
	if (form->uses & VM_USE_OFF && form->isa->key_field != ISA_OFF)
		in.off = (s16)off;
	if (form->uses & VM_USE_IMM && form->isa->key_field != ISA_IMM)
		in.imm = imm;
	return in;
}

/* Bytes that a form reads or writes, from the name of its type ("u32"). */
static u32 form_size(const struct form *form)
{
	return (u32)atoi(form->isa->type + 1) / 8;
}

static void form_print(const struct form *form)
{
	char name[32];

	if (form->isa->key_field == ISA_NONE)
		snprintf(name, sizeof(name), "%s", opcode_names[form->in.code]);
	else
		snprintf(name, sizeof(name), "%s/%u", opcode_names[form->in.code], form->isa->key);
	printf("  %-14s %11llu %11llu", name, (unsigned long long)form->executed,
	       (unsigned long long)form->accepted);
}

/* The whole table: executed at all, and in accepted programs. */
static void forms_print(void)
{
	printf("form: times executed in traced programs, and in those that the checker accepts\n");
	for (u32 i = 0; i < form_count; i++) {
		form_print(&forms[i]);
		if (i % 2 || i + 1 == form_count)
			printf("\n");
	}
}

/*
 * How many forms were never executed; those that the checker accepts have to be by an accepted
 * program.
 */
static u32 forms_missed(void)
{
	u32 missed = 0;

	for (u32 i = 0; i < form_count; i++)
		missed += !(forms[i].uses & VM_PACKET ? forms[i].executed : forms[i].accepted);
	return missed;
}

#endif
