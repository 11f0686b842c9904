/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Helpers of firmware and what they are given, and the key-value stores. */
#include "embed_tests.h"

/* --- bodies ----------------------------------------------------------------------------------- */

static u64 seen[5];
static void *seen_at[5];
static u32 calls;

static u64 record(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	assert_ptr_equal(machine, &vm);
	memcpy(seen, arg, sizeof(seen));
	memcpy(seen_at, at, sizeof(seen_at));
	calls++;
	return 4321;
}

static u64 refuse(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	(void)at;
	bpfvm_trap(machine, (u32)arg[0]);
	return 9;
}

static u64 other(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	(void)machine, (void)arg, (void)at;
	return 1111;
}

/* Not sorted, sparse, one number twice. */
static const struct bpfvm_helper table[] = {
	BPFVM_HELPER(0xffffffff, other, NONE, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(7, record, VALUE, VALUE, VALUE, VALUE, VALUE),
	BPFVM_HELPER(3, refuse, VALUE, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(7, other, NONE, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(10, record, READ, SIZE, NONE, NONE, NONE),
	BPFVM_HELPER(11, record, READ0, SIZE, NONE, NONE, NONE),
	BPFVM_HELPER(12, record, WRITE, SIZE, NONE, NONE, NONE),
	BPFVM_HELPER(13, record, WRITE0, SIZE, NONE, NONE, NONE),
	BPFVM_HELPER(14, record, CHANGE, SIZE, NONE, NONE, NONE),
	BPFVM_HELPER(15, record, WRITE8, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(16, record, CTX, VALUE, READ, SIZE, VALUE),
	BPFVM_HELPER(17, record, MAP, KEY, NONE, NONE, NONE),
	BPFVM_HELPER(18, record, TEXT, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(19, record, VALUE, VALUE, VALUE, WRITE8, LOCK),
	BPFVM_HELPER(20, record, VALUE, VALUE, VALUE, VALUE, READ),
	BPFVM_KNOWN(strtol, record),
};

static int setup(void **state)
{
	(void)state;
	config.helpers = table;
	config.helper_count = COUNT(table);
	return 0;
}

static const struct vm_insn *call_of(u32 number)
{
	static struct vm_insn code[2];

	code[0] = (struct vm_insn)HELPER(number);
	code[1] = (struct vm_insn)EXIT_;
	return code;
}

/* Calls `number` with r1 and r2; nothing else is given. */
static u32 call(const struct embedded *b, u32 number, u64 r1, u64 r2)
{
	u64 result;

	make(b, call_of(number), 2);
	b->start(&vm, r1, r2);
	return b->resume(&vm, 10, &result);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void registers(void **state)
{
	static const struct vm_insn code[] = {MOV(1, -1), MOV(2, 2), MOV(3, 3), LDDW(4, 1ull << 40),
					      MOV(5, 5), MOV(6, 6), HELPER(7), ADD(0, 1), EXIT_};

	(void)state;
	FOR_EACH_BUILD(b) {
		static const u64 args[] = {~0ull, 2, 3, 1ull << 40, 5};

		MAKE(b, code);
		assert_int_equal(ends(b, BPFVM_DONE, 9), 4322);
		assert_memory_equal(seen, args, sizeof(args));
		for (u32 i = 0; i < 5; i++)
			assert_null(seen_at[i]);
		assert_memory_equal(&vm.st.reg[1], args, sizeof(args));
		assert_int_equal(vm.st.reg[6], 6);
	}
}

static void numbers(void **state)
{
	static const u32 missing[] = {0, 1, 2, 4, 8, 9, 106, 239, 244, 0x80000007, 0xfffffffe,
				      256 + 7, 65536 + 7};

	(void)state;
	FOR_EACH_BUILD(b) {
		for (size_t i = 0; i < COUNT(missing); i++) {
			assert_int_equal(call(b, missing[i], 0, 0), VM_TRAP_HELPER);
			assert_int_equal(vm.st.pc, 0);
			assert_int_equal(vm.st.steps, 1);
		}
		assert_int_equal(call(b, 0xffffffff, 0, 0), BPFVM_DONE);
		assert_int_equal(vm.st.reg[0], 1111);
	}
	config.helper_count = 0;
	FOR_EACH_BUILD(b)
		assert_int_equal(call(b, 7, 0, 0), VM_TRAP_HELPER);
	config.helper_count = COUNT(table);
}

/* A body stops the guest with any trap; after STEPS it goes on behind the call. */
static void traps_of_bodies(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		u64 result;

		assert_int_equal(call(b, 3, VM_TRAP_LOCK, 0), VM_TRAP_LOCK);
		assert_int_equal(vm.st.pc, 0);
		assert_int_equal(b->resume(&vm, 10, &result), VM_TRAP_LOCK);
		assert_int_equal(call(b, 3, VM_TRAP_STEPS, 0), VM_TRAP_STEPS);
		assert_int_equal(vm.st.pc, 1);
		assert_int_equal(vm.st.steps, 1);
		assert_int_equal(b->resume(&vm, 1, &result), BPFVM_DONE);
		assert_int_equal(result, 9);
		assert_int_equal(vm.st.steps, 2);
	}
}

/* --- memory ----------------------------------------------------------------------------------- */

static u8 memory[VM_HELPER_SPAN + 16] __attribute__((aligned(8)));

/* An argument at `addr` of a helper, in an instance with `memory` as a region of `access`. */
static u32 give(const struct embedded *b, u32 number, u32 access, const void *addr, u64 size)
{
	static struct bpfvm_region region;
	u64 result;

	make(b, call_of(number), 2);
	b->add_region(&vm, &region, memory, sizeof(memory), access);
	b->start(&vm, (uintptr_t)addr, size);
	calls = 0;
	return b->resume(&vm, 10, &result);
}

static void given(const struct embedded *b, u32 number, u32 access, const void *addr, u64 size)
{
	assert_int_equal(give(b, number, access, addr, size), BPFVM_DONE);
	assert_int_equal(calls, 1);
	assert_ptr_equal(seen_at[0], addr);
}

/* Refused, and bpfvm_where tells what was wanted. */
static void refused(const struct embedded *b, u32 number, u32 access, const void *addr, u64 size,
		    u32 wanted)
{
	struct bpfvm_where where;

	assert_int_equal(give(b, number, access, addr, size), VM_TRAP_ARGUMENT);
	assert_int_equal(calls, 0);
	b->where(&vm, &where);
	assert_int_equal(where.stop, VM_TRAP_ARGUMENT);
	assert_int_equal(where.pc, 0);
	assert_int_equal(where.addr, (uintptr_t)addr);
	assert_int_equal(where.access, wanted);
	assert_int_equal(where.size, number == 15 ? 8 : (u32)size);
}

static void directions(void **state)
{
	static const struct {
		u32 number, access;
	} rows[] = {{10, VM_READ}, {12, VM_WRITE}, {14, VM_READ | VM_WRITE}, {15, VM_WRITE}};

	(void)state;
	FOR_EACH_BUILD(b) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			for (u32 access = 1; access < 4; access++) {
				if ((access & rows[i].access) == rows[i].access)
					given(b, rows[i].number, access, memory, 8);
				else
					refused(b, rows[i].number, access, memory, 8,
						rows[i].access);
			}
		}
	}
}

static void sizes(void **state)
{
	static const u64 wrong[] = {0, VM_HELPER_SPAN + 1, 1ull << 32, (1ull << 32) + 1, ~0ull,
				    1ull << 63, 0x20000000, 0x20000001};
	u8 *end = memory + sizeof(memory);

	(void)state;
	FOR_EACH_BUILD(b) {
		given(b, 10, VM_READ, memory, 1);
		given(b, 10, VM_READ, memory, VM_HELPER_SPAN);
		given(b, 10, VM_READ, end - 1, 1);
		given(b, 15, VM_WRITE, end - 8, 0);
		for (size_t i = 0; i < COUNT(wrong); i++)
			refused(b, 10, VM_READ, memory, wrong[i], VM_READ);
		refused(b, 10, VM_READ, end - 1, 2, VM_READ);
		refused(b, 10, VM_READ, end, 1, VM_READ);
		refused(b, 10, VM_READ, (void *)((uintptr_t)memory - 1), 2, VM_READ);
		refused(b, 10, VM_READ, NULL, 1, VM_READ);
		refused(b, 10, VM_READ, (void *)UINTPTR_MAX, 2, VM_READ);
		refused(b, 15, VM_WRITE, end - 7, 0, VM_WRITE);
	}
}

/* READ0 and WRITE0 may be nothing, wherever the pointer points; otherwise they are as READ. */
static void nothing(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		for (u32 number = 11; number < 15; number += 2) {
			u32 access = number == 11 ? VM_READ : VM_WRITE;

			assert_int_equal(give(b, number, access, (void *)12345, 0), BPFVM_DONE);
			assert_null(seen_at[0]);
			given(b, number, access, memory, 5);
			refused(b, number, access, (void *)12345, 5, access);
			refused(b, number, access, memory, 1ull << 32, access);
		}
	}
}

/* The context is an argument as it was given, not a byte further on. */
static void contexts(void **state)
{
	static const struct vm_insn code[] = {COPY(3, 1), MOV(4, 8), HELPER(16), EXIT_};
	static const struct vm_insn moved[] = {ADD(1, 1), COPY(3, 1), MOV(4, 1), HELPER(16), EXIT_};
	u64 ctx = 3, result;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		assert_int_equal(b->execute_ctx(&vm, &ctx, 8, &result), BPFVM_DONE);
		assert_ptr_equal(seen_at[2], &ctx);
		MAKE(b, moved);
		assert_int_equal(b->execute_ctx(&vm, &ctx, 8, &result), VM_TRAP_ARGUMENT);
	}
}

/* What needs a map, a callback or an unbounded text is not to be had. */
static void unusable_kinds(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		assert_int_equal(give(b, 17, VM_READ, memory, 1), VM_TRAP_ARGUMENT);
		assert_int_equal(give(b, 18, VM_READ, memory, 1), VM_TRAP_ARGUMENT);
	}
}

/* The last two arguments; the size of the fifth would be r6. */
static void last_arguments(void **state)
{
	static const struct vm_insn code[] = {COPY(4, 10), ADD(4, -8), COPY(5, 10), ADD(5, -12),
					      HELPER(19), EXIT_};
	static const struct vm_insn fifth[] = {COPY(5, 10), ADD(5, -8), MOV(6, 8), HELPER(20),
					       EXIT_};

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		assert_int_equal(ends(b, BPFVM_DONE, 5), 4321);
		assert_ptr_equal(seen_at[3], (u8 *)stack + VM_FRAME_SIZE - 8);
		assert_ptr_equal(seen_at[4], (u8 *)stack + VM_FRAME_SIZE - 12);
		MAKE(b, fifth);
		assert_int_equal(ends(b, BPFVM_DONE, 4), 4321);
	}
}

/* A stack that a helper wrote to is zeros again when the next run begins. */
static u64 scribble(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	(void)machine, (void)arg;
	memset(at[0], 0xff, 8);
	return 0;
}

static void stack_after_a_helper(void **state)
{
	static const struct bpfvm_helper rows[] = {
		BPFVM_HELPER(1, scribble, WRITE8, NONE, NONE, NONE, NONE)};
	static const struct vm_insn code[] = {COPY(1, 10), ADD(1, -8), LOAD(0, 10, -8), COPY(7, 0),
					      HELPER(1), COPY(0, 7), EXIT_};
	static const struct vm_insn only[] = {COPY(1, 10), ADD(1, -8), HELPER(1), EXIT_};
	static const struct vm_insn peek[] = {LOAD(0, 10, -8), EXIT_};

	(void)state;
	config.helpers = rows;
	config.helper_count = 1;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		for (u32 i = 0; i < 3; i++)
			assert_int_equal(ends(b, BPFVM_DONE, 6), 0);
		MAKE(b, only);
		ends(b, BPFVM_DONE, 3);
		vm.code = peek;
		vm.len = COUNT(peek);
		assert_int_equal(ends(b, BPFVM_DONE, 1), 0);
	}
	setup(NULL);
}

/* --- key-value stores ------------------------------------------------------------------------- */

/* Stores 5 under key 1 with helper `store`, fetches it with `fetch`: r0 is the value. */
static u64 store_and_fetch(const struct embedded *b, u32 store, u32 fetch)
{
	const struct vm_insn code[] = {
		MOV(1, 1), MOV(2, 5), HELPER(store), MOV(1, 1), COPY(2, 10), ADD(2, -8),
		HELPER(fetch), I(0x55, 0, 0, 1, 0), LOAD(0, 10, -8), EXIT_};
	u64 result;

	MAKE(b, code);
	assert_int_equal(b->execute(&vm, &result), b->whole ? BPFVM_DONE : VM_TRAP_HELPER);
	return result;
}

static void stores(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		struct bpfvm_kv_row rows[2][2];
		struct bpfvm_kv own = {.row = rows[0], .size = 2};
		struct bpfvm_kv all = {.row = rows[1], .size = 2};
		u64 value = 77;

		config.kv = &own;
		config.kv_global = &all;
		if (!b->whole) {
			store_and_fetch(b, 240, 241);
			continue;
		}
		assert_int_equal(store_and_fetch(b, 240, 243), (u64)-2);
		assert_int_equal(store_and_fetch(b, 240, 241), 5);
		assert_int_equal(own.used, 1);
		assert_int_equal(all.used, 0);
		assert_false(b->kv_get(&all, 1, &value));
		assert_int_equal(value, 0);
		assert_int_equal(store_and_fetch(b, 242, 243), 5);
		assert_true(b->kv_get(&all, 1, &value));
		assert_int_equal(value, 5);
	}
	config.kv = config.kv_global = NULL;
}

/* A full store keeps what it has and takes new values for it. */
static void full_stores(void **state)
{
	(void)state;
	FOR_EACH_BUILD(b) {
		struct bpfvm_kv_row rows[3];
		struct bpfvm_kv kv = {.row = rows, .size = 3};
		u64 value;

		for (u64 key = 0; key < 3; key++)
			assert_true(b->kv_set(&kv, key << 40, key));
		assert_false(b->kv_set(&kv, 9, 9));
		assert_true(b->kv_set(&kv, 1ull << 40, ~0ull));
		assert_true(b->kv_get(&kv, 1ull << 40, &value));
		assert_int_equal(value, ~0ull);
		assert_int_equal(kv.used, 3);
		config.kv = &kv;
		if (b->whole)
			assert_int_equal(store_and_fetch(b, 240, 241), (u64)-2);
		config.kv = NULL;
		if (b->whole)
			assert_int_equal(store_and_fetch(b, 240, 241), (u64)-2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(numbers),
		cmocka_unit_test(traps_of_bodies),
		cmocka_unit_test(directions),
		cmocka_unit_test(sizes),
		cmocka_unit_test(nothing),
		cmocka_unit_test(contexts),
		cmocka_unit_test(unusable_kinds),
		cmocka_unit_test(last_arguments),
		cmocka_unit_test(stack_after_a_helper),
		cmocka_unit_test(stores),
		cmocka_unit_test(full_stores),
	};

	return cmocka_run_group_tests_name("helpers of the embeddable machine", tests, setup, NULL);
}
