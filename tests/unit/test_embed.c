/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The embeddable machine as firmware uses it: setting up, running, budgets, regions, instances. */
#include "embed_tests.h"

/* --- setting up and running ------------------------------------------------------------------- */

static const struct vm_insn forty_two[] = {MOV(0, 42), EXIT_};

static void what_setting_up_refuses(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		const u8 *code = (const u8 *)forty_two;
		u8 *odd = (u8 *)stack + 4;

		assert_int_equal(b->init(&vm, &config, NULL, 2, stack, sizeof(stack)),
				 BPFVM_BAD_CODE);
		assert_int_equal(b->init(&vm, &config, forty_two, 0, stack, sizeof(stack)),
				 BPFVM_BAD_CODE);
		assert_int_equal(b->init(&vm, &config, forty_two, BPFVM_CODE_MAX + 1, stack,
					 sizeof(stack)),
				 BPFVM_BAD_CODE);
		assert_int_equal(b->init(&vm, &config, (const void *)(code + 2), 1, stack,
					 sizeof(stack)),
				 BPFVM_BAD_CODE);
		assert_int_equal(b->init(&vm, &config, forty_two, 2, NULL, 512),
				 BPFVM_BAD_STACK);
		assert_int_equal(b->init(&vm, &config, forty_two, 2, stack, VM_FRAME_SIZE - 1),
				 BPFVM_BAD_STACK);
		assert_int_equal(b->init(&vm, &config, forty_two, 2, odd, VM_FRAME_SIZE),
				 BPFVM_BAD_STACK);
		assert_string_equal(b->setup_text(BPFVM_BAD_STACK),
				    "the stack is smaller than a frame, or not aligned to 8 bytes");
		assert_string_equal(b->setup_text(BPFVM_SETUPS), "?");
	}
}

static void a_result(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		u64 result = 0;

		MAKE(b, forty_two);
		assert_int_equal(b->execute(&vm, &result), BPFVM_DONE);
		assert_int_equal(result, 42);
		assert_int_equal(vm.st.steps, 2);
		assert_int_equal(vm.st.pc, 1);
	}
}

/* What has not been started, and what has ended, does not go on. */
static void nothing_to_resume(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		u64 result;

		MAKE(b, forty_two);
		assert_int_equal(b->resume(&vm, 100, &result), VM_TRAP_EMPTY);
		assert_int_equal(b->execute(&vm, &result), BPFVM_DONE);
		assert_int_equal(b->resume(&vm, 100, &result), BPFVM_DONE);
		assert_int_equal(vm.st.steps, 2);
	}
}

/* Code need not be aligned to more than the numbers in it are. */
static void code_between_others(void **state)
{
	static const struct vm_insn code[] = {LDDW(0, 1ull << 32), GOTO(0), EXIT_};
	static u32 words[2 * COUNT(code) + 1] __attribute__((aligned(8)));

	(void)state;
	memcpy(words + 1, code, sizeof(code));
	FOR_EACH_BUILD(b) {
		make(b, (const void *)(words + 1), COUNT(code));
		assert_int_equal(ends(b, BPFVM_DONE, 3), 1ull << 32);
	}
}

/* A context with a pointer in it, of whatever width pointers are. */
struct sample {
	u32 count;
	u32 sum;
	BPFVM_POINTER(const u32, values);
};

static void a_context_with_a_pointer(void **state)
{
	static const struct vm_insn sum[] = {
		I(0x61, 2, 1, 0, 0), LOAD(3, 1, 8), /* count, values */
		MOV(0, 0), I(0x15, 2, 0, 5, 0), I(0x61, 4, 3, 0, 0), I(0x0f, 0, 4, 0, 0), ADD(3, 4),
		ADD(2, -1), GOTO(-6), I(0x63, 1, 0, 4, 0), EXIT_};
	static const u32 values[] = {1000, 200, 30, 4};
	struct bpfvm_region region;

	(void)state;
	FOR_EACH_BUILD(b) {
		struct sample ctx = {.count = COUNT(values)};
		u64 result;

		ctx.values_address = 0;
		ctx.values = values;
		MAKE(b, sum);
		assert_int_equal(b->execute_ctx(&vm, &ctx, sizeof(ctx), &result), VM_TRAP_BOUNDS);
		b->add_region(&vm, &region, (void *)values, sizeof(values), VM_READ);
		assert_int_equal(b->execute_ctx(&vm, &ctx, sizeof(ctx), &result), BPFVM_DONE);
		assert_int_equal(result, 1234);
		assert_int_equal(ctx.sum, 1234);
	}
}

/* r1 and r2 are the context and its size; without one they are 0, and nothing is left of it. */
static void what_a_guest_gets(void **state)
{
	static const struct vm_insn size[] = {COPY(0, 2), EXIT_}, read[] = {LOAD(0, 1, 0), EXIT_};
	u64 ctx = 7, result;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, size);
		assert_int_equal(b->execute_ctx(&vm, &ctx, 3, &result), BPFVM_DONE);
		assert_int_equal(result, 3);
		assert_int_equal(ends(b, BPFVM_DONE, 1), 0);
		MAKE(b, read);
		assert_int_equal(b->execute_ctx(&vm, &ctx, 8, &result), BPFVM_DONE);
		assert_int_equal(result, 7);
		assert_int_equal(b->execute_ctx(&vm, &ctx, 7, &result), VM_TRAP_BOUNDS);
		ends(b, VM_TRAP_BOUNDS, 0);
	}
}

/* A run that is begun in two steps has no context, though the one before had. */
static void no_context_of_before(void **state)
{
	static const struct vm_insn code[] = {STORE(1, 0, 2), LOAD(0, 1, 0), EXIT_};
	u64 ctx = 7, result;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		assert_int_equal(b->execute_ctx(&vm, &ctx, 8, &result), BPFVM_DONE);
		assert_int_equal(result, 8);
		b->start(&vm, (uintptr_t)&ctx, 9);
		assert_int_equal(b->resume(&vm, 10, &result), VM_TRAP_BOUNDS);
		assert_int_equal(ctx, 8);
	}
}

/* --- budgets ---------------------------------------------------------------------------------- */

static const struct vm_insn endless[] = {MOV(0, 0), ADD(0, 1), GOTO(-2), EXIT_};

/* In slices of any size it is the same run. */
static void slices(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		for (u32 slice = 1; slice < 8; slice++) {
			u64 result;
			u32 total = 0;

			MAKE(b, endless);
			b->start(&vm, 0, 0);
			assert_int_equal(b->resume(&vm, 0, &result), VM_TRAP_STEPS);
			assert_int_equal(vm.st.steps, 0);
			while (total < 100) {
				assert_int_equal(b->resume(&vm, slice, &result), VM_TRAP_STEPS);
				total += slice;
				assert_int_equal(vm.st.steps, total);
				assert_int_equal(vm.st.reg[0], total / 2);
			}
		}
	}
}

/* The largest budget there is counts as any other does, with jumps both ways. */
static void large_budgets(void **state)
{
	static const u32 limits[] = {0x40000000, 0x80000000, 0xfffffff7};
	static const struct vm_insn loop[] = {GOTO(1), EXIT_, MOV(1, 10), ADD(1, -1),
					      I(0x55, 1, 0, -2, 0), MOV(0, 3), GOTO(1), EXIT_,
					      EXIT_};

	(void)state;
	FOR_EACH_BUILD(b) {
		for (u32 i = 0; i < COUNT(limits) * 17; i++) {
			MAKE(b, loop);
			config.budget = limits[i / 17] + i % 17 - 8;
			assert_int_equal(ends(b, BPFVM_DONE, 8), 3);
			assert_int_equal(vm.st.steps, 25);
		}
	}
}

/* A budget of an execution, exact with jumps forward, backward and lddw in it. */
static void exact_budgets(void **state)
{
	static const struct vm_insn code[] = {LDDW(0, 5), GOTO(2), EXIT_, EXIT_, ADD(0, -1),
					      I(0x55, 0, 0, -2, 0), LDDW(1, 1), GOTO(0), EXIT_};
	const u32 needs = 2 + 10 + 3;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		for (u32 budget = 0; budget < 20; budget++) {
			u64 result;
			u32 stop;

			config.budget = budget;
			stop = b->execute(&vm, &result);
			assert_int_equal(stop, budget < needs ? VM_TRAP_STEPS : BPFVM_DONE);
			assert_int_equal(vm.st.steps, budget < needs ? budget : needs);
		}
	}
}

/* --- regions ---------------------------------------------------------------------------------- */

static void permissions(void **state)
{
	static const struct vm_insn read[] = {LOAD(0, 1, 0), EXIT_};
	static const struct vm_insn write[] = {STORE(1, 0, 2), EXIT_};
	static const u32 reads[] = {VM_TRAP_WRITEONLY, BPFVM_DONE, VM_TRAP_WRITEONLY, BPFVM_DONE};
	static const u32 writes[] = {VM_TRAP_BOUNDS, VM_TRAP_READONLY, BPFVM_DONE, BPFVM_DONE};
	u64 memory[3] = {1, 2, 3}, result;
	struct bpfvm_region region;

	(void)state;
	FOR_EACH_BUILD(b) {
		for (u32 access = 0; access < 4; access++) {
			u32 none = access ? reads[access] : VM_TRAP_BOUNDS;

			MAKE(b, read);
			b->add_region(&vm, &region, &memory[1], 8, access);
			b->start(&vm, (uintptr_t)&memory[1], 0);
			assert_int_equal(b->resume(&vm, 10, &result), none);
			MAKE(b, write);
			b->add_region(&vm, &region, &memory[1], 8, access);
			b->start(&vm, (uintptr_t)&memory[1], 99);
			assert_int_equal(b->resume(&vm, 10, &result), writes[access]);
			assert_int_equal(memory[1], access & VM_WRITE ? 99 : 2);
			memory[1] = 2;
		}
		assert_int_equal(memory[0], 1);
		assert_int_equal(memory[2], 3);
	}
}

/* Of overlapping regions each is looked at; one of no bytes allows nothing. */
static void overlaps(void **state)
{
	static const struct vm_insn code[] = {LOAD(0, 1, 0), STORE(1, 0, 2), EXIT_};
	u64 memory = 5, result;
	struct bpfvm_region read, write, none;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		b->add_region(&vm, &read, &memory, 8, VM_READ);
		b->add_region(&vm, &write, &memory, 8, VM_WRITE);
		b->add_region(&vm, &none, &memory, 0, VM_READ | VM_WRITE);
		b->start(&vm, (uintptr_t)&memory, 6);
		assert_int_equal(b->resume(&vm, 10, &result), BPFVM_DONE);
		assert_int_equal(result, 5);
		assert_int_equal(memory, 6);
		memory = 5;
		b->remove_region(&vm, &write);
		b->start(&vm, (uintptr_t)&memory, 6);
		assert_int_equal(b->resume(&vm, 10, &result), VM_TRAP_READONLY);
		b->remove_region(&vm, &read);
		b->start(&vm, (uintptr_t)&memory, 6);
		assert_int_equal(b->resume(&vm, 10, &result), VM_TRAP_BOUNDS);
		assert_int_equal(vm.st.pc, 0);
	}
}

/* A region that goes away while the guest is suspended is gone, though it was the last one used. */
static void removed_between_slices(void **state)
{
	static const struct vm_insn code[] = {LOAD(0, 1, 0), STORE(1, 0, 0), LOAD(0, 1, 0),
					      STORE(1, 0, 0), EXIT_};
	u64 memory = 5, result;
	struct bpfvm_region region;

	(void)state;
	FOR_EACH_BUILD(b) {
		for (u32 slice = 2; slice < 4; slice++) {
			MAKE(b, code);
			b->add_region(&vm, &region, &memory, 8, VM_READ | VM_WRITE);
			b->start(&vm, (uintptr_t)&memory, 6);
			assert_int_equal(b->resume(&vm, slice, &result), VM_TRAP_STEPS);
			b->remove_region(&vm, &region);
			assert_int_equal(b->resume(&vm, 10, &result), VM_TRAP_BOUNDS);
			assert_int_equal(vm.st.pc, slice);
		}
	}
}

/* What bpfvm_where says of a memory trap. */
static void where_a_guest_stopped(void **state)
{
	static const struct vm_insn code[] = {LDDW(3, 0x123456789ull), I(0x6a, 3, 0, -9, 1), EXIT_};
	struct bpfvm_where where;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		ends(b, VM_TRAP_BOUNDS, 2);
		b->where(&vm, &where);
		assert_int_equal(where.stop, VM_TRAP_BOUNDS);
		assert_int_equal(where.pc, 2);
		assert_int_equal(where.addr, 0x123456780ull);
		assert_int_equal(where.size, 2);
		assert_int_equal(where.access, VM_WRITE);
		assert_string_equal(b->trap_name(where.stop), "BOUNDS");
	}
}

/* --- several ---------------------------------------------------------------------------------- */

/* Instances take turns in one code, each with a stack, a budget and registers of its own. */
static void several_instances(void **state)
{
	static const struct vm_insn code[] = {MOV(3, 0), ADD(3, 1), STORE(10, -8, 3),
					      LOAD(0, 10, -8), I(0x2d, 1, 3, -4, 0), EXIT_};
	static u64 stacks[5][VM_FRAME_SIZE / 8];
	static struct bpfvm many[5];

	(void)state;
	FOR_EACH_BUILD(b) {
		u64 result;
		u32 left = 5;

		for (u32 i = 0; i < 5; i++) {
			assert_int_equal(b->init(&many[i], &config, code, COUNT(code), stacks[i],
						 sizeof(stacks[i])),
					 BPFVM_READY);
			b->start(&many[i], 10 * i, 0);
		}
		for (u32 turn = 0; left; turn++) {
			u32 i = turn % 5, was = many[i].st.stop;
			u32 is = b->resume(&many[i], 1 + i, &result);

			if (is == BPFVM_DONE && was != BPFVM_DONE) {
				assert_int_equal(result, i ? 10 * i : 1);
				left--;
			}
			assert_true(turn < 1000);
		}
	}
}

/* As many frames as the stack has room for, though the build allows more. */
static void frames_of_a_small_stack(void **state)
{
	static const struct vm_insn deep[] = {CALL(0), ADD(0, 1), I(0x15, 0, 0, 1, 100), CALL(-3),
					      EXIT_};

	(void)state;
	FOR_EACH_BUILD(b) {
		for (u32 frames = 1; frames <= VM_FRAMES + 1 && b->whole; frames++) {
			static u64 more[(VM_FRAMES + 1) * VM_FRAME_SIZE / 8];
			u32 room = frames < VM_FRAMES ? frames : VM_FRAMES;

			assert_int_equal(b->init(&vm, &config, deep, COUNT(deep), more,
						 frames * VM_FRAME_SIZE),
					 BPFVM_READY);
			config.budget = 1000;
			ends(b, VM_TRAP_FRAMES, room > 1 ? 3 : 0);
			assert_int_equal(vm.st.depth, room - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_setting_up_refuses),
		cmocka_unit_test(a_result),
		cmocka_unit_test(nothing_to_resume),
		cmocka_unit_test(code_between_others),
		cmocka_unit_test(a_context_with_a_pointer),
		cmocka_unit_test(what_a_guest_gets),
		cmocka_unit_test(no_context_of_before),
		cmocka_unit_test(slices),
		cmocka_unit_test(large_budgets),
		cmocka_unit_test(exact_budgets),
		cmocka_unit_test(permissions),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(removed_between_slices),
		cmocka_unit_test(where_a_guest_stopped),
		cmocka_unit_test(several_instances),
		cmocka_unit_test(frames_of_a_small_stack),
	};

	return cmocka_run_group_tests_name("the embeddable machine", tests, NULL, NULL);
}
