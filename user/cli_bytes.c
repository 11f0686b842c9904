/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes that a user gives to a guest: hex digits on the command line, or a file. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool cli_hex_bytes(const char *text, u8 *data, u32 *size)
{
	for (*size = 0; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (digit(text[0]) < 0 || digit(text[1]) < 0)
			return false;
		data[(*size)++] = (u8)(digit(text[0]) << 4 | digit(text[1]));
		text++;
	}
	return true;
}

/* Reads on until the end of the file, or one byte more than fits. */
static int read_all(FILE *file, struct cli_bytes *bytes)
{
	size_t n, room = 0, used = 0;

	do {
		u8 *more;

		room = room ? room * 4 : 65536;
		more = realloc(bytes->data, room);
		if (!more)
			cli_no_memory();
		bytes->data = more;
		n = fread(more + used, 1, room - used, file);
		used += n;
	} while (used == room && used <= CLI_BYTES_MAX);
	bytes->size = (u32)used;
	if (used > CLI_BYTES_MAX)
		return -EFBIG;
	return ferror(file) ? -errno : 0;
}

static int read_file(const char *option, const char *path, struct cli_bytes *bytes)
{
	FILE *file = fopen(path, "rb");
	int err = file ? read_all(file, bytes) : -errno;

	if (file)
		fclose(file);
	if (!err && !bytes->size)
		err = -ENODATA;
	if (!err)
		return CLI_OK;
	free(bytes->data);
	bytes->data = NULL;
	cli_error(err == -ENODATA ? "it has to hold one byte at least"
		  : err == -EFBIG ? "at most 16 MiB fit into a region"
				  : "bytes can also be written as hex:00ff...",
		  "%s %s: %s", option, path,
		  err == -ENODATA ? "the file is empty" : strerror(-err));
	return CLI_FAILED;
}

int cli_bytes(const struct cli_command *command, const char *option, const char *arg,
	      struct cli_bytes *bytes)
{
	bytes->data = NULL;
	if (strncmp(arg, "hex:", 4))
		return read_file(option, arg, bytes);
	bytes->data = malloc(strlen(arg));
	if (!bytes->data)
		cli_no_memory();
	if (!cli_hex_bytes(arg + 4, bytes->data, &bytes->size) || !bytes->size) {
		free(bytes->data);
		cli_usage(command, "%s %.40s: not pairs of hex digits", option, arg);
	}
	return CLI_OK;
}
