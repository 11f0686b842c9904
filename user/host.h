/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A host core and the bodies of its helpers. Private to the library's files on the host cores. */
#ifndef BPFVM_HOST_H
#define BPFVM_HOST_H

#define VM_BASE_T u8 * /* here a region lies where a pointer says */
#include <linux/bpf.h>

#include "core_ops.h"
#include "core.h"
#include "helper_call.h"

struct host_core {
	struct bpfvm_core base;
	u32 (*execute)(struct vm *);
	struct vm vm;
	struct vm_insn *code;
	enum bpfvm_kind kind;
	u32 entry;
	u64 arg[2];
	u64 budget; /* given to the present run so far */
	u32 trap;   /* that the body of a helper asks for */
	u8 *area[VM_REGIONS];
	u8 *packet, *work; /* as given, and as the run sees it; NULL: none */
	u32 packet_size;
	union {
		struct xdp_md xdp;
		struct __sk_buff skb;
	} ctx;
	u8 stack[VM_STACK_SIZE];
};

/* Serves helper `number` with r1 to r5; the result goes to r0. Returns a trap or VM_STOP_NONE. */
u32 host_helper(struct vm *vm, u32 number);

/* The bodies of helpers.def: host_<name>, each returns what r0 shall be. */
typedef u64 host_body(struct host_core *h, struct vm_call *call);
#define HOST_BODY(name)                                                                            \
	u64 host_##name(struct host_core *h __attribute__((unused)),                               \
			struct vm_call *call __attribute__((unused)))
#define HELPER(number, name, where, a1, a2, a3, a4, a5) host_body host_##name __attribute__((weak));
#include "helpers.def"

#endif
