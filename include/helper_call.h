/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calling a helper: the arguments are checked as helpers.def says before the build's own body sees
 * them. The includer defines VM_SPAN(addr, size, access), the checked place of a helper's memory or
 * NULL, and the bodies helper_<name>(struct vm_args *).
 */
#ifndef BPFVM_HELPERS_CALL_H
#define BPFVM_HELPERS_CALL_H

#include "vm.h"

/* What a body receives: the argument registers, and the memory behind those that are pointers. */
struct vm_args {
	u64 v[5];
	u8 *p[5];
};

#define VM_ARG_NONE(i) 1
#define VM_ARG_VALUE(i) 1
#define VM_ARG_SIZE(i) 1
#define VM_ARG_READ(i) ((a.p[i] = VM_SPAN(a.v[i], a.v[(i + 1) % 5], VM_READ)) != (void *)0)
#define VM_ARG_WRITE(i) ((a.p[i] = VM_SPAN(a.v[i], a.v[(i + 1) % 5], VM_WRITE)) != (void *)0)
#define VM_ARG_WRITE8(i) ((a.p[i] = VM_SPAN(a.v[i], 8, VM_WRITE)) != (void *)0)

/*
 * The arms of a switch on the helper's number, `a` being the arguments; each returns a trap or
 * VM_STOP_NONE.
 */
#define VM_HELPER_ARM(number, name, t1, t2, t3, t4, t5)                                            \
	case number:                                                                               \
		if (!(VM_ARG_##t1(0) && VM_ARG_##t2(1) && VM_ARG_##t3(2) && VM_ARG_##t4(3) &&      \
		      VM_ARG_##t5(4)))                                                             \
			return VM_TRAP_ARGUMENT;                                                   \
		reg[0] = helper_##name(&a);                                                        \
		return VM_STOP_NONE;

/* Records a span that the ACL does not allow. */
static inline u8 *vm_span_fault(struct vm_state *st, u64 addr, u64 size, u32 access)
{
	st->fault_addr = addr;
	st->fault_size = (u32)size;
	st->fault_access = access;
	return (void *)0;
}

#endif
