/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the words of step.h mean where a core does not say. Included again by each includer. */
#ifndef HAS_OFF
#define HAS_OFF (OFF != 0)
#endif
#ifndef SRC_64
#define SRC_64 SRC
#define SRC_32 SRC
#define DST_64 DST
#define DST_32 DST
#endif
#ifndef TAKE_DST
#define TAKE_DST ((void)0)
#define TAKEN_64 DST
#define TAKEN_32 DST
#define GIVE_DST(v) (DST = (v))
#endif
#ifndef AT_SRC
#define AT_SRC(n, access) ADDRESS(SRC_64 + (u64)(s64)OFF, n, access)
#define AT_DST(n, access) ADDRESS(DST_64 + (u64)(s64)OFF, n, access)
#endif
#ifndef BRANCH
#define BRANCH JUMP(OFF)
#endif
#ifndef SKIP
#define SKIP JUMP(1)
#endif
#ifndef PC
#define PC pc
#endif
#ifndef STEP_NO_SECOND
#define STEP_SECOND const struct vm_insn *second = SECOND
#define STEP_NO_SECOND (!second || second->code)
#define STEP_SECOND_IMM second->imm
#endif
#ifndef STEP_SECOND
#define STEP_SECOND
#endif

/* The body of LDDW, and its second half. */
#ifndef STEP_LDDW
#define STEP_LDDW                                                                                  \
	{                                                                                          \
		STEP_SECOND;                                                                       \
		if (STEP_NO_SECOND || SRCN)                                                        \
			TRAP_HERE(ILLEGAL);                                                        \
		TAKE_DST;                                                                          \
		STEP_LDDW_TAKEN                                                                    \
	}
#define STEP_LDDW_TAKEN                                                                            \
	GIVE_DST((u64)(u32)STEP_SECOND_IMM << 32 | (u32)IMM);                                      \
	SKIP;
#endif
