/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The helpers of the in-kernel build: arguments checked against the ACL, then the kernel's own
 * helper.
 */
#ifndef BPFVM_HELPERS_H
#define BPFVM_HELPERS_H

#include "memory.h"
#include "helper_call.h"

/*
 * The place of `size` bytes at `addr` for a helper, or NULL with the fault filled in. Not the
 * packet: kernel helpers do not take packet pointers of unknown range.
 */
static __always_inline u8 *span(struct run *r, u64 addr, u64 size, u32 access)
{
	struct bpfvm_machine *m = r->m;
	u64 o = addr & VM_OFFSET_MASK;

	if (size <= VM_HELPER_SPAN && size && addr >> VM_OFFSET_BITS != VM_REGION_PACKET &&
	    vm_allowed(m->row, addr, size) & access) {
		u64 n = addr >> VM_OFFSET_BITS;

		VM_BOUND(n, VM_REGIONS - 1);
		if (access & VM_WRITE)
			m->row[n].dirty = 1;
		o += m->row[n].base;
		VM_BOUND(o, BPFVM_MEMORY - 1);
		return r->memory + o;
	}
	return vm_span_fault(&m->st, addr, size, access);
}

/* The size of a checked span, again within the verifier's knowledge: 1 to VM_HELPER_SPAN. */
static __always_inline u64 span_size(u64 size)
{
	size--;
	VM_BOUND(size, VM_HELPER_SPAN - 1);
	return size + 1;
}

static __always_inline u64 helper_ktime_get_ns(struct vm_args *a)
{
	return bpf_ktime_get_ns();
}

static __always_inline u64 helper_ktime_get_boot_ns(struct vm_args *a)
{
	return bpf_ktime_get_boot_ns();
}

static __always_inline u64 helper_get_prandom_u32(struct vm_args *a)
{
	return bpf_get_prandom_u32();
}

static __always_inline u64 helper_get_smp_processor_id(struct vm_args *a)
{
	return bpf_get_smp_processor_id();
}

static __always_inline u64 helper_strtol(struct vm_args *a)
{
	long value = 0, n;
	n = bpf_strtol((char *)a->p[0], span_size(a->v[1]), a->v[2], &value);
	if (n >= 0)
		VM_STORE(s64, a->p[3], value);
	return n;
}

static __always_inline u64 helper_strtoul(struct vm_args *a)
{
	unsigned long value = 0;
	long n;
	n = bpf_strtoul((char *)a->p[0], span_size(a->v[1]), a->v[2], &value);
	if (n >= 0)
		VM_STORE(u64, a->p[3], value);
	return n;
}

#define VM_SPAN(addr, size, access) span(r, addr, size, access)

/* Calls helper `number` with the guest's r1 to r5; the result goes to r0. Returns a trap or 0. */
static __noinline u32 helper(struct run *r, u32 number)
{
	struct bpfvm_machine *m = r->m;
	u64 *reg = m->st.reg;
	struct vm_args a = { { reg[1], reg[2], reg[3], reg[4], reg[5] }, { NULL } };

	switch (number) {
#define HELPER VM_HELPER_ARM
#include "helpers.def"
	}
	return VM_TRAP_HELPER;
}

#endif
