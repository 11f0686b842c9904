/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helpers that call a function of the guest again and again: bpf_loop, bpf_for_each_map_elem.
 * The includer defines
 *   VM_MACHINE		type of the machine: something with `st` and `row`
 *   VM_MAP_AT(region)	offset of the struct vm_map behind a map's number, or 0
 *   VM_MAP_TRAITS(map)	of the map at such an offset
 *   VM_MAP_WALK(map, elem, key), VM_MAP_VALUE(map, elem)	vm_map_walk of map.h, vm_map_value
 *			for this CPU
 */
#ifndef BPFVM_HELPER_TURNS_H
#define BPFVM_HELPER_TURNS_H

#include "helper_call.h"
#include "map_layout.h"

#define VM_LOOP_MAX (1u << 23) /* most turns of one bpf_loop */

/* bpf_loop(turns, function, context, flags); st->pc is where to go on. Returns a trap or 0. */
static inline u32 vm_loop(struct vm_state *st, struct vm_region *rows, const u64 *v)
{
	u32 turns = (u32)v[0];

	st->reg[0] = v[3] ? (u64)-VM_EINVAL : turns > VM_LOOP_MAX ? (u64)-VM_E2BIG : 0;
	if (st->reg[0] || !turns)
		return VM_STOP_NONE;
	if (!vm_turns_push(st, rows, VM_TURNS_LOOP, v[1], turns, v[2], 0))
		return VM_TRAP_FRAMES;
	st->reg[1] = 0;
	st->reg[2] = v[2];
	st->pc = (u32)(v[1] & VM_OFFSET_MASK) >> 3;
	return VM_STOP_NONE;
}

/* Whether a core calls helper VM_EACH because a turn has ended, and not the guest. */
static inline _Bool vm_each_goes_on(const struct vm_state *st)
{
	u64 depth = st->depth - 1;

	if (!st->depth)
		return 0;
	VM_BOUND(depth, VM_FRAMES - 1);
	return st->frame[depth].pc >> 32 == VM_TURNS_NEXT;
}

/* Enters the function with the next element; its key goes to the stack of the helper's frame. */
static inline u32 vm_each_next(VM_MACHINE *m)
{
	struct vm_state *st = &m->st;
	struct vm_region *stack = &m->row[VM_REGION_STACK];
	u64 depth = st->depth - 1;

	VM_BOUND(depth, VM_FRAMES - 1);
	struct vm_frame *f = &st->frame[depth];
	u32 o = (u32)depth * VM_FRAME_SIZE, region = (u32)f->saved[3], map = VM_MAP_AT(region);
	long elem = VM_MAP_WALK(map, (u32)f->saved[1], stack->base + o);

	if (elem < 0) {
		st->reg[0] = elem == -VM_EBUSY ? (u64)elem : f->saved[0];
		st->pc = vm_frame_leave(st, m->row, depth - 1);
		return VM_STOP_NONE;
	}
	stack->dirty = 1;
	f->saved[1] = (u64)elem + 1;
	f->pc = (u64)VM_TURNS_EACH << 32 | (u32)f->pc;
	st->reg[1] = VM_MAP_HANDLE(region);
	st->reg[2] = VM_ADDRESS(VM_REGION_STACK, o);
	st->reg[3] = VM_ADDRESS(region, (u32)VM_MAP_VALUE(map, (u32)elem));
	st->reg[4] = f->saved[2];
	st->pc = (u32)f->pc;
	return VM_STOP_NONE;
}

/* bpf_for_each_map_elem(map, function, context, flags), like vm_loop. */
static inline u32 vm_each(VM_MACHINE *m, const struct vm_call *call)
{
	u32 traits = VM_MAP_TRAITS(call->map);

	if (call->v[3])
		m->st.reg[0] = (u64)-VM_EINVAL;
	else if (!(traits & (VM_MAP_INDEXED | VM_MAP_HASHED)) ||
		 traits & (VM_MAP_SPARSE | VM_MAP_PREFIXES))
		m->st.reg[0] = (u64)-VM_EOPNOTSUPP;
	else if (!vm_turns_push(&m->st, m->row, VM_TURNS_EACH, call->v[1], 0, call->v[2],
				call->region))
		return VM_TRAP_FRAMES;
	else
		return vm_each_next(m);
	return VM_STOP_NONE;
}

#endif
