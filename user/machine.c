/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The machine as a BPF object: capabilities, flavours, loading, and what that costs. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core_ops.h"
#include "machine_object.h"
#include "session.h"

/*
 * The flavours of bpf/bpfvm.bpf.c by the end of their names, fastest first, with the first kernel
 * to try it on. may_goto is there from 6.9 on, but it is 6.15 whose verifier no longer walks such a
 * loop at great length.
 */
static const struct {
	const char *suffix;
	int major, minor;
} flavours[] = {{"_goto", 6, 15}, {"", 5, 18}};
const char *const bpfvm_machine_entries[BPFVM_ENTRIES] = {
	"bpfvm_xdp", "bpfvm_tc", "bpfvm_egress", "bpfvm_call", "bpfvm_map"};

#define FLAVOURS (sizeof(flavours) / sizeof(*flavours))
#define LOG_SIZE (16u << 20) /* as much of a refusal as the kernel keeps */

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

int bpfvm_machine__permitted(struct bpfvm_error *err)
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
						"run it as root; run, replay and bench need no "
						"capability with --core table",
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

/* The flavour that a session tries first here, as far as the version tells. */
static size_t first_flavour(void)
{
	size_t i = 0;

	while (i + 1 < FLAVOURS && !kernel_is_at_least(flavours[i].major, flavours[i].minor))
		i++;
	return i;
}

u32 bpfvm_machine__cpus(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (u32)n : 1;
}

u64 bpfvm_machine__build(void)
{
	u64 hash = 0xcbf29ce484222325ull, word;

	for (size_t i = 0; i + sizeof(word) <= machine_object_size; i += sizeof(word)) {
		memcpy(&word, machine_object + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
		hash ^= hash >> 32;
	}
	return hash;
}

/* The name of an entry point in a flavour; bpfvm_map, which executes no guest, has but one. */
static void entry_name(size_t i, const char *suffix, char name[32])
{
	snprintf(name, 32, "%s%s", bpfvm_machine_entries[i], i == BPFVM_MAP ? "" : suffix);
}

static void set_entries(struct bpf_object *object, const char *map, u32 entries)
{
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, map), entries);
}

/* The object, opened, to load its program `only`, or if that is NULL the flavour `suffix`. */
static struct bpf_object *open_object(const char *suffix, const char *only)
{
	struct bpf_object *object = bpf_object__open_mem(machine_object, machine_object_size, NULL);
	u32 cpus = bpfvm_machine__cpus(), machines = cpus + BPFVM_SPARES;
	struct bpfvm_constants *constants;
	struct bpf_program *prog;
	struct bpf_map *map;
	char name[32];
	size_t size;

	if (!object)
		return NULL;
	bpf_object__for_each_program(prog, object)
		bpf_program__set_autoload(prog, only && !strcmp(bpf_program__name(prog), only));
	for (size_t i = 0; i < BPFVM_ENTRIES && !only; i++) {
		entry_name(i, suffix, name);
		prog = bpf_object__find_program_by_name(object, name);
		bpf_program__set_autoload(prog, true);
	}
	set_entries(object, "bpfvm_machines", machines);
	set_entries(object, "bpfvm_counts", BPFVM_COUNT(machines, 0));
	set_entries(object, "bpfvm_cpus", cpus);
	map = bpf_object__find_map_by_name(object, ".rodata");
	constants = (struct bpfvm_constants *)bpf_map__initial_value(map, &size);
	constants->cpus = cpus;
	constants->global = bpfvm_session__global(cpus);
	constants->build = bpfvm_machine__build();
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

/*
 * Why the portable flavour did not load: memory, an old kernel, or a refusal, which is ours to
 * mend.
 */
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
		return bpfvm_error__set(err, -ENOTSUP, "the kernel core needs Linux 5.18 or later; "
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

/* The fds of a loaded object: its maps, and the entry points of the flavour that was loaded. */
static void find_fds(struct bpfvm_session *s, const char *suffix)
{
	char name[32];
	size_t size;

	for (size_t i = 0; i < BPFVM_ENTRIES; i++) {
		entry_name(i, suffix, name);
		s->entry_fd[i] = bpf_program__fd(bpf_object__find_program_by_name(s->object, name));
	}
	for (size_t i = 0; i < BPFVM_MAPS; i++)
		s->map_fd[i] = bpf_object__find_map_fd_by_name(
			s->object, i == BPFVM_MAP_CONSTANTS ? ".rodata" :
							      bpfvm_session__map(s, i, &size));
}

static int load(struct bpfvm_session *s, struct bpfvm_error *err)
{
	int ret = -ENOMEM;

	for (size_t i = first_flavour(); i < FLAVOURS; i++) {
		s->object = open_object(flavours[i].suffix, NULL);
		if (!s->object)
			return bpfvm_error__set(err, -errno, NULL, "kernel: the machine: %s",
						strerror(errno));
		ret = bpf_object__load(s->object);
		if (!ret) {
			find_fds(s, flavours[i].suffix);
			return 0;
		}
		bpf_object__close(s->object);
		s->object = NULL;
	}
	return explain(ret, err);
}

int bpfvm_machine__load(struct bpfvm_session *s, struct bpfvm_error *err)
{
	libbpf_print_fn_t before = libbpf_set_print(silent);
	int ret = load(s, err);

	libbpf_set_print(before);
	return ret;
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

/*
 * Loads one program alone; the time is that of the fastest of a few tries, since the first pays for
 * cold caches.
 */
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
	static char names[BPFVM_ENTRIES][32]; /* what cost->entry points to */
	int ret = bpfvm_machine__permitted(err);
	libbpf_print_fn_t before;

	memset(cost, 0, sizeof(*cost));
	if (ret)
		return ret;
	if (index >= BPFVM_ENTRIES)
		return bpfvm_error__set(err, -ENOENT, NULL, "no further entry point");
	before = libbpf_set_print(silent);
	entry_name(index, flavours[first_flavour()].suffix, names[index]);
	cost->entry = names[index];
	ret = measure(names[index], cost, err);
	libbpf_set_print(before);
	return ret;
}
