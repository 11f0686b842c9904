/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader bench`: how fast guests run on every core, beside the kernel's own JIT. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_bench.h"
#include "cli_guest.h"
#include "cli_options.h"

#define MAX_GUESTS 64
#define KERNEL 0 /* places in bpfvm_core_names */

struct options {
	const char *file[MAX_GUESTS];
	const char *core[BENCH_CORES]; /* asked for; none: all */
	u32 files, cores, rounds;
};

static const struct argp_option table[] = {
	{"rounds", CLI_KEY_ROUNDS, "N", 0, "Measure N times and take medians; default 9", 1},
	{"core", CLI_KEY_CORE, "CORE", 0,
	 "Only this core: kernel, switch, table, small; repeatable", 1},
	{0},
};

static const char *const standard[] = {"fletcher32", "alu",	"sieve", "bubble",
				       "crc32",	     "siphash", "calls", "empty"};
static const char *const on_packets[] = {"parser", "counters", "firewall", "syn", NULL};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_ROUNDS:
		o->rounds = (u32)cli_number(&cmd_bench, "--rounds", arg, 1000, BENCH_ROUNDS);
		return 0;
	case CLI_KEY_CORE:
		if (o->cores == BENCH_CORES)
			cli_usage(&cmd_bench, "--core %s: given too often", arg);
		o->core[o->cores++] = cli_core(&cmd_bench, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (o->files == MAX_GUESTS)
			cli_usage(&cmd_bench, "%s: more than %u files", arg, MAX_GUESTS);
		o->file[o->files++] = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void bench_path(const char *name, char *path, size_t size)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	*(strrchr(self, '/') ? strrchr(self, '/') : self) = 0;
	snprintf(path, size, "%s/progs/%s.o", self, name);
}

static bool wanted(const struct options *o, const char *core)
{
	for (u32 i = 0; i < o->cores; i++)
		if (!strcmp(o->core[i], core))
			return true;
	return !o->cores;
}

/* Those that were not asked for by name may be missing. */
static int open_cores(const struct options *o, struct bench *b)
{
	struct bpfvm_error err = {0};

	for (u32 i = 0; bpfvm_core_names[i]; i++) {
		if (!wanted(o, bpfvm_core_names[i]) ||
		    !bpfvm_core__open(bpfvm_core_names[i], &b->core[i], &err))
			continue;
		b->core[i] = NULL;
		cli_error(err.hint, "core %s left out: %s", bpfvm_core_names[i], err.text);
		if (o->cores)
			return CLI_FAILED;
	}
	return CLI_OK;
}

static int open_guest(const struct bench *b, const char *path, struct bench_guest *g)
{
	struct bpfvm_error err = {0};
	int code;

	g->native.fd = -1;
	if (bpfvm_image__open(path, NULL, &g->image, &err))
		return cli_fail(&err);
	code = cli_check(g->image);
	if (!code && b->core[KERNEL])
		cli_native_open(&g->native, g->image);
	return code;
}

static int open_guests(const struct options *o, const struct bench *b, struct bench_guest *guest)
{
	int code = CLI_OK;
	char path[4200];

	for (u32 i = 0; !code && i < o->files; i++)
		code = open_guest(b, o->file[i], &guest[i]);
	for (u32 i = 0; !code && !o->files && i < sizeof(standard) / sizeof(standard[0]); i++) {
		bench_path(standard[i], path, sizeof(path));
		code = open_guest(b, path, &guest[i]);
	}
	return code;
}

static json_t *guest_row(const struct bench *b, const struct bench_guest *g)
{
	const struct bench_samples *kernel = NULL, *host = NULL;
	json_t *row =
		cli_pack("{s:o, s:o, s:I, s:o}", "guest", cli_string(cli_basename(g->image->path)),
			 "program", cli_string(g->image->name), "instructions",
			 (json_int_t)g->steps, "r0_hex", cli_hex(g->r0));
	double steps = g->steps ? (double)g->steps : 1;

	for (u32 i = 0; bpfvm_core_names[i]; i++) {
		const struct bench_samples *s = &g->core[i];

		cli_set(row, bpfvm_core_names[i],
			s->count ? cli_pack("f", bench_median(s) / steps) : json_null());
		if (b->core[i] && !strcmp(bpfvm_core_names[i], "kernel"))
			kernel = s;
		if (b->core[i] && !strcmp(bpfvm_core_names[i], "table"))
			host = s;
	}
	cli_set(row, "kernel_to_table",
		kernel && host ? cli_pack("f", bench_ratio(kernel, host)) : json_null());
	cli_set(row, "jit",
		g->jit.count	  ? cli_pack("f", bench_median(&g->jit) / steps)
		: b->core[KERNEL] ? cli_string("refused")
				  : json_null());
	return row;
}

static void print_results(struct bench *b, const struct bench_guest *guest, u32 guests,
			  bool packets)
{
	static const struct cli_column columns[] = {
		{"guest", "GUEST", 0},
		{"instructions", "INSNS", CLI_RIGHT},
		{"kernel", "KERNEL", CLI_RIGHT},
		{"switch", "SWITCH", CLI_RIGHT},
		{"table", "TABLE", CLI_RIGHT},
		{"small", "SMALL", CLI_RIGHT},
		{"kernel_to_table", "KERNEL/TABLE", CLI_RIGHT},
		{"jit", "JIT", CLI_RIGHT},
		{NULL, NULL, 0},
	};
	static const struct cli_column packet_columns[] = {
		{"guest", "GUEST", 0},
		{"instructions", "INSNS", CLI_RIGHT},
		{"guest_ns", "MACHINE", CLI_RIGHT},
		{"native_ns", "NATIVE", CLI_RIGHT},
		{"overhead_ns", "OVERHEAD", CLI_RIGHT},
		{NULL, NULL, 0},
	};
	static const struct cli_section sections[] = {
		{"guests", "ns per guest instruction; JIT: the kernel runs the guest itself",
		 columns},
		{"packets", "ns per packet; NATIVE: compiled by the kernel", packet_columns},
		{"machine", "Entering and leaving the machine; uploading 4,000 instructions", NULL},
		{NULL, NULL, NULL},
	};
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < guests; i++)
		cli_append(rows, guest_row(b, &guest[i]));
	cli_document(cli_pack("{s:I, s:o, s:o, s:o}", "rounds", (json_int_t)b->rounds, "guests",
			      rows, "packets",
			      packets ? bench_packets(b, on_packets) : cli_pack("[]"), "machine",
			      bench_machine(b)),
		     sections);
}

static int measure(struct bench *b, struct bench_guest *guest, u32 guests, bool packets)
{
	int code = CLI_OK;

	cli_catch_signals();
	for (u32 round = 0; !code && round < b->rounds; round++) {
		cli_note("round %u of %u", round + 1, b->rounds);
		for (u32 i = 0; !code && i < guests; i++)
			code = cli_signal() ? CLI_SIGNAL + cli_signal()
					    : bench_guest_round(b, &guest[i]);
	}
	if (!code)
		print_results(b, guest, guests, packets);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.rounds = 9};
	struct bench b = {0};
	struct bench_guest *guest;
	u32 guests;
	int code;

	cli_parse(&cmd_bench, argc, argv, &o);
	guests = o.files ? o.files : sizeof(standard) / sizeof(standard[0]);
	guest = calloc(guests, sizeof(*guest));
	if (!guest)
		cli_no_memory();
	b.rounds = o.rounds;
	code = open_cores(&o, &b);
	if (!code)
		code = open_guests(&o, &b, guest);
	if (!code)
		code = measure(&b, guest, guests, !o.files);
	for (u32 i = 0; i < guests; i++) {
		if (guest[i].image)
			cli_native_close(&guest[i].native);
		bpfvm_image__free(guest[i].image);
	}
	for (u32 i = 0; bpfvm_core_names[i]; i++)
		if (b.core[i])
			bpfvm_core__close(b.core[i]);
	free(guest);
	return code;
}

const struct cli_command cmd_bench = {
	.name = "bench",
	.arguments = "[FILE...]",
	.summary = "Measure guests on every core, beside the kernel's JIT",
	.details = "Without files: the standard set in progs/ beside the loader. All cores take "
		   "their turn in every "
		   "round, so that a busy machine disturbs them alike; figures are medians, "
		   "KERNEL/TABLE that of the "
		   "ratios of each round. Results of all cores must be equal. A core that cannot "
		   "be used here is "
		   "left out unless --core names it.\n\n"
		   "Examples:\n"
		   "  sudo loader bench\n"
		   "  loader bench fib.o --core table --core small -j",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
