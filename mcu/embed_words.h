/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of step.h and of the cores for an embedded machine; included by embed.c alone. */
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

#define VM_RUN(name) static u32 run(struct bpfvm *vm)
#define VM_COUNT_T u32
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
		u8 *at_ = place(vm, a, n, access);                                                 \
		if (!at_)                                                                          \
			STOP(VM_TRAP_BOUNDS);                                                      \
		at_;                                                                               \
	})
#define ENTER(n)                                                                                   \
	do {                                                                                       \
		u32 target_ = (n);                                                                 \
		if (!push_frame(vm, pc + 1))                                                       \
			STOP(VM_TRAP_FRAMES);                                                      \
		pc = target_;                                                                      \
		GO;                                                                                \
	} while (0)
#define LEAVE                                                                                      \
	do {                                                                                       \
		if (!vm->st.depth)                                                                 \
			STOP(VM_STOP_EXIT);                                                        \
		pc = pop_frame(vm);                                                                \
		GO;                                                                                \
	} while (0)
#define HELPER(n)                                                                                  \
	do {                                                                                       \
		stop = call_helper(vm, n);                                                         \
		if (stop) {                                                                        \
			pc += stop == VM_TRAP_STEPS;                                               \
			goto out;                                                                  \
		}                                                                                  \
		JUMP(0);                                                                           \
	} while (0)
#define GO_FORK(key)                                                                               \
	do {                                                                                       \
		stop = step_fork(vm, in, key);                                                     \
		if (stop)                                                                          \
			goto out;                                                                  \
		JUMP(0);                                                                           \
	} while (0)
#define SECOND (pc + 1 < vm->len ? in + 1 : (void *)0)
