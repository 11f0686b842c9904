/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A device with the shell of mcu/firmware, as seen from the other end of its serial line. */
#ifndef BPFVM_DEVICE_H
#define BPFVM_DEVICE_H

#include "serial.h"

struct bpfvm_device {
	const char *port;
	struct bpfvm_serial serial;
	/* Told each line that nobody asked for: traps, and what guests say. */
	void (*news)(const char *line);
};

/* Opens a port and waits for the device behind it to answer. Errors of the port; -ETIMEDOUT. */
int bpfvm_device__open(struct bpfvm_device *device, const char *port, u32 baud,
		       void (*news)(const char *line), struct bpfvm_error *err);
void bpfvm_device__close(struct bpfvm_device *device);

/* Whether a text is not empty and all of it can be printed and is no blank, or is in `also`. */
bool bpfvm_device__takes(const char *text, const char *also);

/*
 * Says a line to the shell and hands each line of its answer to `take`. -EREMOTEIO if the device
 * says that it is an error; errors of the port.
 */
int bpfvm_device__ask(struct bpfvm_device *device, const char *question,
		      void (*take)(const char *line, void *arg), void *arg,
		      struct bpfvm_error *err);

/* Where a guest is to go. */
struct bpfvm_place {
	const char *name;
	const char *hook;     /* NULL: it stays at its hook; if it is new, `new_hook` */
	const char *new_hook;
	const char *tenant; /* NULL: whose it is, or the first */
};

/*
 * Sends an image. -EREMOTEIO if the device refuses it, *insn then being the instruction that it
 * does not like, or ~0; -EINVAL for a place that cannot be said; errors of the
 * port. What was there is untouched after an error.
 */
int bpfvm_device__load(struct bpfvm_device *device, const struct bpfvm_place *place,
		       const u8 *bytes, u32 size, u32 *insn, struct bpfvm_error *err);

#endif
