/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The helpers that call a function of the guest again and again: bpf_loop. */
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

#endif
