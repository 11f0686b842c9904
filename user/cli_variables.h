/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Variables of an attached guest, as `loader map` shows them: a section is a map by their names. */
#ifndef BPFVM_CLI_VARIABLES_H
#define BPFVM_CLI_VARIABLES_H

#include "cli_maps.h"
#include "cli_target.h"

/* The section of that name (".bss"), or NULL. */
const struct bpfvm_variables *cli_section_find(const struct bpfvm_image *image, const char *name);

/* Rows as those of cli_maps(), appended. */
void cli_sections_append(json_t *rows, const struct bpfvm_image *image);

/* All variables of a section; an exit code. */
int cli_section_dump(const struct cli_target *t, const struct bpfvm_variables *section);

/* The one that words->key names is printed, or gets what words->value says; an exit code. */
int cli_variable_lookup(const struct cli_target *t, const struct bpfvm_variables *section,
			const struct cli_words *words);
int cli_variable_update(const struct cli_target *t, const struct bpfvm_variables *section,
			const struct cli_words *words);

#endif
