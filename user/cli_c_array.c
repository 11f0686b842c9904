/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Spells an image as an array of C, aligned as a machine needs it that executes it there. */
#define _GNU_SOURCE /* open_memstream */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli_c_array.h"

#define PER_LINE 16

/* A program's name is one of C, but for files that nobody compiled from C. */
static void put_name(FILE *to, const char *name)
{
	if (!name || isdigit((unsigned char)*name))
		fputc('_', to);
	for (; name && *name; name++)
		fputc(isalnum((unsigned char)*name) ? *name : '_', to);
	fputs("_image", to);
}

static void put_bytes(FILE *to, const u8 *bytes, u32 size)
{
	for (u32 i = 0; i < size; i++)
		fprintf(to, "%s0x%02x,%s", i % PER_LINE ? " " : "\t", bytes[i],
			i % PER_LINE == PER_LINE - 1 || i == size - 1 ? "\n" : "");
}

char *cli_c_array(const struct bpfvm_image *image, const u8 *bytes, u32 size)
{
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	if (!to)
		cli_no_memory();
	fprintf(to, "/* A guest of %u instructions, written by `loader pack --c-array`. */\n"
		    "static const unsigned char ", image->len);
	put_name(to, image->name);
	fprintf(to, "[%u] __attribute__((aligned(8))) = {\n", size);
	put_bytes(to, bytes, size);
	fputs("};\n", to);
	if (fclose(to))
		cli_no_memory();
	return text;
}
