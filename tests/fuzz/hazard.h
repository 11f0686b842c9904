/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program should not hold: mistakes for well-formed programs, mutations, and programs
 * without any sense.
 */
#ifndef FUZZ_HAZARD_H
#define FUZZ_HAZARD_H

#include "helpers.h"

/* Any form with any fields; registers above r10 are rarer than in random bits. */
static struct vm_insn any_insn(struct rng *rng)
{
	u32 registers = rng_chance(rng, 1, 16) ? 16 : 11;
	const struct form *form = form_pick(rng, ~0u);
	u32 dst = rng_below(rng, registers), src = rng_below(rng, registers);
	s32 off = (s32)rng_below(rng, 24) - 8, imm = (s32)rng_value(rng);

	if (form->isa->kind == ISA_GOTO || form->isa->kind == ISA_CALL)
		imm = rng_chance(rng, 1, 2) ? (s32)rng_below(rng, 24) - 8 : imm;
	return form_make(form, dst, src, off, imm);
}

/* A known opcode with `off` or `imm` that no form has, or perhaps an opcode that nothing has. */
static void emit_unknown(struct gen *g)
{
	struct vm_insn in = any_insn(g->rng);

	if (rng_chance(g->rng, 1, 4))
		in.code = (u8)rng_next(g->rng);
	else
		in = form_pick(g->rng, ~0u)->in;
	in.off = rng_chance(g->rng, 1, 2) ? (s16)rng_value(g->rng) : in.off;
	in.imm = rng_chance(g->rng, 1, 2) ? (s32)rng_value(g->rng) : in.imm;
	emit(g, in);
}

static void emit_wild_jump(struct gen *g)
{
	s32 distance = rng_chance(g->rng, 1, 2) ? (s32)rng_value(g->rng) :
						  (s32)rng_below(g->rng, 400) - 200;
	u32 dst = any_register(g), src = any_register(g);

	emit(g, form_make(form_pick(g->rng, KIND(JMP) | KIND(GOTO)), dst, src, distance, distance));
}

static void emit_wild_call(struct gen *g)
{
	u32 reg = scratch(g), kind = rng_below(g->rng, 4);

	switch (rng_below(g->rng, 4)) {
	case 0: /* of a helper that may not be, of a function that is none, of a kind that is not */
		return emit_raw(g, 0x85, 0, kind, 0, (s32)rng_value(g->rng));
	case 1:
		return emit_raw(g, 0x85, 0, VM_CALL_LOCAL, 0, (s32)rng_below(g->rng, 64) - 32);
	case 2:
		emit_constant(g, reg, rng_value(g->rng));
		return emit_raw(g, 0x8d, reg, 0, 0, 0);
	default: /* anywhere near, aligned to instructions or not */
		emit_constant(g, reg, VM_CODE_BASE + rng_below(g->rng, g->len * 10 + 10));
		return emit_raw(g, 0x8d, reg, 0, 0, 0);
	}
}

/* A jump into an lddw whose second slot is, or is not, an instruction of its own. */
static void emit_wide(struct gen *g)
{
	struct vm_insn second = any_insn(g->rng);
	u32 dst = scratch(g), src = rng_chance(g->rng, 1, 4) ? rng_below(g->rng, 7) : 0;

	if (rng_chance(g->rng, 1, 2))
		second = (struct vm_insn){.imm = second.imm};
	emit_raw(g, 0x05, 0, 0, (s32)rng_below(g->rng, 2), 0);
	emit_raw(g, 0x18, dst, src, 0, (s32)rng_value(g->rng));
	emit(g, second);
}

static void emit_hazard(struct gen *g)
{
	u32 dst = 10 + rng_below(g->rng, 6), src = rng_below(g->rng, 16);
	s32 imm = (s32)rng_value(g->rng);

	switch (rng_below(g->rng, 7)) {
	case 0:
		return emit_wild_jump(g);
	case 1:
		return emit_wild_call(g);
	case 2:
		return emit_wide(g);
	case 3:
		return emit_unknown(g);
	case 4: /* registers that do not exist, or r10 as destination */
		return emit(g, form_make(form_pick(g->rng, ~0u), dst, src, 0, imm));
	case 5:
		return emit(g, form_make(form_pick(g->rng, KIND(LEGACY)), 0, 0, 0, 0));
	default:
		return emit(g, any_insn(g->rng));
	}
}

/* Takes out the slots from `at` on, or opens as many, as far as there is room. */
static void shift(struct gen *g, u32 at, u32 slots, bool open)
{
	u32 tail = g->len - at;

	if (open && g->len + slots <= COUNT(g->code)) {
		memmove(&g->code[at + slots], &g->code[at], tail * sizeof(*g->code));
		g->len += slots;
	} else if (!open && slots < tail) {
		memmove(&g->code[at], &g->code[at + slots], (tail - slots) * sizeof(*g->code));
		g->len -= slots;
	}
}

static void mutate_once(struct gen *g)
{
	struct rng *rng = g->rng;
	u32 at = rng_below(rng, g->len), other = rng_below(rng, g->len);
	struct vm_insn kept = g->code[at];
	u8 *byte = (u8 *)&g->code[at] + rng_below(rng, sizeof(kept));

	switch (rng_below(rng, 8)) {
	case 0:
	case 1: /* one bit of any byte */
		*byte ^= (u8)(1u << rng_below(rng, 8));
		return;
	case 2:
		*byte = (u8)rng_next(rng);
		return;
	case 3:
		g->code[at] = g->code[other];
		g->code[other] = kept;
		return;
	case 4:
		return shift(g, at, 1, false);
	case 5: /* written twice */
		return shift(g, at, 1, true);
	case 6:
		g->code[at] = any_insn(rng);
		return;
	default:
		if (rng_chance(rng, 1, 4))
			g->len = at + 1; /* truncated */
	}
}

static void mutate(struct gen *g)
{
	for (u32 n = 1 + rng_below(g->rng, 6); n; n--)
		mutate_once(g);
}

static void generate_soup(struct gen *g, struct rng *rng)
{
	for (g->len = 0; g->len < 4 + rng_below(rng, 60);)
		g->code[g->len++] = any_insn(rng);
	if (rng_chance(rng, 3, 4))
		g->code[g->len++] = (struct vm_insn){.code = 0x95};
}

static void generate_bytes(struct gen *g, struct rng *rng)
{
	g->len = 1 + rng_below(rng, 64);
	for (u32 i = 0; i < g->len * sizeof(*g->code); i++)
		((u8 *)g->code)[i] = (u8)rng_next(rng);
}

/*
 * Helpers whose results vary cannot be compared: calls of theirs become calls of one that does not.
 * A callx names its helper at run time only, which trace() watches, but it sees no register above
 * r10.
 */
static void tame(struct gen *g, struct rng *rng, u32 where)
{
	for (u32 i = 0; i < g->len; i++) {
		struct vm_insn *in = &g->code[i];

		if (in->code == 0x85 && !vm_src(in) && helper_varies((u32)in->imm))
			in->imm = (s32)helpers[helper_pick(rng, where, false)].number;
		if (in->code == 0x8d && vm_dst(in) > 10)
			in->regs &= 0xf7;
	}
}

#endif
