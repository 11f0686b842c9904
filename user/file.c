/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the files that guests come in: objects and images. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

static int read_all(struct bpfvm_file *file, int fd, struct bpfvm_error *err)
{
	size_t room = 0;
	ssize_t n;

	do {
		if (file->size == room) {
			u8 *bytes = realloc(file->bytes, room = room ? 2 * room : 1 << 16);

			if (!bytes)
				return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory",
							file->path);
			file->bytes = bytes;
		}
		n = read(fd, file->bytes + file->size, room - file->size);
		if (n < 0 && errno != EINTR)
			return bpfvm_error__set(err, -errno, NULL, "%s: %s", file->path,
						strerror(errno));
		file->size += n > 0 ? (size_t)n : 0;
		if (file->size > BPFVM_FILE_MAX)
			return bpfvm_error__set(err, -EFBIG, HINT_COMPILE,
						"%s: larger than 32 MiB, no object file",
						file->path);
	} while (n);
	return 0;
}

int bpfvm_file__read(struct bpfvm_file *file, const char *path, struct bpfvm_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = -errno;

	*file = (struct bpfvm_file){.path = path};
	if (fd < 0)
		return bpfvm_error__set(err, ret,
					ret == -ENOENT ? "check the name; is it built?" : NULL,
					"%s: %s", path, strerror(-ret));
	ret = read_all(file, fd, err);
	close(fd);
	if (ret)
		free(file->bytes);
	return ret;
}
