/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the cores for the machine of include/core.h, which the library runs on the host. */
#ifndef HOST_WORDS_H
#define HOST_WORDS_H

#include "core.h"

#define VM_RUN(name) u32 vm_run_##name(struct vm *vm)
#define VM_BUDGET vm->st.left
#define VM_LEFT(n) (vm->st.left = (n))
#define VM_RUN_ENDS(pc, stop) return vm_stopped(vm, pc, stop)
#define ADDRESS_ANY(a, bits, access) ADDRESS(a, (bits) >> 3, access)
#define OTHERS STOP(VM_TRAP_ILLEGAL)
/* 0xff if the code cannot be left by going on to the next instruction, 0 otherwise. */
#define VM_MASK(vm)                                                                                \
	((vm)->len && vm_never_goes_on((vm)->code[(vm)->len - 1].code) ? 0xffu : 0)
#define VM_ALL_ARMS 1 /* of the table core */
#define VM_COUNT_T u64 /* counts instructions */
#define VM_SLACK_T s64

#define ADDRESS(a, n, access)                                                                      \
	({                                                                                         \
		u8 *at_ = vm_at(vm, a, n, access);                                                 \
		if (!at_)                                                                          \
			STOP(VM_TRAP_BOUNDS); /* vm_stopped says it more precisely */              \
		at_;                                                                               \
	})
#define PUSH_FRAME(back) vm_frame_push(&vm->st, vm->row, back)
#define LEAVE                                                                                      \
	do {                                                                                       \
		u32 target_;                                                                       \
		if (!vm->st.depth)                                                                 \
			STOP(VM_STOP_EXIT);                                                        \
		target_ = vm_frame_pop(&vm->st, vm->row);                                          \
		if (target_ == VM_PC_EACH)                                                         \
			HELPER(VM_EACH);                                                           \
		CONTINUE_AT(target_);                                                              \
	} while (0)
#define HELPER(n)                                                                                  \
	do {                                                                                       \
		vm->st.pc = PC + 1; /* some helpers go on elsewhere */                             \
		stop = vm->helper(vm, n);                                                          \
		if (stop)                                                                          \
			goto called;                                                               \
		CONTINUE_AT(vm->st.pc);                                                            \
	} while (0)
#define GO_FORK(key)                                                                               \
	do {                                                                                       \
		stop = vm_step_fork(vm, w, IMM, key);                                              \
		if (stop)                                                                          \
			goto out;                                                                  \
		NEXT                                                                               \
	} while (0)

#endif
