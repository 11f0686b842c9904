/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An attached guest whose memory a command looks at. */
#ifndef BPFVM_CLI_TARGET_H
#define BPFVM_CLI_TARGET_H

#include "cli_attach.h"

struct cli_target {
	struct bpfvm_session *session; /* other processes wait until it is closed */
	struct bpfvm_image *image;
	struct bpfvm_core *core;
};

/*
 * Opens the guest that is meant; with `any`, the first one of all that could be. CLI_OK, or
 * CLI_FAILED after saying why; only the first needs closing.
 */
int cli_target_open(const struct cli_where *where, bool any, struct cli_target *target);
void cli_target_close(struct cli_target *target);

/* Makes negative numbers of a command line no options; before cli_parse(). */
void cli_mark_numbers(int argc, char **argv);

#endif
