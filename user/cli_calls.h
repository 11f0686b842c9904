/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest calls. */
#ifndef BPFVM_CLI_CALLS_H
#define BPFVM_CLI_CALLS_H

#include "cli_output.h"

/* The kinds of guests that have a helper, by their names. */
json_t *cli_helper_guests(u32 number);

/*
 * Helpers that a guest calls by number, each once: number, name in Linux or null, whether it is
 * available to this guest, the kinds of guests that have it, and whether the kernel has it (null:
 * it would not tell).
 */
json_t *cli_helpers(const struct bpfvm_image *image);

/* Rows of helpers as names for a table; those that the machine lacks are marked. */
json_t *cli_helper_names(const json_t *helpers);

/*
 * Frames at the deepest nesting, the program's own counted; 0: a function can call itself, or it is
 * far too deep.
 */
u32 cli_call_depth(const struct bpfvm_image *image);

#endif
