/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet bytes as arguments of helpers: copied to the scratch before, and back after. */
#ifndef BPFVM_COPIES_H
#define BPFVM_COPIES_H

#include "helpers.h"

/*
 * kind_copies(): `back` 0 copies what arguments read, 1 what they wrote; kind_perf_output(): the
 * body of perf_event_output, which may append bytes of the packet.
 */
#define COPIES(kind, context, load, store)                                                         \
	static __noinline long kind##_copies(struct context *ctx, u32 index, u32 back)             \
	{                                                                                          \
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);                          \
		u8 *memory = memory_map();                                                         \
		long ret = 0;                                                                      \
                                                                                                   \
		for (u32 i = 0; i < 5 && m && memory; i++) {                                       \
			struct vm_call *call = &m->call;                                           \
			u32 at = V(i) & VM_OFFSET_MASK;                                            \
			u64 size = span_size(call->size[i], BPFVM_SCRATCH);                        \
                                                                                                   \
			if (!back && call->copies & 1u << i)                                       \
				ret |= load(ctx, at, P(i), size);                                  \
			if (back && call->copies & 0x100u << i)                                    \
				ret |= store(ctx, at, P(i), size);                                 \
		}                                                                                  \
		return ret;                                                                        \
	}                                                                                          \
                                                                                                   \
	static __noinline u32 kind##_perf_output(struct context *ctx, u32 index)                   \
	{                                                                                          \
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);                          \
		u8 *memory = memory_map();                                                         \
		u32 extra, at;                                                                     \
                                                                                                   \
		if (!m || !memory)                                                                 \
			return VM_TRAP_HELPER;                                                     \
		extra = m->call.v[2] >> 32 & 0xfffff;                                              \
		at = perf_record(m, memory, extra);                                                \
		if (at && extra &&                                                                 \
		    load(ctx, 0, MEMORY(memory, at), span_size(extra, VM_HELPER_SPAN)))            \
			m->st.reg[0] = -EFAULT;                                                    \
		perf_submit(m);                                                                    \
		return VM_STOP_NONE;                                                               \
	}

#endif
