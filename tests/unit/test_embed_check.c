/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pre-flight check of the embeddable machine, build by build: it refuses what would not run. */
#include "embed.h"
#include "check.h" /* leaves none of the words of isa.def, some of which the next one has, too */

#include "embed_tests.h"

#define NUMBER 300 /* of the one helper that there is */

static u64 helps(struct bpfvm *unused, const u64 *arg, void *const *at)
{
	(void)unused, (void)arg, (void)at;
	return 0;
}

static const struct bpfvm_helper helpers[] = {
	BPFVM_HELPER(NUMBER, helps, NONE, NONE, NONE, NONE, NONE),
};

static u32 check(const struct embedded *b, u32 *pc)
{
	u8 work[BPFVM_CHECK_SIZE(8)];

	memset(work, 0xaa, sizeof(work));
	return b->check(&vm, work, pc);
}

/* Whether the instruction runs: r1 holds a place that is aligned and the guest's. */
static _Bool is_executed(const struct embedded *b, const struct vm_insn *insn)
{
	const struct vm_insn code[] = {COPY(1, 10), ADD(1, -8), *insn, {0}, EXIT_, EXIT_};
	/* A gap, for what skips a slot or is one; as an instruction it has to do nothing. */
	static struct vm_insn filled[COUNT(code)]; /* is_accepted() looks at it, too */
	u64 result;
	u32 stop;

	memcpy(filled, code, sizeof(code));
	if (insn->code != 0x18)
		filled[3] = (struct vm_insn)MOV(3, 0);
	MAKE(b, filled);
	stop = b->execute(&vm, &result);
	return stop != VM_TRAP_ILLEGAL && stop != VM_TRAP_LEGACY && stop != VM_TRAP_HELPER;
}

static _Bool is_accepted(const struct embedded *b, u32 *reason)
{
	u32 pc;

	*reason = check(b, &pc);
	return *reason == VM_CHECK_PASSED;
}

/* Everything that `off` and `imm` can mean, and what they cannot. */
static void accepts_what_runs(void **state)
{
	static const s32 numbers[] = {0,    1,    2,    8,    16,   32,     64,   0x11, 0x41, 0x50,
				      0x51, 0xa0, 0xa1, 0xe1, 0xf1, 0xf0, 0x40, NUMBER, 5,    4};
	u32 reason, accepted = 0, refused = 0;

	(void)state;
	config = (struct bpfvm_config){.helpers = helpers, .helper_count = 1};
	FOR_EACH_BUILD(b)
		for (u32 i = 0; i < 256 * 6 * 2 * COUNT(numbers); i++) {
			struct vm_insn insn = {(u8)i, i / 256 % 2 ? 0x11 : 0x01,
					       (s16)numbers[i / 512 % 6], numbers[i / 512 / 6]};
			_Bool runs = is_executed(b, &insn), passes = is_accepted(b, &reason);

			/* What the checker refuses for other reasons may well run. */
			if (reason != VM_CHECK_PASSED && reason != VM_CHECK_OPCODE &&
			    reason != VM_CHECK_VARIANT && reason != VM_CHECK_HELPER)
				continue;
			if (runs != passes)
				fail_msg("%s: opcode %#x off %d imm %d: runs %d, check %u", b->name,
					 insn.code, insn.off, insn.imm, runs, reason);
			accepted += passes;
			refused += !passes;
		}
	assert_true(accepted > 1000 && refused > 1000);
	config = (struct bpfvm_config){0};
}

/* By a build with everything; the one that has least refuses the first. */
static void refuses_what_is_left_out(void **state)
{
	static const struct vm_insn parts[] = {
		I(0xdb, 10, 1, -8, 0x00), /* atomic add */
		I(0x3f, 0, 1, 1, 0),	  /* sdiv */
		I(0x16, 0, 0, 0, 0),	  /* jmp32 */
		I(0x3f, 0, 1, 0, 0),	  /* 64-bit division */
		CALL(1),
		I(0x8d, 1, 0, 0, 0),	  /* callx */
		HELPER(BPFVM_NUMBER_kv_store),
	};
	u32 pc;

	(void)state;
	FOR_EACH_BUILD(b)
		for (u32 i = 0; i < COUNT(parts); i++) {
			const struct vm_insn code[] = {MOV(0, 0), parts[i], EXIT_, EXIT_};

			MAKE(b, code);
			if (b->whole) {
				assert_int_equal(check(b, &pc), VM_CHECK_PASSED);
				continue;
			}
			if (check(b, &pc) == VM_CHECK_PASSED)
				fail_msg("%s: part %u is accepted", b->name, i);
			assert_int_equal(pc, 1);
		}
}

static void names_the_place(void **state)
{
	const struct vm_insn code[] = {MOV(0, 0), GOTO(5), EXIT_}, open[] = {MOV(0, 0)};
	u32 pc;

	(void)state;
	FOR_EACH_BUILD(b) {
		MAKE(b, code);
		assert_int_equal(check(b, &pc), VM_CHECK_JUMP);
		assert_int_equal(pc, 1);
		MAKE(b, open);
		assert_int_equal(check(b, &pc), VM_CHECK_FALLTHROUGH);
		assert_int_equal(pc, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_runs),
		cmocka_unit_test(refuses_what_is_left_out),
		cmocka_unit_test(names_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
