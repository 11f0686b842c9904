/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An ATmega1284P with a crystal of 16 MHz: its first UART at 2 Mbit/s, and timer 1 for the time. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <util/atomic.h>

#include "board.h"

const u32 board_hz = F_CPU / 1024;

static volatile u16 wraps; /* of timer 1 */

ISR(TIMER1_OVF_vect)
{
	wraps++;
}

void board_start(void)
{
	UCSR0A = _BV(U2X0);
	UBRR0 = F_CPU / 8 / 2000000 - 1;
	UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
	UCSR0B = _BV(RXEN0) | _BV(TXEN0);
	TCCR1B = _BV(CS12) | _BV(CS10);
	TIMSK1 = _BV(TOIE1);
	sei();
}

u32 board_ticks(void)
{
	u32 high;
	u16 low;

	ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
	{
		low = TCNT1;
		high = wraps;
		/* it has wrapped since interrupts are off */
		if (TIFR1 & _BV(TOV1) && low < 0x8000)
			high++;
	}
	return high << 16 | low;
}

void board_put(u8 byte)
{
	while (!(UCSR0A & _BV(UDRE0)))
		;
	UCSR0A |= _BV(TXC0); /* cleared by a 1; board_exit waits for it */
	UDR0 = byte;
}

_Bool board_waiting(void)
{
	return UCSR0A & _BV(RXC0);
}

s16 board_get(void)
{
	while (!board_waiting())
		;
	return UDR0;
}

/* To sleep without interrupts is for ever: simavr ends, and tests/mcu/simavr.c finds the status. */
_Noreturn void board_exit(u8 status)
{
	while (!(UCSR0A & _BV(UDRE0)))
		;
	GPIOR0 = status;
	cli();
	for (;;)
		sleep_mode();
}
