/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The checker: refuses a guest before it runs and says why. Two passes over the code, no
 * allocation, no libc; for the loader and for firmware. No core depends on it.
 *
 * Allowed, since they are defined or harmless: division by 0, shift counts of the width and more
 * (RFC 9669 section 4.1), code that is never reached, endless loops.
 */
#ifndef BPFVM_CHECK_H
#define BPFVM_CHECK_H

#include "helper_call.h"

enum vm_check_reason {
	VM_CHECK_PASSED,
#define CHECK(name, sentence, hint) VM_CHECK_##name,
#include "checks.def"
	VM_CHECK_REASONS,
};

/* Bytes of each of the two bitmaps that a check needs. */
#define VM_CHECK_BITMAP(len) (((len) + 7u) / 8)

/* Filled in by the caller but for `pc`. */
struct vm_check {
	vm_code_t code;
	u32 len;   /* instructions */
	u32 max;   /* most that are allowed */
	u32 entry; /* where execution begins */
	u32 where; /* the guests that it may be: a mask of enum vm_where; 0: any */
	/* Whether a guest may call helper `number`; NULL: those of helpers.def. */
	_Bool (*helper)(const struct vm_check *c, u32 number);
	/*
	 * VM_CHECK_BITMAP(len) bytes each. `functions` has a bit for each instruction that begins a
	 * function: zeroed by the caller, who may set those that only pointers call.
	 */
	u8 *functions;
	u8 *seconds;
	u32 pc; /* of the instruction at fault */
};

static inline _Bool vm_bit(const u8 *bitmap, u32 i)
{
	return bitmap[i / 8] >> (i % 8) & 1;
}

static inline void vm_bit_set(u8 *bitmap, u32 i)
{
	bitmap[i / 8] |= (u8)(1u << (i % 8));
}

/* The guests that may call helper `number`: a mask of enum vm_where; 0: there is no such helper. */
static inline u32 vm_helper_where(u32 number)
{
	switch (number) {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	case number:                                                                               \
		return VM_WHERE_##where;
#include "helpers.def"
	}
	return 0;
}

/* What an instruction does with its fields. Those that it does not use have to be 0. */
enum vm_use {
	VM_USE_DST = 1 << 0,
	VM_USE_SRC = 1 << 1,
	VM_USE_OFF = 1 << 2,
	VM_USE_IMM = 1 << 3,
	VM_SETS_DST = 1 << 4, /* the register receives a value */
	VM_SETS_SRC = 1 << 5,
	VM_JUMPS = 1 << 6,    /* by `off` if that is used, else by `imm` */
	VM_STAYS = 1 << 7,    /* never goes on to the instruction after it */
	VM_CALLS = 1 << 8,
	VM_WIDE = 1 << 9,     /* takes two slots */
	VM_PACKET = 1 << 10,
	VM_UNKNOWN = 1 << 11, /* the opcode exists, but not with this `off` or `imm` */
};
#define VM_OUT (VM_USE_DST | VM_SETS_DST)

/* What a use is if this build has such instructions, else 0. */
#define VM_HAS(part, use) ((VM_HAS_##part) ? (use) : 0)
#define VM_HAS_JMP32 VM_JMP32
#define VM_HAS_64_BASE 1
#define VM_HAS_64_MUL 1
#define VM_HAS_64_DIV VM_DIV64
#define VM_BOTH (VM_USE_DST | VM_USE_SRC | VM_USE_OFF)

/* The rows that `off` or `imm` tells apart, by opcode and that key. */
static inline u32 vm_uses_fork(u32 code, u32 key)
{
	if (key > 0xff)
		return VM_UNKNOWN;
	switch (VM_FORK(code, key)) {
#define ALU_OFF(off, name, op, sign, group, text, effect)                                          \
	case VM_FORK(0x04 | op, off):                                                              \
	case VM_FORK(0x07 | op, off):                                                              \
		return VM_OUT | VM_USE_OFF | VM_USE_IMM;                                           \
	case VM_FORK(0x0c | op, off):                                                              \
	case VM_FORK(0x0f | op, off):                                                              \
		return VM_OUT | VM_USE_OFF | VM_USE_SRC;
#define MOVSX(name, code, off, type)                                                               \
	case VM_FORK(code, off):                                                                   \
		return VM_OUT | VM_USE_OFF | VM_USE_SRC;
#define END(name, code, imm, type, text, effect)                                                   \
	case VM_FORK(code, imm):                                                                   \
		return VM_OUT | VM_USE_IMM;
#define VM_USES_ATOMIC(imm, uses)                                                                  \
	case VM_FORK(0xc3, imm):                                                                   \
	case VM_FORK(0xdb, imm):                                                                   \
		return VM_BOTH | VM_USE_IMM | (uses);
#define ATOMIC(name, imm, text, verb, builtin, effect)                                             \
	VM_USES_ATOMIC(imm, 0)                                                                     \
	VM_USES_ATOMIC(imm | VM_FETCH, VM_SETS_SRC)
#define ATOMIC_XCHG(name, imm, verb, builtin, effect) VM_USES_ATOMIC(imm, VM_SETS_SRC)
#define ATOMIC_CMPXCHG(name, imm, verb, builtin, effect) VM_USES_ATOMIC(imm, 0)
#include "isa.def"
#undef VM_USES_ATOMIC
	}
	return VM_UNKNOWN;
}

/* A mask of enum vm_use, or 0 for an opcode that does not exist. */
static inline u32 vm_uses(const struct vm_insn *in)
{
	switch (in->code) {
#define VM_USES_ALU(op, group, first)                                                              \
	case 0x07 | op:                                                                            \
		if (!VM_HAS(64_##group, 1))                                                        \
			return 0;                                                                  \
		/* fallthrough */                                                                  \
	case 0x04 | op:                                                                            \
		first return VM_OUT | VM_USE_IMM;                                                  \
	case 0x0f | op:                                                                            \
		if (!VM_HAS(64_##group, 1))                                                        \
			return 0;                                                                  \
		/* fallthrough */                                                                  \
	case 0x0c | op:                                                                            \
		first return VM_OUT | VM_USE_SRC;
#define VM_USES(code, uses)                                                                        \
	case code:                                                                                 \
		return uses;
#define ALU(name, op, sign, group, text, effect) VM_USES_ALU(op, group, )
#define FORK_ALU(name, op, sign, group, text, effect)                                              \
	VM_USES_ALU(op, group, if (in->off) return vm_uses_fork(in->code, (u16)in->off);)
#define FORK(name, opcode) VM_USES(opcode, vm_uses_fork(opcode, (u32)in->imm))
#define NEG(name, op, effect) VM_USES(0x04 | op, VM_OUT) VM_USES(0x07 | op, VM_OUT)
#define JMP(name, op, sign, text, condition)                                                       \
	VM_USES(0x05 | op, VM_USE_DST | VM_USE_IMM | VM_USE_OFF | VM_JUMPS)                        \
	VM_USES(0x06 | op, VM_HAS(JMP32, VM_USE_DST | VM_USE_IMM | VM_USE_OFF | VM_JUMPS))         \
	VM_USES(0x0d | op, VM_BOTH | VM_JUMPS)                                                     \
	VM_USES(0x0e | op, VM_HAS(JMP32, VM_BOTH | VM_JUMPS))
#define GOTO(name, code, field, text) VM_USES(code, VM_USE_##field | VM_JUMPS | VM_STAYS)
#define CALL(name, code) VM_USES(code, VM_USE_SRC | VM_USE_IMM | VM_CALLS)
#define CALLX(name, code) VM_USES(code, VM_USE_DST)
#define EXIT(name, code) VM_USES(code, VM_STAYS)
#define LDX(name, code, type) VM_USES(code, VM_BOTH | VM_SETS_DST)
#define STX(name, code, type) VM_USES(code, VM_BOTH)
#define ST(name, code, type) VM_USES(code, VM_USE_DST | VM_USE_OFF | VM_USE_IMM)
#define LDDW(name, code) VM_USES(code, VM_OUT | VM_USE_SRC | VM_USE_IMM | VM_WIDE)
#define LEGACY(name, code, type) VM_USES(code, VM_PACKET)
#include "isa.def"
#undef VM_USES_ALU
#undef VM_USES
	}
	return 0;
}

/* Register numbers, and fields that the instruction does not use. */
static inline u32 vm_check_fields(const struct vm_insn *in, u32 uses)
{
	if (vm_dst(in) > 10 || vm_src(in) > 10)
		return VM_CHECK_REGISTER;
	if ((!(uses & VM_USE_DST) && vm_dst(in)) || (!(uses & VM_USE_SRC) && vm_src(in)) ||
	    (!(uses & VM_USE_OFF) && in->off) || (!(uses & VM_USE_IMM) && in->imm))
		return VM_CHECK_RESERVED;
	if ((uses & VM_SETS_DST && vm_dst(in) == 10) || (uses & VM_SETS_SRC && vm_src(in) == 10))
		return VM_CHECK_FRAME;
	return VM_CHECK_PASSED;
}

static inline u32 vm_check_helper(const struct vm_check *c, u32 number)
{
	u32 where = vm_helper_where(number);

	if (c->helper ? !c->helper(c, number) : !where)
		return VM_CHECK_HELPER;
	return c->helper || (where & c->where) == c->where ? VM_CHECK_PASSED : VM_CHECK_WHERE;
}

static inline u32 vm_check_call(const struct vm_check *c, const struct vm_insn *in)
{
	if (vm_src(in) == VM_CALL_BTF)
		return VM_CHECK_KFUNC;
	if (vm_src(in) == VM_CALL_LOCAL && VM_LOCAL_CALLS) {
		s64 to = (s64)c->pc + 1 + in->imm;

		if (to < 0 || to >= c->len)
			return VM_CHECK_CALLEE;
		vm_bit_set(c->functions, (u32)to);
		return VM_CHECK_PASSED;
	}
	if (vm_src(in) != VM_CALL_HELPER)
		return VM_CHECK_VARIANT;
	return vm_check_helper(c, (u32)in->imm);
}

static inline u32 vm_check_wide(const struct vm_check *c, const struct vm_insn *in)
{
	if (vm_src(in))
		return VM_CHECK_UNLINKED;
	if (c->pc + 1 >= c->len)
		return VM_CHECK_TRUNCATED;
	if (VM_WORD(VM_SLOT(c->code, c->pc + 1)))
		return VM_CHECK_SECOND;
	vm_bit_set(c->seconds, c->pc + 1);
	return VM_CHECK_PASSED;
}

/* One instruction by itself; notes second slots and the functions that are called. */
static inline u32 vm_check_insn(const struct vm_check *c, u32 uses)
{
	const struct vm_insn insn = vm_insn_at(c->code, c->pc), *in = &insn;
	u32 reason;

	if (!uses)
		return VM_CHECK_OPCODE;
	if (uses & VM_UNKNOWN)
		return VM_CHECK_VARIANT;
	if (uses & VM_PACKET)
		return VM_CHECK_PACKET;
	reason = vm_check_fields(in, uses);
	if (!reason && uses & VM_CALLS)
		reason = vm_check_call(c, in);
	if (!reason && uses & VM_WIDE)
		reason = vm_check_wide(c, in);
	return reason;
}

/* Where the jump or call at c->pc, in the function from `start` to before `end`, leads. */
static inline u32 vm_check_target(const struct vm_check *c, u32 uses, u32 start, u32 end)
{
	const struct vm_insn insn = vm_insn_at(c->code, c->pc), *in = &insn;
	s64 to = (s64)c->pc + 1 + (uses & VM_USE_OFF ? in->off : in->imm);

	if (!(uses & VM_JUMPS) && !(uses & VM_CALLS && vm_src(in) == VM_CALL_LOCAL))
		return VM_CHECK_PASSED;
	if (to < 0 || to >= c->len)
		return VM_CHECK_JUMP;
	if (vm_bit(c->seconds, (u32)to))
		return VM_CHECK_MIDDLE;
	return uses & VM_JUMPS && (to < start || to >= end) ? VM_CHECK_ACROSS : VM_CHECK_PASSED;
}

/* The control flow of the function that begins at c->pc, which moves to its end. */
static inline u32 vm_check_function(struct vm_check *c)
{
	u32 start = c->pc, end = start + 1, uses = 0, last = start, reason;
	struct vm_insn insn;

	while (end < c->len && (!vm_bit(c->functions, end) || vm_bit(c->seconds, end)))
		end++;
	for (; c->pc < end; c->pc += uses & VM_WIDE ? 2 : 1) {
		last = c->pc;
		insn = vm_insn_at(c->code, last);
		uses = vm_uses(&insn);
		reason = vm_check_target(c, uses, start, end);
		if (reason)
			return reason;
	}
	if (uses & VM_STAYS)
		return VM_CHECK_PASSED;
	c->pc = last;
	return VM_CHECK_FALLTHROUGH;
}

/* Each instruction by itself, and the functions that there are. */
static inline u32 vm_check_insns(struct vm_check *c)
{
	struct vm_insn insn;
	u32 reason, uses;

	for (c->pc = 0; c->pc < c->len; c->pc += uses & VM_WIDE ? 2 : 1) {
		insn = vm_insn_at(c->code, c->pc);
		uses = vm_uses(&insn);
		reason = vm_check_insn(c, uses);
		if (reason)
			return reason;
	}
	c->pc = c->entry;
	return vm_bit(c->seconds, c->entry) ? VM_CHECK_ENTRY : VM_CHECK_PASSED;
}

/* Returns VM_CHECK_PASSED or an enum vm_check_reason, the instruction then in c->pc. */
static inline u32 vm_check(struct vm_check *c)
{
	u32 reason;

	c->pc = 0;
	if (!c->len)
		return VM_CHECK_EMPTY;
	if (c->len > c->max)
		return VM_CHECK_LENGTH;
	if (c->entry >= c->len)
		return VM_CHECK_ENTRY;
	for (u32 i = 0; i < VM_CHECK_BITMAP(c->len); i++)
		c->seconds[i] = 0;
	vm_bit_set(c->functions, c->entry);
	reason = vm_check_insns(c);
	for (c->pc = reason ? c->pc : 0; !reason && c->pc < c->len;)
		reason = vm_check_function(c);
	return reason;
}

#endif
