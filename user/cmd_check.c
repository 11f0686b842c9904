/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader check`: says whether guests would be accepted, and if not, where and why. */
#include "cli_guest.h"
#include "cli_options.h"

struct options {
	const char *file, *prog;
	json_t *rows;
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Check this program only; default: all in the file", 1},
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
		cli_take(&cmd_check, &o->file, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		cli_usage(&cmd_check, "check: no FILE given");
	}
	return ARGP_ERR_UNKNOWN;
}

static void print_refused(const struct bpfvm_image *image, const struct bpfvm_fault *fault)
{
	json_t *place = cli_place(image, fault->pc);

	printf("%s: %s: insn %u: %s\n", image->path, image->name, fault->pc, fault->reason);
	cli_place_print(stdout, place);
	if (*fault->hint)
		printf("  hint: %s\n", fault->hint);
	json_decref(place);
}

static int visit(struct bpfvm_image *image, void *arg)
{
	struct options *o = arg;
	struct bpfvm_fault fault = {0};
	bool ok = !bpfvm_image__check(image, &fault);

	if (cli.format != CLI_TEXT)
		cli_append(o->rows,
			   cli_pack("{s:o, s:o, s:o, s:b, s:I, s:o}", "file",
				    cli_string(image->path), "program", cli_string(image->name),
				    "section", cli_string(image->section), "ok", ok, "instructions",
				    (json_int_t)image->len, "fault",
				    ok ? json_null() : cli_refusal(image, &fault)));
	else if (ok)
		printf("%s: %s: ok, %u instruction%s\n", image->path, image->name, image->len,
		       image->len == 1 ? "" : "s");
	else
		print_refused(image, &fault);
	return ok ? CLI_OK : CLI_REFUSED;
}

static int run(int argc, char **argv)
{
	struct options o = {.rows = cli_pack("[]")};
	int code;

	cli_parse(&cmd_check, argc, argv, &o);
	code = cli_programs(o.file, o.prog, visit, &o);
	if (cli.format != CLI_TEXT)
		cli_json(o.rows);
	else
		json_decref(o.rows);
	return code;
}

const struct cli_command cmd_check = {
	.name = "check",
	.arguments = "FILE",
	.summary = "Say whether guests would be accepted, and why not",
	.details = "`loader run` does the same before each run.\n\n"
		   "Exit code: 0 all are accepted; 1 the file cannot be used; 2 wrong usage; 4 one "
		   "was refused.\n\n"
		   "Examples:\n"
		   "  loader check fib.o\n"
		   "  loader check filters.o --prog drop_udp -p",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
