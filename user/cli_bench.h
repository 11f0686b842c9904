/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `loader bench` measures: guests on every core, and the machine's own costs. */
#ifndef BPFVM_CLI_BENCH_H
#define BPFVM_CLI_BENCH_H

#include "cli_native.h"

#define BENCH_CORES 8 /* more than there are */
#define BENCH_ROUNDS 99 /* most */

/* Times of the same thing, one per round, in ns; below 0: not measured. */
struct bench_samples {
	double ns[BENCH_ROUNDS];
	u32 count;
};

void bench_add(struct bench_samples *s, double ns);
double bench_median(const struct bench_samples *s);

/* "a / b" round by round, and the median of that: it holds when the machine is busy for a while. */
double bench_ratio(const struct bench_samples *a, const struct bench_samples *b);

/* A guest and how long it took. */
struct bench_guest {
	struct bpfvm_image *image;
	struct cli_native native; /* fd -1: refused */
	struct bench_samples core[BENCH_CORES], jit;
	u32 times[BENCH_CORES + 1]; /* runs per sample; 0: not yet known; the last is the JIT's */
	u64 r0, steps;
	bool known; /* r0 and steps are */
};

/* The cores in use; NULL where one cannot be opened. */
struct bench {
	struct bpfvm_core *core[BENCH_CORES]; /* in the order of bpfvm_core_names */
	u32 rounds;
};

/* One round of a guest on all cores; results are compared. An exit code, the error printed. */
int bench_guest_round(struct bench *b, struct bench_guest *g);

/* {"enter_ns", "upload_us", "kernel_load_us", ...}, or null without the kernel core. */
json_t *bench_machine(struct bench *b);

/* Where a guest of the standard set lies: in progs/, beside the loader itself. */
void bench_path(const char *name, char *path, size_t size);

/*
 * A row for each of these guests: ns for a packet on the machine and compiled by the kernel. Those
 * that cannot be measured are left out, the reason printed.
 */
json_t *bench_packets(struct bench *b, const char *const *names);

#endif
