/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which opcodes of class CLASS there are, as a number: a bit for each, by the upper five bits. */
(0u
#define OPCODE(name, n) | (((n) & 7) == CLASS ? (u32)1 << ((n) >> 3) : 0)
#include "opcodes.h"
)
#undef CLASS
