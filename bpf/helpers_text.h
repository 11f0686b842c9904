/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers that write text: format.h under the verifier, and the trace pipe. */
#ifndef BPFVM_HELPERS_TEXT_H
#define BPFVM_HELPERS_TEXT_H

#include "helpers.h"

/* Where a string lies that may be read. */
static __always_inline u32 text_at(struct bpfvm_machine *m, u64 addr)
{
	u64 n = addr >> VM_OFFSET_BITS;

	VM_BOUND(n, VM_REGIONS - 1);
	return m->row[n].base + (addr & VM_OFFSET_MASK);
}

#define VM_TEXT_AT(m, addr) text_at(m, addr)
#define VM_BYTE(mem, place, at) (*MEMORY(mem, (u32)((place) + (at))))
#include "format.h"

#define TRACE_ROOM (2 * BPFVM_SCRATCH - 32) /* of the scratch, whose end holds the arguments */

static __noinline long format(struct bpfvm_machine *m, u8 *memory)
{
	struct vm_format_run run = {.mem = memory, .m = m, .f = &m->format};

	return vm_format(&run);
}

static __always_inline long snprintf(struct bpfvm_machine *m, u8 *memory)
{
	struct vm_call *call = &m->call;
	long length;

	if (call->size[3] % 8 || call->size[3] > 8 * VM_FORMAT_ARGS)
		return -EINVAL;
	m->format = (struct vm_format){.format = call->at[2], .size = call->size[2],
				       .args = call->at[3], .count = call->size[3] / 8,
				       .out = call->at[0], .room = call->size[0]};
	length = format(m, memory);
	return length < 0 ? length : length + 1;
}

static __always_inline long trace_printk(struct bpfvm_machine *m, u8 *memory)
{
	struct vm_call *call = &m->call;
	u32 args = scratch(m) + TRACE_ROOM;
	long length;

	for (u32 i = 0; i < 3; i++)
		*(u64 *)MEMORY(memory, args + i * 8) = V(2 + i);
	if (*MEMORY(memory, call->at[0] + call->size[0] - 1)) /* the kernel's rule */
		return -EINVAL;
	m->format = (struct vm_format){.format = call->at[0], .size = call->size[0], .args = args,
				       .count = 3, .out = scratch(m), .room = TRACE_ROOM};
	length = format(m, memory);
	if (length >= 0) {
		char line[] = "%s";

		bpf_trace_printk(line, sizeof(line), MEMORY(memory, m->format.out));
	}
	return length;
}

/* Apart from the other helpers for the sake of BPF's stack; see bpfvm_helper_any. */
__noinline u32 bpfvm_helper_text(u32 index, u32 number)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u8 *memory = memory_map();

	if (!m || !memory)
		return VM_TRAP_EMPTY;
	if (number == BPF_FUNC_snprintf)
		m->st.reg[0] = snprintf(m, memory);
	else if (number == BPF_FUNC_trace_printk)
		m->st.reg[0] = trace_printk(m, memory);
	else
		return VM_TRAP_HELPER;
	return VM_STOP_NONE;
}

#endif
