/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that guests come in: objects and images. Private to the library. */
#ifndef BPFVM_FILE_H
#define BPFVM_FILE_H

#include "bpfvm.h"

#define BPFVM_FILE_MAX (32u << 20) /* bytes; clang's objects are far below one MiB */
#define HINT_COMPILE   "compile it with: clang -O2 -g -target bpf -c file.c"
#define HINT_DAMAGED   "the file is damaged or was cut off; compile it again"

struct bpfvm_file {
	const char *path;
	u8 *bytes; /* freed by the caller */
	size_t size;
};

/* Reads a file; `path` has to stay. -ENOENT and its like, -EFBIG, -ENOMEM. */
int bpfvm_file__read(struct bpfvm_file *file, const char *path, struct bpfvm_error *err);

/* Whether it is an image and no object. */
bool bpfvm_file__is_image(const struct bpfvm_file *file);

/* The image in a file. -EINVAL, -ENOMEM. */
int bpfvm_file__unpack(const struct bpfvm_file *file, struct bpfvm_image **image,
		       struct bpfvm_error *err);

#endif
