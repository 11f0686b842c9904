/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A machine pinned in a directory of a bpf file system: found, made, repaired, one session at a
 * time.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "session.h"

/* The pinned objects by name; `fd` points into the session. */
#define PINS (BPFVM_MAPS + BPFVM_ENTRIES)

static int *pin(struct bpfvm_session *s, size_t i, const char **name)
{
	size_t size;

	if (i >= BPFVM_MAPS) {
		*name = bpfvm_machine_entries[i - BPFVM_MAPS];
		return &s->entry_fd[i - BPFVM_MAPS];
	}
	*name = bpfvm_session__map(s, i, &size);
	return &s->map_fd[i];
}

void bpfvm_pin__close(struct bpfvm_session *s)
{
	const char *name;

	for (size_t i = 0; i < PINS; i++) {
		if (*pin(s, i, &name) > 0)
			close(*pin(s, i, &name));
		*pin(s, i, &name) = 0;
	}
}

void bpfvm_pin__drop_link(const char *path)
{
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return;
	bpf_link_detach(fd); /* now; without the pin, the kernel would do it at its leisure */
	close(fd);
	unlink(path);
}

/* Removes what is pinned of the machine: first what lets the kernel call it. */
static void unpin(struct bpfvm_session *s)
{
	char pattern[PATH_MAX];
	const char *name;
	glob_t links;

	snprintf(pattern, sizeof(pattern), "%s/" BPFVM_LINK_PREFIX "*", s->dir);
	if (!glob(pattern, GLOB_NOSORT, NULL, &links)) {
		for (size_t i = 0; i < links.gl_pathc; i++)
			bpfvm_pin__drop_link(links.gl_pathv[i]);
		globfree(&links);
	}
	for (size_t i = 0; i < PINS; i++) {
		pin(s, i, &name);
		unlinkat(s->lock, name, 0);
	}
}

void bpfvm_pin__remove(struct bpfvm_session *s)
{
	unpin(s);
	rmdir(s->dir);
}

/* Whether a pinned map is as large as this build makes it. */
static bool fits(const struct bpfvm_session *s, size_t i)
{
	struct bpf_map_info info;
	u32 len = sizeof(info);
	size_t size;

	memset(&info, 0, sizeof(info));
	bpfvm_session__map(s, i, &size);
	return !bpf_obj_get_info_by_fd(s->map_fd[i], &info, &len) &&
	       (u64)info.max_entries * info.value_size >= size;
}

/* Whether the pinned machine is this build's, all its maps being there. */
static bool is_ours(const struct bpfvm_session *s)
{
	const struct bpfvm_constants *constants;
	u64 build;

	for (size_t i = 0; i < BPFVM_MAPS; i++)
		if (!fits(s, i))
			return false;
	constants = mmap(NULL, sizeof(*constants), PROT_READ, MAP_SHARED,
			 s->map_fd[BPFVM_MAP_CONSTANTS], 0);
	if (constants == MAP_FAILED)
		return false;
	build = constants->build;
	munmap((void *)constants, sizeof(*constants));
	return build == bpfvm_machine__build();
}

/*
 * The fds of a machine that is wholly pinned; -ENOENT if it is not, -ESTALE if it is another
 * build's.
 */
static int get_pins(struct bpfvm_session *s)
{
	char path[PATH_MAX];
	const char *name;
	int ret = 0;

	for (size_t i = 0; i < PINS; i++) {
		int *fd = pin(s, i, &name);

		snprintf(path, sizeof(path), "%s/%s", s->dir, name);
		*fd = bpf_obj_get(path);
		if (*fd < 0)
			ret = -ENOENT;
	}
	if (!ret && !is_ours(s))
		ret = -ESTALE;
	if (ret)
		bpfvm_pin__close(s);
	return ret;
}

int bpfvm_pin__set(struct bpfvm_session *s, struct bpfvm_error *err)
{
	char path[PATH_MAX];
	const char *name;

	for (size_t i = 0; i < PINS; i++) {
		int fd = *pin(s, i, &name), ret;

		snprintf(path, sizeof(path), "%s/%s", s->dir, name);
		ret = bpf_obj_pin(fd, path);
		if (ret) {
			unpin(s);
			return bpfvm_error__set(err, ret, NULL, "%s: cannot be pinned: %s", path,
						strerror(-ret));
		}
	}
	return 0;
}

static int open_directory(const char *dir, bool make, bool *made, struct bpfvm_error *err)
{
	int fd;

	*made = make && !mkdir(dir, 0700);
	if (make && !*made && errno != EEXIST)
		return bpfvm_error__set(err, -errno, "mount -t bpf bpf /sys/fs/bpf",
					"%s: %s", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? bpfvm_error__set(err, -errno, NULL, "%s: %s", dir, strerror(errno)) : fd;
}

/* Whether the directory is still the one at this path: its last user removes it. */
static bool is_at(int fd, const char *dir)
{
	struct stat held, there;

	return !fstat(fd, &held) && !stat(dir, &there) && held.st_ino == there.st_ino &&
	       held.st_dev == there.st_dev;
}

/* Takes the lock of the directory, which is made if it is not there and `make` says so. */
static int lock_directory(struct bpfvm_session *s, const char *dir, bool make,
			  struct bpfvm_error *err)
{
	struct statfs fs;
	bool made;

	for (;;) {
		s->lock = open_directory(dir, make, &made, err);
		if (s->lock < 0)
			return s->lock;
		if (fstatfs(s->lock, &fs) || fs.f_type != BPF_FS_MAGIC) {
			if (made)
				rmdir(dir);
			return bpfvm_error__set(err, -EINVAL,
						"mount -t bpf bpf /sys/fs/bpf, and name a "
						"directory below",
						"%s: not in a bpf file system", dir);
		}
		if (flock(s->lock, LOCK_EX))
			return bpfvm_error__set(err, -errno, NULL, "%s: cannot be locked: %s", dir,
						strerror(errno));
		if (is_at(s->lock, dir))
			return 0;
		close(s->lock);
	}
}

int bpfvm_pin__find(struct bpfvm_session *s, const char *dir, bool make, struct bpfvm_error *err)
{
	int ret;

	s->dir = strdup(dir);
	if (!s->dir)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", dir);
	ret = lock_directory(s, dir, make, err);
	if (ret)
		return ret;
	ret = get_pins(s);
	if (ret == -ESTALE)
		return bpfvm_error__set(err, ret, "name another directory, or remove this one",
					"%s: a machine of another build is pinned there", dir);
	if (ret)
		unpin(s); /* what a killed process may have left of one */
	return ret;
}
