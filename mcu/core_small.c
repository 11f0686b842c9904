/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The `small` core: a loop over operands.h. One compare per instruction is for budget and code: up to
 * `limit` there is enough of both. `until` is the number of the instruction before which the budget
 * would run out, if no more jumps came.
 */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "host_words.h"
#endif
#include VM_PORT_WORDS

#define OP(name, n) SMALL_OP_##name(n)
#define NEXT goto again;
#define GO goto again
#define BEHIND VM_INDEX(in, vm->code) /* number of the instruction after this one */
#define PC (BEHIND - 1)
#define IMM imm
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		by = (u32)(n);                                                                     \
		goto arrive;                                                                       \
	} while (0)
#define BRANCH goto branch
#define SKIP                                                                                       \
	do {                                                                                       \
		in = VM_SLOT(in, 1);                                                               \
		until++;                                                                           \
		goto again;                                                                        \
	} while (0)
#define CONTINUE_AT(n) JUMP((n) - BEHIND)
#define STEP_NO_SECOND (BEHIND >= vm->len || (u8)VM_WORD(in))
#define STEP_SECOND_IMM VM_IMM(in)
#include "words.h"

/* Calls: `case` labels of the switch over jumps; CALLX is what remains of the arm of CALL. */
#define SMALL_OP_CALL(n)                                                                           \
	case ARM_OF(n):                                                                            \
		if ((u8)w == (n))
#define SMALL_OP_CALLX(n) if ((u8)w == (n))
#define SMALL_OP_EXIT(n)                                                                           \
		TRAP_HERE(ILLEGAL);                                                                \
	case ARM_OF(n):                                                                            \
		if ((u8)w == (n))

#define OPERANDS_ALL
#include "operand_words.h"

VM_RUN(small)
{
	VM_COUNT_T until = VM_BUDGET, left;
	u32 by = vm->st.pc, pc, stop, w;
	s32 imm;
	vm_code_t in = vm->code, limit;
	u64 dst, src, addr;
	u8 *p;

arrive:
	pc = BEHIND;
	left = until - pc;
	pc += by;
	if (!left)
		STOP_AT(VM_TRAP_STEPS);
	if (pc >= vm->len)
		STOP_AT(VM_TRAP_JUMP);
	until = left + pc;
	in = VM_SLOT(vm->code, pc);
	limit = VM_SLOT(vm->code, until < vm->len ? (u32)until : vm->len);
again:
	if (in >= limit) /* LDDW may lead past it, but not past the end */
		JUMP(0);
	VM_NEXT_SLOT(in, w, imm);
#include "operands.h"
branch:
	JUMP(OFF);
out:
	pc = stop == VM_TRAP_STEPS ? BEHIND : PC;
out_at:
	VM_RUN_ENDS(pc, until - BEHIND, stop);
}
