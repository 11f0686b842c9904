/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls of helpers, with arguments of the kinds that helpers.def asks for. */
#ifndef FUZZ_HELPERS_H
#define FUZZ_HELPERS_H

#include "emit.h"
#include "helper_call.h"

static const struct {
	u32 number;
	u32 args; /* VM_ARGS of helper_call.h */
} helpers[] = {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	{number, VM_ARGS(where, a1, a2, a3, a4, a5)},
#include "helpers.def"
};

/* SIZE and VALUE are one kind to a core: which one an argument is follows from the one before. */
static bool is_span(u32 kind)
{
	return kind >= VM_ARG_READ && kind <= VM_ARG_CHANGE;
}

/*
 * Helpers whose results are another one at every call, or on every core: clocks, random numbers, the
 * CPU, what is common to all guests, what only a kernel has, like room before a packet without end.
 * And those that are others in older kernels, or whose only effect is to print. Tests of their own
 * look at them.
 */
static bool helper_varies(u64 number)
{
	static const u32 common[] = {
		BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_ktime_get_coarse_ns,
		BPF_FUNC_get_prandom_u32, BPF_FUNC_get_smp_processor_id,
		BPF_FUNC_clone_redirect, BPF_FUNC_perf_event_output, BPF_FUNC_get_hash_recalc,
		BPF_FUNC_fib_lookup, BPF_FUNC_skb_vlan_push, BPF_FUNC_map_lookup_percpu_elem,
		BPF_FUNC_csum_diff, BPF_FUNC_trace_printk, BPF_FUNC_skb_change_head,
		VM_FUNC_kv_store_global, VM_FUNC_kv_fetch_global,
	};

	for (size_t i = 0; i < COUNT(common); i++)
		if (common[i] == number)
			return true;
	return false;
}

/* Helpers that move or cut the packet: what is at its addresses, and which there are, changes. */
static bool helper_moves(u32 number)
{
	switch (number) {
	case BPF_FUNC_xdp_adjust_head:
	case BPF_FUNC_xdp_adjust_tail:
	case BPF_FUNC_skb_change_head:
	case BPF_FUNC_skb_change_tail:
	case BPF_FUNC_skb_change_proto:
	case BPF_FUNC_skb_vlan_pop:
	case BPF_FUNC_skb_adjust_room:
		return true;
	}
	return false;
}

/*
 * Helpers that fail unless there was another call before; and xdp_adjust_meta, which gives less in
 * older kernels: see calls.h.
 */
static bool helper_depends(u32 number)
{
	switch (number) {
	case BPF_FUNC_xdp_adjust_meta:
	case BPF_FUNC_spin_lock:
	case BPF_FUNC_spin_unlock:
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
	case BPF_FUNC_loop:
	case BPF_FUNC_for_each_map_elem:
		return true;
	}
	return false;
}

/* Any helper that guests like this one have; without mistakes, one whose call cannot trap. */
static u32 helper_pick(struct rng *rng, u32 where, bool clean)
{
	u32 i, number;

	do {
		i = rng_below(rng, COUNT(helpers));
		number = helpers[i].number;
	} while (helper_varies(number) || !(VM_ARG_WHERE(helpers[i].args) & where) ||
		 number == BPF_FUNC_xdp_adjust_meta ||
		 (clean && (helper_moves(number) || helper_depends(number))));
	return i;
}

static u32 sample_where(const struct sample *s)
{
	return bpfvm_kind__where(s->image->kind);
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

/* A map that suits the helper. */
static u32 pick_map(struct gen *g, u32 i)
{
	static const u32 keyed[] = {MAP_ARRAY, MAP_ARRAY, MAP_HASH, MAP_HASH, MAP_LPM, MAP_DEVICES};
	u32 kind = VM_ARG_KIND(helpers[i].args, 1), n = rng_below(g->rng, COUNT(keyed));

	if (mistake(g))
		return rng_below(g->rng, MAPS);
	switch (helpers[i].number) {
	case BPF_FUNC_tail_call:
		return MAP_PROGRAMS;
	case BPF_FUNC_redirect_map:
		return MAP_DEVICES;
	}
	return kind == VM_ARG_KEY ? keyed[n] : MAP_RING;
}

static void emit_value_argument(struct gen *g, u32 reg)
{
	static const u64 values[] = {0,	 8,  10, 16,  0,	8,	     10,	  16,
				     2,	 17, 31, 32,  1,	4,	     14,	  18,
				     20, 34, 64, 100, (u64)-1,	(u64)-4,     (u64)-8,	  (u64)-20};

	emit_constant(g, reg, values[rng_below(g->rng, COUNT(values))]);
}

/* A name of a map, nearly always of the one that is meant. */
static void emit_handle(struct gen *g, u32 reg, u32 map)
{
	emit_constant(g, reg, mistake(g) ? VM_MAP_HANDLE(rng_below(g->rng, VM_REGIONS + 4)) :
					   VM_MAP_HANDLE(map_region(map)));
}

/* What a pointer has to allow. Strings and locks are not in packets, as if they were atomics. */
static u32 access_of(u32 kind)
{
	switch (kind) {
	case VM_ARG_WRITE:
	case VM_ARG_WRITE0:
	case VM_ARG_WRITE8:
		return VM_WRITE;
	case VM_ARG_CHANGE:
		return VM_READ | VM_WRITE;
	case VM_ARG_LOCK:
		return VM_READ | VM_WRITE | VM_ATOMIC;
	case VM_ARG_TEXT:
		return VM_READ | VM_ATOMIC;
	}
	return VM_READ;
}

static u32 size_of(u32 kind, u32 size, u32 map)
{
	switch (kind) {
	case VM_ARG_KEY:
		return fuzz_maps[map].key_size;
	case VM_ARG_ELEM:
		return fuzz_maps[map].value_size;
	case VM_ARG_WRITE8:
		return 8;
	case VM_ARG_TEXT:
		return 1;
	case VM_ARG_LOCK:
		return 4;
	}
	return size;
}

static void emit_pointer(struct gen *g, u32 reg, u32 kind, u32 size, u32 map)
{
	switch (kind) {
	case VM_ARG_CTX:
		emit_constant(g, reg, VM_ADDRESS(VM_REGION_CTX, mistake(g)));
		return;
	case VM_ARG_MAP:
		emit_handle(g, reg, map);
		return;
	case VM_ARG_FUNC:
		emit_constant(g, reg, VM_CODE_BASE + rng_below(g->rng, g->len * 8 + 8));
		return;
	}
	size = size_of(kind, size, map);
	emit_span(g, reg, size ? size : 1, access_of(kind));
}

/* `before` is the kind of the argument before it: a span has its size next. */
static void emit_argument(struct gen *g, u32 reg, u32 kind, u32 before, u32 size, u32 map)
{
	if (is_span(before))
		emit_constant(g, reg, mistake(g) ? rng_value(g->rng) : size);
	else if (kind)
		emit_pointer(g, reg, kind, size, map);
	else
		emit_value_argument(g, reg);
}

static void emit_call_of(struct gen *g, u32 number)
{
	if (rng_chance(g->rng, 1, 3)) {
		emit_constant(g, 0, number);
		emit_raw(g, 0x8d, 0, 0, 0, 0); /* callx r0 */
	} else {
		emit_raw(g, 0x85, 0, VM_CALL_HELPER, 0, (s32)number);
	}
}

static void emit_helper(struct gen *g)
{
	u32 i = helper_pick(g->rng, sample_where(g->sample), !g->hazard);
	u32 longest = g->hazard ? VM_HELPER_SPAN : VM_FRAME_SIZE; /* which the stack always has */
	u32 most = rng_chance(g->rng, 1, 8) ? longest : 24, map = pick_map(g, i), before = 0;
	u32 size = 1 + rng_below(g->rng, most);

	for (u32 n = 0; n < 5; n++) {
		u32 kind = VM_ARG_KIND(helpers[i].args, n);
		bool may_be_nothing = kind == VM_ARG_READ0 || kind == VM_ARG_WRITE0;

		if (is_span(kind) && rng_chance(g->rng, 1, 4))
			size = may_be_nothing ? 0 : 1 + rng_below(g->rng, most);
		if (is_span(kind) && !may_be_nothing && !size)
			size = 1;
		emit_argument(g, 1 + n, kind, before, size, map);
		before = kind;
	}
	emit_call_of(g, helpers[i].number);
}

#endif
