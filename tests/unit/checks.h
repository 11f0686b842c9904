/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of the checker have in common. */
#ifndef TEST_CHECKS_H
#define TEST_CHECKS_H

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

#define I(code, dst, src, off, imm) {code, (dst) | (src) << 4, off, (s32)(imm)}
#define MOV(n) I(0xb7, 0, 0, 0, n)
#define EXIT_ I(0x95, 0, 0, 0, 0)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Checks with buffers of just the size asked for, so that a sanitizer sees what goes beyond. */
static inline u32 check(const struct vm_insn *code, u32 len, u32 max, u32 entry, u32 *pc)
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

#endif
