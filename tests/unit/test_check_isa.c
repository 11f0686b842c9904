/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checker against the instruction set as RFC 9669 has it, and with random programs. */
#include "checks.h"
#include "isa.h"
#include "random.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instruction_set),
		cmocka_unit_test(agrees_with_table),
		cmocka_unit_test(passed_programs_stay_inside),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests_name("check_isa", tests, make_specs, NULL);
}
