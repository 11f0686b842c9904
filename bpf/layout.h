/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the machine's maps hold: the contract between the BPF object and user space. */
#ifndef BPFVM_LAYOUT_H
#define BPFVM_LAYOUT_H

#ifndef VM_BASE_T
#define VM_BASE_T u32 /* a region lies at an offset into the memory map */
#endif
#include "helper_call.h"

/* Build options, set with make: BPFVM_CODE=65536 BPFVM_MEMORY_BITS=22. */
#ifndef BPFVM_CODE
#define BPFVM_CODE 4096 /* longest guest, instructions; a power of two */
#endif
#ifndef BPFVM_SLOTS
#define BPFVM_SLOTS 64 /* guests that can be uploaded at once; a power of two */
#endif
#ifndef BPFVM_MEMORY_BITS
#define BPFVM_MEMORY_BITS 24 /* log2 of the bytes for stacks, contexts, maps and data of guests */
#endif
#define BPFVM_MEMORY (1u << BPFVM_MEMORY_BITS)
#define BPFVM_MEMORY_SLACK VM_HELPER_SPAN /* the verifier sees spans from the last byte on */
#define BPFVM_CTX_SIZE 256     /* of struct xdp_md or struct __sk_buff, per machine */
#define BPFVM_CTX_WRITABLE 160 /* bytes of struct __sk_buff, up to tstamp: the last that can be changed */
#define BPFVM_PACKET 0x8000    /* bytes of a packet within reach; the verifier: < 64 KiB */
#define BPFVM_POINTS 256       /* places where a kernel calls the machine; a power of two */
#define BPFVM_PROBES 8	       /* places at which a point may lie */
#define BPFVM_HOOKS 64	       /* guests attached at once */
#define BPFVM_SPARES 6
#define BPFVM_SCRATCH 512      /* copies of packet bytes for helpers, two of them per machine */
#define BPFVM_PRIVATE (VM_STACK_SIZE + BPFVM_CTX_SIZE + 2 * BPFVM_SCRATCH) /* of one machine */
#define BPFVM_SAMPLES 4	       /* that a guest may have reserved at once */
#define BPFVM_DESK 0x10000     /* keys and values of user space's own map operations */

/* A guest in place, beside its code. The loader writes it before it makes the slot known. */
struct bpfvm_slot {
	u32 len;      /* instructions; 0: empty */
	u32 version;  /* another number at every upload */
	u32 entry;    /* where execution begins */
	u32 regions;  /* rows in use, counted from row 0 */
	u64 arg[2];   /* r1 and r2 on entry where the hook has no context of its own */
	u32 memory;   /* what the guest has of the memory map: offset and bytes */
	u32 bytes;
	u32 image;   /* for user space: the packed image of the guest, offset and bytes; or 0 */
	u32 image_bytes;
	u32 map[VM_REGIONS]; /* by region: offset of the struct vm_map, or 0 */
	struct vm_region row[VM_REGIONS];
};

/* One execution at a time: claimed by a CPU, or by user space for a run in slices. */
struct bpfvm_machine {
	struct vm_state st; /* first, so that a register is one add away */
	struct vm_region row[VM_REGIONS];
	struct vm_call call; /* the helper call that is being served */
	struct vm_format format; /* the text that a helper is writing */
	u32 busy;
	u32 slot;    /* whose rows these are */
	u32 len;     /* of the guest there, instructions */
	u32 version; /* at which upload */
	u32 memory;  /* offset of its stack in the memory map; context and scratch follow */
	u32 hook;    /* row of the guest that runs; BPFVM_HOOKS: run by user space */
	u32 context; /* of the hook: the guest has the kernel's context and packet */
	u32 verdict; /* of the hook, once the run is over */
	u32 cpu;     /* that it runs on */
	u32 chained; /* guests that have run on this packet before */
	u32 tails;   /* tail calls of this run */
	u32 next;    /* row of the next guest of the hook, plus 1, or 0 */
	u32 held;    /* the guest has had a lock or a sample */
	u32 locked;  /* offset of the spin lock that the guest holds, or 0 */
	u32 sample[BPFVM_SAMPLES]; /* addresses of ring buffer samples that it has reserved, or 0 */
	s64 perf; /* the record of a perf_event_output that is being written, or -1 */
	u64 one; /* 1, but the verifier does not know: what is added to pc after each instruction */
};

/* Where the kernel calls the machine. */
enum bpfvm_hook_kind {
	BPFVM_HOOK_XDP,
	BPFVM_HOOK_TC,	   /* ingress */
	BPFVM_HOOK_EGRESS, /* tc egress */
	BPFVM_HOOK_KINDS,
};

/*
 * The guests of an interface, found by its number: at BPFVM_POINT(ifindex, kind) or one of the
 * BPFVM_PROBES - 1 rows after it. Unused where ifindex is 0.
 */
struct bpfvm_point {
	u32 ifindex;
	u32 kind;
	u32 first; /* row of bpfvm_hooks, plus 1; 0: no guest */
	u32 mode;  /* for user space: how the machine is attached there */
};
#define BPFVM_POINT(ifindex, kind) (((ifindex) * 4 + (kind)) % BPFVM_POINTS)

/* A guest at a point. The next one runs when its verdict is XDP_PASS, TC_ACT_OK or TC_ACT_UNSPEC. */
struct bpfvm_hook {
	u32 ifindex; /* 0: the row is unused */
	u32 kind;
	u32 slot;
	u32 next;    /* row of the next guest, plus 1, or 0 */
	u32 on_trap; /* the verdict if the guest traps */
	s32 priority; /* lower ones run first */
	u64 budget;
	u32 context; /* 0: r1, r2 from the slot; else the hook's own context and packet */
	u32 id;	     /* for user space: never used twice by one machine */
	char name[32];
};

/* What runs of one row came to, of one machine: no two CPUs write here at once. */
#define BPFVM_VERDICTS 16 /* verdict v counts at v + 1 (-1 is TC_ACT_UNSPEC); others at the last */
#define BPFVM_STOPS 24
struct bpfvm_count {
	u64 runs;
	u64 insns;
	u64 verdict[BPFVM_VERDICTS];
	u64 stop[BPFVM_STOPS]; /* by enum vm_stop */
};
/* Row of bpfvm_counts; the one of `hook` BPFVM_HOOKS counts packets that found no machine free. */
#define BPFVM_COUNT(machine, hook) ((machine) * (BPFVM_HOOKS + 1) + (hook))

/*
 * What the loader tells the machine before it is loaded, and a table of bpf/hot.h; the .rodata of
 * the object.
 */
struct bpfvm_constants {
	u32 cpus; /* machines before the first spare one */
	u32 global; /* offset of the struct vm_map of the global key-value store */
	u64 build;  /* for user space: tells machines of different builds apart */
	u32 args[256]; /* by helper: VM_ARGS of helper_call.h, 0 where there is none */
	u8 rank[256];
};

/* Argument of the syscall entry point. */
struct bpfvm_call {
	u32 machine; /* claimed and prepared by the caller */
	u32 reserved;
};

/*
 * What user space asks of a map while guests use it; the packet of the entry point bpfvm_map. It
 * returns what the function of map.h returns.
 */
enum { BPFVM_MAP_LOOKUP, BPFVM_MAP_UPDATE, BPFVM_MAP_DELETE, BPFVM_MAP_NEXT };
struct bpfvm_map_call {
	u32 verb;
	u32 map;   /* offset of the struct vm_map */
	u32 key;   /* offset of the key */
	u32 value; /* offset of the value, or of the next key */
	u32 cpu;   /* whose value, in per-CPU maps */
	u32 first; /* NEXT: from the beginning */
	u64 flags;
};

#endif
