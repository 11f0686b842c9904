/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of the BPF port, the maps of the machine, and what a run carries. */
#ifndef BPFVM_MAPS_H
#define BPFVM_MAPS_H

#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define VM_LOAD(type, p) (*(const type *)(p))
#define VM_STORE(type, p, v) (*(type *)(p) = (type)(v))
#define VM_BOUND(index, mask) asm volatile("%0 &= %1" : "+r"(index) : "i"(mask))
#include "layout.h"

#ifndef NULL
#define NULL ((void *)0)
#endif

struct bpfvm_code {
	struct vm_insn insn[BPFVM_SLOTS * BPFVM_CODE];
};
struct bpfvm_memory {
	u64 bytes[(BPFVM_MEMORY + BPFVM_MEMORY_SLACK) / 8];
};

#define ARRAY_OF(name, value_type, entries)                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(map_flags, BPF_F_MMAPABLE);                                                 \
		__uint(max_entries, entries);                                                      \
		__type(key, __u32);                                                                \
		__type(value, struct value_type);                                                  \
	} name SEC(".maps")

ARRAY_OF(bpfvm_code, bpfvm_code, 1); /* one value, so that another slot needs no lookup */
ARRAY_OF(bpfvm_slots, bpfvm_slot, BPFVM_SLOTS);
ARRAY_OF(bpfvm_memory, bpfvm_memory, 1);
ARRAY_OF(bpfvm_machines, bpfvm_machine, 1); /* the loader: one per CPU, and spares */
ARRAY_OF(bpfvm_points, bpfvm_point, BPFVM_POINTS);
ARRAY_OF(bpfvm_hooks, bpfvm_hook, BPFVM_HOOKS);
ARRAY_OF(bpfvm_counts, bpfvm_count, 1); /* the loader: BPFVM_COUNT of the last machine and row */

/* Where CPUMAPs of guests send packets: an entry is set while one of them has it set. */
struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1); /* the loader: one per CPU */
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} bpfvm_cpus SEC(".maps");

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0) /* and out of the way */

/*
 * An element that is there, since the index is below max_entries; NULL keeps the verifier content.
 */
#define ELEMENT(map, index)                                                                        \
	({                                                                                         \
		u32 element_ = (index);                                                            \
		bpf_map_lookup_elem(&map, &element_);                                              \
	})

/* The memory map, `at` bytes into it. */
#define MEMORY(memory, at)                                                                         \
	({                                                                                         \
		u64 at_ = (at);                                                                    \
		VM_BOUND(at_, BPFVM_MEMORY - 1);                                                   \
		(memory) + at_;                                                                    \
	})

static __always_inline u8 *memory_map(void)
{
	struct bpfvm_memory *memory = ELEMENT(bpfvm_memory, 0);

	return memory ? (u8 *)memory->bytes : NULL;
}

/* What a turn needs; lives on the stack of the entry point, where pointers keep their types. */
struct run {
	struct bpfvm_machine *m;
	struct vm_insn *slots; /* code of all guests */
	u8 *memory;
	u8 *data, *data_end; /* the packet, or NULL twice */
	void *ctx;	     /* of the hook */
	u64 left;
	u64 pc;
	u32 index; /* of the machine */
	u32 verdict; /* where there is no machine */
};

static __always_inline struct vm_insn *all_slots(void)
{
	struct bpfvm_code *code = ELEMENT(bpfvm_code, 0);

	return code ? code->insn : NULL;
}

/* The code of a slot, one of `slots`. */
static __always_inline struct vm_insn *code_of(struct vm_insn *slots, u64 slot)
{
	VM_BOUND(slot, BPFVM_SLOTS - 1);
	return slots + slot * BPFVM_CODE;
}

#endif
