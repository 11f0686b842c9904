/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lengths, budgets and what one run may find of another: empty and full programs, exact steps,
 * clean memory.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "survive.h"

/* A program of `len` instructions: r0 = 1 all the way, and exit at its end if `ends`. */
static struct bpfvm_image *long_program(u32 len, bool ends)
{
	static struct vm_insn code[BPFVM_CODE + 1];
	struct bpfvm_image *image;

	assert_in_range(len, 1, COUNT(code));
	for (u32 i = 0; i < len; i++)
		code[i] = (struct vm_insn)MOV(1);
	if (ends)
		code[len - 1] = (struct vm_insn)EXIT_;
	assert_int_equal(bpfvm_image__from_code(code, len, &image), 0);
	return image;
}

static void run(u32 core, const struct bpfvm_image *image, u64 budget, struct bpfvm_result *r)
{
	struct bpfvm_error err;

	assert_int_equal(bpfvm_core__load(cores.core[core], image, &err), 0);
	assert_int_equal(bpfvm_core__run(cores.core[core], budget, r, &err), 0);
}

static void ended(const struct bpfvm_result *r, u32 stop, u32 pc, u64 steps)
{
	assert_string_equal(bpfvm_stop__name(r->stop), bpfvm_stop__name(stop));
	assert_int_equal(r->pc, pc);
	assert_int_equal(r->steps, steps);
}

/* The checker refuses it, no core loads it, and a core without a guest does not run. */
static void empty_program(void **state)
{
	struct bpfvm_image *image;
	struct bpfvm_result r;
	struct bpfvm_fault fault;
	struct bpfvm_error err;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(NULL, 0, &image), 0);
	assert_int_equal(bpfvm_image__check(image, &fault), -EINVAL);
	assert_string_equal(fault.reason, "the program has no instructions");
	for (u32 i = 0; i < cores.count; i++) {
		assert_int_equal(bpfvm_core__load(cores.core[i], image, &err), -EINVAL);
		assert_int_equal(bpfvm_core__run(cores.core[i], BUDGET, &r, &err), -EINVAL);
	}
	bpfvm_image__free(image);
}

/* Exactly as many instructions as a slot holds: with an exit, and running on past the end. */
static void longest_program(void **state)
{
	struct bpfvm_image *whole = long_program(BPFVM_CODE, true);
	struct bpfvm_image *open = long_program(BPFVM_CODE, false);
	struct bpfvm_fault fault;
	struct bpfvm_result r;

	(void)state;
	assert_int_equal(bpfvm_image__check(whole, &fault), 0);
	assert_int_equal(bpfvm_image__check(open, &fault), -EINVAL);
	assert_int_equal(fault.pc, BPFVM_CODE - 1);
	for (u32 i = 0; i < cores.count; i++) {
		run(i, whole, BPFVM_CODE, &r);
		ended(&r, VM_STOP_EXIT, BPFVM_CODE - 1, BPFVM_CODE);
		assert_int_equal(r.r0, 1);
		run(i, open, 2 * BPFVM_CODE, &r);
		ended(&r, VM_TRAP_JUMP, BPFVM_CODE, BPFVM_CODE);
	}
	bpfvm_image__free(whole);
	bpfvm_image__free(open);
}

/* One more: refused by the checker and by the kernel's slots; the host has room for it. */
static void too_long_program(void **state)
{
	struct bpfvm_image *image = long_program(BPFVM_CODE + 1, true);
	struct bpfvm_fault fault;
	struct bpfvm_result r;
	struct bpfvm_error err;

	(void)state;
	assert_int_equal(bpfvm_image__check(image, &fault), -EINVAL);
	for (u32 i = 0; i < cores.count; i++) {
		if (!strcmp(cores.name[i], "kernel")) {
			assert_int_equal(bpfvm_core__load(cores.core[i], image, &err), -E2BIG);
			continue;
		}
		run(i, image, BPFVM_CODE + 1, &r);
		ended(&r, VM_STOP_EXIT, BPFVM_CODE, BPFVM_CODE + 1);
	}
	bpfvm_image__free(image);
}

/*
 * The last instruction of a full slot is the first half of an lddw: the next slot is not its other
 * half.
 */
static void wide_at_the_end_of_a_slot(void **state)
{
	struct bpfvm_image *image = long_program(BPFVM_CODE, false);
	struct bpfvm_fault fault;
	struct bpfvm_result r;

	(void)state;
	image->code[BPFVM_CODE - 1] = (struct vm_insn)I(0x18, 0, 0, 0, 1);
	assert_int_equal(bpfvm_image__check(image, &fault), -EINVAL);
	for (u32 i = 0; i < cores.count; i++) {
		run(i, image, 2 * BPFVM_CODE, &r);
		ended(&r, VM_TRAP_ILLEGAL, BPFVM_CODE - 1, BPFVM_CODE);
	}
	bpfvm_image__free(image);
}

/*
 * A short program without an exit, in every slot where a long one was before: nothing of that is
 * left.
 */
static void shorter_program_in_a_used_slot(void **state)
{
	struct bpfvm_image *whole = long_program(BPFVM_CODE, true), *open = long_program(2, false);
	struct bpfvm_result r;

	(void)state;
	for (u32 i = 0; i < cores.count; i++) {
		for (u32 slot = 0; slot < BPFVM_SLOTS; slot++)
			run(i, whole, 1, &r);
		for (u32 slot = 0; slot < BPFVM_SLOTS; slot++) {
			run(i, open, BUDGET, &r);
			ended(&r, VM_TRAP_JUMP, 2, 2);
		}
	}
	bpfvm_image__free(whole);
	bpfvm_image__free(open);
}

/* The budget counts every instruction, branches or not; one less than needed is too little. */
static void exact_budget(void **state)
{
	struct bpfvm_image *image = long_program(100, true);
	struct bpfvm_result r;

	(void)state;
	for (u32 i = 0; i < cores.count; i++) {
		for (u32 budget = 0; budget < 100; budget++) {
			run(i, image, budget, &r);
			ended(&r, VM_TRAP_STEPS, budget, budget);
			assert_int_equal(r.reg[0], budget > 0);
		}
		run(i, image, 100, &r);
		ended(&r, VM_STOP_EXIT, 99, 100);
		run(i, image, 101, &r);
		ended(&r, VM_STOP_EXIT, 99, 100);
	}
	bpfvm_image__free(image);
}

/* An lddw, a call and an exit are one instruction each; so is the one that traps. */
static void what_counts_as_a_step(void **state)
{
	static const struct vm_insn code[] = {LDDW(0, 7), I(0x85, 0, 1, 0, 2), I(0x79, 0, 0, 0, 0),
					      EXIT_, I(0xb7, 0, 0, 0, 0), EXIT_};
	struct bpfvm_image *image;
	struct bpfvm_result r;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(code, COUNT(code), &image), 0);
	for (u32 i = 0; i < cores.count; i++) {
		run(i, image, BUDGET, &r);
		ended(&r, VM_TRAP_BOUNDS, 3, 5);
		run(i, image, 4, &r);
		ended(&r, VM_TRAP_STEPS, 3, 4);
	}
	bpfvm_image__free(image);
}

/*
 * An endless loop, with and without memory, for each budget around the turns of the kernel's core.
 */
static void endless_loops(void **state)
{
	static const struct vm_insn loop[] = {I(0x05, 0, 0, -1, 0), EXIT_};
	static const struct vm_insn store[] = {MOV(0), I(0x7b, 10, 0, -8, 0), I(0x07, 0, 0, 0, 1),
					       I(0x05, 0, 0, -3, 0), EXIT_};
	static const u64 budgets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 4095, 4096, 4097, 1000000};
	struct bpfvm_image *image[2];
	struct bpfvm_result r;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(loop, COUNT(loop), &image[0]), 0);
	assert_int_equal(bpfvm_image__from_code(store, COUNT(store), &image[1]), 0);
	for (u32 i = 0; i < cores.count * COUNT(budgets); i++) {
		u64 budget = budgets[i % COUNT(budgets)];

		run(i / COUNT(budgets), image[0], budget, &r);
		ended(&r, VM_TRAP_STEPS, 0, budget);
		run(i / COUNT(budgets), image[1], budget, &r);
		ended(&r, VM_TRAP_STEPS, 1 + (u32)((budget - 1) % 3), budget);
		assert_int_equal(r.reg[0], budget / 3);
	}
	bpfvm_image__free(image[0]);
	bpfvm_image__free(image[1]);
}

/* --- what another run left behind ------------------------------------------------------------ */

/*
 * A function for each frame: r1 goes from 0 to VM_FRAMES - 1, `block` is done in each.
 */
#define IN_EVERY_FRAME(...)                                                                        \
	{                                                                                          \
		I(0xb7, 1, 0, 0, 0), __VA_ARGS__, I(0x07, 1, 0, 0, 1),                             \
			I(0x35, 1, 0, 1, VM_FRAMES), I(0x85, 0, 1, 0, -12), EXIT_                  \
	} /* the call leads to the first instruction of nine in the block */

/* Fills the frame with ones, then every register, r11 to r15 included. */
static const struct vm_insn dirty[] = IN_EVERY_FRAME(
	I(0xbf, 2, 10, 0, 0), I(0xb7, 3, 0, 0, 0),	/* r2 = r10; r3 = 0 */
	I(0x07, 2, 0, 0, -8), I(0x7a, 2, 0, 0, -1),	/* r2 -= 8; *(u64 *)r2 = -1 */
	I(0x07, 3, 0, 0, 8), I(0xa5, 3, 0, -4, 512),	/* r3 += 8; if r3 < 512 goto -4 */
	I(0xb7, 6, 0, 0, -1), I(0xb7, 11, 0, 0, -1), I(0xb7, 15, 0, 0, -1));

/* r0 collects every bit that is set in the frame, and in registers that nobody has written yet. */
static const struct vm_insn probe[] = IN_EVERY_FRAME(
	I(0xbf, 2, 10, 0, 0), I(0xb7, 3, 0, 0, 0),
	I(0x07, 2, 0, 0, -8), I(0x79, 4, 2, 0, 0), I(0x4f, 0, 4, 0, 0),
	I(0x07, 3, 0, 0, 8), I(0xa5, 3, 0, -5, 512),
	I(0x4f, 0, 6, 0, 0), I(0x4f, 0, 15, 0, 0));

_Static_assert(COUNT(dirty) == 14 && COUNT(probe) == 14, "nine instructions in each block");

static struct bpfvm_image *frames_image(const struct vm_insn *code, enum bpfvm_kind kind)
{
	struct bpfvm_image *image;

	assert_int_equal(bpfvm_image__from_code(code, COUNT(dirty), &image), 0);
	image->kind = kind;
	return image;
}

/* A frame for XDP and tc guests, which run on another machine than the rest. */
static void give_packet(u32 core, enum bpfvm_kind kind)
{
	static const u8 packet[64];
	struct bpfvm_error err;

	if (kind != BPFVM_KIND_PLAIN)
		assert_int_equal(bpfvm_core__packet(cores.core[core], packet, 64, &err), 0);
}

static void run_frames(u32 core, const struct bpfvm_image *image, u64 budget, u32 stop, u64 r0)
{
	struct bpfvm_result r;
	struct bpfvm_error err;

	assert_int_equal(bpfvm_core__load(cores.core[core], image, &err), 0);
	give_packet(core, image->kind);
	assert_int_equal(bpfvm_core__run(cores.core[core], budget, &r, &err), 0);
	assert_string_equal(bpfvm_stop__name(r.stop), bpfvm_stop__name(stop));
	if (stop == VM_STOP_EXIT)
		assert_int_equal(r.r0, r0);
}

/* The kernel has a machine per CPU: the test stays where the dirty run was. */
static void stay_on_this_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
}

static void nothing_left_behind(enum bpfvm_kind kind)
{
	struct bpfvm_image *writer = frames_image(dirty, kind), *reader = frames_image(probe, kind);

	stay_on_this_cpu();
	for (u32 i = 0; i < cores.count; i++) {
		run_frames(i, reader, 100000, VM_STOP_EXIT, 0);
		run_frames(i, writer, 100000, VM_STOP_EXIT, 0);
		run_frames(i, reader, 100000, VM_STOP_EXIT, 0);
		run_frames(i, writer, 1000, VM_TRAP_STEPS, 0); /* ends in the midst of it */
		run_frames(i, reader, 100000, VM_STOP_EXIT, 0);
	}
	bpfvm_image__free(writer);
	bpfvm_image__free(reader);
}

static void clean_stack(void **state)
{
	(void)state;
	nothing_left_behind(BPFVM_KIND_PLAIN);
}

static void clean_stack_xdp(void **state)
{
	(void)state;
	nothing_left_behind(BPFVM_KIND_XDP);
}

static void clean_stack_tc(void **state)
{
	(void)state;
	nothing_left_behind(BPFVM_KIND_TC);
}

/*
 * The same guest again on its own memory: the region keeps its contents, stack and registers do
 * not.
 */
static void second_run(void **state)
{
	/* r0 = stack + region + r5 + r9; then all of them are set */
	static const struct vm_insn code[] = {
		I(0x79, 0, 10, -8, 0), I(0x79, 3, 1, 0, 0),  I(0x0f, 0, 3, 0, 0),
		I(0x0f, 0, 5, 0, 0),   I(0x0f, 0, 9, 0, 0),  I(0x7a, 10, 0, -8, 1),
		I(0x7a, 1, 0, 0, 16),  I(0xb7, 5, 0, 0, 256), I(0xb7, 9, 0, 0, 4096), EXIT_};
	struct bpfvm_image *image = surround(code, COUNT(code));
	struct bpfvm_result r;
	struct bpfvm_error err;

	(void)state;
	for (u32 i = 0; i < cores.count; i++) {
		run(i, image, BUDGET, &r);
		assert_int_equal(r.r0, 0);
		assert_int_equal(bpfvm_core__run(cores.core[i], BUDGET, &r, &err), 0);
		assert_int_equal(r.r0, 16);
		run(i, image, BUDGET, &r); /* loaded again: as at first */
		assert_int_equal(r.r0, 0);
	}
	bpfvm_image__free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_takes_part),
		cmocka_unit_test(empty_program),
		cmocka_unit_test(longest_program),
		cmocka_unit_test(too_long_program),
		cmocka_unit_test(wide_at_the_end_of_a_slot),
		cmocka_unit_test(shorter_program_in_a_used_slot),
		cmocka_unit_test(exact_budget),
		cmocka_unit_test(what_counts_as_a_step),
		cmocka_unit_test(endless_loops),
		cmocka_unit_test(clean_stack),
		cmocka_unit_test(clean_stack_xdp),
		cmocka_unit_test(clean_stack_tc),
		cmocka_unit_test(second_run),
	};

	return cmocka_run_group_tests_name("inputs that broke others: limits", tests, open_cores,
					   close_cores);
}
