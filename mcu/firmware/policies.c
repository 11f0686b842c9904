/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each hook allows its guests, and what their verdicts mean. */
#include "firmware.h"

enum { XDP_DROP = 1, XDP_PASS = 2 };

const struct policy policies[HOOKS] = {
	/* Everybody sees each tick. */
	[HOOK_TICK] = {.name = "tick", .period = 100, .budget = 5000, .patience = 5},
	/* One may drop a value. A guest that is broken must not blind the device. */
	[HOOK_SAMPLE] = {.name = "sample", .period = 50, .budget = 5000, .chain = 1, .patience = 5},
	/* A filter that is broken must not let anything in: to stop it would do that. */
	[HOOK_PACKET] = {.name = "packet", .budget = 20000, .pass = XDP_PASS, .on_trap = XDP_DROP,
			 .chain = 1, .patience = 0},
};
