/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The serial line of the MPS2: its first CMSDK UART. */
#include "board.h"
#include "semihosting/semihosting.h"

struct cmsdk_uart {
	volatile u32 data, state, ctrl, interrupt, divider;
};
#define UART ((struct cmsdk_uart *)0x40004000)

enum {
	STATE_TX_FULL = 1,
	STATE_RX_FULL = 2,
	CTRL_TX_ENABLE = 1,
	CTRL_RX_ENABLE = 2,
};

void board_start(void)
{
	UART->divider = 25000000 / 115200;
	UART->ctrl = CTRL_TX_ENABLE | CTRL_RX_ENABLE;
}

void board_put(u8 byte)
{
	while (UART->state & STATE_TX_FULL)
		;
	UART->data = byte;
}

_Bool board_waiting(void)
{
	return UART->state & STATE_RX_FULL;
}

s16 board_get(void)
{
	while (!board_waiting())
		;
	return (u8)UART->data;
}

_Noreturn void board_exit(u8 status)
{
	semihosting_exit(status);
}
