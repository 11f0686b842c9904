/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checker: each reason to refuse, the instruction set as RFC 9669 has it, and random bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bpfvm.h"
#include "check.h"
#include "isa.h"

#define I(code, dst, src, off, imm) {code, (dst) | (src) << 4, off, (s32)(imm)}
#define MOV(n) I(0xb7, 0, 0, 0, n)
#define EXIT_ I(0x95, 0, 0, 0, 0)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static u32 random_state;

static u32 random_u32(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8 | random_state << 24;
}

/* Checks with buffers of just the size asked for, so that a sanitizer sees what goes beyond. */
static u32 check(const struct vm_insn *code, u32 len, u32 max, u32 entry, u32 *pc)
{
	struct vm_check c = {.len = len, .max = max, .entry = entry};
	struct vm_insn *copy = malloc(len * sizeof(*copy));
	u32 reason;

	memcpy(copy, code, len * sizeof(*copy));
	c.code = copy;
	c.functions = calloc(VM_CHECK_BITMAP(len), 1);
	c.seconds = malloc(VM_CHECK_BITMAP(len));
	reason = vm_check(&c);
	free(copy);
	free(c.functions);
	free(c.seconds);
	*pc = c.pc;
	return reason;
}

/* --- each reason ----------------------------------------------------------------------------- */

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

static _Bool only_helper_3(u32 number)
{
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

/* --- the instruction set, written down a second time from the tables of RFC 9669 ------------- */

enum { D = 1, S = 2, O = 4, M = 8 }; /* fields that may hold anything: dst, src, off, imm */

static struct spec {
	u8 code, fields;
	s16 off;
	s32 imm;
} specs[256];
static size_t spec_count;

static void spec(u32 code, u32 fields, s16 off, s32 imm)
{
	specs[spec_count++] = (struct spec){(u8)code, (u8)fields, off, imm};
}

static void spec_alu(u32 class)
{
	static const u8 ops[] = {0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x9, 0xa, 0xb, 0xc};
	static const u8 division[] = {0x3, 0x9};

	for (size_t i = 0; i < COUNT(ops); i++) {
		spec(ops[i] << 4 | class, D | M, 0, 0);
		spec(ops[i] << 4 | 8 | class, D | S, 0, 0);
	}
	for (size_t i = 0; i < COUNT(division); i++) {
		spec(division[i] << 4 | class, D | M, 1, 0);
		spec(division[i] << 4 | 8 | class, D | S, 1, 0);
	}
	spec(0x80 | class, D, 0, 0);
	spec(0xb8 | class, D | S, 8, 0);
	spec(0xb8 | class, D | S, 16, 0);
	if (class == 7)
		spec(0xb8 | class, D | S, 32, 0);
	for (s32 bits = 16; bits <= 64; bits *= 2) {
		spec(0xd0 | class, D, 0, bits);
		if (class == 4)
			spec(0xd8 | class, D, 0, bits);
	}
}

static void spec_jumps(u32 class)
{
	for (u32 op = 1; op <= 0xd; op++) {
		if (op == 8 || op == 9)
			continue;
		spec(op << 4 | class, D | O | M, 0, 0);
		spec(op << 4 | 8 | class, D | S | O, 0, 0);
	}
	spec(class, class == 5 ? O : M, 0, 0);
}

static void spec_memory(void)
{
	static const u8 atomics[] = {0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};

	for (u32 size = 0; size < 4; size++) {
		spec(0x61 | size << 3, D | S | O, 0, 0);
		spec(0x62 | size << 3, D | O | M, 0, 0);
		spec(0x63 | size << 3, D | S | O, 0, 0);
		if (size < 3)
			spec(0x81 | size << 3, D | S | O, 0, 0);
	}
	for (size_t i = 0; i < COUNT(atomics); i++) {
		spec(0xc3, D | S | O, 0, atomics[i]);
		spec(0xdb, D | S | O, 0, atomics[i]);
	}
}

static int make_specs(void **state)
{
	(void)state;
	spec_alu(4);
	spec_alu(7);
	spec_jumps(5);
	spec_jumps(6);
	spec_memory();
	spec(0x18, D | M, 0, 0);
	spec(0x8d, D, 0, 0);
	spec(0x95, 0, 0, 0);
	return 0;
}

/* The spec of an instruction; fields that a spec leaves free may hold anything. */
static const struct spec *find_spec(const struct vm_insn *in)
{
	for (size_t i = 0; i < spec_count; i++) {
		const struct spec *s = &specs[i];

		if (s->code == in->code && (s->fields & O || s->off == in->off) &&
		    (s->fields & M || s->imm == in->imm) && (s->fields & D || !vm_dst(in)) &&
		    (s->fields & S || !vm_src(in)))
			return s;
	}
	return NULL;
}

static u32 check_alone(const struct vm_insn *in)
{
	struct vm_insn code[4] = {*in, MOV(0), MOV(0), EXIT_};
	u32 pc;

	if (in->code == 0x18)
		code[1] = (struct vm_insn){0};
	return check(code, 4, 4, 0, &pc);
}

/* Every opcode with every interesting value in each field: accepted just when a spec says so. */
static void instruction_set(void **state)
{
	static const s32 values[] = {0, 1, 2, 8, 16, 32, 64, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1,
				     0xe0, 0xe1, 0xf0, 0xf1, 0x308, 0x1800, -1};
	u32 accepted = 0;

	(void)state;
	for (u32 code = 0; code < 256; code++) {
		if (code == 0x85)
			continue; /* has tests of its own */
		for (size_t o = 0; o < COUNT(values); o++)
			for (size_t m = 0; m < COUNT(values); m++)
				for (u32 regs = 0; regs < 4; regs++) {
					struct vm_insn in = I(code, regs & 1, regs >> 1,
							      (s16)values[o], values[m]);
					u32 reason = check_alone(&in);

					if (reason == VM_CHECK_JUMP && find_spec(&in))
						reason = VM_CHECK_PASSED;
					if (!reason != !!find_spec(&in))
						fail_msg("%02x %02x %d %d: reason %u", in.code,
							 in.regs, in.off, in.imm, reason);
					accepted += !reason;
				}
	}
	assert_true(accepted > 10 * spec_count);
}

/* The checker and the table that linker and disassembler use: two readings of isa.def. */
static void agrees_with_table(void **state)
{
	(void)state;
	random_state = 7;
	for (u32 i = 0; i < 2000000; i++) {
		u32 mask = i & 1 ? 0xff : 0x8fff, uses;
		struct vm_insn in =
			I(random_u32(), 0, 0, random_u32() & mask, random_u32() & mask);

		uses = vm_uses(&in);
		assert_int_equal(uses && !(uses & VM_UNKNOWN), bpfvm_isa__find(&in) != NULL);
	}
}

/* --- random programs ------------------------------------------------------------------------- */

static struct vm_insn random_insn(u32 len)
{
	const struct spec *s = &specs[random_u32() % spec_count];
	struct vm_insn in = I(s->code, s->fields & D ? random_u32() % 10 : 0,
			      s->fields & S ? random_u32() % 10 : 0, s->off, s->imm);

	if (s->fields & O)
		in.off = (s16)(random_u32() % len - len / 2);
	if (s->fields & M)
		in.imm = (s32)(random_u32() % len - len / 2);
	if (random_u32() % 8 == 0)
		in = (struct vm_insn)I(0x85, 0, 1, 0, random_u32() % len - len / 2);
	if (random_u32() % 64 == 0)
		in.regs = (u8)random_u32();
	return in;
}

/* Follows every path from `pc`; false if one leaves the program or enters an lddw's second slot. */
static _Bool walk(const struct vm_insn *code, u32 len, s64 pc, u8 *seen)
{
	while (pc >= 0 && pc < len && !seen[pc]) {
		const struct vm_insn *in = &code[pc];
		u32 class = in->code & 7, op = in->code & 0xf0;
		s64 next = pc + (in->code == 0x18 ? 2 : 1);

		seen[pc] = 1;
		if (in->code == 0x18)
			seen[pc + 1] = 2;
		if (in->code == 0x95)
			return 1;
		if (in->code == 0x85 && vm_src(in) == 1 && !walk(code, len, next + in->imm, seen))
			return 0;
		if (in->code == 0x05 || in->code == 0x06)
			next += class == 5 ? in->off : in->imm;
		else if ((class == 5 || class == 6) && op != 0x80 &&
			 !walk(code, len, next + in->off, seen))
			return 0;
		pc = next;
	}
	return pc >= 0 && pc < len && seen[pc] == 1;
}

static void passed_programs_stay_inside(void **state)
{
	struct vm_insn code[24];
	u32 passed = 0, pc;

	(void)state;
	random_state = 3;
	for (u32 round = 0; round < 300000; round++) {
		u32 len = 2 + random_u32() % (COUNT(code) - 1);
		u8 seen[COUNT(code) + 1] = {0};

		for (u32 i = 0; i < len; i++) {
			code[i] = random_insn(len);
			if (code[i].code == 0x18 && i + 1 < len)
				code[++i] = (struct vm_insn)I(0, 0, 0, 0, random_u32());
		}
		if (round % 4)
			code[len - 1] = (struct vm_insn)EXIT_;
		if (check(code, len, len, 0, &pc) != VM_CHECK_PASSED) {
			assert_true(pc < len);
			continue;
		}
		passed++;
		assert_true(walk(code, len, 0, seen));
	}
	assert_true(passed > 3000);
}

static void random_bytes(void **state)
{
	struct vm_insn code[32];

	(void)state;
	random_state = 5;
	for (u32 round = 0; round < 300000; round++) {
		u32 len = random_u32() % (COUNT(code) + 1), pc;

		for (size_t i = 0; i < sizeof(code); i++)
			((u8 *)code)[i] = (u8)random_u32();
		for (u32 i = 0; i < len; i++) /* most would end at the first opcode */
			if (round & 1)
				code[i].code = specs[random_u32() % spec_count].code;
		u32 reason = check(code, len, 31, random_u32() % 34, &pc);

		assert_true(reason < VM_CHECK_REASONS);
		assert_true(reason == VM_CHECK_PASSED ? pc == len : !pc || pc < len);
	}
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
		cmocka_unit_test(image_check),
		cmocka_unit_test(instruction_set),
		cmocka_unit_test(agrees_with_table),
		cmocka_unit_test(passed_programs_stay_inside),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(long_programs_are_quick),
	};

	return cmocka_run_group_tests_name("check", tests, make_specs, NULL);
}
