/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What r1 of a guest points to at each hook of the example firmware; for the firmware, and for the
 * guests that clang compiles. Pointers are 64 bits wide in both, whatever the device is.
 */
#ifndef BPFVM_FIRMWARE_CONTEXTS_H
#define BPFVM_FIRMWARE_CONTEXTS_H

#include "../../include/embed.h"

/* Hook `tick`: time has passed. r0 is only noted. */
struct tick {
	u64 number; /* how many there were */
	u64 uptime; /* milliseconds */
};

/* Hook `sample`: the sensor was read. r0: 0 keeps the value, anything else drops it. */
struct sample {
	BPFVM_POINTER(const s32, history); /* values that were kept, the oldest first; read-only */
	u32 count;			   /* of them */
	s32 value;
	u64 number; /* how many samples there were */
};

/*
 * Hook `packet`: the same layout as Linux's struct xdp_md, so that an XDP program is a guest here,
 * too: addresses have 32 bits on a device as small as this one. r0 is an XDP verdict.
 */
struct packet {
	u32 data, data_end, data_meta;
	u32 ingress_ifindex, rx_queue_index, egress_ifindex;
};

/* The firmware's own helpers, beside those of helpers.def that it has. */
enum {
	HELPER_SAY = 300,   /* (text, size): a line on the console; 0 or SAY_EAGAIN */
	HELPER_OUTPUT = 301 /* (value): sets the device's output; not for every tenant */
};

#define SAY_SIZE   80	 /* bytes of such a line; the rest is not shown */
#define SAY_LINES  2	 /* in one run; then the answer is */
#define SAY_EAGAIN (-11LL)

#endif
