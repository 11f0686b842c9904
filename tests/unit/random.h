/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers for tests, the same in every run. */
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include "types.h"

static u32 random_state; /* set it to begin another sequence */

static inline u32 random_u32(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8 | random_state << 24;
}

#endif
