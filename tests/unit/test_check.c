/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checker: each reason to refuse, what its caller may choose, and how long it takes. */
#include "checks.h"

static const struct refusal {
	const char *name;
	u32 reason, pc, len;
	struct vm_insn code[8];
} refusals[] = {
	{"smallest program", VM_CHECK_PASSED, 0, 1, {EXIT_}},
	{"fall-through at the end", VM_CHECK_FALLTHROUGH, 1, 2, {EXIT_, MOV(1)}},
	{"unterminated", VM_CHECK_FALLTHROUGH, 0, 1, {MOV(0)}},
	{"last slot looks like exit", VM_CHECK_SECOND, 0, 2, {I(0x18, 1, 0, 0, 0), EXIT_}},
	{"ends in an lddw", VM_CHECK_FALLTHROUGH, 0, 2, {I(0x18, 1, 0, 0, 0), I(0, 0, 0, 0, 9)}},
	{"ends in a conditional jump", VM_CHECK_FALLTHROUGH, 1, 2, {MOV(0), I(0x15, 0, 0, -2, 0)}},
	{"ends in an endless loop", VM_CHECK_PASSED, 0, 2, {MOV(0), I(0x05, 0, 0, -2, 0)}},
	{"endless loop", VM_CHECK_PASSED, 0, 2, {I(0x05, 0, 0, -1, 0), EXIT_}},
	{"unreachable code", VM_CHECK_PASSED, 0, 4, {MOV(0), EXIT_, MOV(2), EXIT_}},
	{"jump one past the end", VM_CHECK_JUMP, 0, 2, {I(0x05, 0, 0, 1, 0), EXIT_}},
	{"jump to before the start", VM_CHECK_JUMP, 0, 2, {I(0x15, 0, 0, -2, 0), EXIT_}},
	{"longest jump", VM_CHECK_JUMP, 0, 2, {I(0x15, 0, 0, 32767, 0), EXIT_}},
	{"gotol", VM_CHECK_PASSED, 0, 3, {I(0x06, 0, 0, 0, 1), MOV(0), EXIT_}},
	{"gotol, longest", VM_CHECK_JUMP, 0, 2, {I(0x06, 0, 0, 0, 0x7fffffff), EXIT_}},
	{"gotol, lowest", VM_CHECK_JUMP, 0, 2, {I(0x06, 0, 0, 0, 0x80000000), EXIT_}},
	{"jump into lddw", VM_CHECK_MIDDLE, 0, 4,
	 {I(0x05, 0, 0, 1, 0), I(0x18, 0, 0, 0, 1), I(0, 0, 0, 0, 1), EXIT_}},
	{"call into lddw", VM_CHECK_MIDDLE, 0, 5,
	 {I(0x85, 0, 1, 0, 2), EXIT_, I(0x18, 0, 0, 0, 1), I(0, 0, 0, 0, 1), EXIT_}},
	{"backward call into lddw", VM_CHECK_MIDDLE, 2, 4,
	 {I(0x18, 0, 0, 0, 1), I(0, 0, 0, 0, 1), I(0x85, 0, 1, 0, -2), EXIT_}},
	{"truncated lddw", VM_CHECK_TRUNCATED, 1, 2, {EXIT_, I(0x18, 0, 0, 0, 1)}},
	{"lddw, second slot with off", VM_CHECK_SECOND, 0, 3,
	 {I(0x18, 0, 0, 0, 1), I(0, 0, 0, 1, 1), EXIT_}},
	{"lddw, second slot with dst", VM_CHECK_SECOND, 0, 3,
	 {I(0x18, 0, 0, 0, 1), I(0, 1, 0, 0, 1), EXIT_}},
	{"lddw, second slot with src", VM_CHECK_SECOND, 0, 3,
	 {I(0x18, 0, 0, 0, 1), I(0, 0, 1, 0, 1), EXIT_}},
	{"lddw of a map", VM_CHECK_UNLINKED, 0, 3, {I(0x18, 1, 1, 0, 1), I(0, 0, 0, 0, 0), EXIT_}},
	{"lddw of a function", VM_CHECK_UNLINKED, 0, 3,
	 {I(0x18, 1, 4, 0, 1), I(0, 0, 0, 0, 0), EXIT_}},
	{"destination r11", VM_CHECK_REGISTER, 0, 2, {I(0xb7, 11, 0, 0, 1), EXIT_}},
	{"destination r15", VM_CHECK_REGISTER, 0, 2, {I(0x7b, 15, 0, 0, 0), EXIT_}},
	{"source r11", VM_CHECK_REGISTER, 0, 2, {I(0xbf, 0, 11, 0, 0), EXIT_}},
	{"source r15", VM_CHECK_REGISTER, 0, 2, {I(0x79, 0, 15, 0, 0), EXIT_}},
	{"r10 = 1", VM_CHECK_FRAME, 0, 2, {I(0xb7, 10, 0, 0, 1), EXIT_}},
	{"r10 += r1", VM_CHECK_FRAME, 0, 2, {I(0x0f, 10, 1, 0, 0), EXIT_}},
	{"r10 = load", VM_CHECK_FRAME, 0, 2, {I(0x79, 10, 1, 0, 0), EXIT_}},
	{"r10 = lddw", VM_CHECK_FRAME, 0, 3, {I(0x18, 10, 0, 0, 1), I(0, 0, 0, 0, 1), EXIT_}},
	{"r10 = -r10", VM_CHECK_FRAME, 0, 2, {I(0x87, 10, 0, 0, 0), EXIT_}},
	{"r10 = (s8)r1", VM_CHECK_FRAME, 0, 2, {I(0xbf, 10, 1, 8, 0), EXIT_}},
	{"r10 = be16 r10", VM_CHECK_FRAME, 0, 2, {I(0xdc, 10, 0, 0, 16), EXIT_}},
	{"r10 = fetch_add", VM_CHECK_FRAME, 0, 2, {I(0xdb, 1, 10, 0, 1), EXIT_}},
	{"r10 = xchg", VM_CHECK_FRAME, 0, 2, {I(0xdb, 1, 10, 0, 0xe1), EXIT_}},
	{"lock += r10", VM_CHECK_PASSED, 0, 2, {I(0xdb, 10, 10, -8, 0), EXIT_}},
	{"cmpxchg with r10", VM_CHECK_PASSED, 0, 2, {I(0xdb, 10, 10, -8, 0xf1), EXIT_}},
	{"store at r10", VM_CHECK_PASSED, 0, 2, {I(0x7b, 10, 1, -8, 0), EXIT_}},
	{"neg as clang encodes it", VM_CHECK_PASSED, 0, 2, {I(0x87, 0, 0, 0, 0), EXIT_}},
	{"division by 0", VM_CHECK_PASSED, 0, 3,
	 {I(0x37, 0, 0, 0, 0), I(0x94, 0, 0, 0, 0), EXIT_}},
	{"shift by the width", VM_CHECK_PASSED, 0, 3,
	 {I(0x67, 0, 0, 0, 64), I(0xc4, 0, 0, 0, -1), EXIT_}},
	{"unknown opcode", VM_CHECK_OPCODE, 0, 2, {I(0xff, 0, 0, 0, 0), EXIT_}},
	{"opcode 0", VM_CHECK_OPCODE, 0, 2, {I(0, 0, 0, 0, 0), EXIT_}},
	{"unreachable unknown opcode", VM_CHECK_OPCODE, 1, 3, {EXIT_, I(0xff, 0, 0, 0, 0), EXIT_}},
	{"division with off 2", VM_CHECK_VARIANT, 0, 2, {I(0x37, 0, 0, 2, 1), EXIT_}},
	{"swap of 8 bits", VM_CHECK_VARIANT, 0, 2, {I(0xd4, 0, 0, 0, 8), EXIT_}},
	{"xchg without fetch", VM_CHECK_VARIANT, 0, 2, {I(0xdb, 1, 2, 0, 0xe0), EXIT_}},
	{"cmpxchg without fetch", VM_CHECK_VARIANT, 0, 2, {I(0xdb, 1, 2, 0, 0xf0), EXIT_}},
	{"unknown atomic operation", VM_CHECK_VARIANT, 0, 2, {I(0xdb, 1, 2, 0, 0x10), EXIT_}},
	{"atomic, like another's imm", VM_CHECK_VARIANT, 0, 2, {I(0xc3, 1, 2, 0, 0x1800), EXIT_}},
	{"movsx, like another's off", VM_CHECK_VARIANT, 0, 2, {I(0xbc, 1, 2, 0x308, 0), EXIT_}},
	{"legacy load, absolute", VM_CHECK_PACKET, 0, 2, {I(0x30, 0, 0, 0, 4), EXIT_}},
	{"legacy load, indirect", VM_CHECK_PACKET, 0, 2, {I(0x50, 0, 6, 0, 4), EXIT_}},
	{"helper that is there", VM_CHECK_PASSED, 0, 2, {I(0x85, 0, 0, 0, 5), EXIT_}},
	{"helper 0", VM_CHECK_HELPER, 0, 2, {I(0x85, 0, 0, 0, 0), EXIT_}},
	{"helper that is not", VM_CHECK_HELPER, 0, 2, {I(0x85, 0, 0, 0, 9999), EXIT_}},
	{"helper -1", VM_CHECK_HELPER, 0, 2, {I(0x85, 0, 0, 0, -1), EXIT_}},
	{"kfunc", VM_CHECK_KFUNC, 0, 2, {I(0x85, 0, 2, 0, 5), EXIT_}},
	{"unknown kind of call", VM_CHECK_VARIANT, 0, 2, {I(0x85, 0, 3, 0, 5), EXIT_}},
	{"local call", VM_CHECK_PASSED, 0, 4, {I(0x85, 0, 1, 0, 1), EXIT_, MOV(0), EXIT_}},
	{"call of itself", VM_CHECK_PASSED, 0, 2, {I(0x85, 0, 1, 0, -1), EXIT_}},
	{"call one past the end", VM_CHECK_CALLEE, 0, 2, {I(0x85, 0, 1, 0, 1), EXIT_}},
	{"call to before the start", VM_CHECK_CALLEE, 0, 2, {I(0x85, 0, 1, 0, -2), EXIT_}},
	{"call, farthest", VM_CHECK_CALLEE, 0, 2, {I(0x85, 0, 1, 0, 0x7fffffff), EXIT_}},
	{"jump into the callee", VM_CHECK_ACROSS, 1, 5,
	 {I(0x85, 0, 1, 0, 2), I(0x15, 0, 0, 2, 0), EXIT_, MOV(0), EXIT_}},
	{"jump out of the callee", VM_CHECK_ACROSS, 2, 4,
	 {I(0x85, 0, 1, 0, 1), EXIT_, I(0x15, 0, 0, -2, 0), EXIT_}},
	{"fall into the callee", VM_CHECK_FALLTHROUGH, 1, 4,
	 {I(0x85, 0, 1, 0, 1), MOV(0), MOV(0), EXIT_}},
	{"exit with dst", VM_CHECK_RESERVED, 0, 1, {I(0x95, 1, 0, 0, 0)}},
	{"call with off", VM_CHECK_RESERVED, 0, 2, {I(0x85, 0, 0, 1, 5), EXIT_}},
	{"local call with dst", VM_CHECK_RESERVED, 0, 2, {I(0x85, 1, 1, 0, -1), EXIT_}},
	{"lddw with off", VM_CHECK_RESERVED, 0, 3, {I(0x18, 0, 0, 1, 0), I(0, 0, 0, 0, 0), EXIT_}},
};

static void each_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		u32 pc, reason = check(r->code, r->len, 4096, 0, &pc);

		if (reason != r->reason || (reason && pc != r->pc))
			fail_msg("%s: reason %u at %u, not %u at %u", r->name, reason, pc,
				 r->reason, r->pc);
	}
}

static void lengths_and_entry(void **state)
{
	struct vm_insn code[5] = {I(0x18, 0, 0, 0, 0), I(0, 0, 0, 0, 0), EXIT_, MOV(0), EXIT_};
	u32 pc;

	(void)state;
	assert_int_equal(check(code, 0, 4, 0, &pc), VM_CHECK_EMPTY);
	assert_int_equal(check(code, 5, 5, 0, &pc), VM_CHECK_PASSED);
	assert_int_equal(check(code, 5, 4, 0, &pc), VM_CHECK_LENGTH);
	assert_int_equal(check(code, 5, 5, 3, &pc), VM_CHECK_PASSED);
	assert_int_equal(check(code, 5, 5, 5, &pc), VM_CHECK_ENTRY);
	assert_int_equal(check(code, 5, 5, 1, &pc), VM_CHECK_ENTRY);
	assert_int_equal(pc, 1);
	assert_int_equal(check(code, 5, 5, 4, &pc), VM_CHECK_FALLTHROUGH); /* into the entry */
	assert_int_equal(pc, 3);
}

/* A function that is only called through a pointer: the caller of the checker knows it. */
static void marked_functions(void **state)
{
	static const struct vm_insn code[] = {MOV(0), I(0x05, 0, 0, 0, 0), MOV(1), EXIT_};
	u8 functions = 0, seconds;
	struct vm_check c = {.code = code, .len = COUNT(code), .max = COUNT(code),
			     .functions = &functions, .seconds = &seconds};

	(void)state;
	assert_int_equal(vm_check(&c), VM_CHECK_PASSED);
	functions = 1 << 2;
	assert_int_equal(vm_check(&c), VM_CHECK_ACROSS);
	assert_int_equal(c.pc, 1);
}

static _Bool only_helper_3(const struct vm_check *c, u32 number)
{
	(void)c;
	return number == 3;
}

static void helpers_of_the_caller(void **state)
{
	struct vm_insn code[] = {I(0x85, 0, 0, 0, 3), EXIT_};
	u8 functions = 0, seconds;
	struct vm_check c = {.code = code, .len = 2, .max = 2, .helper = only_helper_3,
			     .functions = &functions, .seconds = &seconds};

	(void)state;
	assert_int_equal(vm_check(&c), VM_CHECK_PASSED);
	code[0].imm = 5;
	assert_int_equal(vm_check(&c), VM_CHECK_HELPER);
}

/* A guest may call what all the kinds have that it may be. */
static void kinds_of_guests(void **state)
{
	static const struct {
		s32 helper;
		u32 where; /* has it */
	} helpers[] = {{1, VM_WHERE_ANY}, {9, VM_WHERE_TC}, {44, VM_WHERE_XDP}, {23, VM_WHERE_HOOK}};
	struct vm_insn code[] = {I(0x85, 0, 0, 0, 0), EXIT_};
	u8 functions = 0, seconds;
	struct vm_check c = {
		.code = code, .len = 2, .max = 2, .functions = &functions, .seconds = &seconds};

	(void)state;
	for (u32 i = 0; i < COUNT(helpers); i++) {
		code[0].imm = helpers[i].helper;
		for (c.where = 0; c.where <= VM_WHERE_ANY; c.where++)
			assert_int_equal(vm_check(&c), c.where & ~helpers[i].where
							       ? VM_CHECK_WHERE
							       : VM_CHECK_PASSED);
	}
}

/* Helpers that are refused are named, as far as Linux has a name for them. */
static void names_of_helpers(void **state)
{
	static const struct {
		s32 helper;
		enum bpfvm_kind kind;
		const char *reason;
	} calls[] = {
		{9, BPFVM_KIND_XDP,
		 "a call of helper bpf_skb_store_bytes (9), which only tc guests have"},
		{44, BPFVM_KIND_TC,
		 "a call of helper bpf_xdp_adjust_head (44), which only xdp guests have"},
		{23, BPFVM_KIND_PLAIN,
		 "a call of helper bpf_redirect (23), which only xdp and tc guests have"},
		{84, BPFVM_KIND_TC,
		 "a call of helper bpf_sk_lookup_tcp (84), which guests do not have"},
		{9999, BPFVM_KIND_XDP, "a call of helper 9999, which guests do not have"},
		{-1, BPFVM_KIND_XDP, "a call of helper 4294967295, which guests do not have"},
	};
	struct vm_insn code[] = {I(0x85, 0, 0, 0, 0), EXIT_};

	(void)state;
	for (u32 i = 0; i < COUNT(calls); i++) {
		struct bpfvm_image *image;
		struct bpfvm_fault fault;

		code[0].imm = calls[i].helper;
		assert_int_equal(bpfvm_image__from_code(code, 2, &image), 0);
		image->kind = calls[i].kind;
		assert_int_equal(bpfvm_image__check(image, &fault), -EINVAL);
		assert_string_equal(fault.reason, calls[i].reason);
		assert_true(*fault.hint);
		bpfvm_image__free(image);
	}
}

/* Through the library: sentences and hints for people. */
static void image_check(void **state)
{
	static const struct vm_insn code[] = {MOV(0), I(0xb7, 10, 0, 0, 0), EXIT_};
	struct bpfvm_image *image;
	struct bpfvm_fault fault;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(code, 3, &image), 0);
	assert_int_equal(bpfvm_image__check(image, &fault), -EINVAL);
	assert_int_equal(fault.pc, 1);
	assert_string_equal(fault.reason, "a write to r10, the frame pointer");
	assert_non_null(strstr(fault.hint, "another register"));
	image->code[1].regs = 1;
	assert_int_equal(bpfvm_image__check(image, &fault), 0);
	bpfvm_image__free(image);
	assert_int_equal(bpfvm_image__from_code(NULL, 0, &image), 0);
	assert_int_equal(bpfvm_image__check(image, &fault), -EINVAL);
	assert_string_equal(fault.reason, "the program has no instructions");
	bpfvm_image__free(image);
}

/* A million calls, each to a function of its own, then as many jumps over the whole length. */
static void long_programs_are_quick(void **state)
{
	u32 len = 1 << 20, pc;
	struct vm_insn *code = calloc(len, sizeof(*code));
	clock_t start = clock();

	(void)state;
	for (u32 i = 0; i < len; i++)
		code[i] = (struct vm_insn)I(0x85, 0, 1, 0, len - 2 * i - 2);
	assert_int_equal(check(code, len, len, 0, &pc), VM_CHECK_FALLTHROUGH);
	for (u32 i = 0; i < len; i++)
		code[i] = (struct vm_insn)I(0x06, 0, 0, 0, len - 2 * i - 2);
	assert_int_equal(check(code, len, len, 0, &pc), VM_CHECK_PASSED);
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	free(code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason),
		cmocka_unit_test(lengths_and_entry),
		cmocka_unit_test(marked_functions),
		cmocka_unit_test(helpers_of_the_caller),
		cmocka_unit_test(kinds_of_guests),
		cmocka_unit_test(names_of_helpers),
		cmocka_unit_test(image_check),
		cmocka_unit_test(long_programs_are_quick),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
