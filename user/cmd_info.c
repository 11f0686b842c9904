/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `loader info`: what is in an object file; or, without one, what this build can do and what it
 * takes.
 */
#include "cli_calls.h"
#include "cli_guest.h"
#include "cli_machine.h"
#include "cli_options.h"
#include "cli_version.h"
#include "map_layout.h"

struct options {
	const char *file, *prog;
	json_t *programs, *head;
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Show this program only; default: all in the file", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_info, &o->file, arg);
		return 0;
	case ARGP_KEY_END:
		if (o->prog && !o->file)
			cli_usage(&cmd_info, "--prog %s: no FILE given", o->prog);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* --- of a file --- */

/* What an image says of itself; null for an object. */
static json_t *head_of(const struct bpfvm_image *image)
{
	if (!image->packed.version)
		return json_null();
	return cli_pack("{s:I, s:I, s:o}", "version", (json_int_t)image->packed.version, "bytes",
			(json_int_t)image->packed.bytes, "crc", cli_hex(image->packed.crc));
}

static int visit(struct bpfvm_image *image, void *arg)
{
	struct options *o = arg;
	u32 frames = cli_call_depth(image);

	json_decref(o->head);
	o->head = head_of(image);
	cli_append(o->programs,
		   cli_pack("{s:o, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "program",
			    cli_string(image->name), "section", cli_string(image->section), "kind",
			    cli_kind_name(image->kind), "instructions", (json_int_t)image->len,
			    "functions", (json_int_t)image->functions, "frames",
			    frames ? cli_pack("I", (json_int_t)frames) : json_null(), "helpers",
			    cli_helpers(image), "regions", cli_regions(image), "maps",
			    cli_maps(image)));
	return CLI_OK;
}

static void print_programs(const json_t *programs)
{
	static const struct cli_column columns[] = {
		{"program", "PROGRAM", 0},
		{"section", "SECTION", 0},
		{"kind", "KIND", 0},
		{"instructions", "INSTRUCTIONS", CLI_RIGHT},
		{"functions", "FUNCTIONS", CLI_RIGHT},
		{"frames", "FRAMES", CLI_RIGHT},
		{"helpers", "HELPERS", 0},
		{NULL, NULL, 0},
	};
	json_t *rows = cli_pack("[]"), *program;
	size_t i;

	json_array_foreach(programs, i, program) {
		json_t *row = json_copy(program);

		if (!row)
			cli_no_memory();
		cli_set(row, "helpers", cli_helper_names(json_object_get(program, "helpers")));
		cli_append(rows, row);
	}
	cli_table(stdout, rows, columns);
	json_decref(rows);
	json_array_foreach(programs, i, program) {
		const char *name = json_string_value(json_object_get(program, "program"));
		const json_t *maps = json_object_get(program, "maps");

		printf("\nRegions of %s:\n", name);
		cli_table(stdout, json_object_get(program, "regions"), cli_region_columns);
		if (!json_array_size(maps))
			continue;
		printf("\nMaps of %s:\n", name);
		cli_table(stdout, maps, cli_map_columns);
	}
}

static void print_file(const struct options *o)
{
	const char *crc = json_string_value(json_object_get(o->head, "crc"));

	printf("%s", o->file);
	if (crc)
		printf(": image of version %d, %d bytes, CRC %s",
		       (int)json_integer_value(json_object_get(o->head, "version")),
		       (int)json_integer_value(json_object_get(o->head, "bytes")), crc);
	printf("\n\n");
	print_programs(o->programs);
}

static int info_file(struct options *o)
{
	int code;

	o->programs = cli_pack("[]");
	o->head = json_null();
	code = cli_programs(o->file, o->prog, visit, o);
	if (cli.format != CLI_TEXT)
		cli_json(cli_pack("{s:o, s:O, s:O}", "file", cli_string(o->file), "image", o->head,
				  "programs", o->programs));
	else if (json_array_size(o->programs))
		print_file(o);
	json_decref(o->head);
	json_decref(o->programs);
	return code;
}

/* --- of this build --- */

static json_t *limits(void)
{
	return cli_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			"program_slots",
			(json_int_t)BPFVM_SLOTS, "instructions_per_guest", (json_int_t)BPFVM_CODE,
			"call_frames", (json_int_t)VM_FRAMES, "bytes_of_stack_per_frame",
			(json_int_t)VM_FRAME_SIZE, "regions", (json_int_t)VM_REGIONS,
			"bytes_per_region", (json_int_t)1 << VM_OFFSET_BITS,
			"bytes_of_guest_memory", (json_int_t)BPFVM_MEMORY, "bytes_of_a_packet",
			(json_int_t)BPFVM_PACKET, "hooks", (json_int_t)BPFVM_HOOKS,
			"maps_per_guest", (json_int_t)(VM_REGIONS - VM_REGION_FREE),
			"bytes_of_a_hashed_key", (json_int_t)VM_KEY_SIZE,
			"bytes_of_a_hashed_value", (json_int_t)VM_VALUE_SIZE);
}

static json_t *helpers(void)
{
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < 1024; i++)
		if (bpfvm_helper__name(i))
			cli_append(rows, cli_pack("{s:I, s:o, s:o}", "number", (json_int_t)i,
						  "name", cli_string(bpfvm_helper__name(i)),
						  "guests", cli_helper_guests(i)));
	return rows;
}

static json_t *cores(void)
{
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; bpfvm_core_names[i]; i++) {
		struct bpfvm_error err = {0};
		struct bpfvm_core *core;
		int code = bpfvm_core__open(bpfvm_core_names[i], &core, &err);

		cli_append(rows,
			   cli_pack("{s:o, s:b, s:o}", "core", cli_string(bpfvm_core_names[i]),
				    "usable", !code, "reason", cli_string(code ? err.text : NULL)));
		if (!code)
			bpfvm_core__close(core);
	}
	return rows;
}

static int info_build(void)
{
	static const struct cli_column core_columns[] = {{"core", "CORE", 0},
							 {"usable", "USABLE", 0},
							 {"reason", "REASON", CLI_WRAP},
							 {NULL, NULL, 0}};
	static const struct cli_column helper_columns[] = {
		{"number", "NUMBER", CLI_RIGHT},
		{"name", "HELPER", 0},
		{"guests", "GUESTS", 0},
		{NULL, NULL, 0}};
	static const struct cli_section sections[] = {
		{"limits", "Limits of this build:", NULL},
		{"cores", "Cores:", core_columns},
		{"helpers", "Helpers of guests, by their numbers in Linux:", helper_columns},
		{"memory", "Kernel memory of the machine, bytes:", cli_memory_columns},
		{NULL, NULL, NULL},
	};

	if (cli.format == CLI_TEXT)
		printf("loader %s\n\n", BPFVM_VERSION);
	cli_document(cli_pack("{s:s, s:o, s:o, s:o, s:o}", "version", BPFVM_VERSION, "limits",
			      limits(), "cores", cores(), "helpers", helpers(), "memory",
			      cli_machine_memory()),
		     sections);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct options o = {0};

	cli_parse(&cmd_info, argc, argv, &o);
	return o.file ? info_file(&o) : info_build();
}

const struct cli_command cmd_info = {
	.name = "info",
	.arguments = "[FILE]",
	.summary = "Show what is in a file, or the limits of this build",
	.details = "Of a file: its programs, how deep they call (FRAMES; - for a recursion), the "
		   "helpers they need "
		   "and whether guests and this kernel have them, the guest addresses of their "
		   "memory, and their maps: sizes "
		   "in bytes, BYTES being what a map takes of the machine's memory.\n"
		   "Without one: the limits of this build, the cores, the helpers, and the kernel "
		   "memory that the "
		   "machine takes.\n\n"
		   "Examples:\n"
		   "  loader info fib.o\n"
		   "  sudo loader info -p",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
