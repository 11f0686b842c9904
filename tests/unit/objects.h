/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects for the tests: compiled from tests/objects into a folder of their own, read, written. */
#ifndef TEST_OBJECTS_H
#define TEST_OBJECTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpfvm.h"

static char folder[64];

/* The path of a file in the tests' folder; overwritten by the next call but one. */
static inline const char *path_of(const char *name)
{
	static char paths[2][128];
	static unsigned int turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Compiles tests/objects/SOURCE.c to NAME with the compiler of the guests. */
static inline void compile(const char *source, const char *name, const char *options)
{
	const char *clang = getenv("CLANG");
	char command[512];

	snprintf(command, sizeof(command),
		 "%s -O2 -target bpf -mcpu=v3 -Wall -Werror -I/usr/include/$(uname -m)-linux-gnu "
		 "%s -c tests/objects/%s.c -o %s",
		 clang ? clang : "clang-19", options, source, path_of(name));
	if (system(command))
		fail_msg("cannot compile: %s", command);
}

static inline int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/bpfvm-objects-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* A file in memory; free with free(). */
static inline u8 *read_object(const char *name, size_t *size)
{
	FILE *file = fopen(path_of(name), "rb");
	u8 *bytes = malloc(1 << 20);

	assert_non_null(file);
	*size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static inline const char *write_object(const char *name, const u8 *bytes, size_t size)
{
	const char *path = path_of(name);
	FILE *file;

	unlink(path); /* cutting a file to nothing waits for the disk on some file systems */
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	return path;
}

/* Opening has to fail, with this code, this in the message, and one line of each. */
static inline void assert_refused(const char *path, const char *prog, int code, const char *what)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err = {0};
	int ret = bpfvm_image__open(path, prog, &image, &err);

	if (!ret)
		fail_msg("%s was opened, which should fail: %s", path, what);
	assert_null(image);
	if (ret != code || !strstr(err.text, what))
		fail_msg("%d \"%s\", not %d \"%s\"", ret, err.text, code, what);
	assert_memory_equal(err.text, path, strlen(path));
	assert_null(strpbrk(err.text, "\n"));
	assert_null(strpbrk(err.hint, "\n"));
}

#endif
