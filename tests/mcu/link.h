/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers and bytes on a board's serial line, little-endian whatever the board is. */
#ifndef TESTS_MCU_LINK_H
#define TESTS_MCU_LINK_H

#include "board.h"

#define LINK_ENDED 3 /* status of a firmware whose line ended within a frame */

static inline u8 link_get(void)
{
	s16 byte = board_get();

	if (byte < 0)
		board_exit(LINK_ENDED);
	return (u8)byte;
}

static inline u64 link_number(u8 size)
{
	u64 value = 0;

	for (u8 i = 0; i < size; i++)
		value |= (u64)link_get() << 8 * i;
	return value;
}

static inline void link_bytes(u8 *to, u32 size)
{
	while (size--)
		*to++ = link_get();
}

static inline void link_put(u64 value, u8 size)
{
	for (; size--; value >>= 8)
		board_put((u8)value);
}

#endif
