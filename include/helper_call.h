/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calling a helper: its arguments are checked as helpers.def says before the build's own body sees
 * them.
 */
#ifndef BPFVM_HELPER_CALL_H
#define BPFVM_HELPER_CALL_H

#include "vm.h"

/* vm_place_t: where the memory of an argument lies; the kernel build says an offset. */
#ifndef VM_PLACE_T
#define VM_PLACE_T vm_base_t
#endif
typedef VM_PLACE_T vm_place_t;

/* A call: the argument registers, and what is behind those that are pointers. */
struct vm_call {
	u64 v[5];
	vm_place_t at[5];
	u32 size[5]; /* bytes behind a pointer; behind TEXT, those that may be read */
	u32 number;  /* of the helper */
	u32 map;     /* of the MAP argument: offset of its struct vm_map */
	u32 region;  /* of the MAP argument: number of the region of its values */
	u32 copies;  /* arguments that are copies of packet bytes: bit i, and 8 + i if written */
};

/* All that changes while format.h writes a text. For a verifier it lies where values are not known. */
struct vm_format {
	vm_place_t format; /* of at most `size` bytes, the NUL counted */
	vm_place_t args;	  /* u64 each */
	vm_place_t out;
	u32 size;
	u32 count; /* of arguments, up to VM_FORMAT_ARGS */
	u32 room;  /* at `out`, the NUL counted */
	u32 dry;   /* nothing is written */
	u32 at;	   /* how long the output is so far, had it room */
	u32 from;  /* next character of the format */
	u32 mode;
	u32 used; /* arguments */

	/* The field being written. */
	u32 flags, width, longs;
	u32 body;
	u32 sign;   /* character, or 0 */
	u32 length; /* of the body */
	u32 spaces_end, sign_end, zeros_end, body_end; /* its parts */
	u64 value, power; /* of a number; what its next digit counts */
	vm_place_t text;
	u32 readable; /* bytes at `text` */
};

/* The kinds of arguments, four bits each. */
enum vm_arg {
	VM_ARG_NONE = 0,
	VM_ARG_VALUE = 0,
	VM_ARG_SIZE = 0,
	VM_ARG_CTX,
	VM_ARG_MAP,
	VM_ARG_KEY,
	VM_ARG_ELEM,
	VM_ARG_READ,
	VM_ARG_READ0,
	VM_ARG_WRITE,
	VM_ARG_WRITE0,
	VM_ARG_CHANGE,
	VM_ARG_WRITE8,
	VM_ARG_LOCK,
	VM_ARG_FUNC,
	VM_ARG_TEXT,
};

/* What Linux has no number for. */
enum {
	VM_FUNC_kv_store = 240,
	VM_FUNC_kv_fetch,
	VM_FUNC_kv_store_global,
	VM_FUNC_kv_fetch_global,
};

/* Which guests may call a helper. */
enum vm_where {
	VM_WHERE_XDP = 1,
	VM_WHERE_TC = 2,
	VM_WHERE_PLAIN = 4,
	VM_WHERE_HOOK = VM_WHERE_XDP | VM_WHERE_TC,
	VM_WHERE_ANY = VM_WHERE_HOOK | VM_WHERE_PLAIN,
};

/* A row of helpers.def as a number, not 0: kinds of the arguments, and enum vm_where above them. */
#define VM_ARGS(where, t1, t2, t3, t4, t5)                                                         \
	((u32)VM_ARG_##t1 | (u32)VM_ARG_##t2 << 4 | (u32)VM_ARG_##t3 << 8 |                        \
	 (u32)VM_ARG_##t4 << 12 | (u32)VM_ARG_##t5 << 16 | (u32)VM_WHERE_##where << 20)
#define VM_ARG_KIND(args, i) ((args) >> (i) * 4 & 15)
#define VM_ARG_WHERE(args) ((args) >> 20)
#define VM_HELPERS 256 /* numbers are below */

/* What an argument that points to memory wants to do with it; 0: it does not point to memory. */
static inline u32 vm_argument_access(u32 kind)
{
	switch (kind) {
	case VM_ARG_KEY:
	case VM_ARG_ELEM:
	case VM_ARG_READ:
	case VM_ARG_READ0:
	case VM_ARG_TEXT:
		return VM_READ;
	case VM_ARG_WRITE:
	case VM_ARG_WRITE0:
	case VM_ARG_WRITE8:
		return VM_WRITE;
	case VM_ARG_CHANGE:
	case VM_ARG_LOCK:
		return VM_READ | VM_WRITE;
	}
	return 0;
}

/* Records an argument that the ACL does not allow; returns the trap. */
static inline u32 vm_argument_fault(struct vm_state *st, u64 addr, u64 size, u32 access)
{
	st->fault_addr = addr;
	st->fault_size = (u32)size;
	st->fault_access = access;
	return VM_TRAP_ARGUMENT;
}

#endif
