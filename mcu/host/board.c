/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host as a board: stdin and stdout are the line. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

static u8 in[4096];
static ssize_t in_at, in_end;

const u32 board_hz = 1000000;

void board_start(void)
{
}

u32 board_ticks(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u32)((u64)t.tv_sec * board_hz + (u64)t.tv_nsec / 1000);
}

void board_put(u8 byte)
{
	putchar(byte);
}

_Bool board_waiting(void)
{
	struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};

	return in_at < in_end || poll(&ready, 1, 0) > 0;
}

s16 board_get(void)
{
	if (in_at == in_end) {
		fflush(stdout);
		in_at = 0;
		in_end = read(STDIN_FILENO, in, sizeof(in));
		if (in_end <= 0) {
			in_end = 0;
			return -1;
		}
	}
	return in[in_at++];
}

_Noreturn void board_exit(u8 status)
{
	exit(status);
}
