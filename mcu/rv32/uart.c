/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The serial line of QEMU's `virt`: a 16550, which needs no setting up there. */
#include "board.h"
#include "semihosting/semihosting.h"

#define UART ((volatile u8 *)0x10000000)
#define DATA UART[0]
#define LINE_STATUS UART[5]

enum {
	STATUS_RECEIVED = 0x01,
	STATUS_TX_EMPTY = 0x20,
};

void board_start(void)
{
}

void board_put(u8 byte)
{
	while (!(LINE_STATUS & STATUS_TX_EMPTY))
		;
	DATA = byte;
}

_Bool board_waiting(void)
{
	return LINE_STATUS & STATUS_RECEIVED;
}

s16 board_get(void)
{
	while (!board_waiting())
		;
	return DATA;
}

_Noreturn void board_exit(u8 status)
{
	semihosting_exit(status);
}
