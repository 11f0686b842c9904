/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words of step.h that the portable cores share; included inside the file of a core. One that
 * does not loop over a switch, with labels `again` before the fetch and `next` before the step of
 * pc, defines the first four itself.
 */
#include "core.h"

#define VM_RUN(name) u32 vm_run_##name(struct vm *vm)
#define VM_COUNT_T u64 /* counts instructions */

#ifndef OP
#define OP(name, n) case n:
#define NEXT goto next;
#define GO goto again
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		pc += (u32)(n);                                                                    \
		goto next;                                                                         \
	} while (0)
#endif

#define R(n) vm->st.reg[n]
#define DSTN vm_dst(in)
#define SRCN vm_src(in)
#define DST R(DSTN)
#define SRC R(SRCN)
#define OFF in->off
#define IMM in->imm
#define STOP(n)                                                                                    \
	do {                                                                                       \
		stop = (n);                                                                        \
		goto out;                                                                          \
	} while (0)
#define TRAP_HERE(name) STOP(VM_TRAP_##name)
#define ADDRESS(a, n, access)                                                                      \
	({                                                                                         \
		u8 *at_ = vm_at(vm, a, n, access);                                                 \
		if (!at_)                                                                          \
			STOP(VM_TRAP_BOUNDS);                                                      \
		at_;                                                                               \
	})
#define ENTER(n)                                                                                   \
	do {                                                                                       \
		u32 target_ = (n);                                                                 \
		if (!vm_frame_push(&vm->st, vm->row, pc + 1))                                      \
			STOP(VM_TRAP_FRAMES);                                                      \
		pc = target_;                                                                      \
		GO;                                                                                \
	} while (0)
#define LEAVE                                                                                      \
	do {                                                                                       \
		if (!vm->st.depth)                                                                 \
			STOP(VM_STOP_EXIT);                                                        \
		pc = vm_frame_pop(&vm->st, vm->row);                                               \
		if (pc == VM_PC_EACH)                                                              \
			HELPER(VM_EACH);                                                           \
		GO;                                                                                \
	} while (0)
#define HELPER(n)                                                                                  \
	do {                                                                                       \
		vm->st.pc = pc + 1; /* some helpers go on elsewhere */                             \
		stop = vm->helper(vm, n);                                                          \
		if (stop)                                                                          \
			goto out;                                                                  \
		pc = vm->st.pc;                                                                    \
		GO;                                                                                \
	} while (0)
#define GO_FORK(key)                                                                               \
	do {                                                                                       \
		stop = vm_step_fork(vm, in, key);                                                  \
		if (stop)                                                                          \
			goto out;                                                                  \
		JUMP(0);                                                                           \
	} while (0)
#define SECOND (pc + 1 < vm->len ? in + 1 : (void *)0)
