/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first instructions of a Cortex-M: vectors, memory as C expects it, main. */
#include "board.h"

#define FAULTED 99 /* status: the firmware itself did what the processor refuses */

extern u32 ram_data_start[], ram_data_end[], ram_zero_start[], ram_zero_end[], stack_top[];
extern const u32 rom_data_start[];

int main(void);

_Noreturn void reset(void)
{
	const u32 *from = rom_data_start;
	u32 *to;

	for (to = ram_data_start; to < ram_data_end;)
		*to++ = *from++;
	for (to = ram_zero_start; to < ram_zero_end;)
		*to++ = 0;
	board_exit((u8)main());
}

static void faulted(void)
{
	board_exit(FAULTED);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
	stack_top,
	(const void *)reset,
	[2 ... 15] = (const void *)faulted,
};
