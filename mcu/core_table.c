/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The `table` core: each arm jumps to the next through a table of labels (a GNU C extension).
 *
 * Nothing is counted or compared per instruction. `slack` is how many instructions the budget
 * allows beyond the end of the code, were there no more jumps: as long as it is not negative the
 * budget cannot run out before the next jump, and the end cannot be passed, since there is an
 * instruction there that never goes on to the next one. Otherwise `mask` is 0, and every opcode
 * leads to the arm of opcode 0, which counts in `left` and looks before it leads on.
 */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "host_words.h"
#endif
#include VM_PORT_WORDS

#define REGISTERS registers
#define OP(name, n) arm_##name:
#define NEXT GO;
#define GO                                                                                         \
	do {                                                                                       \
		VM_NEXT_SLOT(in, w, imm);                                                          \
		goto *VM_ARM(table, w & mask);                                                     \
	} while (0)
#define BEHIND VM_INDEX(in, code) /* number of the instruction after this one */
#define JUMP(n) CONTINUE_AT(BEHIND + (u32)(n))
#define SKIP                                                                                       \
	do {                                                                                       \
		if (!mask)                                                                         \
			JUMP(1);                                                                   \
		in = VM_SLOT(in, 1);                                                               \
		slack++;                                                                           \
		GO;                                                                                \
	} while (0)
/* Behind the end there is an opcode other than 0, or this is not the last instruction. */
#define STEP_NO_SECOND ((VM_READS_PAST_END && BEHIND >= vm->len) || (u8)VM_WORD(in))
#include "words.h"

#if VM_ALL_ARMS
#define ARM(name) &&arm_##name
#else
#include "hot.h"
#define ARM(name) HOT_PICK(HOT_##name, &&others, &&others)
#endif

/* While instructions are counted: no jump backward makes it positive. */
#define SLACK_NONE ((VM_COUNT_T)3 << (sizeof(VM_COUNT_T) * 8 - 2))

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
	u64 *registers = vm->st.reg;
#if !VM_READS_PAST_END
	static const struct vm_insn end = {.code = 0xff}; /* unknown, and not what lddw looks for */
#endif
	VM_COUNT_T left = VM_BUDGET, slack = 0; /* the latter with a sign, but it may wrap around */
	vm_code_t code = vm->code, in = code;
	u32 mask = 0, pc = vm->st.pc, room, stop, w;
	s32 imm;

	VM_HIDE(table); /* so that it stays in a register */
	VM_HIDE(registers);
	goto arrive;
enter:
	if (!PUSH_FRAME(BEHIND))
		STOP(VM_TRAP_FRAMES);
arrive: /* at `pc`, from anywhere */
	if (mask)
		left = slack + vm->len - BEHIND;
	mask = 0;
	if (pc >= vm->len)
		STOP_AT(left ? VM_TRAP_JUMP : VM_TRAP_STEPS);
	room = vm->len - pc;
	code = vm->code;
	in = VM_SLOT(code, pc);
	mask = VM_MASK(vm);
	if (mask && left >= room) {
		VM_HIDE(room);
		slack = left - room;
		GO;
	}
	mask = 0;
	slack = SLACK_NONE;
	GO;
branch: /* by OFF */
	slack += (VM_COUNT_T)OFF;
	if ((VM_SLACK_T)slack >= 0) { /* else instructions are counted, or should be */
		in = VM_SLOT(in, OFF);
		if (BEHIND < vm->len) /* so it is not before the first one, either */
			GO;
		VM_HIDE(w); /* so that this is worked out again, here */
		in = VM_SLOT(in, -OFF);
	}
	VM_HIDE(w);
	slack -= (VM_COUNT_T)OFF;
	CONTINUE_AT(BEHIND + (u32)OFF);
slowly:
	if (mask)
		STOP(VM_TRAP_ILLEGAL);
	pc = PC;
	if (!left)
		STOP_AT(VM_TRAP_STEPS);
	if (pc >= vm->len)
		STOP_AT(VM_TRAP_JUMP);
	left--;
	if (!(u8)w)
		STOP(VM_TRAP_ILLEGAL);
#if !VM_READS_PAST_END
	if (pc + 1 == vm->len && !VM_MASK(vm)) {
		/* It has been fetched: it is executed as if something else were behind it. */
		in = &end;
		code = in - vm->len;
	}
#endif
	goto *VM_ARM(table, (u8)w);

#include "step.h"
others:
	OTHERS;
called:
	if (stop == VM_TRAP_STEPS) { /* a helper wants to be returned to */
		pc = BEHIND;
		goto out_at;
	}
out:
	pc = PC;
out_at:
	VM_HIDE(stop);
	if (mask)
		VM_LEFT(slack + vm->len - BEHIND);
	else
		VM_LEFT(left);
	VM_RUN_ENDS(pc, stop);
}

#pragma GCC diagnostic pop
