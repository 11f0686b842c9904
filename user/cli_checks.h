/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `loader doctor` looks at: one row per property of this system that the machine depends on.
 */
#ifndef BPFVM_CLI_CHECKS_H
#define BPFVM_CLI_CHECKS_H

#include "cli_output.h"

enum cli_status { CLI_FINE, CLI_WARNING, CLI_MISSING };

/*
 * What a check found. `cost` says what is lost without it, `advice` what to do; both are shown
 * unless it is fine.
 */
struct cli_finding {
	enum cli_status status;
	char found[256];
	const char *cost, *advice;
};

struct cli_system_check {
	const char *name;
	void (*look)(struct cli_finding *finding);
};

/* Name NULL at the end. */
extern const struct cli_system_check cli_system_checks[];

void cli_found(struct cli_finding *finding, enum cli_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
