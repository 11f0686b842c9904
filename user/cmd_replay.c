/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader replay`: shows each packet of a capture to a guest; the kernel is the oracle. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU_SET */
#endif
#include <errno.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"
#include "cli_replay.h"
#include "cli_result.h"

#define MAX_IGNORED 64

struct options {
	const char *capture, *file, *prog, *core, *pinned, *setup, *output;
	const char *ignored[MAX_IGNORED + 1];
	u32 ignored_count;
	u64 count, steps;
	u64 generate, seed; /* generate 0: from the capture */
	bool compare;
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Program to run; default: the first in the file", 1},
	{"core", CLI_KEY_CORE, "CORE", 0,
	 "What executes it: kernel (default), switch, table, small", 1},
	{"pinned", CLI_KEY_PINNED, "DIR", 0,
	 "Use the machine pinned in DIR of a bpf file system; load and pin it there if need be", 1},
	{"steps", CLI_KEY_STEPS, "N", 0, "Most instructions for a packet (K, M, G); default 4M", 1},
	{"setup", CLI_KEY_SETUP, "FILE", 0,
	 "Lines MAP KEY VALUE, or as `loader map dump` prints them: what maps hold before the first "
	 "packet", 2},
	{"generate", CLI_KEY_GENERATE, "N[,SEED]", 0,
	 "Make N packets in place of a capture: valid ones of many kinds, damaged ones, noise", 2},
	{"count", CLI_KEY_COUNT, "N", 0, "Stop after N packets", 2},
	{"write", 'w', "FILE", 0, "Write the packets that the guest changed to a pcap file", 3},
	{"compare-native", CLI_KEY_COMPARE, NULL, 0,
	 "Run the object in the kernel as well, and tell each difference", 4},
	{"ignore-map", CLI_KEY_IGNORE, "NAME", 0,
	 "Do not compare this map or section (.bss): it depends on time or chance; repeatable", 4},
	{0},
};

static void parse_generate(struct options *o, char *arg)
{
	char *comma = strchr(arg, ',');

	o->seed = 1;
	if (comma) {
		*comma = 0;
		o->seed = cli_number(&cmd_replay, "--generate N,SEED:", comma + 1, 1000, ~0u);
	}
	o->generate = cli_number(&cmd_replay, "--generate", arg, 1000, ~0u);
}

static void parse_ignored(struct options *o, const char *arg)
{
	if (o->ignored_count == MAX_IGNORED)
		cli_usage(&cmd_replay, "--ignore-map %s: no more than %u", arg, MAX_IGNORED);
	o->ignored[o->ignored_count++] = arg;
}

/* CAPTURE and FILE, or FILE alone where packets are generated. */
static void parse_end(struct options *o)
{
	if (o->generate && o->file)
		cli_usage(&cmd_replay, "%s: with --generate there is no capture", o->capture);
	if (o->generate)
		o->file = o->capture;
	if (!o->file)
		cli_usage(&cmd_replay, o->capture && !o->generate ?
					       "replay: no guest given behind the capture" :
					       "replay: no FILE given");
	if (o->pinned && strcmp(o->core, "kernel"))
		cli_usage(&cmd_replay, "--pinned: only the kernel core can be pinned");
	if (o->ignored_count && !o->compare)
		cli_usage(&cmd_replay, "--ignore-map: only with --compare-native");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case CLI_KEY_CORE:
		o->core = cli_core(&cmd_replay, arg);
		return 0;
	case CLI_KEY_PINNED:
		o->pinned = arg;
		return 0;
	case CLI_KEY_STEPS:
		o->steps = cli_number(&cmd_replay, "--steps", arg, 1000, BPFVM_SLICE);
		return 0;
	case CLI_KEY_SETUP:
		o->setup = arg;
		return 0;
	case CLI_KEY_GENERATE:
		parse_generate(o, arg);
		return 0;
	case CLI_KEY_COUNT:
		o->count = cli_number(&cmd_replay, "--count", arg, 1000, ~0ull);
		return 0;
	case 'w':
		o->output = arg;
		return 0;
	case CLI_KEY_COMPARE:
		o->compare = true;
		return 0;
	case CLI_KEY_IGNORE:
		parse_ignored(o, arg);
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_replay, o->capture ? &o->file : &o->capture, arg);
		return 0;
	case ARGP_KEY_END:
		parse_end(o);
	}
	return ARGP_ERR_UNKNOWN;
}

static json_t *verdict_rows(const struct replay *r)
{
	json_t *rows = json_array();

	for (u32 i = 0; i < REPLAY_VERDICTS; i++)
		if (r->verdict[i])
			cli_append(rows,
				   cli_pack("{s:s, s:I}", "verdict",
					    cli_verdict_name(r->image->kind, i), "packets",
					    (json_int_t)r->verdict[i]));
	return rows;
}

static json_t *trap_row(const struct replay *r, u32 stop)
{
	return cli_pack("{s:s, s:I, s:I, s:i, s:s}", "trap", bpfvm_stop__name(stop), "packets",
			(json_int_t)r->trap[stop].packets, "first", (json_int_t)r->trap[stop].first,
			"insn", (int)r->trap[stop].insn, "reason", bpfvm_stop__sentence(stop));
}

static json_t *trap_rows(const struct replay *r)
{
	json_t *rows = json_array();

	for (u32 i = 0; i < VM_STOPS; i++)
		if (r->trap[i].packets)
			cli_append(rows, trap_row(r, i));
	return rows;
}

static void report(const struct options *o, struct replay *r)
{
	static const struct cli_column verdicts[] = {
		{"verdict", "VERDICT", 0}, {"packets", "PACKETS", CLI_RIGHT}, {0}};
	static const struct cli_column traps[] = {{"trap", "TRAP", 0},
						  {"packets", "PACKETS", CLI_RIGHT},
						  {"first", "FIRST", CLI_RIGHT},
						  {"insn", "INSN", CLI_RIGHT},
						  {"reason", "REASON", 0},
						  {0}};
	static const struct cli_column differences[] = {{"packet", "PACKET", CLI_RIGHT},
							{"what", "DIFFERENT", 0},
							{"machine", "MACHINE", CLI_WRAP},
							{"native", "KERNEL", CLI_WRAP},
							{0}};
	static const struct cli_section sections[] = {{"verdicts", NULL, verdicts},
						      {"traps", NULL, traps},
						      {"differences", NULL, differences},
						      {"summary", NULL, NULL},
						      {0}};
	json_t *summary = cli_pack("{s:o, s:s, s:I, s:I, s:I, s:f}", "program",
				   cli_string(r->image->name), "core", o->core, "packets",
				   (json_int_t)r->packets, "skipped", (json_int_t)r->skipped,
				   "changed", (json_int_t)r->changed, "instructions_per_packet",
				   r->packets ? (double)r->insns / (double)r->packets : 0.0);

	if (r->native) {
		cli_set(summary, "records", json_integer((json_int_t)r->records));
		cli_set(summary, "map_entries", json_integer((json_int_t)r->entries));
		cli_set(summary, "differences", json_integer((json_int_t)r->differing));
	}
	cli_document(cli_pack("{s:o, s:o, s:O, s:o}", "verdicts", verdict_rows(r), "traps",
			      trap_rows(r), "differences", r->differences, "summary",
			      summary),
		     sections);
}

static int replay_all(const struct options *o, struct replay *r, struct cli_capture *capture)
{
	struct cli_packet packet;
	int more = 1, code = CLI_OK;

	for (u64 n = 0; !code && n < o->count && !cli_signal(); n++) {
		more = cli_capture_next(capture, &packet);
		if (more <= 0)
			break;
		code = replay_packet(r, &packet);
	}
	if (!code && more < 0)
		code = CLI_FAILED;
	if (!code && !r->packets && !cli_signal()) {
		cli_error(r->skipped ? "-v says why each one was skipped" : NULL,
			  "%s: no packet to replay", o->capture);
		code = CLI_FAILED;
	}
	return code;
}

/* The exit code of a replay that came to its end. */
static int judge(const struct replay *r)
{
	u64 trapped = 0;

	for (u32 i = 0; i < VM_STOPS; i++)
		trapped += r->trap[i].packets;
	if (cli_signal())
		return CLI_SIGNAL + cli_signal();
	return r->differing ? CLI_FAILED : trapped ? CLI_TRAPPED : CLI_OK;
}

static int execute(const struct options *o, struct replay *r, struct cli_capture *capture)
{
	struct bpfvm_error err = {0};
	int code;

	if (bpfvm_core__load(r->core, r->image, &err))
		return cli_fail(&err);
	if (o->compare && replay_native_open(r->image, &r->native))
		return CLI_FAILED;
	if (o->setup && replay_setup(r, o->setup))
		return CLI_FAILED;
	if (o->output && cli_capture_create(o->output, &r->changed_file))
		return CLI_FAILED;
	code = replay_all(o, r, capture);
	if (cli_capture_finish(r->changed_file) && !code)
		code = CLI_FAILED;
	if (code)
		return code;
	if (r->native)
		replay_compare_maps(r);
	report(o, r);
	return judge(r);
}

/* All packets on one CPU, so that what per-CPU maps hold is known. */
static void stay(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((u32)sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
}

static int replay_image(const struct options *o, const struct bpfvm_image *image)
{
	struct replay r = {.image = image, .ignored = o->ignored, .budget = o->steps};
	struct cli_capture *capture;
	struct bpfvm_error err = {0};
	int code = cli_check(image);

	if (code)
		return code;
	if (o->generate)
		capture = cli_capture_generate(o->generate, o->seed);
	else if (cli_capture_open(o->capture, &capture))
		return CLI_FAILED;
	cli_catch_signals();
	stay();
	r.differences = json_array();
	code = o->pinned ? bpfvm_core__open_pinned(o->pinned, &r.core, &err) :
			   bpfvm_core__open(o->core, &r.core, &err);
	code = code ? cli_fail(&err) : execute(o, &r, capture);
	replay_native_close(r.native);
	bpfvm_core__close(r.core);
	cli_capture_close(capture);
	json_decref(r.differences);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.core = "kernel", .steps = BPFVM_SLICE, .count = ~0ull};
	struct bpfvm_error err = {0};
	struct bpfvm_image *image;
	int code;

	cli_parse(&cmd_replay, argc, argv, &o);
	if (bpfvm_image__open(o.file, o.prog, &image, &err))
		return cli_fail(&err);
	if (image->kind == BPFVM_KIND_PLAIN)
		cli_usage(&cmd_replay, "%s: %s in section %s is neither an XDP nor a tc program",
			  o.file, image->name, image->section);
	code = replay_image(&o, image);
	bpfvm_image__free(image);
	return code;
}

const struct cli_command cmd_replay = {
	.name = "replay",
	.arguments = "CAPTURE FILE",
	.summary = "Show captured packets to a guest and count its verdicts",
	.details = "CAPTURE is a pcap or pcapng file of Ethernet frames, FILE the guest. With "
		   "--generate there is no CAPTURE. Nothing is sent anywhere.\n\n"
		   "With --compare-native the kernel verifies and runs the same object, and gets "
		   "the same packets: verdict, bytes, length, for tc guests also mark, priority, "
		   "cb and time stamp, records in ring buffers, and at the end the contents of all "
		   "maps and variables have to be the same. The first differences are shown, all "
		   "are counted.\n\n"
		   "Exit code: 0 all packets got a verdict; 1 the two differ, or the tool failed; "
		   "3 the guest trapped on a packet.\n\n"
		   "Examples:\n"
		   "  loader replay office.pcap firewall.o --setup rules -w changed.pcap\n"
		   "  loader replay --generate 10K,42 parser.o --core table --compare-native",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
