/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names of the helpers that guests have. */
#include "bpfvm.h"

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
