/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The `switch` core: portable C, one arm per opcode. */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "words.h"
#endif
#include VM_PORT_WORDS

VM_RUN(switch)
{
	const struct vm_insn *in;
	VM_COUNT_T left = vm->st.left;
	u32 pc = vm->st.pc, stop;

	for (;;) {
again:
		if (!left)
			STOP(VM_TRAP_STEPS);
		if (pc >= vm->len)
			STOP(VM_TRAP_JUMP);
		left--;
		in = &vm->code[pc];
		switch (in->code) {
#include "step.h"
		default:
			STOP(VM_TRAP_ILLEGAL);
		}
next:
		pc++;
	}
out:
	return vm_stopped(vm, pc, left, stop);
}
