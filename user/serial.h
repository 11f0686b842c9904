/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of text, and bytes, to and from a device at a serial port. */
#ifndef BPFVM_SERIAL_H
#define BPFVM_SERIAL_H

#include <termios.h>

#include "bpfvm.h"

#define BPFVM_SERIAL_LINE 512 /* bytes; what is longer is cut */

struct bpfvm_serial {
	int fd;
	bool is_tty;
	struct termios before; /* how the terminal was */
	bool too_long;	/* what comes belongs to a line that was cut */
	u32 filled; /* bytes of `bytes` */
	char bytes[BPFVM_SERIAL_LINE];
};

/*
 * Opens a terminal device at `baud` bits per second, a unix socket, or HOST:PORT, as emulators
 * offer them. -ENOENT and its like, -ENOTTY, -EINVAL (a speed that there is not), -EBUSY.
 */
int bpfvm_serial__open(struct bpfvm_serial *serial, const char *port, u32 baud,
		       struct bpfvm_error *err);

/* A terminal is again what it was. */
void bpfvm_serial__close(struct bpfvm_serial *serial);

/* -EIO and its like, -ETIMEDOUT if nothing takes the bytes, -EINTR after a signal. */
int bpfvm_serial__write(struct bpfvm_serial *serial, const void *bytes, size_t size);

/* The time in so many milliseconds. */
u64 bpfvm_serial__after(u32 ms);

/*
 * The next line that is not empty, without its end; what cannot be printed is a `?`. -ETIMEDOUT if
 * there is none at the time `end`, whatever else may come; -EPIPE, -EINTR, -EIO and its like.
 */
int bpfvm_serial__line(struct bpfvm_serial *serial, char line[BPFVM_SERIAL_LINE], u64 end);

#endif
