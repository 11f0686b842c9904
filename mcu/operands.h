/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One instruction, operands first: they are chosen and cut to the width of the instruction, so that
 * one arm serves the four forms of an operation, and one check all accesses to memory. Included
 * inside a function, where `w` has been fetched; it goes on with NEXT or to the labels `branch`
 * and `out`. The includer says with OPERANDS_ALL that it wants calls, EXIT and LDDW,
 * too; GO_FORK is for atomic operations.
 */
	TAKE_DST;
	dst = TAKEN_64;
	src = SRC_64;
	if (IS_K(w))
		src = (u64)(s64)IMM;
	switch (w & 7) {
	case CLASS_ALU:
		dst = (u32)dst;
		src = (u32)src;
		/* fallthrough */
	case CLASS_ALU64:
		goto alu;
	case CLASS_JMP32: /* with their signs these numbers compare as they do without */
		if (VM_JMP32) {
			dst = (u64)(s32)dst;
			src = (u64)(s32)src;
		}
		/* fallthrough */
	case CLASS_JMP:
		goto jump;
	case CLASS_LD:
#ifdef OPERANDS_ALL
		if ((u8)w == OPCODE_LDDW) {
			if (STEP_NO_SECOND || SRCN)
				TRAP_HERE(ILLEGAL);
			STEP_LDDW_TAKEN
		}
#endif
		if (LEGACY_ARMS >> (w >> 3 & 31) & 1)
			TRAP_HERE(LEGACY);
		TRAP_HERE(ILLEGAL);
	case CLASS_LDX:
		dst = src;
		goto memory;
	case CLASS_ST:
		src = (u64)(s64)IMM;
		goto memory;
	case CLASS_STX:
		if (VM_ATOMICS && vm_is_atomic((u8)w))
			GO_FORK((u32)IMM);
		goto memory;
	}
	__builtin_unreachable();
alu:
	switch (ARM_OF(w)) {
/* Hidden, or the compiler makes one copy for each width of what it is used in. */
#define IS_WIDE                                                                                    \
	({                                                                                         \
		u32 wide_ = IS_64(w);                                                              \
		VM_HIDE(wide_);                                                                    \
		wide_;                                                                             \
	})
#define BITS (32 + (IS_WIDE << 5))
/* A 32-bit form of an S row has its sign in bit 31. */
#define OPERANDS_U(type) type d = (type)dst, s = (type)src
#define OPERANDS_S(type)                                                                           \
	u32 wide = IS_WIDE;                                                                        \
	s64 d = wide ? (s64)dst : (s32)dst;                                                        \
	s64 s = wide ? (s64)src : (s32)src
#define OPERANDS_ALU(label, sign, type, effect, first)                                             \
	case label: {                                                                              \
		first;                                                                             \
		OPERANDS_##sign(type);                                                             \
		(void)d, (void)s;                                                                  \
		dst = (u64)(effect);                                                               \
	} break;
#define ALU(name, op, sign, group, text, effect) OPERANDS_ALU(ARM_OF(op), sign, u64, effect, )
#define FORK_ALU(name, op, sign, group, text, effect)                                              \
	OPERANDS_ALU(ARM_OF(op), sign, OPERANDS_TYPE_##group, effect, OPERANDS_##group;            \
		     if (HAS_OFF) goto forked)
#define NEG(name, op, effect)                                                                      \
	OPERANDS_ALU(ARM_OF(op), U, u64, effect, if (IS_X(w)) TRAP_HERE(ILLEGAL))
#define OPERANDS_TYPE_BASE u64
#define OPERANDS_TYPE_DIV vm_div_t
#define OPERANDS_BASE
#define OPERANDS_DIV                                                                               \
	if (!VM_DIV64 && IS_64(w))                                                                 \
	TRAP_HERE(ILLEGAL)
#define FORK(name, code) OPERANDS_FORK_##code
#define OPERANDS_FORK_0xc3
#define OPERANDS_FORK_0xdb
#define OPERANDS_FORK_0xd7
#define OPERANDS_FORK_0xdc
#define OPERANDS_FORK_0xd4 case ARM_OF(0xd4): goto order;
#include "isa.def"
	default:
		TRAP_HERE(ILLEGAL);
forked:
#if VM_V4
		switch ((w & 0xff) | (w >> 16) << 8) {
#define ALU_OFF(off, name, op, sign, group, text, effect)                                          \
	case 0x04 | op | (off) << 8:                                                               \
	case 0x0c | op | (off) << 8:                                                               \
	case 0x07 | op | (off) << 8:                                                               \
		OPERANDS_ALU(0x0f | op | (off) << 8, sign, s64, effect, )
#define MOVSX(name, code, off, type)                                                               \
	case (code) | (off) << 8:                                                                  \
		dst = (u64)(type)src;                                                              \
		break;
#include "isa.def"
		default:
			TRAP_HERE(ILLEGAL);
		}
#else
		TRAP_HERE(ILLEGAL);
#endif
	}
	if (!IS_64(w))
		dst = (u32)dst;
give:
	GIVE_DST(dst);
	NEXT
order: /* 16, 32 and 64 have no bits in common with what else tells these arms apart */
	dst = TAKEN_64;
	if (IMM & ~0x70)
		TRAP_HERE(ILLEGAL);
	switch (END_ARM(w, (u32)IMM)) {
#define END(name, code, imm, type, text, effect)                                                   \
	case END_ARM(code, imm): {                                                                 \
		type d = (type)dst;                                                                \
		dst = (u64)(effect);                                                               \
	} break;
#include "isa.def"
	default:
		TRAP_HERE(ILLEGAL);
	}
	goto give;
jump:
	if (JMP_ARMS >> ARM_OF(w) & (VM_JMP32 ? 1 : IS_64(w))) {
		u32 taken = JMP_IF_SAME;
		if (JMP_SIGNED >> ARM_OF(w) & 1) {
			dst ^= (u64)1 << 63;
			src ^= (u64)1 << 63;
		}
		if (dst < src)
			taken = JMP_IF_LESS;
		else if (dst != src)
			taken = JMP_IF_MORE;
		if (dst & src)
			taken |= JMP_IF_COMMON;
		if (taken >> ARM_OF(w) & 1)
			goto branch;
		NEXT
	}
	switch ((u8)w) {
#define GOTO(name, code, field, text) OPERANDS_GOTO_##field(code)
#define OPERANDS_GOTO_OFF(code)                                                                    \
	case code:                                                                                 \
		goto branch;
#define OPERANDS_GOTO_IMM(code)                                                                    \
	case code:                                                                                 \
		JUMP(IMM);
#include "isa.def"
#ifdef OPERANDS_ALL
#undef DST_64
#define DST_64 dst
#define STEP_COMPACT
#include "step.h"
#endif
	default:
		TRAP_HERE(ILLEGAL);
	}
memory: /* at `dst` + OFF */
	if (!((IS_STORE(w) ? STX_ARMS : LDX_ARMS) >> (w >> 3 & 31) & 1))
		TRAP_HERE(ILLEGAL);
	p = ADDRESS_ANY(dst + (u64)(s64)OFF, 64u >> (((w >> 3) + 1) & 3), /* 32, 16, 8, 64 bits */
			VM_READ + IS_STORE(w) / 2);
	VM_HIDE(w); /* or what was worked out from it would be kept */
	if (IS_STORE(w)) {
		switch (w >> 3 & 31) {
#define STX(name, code, type)                                                                      \
		case (code) >> 3:                                                                  \
			VM_STORE(type, p, src);                                                    \
			NEXT
#include "isa.def"
		}
		__builtin_unreachable();
	}
	switch (w >> 3 & 31) {
#define LDX(name, code, type)                                                                      \
	case (code) >> 3:                                                                          \
		dst = (u64)VM_LOAD(type, p);                                                       \
		goto give;
#include "isa.def"
	}
	__builtin_unreachable();
#undef BITS
#undef IS_WIDE
#undef OPERANDS_U
#undef OPERANDS_S
#undef OPERANDS_ALU
#undef OPERANDS_TYPE_BASE
#undef OPERANDS_TYPE_DIV
#undef OPERANDS_BASE
#undef OPERANDS_DIV
#undef OPERANDS_FORK_0xc3
#undef OPERANDS_FORK_0xd4
#undef OPERANDS_FORK_0xd7
#undef OPERANDS_FORK_0xdb
#undef OPERANDS_FORK_0xdc
#undef OPERANDS_GOTO_OFF
#undef OPERANDS_GOTO_IMM
