/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to the shell of a device, and images in the frames of mcu/firmware/frame.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../mcu/firmware/frame.h"
#include "crc32.h"
#include "device.h"

#define ANSWER_MS    3000
#define ANSWER_LINES 1000 /* what is longer has no end */
#define GREET_MS     1000
#define GREETINGS    4
#define QUIET_MS     300
#define FRAME_MS     1000 /* without an answer a frame is sent again */
#define TRIES	     5	  /* of each frame */
#define HINT_SHELL   "is this the shell of mcu/firmware?"

_Static_assert((GREETINGS - 1) * GREET_MS > LOAD_QUIET + FRAME_QUIET,
	       "a device that waits for an image hears the last greeting");
_Static_assert(FRAME_MS > FRAME_QUIET && FRAME_MS < LOAD_QUIET, "it waits for a second copy");

static int port_error(const struct bpfvm_device *d, int ret, struct bpfvm_error *err)
{
	if (ret == -EBADMSG)
		return bpfvm_error__set(err, ret, "is --baud its speed, is the cable good?",
					"%s: the device got none of %u copies of a frame", d->port,
					TRIES);
	if (ret == -ETIMEDOUT)
		return bpfvm_error__set(err, ret,
					"is the firmware running, is --baud its speed, does "
					"another program read this port?",
					"%s: no answer from the device", d->port);
	return bpfvm_error__set(err, ret, "was the device unplugged, or the emulator ended?",
				"%s: %s", d->port,
				ret == -EPIPE || ret == -EIO || ret == -ECONNRESET ?
					"the device is gone" :
					strerror(-ret));
}

/* The next line of an answer, until `end`; news go where they belong. */
static int next_line(struct bpfvm_device *d, char line[BPFVM_SERIAL_LINE], u64 end)
{
	int ret;

	do {
		ret = bpfvm_serial__line(&d->serial, line, end);
		if (!ret && strchr("!:", *line))
			d->news(line);
	} while (!ret && strchr("!:", *line));
	return ret;
}

/* The same, within the time that a device takes to answer, however much news there is. */
static int next_answer(struct bpfvm_device *d, char line[BPFVM_SERIAL_LINE])
{
	return next_line(d, line, bpfvm_serial__after(ANSWER_MS));
}

static int say(struct bpfvm_device *d, const char *line)
{
	int ret = bpfvm_serial__write(&d->serial, line, strlen(line));

	return ret ? ret : bpfvm_serial__write(&d->serial, "\n", 1);
}

static const char *hint_of(const char *name)
{
	static const struct {
		const char *name, *hint;
	} hints[] = {
		{"CRC", "it was damaged on its way or before; pack it again"},
		{"HOOK", "choose one with --hook; `--ask hooks` lists them"},
		{"TENANT", "choose one with --tenant, or another --name"},
		{"CONTAINER", "without a FILE the containers are listed"},
		{"FULL", "free one: --ask 'remove NAME'"},
		{"ROOM", "`--ask info` shows how large an image may be"},
		{"MAPS", "this firmware has no maps; use its key-value store"},
		{"MEMORY", "`--ask info` shows how much .data a guest may have"},
		{"REFUSED", "`loader check` looks at guests without a device"},
		{"TRAPPED", "`--ask stat` tells where"},
		{"NAME", "choose another one with --name"},
	};

	for (u32 i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (!strncmp(name, hints[i].name, strlen(hints[i].name)) &&
		    name[strlen(hints[i].name)] == ':')
			return hints[i].hint;
	return "`--ask help` lists what the device understands";
}

/* "error: NAME: sentence"; 0 if it is none. */
static int refused(const struct bpfvm_device *d, const char *line, struct bpfvm_error *err)
{
	if (strncmp(line, "error: ", 7))
		return 0;
	return bpfvm_error__set(err, -EREMOTEIO, hint_of(line + 7), "%s: the device says: %s",
				d->port, line + 7);
}

int bpfvm_device__ask(struct bpfvm_device *device, const char *question,
		      void (*take)(const char *line, void *arg), void *arg,
		      struct bpfvm_error *err)
{
	char line[BPFVM_SERIAL_LINE];
	int ret = say(device, question);

	for (u32 i = 0; !ret && i < ANSWER_LINES; i++) {
		ret = next_answer(device, line);
		if (ret)
			break;
		if (!strcmp(line, "ok"))
			return 0;
		ret = refused(device, line, err);
		if (ret)
			return ret;
		take(line, arg);
	}
	return ret ? port_error(device, ret, err) :
		     bpfvm_error__set(err, -EPROTO, HINT_SHELL,
				      "%s: an answer of more than %u lines", device->port,
				      ANSWER_LINES);
}

/* --- greeting -------------------------------------------------------------------------------- */

/* Whether the device answers a question; what is left of older ones is skipped. */
static int greet(struct bpfvm_device *d)
{
	static const char *const expected[] = {"KEY VALUE", "ok"};
	char line[BPFVM_SERIAL_LINE];
	u64 end = bpfvm_serial__after(GREET_MS);
	int ret = say(d, "\ninfo");

	for (u32 i = 0; !ret && i < 2;) {
		ret = next_line(d, line, end);
		i += !ret && !strcmp(line, expected[i]);
	}
	return ret;
}

/* Reads what else the device says to greetings that it was late to answer. */
static int drain(struct bpfvm_device *d)
{
	char line[BPFVM_SERIAL_LINE];
	u64 end = bpfvm_serial__after(ANSWER_MS);
	int ret = 0;

	while (!ret) {
		u64 quiet = bpfvm_serial__after(QUIET_MS);

		ret = next_line(d, line, quiet < end ? quiet : end);
	}
	return ret == -ETIMEDOUT ? 0 : ret;
}

int bpfvm_device__open(struct bpfvm_device *device, const char *port, u32 baud,
		       void (*news)(const char *line), struct bpfvm_error *err)
{
	int ret = bpfvm_serial__open(&device->serial, port, baud, err);

	if (ret)
		return ret;
	device->port = port;
	device->news = news;
	ret = greet(device);
	for (u32 i = 1; i < GREETINGS && ret == -ETIMEDOUT; i++) {
		ret = greet(device);
		if (!ret)
			ret = drain(device);
	}
	if (!ret)
		return 0;
	bpfvm_device__close(device);
	return port_error(device, ret, err);
}

void bpfvm_device__close(struct bpfvm_device *device)
{
	bpfvm_serial__close(&device->serial);
}

/* --- images ---------------------------------------------------------------------------------- */

static int send_frame(struct bpfvm_device *d, u8 number, const u8 *data, u32 size)
{
	u8 frame[1 + FRAME_HEAD + FRAME_DATA + FRAME_TAIL] = {FRAME_BEGIN, number, (u8)(size - 1)};
	u8 *tail = frame + 1 + FRAME_HEAD + size;
	u32 crc;

	memcpy(tail - size, data, size);
	crc = vm_crc32(0, frame + 1, FRAME_HEAD + size);
	for (u32 i = 0; i < FRAME_TAIL; i++)
		tail[i] = (u8)(crc >> 8 * i);
	return bpfvm_serial__write(&d->serial, frame, 1 + FRAME_HEAD + size + FRAME_TAIL);
}

/*
 * Sends a frame until the device has it. 1: it has, 0: `line` is the end of the story, or an error.
 */
static int deliver(struct bpfvm_device *d, u8 number, const u8 *data, u32 size, char *line)
{
	int ret = -ETIMEDOUT;
	unsigned int got;

	for (u32 i = 0; i < TRIES; i++) {
		u64 end = bpfvm_serial__after(FRAME_MS);

		ret = send_frame(d, number, data, size);
		if (!ret)
			ret = next_line(d, line, end);
		while (!ret && sscanf(line, "+ %u", &got) == 1 && got != number)
			ret = next_line(d, line, end); /* the second answer to an older one */
		if (ret && ret != -ETIMEDOUT)
			return ret;
		if (!ret && *line == '+')
			return 1;
		if (!ret && *line != '-')
			return 0;
	}
	return ret ? ret : -EBADMSG;
}

/* Sends all frames; the last line of the device is in `line`. */
static int send_image(struct bpfvm_device *d, const u8 *bytes, u32 size, char *line)
{
	u8 number = 0;
	int ret = 1;

	for (u32 at = 0; at < size && ret == 1; at += FRAME_DATA) {
		u32 left = size - at;

		ret = deliver(d, number++, bytes + at, left < FRAME_DATA ? left : FRAME_DATA, line);
	}
	return ret == 1 ? next_answer(d, line) : ret;
}

bool bpfvm_device__takes(const char *text, const char *also)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if ((*text <= ' ' || *text > '~') && !strchr(also, *text))
			return false;
	return true;
}

/* In a line of words each has to be one, wherever the names come from. */
static int check_place(const struct bpfvm_place *place, struct bpfvm_error *err)
{
	const char *const words[][3] = {
		{place->name, "name", "choose another one with --name"},
		{place->hook ? place->hook : place->new_hook, "hook", "choose one with --hook"},
		{place->tenant ? place->tenant : "-", "tenant", "choose one with --tenant"},
	};

	for (u32 i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!bpfvm_device__takes(words[i][0], ""))
			return bpfvm_error__set(err, -EINVAL, words[i][2],
						"the %s is empty, or not one word", words[i][1]);
	return 0;
}

int bpfvm_device__load(struct bpfvm_device *device, const struct bpfvm_place *place,
		       const u8 *bytes, u32 size, u32 *insn, struct bpfvm_error *err)
{
	char line[BPFVM_SERIAL_LINE];
	int ret;

	*insn = ~0u;
	if (check_place(place, err))
		return -EINVAL;
	snprintf(line, sizeof(line), "load %.64s %s%.64s %.64s %u", place->name,
		 place->hook ? "" : "-", place->hook ? place->hook : place->new_hook,
		 place->tenant ? place->tenant : "-", size);
	ret = say(device, line);
	if (!ret)
		ret = next_answer(device, line);
	if (!ret && !strcmp(line, "send"))
		ret = send_image(device, bytes, size, line);
	if (ret)
		return port_error(device, ret, err);
	sscanf(line, "error: REFUSED: insn %u", insn);
	if (!strcmp(line, "ok"))
		return 0;
	ret = refused(device, line, err);
	return ret ? ret :
		     bpfvm_error__set(err, -EPROTO, HINT_SHELL, "%s: an answer that is none: %s",
				      device->port, line);
}
