/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text and numbers on the line, and tables: rows of words with a blank between them. */
#include "firmware.h"

static _Bool in_row;

void put(const char *text)
{
	while (*text)
		board_put((u8)*text++);
}

static void put_digits(u64 value, u32 base)
{
	char digits[20];
	u8 count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count)
		board_put((u8)digits[--count]);
}

void put_number(u64 value)
{
	put_digits(value, 10);
}

void put_signed(u64 value)
{
	if ((s64)value < 0) {
		put("-");
		value = -value;
	}
	put_number(value);
}

void put_hex(u64 value)
{
	put("0x");
	put_digits(value, 16);
}

_Bool same(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (!*a)
			return 1;
	return 0;
}

static void next_cell(void)
{
	if (in_row)
		put(" ");
	in_row = 1;
}

void cell(const char *text)
{
	next_cell();
	put(text);
}

void cell_number(u64 value)
{
	next_cell();
	put_signed(value);
}

void row_end(void)
{
	put("\r\n");
	in_row = 0;
}

void answer_ok(void)
{
	put("ok");
	row_end();
}

void answer_error(enum answer answer)
{
	static const struct {
		const char *name, *sentence;
	} texts[ANSWERS] = {
#define SETUP(name, sentence) [ANSWER_##name] = {#name, sentence},
#include "setup.def"
#define ANSWER(name, sentence) [ANSWER_##name] = {#name, sentence},
#include "answers.def"
	};

	put("error: ");
	put(texts[answer].name);
	put(": ");
	put(texts[answer].sentence);
	row_end();
}
