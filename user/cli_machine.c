/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the machine in the kernel takes: memory by map, and the cost of loading its entry points. */
#include "cli_machine.h"

#define MAPS 16 /* more than the machine has */

const struct cli_column cli_memory_columns[] = {{"map", "MAP", 0},
						{"bytes", "BYTES", CLI_RIGHT},
						{"used", "USED", CLI_RIGHT},
						{NULL, NULL, 0}};

const struct cli_column cli_cost_columns[] = {
	{"entry", "ENTRY POINT", 0},
	{"verified_insns", "VERIFIED INSNS", CLI_RIGHT},
	{"jited_bytes", "JITED BYTES", CLI_RIGHT},
	{"load_ms", "LOAD MS", CLI_RIGHT},
	{NULL, NULL, 0},
};

static void add_row(json_t *rows, const char *map, u64 bytes, u64 used)
{
	cli_append(rows, cli_pack("{s:o, s:I, s:I}", "map", cli_string(map), "bytes",
				  (json_int_t)bytes, "used", (json_int_t)used));
}

json_t *cli_machine_memory(void)
{
	struct bpfvm_usage usage[MAPS];
	struct bpfvm_error err; /* told by others */
	struct bpfvm_core *core;
	u64 bytes = 0, used = 0;
	json_t *rows;
	int n;

	if (bpfvm_core__open("kernel", &core, &err))
		return json_null();
	n = bpfvm_core__usage(core, usage, MAPS);
	rows = cli_pack("[]");
	for (int i = 0; i < n && i < MAPS; i++) {
		add_row(rows, usage[i].map, usage[i].bytes, usage[i].used);
		bytes += usage[i].bytes;
		used += usage[i].used;
	}
	add_row(rows, "total", bytes, used);
	bpfvm_core__close(core);
	return rows;
}

json_t *cli_machine_cost(void)
{
	struct bpfvm_cost cost;
	struct bpfvm_error err; /* told by others */
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; !bpfvm_machine__cost(i, &cost, &err); i++)
		cli_append(rows, cli_pack("{s:o, s:I, s:I, s:f}", "entry", cli_string(cost.entry),
					  "verified_insns", (json_int_t)cost.verified_insns,
					  "jited_bytes", (json_int_t)cost.jited_bytes, "load_ms",
					  (double)cost.load_ns / 1e6));
	return rows;
}
