/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The `small` core: a loop over operands.h. */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "host_words.h"
#endif
#include VM_PORT_WORDS

#define OP(name, n) ARM_OF_##name(n)
#define NEXT goto again;
#define GO goto again
#define PC (pc - 1)
#define IMM VM_IMM(in)
#define JUMP(n) CONTINUE_AT(pc + (u32)(n))
#define CONTINUE_AT(n)                                                                             \
	do {                                                                                       \
		pc = (n);                                                                          \
		goto again;                                                                        \
	} while (0)
#define STOP_BEHIND goto out_at
#define STEP_NO_SECOND (pc >= vm->len || (u8)VM_WORD(VM_SLOT(in, 1)))
#define STEP_SECOND_IMM VM_IMM(VM_SLOT(in, 1))
#include "words.h"

#define OPERANDS_ALL
#include "operand_words.h"

VM_RUN(small)
{
	VM_COUNT_T left = vm->st.left;
	u32 pc = vm->st.pc, stop, w, arm;
	vm_code_t in;
	u64 dst, src, *to;
	u8 *p;

again:
	if (!left)
		STOP_AT(VM_TRAP_STEPS);
	if (pc >= vm->len)
		STOP_AT(VM_TRAP_JUMP);
	left--;
	in = VM_SLOT(vm->code, pc++);
	w = VM_WORD(in);
#include "operands.h"
branch:
	JUMP(OFF);
bad_access:
	stop = VM_BAD_ACCESS;
out:
	pc = PC;
out_at:
	VM_RUN_ENDS(pc, left, stop);
}
