/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The instructions that a core has no arm of its own for, one at a time, for size rather than
 * speed. Included by embed.c in front of such a core.
 */
#ifndef STEP_OTHER_H
#define STEP_OTHER_H

#define GO_FORK(key) return step_atomic(vm, w, key)
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
	VM_HIDE(w); /* or each condition would compute what is returned */
	return OTHER_BRANCH;
out:
	return stop;
}

#include "no_words.h"

#ifdef __ARM_EABI__
#undef VM_LSH
#undef VM_RSH
#undef VM_ARSH
/* By 32 or more: what cuts a number to its lower half, and quicker than the rest. */
#define BY_HALF(bits, n, v)                                                                        \
	if ((bits) == 64 && (n) & 32) {                                                            \
		GIVE_DST(v);                                                                       \
		NEXT                                                                               \
	}
#define VM_LSH(bits, d, n)                                                                         \
	({                                                                                         \
		BY_HALF(bits, n, (u64)((u32)(d) << ((n) & 31)) << 32)                              \
		(d) * ((u32)1 << ((n) & 31));                                                      \
	})
#define VM_RSH(bits, d, n)                                                                         \
	({                                                                                         \
		BY_HALF(bits, n, (u64)(d) >> 32 >> ((n) & 31))                                     \
		(bits) == 64 ? shifted_right(d, (n) & 31) : (d) >> (n);                            \
	})
#define VM_ARSH(bits, d, n) ((d) >> (n))

INLINE u64 shifted_right(u64 d, u32 n)
{
	u32 high = (u32)(d >> 32);

	return (u64)(high >> n) << 32 | ((u32)d >> n | high << (31 - n) << 1);
}
#endif

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
