/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words that a build of the core may define before it includes vm.h, and what they mean where
 * it does not: a hosted or bare-metal C11 compiler with unaligned access through memcpy-like loads.
 */
#ifndef BPFVM_PORT_H
#define BPFVM_PORT_H

#include "types.h"

/* vm_base_t: what a region's base is; the kernel build says an offset, every other a pointer. */
#ifndef VM_BASE_T
#define VM_BASE_T u8 *
#endif
typedef VM_BASE_T vm_base_t;

/* VM_LOAD and VM_STORE: a value of `type` at a checked, perhaps unaligned address. */
#ifndef VM_LOAD
#define VM_LOAD(type, p) (((const struct vm_any_##type *)(const void *)(p))->value)
#define VM_STORE(type, p, v) (((struct vm_any_##type *)(void *)(p))->value = (type)(v))
#define VM_ANY(type)                                                                               \
	struct __attribute__((packed, may_alias)) vm_any_##type {                                  \
		type value;                                                                        \
	}
VM_ANY(u8);
VM_ANY(u16);
VM_ANY(u32);
VM_ANY(u64);
VM_ANY(s8);
VM_ANY(s16);
VM_ANY(s32);
#undef VM_ANY
#endif

/*
 * VM_BOUND: cuts a checked index again, where the compiler could otherwise forget the check for the
 * verifier.
 */
#ifndef VM_BOUND
#define VM_BOUND(index, mask) ((void)0)
#endif

/* VM_LE and VM_BE: a value of `bits` in little or big endian order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VM_LE(bits, v) (v)
#define VM_BE(bits, v) __builtin_bswap##bits(v)
#else
#define VM_LE(bits, v) __builtin_bswap##bits(v)
#define VM_BE(bits, v) (v)
#endif

#endif
