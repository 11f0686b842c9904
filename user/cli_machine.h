/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the machine in the kernel takes: memory by map, and the cost of loading its entry points. */
#ifndef BPFVM_CLI_MACHINE_H
#define BPFVM_CLI_MACHINE_H

#include "cli_output.h"

/* Rows of map, bytes, used, the last one their sum; null if the machine cannot be loaded here. */
json_t *cli_machine_memory(void);
extern const struct cli_column cli_memory_columns[];

/* Rows of entry, verified_insns, jited_bytes, load_ms; none if it cannot be loaded here. */
json_t *cli_machine_cost(void);
extern const struct cli_column cli_cost_columns[];

#endif
