/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The machine loaded into the kernel: capabilities, flavours, maps, and what they cost. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core_ops.h"
#include "machine_object.h"
#include "session.h"

/*
 * The flavours of bpf/bpfvm.bpf.c by the end of their names, fastest first, with the first kernel to try it on. may_goto
 * is there from 6.9 on, but it is 6.15 whose verifier no longer walks such a loop at great length.
 */
static const struct {
	const char *suffix;
	int major, minor;
} flavours[] = {{"_goto", 6, 15}, {"", 5, 17}};
static const char *const entries[] = {"bpfvm_xdp", "bpfvm_tc", "bpfvm_call"};

#define FLAVOURS (sizeof(flavours) / sizeof(*flavours))
#define ENTRIES (sizeof(entries) / sizeof(*entries))
#define LOG_SIZE (16u << 20) /* as much of a refusal as the kernel keeps */

static const struct {
	const char *name;
	size_t size;
	size_t field; /* of struct bpfvm_session */
} maps[] = {
	{"bpfvm_code", BPFVM_SLOTS * BPFVM_CODE * sizeof(struct vm_insn),
	 offsetof(struct bpfvm_session, code)},
	{"bpfvm_slots", BPFVM_SLOTS * sizeof(struct bpfvm_slot), offsetof(struct bpfvm_session, slot)},
	{"bpfvm_machines", 0, offsetof(struct bpfvm_session, machine)}, /* by the number of CPUs */
	{"bpfvm_hooks", BPFVM_HOOKS * sizeof(struct bpfvm_hook), offsetof(struct bpfvm_session, hook)},
	{"bpfvm_memory", BPFVM_MEMORY, offsetof(struct bpfvm_session, memory)},
};
#define MAPS BPFVM_MAPS
_Static_assert(sizeof(maps) / sizeof(*maps) == MAPS, "every map has a row");

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static bool has_capability(cap_value_t value)
{
	cap_flag_value_t set = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	if (caps)
		cap_get_flag(caps, value, CAP_EFFECTIVE, &set);
	cap_free(caps);
	return set == CAP_SET;
}

static int check_capabilities(struct bpfvm_error *err)
{
	static const struct {
		cap_value_t value;
		const char *name;
		const char *why;
	} needed[] = {
		{CAP_BPF, "CAP_BPF", "to load programs"},
		{CAP_NET_ADMIN, "CAP_NET_ADMIN", "to load programs for network hooks"},
		{CAP_PERFMON, "CAP_PERFMON", "to verify the machine without speculative paths"},
	};

	if (has_capability(CAP_SYS_ADMIN)) /* stood for all of them before they were split off */
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (!has_capability(needed[i].value))
			return bpfvm_error__set(err, -EPERM,
						"run it as root, or use a core that needs no "
						"capability: --core table",
						"kernel: %s is missing: it is needed %s",
						needed[i].name, needed[i].why);
	}
	return 0;
}

static bool kernel_is_at_least(int major, int minor)
{
	struct utsname name;
	int is_major, is_minor;

	if (uname(&name) || sscanf(name.release, "%d.%d", &is_major, &is_minor) != 2)
		return true; /* then the load itself tells */
	return is_major > major || (is_major == major && is_minor >= minor);
}

static u32 cpu_count(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (u32)n : 1;
}

/* The object, opened, with the programs chosen by `wanted(name, flavour or entry)` alone to be loaded. */
static struct bpf_object *open_object(const char *suffix, const char *only)
{
	struct bpf_object *object = bpf_object__open_mem(machine_object, machine_object_size, NULL);
	struct bpf_program *prog;
	struct bpf_map *map;
	u32 *cpus;
	size_t size;

	if (!object)
		return NULL;
	bpf_object__for_each_program(prog, object) {
		const char *name = bpf_program__name(prog);
		bool is_goto = strlen(name) > 5 && !strcmp(name + strlen(name) - 5, "_goto");

		bpf_program__set_autoload(prog, only ? !strcmp(name, only) : is_goto == !!*suffix);
	}
	map = bpf_object__find_map_by_name(object, "bpfvm_machines");
	bpf_map__set_max_entries(map, cpu_count() + BPFVM_SPARES);
	map = bpf_object__find_map_by_name(object, ".rodata");
	cpus = (u32 *)bpf_map__initial_value(map, &size);
	*cpus = cpu_count();
	return object;
}

/* Keeps the verifier's words where the user can send them from. */
static void write_log(const char *log, char *path, size_t size)
{
	int fd;

	snprintf(path, size, "/tmp/bpfvm-verifier-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, log, strlen(log)) < 0)
		snprintf(path, size, "(not written)");
	if (fd >= 0)
		close(fd);
}

/* Why the portable flavour did not load: memory, an old kernel, or a refusal, which is ours to mend. */
static int explain(int ret, struct bpfvm_error *err)
{
	struct bpf_object *object;
	struct bpf_program *prog;
	char path[64], *log;

	if (ret == -ENOMEM)
		return bpfvm_error__set(err, ret, "free some memory", "kernel: no memory for the machine");
	if (ret == -EPERM)
		return bpfvm_error__set(err, ret, "`loader doctor` looks for the reason",
					"kernel: bpf(2) is not permitted");
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_loop, NULL) == 0)
		return bpfvm_error__set(err, -ENOTSUP, "the kernel core needs Linux 5.17 or later; "
				       "--core table runs anywhere",
					"kernel: it is too old: it has no bpf_loop");
	log = calloc(1, LOG_SIZE);
	object = open_object("", NULL);
	if (log && object) {
		bpf_object__for_each_program(prog, object) {
			bpf_program__set_log_buf(prog, log, LOG_SIZE);
			bpf_program__set_log_level(prog, 1);
		}
		bpf_object__load(object);
		write_log(log, path, sizeof(path));
		bpfvm_error__set(err, ret, "this is a defect of bpfvm: please report it with the log",
				 "kernel: the verifier refused the machine: %s; its log is in %s",
				 strerror(-ret), path);
	}
	bpf_object__close(object);
	free(log);
	return ret;
}

static int load(struct bpfvm_session *s, struct bpfvm_error *err)
{
	int ret = -ENOMEM;

	for (size_t i = 0; i < FLAVOURS; i++) {
		if (i + 1 < FLAVOURS && !kernel_is_at_least(flavours[i].major, flavours[i].minor))
			continue;
		s->object = open_object(flavours[i].suffix, NULL);
		if (!s->object)
			return bpfvm_error__set(err, -errno, NULL, "kernel: the machine: %s",
						strerror(errno));
		ret = bpf_object__load(s->object);
		if (!ret) {
			int *fd[ENTRIES] = {&s->xdp, &s->tc, &s->call};

			for (size_t e = 0; e < ENTRIES; e++) {
				char name[32];

				snprintf(name, sizeof(name), "%s%s", entries[e],
					 flavours[i].suffix);
				*fd[e] = bpf_program__fd(
					bpf_object__find_program_by_name(s->object, name));
			}
			for (size_t m = 0; m < MAPS; m++)
				s->map_fd[m] = bpf_object__find_map_fd_by_name(s->object,
									       maps[m].name);
			return 0;
		}
		bpf_object__close(s->object);
		s->object = NULL;
	}
	return explain(ret, err);
}

static size_t map_size(const struct bpfvm_session *s, size_t i)
{
	return maps[i].size ? maps[i].size : s->machines * sizeof(struct bpfvm_machine);
}

static void **map_field(struct bpfvm_session *s, size_t i)
{
	return (void **)((char *)s + maps[i].field);
}

static int map_memory(struct bpfvm_session *s, struct bpfvm_error *err)
{
	for (size_t i = 0; i < MAPS; i++) {
		void *p = mmap(NULL, map_size(s, i), PROT_READ | PROT_WRITE, MAP_SHARED,
			       s->map_fd[i], 0);

		if (p == MAP_FAILED)
			return bpfvm_error__set(err, -errno, NULL, "kernel: map %s: %s",
						maps[i].name, strerror(errno));
		*map_field(s, i) = p;
	}
	return 0;
}

static int place_machines(struct bpfvm_session *s, struct bpfvm_error *err)
{
	s->guests = s->machines * BPFVM_PRIVATE;
	if (s->guests > BPFVM_MEMORY)
		return bpfvm_error__set(err, -ENOSPC, "build with a larger BPFVM_MEMORY_BITS",
					"kernel: %u CPUs need %u bytes for stacks; this build has %u",
					s->cpus, s->guests, BPFVM_MEMORY);
	for (u32 i = 0; i < s->machines; i++) {
		struct bpfvm_machine *m = &s->machine[i];

		m->memory = i * BPFVM_PRIVATE;
		m->row[VM_REGION_STACK].base = m->memory;
		m->slot = BPFVM_SLOTS; /* none */
		m->one = 1;
	}
	return 0;
}

/* The pinned objects by name; `fd` points into the session. */
#define PINS (MAPS + ENTRIES)

static int *pin(struct bpfvm_session *s, size_t i, const char **name)
{
	int *programs[ENTRIES] = {&s->xdp, &s->tc, &s->call};

	*name = i < MAPS ? maps[i].name : entries[i - MAPS];
	return i < MAPS ? &s->map_fd[i] : programs[i - MAPS];
}

static void close_fds(struct bpfvm_session *s)
{
	const char *name;

	for (size_t i = 0; i < PINS; i++) {
		if (*pin(s, i, &name) > 0)
			close(*pin(s, i, &name));
		*pin(s, i, &name) = 0;
	}
}

static void unpin(struct bpfvm_session *s)
{
	const char *name;

	for (size_t i = 0; i < PINS; i++) {
		pin(s, i, &name);
		unlinkat(s->lock, name, 0);
	}
}

/* Whether a pinned map is as this build makes it. */
static bool fits(const struct bpfvm_session *s, size_t i)
{
	struct bpf_map_info info;
	u32 size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return !bpf_obj_get_info_by_fd(s->map_fd[i], &info, &size) &&
	       (u64)info.max_entries * info.value_size >= map_size(s, i);
}

/* The fds of a machine that is wholly pinned in `dir`; -ENOENT if it is not, -ESTALE if it is another build's. */
static int get_pins(struct bpfvm_session *s, const char *dir)
{
	char path[PATH_MAX];
	const char *name;

	for (size_t i = 0; i < PINS; i++) {
		int *fd = pin(s, i, &name);

		snprintf(path, sizeof(path), "%s/%s", dir, name);
		*fd = bpf_obj_get(path);
		if (*fd < 0 || (i < MAPS && !fits(s, i))) {
			int ret = *fd < 0 ? -ENOENT : -ESTALE;

			close_fds(s);
			return ret;
		}
	}
	return 0;
}

static int set_pins(struct bpfvm_session *s, const char *dir, struct bpfvm_error *err)
{
	char path[PATH_MAX];
	const char *name;

	for (size_t i = 0; i < PINS; i++) {
		int fd = *pin(s, i, &name), ret;

		snprintf(path, sizeof(path), "%s/%s", dir, name);
		ret = bpf_obj_pin(fd, path);
		if (ret) {
			unpin(s);
			return bpfvm_error__set(err, ret, NULL, "%s: cannot be pinned: %s", path,
						strerror(-ret));
		}
	}
	return 0;
}

/* Makes the directory if it is not there, and takes its lock. */
static int lock_directory(struct bpfvm_session *s, const char *dir, struct bpfvm_error *err)
{
	struct statfs fs;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return bpfvm_error__set(err, -errno, "mount -t bpf bpf /sys/fs/bpf",
					"%s: %s", dir, strerror(errno));
	s->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0)
		return bpfvm_error__set(err, -errno, NULL, "%s: %s", dir, strerror(errno));
	if (fstatfs(s->lock, &fs) || fs.f_type != BPF_FS_MAGIC) {
		unlinkat(AT_FDCWD, dir, AT_REMOVEDIR); /* if it was made here, it is empty */
		return bpfvm_error__set(err, -EINVAL, "mount -t bpf bpf /sys/fs/bpf, and name a "
						      "directory below",
					"%s: not in a bpf file system", dir);
	}
	if (flock(s->lock, LOCK_EX))
		return bpfvm_error__set(err, -errno, NULL, "%s: cannot be locked: %s", dir,
					strerror(errno));
	return 0;
}

static int open_pinned(struct bpfvm_session *s, const char *dir, struct bpfvm_error *err)
{
	int ret = lock_directory(s, dir, err);

	if (ret)
		return ret;
	ret = get_pins(s, dir);
	if (ret == -ESTALE)
		return bpfvm_error__set(err, ret, "name another directory, or remove this one",
					"%s: a machine of another build is pinned there", dir);
	if (!ret)
		return 0;
	unpin(s); /* what a killed session may have left of one */
	ret = load(s, err);
	return ret ? ret : set_pins(s, dir, err);
}

int bpfvm_session__open(const char *pinned, struct bpfvm_session **session, struct bpfvm_error *err)
{
	struct bpfvm_session *s;
	int ret = check_capabilities(err);

	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return bpfvm_error__set(err, -ENOMEM, NULL, "kernel: no memory");
	libbpf_set_print(silent);
	s->cpus = cpu_count();
	s->machines = s->cpus + BPFVM_SPARES;
	s->lock = -1;
	ret = pinned ? open_pinned(s, pinned, err) : load(s, err);
	if (!ret)
		ret = map_memory(s, err);
	if (!ret)
		ret = place_machines(s, err);
	if (ret)
		bpfvm_session__close(s);
	else
		*session = s;
	return ret;
}

void bpfvm_session__close(struct bpfvm_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < MAPS; i++) {
		if (*map_field(s, i))
			munmap(*map_field(s, i), map_size(s, i));
	}
	if (!s->object)
		close_fds(s);
	bpf_object__close(s->object);
	if (s->lock >= 0)
		close(s->lock);
	free(s);
}

/* What the kernel says a map takes: "memlock" of its file descriptor. */
static u64 map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	}
	if (f)
		fclose(f);
	return bytes;
}

static u64 map_used(const struct bpfvm_session *s, size_t i, const struct bpfvm_slot *guest,
		    u32 guest_bytes)
{
	u32 loaded = guest ? 1 : 0, len = guest ? guest->len : 0;

	switch (maps[i].field) {
	case offsetof(struct bpfvm_session, code):
		return len * sizeof(struct vm_insn);
	case offsetof(struct bpfvm_session, slot):
		return loaded * sizeof(struct bpfvm_slot);
	case offsetof(struct bpfvm_session, memory):
		return s->guests + guest_bytes;
	case offsetof(struct bpfvm_session, machine):
		return map_size(s, i);
	}
	return 0;
}

int bpfvm_session__usage(struct bpfvm_session *s, const struct bpfvm_slot *guest, u32 guest_bytes,
			 struct bpfvm_usage *rows, u32 max)
{
	for (size_t i = 0; i < MAPS && i < max; i++) {
		rows[i].map = maps[i].name;
		rows[i].bytes = map_bytes(s->map_fd[i]);
		rows[i].used = map_used(s, i, guest, guest_bytes);
	}
	return MAPS;
}

static void read_info(struct bpf_program *prog, struct bpfvm_cost *cost)
{
	struct bpf_prog_info info;
	u32 size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		return;
	cost->verified_insns = info.verified_insns;
	cost->jited_bytes = info.jited_prog_len;
}

/* Whether a session would load this flavour here, as far as the version tells. */
static bool takes(size_t flavour)
{
	bool fast = kernel_is_at_least(flavours[0].major, flavours[0].minor);

	return flavour == (fast ? 0 : FLAVOURS - 1);
}

/* Loads one program alone; the time is that of the fastest of a few tries, since the first pays for cold caches. */
static int measure(const char *name, struct bpfvm_cost *cost, struct bpfvm_error *err)
{
	struct bpf_object *object;
	u64 began, ns;
	int ret = 0;

	cost->load_ns = ~0ull;
	for (int i = 0; i < 3 && !ret; i++) {
		object = open_object("", name);
		if (!object)
			return -ENOMEM;
		began = bpfvm_clock();
		ret = bpf_object__load(object);
		ns = bpfvm_clock() - began;
		if (ns < cost->load_ns)
			cost->load_ns = ns;
		if (!ret)
			read_info(bpf_object__find_program_by_name(object, name), cost);
		bpf_object__close(object);
	}
	return ret ? bpfvm_error__set(err, ret, NULL, "kernel: %s: %s", name, strerror(-ret)) : 0;
}

int bpfvm_machine__cost(u32 index, struct bpfvm_cost *cost, struct bpfvm_error *err)
{
	static char names[FLAVOURS * ENTRIES][32]; /* what cost->entry points to */
	u32 seen = 0;
	int ret = check_capabilities(err);

	memset(cost, 0, sizeof(*cost));
	libbpf_set_print(silent);
	for (size_t i = 0; i < FLAVOURS * ENTRIES && !ret; i++) {
		snprintf(names[i], sizeof(names[i]), "%s%s", entries[i % ENTRIES],
			 flavours[i / ENTRIES].suffix);
		cost->entry = names[i];
		if (!takes(i / ENTRIES))
			continue;
		if (seen++ == index)
			return measure(names[i], cost, err);
	}
	return ret ? ret : bpfvm_error__set(err, -ENOENT, NULL, "no further entry point");
}
