/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The machine of a network: where it is pinned, when it comes and when it goes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks.h"
#include "interface.h"

/* The directory of the machine of this thread's network. */
static int machine_directory(const char *parent, char *path, struct bpfvm_error *err)
{
	struct stat network;
	int n;

	if (stat("/proc/thread-self/ns/net", &network))
		return bpfvm_error__set(err, -errno, "mount -t proc proc /proc",
					"/proc/thread-self/ns/net: %s", strerror(errno));
	n = snprintf(path, PATH_MAX, "%s/net-%lu", parent, (unsigned long)network.st_ino);
	return n < PATH_MAX ? 0 : bpfvm_error__set(err, -ENAMETOOLONG, NULL, "%s: %s", parent,
						   strerror(ENAMETOOLONG));
}

/* --- machines of networks that are gone --- */

/* The paths that a pattern in a directory stands for; freed by globfree(). */
static glob_t paths(const char *dir, const char *pattern)
{
	char text[PATH_MAX];
	glob_t found = {0};

	if (snprintf(text, sizeof(text), "%s/%s", dir, pattern) < PATH_MAX)
		glob(text, GLOB_NOSORT, NULL, &found);
	return found;
}

/* Whether there are links and none of them has an interface any more. */
static bool is_dead(const char *dir)
{
	glob_t links = paths(dir, BPFVM_LINK_PREFIX "*");
	bool dead = links.gl_pathc;

	for (size_t i = 0; i < links.gl_pathc; i++)
		dead &= !bpfvm_interface__of_link(links.gl_pathv[i]);
	globfree(&links);
	return dead;
}

static void remove_pins(const char *dir)
{
	glob_t pins = paths(dir, "*");

	for (size_t i = 0; i < pins.gl_pathc; i++)
		unlink(pins.gl_pathv[i]);
	globfree(&pins);
	rmdir(dir);
}

/* With the last interface of a network its links are dead, and nobody comes to look at them. */
static void sweep(const char *parent, const char *own)
{
	glob_t dirs = paths(parent, "net-*");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		const char *dir = dirs.gl_pathv[i];
		int fd = strcmp(dir, own) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		if (!flock(fd, LOCK_EX | LOCK_NB) && is_dead(dir))
			remove_pins(dir);
		close(fd);
	}
	globfree(&dirs);
}

/* --- the machine of this one --- */

/* The parent goes with the last machine in it, perhaps between two steps of this. */
static int open_session(const char *parent, const char *path, bool load,
			struct bpfvm_session **session, struct bpfvm_error *err)
{
	bool made;
	int ret;

	do {
		made = load && !mkdir(parent, 0700);
		if (load && !made && errno != EEXIST)
			return bpfvm_error__set(err, -errno, "mount -t bpf bpf /sys/fs/bpf",
						"%s: %s", parent, strerror(errno));
		ret = bpfvm_session__open_at(path, load, session, err);
	} while (ret == -ENOENT && load && access(parent, F_OK));
	if (ret && made)
		rmdir(parent);
	return ret;
}

int bpfvm_network__open(const char *parent, bool load, struct bpfvm_session **session,
			struct bpfvm_error *err)
{
	char path[PATH_MAX];
	int ret;

	if (!parent)
		parent = BPFVM_PIN_DIR;
	ret = machine_directory(parent, path, err);
	if (ret)
		return ret;
	sweep(parent, path);
	ret = open_session(parent, path, load, session, err);
	if (ret == -ENOENT && !load) {
		rmdir(path); /* what a killed process left of a machine is gone */
		rmdir(parent);
	}
	if (ret)
		return ret;
	if (bpfvm_hooks__repair(*session) || load)
		return 0;
	bpfvm_network__close(*session);
	return bpfvm_error__set(err, -ENOENT, NULL, "no guest is attached");
}

static bool has_guests(const struct bpfvm_session *s)
{
	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		if (s->hook[i].ifindex)
			return true;
	return false;
}

void bpfvm_network__close(struct bpfvm_session *s)
{
	char parent[PATH_MAX], *slash;

	if (!has_guests(s)) {
		snprintf(parent, sizeof(parent), "%s", s->dir);
		slash = strrchr(parent, '/');
		bpfvm_pin__remove(s);
		if (slash)
			*slash = 0;
		rmdir(parent); /* if it has no other machine */
	}
	bpfvm_session__close(s);
}
