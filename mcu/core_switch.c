/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The `switch` core: portable C, one arm per opcode. */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "host_words.h"
#endif
#include VM_PORT_WORDS

#include "words.h"

VM_RUN(switch)
{
	VM_COUNT_T left = VM_BUDGET;
	u32 pc = vm->st.pc, stop, w;
	vm_code_t in;

	for (;;) {
again:
		FETCH;
		switch ((u8)w) {
#include "step.h"
		default:
others: __attribute__((unused));
			OTHERS;
		}
next:
		pc++;
	}
called:
	pc += stop == VM_TRAP_STEPS;
out:
out_at:
	VM_LEFT(left);
	VM_RUN_ENDS(pc, stop);
}
