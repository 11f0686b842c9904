/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls of helpers, with arguments of the kinds that helpers.def asks for. */
#ifndef FUZZ_HELPERS_H
#define FUZZ_HELPERS_H

#include "emit.h"

enum argument {
	NONE,
	VALUE,
	SIZE,
	CTX,
	MAP,
	KEY,
	ELEM,
	READ,
	READ0,
	WRITE,
	WRITE0,
	CHANGE,
	WRITE8,
	LOCK,
	FUNC,
	TEXT,
};

static const struct {
	u32 number;
	u32 where; /* enum vm_where */
	enum argument argument[5];
} helpers[] = {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	{number, VM_WHERE_##where, {a1, a2, a3, a4, a5}},
#include "helpers.def"
};

/* Clocks, random numbers and the like: no arguments, and another result at every call. */
static bool helper_varies(u64 number)
{
	for (size_t i = 0; i < COUNT(helpers); i++)
		if (helpers[i].number == number)
			return helpers[i].argument[0] == NONE;
	return false;
}

static u32 helper_pick(struct rng *rng)
{
	u32 i;

	do {
		i = rng_below(rng, COUNT(helpers));
	} while (helper_varies(helpers[i].number) || !(helpers[i].where & VM_WHERE_PLAIN));
	return i;
}

/*
 * A span of `size` bytes; mistakes ask for none, for more than helpers take, or for what does not
 * belong to it.
 */
static void emit_span(struct gen *g, u32 reg, u32 size, u32 access)
{
	struct want w = {.size = size, .access = access, .helper = true};

	emit_constant(g, reg, pick_address(g, &w));
}

static void emit_argument(struct gen *g, u32 reg, enum argument argument, u32 size)
{
	static const u64 values[] = {0, 8, 10, 16, 0, 8, 10, 16, 2, 17, 31, 32};

	if (argument == VALUE && rng_chance(g->rng, 7, 8))
		emit_constant(g, reg, values[rng_below(g->rng, COUNT(values))]);
	else if (argument == SIZE)
		emit_constant(g, reg, mistake(g) ? rng_value(g->rng) : size);
	else if (argument == READ || argument == WRITE)
		emit_span(g, reg, size, argument == READ ? VM_READ : VM_WRITE);
	else if (argument == WRITE8)
		emit_span(g, reg, 8, VM_WRITE);
	else
		emit_constant(g, reg, rng_value(g->rng));
}

static void emit_helper(struct gen *g)
{
	u32 i = helper_pick(g->rng), most = rng_chance(g->rng, 1, 8) ? VM_HELPER_SPAN : 24;
	u32 size = 1 + rng_below(g->rng, most);

	for (u32 reg = 1; reg <= 5; reg++)
		emit_argument(g, reg, helpers[i].argument[reg - 1], size);
	if (rng_chance(g->rng, 1, 3)) {
		emit_constant(g, 0, helpers[i].number);
		emit_raw(g, 0x8d, 0, 0, 0, 0); /* callx r0 */
	} else {
		emit_raw(g, 0x85, 0, VM_CALL_HELPER, 0, (s32)helpers[i].number);
	}
}

#endif
