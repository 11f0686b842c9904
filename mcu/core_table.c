/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The `table` core: each arm jumps to the next through a table of labels (a GNU C extension).
 *
 * Nothing is counted or compared per instruction. `slack` is how many instructions the budget allows
 * beyond the end of the code, were there no more jumps: as long as it is not negative the budget
 * cannot run out before the next jump, and the end cannot be passed, since there is an instruction
 * there that never goes on to the next one. Otherwise `mask` is 0, and every opcode leads to the arm
 * of opcode 0, which counts in `left` and looks before it leads on.
 */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "host_words.h"
#endif
#include VM_PORT_WORDS

#define OP(name, n) arm_##name:
#define NEXT GO;
#define GO                                                                                         \
	do {                                                                                       \
		VM_NEXT_SLOT(in, w, imm);                                                          \
		goto *VM_ARM(table, w & mask);                                                       \
	} while (0)
#define IMM imm
#define BEHIND VM_INDEX(in, code) /* number of the instruction after this one */
#define PC (BEHIND - 1)
#define JUMP(n) CONTINUE_AT(BEHIND + (u32)(n))
#define CONTINUE_AT(n)                                                                             \
	do {                                                                                       \
		next = (n);                                                                          \
		goto arrive;                                                                       \
	} while (0)
#define BRANCH goto branch
#define SKIP                                                                                       \
	do {                                                                                       \
		if (!mask)                                                                         \
			JUMP(1);                                                                   \
		in = VM_SLOT(in, 1);                                                               \
		slack++;                                                                           \
		GO;                                                                                \
	} while (0)
#define STEP_NO_SECOND (BEHIND >= vm->len || (u8)VM_WORD(in))
#define STEP_SECOND_IMM VM_IMM(in)
#include "words.h"

#if VM_ALL_ARMS
#define ARM(name) &&arm_##name
#else
#include "hot.h"
#define ARM(name) HOT_PICK(HOT_##name, &&others, &&others)
#endif

/* No jump makes the one positive, or the other negative by overflow. */
#define SLACK_MAX (((VM_SLACK_T)1 << (sizeof(VM_SLACK_T) * 8 - 2)) - 1)
#define SLACK_NONE (-SLACK_MAX)

/* Whether an instruction never goes on to the one after it. */
static inline _Bool never_goes_on(u8 opcode)
{
	switch (opcode) {
#define GOTO(name, code, field, text) case code:
#define EXIT(name, code) case code:
#include "isa.def"
		return 1;
	}
	return 0;
}

/* The gaps of the table are filled first, so that a row of isa.def is a designator of its own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-label"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

VM_RUN(table)
{
	static const void *const arms[256] VM_FLASH = {
		[0 ... 255] = &&others,
		[0] = &&slowly,
#define OPCODE(name, n) [n] = ARM(name),
#include "opcodes.h"
	};
	const void *const *table = arms;
#if !VM_READS_PAST_END
	struct vm_insn last[2];
#endif
	VM_COUNT_T left = VM_BUDGET;
	VM_SLACK_T slack = 0;
	vm_code_t code = vm->code, in = code, end; /* `end`: no jump forward there */
	_Bool bounded = vm->len && never_goes_on((u8)VM_WORD(VM_SLOT(code, vm->len - 1)));
	u32 mask = 0, next = vm->st.pc, stop, w;
	s32 imm;

	VM_HIDE(table); /* so that it stays in a register */
	VM_TABLE_BEGINS;
arrive: /* at `next`, from anywhere */
	if (mask)
		left = (VM_COUNT_T)(slack + vm->len - BEHIND);
	mask = 0;
	if (!left)
		STOP_AT(VM_TRAP_STEPS);
	if (next >= vm->len)
		STOP_AT(VM_TRAP_JUMP);
	code = vm->code;
	in = VM_SLOT(code, next);
	end = code;
	slack = SLACK_NONE;
	if (bounded && left >= vm->len - next && left <= SLACK_MAX) {
		slack = (VM_SLACK_T)(left - (vm->len - next));
		mask = 0xff;
		end = VM_SLOT(code, vm->len);
	}
	GO;
branch: /* by OFF: forward the budget cannot become too small, backward the end is not near */
	in = VM_SLOT(in, OFF);
	slack += OFF;
	if ((s32)w < 0 ? slack >= 0 && !VM_BEFORE(in, code) : VM_BEFORE(in, end))
		GO;
	VM_HIDE(w); /* so that this is worked out again, here */
	in = VM_SLOT(in, -OFF);
	slack -= OFF;
	CONTINUE_AT(BEHIND + (u32)OFF);
slowly:
	if (mask)
		STOP(VM_TRAP_ILLEGAL);
	next = PC;
	if (!left)
		STOP_AT(VM_TRAP_STEPS);
	if (next >= vm->len)
		STOP_AT(VM_TRAP_JUMP);
	left--;
	if (!(u8)w)
		STOP(VM_TRAP_ILLEGAL);
#if !VM_READS_PAST_END
	if (next + 1 == vm->len && !bounded) {
		/* It is executed here, with an unknown opcode behind it. */
		last[0] = in[-1];
		last[1].code = 0;
		in = end = &last[1];
		code = in - vm->len;
	}
#endif
	goto *VM_ARM(table, (u8)w);

#include "step.h"
others:
	OTHERS;
out:
	next = stop == VM_TRAP_STEPS ? BEHIND : PC;
out_at:
	if (mask)
		left = (VM_COUNT_T)(slack + vm->len - BEHIND);
	VM_RUN_ENDS(next, left, stop);
}

#pragma GCC diagnostic pop
