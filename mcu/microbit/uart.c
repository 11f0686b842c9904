/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The serial line of the micro:bit: the nRF51's UART, on the pins that lead to USB. */
#include "board.h"
#include "semihosting/semihosting.h"

#define UART 0x40002000
#define REG(offset) (*(volatile u32 *)(UART + (offset)))
#define TASKS_STARTRX REG(0x000)
#define TASKS_STARTTX REG(0x008)
#define EVENTS_RXDRDY REG(0x108)
#define EVENTS_TXDRDY REG(0x11c)
#define ENABLE REG(0x500)
#define PIN_TX REG(0x50c)
#define PIN_RX REG(0x514)
#define RXD REG(0x518)
#define TXD REG(0x51c)
#define BAUDRATE REG(0x524)

void board_start(void)
{
	PIN_TX = 24;
	PIN_RX = 25;
	BAUDRATE = 0x01d7e000; /* 115200 */
	ENABLE = 4;
	TASKS_STARTRX = 1;
	TASKS_STARTTX = 1;
}

void board_put(u8 byte)
{
	EVENTS_TXDRDY = 0;
	TXD = byte;
	while (!EVENTS_TXDRDY)
		;
}

_Bool board_waiting(void)
{
	return EVENTS_RXDRDY;
}

s16 board_get(void)
{
	while (!EVENTS_RXDRDY)
		;
	EVENTS_RXDRDY = 0; /* before the byte is taken: taking it lets the next one in */
	return (u8)RXD;
}

_Noreturn void board_exit(u8 status)
{
	semihosting_exit(status);
}
