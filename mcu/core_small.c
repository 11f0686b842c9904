/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The `small` core: a loop over operands.h. One compare per instruction is for budget and code: up
 * to `limit` there is enough of both. `until` is the number of the instruction before which the
 * budget would run out, if no more jumps came.
 */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "host_words.h"
#endif
#include VM_PORT_WORDS

#define OP(name, n) case n:
#define NEXT goto again;
#define GO goto again
#define BEHIND VM_INDEX(in, vm->code) /* number of the instruction after this one */
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		pc = (u32)(n);                                                                     \
		goto moved;                                                                        \
	} while (0)
#define SKIP                                                                                       \
	do {                                                                                       \
		in = VM_SLOT(in, 1);                                                               \
		until++;                                                                           \
		goto again;                                                                        \
	} while (0)
#define STEP_NO_SECOND (BEHIND >= vm->len || (u8)VM_WORD(in))
#include "words.h"

#define OPERANDS_ALL
#include "operand_words.h"

VM_RUN(small)
{
	VM_COUNT_T until = VM_BUDGET, left;
	u32 pc = vm->st.pc, end, stop, w;
	s32 imm;
	vm_code_t in = vm->code, limit;
	u64 dst, src;
	u8 *p;

	goto arrive;
enter:
	if (!PUSH_FRAME(BEHIND))
		STOP(VM_TRAP_FRAMES);
	goto arrive;
branch:
	pc = (u32)OFF;
moved: /* by `pc` */
	pc += BEHIND;
arrive: /* at `pc` */
	left = until - BEHIND;
	if (!left)
		STOP_AT(VM_TRAP_STEPS);
	if (pc >= vm->len)
		STOP_AT(VM_TRAP_JUMP);
	until = left + pc; /* what is beyond its type is taken away again with BEHIND */
	in = VM_SLOT(vm->code, pc);
	end = vm->len - pc;
	if (left < end)
		end = (u32)left;
	limit = VM_SLOT(in, end);
again:
	if (in >= limit) /* LDDW may lead past it, but not past the end */
		JUMP(0);
	VM_NEXT_SLOT(in, w, imm);
	VM_HIDE(in); /* or both the old and the new one would be kept */
#include "operands.h"
called: /* if that is STEPS the helper will have returned */
out:
	pc = BEHIND;
	left = until - pc;
	pc -= stop != VM_TRAP_STEPS;
out_at:
	VM_LEFT(left);
	VM_RUN_ENDS(pc, stop);
}
