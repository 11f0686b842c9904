/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of the embeddable machine have in common: each test is for all builds. */
#ifndef TEST_EMBED_TESTS_H
#define TEST_EMBED_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embedded.h"

#define I(code, dst, src, off, imm) {code, (dst) | (src) << 4, off, (s32)(imm)}
#define MOV(dst, n) I(0xb7, dst, 0, 0, n)
#define COPY(dst, src) I(0xbf, dst, src, 0, 0)
#define ADD(dst, n) I(0x07, dst, 0, 0, n)
#define GOTO(n) I(0x05, 0, 0, n, 0)
#define HELPER(number) I(0x85, 0, 0, 0, number)
#define CALL(n) I(0x85, 0, 1, 0, n)
#define LOAD(dst, src, off) I(0x79, dst, src, off, 0)
#define STORE(dst, off, src) I(0x7b, dst, src, off, 0)
#define EXIT_ I(0x95, 0, 0, 0, 0)
#define LDDW(dst, value) I(0x18, dst, 0, 0, (u32)(u64)(value)), I(0, 0, 0, 0, (u64)(value) >> 32)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct embedded *const builds[] = {&embedded_table, &embedded_switch, &embedded_small,
						&embedded_least};
#define FOR_EACH_BUILD(b)                                                                          \
	for (const struct embedded *const *b##_ = builds, *b;                                      \
	     b##_ < builds + COUNT(builds) && (b = *b##_, 1); b##_++)

static u64 stack[VM_STACK_SIZE / 8];
static struct bpfvm vm;
static struct bpfvm_config config;

/* An instance in `vm` with the `config` there is and a budget of 1000 instructions. */
static inline void make(const struct embedded *b, const struct vm_insn *code, u32 count)
{
	config.budget = 1000;
	assert_int_equal(b->init(&vm, &config, code, count, stack, sizeof(stack)), BPFVM_READY);
}
#define MAKE(b, code) make(b, code, COUNT(code))

/* Runs it; the trap has to be `stop`, at instruction `pc`. */
static inline u64 ends(const struct embedded *b, u32 stop, u32 pc)
{
	u64 result = 0;
	u32 is = b->execute(&vm, &result);

	if (is != stop || vm.st.pc != pc)
		fail_msg("%s: %s at %u, not %s at %u", b->name, b->trap_name(is), vm.st.pc,
			 b->trap_name(stop), pc);
	return result;
}

#endif
