/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Helpers that belong together, or that call the guest: in the order that makes sense. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "helpers.h"

static void note_call(struct gen *g, u32 function)
{
	g->call[g->calls].at = g->len - 1;
	g->call[g->calls++].function = function;
}

/* A later function that does not recurse, or 0 if there is none. */
static u32 pick_function(struct gen *g)
{
	u32 last = FUNCTIONS - 1;

	if (g->function >= last || g->loops > 1 || g->calls == CALLS)
		return 0;
	return g->function + 1 + rng_below(g->rng, last - g->function);
}

/* bpf_loop, or bpf_for_each_map_elem, with a function of the guest. */
static void emit_turns(struct gen *g)
{
	u32 function = pick_function(g), turns = rng_below(g->rng, 5), map = rng_below(g->rng, MAPS);
	bool each = rng_chance(g->rng, 1, 2);

	if (!function)
		return;
	if (each)
		emit_handle(g, 1, map);
	else
		emit_constant(g, 1, turns);
	emit_raw(g, 0xb4, 2, 0, 0, 0); /* w2 = address of the function */
	note_call(g, function);
	emit_constant(g, 3, rng_value(g->rng));
	emit_constant(g, 4, rng_chance(g->rng, 1, 8));
	emit_call_of(g, each ? BPF_FUNC_for_each_map_elem : BPF_FUNC_loop);
}

/* A lock that is free, and its release. */
static void emit_lock(struct gen *g)
{
	u32 off = (u32)-4 * (1 + rng_below(g->rng, 8));

	emit_raw(g, 0x62, 10, 0, (s32)off, 0); /* *(u32 *)(r10 + off) = 0 */
	emit_raw(g, 0xbf, 1, 10, 0, 0);
	emit_raw(g, 0x07, 1, 0, 0, (s32)off);
	emit_call_of(g, BPF_FUNC_spin_lock);
	if (mistake(g))
		return;
	emit_raw(g, 0xbf, 1, 10, 0, 0);
	emit_raw(g, 0x07, 1, 0, 0, (s32)off);
	emit_call_of(g, BPF_FUNC_spin_unlock);
}

/* A sample of a ring buffer, if there is room, with something in it. */
static void emit_sample(struct gen *g)
{
	u32 end = rng_chance(g->rng, 1, 2) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard;
	u32 size = 8 + rng_below(g->rng, 64);

	emit_handle(g, 1, MAP_RING);
	emit_constant(g, 2, size);
	emit_raw(g, 0xb7, 3, 0, 0, 0);
	emit_raw(g, 0x85, 0, VM_CALL_HELPER, 0, BPF_FUNC_ringbuf_reserve);
	emit_raw(g, 0x15, 0, 0, mistake(g) ? 3 : 4, 0); /* if r0 == 0: behind all of this */
	emit_raw(g, 0x7b, 0, 9, 0, 0);			/* *(u64 *)r0 = r9 */
	emit_raw(g, 0xbf, 1, 0, 0, 0);
	emit_raw(g, 0xb7, 2, 0, 0, 0);
	emit_raw(g, 0x85, 0, VM_CALL_HELPER, 0, (s32)end);
}

/* A value of a map, changed if there is one: the pointer that a lookup returns. */
static void emit_lookup(struct gen *g)
{
	u32 map = rng_chance(g->rng, 1, 2) ? MAP_HASH : MAP_ARRAY;
	struct want w = {.size = fuzz_maps[map].key_size, .access = VM_READ, .helper = true};

	emit_handle(g, 1, map);
	emit_constant(g, 2, pick_address(g, &w));
	emit_raw(g, 0x85, 0, VM_CALL_HELPER, 0, BPF_FUNC_map_lookup_elem);
	emit_raw(g, 0x15, 0, 0, 2, 0); /* if r0 == 0: behind all of this */
	emit_raw(g, 0x79, 4, 0, 0, 0); /* r4 = *(u64 *)r0 */
	emit_raw(g, 0xdb, 0, 9, 8, 0); /* lock *(u64 *)(r0 + 8) += r9 */
}

/* Bytes before the packet, which the first call makes room for. */
static void emit_meta(struct gen *g)
{
	if (sample_where(g->sample) != VM_WHERE_XDP)
		return;
	for (s32 n = 8; n >= -8; n -= 16) {
		emit_constant(g, 1, VM_ADDRESS(VM_REGION_CTX, 0));
		emit_raw(g, 0xb7, 2, 0, 0, n);
		emit_raw(g, 0x85, 0, VM_CALL_HELPER, 0, BPF_FUNC_xdp_adjust_meta);
	}
	emit_constant(g, 1, VM_ADDRESS(VM_REGION_PACKET, 0) - 8 - mistake(g) * 4);
	emit_raw(g, 0x7b, 1, 9, 0, 0);
	emit_raw(g, 0x61, 4, 1, 4 + 4 * mistake(g), 0);
}

static void emit_helpers(struct gen *g)
{
	static void (*const calls[])(struct gen *) = {emit_turns, emit_turns,  emit_lock,
						      emit_sample, emit_lookup, emit_meta};
	u32 n = rng_below(g->rng, 3 * COUNT(calls));

	if (n < COUNT(calls))
		calls[n](g);
	else
		emit_helper(g);
}

#endif
