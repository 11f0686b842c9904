/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pre-flight check of include/check.h for firmware that wants to refuse guests early. */
#include "check.h"
#include "embed.h"

u32 bpfvm_check(const struct bpfvm *vm, void *work, u32 *pc)
{
	struct vm_check c = {
		.code = vm->code,
		.len = vm->len,
		.max = vm->len,
		.entry = vm->entry,
		.functions = work,
		.seconds = (u8 *)work + VM_CHECK_BITMAP(vm->len),
	};
	u32 reason;

	__builtin_memset(work, 0, BPFVM_CHECK_SIZE(vm->len));
	reason = vm_check(&c);
	*pc = c.pc;
	return reason;
}
