/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables that the machine looks things up in, and what the loader tells it before it is loaded. */
#ifndef BPFVM_CONSTANTS_H
#define BPFVM_CONSTANTS_H

#include "hot.h"
#include "maps.h"

/* The gaps are filled first, so that a row of isa.def is a designator of its own. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
const volatile struct bpfvm_constants bpfvm_constants = {
	.rank = {
		[0 ... 255] = HOT_RANKS,
#define OPCODE(name, n) [n] = HOT(name),
#include "opcodes.h"
	},
	.args = {
#define HELPER(number, name, where, t1, t2, t3, t4, t5)                                            \
	[number] = VM_ARGS(where, t1, t2, t3, t4, t5),
#include "helpers.def"
	},
};
#pragma clang diagnostic pop

#endif
