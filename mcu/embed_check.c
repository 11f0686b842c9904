/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pre-flight check of include/check.h for firmware that wants to refuse guests early. */
#include "embed.h"
#include "check.h"

struct embed_check {
	struct vm_check check;
	const struct bpfvm *vm;
};

/* Those of the table, and the machine's own. */
static _Bool has_helper(const struct vm_check *c, u32 number)
{
	const struct bpfvm_config *config = ((const struct embed_check *)c)->vm->config;

	for (u32 i = 0; i < config->helper_count; i++)
		if (config->helpers[i].number == number)
			return 1;
	return VM_KV && number >= BPFVM_NUMBER_kv_store && number <= BPFVM_NUMBER_kv_fetch_global;
}

u32 bpfvm_check(const struct bpfvm *vm, void *work, u32 *pc)
{
	struct embed_check c = {
		.check = {
			.code = vm->code,
			.len = vm->len,
			.max = vm->len,
			.entry = vm->entry,
			.helper = has_helper,
			.functions = work,
			.seconds = (u8 *)work + VM_CHECK_BITMAP(vm->len),
		},
		.vm = vm,
	};
	u32 reason;

	__builtin_memset(work, 0, BPFVM_CHECK_SIZE(vm->len));
	reason = vm_check(&c.check);
	*pc = c.check.pc;
	return reason;
}
