/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The example firmware: guests of two tenants at three hooks, and a shell on the serial line. */
#include "firmware.h"

#define TURN_BYTES 64

/* Whatever comes over the line, the hooks have their turn. */
static void serve_line(void)
{
	s16 byte;

	for (u32 i = 0; i < TURN_BYTES && board_waiting(); i++) {
		byte = board_get();
		if (byte < 0)
			board_exit(0);
		if (load_active())
			load_byte((u8)byte);
		else
			shell_byte((u8)byte);
	}
}

int main(void)
{
	board_start();
	time_start();
	containers_start();
	hooks_start();
	put("bpfvm: ready; `help` lists the verbs");
	row_end();
	for (;;) {
		serve_line();
		load_poll();
		hooks_poll();
	}
}
