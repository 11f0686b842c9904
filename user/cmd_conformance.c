/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `loader conformance`: runs bare instructions for suites of test vectors, in either of two
 * protocols.
 */
#include <stdlib.h>
#include <string.h>

#include "cli_guest.h"
#include "cli_options.h"

#define MAX_CORES 8
#define DEFAULT_STEPS 1000000ull

struct options {
	const char *core[MAX_CORES];
	const char *memory;
	u64 steps;
	u32 cores;
	bool plugin, unchecked;
};

/* The cores in the order of the command line. */
struct suite {
	const struct options *o;
	struct bpfvm_core *core[MAX_CORES];
};

static const struct argp_option table[] = {
	{"core", CLI_KEY_CORE, "CORE", 0,
	 "kernel (default), switch, table, small; of several, all have to agree", 1},
	{"plugin", CLI_KEY_PLUGIN, NULL, 0, "One program, in hex on stdin, its memory as argument",
	 1},
	{"unchecked", CLI_KEY_UNCHECKED, NULL, 0, "Also run what the checker would refuse", 1},
	{"steps", CLI_KEY_STEPS, "N", 0, "Most instructions of one run (K, M, G); default 1M", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_CORE:
		if (o->cores == MAX_CORES)
			cli_usage(&cmd_conformance, "--core %s: given too often", arg);
		o->core[o->cores++] = cli_core(&cmd_conformance, arg);
		return 0;
	case CLI_KEY_PLUGIN:
		o->plugin = true;
		return 0;
	case CLI_KEY_UNCHECKED:
		o->unchecked = true;
		return 0;
	case CLI_KEY_STEPS:
		o->steps = cli_number(&cmd_conformance, "--steps", arg, 1000, BPFVM_UNLIMITED - 1);
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_conformance, &o->memory, arg);
		return 0;
	case ARGP_KEY_END:
		if (o->memory && !o->plugin)
			cli_usage(&cmd_conformance, "%s: memory is an argument with --plugin only",
				  o->memory);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Bytes written in hex, "-" for none; freed by the caller. NULL if they are no hex. */
static u8 *bytes_of(const char *hex, u32 *size)
{
	u8 *data = malloc(strlen(hex) / 2 + 1);

	if (!data)
		cli_no_memory();
	*size = 0;
	if (strcmp(hex, "-") && !cli_hex_bytes(hex, data, size)) {
		free(data);
		return NULL;
	}
	return data;
}

static int give_memory(struct bpfvm_image *image, const char *hex, struct bpfvm_error *err)
{
	u32 size;
	u8 *data = bytes_of(hex, &size);
	int n = 0;

	if (!data)
		return bpfvm_error__set(err, -1, NULL, "memory: not pairs of hex digits");
	if (size) {
		n = bpfvm_image__add_area(image, VM_REGION_CTX, "memory", VM_READ | VM_WRITE, data,
					  size, err);
		image->arg[0] = VM_ADDRESS(VM_REGION_CTX, 0);
		image->arg[1] = size;
	}
	free(data);
	return n < 0 ? n : 0;
}

/* A vector as an image; -1 with an error if it is none. */
static int image_of(const char *code, const char *memory, struct bpfvm_image **image,
		    struct bpfvm_error *err)
{
	u32 size;
	u8 *data = bytes_of(code, &size);
	int n = 0;

	if (!data)
		return bpfvm_error__set(err, -1, NULL, "program: not pairs of hex digits");
	if (size % sizeof(struct vm_insn))
		n = bpfvm_error__set(err, -1, NULL, "program: not a whole number of instructions");
	else if (bpfvm_image__from_code((struct vm_insn *)data, size / sizeof(struct vm_insn),
					image))
		cli_no_memory();
	free(data);
	if (n)
		return n;
	if (give_memory(*image, memory, err)) {
		bpfvm_image__free(*image);
		return -1;
	}
	return 0;
}

static int run_on(struct bpfvm_core *core, const struct suite *s, const struct bpfvm_image *image,
		  struct bpfvm_result *r, struct bpfvm_error *err)
{
	if (bpfvm_core__load(core, image, err) || cli_run(core, s->o->steps, r, err))
		return CLI_FAILED;
	if (r->stop == VM_STOP_EXIT)
		return CLI_OK;
	bpfvm_error__set(err, -1, bpfvm_stop__hint(r->stop), "insn %u: %s", r->pc,
			 bpfvm_stop__sentence(r->stop));
	return CLI_TRAPPED;
}

/* Runs an image on all cores; an exit code, with an error. */
static int run_image(const struct suite *s, const struct bpfvm_image *image, u64 *r0,
		     struct bpfvm_error *err)
{
	struct bpfvm_fault fault = {0};
	struct bpfvm_result r;
	int code = CLI_OK, one;

	if (!s->o->unchecked && bpfvm_image__check(image, &fault)) {
		bpfvm_error__set(err, -1, fault.hint, "insn %u: %s", fault.pc, fault.reason);
		return CLI_REFUSED;
	}
	for (u32 i = 0; i < s->o->cores; i++) {
		one = run_on(s->core[i], s, image, &r, err);
		if (i && (one != code || (!one && r.r0 != *r0))) {
			bpfvm_error__set(err, -1, NULL, "cores %s and %s disagree", s->o->core[0],
					 s->o->core[i]);
			return CLI_FAILED;
		}
		code = one;
		*r0 = r.r0;
	}
	return code;
}

static int run_vector(const struct suite *s, const char *program, const char *memory, u64 *r0,
		      struct bpfvm_error *err)
{
	struct bpfvm_image *image;
	int code;

	if (image_of(program, memory, &image, err))
		return CLI_FAILED;
	code = run_image(s, image, r0, err);
	bpfvm_image__free(image);
	return code;
}

/*
 * Lines "id code memory"; answers "id r0" or "id !message". Only a failure of the protocol is one
 * of ours.
 */
static int batch(const struct suite *s)
{
	char *line = NULL;
	size_t room = 0;

	setlinebuf(stdout); /* an answer is there as soon as it is known */
	while (!cli_signal() && getline(&line, &room, stdin) > 0) {
		char *rest = line, *id = strsep(&rest, " \n"), *code = strsep(&rest, " \n");
		char *memory = strsep(&rest, " \n");
		struct bpfvm_error err = {0};
		u64 r0;

		if (!*id && !code)
			continue;
		if (!code || !*code)
			printf("%s !program: missing\n", id);
		else if (run_vector(s, code, memory && *memory ? memory : "-", &r0, &err))
			printf("%s !%s\n", id, err.text);
		else
			printf("%s %llx\n", id, (unsigned long long)r0);
	}
	free(line);
	return cli_signal() ? CLI_SIGNAL + cli_signal() : CLI_OK;
}

/* The suite's own protocol: one program, R0 in hex on stdout. */
static int plugin(const struct suite *s)
{
	struct bpfvm_error err = {0};
	char *program = NULL;
	size_t room = 0;
	int code;
	u64 r0;

	if (getdelim(&program, &room, 0, stdin) < 0) {
		cli_error("it is expected in hex", "stdin: no program");
		code = CLI_FAILED;
	} else {
		code = run_vector(s, program, s->o->memory ? s->o->memory : "-", &r0, &err);
		if (code)
			cli_error(err.hint, "%s", err.text);
		else
			printf("%llx\n", (unsigned long long)r0);
	}
	free(program);
	return code;
}

static int open_cores(struct suite *s)
{
	struct bpfvm_error err = {0};

	for (u32 i = 0; i < s->o->cores; i++)
		if (bpfvm_core__open(s->o->core[i], &s->core[i], &err)) {
			s->core[i] = NULL;
			return cli_fail(&err);
		}
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct options o = {.steps = DEFAULT_STEPS};
	struct suite s = {.o = &o};
	int code;

	cli_parse(&cmd_conformance, argc, argv, &o);
	if (!o.cores)
		o.core[o.cores++] = "kernel";
	code = open_cores(&s);
	if (!code) {
		cli_catch_signals();
		code = o.plugin ? plugin(&s) : batch(&s);
	}
	for (u32 i = 0; i < o.cores; i++)
		if (s.core[i])
			bpfvm_core__close(s.core[i]);
	return code;
}

const struct cli_command cmd_conformance = {
	.name = "conformance",
	.arguments = "[MEMORY]",
	.summary = "Run test vectors of instruction set suites",
	.details = "Batch, the default: lines `ID CODE MEMORY` on stdin, in hex, MEMORY being - "
		   "for none; for each a "
		   "line `ID R0` or `ID !REASON` on stdout.\n"
		   "Plugin: the protocol of bpf_conformance, one program in hex on stdin and R0 in "
		   "hex on stdout; "
		   "MEMORY may also stand before the word conformance, where that suite puts it.\n"
		   "r1 is the address of the memory and r2 its length, or both are 0.\n\n"
		   "Examples:\n"
		   "  echo 'seven b7000000070000009500000000000000 -' | loader conformance --core "
		   "table\n"
		   "  echo 'b7 00 00 00 07 00 00 00 95 00 00 00 00 00 00 00' | loader conformance "
		   "--plugin",
	.options = table,
	.parse = parse,
	.run = run,
};
