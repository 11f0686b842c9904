/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Guests as commands handle them: opened, checked, looked at, and run in slices. */
#ifndef BPFVM_CLI_GUEST_H
#define BPFVM_CLI_GUEST_H

#include "cli_output.h"

/* The name of a file without its folders, as messages have it. */
const char *cli_basename(const char *path);

/*
 * What stands at an instruction: insn, function, text, and where it came from: file, line, source,
 * or null where that is unknown.
 */
json_t *cli_place(const struct bpfvm_image *image, u32 insn);

/* A place as indented lines for a message. */
void cli_place_print(FILE *stream, const json_t *place);

/* The line of source of an instruction, or NULL. */
const struct bpfvm_line *cli_line(const struct bpfvm_image *image, u32 insn);

/* Its text without the blanks before it. */
const char *cli_source(const struct bpfvm_line *line);

/* The function that holds an instruction, or NULL. */
const struct bpfvm_function *cli_function(const struct bpfvm_image *image, u32 insn);

/*
 * The ACL of a guest as rows of region, name, address, size and access; and the columns for
 * cli_table().
 */
json_t *cli_regions(const struct bpfvm_image *image);
extern const struct cli_column cli_region_columns[];

/*
 * The maps of a guest as rows of name, type, key, value, max_entries, region, address and bytes: of
 * the machine's memory, with values for all CPUs that there may be.
 */
json_t *cli_maps(const struct bpfvm_image *image);
extern const struct cli_column cli_map_columns[];

/* CLI_OK, or CLI_REFUSED after saying why on stderr. */
int cli_check(const struct bpfvm_image *image);

/* Whether and why the checker refuses it, as a record: insn, reason, hint and the place. */
json_t *cli_refusal(const struct bpfvm_image *image, const struct bpfvm_fault *fault);

const char *cli_kind_name(enum bpfvm_kind kind);

/*
 * Opens program `prog` of a file, or one after another if it is NULL, and shows it to `visit`.
 * Errors are printed and do not keep the other programs from their turn. Returns the first exit
 * code that was not CLI_OK.
 */
int cli_programs(const char *path, const char *prog, int (*visit)(struct bpfvm_image *, void *),
		 void *arg);

/* --- running --- */

/* From here on SIGINT and SIGTERM end a run after its present slice. */
void cli_catch_signals(void);

/* The signal that came, or 0. */
int cli_signal(void);

/*
 * Runs what is loaded for at most `budget` instructions, in slices if need be, with a line of
 * progress on a terminal. result->ns is the time of all slices. After a signal result->stop is
 * VM_STOP_NONE.
 */
int cli_run(struct bpfvm_core *core, u64 budget, struct bpfvm_result *result,
	    struct bpfvm_error *err);

#endif
