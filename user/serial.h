/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of text, and bytes, to and from a device at a serial port. */
#ifndef BPFVM_SERIAL_H
#define BPFVM_SERIAL_H

#include "bpfvm.h"

#define BPFVM_SERIAL_LINE 512 /* bytes; what is longer is cut */

struct bpfvm_serial {
	int fd;
	u32 filled; /* bytes of `bytes` */
	char bytes[BPFVM_SERIAL_LINE];
};

/*
 * Opens a terminal device at `baud` bits per second, a unix socket, or HOST:PORT, as emulators
 * offer them. -ENOENT and its like, -ENOTTY, -EINVAL (a speed that there is not), -EBUSY.
 */
int bpfvm_serial__open(struct bpfvm_serial *serial, const char *port, u32 baud,
		       struct bpfvm_error *err);
void bpfvm_serial__close(struct bpfvm_serial *serial);

/* -EIO and its like, -ETIMEDOUT if nothing takes the bytes. */
int bpfvm_serial__write(struct bpfvm_serial *serial, const void *bytes, size_t size);

/* The next line that is not empty, without its end. -ETIMEDOUT, -EPIPE, -EIO and its like. */
int bpfvm_serial__line(struct bpfvm_serial *serial, char line[BPFVM_SERIAL_LINE], u32 timeout_ms);

#endif
