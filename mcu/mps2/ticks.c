/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time on the MPS2: the first CMSDK timer, which counts down with the 25 MHz of the board. */
#include "board.h"

struct cmsdk_timer {
	volatile u32 ctrl, value, reload, interrupt;
};
#define TIMER ((struct cmsdk_timer *)0x40000000)

const u32 board_hz = 25000000;

u32 board_ticks(void)
{
	if (!(TIMER->ctrl & 1)) {
		TIMER->reload = TIMER->value = ~0u;
		TIMER->ctrl = 1;
	}
	return ~TIMER->value;
}
