/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader dis`: a guest's instructions as they will run, in the kernel's notation. */
#include <string.h>

#include "cli_guest.h"
#include "cli_options.h"

struct options {
	const char *file, *prog;
	bool lines;
	json_t *rows;
	u32 programs; /* printed so far */
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Show this program only; default: all in the file", 1},
	{"lines", 'l', NULL, 0, "Show the lines of source between the instructions", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case 'l':
		o->lines = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_dis, &o->file, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		cli_usage(&cmd_dis, "dis: no FILE given");
	}
	return ARGP_ERR_UNKNOWN;
}

/* Text of the instruction at `i`; returns the slots it takes. */
static u32 insn_text(const struct bpfvm_image *image, u32 i, char *text, size_t size)
{
	const struct vm_insn *in = &image->code[i];

	return bpfvm_insn__text(in, i + 1 < image->len ? in + 1 : NULL, text, size);
}

static void print_line(const struct bpfvm_line *line, const struct bpfvm_line **last)
{
	if (!line || line == *last)
		return;
	printf("; %s @ %s:%u\n", cli_source(line), line->file ? cli_basename(line->file) : "?",
	       line->line);
	*last = line;
}

static void print_text(const struct bpfvm_image *image, bool lines)
{
	const struct bpfvm_line *last = NULL;
	char text[128];

	for (u32 i = 0; i < image->len;) {
		const struct bpfvm_function *f = cli_function(image, i);
		u32 slots = insn_text(image, i, text, sizeof(text));

		if (f && f->start == i)
			printf("%s:\n", f->name);
		if (lines)
			print_line(cli_line(image, i), &last);
		printf("%4u: %s\n", i, text);
		i += slots;
	}
}

static json_t *json_insns(const struct bpfvm_image *image)
{
	json_t *rows = cli_pack("[]");
	char text[128];

	for (u32 i = 0; i < image->len;) {
		u32 slots = insn_text(image, i, text, sizeof(text));
		json_t *row = cli_place(image, i);
		char bytes[4 * sizeof(struct vm_insn) + 1] = "";

		for (u32 b = 0; b < slots * sizeof(struct vm_insn); b++)
			sprintf(bytes + 2 * b, "%02x", ((const u8 *)&image->code[i])[b]);
		cli_set(row, "bytes", cli_string(bytes));
		cli_append(rows, row);
		i += slots;
	}
	return rows;
}

static int visit(struct bpfvm_image *image, void *arg)
{
	struct options *o = arg;

	if (cli.format != CLI_TEXT) {
		cli_append(o->rows,
			   cli_pack("{s:o, s:o, s:I, s:o}", "program", cli_string(image->name),
				    "section", cli_string(image->section), "entry",
				    (json_int_t)image->entry, "instructions", json_insns(image)));
		return CLI_OK;
	}
	if (!o->prog)
		printf("%s; program %s, section %s, begins at %u\n", o->programs++ ? "\n" : "",
		       image->name, image->section, image->entry);
	print_text(image, o->lines);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct options o = {.rows = cli_pack("[]")};
	int code;

	cli_parse(&cmd_dis, argc, argv, &o);
	code = cli_programs(o.file, o.prog, visit, &o);
	if (cli.format != CLI_TEXT)
		cli_json(o.rows);
	else
		json_decref(o.rows);
	return code;
}

const struct cli_command cmd_dis = {
	.name = "dis",
	.arguments = "FILE",
	.summary = "Show the instructions of guests as they will run",
	.details = "In the notation of the kernel, linked as for a run: the functions that a "
		   "program calls follow it. "
		   "Lines of source need an object that was built with -g.\n\n"
		   "Examples:\n"
		   "  loader dis fib.o\n"
		   "  loader dis -l filters.o --prog drop_udp",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
