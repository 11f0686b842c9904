/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The `switch` core: portable C, one arm per opcode. */
#include "core.h"
#include "words.h"

u32 vm_run_switch(struct vm *vm)
{
	const struct vm_insn *in;
	u64 left = vm->st.left;
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
