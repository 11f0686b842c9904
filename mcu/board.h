/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a port offers to a firmware on its board: one serial line, a counter of time, an end. The
 * core needs none of it.
 */
#ifndef BPFVM_BOARD_H
#define BPFVM_BOARD_H

#include "types.h"

/* Called once by main, before anything else of this file. */
void board_start(void);

/* Puts a byte on the line; waits until there is room. */
void board_put(u8 byte);

/* The next byte from the line; waits for it. -1: there will be none. */
s16 board_get(void);

/* Whether board_get would not wait. */
_Bool board_waiting(void);

/* Counts up with the port's BOARD_HZ and wraps at 32 bits: only differences mean something. */
u32 board_ticks(void);
extern const u32 board_hz;

/* Ends the firmware; an emulator ends with this status, 0 to 127. */
_Noreturn void board_exit(u8 status);

#endif
