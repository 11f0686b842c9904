/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Receives an image in the frames of frame.h. The hooks go on meanwhile. */
#include "crc32.h"
#include "firmware.h"
#include "frame.h"

static struct {
	struct request request;
	_Bool active, begun;
	u8 number; /* of the next frame */
	u32 got;   /* bytes of the image */
	u32 filled;
	u64 heard; /* when something of a frame came last */
	u8 frame[FRAME_HEAD + FRAME_DATA + FRAME_TAIL];
} load;

_Bool load_active(void)
{
	return load.active;
}

void load_start(const struct request *request)
{
	load.request = *request;
	load.active = 1;
	load.begun = 0;
	load.number = 0;
	load.got = 0;
	load.heard = now_ms();
}

static void tell(const char *what, u8 number)
{
	put(what);
	put_number(number);
	row_end();
}

static void refuse(const struct refusal *refusal)
{
	put("error: REFUSED: insn ");
	put_number(refusal->pc);
	put(": ");
	put(refusal->reason);
	row_end();
}

static void finish(void)
{
	struct refusal refusal = container_install(&load.request);

	load.active = 0;
	if (refusal.answer == ANSWER_REFUSED)
		refuse(&refusal);
	else if (refusal.answer)
		answer_error(refusal.answer);
	else
		answer_ok();
}

static u32 frame_bytes(void)
{
	return load.frame[1] + 1u;
}

static _Bool frame_good(void)
{
	u32 size = FRAME_HEAD + frame_bytes(), crc = 0;

	for (u32 i = 0; i < FRAME_TAIL; i++)
		crc |= (u32)load.frame[size + i] << 8 * i;
	return crc == vm_crc32(0, load.frame, size);
}

static void take_frame(void)
{
	u32 bytes = frame_bytes();

	if (load.frame[0] == (u8)(load.number - 1)) { /* the answer to it was lost */
		tell("+ ", load.frame[0]);
		return;
	}
	if (load.frame[0] != load.number || bytes > load.request.size - load.got) {
		tell("- ", load.number);
		return;
	}
	__builtin_memcpy(container_image() + load.got, load.frame + FRAME_HEAD, bytes);
	load.got += bytes;
	tell("+ ", load.number++);
	if (load.got == load.request.size)
		finish();
}

/*
 * What comes between frames is not heard: a sender that has given up, and asks who is there, would
 * else keep itself waiting. What is too long is damaged, silence will end it.
 */
void load_byte(u8 byte)
{
	if (!load.begun && byte != FRAME_BEGIN)
		return;
	load.heard = now_ms();
	if (!load.begun) {
		load.begun = 1;
		load.filled = 0;
		return;
	}
	if (load.filled == sizeof(load.frame))
		return;
	load.frame[load.filled++] = byte;
	if (load.filled >= FRAME_HEAD &&
	    load.filled == FRAME_HEAD + frame_bytes() + FRAME_TAIL && frame_good()) {
		load.begun = 0;
		take_frame();
	}
}

void load_poll(void)
{
	u64 quiet;

	if (!load.active)
		return;
	quiet = now_ms() - load.heard;
	if (load.begun && quiet > FRAME_QUIET) {
		load.begun = 0;
		tell("- ", load.number);
	} else if (quiet > LOAD_QUIET) {
		load.active = 0;
		answer_error(ANSWER_SILENCE);
	}
}
