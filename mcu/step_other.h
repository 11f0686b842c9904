/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The instructions that a core has no arm of its own for, one at a time, for size rather than speed.
 * Included by embed.c in front of such a core.
 */
#ifndef STEP_OTHER_H
#define STEP_OTHER_H

#include "embed_words.h"

#define OP(name, n)
#define NEXT return VM_STOP_NONE;
#define STOP(n) return n
#define STOP_AT(n) return n
#define JUMP(n) return OTHER_JUMP
#define BRANCH return OTHER_BRANCH
#define IMM imm
#include "words.h"
#include "operand_words.h"

/* What such an instruction asks its core to do, beside enum vm_stop: BRANCH, JUMP(IMM). */
enum { OTHER_BRANCH = VM_STOPS, OTHER_JUMP };

static __attribute__((noinline, cold)) u32 step_other(struct bpfvm *vm, u32 w, s32 imm)
{
	u64 dst, src;
	u32 stop;
	u8 *p;

#include "operands.h"
branch:
	return OTHER_BRANCH;
out:
	return stop;
}

#include "no_words.h"
#define GO_FORK(key) goto others
#define OTHERS                                                                                     \
	do {                                                                                       \
		stop = step_other(vm, w, IMM);                                                     \
		if (!stop)                                                                         \
			NEXT                                                                       \
		if (stop == OTHER_BRANCH)                                                          \
			BRANCH;                                                                    \
		if (stop == OTHER_JUMP)                                                            \
			JUMP(IMM);                                                                 \
		goto out;                                                                          \
	} while (0)

#endif
