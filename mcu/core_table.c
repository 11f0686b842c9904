/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The `table` core: each arm jumps to the next one through a table of labels (a GNU C extension).
 */
#ifndef VM_PORT_WORDS
#define VM_PORT_WORDS "words.h"
#endif

#define OP(name, n) arm_##name:
#define NEXT JUMP(0);
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		pc += (u32)(n) + 1;                                                                \
		GO;                                                                                \
	} while (0)
#define GO                                                                                         \
	do {                                                                                       \
		if (!left)                                                                         \
			STOP(VM_TRAP_STEPS);                                                       \
		if (pc >= len)                                                                     \
			STOP(VM_TRAP_JUMP);                                                        \
		left--;                                                                            \
		in = &code[pc];                                                                    \
		goto *arm[in->code];                                                               \
	} while (0)

#include VM_PORT_WORDS

/* The gaps of the table are filled first, so that a row of isa.def is a designator of its own. */
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

VM_RUN(table)
{
	static const void *const arm[256] = {
		[0 ... 255] = &&illegal,
#define OPCODE(name, n) [n] = &&arm_##name,
#include "opcodes.h"
	};
	const struct vm_insn *code = vm->code, *in;
	VM_COUNT_T left = vm->st.left;
	u32 pc = vm->st.pc, len = vm->len, stop;

	GO;
#include "step.h"
illegal:
	stop = VM_TRAP_ILLEGAL;
out:
	return vm_stopped(vm, pc, left, stop);
}

#pragma GCC diagnostic pop
