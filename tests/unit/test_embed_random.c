/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Short random programs in every whole build of the embeddable machine: they come to the same end
 * in slices and with the largest budgets, leave no stack to the next run, and lose what is taken
 * away.
 */
#include "embed.h"

static const u8 opcodes[] = {
#define OPCODE(name, n) n,
#include "opcodes.h"
};

#include "embed_tests.h"

#define PROGRAMS 60000
#define LONGEST 12 /* instructions of a program */
#define ENOUGH 300 /* a budget for most of them */
#define AFTER 0xaa /* what is in memory that was taken away */

/* --- the program of a seed -------------------------------------------------------------------- */

static u64 draw;
static struct vm_insn code[LONGEST];
static u32 len;

static u32 below(u32 n)
{
	draw = draw * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(draw >> 33) % n;
}

/* A number, most often a small one. */
static s32 number(void)
{
	return below(8) ? (s32)below(24) - 8 : (s32)(below(1u << 31) << 1);
}

static struct vm_insn any_insn(void)
{
	u8 opcode = below(10) ? opcodes[below(COUNT(opcodes))] : (u8)below(256);

	return (struct vm_insn){opcode, (u8)below(256), (s16)number(), number()};
}

/* Loads, stores and atomics at r0, r1 or r10, which may be addresses. */
static struct vm_insn memory_insn(void)
{
	static const u8 forms[] = {0x61, 0x79, 0x71, 0x63, 0x7b, 0x7a, 0xc3, 0xdb};
	static const u8 at[] = {0, 0, 0, 1, 10};
	u32 form = forms[below(COUNT(forms))], base = at[below(COUNT(at))];
	s32 off = base == 10 ? -(s32)below(2 * VM_FRAME_SIZE) : (s32)below(24) - 4;

	return (struct vm_insn){(u8)form, (u8)((form & 7) == 1 ? base << 4 : base | below(11) << 4),
				(s16)(below(2) ? off & ~7 : off), below(2)};
}

/* An instruction behind one with opcode `last`; helpers return an address. */
static struct vm_insn random_insn(u8 last)
{
	if (last == 0x18 && below(8))
		return (struct vm_insn){.imm = number()};
	if (last == 0x85 && below(2))
		return memory_insn();
	switch (below(8)) {
	case 0:
	case 5:
		return (struct vm_insn)HELPER(1 + below(3));
	case 1:
	case 2:
		return memory_insn();
	case 3:
		return below(2) ? (struct vm_insn)CALL(number()) : (struct vm_insn)EXIT_;
	case 4:
		return (struct vm_insn)I(0x18, below(11), 0, 0, number());
	}
	return any_insn();
}

/* --- memory that comes and goes --------------------------------------------------------------- */

static const struct embedded *build;
static u8 lent[16] __attribute__((aligned(8)));
static struct bpfvm_region region;
static _Bool taken;

static u64 take(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	(void)arg, (void)at;
	build->remove_region(machine, &region);
	memset(lent, AFTER, sizeof(lent));
	taken = 1;
	return (uintptr_t)lent;
}

static u64 lend(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	(void)arg, (void)at;
	build->remove_region(machine, &region);
	build->add_region(machine, &region, lent, sizeof(lent), VM_READ | VM_WRITE);
	taken = 0;
	return (uintptr_t)lent;
}

static u64 rest(struct bpfvm *machine, const u64 *arg, void *const *at)
{
	(void)arg, (void)at;
	bpfvm_trap(machine, VM_TRAP_STEPS);
	return (uintptr_t)lent;
}

static const struct bpfvm_helper table[] = {
	BPFVM_HELPER(1, take, NONE, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(2, lend, NONE, NONE, NONE, NONE, NONE),
	BPFVM_HELPER(3, rest, NONE, NONE, NONE, NONE, NONE),
};

/* --- runs ------------------------------------------------------------------------------------- */

struct end {
	u64 reg[VM_REGISTERS], ctx[3], stack[VM_STACK_SIZE / 8];
	u8 lent[sizeof(lent)];
	u32 stop, pc, steps, taken;
};

static void begin(void)
{
	memset(stack, 0xee, sizeof(stack));
	make(build, code, len);
	taken = 1;
	lend(&vm, NULL, NULL);
	memset(lent, 1, sizeof(lent));
}

/* Up to `budget` instructions, no more than `slice` at a time. */
static struct end run(u32 budget, u32 slice)
{
	static u64 ctx[3];
	struct end end = {0};
	u64 result;
	u32 left;

	begin();
	memset(ctx, 4, sizeof(ctx));
	config.budget = slice < budget ? slice : budget;
	end.stop = build->execute_ctx(&vm, ctx, sizeof(ctx), &result);
	while (end.stop == VM_TRAP_STEPS && vm.st.steps != budget) {
		left = budget - vm.st.steps;
		end.stop = build->resume(&vm, slice < left ? slice : left, &result);
	}
	memcpy(end.reg, vm.st.reg, sizeof(end.reg));
	memcpy(end.ctx, ctx, sizeof(ctx));
	memcpy(end.stack, stack, sizeof(stack));
	memcpy(end.lent, lent, sizeof(lent));
	end.pc = vm.st.pc;
	end.steps = vm.st.steps;
	end.taken = taken;
	return end;
}

static void same(struct end want, u32 budget, u32 slice, u32 seed)
{
	static const u64 zeros[VM_STACK_SIZE / 8];
	struct end is = run(budget, slice);

	if (memcmp(&is, &want, sizeof(is)))
		fail_msg("%s, seed %u, budget %u by %u: %s at %u after %u, not %s at %u after %u",
			 build->name, seed, budget, slice, build->trap_name(is.stop), is.pc,
			 is.steps, build->trap_name(want.stop), want.pc, want.steps);
	for (u32 i = 0; taken && i < sizeof(lent); i++)
		assert_int_equal(lent[i], AFTER);
	build->start(&vm, 0, 0);
	assert_memory_equal(stack, zeros, sizeof(zeros));
}

static void same_end(void **state)
{
	static const u32 limits[] = {0x40000000, 0x80000000, 0xfffffff7};
	u32 ended = 0;

	(void)state;
	config.helpers = table;
	config.helper_count = COUNT(table);
	for (u32 seed = 0; seed < PROGRAMS; seed++) {
		struct end few, all;
		u32 budget, slice, limit;

		draw = seed;
		len = 1 + below(LONGEST);
		for (u32 i = 0; i < len; i++)
			code[i] = random_insn(i ? code[i - 1].code : 0);
		budget = below(40);
		slice = 1 + below(5);
		limit = limits[below(COUNT(limits))] + below(17) - 8;
		build = &embedded_switch;
		few = run(budget, ~0u);
		all = run(ENOUGH, ~0u);
		ended += all.stop != VM_TRAP_STEPS;
		FOR_EACH_BUILD(b) {
			build = b;
			if (!b->whole)
				continue;
			same(few, budget, ~0u, seed);
			same(few, budget, slice, seed);
			if (all.stop != VM_TRAP_STEPS)
				same(all, limit, ~0u, seed);
		}
	}
	assert_true(ended > PROGRAMS / 2 && ended < PROGRAMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_end)};

	return cmocka_run_group_tests_name("random programs in the embeddable machine", tests, NULL,
					   NULL);
}
