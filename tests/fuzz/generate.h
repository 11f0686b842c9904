/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes well-formed programs: blocks of every kind of instruction, in loops that end and functions
 * that return.
 */
#ifndef FUZZ_GENERATE_H
#define FUZZ_GENERATE_H

#include "calls.h"
#include "hazard.h"

#define KIND_STRAIGHT (KIND(ALU) | KIND(NEG) | KIND(MOVSX) | KIND(END))
#define KIND_MEMORY (KIND(LDX) | KIND(STX) | KIND(ST))
#define KIND_ATOMIC (KIND(ATOMIC) | KIND(FETCH) | KIND(XCHG) | KIND(CMPXCHG))

static void emit_block(struct gen *g);

static void emit_straight(struct gen *g)
{
	for (u32 n = 1 + rng_below(g->rng, 6); n; n--) {
		const struct form *form = form_pick(g->rng, KIND_STRAIGHT);
		u32 dst = scratch(g), src = any_register(g);

		emit(g, form_make(form, dst, src, 0, (s32)rng_value(g->rng)));
	}
}

static void emit_value(struct gen *g)
{
	u32 dst = scratch(g);

	emit_constant(g, dst, rng_value(g->rng));
}

static void emit_load(struct gen *g, const struct form *form)
{
	struct want w = {.size = form_size(form), .access = VM_READ};
	struct place p = emit_place(g, &w);

	emit(g, form_make(form, scratch(g), p.reg, p.off, 0));
}

static void emit_store(struct gen *g, const struct form *form)
{
	struct want w = {.size = form_size(form), .access = VM_WRITE};
	struct place p = emit_place(g, &w);
	u32 src = any_register(g);

	emit(g, form_make(form, p.reg, src, p.off, (s32)rng_value(g->rng)));
}

static void emit_memory(struct gen *g)
{
	const struct form *form = form_pick(g->rng, KIND_MEMORY);

	if (form->isa->kind == ISA_LDX)
		emit_load(g, form);
	else
		emit_store(g, form);
}

static void emit_atomic(struct gen *g)
{
	const struct form *form = form_pick(g->rng, KIND_ATOMIC);
	struct want w = {form_size(form), VM_READ | VM_WRITE | VM_ATOMIC, false};
	struct place p = emit_place(g, &w);

	/* half of the comparisons find what they expect: its present value, loaded into r0 */
	if (form->isa->kind == ISA_CMPXCHG && p.reg && rng_chance(g->rng, 1, 2))
		emit_raw(g, w.size == 8 ? 0x79 : 0x61, 0, p.reg, p.off, 0);
	emit(g, form_make(form, p.reg, form->uses & VM_SETS_SRC ? scratch(g) : any_register(g),
			  p.off, 0));
}

/* A conditional jump with any operands. */
static void emit_jump(struct gen *g, s32 off)
{
	const struct form *form = form_pick(g->rng, KIND(JMP));
	u32 dst = any_register(g), src = any_register(g);

	emit(g, form_make(form, dst, src, off, (s32)rng_value(g->rng)));
}

/* An unconditional jump of either kind. */
static void emit_goto(struct gen *g, s32 distance)
{
	emit(g, form_make(form_pick(g->rng, KIND(GOTO)), 0, 0, distance, distance));
}

/* A few blocks, one of them perhaps a loop. */
static void emit_body(struct gen *g, u32 blocks)
{
	while (blocks-- && has_room(g, 24))
		emit_block(g);
}

/* A jump, taken or not, over some blocks. */
static void emit_skip(struct gen *g)
{
	u32 at = g->len;
	s32 distance;

	if (rng_chance(g->rng, 1, 8))
		emit_goto(g, 0);
	else
		emit_jump(g, 0);
	emit_body(g, 1 + rng_below(g->rng, 2));
	distance = (s32)(g->len - at - 1);
	if (g->code[at].code == 0x06) /* gotol */
		g->code[at].imm = distance;
	else
		g->code[at].off = (s16)distance;
}

/*
 * Blocks that are repeated a known number of times. Back leads either of two jumps: one of any
 * form, whose condition does not matter, or else the unconditional one behind it.
 */
static void emit_loop(struct gen *g)
{
	u32 counter = 6 + g->loops, start;

	if (g->loops == 3)
		return emit_straight(g);
	emit_raw(g, 0xb7, counter, 0, 0, (s32)(1 + rng_below(g->rng, g->loops ? 10 : 60)));
	start = g->len;
	g->loops++;
	emit_body(g, 1 + rng_below(g->rng, 4));
	g->loops--;
	emit_raw(g, 0x07, counter, 0, 0, -1);
	emit_raw(g, 0x15, counter, 0, 2, 0); /* if counter == 0: behind both */
	emit_jump(g, (s32)start - (s32)g->len - 1);
	emit_goto(g, (s32)start - (s32)g->len - 1);
}

/*
 * A call of a later function, directly or through a register. Those that recurse are called from
 * outermost only.
 */
static void emit_call(struct gen *g)
{
	u32 last = g->function || g->loops ? FUNCTIONS - 1 : FUNCTIONS, function;

	if (g->function >= last || g->loops > 1 || g->calls == CALLS)
		return emit_straight(g);
	function = g->function + 1 + rng_below(g->rng, last - g->function);
	if (function == FUNCTIONS)
		emit_raw(g, 0xb7, 1, 0, 0, (s32)rng_below(g->rng, VM_FRAMES - 1 + mistake(g) * 2));
	if (rng_chance(g->rng, 1, 2)) {
		u32 reg = 2 + rng_below(g->rng, 4);

		emit_raw(g, 0xb4, reg, 0, 0, 0); /* w = address of the function */
		note_call(g, function);
		emit_raw(g, 0x8d, reg, 0, 0, 0);
	} else {
		emit_raw(g, 0x85, 0, VM_CALL_LOCAL, 0, 0);
		note_call(g, function);
	}
}

static void emit_block(struct gen *g)
{
	static void (*const blocks[])(struct gen *) = {
		emit_straight, emit_straight, emit_straight, emit_value, emit_memory, emit_memory,
		emit_memory, emit_memory, emit_atomic, emit_atomic, emit_skip, emit_skip, emit_loop,
		emit_call, emit_helpers,
	};

	if (mistake(g))
		return emit_hazard(g);
	blocks[rng_below(g->rng, COUNT(blocks))](g);
}

/* Mixes the registers into r0 and leaves the function. */
static void emit_end(struct gen *g)
{
	for (u32 reg = 1; reg < 10; reg += 1 + rng_below(g->rng, 4))
		emit_raw(g, rng_chance(g->rng, 1, 2) ? 0xaf : 0x0f, 0, reg, 0, 0);
	emit_raw(g, 0x95, 0, 0, 0, 0);
}

/* r1 more calls of itself, each with something in its frame. */
static void emit_recursion(struct gen *g)
{
	emit_raw(g, 0x7b, 10, 1, -8, 0);	   /* *(u64 *)(r10 - 8) = r1 */
	emit_raw(g, 0x15, 1, 0, 3, 0);		   /* if r1 == 0 goto +3 */
	emit_raw(g, 0x07, 1, 0, 0, -1);		   /* r1 -= 1 */
	emit_raw(g, 0x85, 0, VM_CALL_LOCAL, 0, 0); /* call itself */
	note_call(g, FUNCTIONS);
	emit_raw(g, 0x79, 1, 10, -8, 0);
	emit_raw(g, 0x0f, 0, 1, 0, 0); /* r0 += r1 */
	emit_raw(g, 0x95, 0, 0, 0, 0);
}

static void emit_functions(struct gen *g)
{
	for (g->function = 1; g->function <= FUNCTIONS; g->function++) {
		g->start[g->function] = g->len;
		if (g->function == FUNCTIONS) {
			emit_recursion(g);
			break;
		}
		g->max = g->len + FUNCTION_ROOM - 32;
		emit_body(g, 1 + rng_below(g->rng, 4));
		emit_end(g);
	}
}

static void link_calls(struct gen *g)
{
	for (u32 i = 0; i < g->calls; i++) {
		struct vm_insn *in = &g->code[g->call[i].at];
		u32 start = g->start[g->call[i].function];

		in->imm = in->code == 0x85 ? (s32)(start - g->call[i].at - 1) :
					     (s32)(VM_CODE_BASE + start * sizeof(*in));
	}
}

/* The functions that tail calls may lead to. */
static void sample_programs(const struct gen *g, struct bpfvm_image *image)
{
	for (u32 i = 1; i < FUNCTIONS && i < PROGRAMS; i++)
		image->map[MAP_PROGRAMS].first[i] = g->start[i] ? g->start[i] + 1 : 0;
}

/* A whole program: the registers get values, then blocks, then the functions. */
static void generate(struct gen *g, struct rng *rng, const struct sample *sample, u32 hazard)
{
	u32 room = BPFVM_CODE - FUNCTIONS * FUNCTION_ROOM - 64, blocks;

	g->rng = rng;
	g->sample = sample;
	g->hazard = hazard;
	g->len = g->loops = g->function = g->calls = 0;
	blocks = rng_chance(rng, 1, 64) ? 100 + rng_below(rng, 400) : 1 + rng_below(rng, 30);
	g->max = room;
	for (u32 reg = 3; reg < 10; reg++)
		emit_constant(g, reg, rng_value(rng));
	emit_body(g, blocks);
	emit_end(g);
	emit_functions(g);
	link_calls(g);
}

#endif
