/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time on the nRF51: TIMER0, its 16 MHz divided by 16 and 32 bits wide. */
#include "board.h"

#define TIMER 0x40008000
#define REG(offset) (*(volatile u32 *)(TIMER + (offset)))
#define TASKS_START REG(0x000)
#define TASKS_CAPTURE0 REG(0x040)
#define BITMODE REG(0x508)
#define PRESCALER REG(0x510)
#define CC0 REG(0x540)

const u32 board_hz = 1000000;

u32 board_ticks(void)
{
	if (PRESCALER != 4 || BITMODE != 3) {
		PRESCALER = 4;
		BITMODE = 3; /* 32 bits */
		TASKS_START = 1;
	}
	TASKS_CAPTURE0 = 1;
	return CC0;
}
