/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words of step.h that the portable cores share; included inside the file of a core, behind the
 * words of its port: those of host_words.h or embed_words.h. `w` is the first half of an
 * instruction, `in` the place of its slot. A core that does not loop over a switch, with labels
 * `again` before the fetch and `next` before the step of pc, defines the first ones itself. One that
 * walks from slot to slot defines BEHIND, the number of the instruction after this one.
 */
#ifndef OP
#define OP(name, n) case n:
#define NEXT goto next;
#define GO goto again
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		pc += (u32)(n);                                                                    \
		goto next;                                                                         \
	} while (0)
#define IMM VM_IMM(in)
#define CONTINUE_AT(n)                                                                             \
	do {                                                                                       \
		pc = (n);                                                                          \
		GO;                                                                                \
	} while (0)
/* Leaves the core if there is no instruction to execute at pc. */
#define FETCH                                                                                      \
	do {                                                                                       \
		if (!left)                                                                         \
			STOP_AT(VM_TRAP_STEPS);                                                    \
		if (pc >= vm->len)                                                                 \
			STOP_AT(VM_TRAP_JUMP);                                                     \
		left--;                                                                            \
		in = VM_SLOT(vm->code, pc);                                                        \
		w = VM_WORD(in);                                                                   \
	} while (0)
#define STEP_NO_SECOND (pc + 1 >= vm->len || (u8)VM_WORD(VM_SLOT(in, 1)))
#define STEP_SECOND_IMM VM_IMM(VM_SLOT(in, 1))
#endif

/* It has `imm` and goes elsewhere by way of labels: `pc` is where to `arrive`, or to `enter`. */
#ifdef BEHIND
#define PC (BEHIND - 1)
#define IMM imm
#define BRANCH goto branch
#define CONTINUE_AT(n)                                                                             \
	do {                                                                                       \
		pc = (n);                                                                          \
		goto arrive;                                                                       \
	} while (0)
#define ENTER(n)                                                                                   \
	do {                                                                                       \
		pc = (n);                                                                          \
		goto enter;                                                                        \
	} while (0)
#define STEP_SECOND_IMM VM_IMM(in)
#endif

#ifndef REGISTERS
#define REGISTERS vm->st.reg
#endif
#define R(n) REGISTERS[n]
#define DSTN (w >> 8 & 15)
#define SRCN (w >> 12 & 15)
#define DST R(DSTN)
#define SRC R(SRCN)
#define OFF ((s32)w >> 16)
#define HAS_OFF (w >> 16)
#ifndef STOP_AT /* with pc set */
#define STOP_AT(n)                                                                                 \
	do {                                                                                       \
		stop = (n);                                                                        \
		goto out_at;                                                                       \
	} while (0)
#endif
#ifndef STOP
#define STOP(n)                                                                                    \
	do {                                                                                       \
		stop = (n);                                                                        \
		goto out;                                                                          \
	} while (0)
#endif
#define TRAP_HERE(name) STOP(VM_TRAP_##name)
#ifndef ENTER
#define ENTER(n)                                                                                   \
	do {                                                                                       \
		u32 target_ = (n);                                                                 \
		if (!PUSH_FRAME(PC + 1))                                                           \
			STOP(VM_TRAP_FRAMES);                                                      \
		CONTINUE_AT(target_);                                                              \
	} while (0)
#endif
