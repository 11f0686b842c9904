/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How `loader run` tells the end of a run. */
#ifndef BPFVM_CLI_RESULT_H
#define BPFVM_CLI_RESULT_H

#include "cli_guest.h"

/* What the kernel would do with the packet after this verdict; NULL for a plain guest. */
const char *cli_verdict_name(enum bpfvm_kind kind, u32 verdict);

/* A finished run, or several of the same guest. */
struct cli_run_record {
	const struct bpfvm_image *image;
	const char *core;
	const struct bpfvm_result *result; /* of the last run */
	u32 repeat;
	double ns; /* mean of one run */
	bool packet; /* it was given one */
};

/*
 * Prints it, on stdout R0 or JSON, on stderr why the guest did not get that far; returns the exit
 * code.
 */
int cli_result(const struct cli_run_record *run);

#endif
