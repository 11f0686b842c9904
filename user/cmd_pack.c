/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader pack`: writes a linked guest into a file, so that nobody needs the object again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_c_array.h"
#include "cli_guest.h"
#include "cli_options.h"

struct options {
	const char *file, *prog, *output;
	bool strip, c_array, unchecked;
};

static const struct argp_option table[] = {
	{"output", 'o', "FILE", 0, "Write to FILE; default: FILE with .img or .h in place of .o", 1},
	{"prog", CLI_KEY_PROG, "NAME", 0, "Which program; default: the first in the file", 1},
	{"strip", CLI_KEY_STRIP, NULL, 0, "Without source lines and types", 1},
	{"c-array", CLI_KEY_C_ARRAY, NULL, 0,
	 "As a header of C, to be compiled into a firmware; implies --strip", 1},
	{"unchecked", CLI_KEY_UNCHECKED, NULL, 0,
	 "Pack what the checker refuses, such as calls of a firmware's own helpers", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case CLI_KEY_STRIP:
		o->strip = true;
		return 0;
	case CLI_KEY_C_ARRAY:
		o->strip = o->c_array = true;
		return 0;
	case CLI_KEY_UNCHECKED:
		o->unchecked = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_pack, &o->file, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		cli_usage(&cmd_pack, "pack: no FILE given");
	}
	return ARGP_ERR_UNKNOWN;
}

/* --- the file --- */

static char *join(const char *a, size_t n, const char *b)
{
	char *text = NULL;

	if (asprintf(&text, "%.*s%s", (int)n, a, b) < 0)
		cli_no_memory();
	return text;
}

static char *output_of(const struct options *o)
{
	size_t n = strlen(o->file);

	if (o->output)
		return join(o->output, strlen(o->output), "");
	if (n > 2 && !strcmp(o->file + n - 2, ".o"))
		n -= 2;
	return join(o->file, n, o->c_array ? ".h" : ".img");
}

static int write_all(int fd, const u8 *bytes, u32 size)
{
	int ret = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (u32 at = 0; !ret && at < size; at += n > 0 ? (u32)n : 0) {
		n = write(fd, bytes + at, size - at);
		if (n < 0 && errno != EINTR)
			ret = -errno;
	}
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

static int create(const char *path, int flags)
{
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
}

/* Whether what is printed would be in the image, or behind it. */
static bool is_stdout(const char *path)
{
	struct stat file, out;

	return !stat(path, &file) && !fstat(STDOUT_FILENO, &out) && file.st_dev == out.st_dev &&
	       file.st_ino == out.st_ino;
}

/*
 * A file is there as a whole or not at all; what is no file, like a pipe, is written to, and so is
 * what a link leads to: to put a file in the place of /dev/stdout would be a mistake.
 */
static int write_file(const char *path, const u8 *bytes, u32 size)
{
	char suffix[32], *part;
	struct stat st;
	int ret;

	if (is_stdout(path))
		return write_all(dup(STDOUT_FILENO), bytes, size);
	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return write_all(create(path, O_TRUNC), bytes, size);
	snprintf(suffix, sizeof(suffix), ".%d", (int)getpid());
	part = join(path, strlen(path), suffix);
	ret = write_all(create(part, O_EXCL), bytes, size);
	if (!ret && rename(part, path))
		ret = -errno;
	if (ret && ret != -EEXIST)
		unlink(part);
	free(part);
	return ret;
}

/* --- the command --- */

static void report(const struct bpfvm_image *image, const char *path, u32 size)
{
	if (cli.format == CLI_TEXT) {
		printf("%s: %s, %u instructions, %u map%s, %u bytes\n", path, image->name,
		       image->len, image->maps, image->maps == 1 ? "" : "s", size);
		return;
	}
	cli_json(cli_pack("{s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:b}", "file", cli_string(path),
			  "program", cli_string(image->name), "section",
			  cli_string(image->section), "kind", cli_kind_name(image->kind),
			  "instructions", (json_int_t)image->len, "maps", (json_int_t)image->maps,
			  "bytes", (json_int_t)size, "debug", image->btf != NULL));
}

/* An image as a file: the bytes as they are, or as C. */
static int write_image(const struct options *o, const struct bpfvm_image *image, const char *path,
		       const u8 *bytes, u32 size)
{
	char *text;
	int ret;

	if (!o->c_array)
		return write_file(path, bytes, size);
	text = cli_c_array(image, bytes, size);
	ret = write_file(path, (const u8 *)text, (u32)strlen(text));
	free(text);
	return ret;
}

static int pack(const struct options *o, struct bpfvm_image *image)
{
	char *path = output_of(o);
	int code = o->unchecked ? CLI_OK : cli_check(image), ret;
	u8 *bytes = NULL;
	u32 size = 0;

	if (o->strip)
		bpfvm_image__strip(image);
	if (!code) {
		ret = bpfvm_image__pack(image, &bytes, &size);
		if (!ret)
			ret = write_image(o, image, path, bytes, size);
		if (ret) {
			cli_error("name another file with -o", "%s: %s", path, strerror(-ret));
			code = CLI_FAILED;
		}
	}
	if (!code && !is_stdout(path))
		report(image, path, size);
	free(bytes);
	free(path);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {0};
	struct bpfvm_error err = {0};
	struct bpfvm_image *image;
	int code;

	cli_parse(&cmd_pack, argc, argv, &o);
	if (bpfvm_image__open(o.file, o.prog, &image, &err))
		return cli_fail(&err);
	code = pack(&o, image);
	bpfvm_image__free(image);
	return code;
}

const struct cli_command cmd_pack = {
	.name = "pack",
	.arguments = "FILE",
	.summary = "Write a linked guest into a file of its own",
	.details = "The image holds one program with its functions, data and maps, linked and "
		   "checked, with a checksum; every command takes it in place of an object, and "
		   "firmware executes it where it lies.\n\n"
		   "Examples:\n"
		   "  loader pack fib.o\n"
		   "  loader pack filters.o --prog drop_udp --strip -o drop_udp.img\n"
		   "  loader pack fib.o --c-array -o firmware/fib.h",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
