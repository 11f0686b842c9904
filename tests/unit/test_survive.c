/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Control and values: jumps, calls, registers, arithmetic that went wrong in other machines. */
#include "survive.h"

#define CALL(to) I(0x85, 0, 1, 0, to)
#define CALLX(reg) I(0x8d, reg, 0, 0, 0)
#define GOTO(n) I(0x05, 0, 0, n, 0)
#define SLOT(n) (VM_CODE_BASE + 8ull * (n))

static const struct survivor control[] = {
	{"jump one past the end", REFUSED(JUMP, 0), TRAPS(JUMP, 2), CODE(GOTO(1), EXIT_)},
	{"fall-through at the end", REFUSED(FALLTHROUGH, 0), TRAPS(JUMP, 1), CODE(MOV(1))},
	{"branch not taken at the end", REFUSED(FALLTHROUGH, 1), TRAPS(JUMP, 2),
	 CODE(MOV(1), I(0x15, 0, 0, -2, 0))},
	{"jump to before the start", REFUSED(JUMP, 0), TRAPS(JUMP, -1), CODE(GOTO(-2), EXIT_)},
	{"longest jump forward", REFUSED(JUMP, 0), TRAPS(JUMP, 32768), CODE(GOTO(32767), EXIT_)},
	{"longest jump back", REFUSED(JUMP, 0), TRAPS(JUMP, -32767), CODE(GOTO(-32768), EXIT_)},
	{"longest gotol forward", REFUSED(JUMP, 0), TRAPS(JUMP, 0x80000000),
	 CODE(I(0x06, 0, 0, 0, 0x7fffffff), EXIT_)},
	{"longest gotol back", REFUSED(JUMP, 0), TRAPS(JUMP, 0x80000001),
	 CODE(I(0x06, 0, 0, 0, 0x80000000), EXIT_)},
	{"jump by the length of a slot", REFUSED(JUMP, 0), TRAPS(JUMP, BPFVM_CODE),
	 CODE(I(0x06, 0, 0, 0, BPFVM_CODE - 1), EXIT_)},
	{"jump by one slot and an instruction", REFUSED(JUMP, 0), TRAPS(JUMP, BPFVM_CODE + 1),
	 CODE(I(0x06, 0, 0, 0, BPFVM_CODE), MOV(1), EXIT_)},
	{"jump to the first instruction", TRAPS(STEPS, 0), CODE(GOTO(-1), EXIT_)},
	{"loop without a branch that is taken", TRAPS(STEPS, 1),
	 CODE(MOV(0), I(0x15, 0, 0, 0, 1), GOTO(-3))},
	{"loop through a call", TRAPS(FRAMES, 0), CODE(CALL(-1), EXIT_)},
	{"last slot looks like exit", REFUSED(SECOND, 0), TRAPS(ILLEGAL, 0),
	 CODE(I(0x18, 1, 0, 0, 0), EXIT_)},
	{"lddw without its second slot", REFUSED(TRUNCATED, 1), TRAPS(ILLEGAL, 1),
	 CODE(MOV(1), I(0x18, 1, 0, 0, 0))},
	{"ends in an lddw", REFUSED(FALLTHROUGH, 0), TRAPS(JUMP, 2), CODE(LDDW(1, 5))},
	{"jump into an lddw", REFUSED(MIDDLE, 0), TRAPS(ILLEGAL, 2),
	 CODE(GOTO(1), LDDW(0, 5), EXIT_)},
	{"jump into an lddw that hides a store", REFUSED(SECOND, 1),
	 FAULTS(BOUNDS, 2, 0, 8, VM_WRITE),
	 CODE(GOTO(1), I(0x18, 0, 0, 0, 0), I(0x7b, 9, 0, 0, 0), EXIT_)},
	{"call into an lddw", REFUSED(MIDDLE, 0), TRAPS(ILLEGAL, 3),
	 CODE(CALL(2), EXIT_, LDDW(0, 5), EXIT_)},
	{"callx into an lddw", TRAPS(ILLEGAL, 4),
	 CODE(I(0xb4, 1, 0, 0, SLOT(4)), CALLX(1), EXIT_, LDDW(0, 5), EXIT_)},
	{"callx one past the end", TRAPS(JUMP, 3),
	 CODE(I(0xb4, 1, 0, 0, SLOT(3)), CALLX(1), EXIT_)},
	{"callx beyond the slot", TRAPS(JUMP, 0x1fffff),
	 CODE(I(0xb4, 1, 0, 0, 0xfffffff8), CALLX(1), EXIT_)},
	{"callx between instructions", TRAPS(JUMP, 1),
	 CODE(I(0xb4, 1, 0, 0, SLOT(2) + 4), CALLX(1), EXIT_)},
	{"callx of more than 32 bits", TRAPS(JUMP, 2),
	 CODE(LDDW(1, 1ull << 32 | SLOT(3)), CALLX(1), EXIT_)},
	{"callx of data", TRAPS(JUMP, 1), CODE(POINT(1, VM_REGION_CTX, 0), CALLX(1), EXIT_)},
	{"call to before the start", REFUSED(CALLEE, 0), TRAPS(JUMP, -1), CODE(CALL(-2), EXIT_)},
	{"farthest call", REFUSED(CALLEE, 0), TRAPS(JUMP, 0x80000000),
	 CODE(CALL(0x7fffffff), EXIT_)},
};

/* Each function is called by the one before, with r1 one less; the one that is given 0 returns. */
#define NESTED(depth)                                                                              \
	CODE(I(0xb7, 1, 0, 0, (depth) - 1), CALL(1), EXIT_, MOV(1), I(0x15, 1, 0, 2, 0),           \
	     I(0x07, 1, 0, 0, -1), CALL(-4), EXIT_)

static const struct survivor calls[] = {
	{"calls down to the last frame", RETURNS(1, 2), NESTED(VM_FRAMES - 1)},
	{"calls one past the last frame", TRAPS(FRAMES, 6), NESTED(VM_FRAMES)},
	{"local call, like the number of a helper", RETURNS(77, 1),
	 CODE(CALL(5), EXIT_, EXIT_, EXIT_, EXIT_, EXIT_, MOV(77), EXIT_)},
	{"helper, like the distance of a call", REFUSED(HELPER, 0), TRAPS(HELPER, 0),
	 CODE(I(0x85, 0, 0, 0, 4), EXIT_, EXIT_, EXIT_, EXIT_, MOV(77), EXIT_)},
	{"kernel function", REFUSED(KFUNC, 0), TRAPS(HELPER, 0), CODE(I(0x85, 0, 2, 0, 5), EXIT_)},
	{"call with src 3", REFUSED(VARIANT, 0), TRAPS(ILLEGAL, 0),
	 CODE(I(0x85, 0, 3, 0, 5), EXIT_)},
	{"call with src 15", REFUSED(REGISTER, 0), TRAPS(ILLEGAL, 0),
	 CODE(I(0x85, 0, 15, 0, 5), EXIT_)},
	{"r6 to r9 are the caller's again", RETURNS(42, 3),
	 CODE(I(0xb7, 9, 0, 0, 42), CALL(2), GIVE(9), EXIT_, I(0xb7, 9, 0, 0, 1), EXIT_)},
};

/* r11 to r15 exist and begin as 0, so that four bits reach nothing else. */
#define UNNAMED(n)                                                                                 \
	{"read of r" #n, REFUSED(REGISTER, 0), RETURNS(0, 1), CODE(GIVE(n), EXIT_)},               \
		{"write to r" #n, REFUSED(REGISTER, 0), RETURNS(5, 2),                             \
		 CODE(I(0xb7, n, 0, 0, 5), GIVE(n), EXIT_)},                                       \
		{"load from r" #n, REFUSED(REGISTER, 0), FAULTS(BOUNDS, 0, -8, 8, VM_READ),        \
		 CODE(I(0x79, 0, n, -8, 0), EXIT_)},                                               \
		{"store to r" #n, REFUSED(REGISTER, 0), FAULTS(BOUNDS, 0, 8, 1, VM_WRITE),         \
		 CODE(I(0x72, n, 0, 8, 1), EXIT_)},                                                \
		{"atomic at r" #n, REFUSED(REGISTER, 0),                                           \
		 FAULTS(BOUNDS, 0, 0, 8, RW | VM_ATOMIC), CODE(I(0xdb, n, n, 0, 1), EXIT_)},       \
		{"branch on r" #n, REFUSED(REGISTER, 0), RETURNS(0, 1),                            \
		 CODE(I(0x5d, n, n, 1, 0), EXIT_, MOV(1), EXIT_)},                                 \
		{"callx of r" #n, REFUSED(REGISTER, 0), TRAPS(HELPER, 0), CODE(CALLX(n), EXIT_)}

#define TOP VM_ADDRESS(VM_REGION_STACK, VM_FRAME_SIZE)

static const struct survivor registers[] = {
	UNNAMED(11),
	UNNAMED(12),
	UNNAMED(13),
	UNNAMED(14),
	UNNAMED(15),
	{"r10 = 0, then a store", REFUSED(FRAME, 0), FAULTS(BOUNDS, 1, -8, 8, VM_WRITE),
	 CODE(I(0xb7, 10, 0, 0, 0), I(0x7b, 10, 1, -8, 0), EXIT_)},
	{"r10 -= 512 goes below the stack", REFUSED(FRAME, 0),
	 FAULTS(BOUNDS, 1, TOP - 513, 1, VM_READ),
	 CODE(I(0x17, 10, 0, 0, 512), I(0x71, 0, 10, -1, 0), EXIT_)},
	{"r10 += 512 goes into no frame", REFUSED(FRAME, 0), FAULTS(BOUNDS, 1, TOP, 1, VM_READ),
	 CODE(I(0x07, 10, 0, 0, 512), I(0x71, 0, 10, -512, 0), EXIT_)},
	{"r10 is right again in a callee", REFUSED(FRAME, 0), RETURNS(TOP + VM_FRAME_SIZE, 2),
	 CODE(I(0xb7, 10, 0, 0, 0), CALL(1), EXIT_, GIVE(10), EXIT_)},
	{"r10 is right again after a call", REFUSED(FRAME, 3), RETURNS(TOP, 2),
	 CODE(CALL(2), GIVE(10), EXIT_, I(0xb7, 10, 0, 0, 0), EXIT_)},
};

#define MIN64 (1ull << 63)
#define GARBAGE 0xdeadbeef00000000ull /* in the upper half */

static const struct survivor values[] = {
	{"lddw does not extend its low half", RETURNS(0x80000000, 2),
	 CODE(LDDW(0, 0x80000000), EXIT_)},
	{"lddw has a high half", RETURNS(0x1ffffffff, 2), CODE(LDDW(0, 0x1ffffffff), EXIT_)},
	{"mov moves 64 bits", RETURNS(0x1122334455667788, 3),
	 CODE(LDDW(1, 0x1122334455667788), GIVE(1), EXIT_)},
	{"mov of an imm extends it", RETURNS(-1, 1), CODE(MOV(-1), EXIT_)},
	{"mov32 of an imm does not", RETURNS(0xffffffff, 1), CODE(I(0xb4, 0, 0, 0, -1), EXIT_)},
	{"neg as clang encodes it", RETURNS(-5, 2), CODE(MOV(5), I(0x87, 0, 0, 0, 0), EXIT_)},
	{"neg32 clears the upper half", RETURNS(0xffffffff, 3),
	 CODE(LDDW(0, GARBAGE | 1), I(0x84, 0, 0, 0, 0), EXIT_)},
	{"neg with a source register", REFUSED(OPCODE, 0), TRAPS(ILLEGAL, 0),
	 CODE(I(0x8f, 0, 1, 0, 0), EXIT_)},
	{"arsh32 clears the upper half", RETURNS(0xf8000000, 3),
	 CODE(LDDW(0, GARBAGE | 0x80000000), I(0xc4, 0, 0, 0, 4), EXIT_)},
	{"arsh32 takes its sign from bit 31", RETURNS(0x07ffffff, 3),
	 CODE(LDDW(0, MIN64 | 0x7fffffff), I(0xc4, 0, 0, 0, 4), EXIT_)},
	{"lsh by 64", RETURNS(3, 2), CODE(MOV(3), I(0x67, 0, 0, 0, 64), EXIT_)},
	{"lsh by -1", RETURNS(MIN64, 2), CODE(MOV(3), I(0x67, 0, 0, 0, -1), EXIT_)},
	{"lsh32 by 33", RETURNS(6, 2), CODE(MOV(3), I(0x64, 0, 0, 0, 33), EXIT_)},
	{"rsh by a register of 65", RETURNS(0x7fffffffffffffff, 3),
	 CODE(MOV(-1), I(0xb7, 1, 0, 0, 65), I(0x7f, 0, 1, 0, 0), EXIT_)},
	{"rsh32 by a register of 2^32", RETURNS(0xffffffff, 4),
	 CODE(MOV(-1), LDDW(1, 1ull << 32), I(0x7c, 0, 1, 0, 0), EXIT_)},
	{"arsh by a register of 127", RETURNS(-1, 3),
	 CODE(MOV(-2), I(0xb7, 1, 0, 0, 127), I(0xcf, 0, 1, 0, 0), EXIT_)},
};

/* r0 = d; r1 = s; one instruction on both. */
#define ON(d, s, ...) CODE(LDDW(0, d), LDDW(1, s), I(__VA_ARGS__), EXIT_)
#define LOW0 (1ull << 32) /* a divisor that is 0 in 32 bits */

static const struct survivor division[] = {
	{"div32, low half 0", RETURNS(0, 5), ON(GARBAGE | 7, LOW0, 0x3c, 0, 1, 0, 0)},
	{"mod32, low half 0", RETURNS(7, 5), ON(GARBAGE | 7, LOW0, 0x9c, 0, 1, 0, 0)},
	{"sdiv32, low half 0", RETURNS(0, 5), ON(GARBAGE | 7, LOW0, 0x3c, 0, 1, 1, 0)},
	{"smod32, low half 0", RETURNS(7, 5), ON(GARBAGE | 7, LOW0, 0x9c, 0, 1, 1, 0)},
	{"div64 is not by the low half", RETURNS(GARBAGE >> 32, 5),
	 ON(GARBAGE, LOW0, 0x3f, 0, 1, 0, 0)},
	{"div by 0", RETURNS(0, 5), ON(9, 0, 0x3f, 0, 1, 0, 0)},
	{"mod by 0", RETURNS(GARBAGE, 5), ON(GARBAGE, 0, 0x9f, 0, 1, 0, 0)},
	{"div by an imm of 0", RETURNS(0, 5), ON(9, 0, 0x37, 0, 0, 0, 0)},
	{"mod32 by an imm of 0", RETURNS(9, 5), ON(GARBAGE | 9, 0, 0x94, 0, 0, 0, 0)},
	{"sdiv of the least by -1", RETURNS(MIN64, 5), ON(MIN64, -1ull, 0x3f, 0, 1, 1, 0)},
	{"smod of the least by -1", RETURNS(0, 5), ON(MIN64, -1ull, 0x9f, 0, 1, 1, 0)},
	{"sdiv by an imm of -1", RETURNS(MIN64, 5), ON(MIN64, 0, 0x37, 0, 0, 1, -1)},
	{"sdiv32 of the least by -1", RETURNS(0x80000000, 5),
	 ON(0x80000000, -1ull, 0x3c, 0, 1, 1, 0)},
	{"smod32 of the least by -1", RETURNS(0, 5), ON(0x80000000, -1ull, 0x9c, 0, 1, 1, 0)},
	{"division with off 2", REFUSED(VARIANT, 4), TRAPS(ILLEGAL, 4), ON(9, 3, 0x3f, 0, 1, 2, 0)},
	{"swap of 8 bits", REFUSED(VARIANT, 4), TRAPS(ILLEGAL, 4), ON(9, 3, 0xd4, 0, 0, 0, 8)},
};

/* r0 = whether a branch on r2 is taken. */
static void branches(void **state)
{
	static const struct {
		const char *name;
		u64 value;
		u8 code;
		s32 imm;
		bool taken;
	} rows[] = {
		{"jset, high bits in both", MIN64, 0x4d, 0, true},
		{"jset, an imm that is extended", MIN64, 0x45, (s32)0x80000000, true},
		{"jset, an imm that is not", MIN64, 0x45, 0x7fffffff, false},
		{"jset32, high bits only", GARBAGE, 0x4e, 0, false},
		{"jeq, imm -1", ~0ull, 0x15, -1, true},
		{"jeq, imm -1, upper half 0", 0xffffffff, 0x15, -1, false},
		{"jeq32, imm -1", GARBAGE | 0xffffffff, 0x16, -1, true},
		{"jlt, imm -1 is the greatest", 5, 0xa5, -1, true},
		{"jgt, imm -1 is the greatest", 0xffffffff, 0x25, -1, false},
		{"jslt, imm -1", ~1ull, 0xc5, -1, true},
		{"jslt32, sign in bit 31", 0x80000000, 0xc6, 0, true},
		{"jslt, sign not in bit 31", 0x80000000, 0xc5, 0, false},
		{"jge32, upper half ignored", GARBAGE, 0x36, 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		u32 src = rows[i].code >> 3 & 1 ? 2 : 0;
		struct survivor s = {rows[i].name, RETURNS(rows[i].taken, rows[i].taken ? 6 : 4),
				     CODE(LDDW(2, rows[i].value),
					  I(rows[i].code, 2, src, 2, rows[i].imm), MOV(0), EXIT_,
					  MOV(1), EXIT_)};

		survive_all(&s, 1);
	}
}

SURVIVE(control)
SURVIVE(calls)
SURVIVE(registers)
SURVIVE(values)
SURVIVE(division)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_takes_part), cmocka_unit_test(survive_control),
		cmocka_unit_test(survive_calls),     cmocka_unit_test(survive_registers),
		cmocka_unit_test(survive_values),    cmocka_unit_test(survive_division),
		cmocka_unit_test(branches),
	};

	return cmocka_run_group_tests_name("inputs that broke others: control and values", tests,
					   open_cores, close_cores);
}
