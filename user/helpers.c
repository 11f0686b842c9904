/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names of helpers: of those that guests have, and of all that Linux has. */
#include <linux/bpf.h>

#include "bpfvm.h"
#include "check.h"

const char *bpfvm_helper__name(u32 number)
{
	switch (number) {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	case number:                                                                               \
		return #name;
#include "helpers.def"
	}
	return NULL;
}

const char *bpfvm_helper__linux_name(u32 number)
{
#define NAME(name) "bpf_" #name
	static const char *const names[] = {__BPF_FUNC_MAPPER(NAME)};
#undef NAME

	switch (number) {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	case number:                                                                               \
		return "bpf_" #name;
#include "helpers.def"
	}
	return number && number < sizeof(names) / sizeof(*names) ? names[number] : NULL;
}

u32 bpfvm_helper__where(u32 number)
{
	return vm_helper_where(number);
}
