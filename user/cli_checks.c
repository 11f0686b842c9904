/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `loader doctor` looks at: one row per property of this system that the machine depends on.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli_checks.h"

#define NO_KERNEL "guests run on the host cores only (--core table)"
#define NEWER_KERNEL "use Linux 5.18 or later"
#define CAPABILITIES "run as root, or: setcap cap_bpf,cap_net_admin,cap_perfmon+ep on the loader"

void cli_found(struct cli_finding *finding, enum cli_status status, const char *format, ...)
{
	va_list args;

	finding->status = status;
	va_start(args, format);
	vsnprintf(finding->found, sizeof(finding->found), format, args);
	va_end(args);
}

/* First line of a small file; false if it cannot be read. */
static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "r");
	bool ok = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = 0;
	return ok;
}

static void look_kernel(struct cli_finding *f)
{
	struct utsname u;

	uname(&u);
	cli_found(f, CLI_FINE, "%s %s %s", u.sysname, u.release, u.machine);
}

static void look_cpus(struct cli_finding *f)
{
	int possible = libbpf_num_possible_cpus();

	if (possible < 0)
		cli_found(f, CLI_WARNING, "not known: %s", strerror(-possible));
	else
		cli_found(f, CLI_FINE, "%d, %ld online; one machine for each, and %d spare",
			  possible, sysconf(_SC_NPROCESSORS_ONLN), BPFVM_SPARES);
}

/* --- privileges --- */

static bool has(cap_value_t value)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t set = CAP_CLEAR;

	if (caps)
		cap_get_flag(caps, value, CAP_EFFECTIVE, &set);
	cap_free(caps);
	return set == CAP_SET;
}

/* CAP_SYS_ADMIN has stood for all of these since before they were split off it. */
static void look_capability(struct cli_finding *f, cap_value_t value, enum cli_status otherwise)
{
	f->advice = CAPABILITIES;
	if (has(value))
		cli_found(f, CLI_FINE, "held");
	else if (has(CAP_SYS_ADMIN))
		cli_found(f, CLI_FINE, "not held, but CAP_SYS_ADMIN stands in for it");
	else
		cli_found(f, otherwise, "not held by user %u", geteuid());
}

static void look_cap_bpf(struct cli_finding *f)
{
	f->cost = NO_KERNEL;
	look_capability(f, CAP_BPF, CLI_MISSING);
}

static void look_cap_net_admin(struct cli_finding *f)
{
	f->cost = NO_KERNEL;
	look_capability(f, CAP_NET_ADMIN, CLI_MISSING);
}

static void look_cap_perfmon(struct cli_finding *f)
{
	f->cost = "no kernel core: without it the verifier also walks what a CPU may speculate, "
		  "and gives up";
	look_capability(f, CAP_PERFMON, CLI_MISSING);
}

/* Capabilities count for bpf(2) in the first user namespace only; its map covers all ids. */
static void look_user_namespace(struct cli_finding *f)
{
	char line[128];

	f->cost = NO_KERNEL;
	f->advice = "run it outside of the container, or in one without a user namespace";
	if (!read_line("/proc/self/uid_map", line, sizeof(line)))
		cli_found(f, CLI_WARNING, "/proc/self/uid_map cannot be read");
	else if (strstr(line, "4294967295"))
		cli_found(f, CLI_FINE, "the first one");
	else
		cli_found(f, CLI_MISSING, "not the first one: bpf(2) ignores its capabilities");
}

static void look_unprivileged(struct cli_finding *f)
{
	char line[16];

	f->cost = "any user can give programs to the verifier; guests do not need that";
	f->advice = "sysctl -w kernel.unprivileged_bpf_disabled=2";
	if (!read_line("/proc/sys/kernel/unprivileged_bpf_disabled", line, sizeof(line)))
		cli_found(f, CLI_WARNING, "kernel.unprivileged_bpf_disabled cannot be read");
	else
		cli_found(f, atoi(line) ? CLI_FINE : CLI_WARNING,
			  "kernel.unprivileged_bpf_disabled = %s", line);
}

/* --- features --- */

/* Whether the kernel will answer a probe; if not, what it says would be misleading. */
static bool can_probe(struct cli_finding *f)
{
	f->cost = NO_KERNEL;
	f->advice = NEWER_KERNEL;
	if ((has(CAP_BPF) && has(CAP_NET_ADMIN)) || has(CAP_SYS_ADMIN))
		return true;
	cli_found(f, CLI_WARNING, "cannot be probed without CAP_BPF and CAP_NET_ADMIN");
	f->cost = NULL;
	f->advice = CAPABILITIES;
	return false;
}

static void probed(struct cli_finding *f, int answer)
{
	if (answer < 0)
		cli_found(f, CLI_WARNING, "probing failed: %s", strerror(-answer));
	else
		cli_found(f, answer ? CLI_FINE : CLI_MISSING, "%s",
			  answer ? "there" : "this kernel has it not");
}

static void look_loop(struct cli_finding *f)
{
	if (can_probe(f))
		probed(f, libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_loop, NULL));
}

static void look_xdp(struct cli_finding *f)
{
	if (can_probe(f))
		probed(f, libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL));
}

static void look_tc(struct cli_finding *f)
{
	if (can_probe(f))
		probed(f, libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, NULL));
}

static void look_syscall(struct cli_finding *f)
{
	if (can_probe(f))
		probed(f, libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SYSCALL, NULL));
}

static void look_jit(struct cli_finding *f)
{
	char line[16];

	f->cost = "the kernel interprets the machine, which makes it some ten times slower";
	f->advice = "sysctl -w net.core.bpf_jit_enable=1";
	if (!read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line)))
		cli_found(f, CLI_WARNING, "net.core.bpf_jit_enable cannot be read here");
	else
		cli_found(f, atoi(line) ? CLI_FINE : CLI_WARNING, "net.core.bpf_jit_enable = %s",
			  line);
}

static void look_harden(struct cli_finding *f)
{
	char line[16];

	f->cost = "the constants of the machine are blinded, which makes it slower";
	f->advice = "sysctl -w net.core.bpf_jit_harden=1 leaves privileged programs as they are";
	if (!read_line("/proc/sys/net/core/bpf_jit_harden", line, sizeof(line))) {
		cli_found(f, CLI_WARNING, "net.core.bpf_jit_harden cannot be read: %s",
			  strerror(errno));
		f->advice = "look as root";
		return;
	}
	cli_found(f, atoi(line) == 2 ? CLI_WARNING : CLI_FINE, "net.core.bpf_jit_harden = %s",
		  line);
}

static void look_bpffs(struct cli_finding *f)
{
	struct statfs fs;

	f->cost = "nothing can be pinned; `loader run` does not need it";
	f->advice = "mount -t bpf bpf /sys/fs/bpf";
	if (statfs("/sys/fs/bpf", &fs))
		cli_found(f, CLI_WARNING, "/sys/fs/bpf: %s", strerror(errno));
	else if (fs.f_type != BPF_FS_MAGIC)
		cli_found(f, CLI_WARNING, "/sys/fs/bpf is not a bpf file system");
	else
		cli_found(f, CLI_FINE, "mounted at /sys/fs/bpf");
}

static void look_btf(struct cli_finding *f)
{
	f->cost = "bpftool shows the machine's maps without names of fields; nothing else needs it";
	f->advice = "use a kernel with CONFIG_DEBUG_INFO_BTF";
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		cli_found(f, CLI_WARNING, "/sys/kernel/btf/vmlinux: %s", strerror(errno));
	else
		cli_found(f, CLI_FINE, "/sys/kernel/btf/vmlinux");
}

/* Since Linux 5.11, which is older than bpf_loop, maps are counted in the control group instead. */
static void look_memlock(struct cli_finding *f)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		cli_found(f, CLI_FINE, "unlimited");
	else
		cli_found(f, CLI_FINE,
			  "%llu KiB; of no account since Linux 5.11, memory counts in the cgroup",
			  (unsigned long long)limit.rlim_cur / 1024);
}

const struct cli_system_check cli_system_checks[] = {
	{"kernel", look_kernel},
	{"CPUs", look_cpus},
	{"user namespace", look_user_namespace},
	{"CAP_BPF", look_cap_bpf},
	{"CAP_NET_ADMIN", look_cap_net_admin},
	{"CAP_PERFMON", look_cap_perfmon},
	{"unprivileged bpf", look_unprivileged},
	{"bpf_loop", look_loop},
	{"XDP programs", look_xdp},
	{"tc programs", look_tc},
	{"syscall programs", look_syscall},
	{"JIT", look_jit},
	{"JIT hardening", look_harden},
	{"bpffs", look_bpffs},
	{"BTF", look_btf},
	{"RLIMIT_MEMLOCK", look_memlock},
	{NULL, NULL},
};
