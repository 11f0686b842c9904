/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the machine's maps hold: the contract between the BPF object and user space. */
#ifndef BPFVM_LAYOUT_H
#define BPFVM_LAYOUT_H

#ifndef VM_BASE_T
#define VM_BASE_T u32 /* a region lies at an offset into the memory map */
#endif
#include "vm.h"

/* Build options, set with make: BPFVM_CODE=65536 BPFVM_MEMORY_BITS=22. */
#ifndef BPFVM_CODE
#define BPFVM_CODE 4096 /* longest guest, instructions; a power of two */
#endif
#ifndef BPFVM_SLOTS
#define BPFVM_SLOTS 64 /* guests that can be uploaded at once */
#endif
#ifndef BPFVM_MEMORY_BITS
#define BPFVM_MEMORY_BITS 21 /* log2 of the bytes for stacks, contexts and what guests declare */
#endif
#define BPFVM_MEMORY (1u << BPFVM_MEMORY_BITS)
#define BPFVM_MEMORY_SLACK VM_HELPER_SPAN /* the verifier sees spans from the last byte on */
#define BPFVM_CTX_SIZE 256     /* of struct xdp_md or struct __sk_buff, per machine */
#define BPFVM_PACKET 0x8000    /* bytes of a packet within reach; the verifier: < 64 KiB */
#define BPFVM_HOOKS 256
#define BPFVM_SPARES 6
#define BPFVM_PRIVATE (VM_STACK_SIZE + BPFVM_CTX_SIZE) /* memory of one machine */

/* A guest in place, beside its code. The loader writes it before it makes the slot known. */
struct bpfvm_slot {
	u32 len;      /* instructions; 0: empty */
	u32 version;  /* another number at every upload */
	u32 entry;    /* where execution begins */
	u32 regions;  /* rows in use, counted from row 0 */
	u64 arg[2];   /* r1 and r2 on entry where the hook has no context of its own */
	struct vm_region row[VM_REGIONS];
};

/* One execution at a time: claimed by a CPU, or by user space for a run in slices. */
struct bpfvm_machine {
	struct vm_state st; /* first, so that a register is one add away */
	struct vm_region row[VM_REGIONS];
	u32 busy;
	u32 owner;   /* process that claimed it from user space, else 0 */
	u32 slot;    /* whose rows these are */
	u32 version; /* at which upload */
	u32 memory;  /* offset of its stack in the memory map; its context follows */
	u32 reserved;
	u64 one; /* 1, but the verifier does not know: what is added to pc after each instruction */
};

/*
 * What runs where. A row is found by the low bits of an interface's number and the
 * kind of hook; both stand in it again, so that another interface does not match.
 */
enum {
	BPFVM_HOOK_XDP,
	BPFVM_HOOK_TC,
};
#define BPFVM_HOOK(ifindex, kind) (((ifindex) * 2 + (kind)) % BPFVM_HOOKS)

struct bpfvm_hook {
	u32 ifindex;
	u32 kind;
	u32 slot;
	u32 on_trap; /* the verdict if the guest traps */
	u64 budget;
	u32 context; /* 0: r1, r2 from the slot; else the hook's own context and packet */
	u32 reserved;
	u64 runs;    /* filled by the machine, not exact when CPUs collide */
	u64 traps;
};

/*
 * What the loader tells the machine before it is loaded, and a table of bpf/hot.h; the .rodata of
 * the object.
 */
struct bpfvm_constants {
	u32 cpus; /* machines before the first spare one */
	u8 rank[256];
};

/* Argument of the syscall entry point. */
struct bpfvm_call {
	u32 machine; /* claimed and prepared by the caller */
	u32 reserved;
};

#endif
