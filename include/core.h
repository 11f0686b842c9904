/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The portable cores: one instance of the machine in memory that the caller owns, and three ways to
 * execute it.
 */
#ifndef BPFVM_CORE_H
#define BPFVM_CORE_H

#include "vm.h"

/*
 * One instance. The caller fills in what is above `st`, then calls vm_start and one of the cores.
 */
struct vm {
	const struct vm_insn *code;
	u32 len;			     /* instructions */
	/* Sets r0 and may set st.pc, which is where the guest goes on; returns a trap or 0. */
	u32 (*helper)(struct vm *, u32 number);
	void *user;			     /* for the helpers */
	struct vm_region row[VM_REGIONS];    /* the ACL; VM_REGION_STACK's base is VM_STACK_SIZE bytes */
	struct vm_state st;
};

/*
 * Makes `vm` ready to run from instruction `entry` with a clean stack, for at most `budget`
 * instructions.
 */
void vm_start(struct vm *vm, u32 entry, u64 r1, u64 r2, u64 budget);

/*
 * Execute until the guest stops; the reason is returned and in st.stop. After VM_TRAP_STEPS the
 * caller may raise st.left and call again: the run goes on where it was. All three give the same
 * results to the last bit.
 */
u32 vm_run_switch(struct vm *vm); /* portable C */
u32 vm_run_table(struct vm *vm);  /* computed goto: fastest */
u32 vm_run_small(struct vm *vm);  /* one arm per operation, operands first: smallest */

/* The place of `size` bytes before the packet, or NULL; its region's base is the region's end. */
static inline u8 *vm_at_meta(struct vm *vm, u64 addr, u32 size, u32 access)
{
	struct vm_region *row = &vm->row[VM_REGION_META];

	if (access & VM_ATOMIC || !vm_allowed(vm->row, addr, size))
		return (void *)0;
	return row->base - (VM_OFFSET_MASK + 1 - (addr & VM_OFFSET_MASK));
}

/*
 * The place of `size` bytes at guest address `addr` if `access` (a mask of enum vm_access) is
 * allowed, or NULL.
 */
static inline u8 *vm_at(struct vm *vm, u64 addr, u32 size, u32 access)
{
	u64 n = addr >> VM_OFFSET_BITS, o = addr & VM_OFFSET_MASK;
	struct vm_region *row = &vm->row[n & (VM_REGIONS - 1)];

	if (n >= VM_REGIONS || o + size > (access & VM_WRITE ? row->wlen : row->rlen))
		return n == VM_REGION_META ? vm_at_meta(vm, addr, size, access) : (void *)0;
	if (access & VM_ATOMIC && (o & (size - 1) || o + size > row->rlen || n == VM_REGION_PACKET))
		return (void *)0;
	if (access & VM_WRITE)
		row->dirty = 1;
	return row->base + o;
}

/*
 * The instructions that `off` or `imm` tells apart, by that key; `w` is the first half of one.
 * Returns a trap or VM_STOP_NONE.
 */
u32 vm_step_fork(struct vm *vm, u32 w, s32 imm, u32 key);

/* Ends a run: makes a memory trap precise and records where and why. */
static inline u32 vm_stopped(struct vm *vm, u32 pc, u32 stop)
{
	vm->st.pc = pc;
	if (stop == VM_TRAP_BOUNDS)
		stop = vm_fault(&vm->st, vm->row, &vm->code[pc]);
	vm->st.stop = stop;
	return stop;
}

#endif
