/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Images on a serial line, for the firmware that receives them and for `loader push`: frames that
 * may get lost or damaged.
 *
 *	u8 FRAME_BEGIN; u8 number, counting from 0; u8 bytes - 1; the bytes; u32 CRC-32 of all this
 *	but the first, little-endian
 *
 * Each is answered by a line: "+ NUMBER" if it came, "- NUMBER" if that one has to be sent again. A
 * sender waits for the answer, so silence ends whatever came instead of a frame.
 */
#ifndef BPFVM_FIRMWARE_FRAME_H
#define BPFVM_FIRMWARE_FRAME_H

enum {
	FRAME_BEGIN = 1,
	FRAME_HEAD = 2,	   /* number, bytes */
	FRAME_DATA = 256,  /* most bytes of the image in one */
	FRAME_TAIL = 4,	   /* CRC */
	FRAME_QUIET = 300, /* milliseconds after which a frame is at its end */
	LOAD_QUIET = 2000, /* and after which nothing more is expected */
};

#endif
