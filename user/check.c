/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checker for images, with its reasons in words. */
#include <errno.h>
#include <stdlib.h>

#include "bpfvm.h"
#include "check.h"

static const struct {
	const char *sentence, *hint;
} reasons[VM_CHECK_REASONS] = {
	[VM_CHECK_PASSED] = {"", ""},
#define CHECK(name, sentence, hint) [VM_CHECK_##name] = {sentence, hint},
#include "checks.def"
};

u32 bpfvm_kind__where(enum bpfvm_kind kind)
{
	switch (kind) {
	case BPFVM_KIND_XDP:
		return VM_WHERE_XDP;
	case BPFVM_KIND_TC:
		return VM_WHERE_TC;
	case BPFVM_KIND_PLAIN:
		break;
	}
	return VM_WHERE_PLAIN;
}

static const char *who_has(u32 where)
{
	switch (where) {
	case VM_WHERE_XDP:
		return "only xdp guests have";
	case VM_WHERE_TC:
		return "only tc guests have";
	case VM_WHERE_HOOK:
		return "only xdp and tc guests have";
	}
	return "guests do not have";
}

static void explain(struct bpfvm_fault *fault, u32 reason, const struct vm_insn *in)
{
	u32 number = (u32)in->imm, where = vm_helper_where(number);
	const char *name = bpfvm_helper__linux_name(number);

	snprintf(fault->hint, sizeof(fault->hint), "%s", reasons[reason].hint);
	if (reason != VM_CHECK_HELPER && reason != VM_CHECK_WHERE)
		snprintf(fault->reason, sizeof(fault->reason), "%s", reasons[reason].sentence);
	else if (name)
		snprintf(fault->reason, sizeof(fault->reason), "a call of helper %s (%u), which %s",
			 name, number, who_has(where));
	else
		snprintf(fault->reason, sizeof(fault->reason), "a call of helper %u, which %s",
			 number, who_has(where));
}

int bpfvm_image__check(const struct bpfvm_image *image, struct bpfvm_fault *fault)
{
	static const struct vm_insn none;
	u32 size = VM_CHECK_BITMAP(image->len), reason;
	u8 *bitmaps = calloc(2, (size_t)size + 1);
	struct vm_check check = {.code = image->code,
				 .len = image->len,
				 .max = BPFVM_CODE,
				 .entry = image->entry,
				 .where = bpfvm_kind__where(image->kind),
				 .functions = bitmaps,
				 .seconds = bitmaps + size};

	if (!bitmaps)
		return -ENOMEM;
	for (u32 i = 0; i < image->functions; i++)
		if (image->function[i].start < image->len)
			vm_bit_set(check.functions, image->function[i].start);
	reason = vm_check(&check);
	free(bitmaps);
	if (reason == VM_CHECK_PASSED)
		return 0;
	fault->pc = check.pc;
	explain(fault, reason, check.pc < image->len ? &image->code[check.pc] : &none);
	return -EINVAL;
}
