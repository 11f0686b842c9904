/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the portable cores share: the start of a run, and the instructions that `off` or `imm` tells
 * apart.
 */
#include "core.h"

void vm_start(struct vm *vm, u32 entry, u64 r1, u64 r2, u64 budget)
{
	struct vm_region *stack = &vm->row[VM_REGION_STACK];

	if (stack->dirty)
		__builtin_memset(stack->base, 0, (vm->st.deepest + 1) * VM_FRAME_SIZE);
	stack->dirty = 0;
	__builtin_memset(vm->st.reg, 0, sizeof(vm->st.reg));
	vm->st.depth = vm->st.deepest = 0;
	vm->st.stop = VM_STOP_NONE;
	vm_frame_open(&vm->st, vm->row);
	vm->st.reg[1] = r1;
	vm->st.reg[2] = r2;
	vm->st.pc = entry;
	vm->st.left = budget;
}

#define OP(name, n) case n:
#define NEXT return VM_STOP_NONE;
#define STOP(n) return n
#define IMM imm
#include "host_words.h"
#include "words.h"

u32 vm_step_fork(struct vm *vm, u32 w, s32 imm, u32 key)
{
	if (key > 0xff)
		return VM_TRAP_ILLEGAL;
	switch (VM_FORK((u8)w, key)) {
#define STEP_FORKS
#include "step.h"
	}
	return VM_TRAP_ILLEGAL;
}
