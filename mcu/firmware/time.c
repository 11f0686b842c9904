/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The time since the start, from a counter that may begin anew. */
#include "firmware.h"

static u32 last_ticks;

void time_start(void)
{
	last_ticks = board_ticks();
}

static u64 ticks(void)
{
	static u64 sum;
	u32 now = board_ticks();

	sum += now - last_ticks;
	last_ticks = now;
	return sum;
}

u64 now_ms(void)
{
	return ticks() / (board_hz / 1000);
}

u64 now_ns(void)
{
	u64 now = ticks();

	return now / board_hz * 1000000000 + now % board_hz * 1000000000 / board_hz;
}
