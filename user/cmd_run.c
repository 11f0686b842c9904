/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader run`: checks a guest, uploads it, runs it, prints R0. */
#include <stdlib.h>
#include <string.h>

#include "cli_checks.h"
#include "cli_options.h"
#include "cli_result.h"

#define DEFAULT_STEPS 100000000ull
#define MAX_REPEAT 1000000000ull

/* A --region: zeros if there is no file. */
struct region {
	u32 size;
	const char *file;
};

struct options {
	const char *file, *prog, *core, *pinned, *packet, *ctx;
	struct region region[VM_REGIONS];
	u32 regions;
	u64 steps;
	u32 repeat;
	bool unchecked;
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Program to run; default: the first in the file", 1},
	{"core", CLI_KEY_CORE, "CORE", 0,
	 "What executes it: kernel (default), or on this side of it: switch, table, small", 1},
	{"pinned", CLI_KEY_PINNED, "DIR", 0,
	 "Use the machine pinned in DIR of a bpf file system; load and pin it there if need be", 1},
	{"packet", CLI_KEY_PACKET, "hex:...|FILE", 0,
	 "Packet for an XDP or tc guest, 14 to 32768 bytes", 2},
	{"ctx", CLI_KEY_CTX, "hex:...|FILE", 0,
	 "Read/write memory: r1 is its address, r2 its length", 2},
	{"region", CLI_KEY_REGION, "rw:SIZE|ro:FILE", 0,
	 "Further memory, zeros or a file; -v tells the address; repeatable", 2},
	{"repeat", CLI_KEY_REPEAT, "N", 0,
	 "Run it N times on the same memory and give the mean time", 3},
	{"steps", CLI_KEY_STEPS, "N|unlimited", 0,
	 "Most instructions of one run (K, M, G); default 100M", 3},
	{"unchecked", CLI_KEY_UNCHECKED, NULL, 0, "Run what the checker would refuse", 3},
	{0},
};

static void parse_region(struct options *o, const char *arg)
{
	struct region *r = &o->region[o->regions];

	if (o->regions == VM_REGIONS)
		cli_usage(&cmd_run, "--region %s: no more than %u regions", arg, VM_REGIONS);
	if (!strncmp(arg, "rw:", 3))
		r->size = (u32)cli_number(&cmd_run, "--region rw:", arg + 3, 1024, CLI_BYTES_MAX);
	else if (!strncmp(arg, "ro:", 3) && arg[3])
		r->file = arg + 3;
	else
		cli_usage(&cmd_run, "--region %s: neither rw:SIZE nor ro:FILE", arg);
	o->regions++;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case CLI_KEY_CORE:
		o->core = cli_core(&cmd_run, arg);
		return 0;
	case CLI_KEY_PINNED:
		o->pinned = arg;
		return 0;
	case CLI_KEY_PACKET:
		o->packet = arg;
		return 0;
	case CLI_KEY_CTX:
		o->ctx = arg;
		return 0;
	case CLI_KEY_REGION:
		parse_region(o, arg);
		return 0;
	case CLI_KEY_REPEAT:
		o->repeat = (u32)cli_number(&cmd_run, "--repeat", arg, 1000, MAX_REPEAT);
		return 0;
	case CLI_KEY_STEPS:
		o->steps = cli_steps(&cmd_run, "--steps", arg);
		return 0;
	case CLI_KEY_UNCHECKED:
		o->unchecked = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_run, &o->file, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		cli_usage(&cmd_run, "run: no FILE given");
		break;
	case ARGP_KEY_END:
		if (o->pinned && strcmp(o->core, "kernel"))
			cli_usage(&cmd_run, "--pinned: only the kernel core can be pinned");
	}
	return ARGP_ERR_UNKNOWN;
}

static int add_ctx(const struct options *o, struct bpfvm_image *image)
{
	struct cli_bytes bytes = {0};
	struct bpfvm_error err = {0};
	int n;

	if (!o->ctx)
		return CLI_OK;
	if (cli_bytes(&cmd_run, "--ctx", o->ctx, &bytes))
		return CLI_FAILED;
	n = bpfvm_image__add_area(image, VM_REGION_CTX, "ctx", VM_READ | VM_WRITE, bytes.data,
				  bytes.size, &err);
	free(bytes.data);
	if (n < 0)
		return cli_fail(&err);
	image->arg[0] = VM_ADDRESS(VM_REGION_CTX, 0);
	image->arg[1] = bytes.size;
	return CLI_OK;
}

static int add_region(const struct region *r, struct bpfvm_image *image)
{
	struct cli_bytes bytes = {.size = r->size};
	struct bpfvm_error err = {0};
	int n;

	if (r->file && cli_bytes(&cmd_run, "--region", r->file, &bytes))
		return CLI_FAILED;
	n = bpfvm_image__add_area(image, 0, r->file ? cli_basename(r->file) : "region",
				  r->file ? VM_READ : VM_READ | VM_WRITE, bytes.data, bytes.size,
				  &err);
	free(bytes.data);
	return n < 0 ? cli_fail(&err) : CLI_OK;
}

/* What the command line gives to the guest beside a packet. */
static int add_areas(const struct options *o, struct bpfvm_image *image)
{
	int code = add_ctx(o, image);

	for (u32 i = 0; !code && i < o->regions; i++)
		code = add_region(&o->region[i], image);
	if (!code && cli.verbose) {
		json_t *rows = cli_regions(image);

		cli_table(stderr, rows, cli_region_columns);
		json_decref(rows);
	}
	return code;
}

/* A packet is for those who ask for one; the rest of the usage that the image decides. */
static void check_usage(const struct options *o, const struct bpfvm_image *image)
{
	if (o->packet && image->kind == BPFVM_KIND_PLAIN)
		cli_usage(
			&cmd_run,
			"--packet: %s in section %s is neither an XDP nor a tc program; use --ctx",
			image->name, image->section);
	if (o->packet && o->ctx)
		cli_usage(&cmd_run, "--ctx: with a packet, the context is the hook's own");
}

static int give_packet(const struct options *o, struct bpfvm_core *core)
{
	struct bpfvm_error err = {0};
	struct cli_bytes bytes;
	int n;

	if (!o->packet)
		return CLI_OK;
	if (cli_bytes(&cmd_run, "--packet", o->packet, &bytes))
		return CLI_FAILED;
	n = bpfvm_core__packet(core, bytes.data, bytes.size, &err);
	free(bytes.data);
	return n ? cli_fail(&err) : CLI_OK;
}

/*
 * The runs after the first, which warmed the caches. Those that fit into a slice are repeated by
 * the core itself, so that the way in and out is not measured.
 */
static int repeat(const struct options *o, struct bpfvm_core *core, struct bpfvm_result *result,
		  double *ns, struct bpfvm_error *err)
{
	u64 sum = 0;
	int code = 0;
	u32 i;

	if (result->steps <= BPFVM_SLICE) {
		code = bpfvm_core__repeat(core, o->steps < BPFVM_SLICE ? o->steps : BPFVM_SLICE,
					  o->repeat - 1, result, err);
		*ns = (double)result->ns;
		return code;
	}
	for (i = 1; i < o->repeat && !code && result->stop == VM_STOP_EXIT; i++) {
		code = cli_run(core, o->steps, result, err);
		sum += result->ns;
	}
	*ns = i > 1 ? (double)sum / (i - 1) : *ns;
	return code;
}

static int execute(const struct options *o, const struct bpfvm_image *image,
		   struct bpfvm_core *core)
{
	struct bpfvm_error err = {0};
	struct bpfvm_result result;
	struct cli_run_record run = {.image = image,
				     .core = o->core,
				     .result = &result,
				     .repeat = o->repeat,
				     .packet = o->packet};

	if (bpfvm_core__load(core, image, &err))
		return cli_fail(&err);
	if (give_packet(o, core))
		return CLI_FAILED;
	if (cli_run(core, o->steps, &result, &err))
		return cli_fail(&err);
	run.ns = (double)result.ns;
	if (o->repeat > 1 && result.stop == VM_STOP_EXIT && repeat(o, core, &result, &run.ns, &err))
		return cli_fail(&err);
	return cli_result(&run);
}

static int run_image(const struct options *o, struct bpfvm_image *image)
{
	struct bpfvm_error err = {0};
	struct bpfvm_core *core;
	int code = CLI_OK;

	check_usage(o, image);
	code = add_areas(o, image);
	if (!code && !o->unchecked)
		code = cli_check(image);
	if (code)
		return code;
	cli_catch_signals();
	if (o->pinned ? bpfvm_core__open_pinned(o->pinned, &core, &err) :
			bpfvm_core__open(o->core, &core, &err))
		return cli_fail(&err);
	code = execute(o, image, core);
	bpfvm_core__close(core);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.core = "kernel", .steps = DEFAULT_STEPS, .repeat = 1};
	struct bpfvm_error err = {0};
	struct bpfvm_image *image;
	int code;

	cli_parse(&cmd_run, argc, argv, &o);
	if (bpfvm_image__open(o.file, o.prog, &image, &err))
		return cli_fail(&err);
	code = run_image(&o, image);
	bpfvm_image__free(image);
	return code;
}

const struct cli_command cmd_run = {
	.name = "run",
	.arguments = "FILE",
	.summary = "Run a guest and print R0; `loader FILE` is the same",
	.details = "R0 stands alone on stdout; all else goes to stderr. In JSON, r0 is a signed "
		   "number and r0_hex "
		   "the 64 bits as they are.\n\n"
		   "Exit code: 0 the guest ended; 1 the tool or the system failed; 2 wrong usage; "
		   "3 the guest "
		   "trapped; 4 the checker refused it; 130 or 143 ended by Ctrl-C or SIGTERM, "
		   "after the present "
		   "slice of at most 4M instructions.\n\n"
		   "Examples:\n"
		   "  loader run fib.o\n"
		   "  loader run filter.o --prog drop_udp --packet capture.bin -v\n"
		   "  loader run sum.o --core table --ctx hex:0102030405060708\n"
		   "  loader run long.o --steps unlimited",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
