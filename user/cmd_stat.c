/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader stat`: what the runs of attached guests came to. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli_attach.h"
#include "cli_guest.h"

struct options {
	struct cli_where where;
	u32 seconds; /* 0: once */
};

static const struct argp_option table[] = {
	{"watch", CLI_KEY_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
	 "Again and again, what was added since; each second if not said", 1},
	CLI_WHERE_OPTIONS(2),
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_WATCH:
		o->seconds = arg ? (u32)cli_number(&cmd_stat, "--watch", arg, 60, 86400) : 1;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_stat, &o->where.interface, arg);
		return 0;
	}
	return cli_where_option(&cmd_stat, &o->where, key, arg);
}

/* --- a row --- */

static void add(json_t *object, const char *key, u64 count)
{
	json_int_t before = json_integer_value(json_object_get(object, key));

	if (count)
		cli_set(object, key, cli_pack("I", before + (json_int_t)count));
}

static json_t *verdicts(const struct bpfvm_guest *g)
{
	json_t *object = cli_pack("{}");

	for (u32 i = 0; i < BPFVM_VERDICTS; i++)
		add(object, cli_hook_verdict(g->hook.kind, i < BPFVM_VERDICTS - 1 ? i - 1 : ~1u),
		    g->count.verdict[i]);
	return object;
}

static json_t *traps(const struct bpfvm_guest *g)
{
	json_t *object = cli_pack("{}");

	for (u32 stop = VM_STOP_EXIT + 1; stop < VM_STOPS; stop++)
		add(object, bpfvm_stop__name(stop), g->count.stop[stop]);
	return object;
}

static u64 trapped(const struct bpfvm_guest *g)
{
	u64 sum = 0;

	for (u32 stop = VM_STOP_EXIT + 1; stop < VM_STOPS; stop++)
		sum += g->count.stop[stop];
	return sum;
}

static json_t *row(const struct bpfvm_guest *g)
{
	const struct bpfvm_count *c = &g->count;

	return cli_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:I, s:I}", "interface",
			cli_string(g->interface), "hook", bpfvm_hook_kind__name(g->hook.kind),
			"name", cli_string(g->hook.name), "id", (json_int_t)g->hook.id, "runs",
			(json_int_t)c->runs, "insns", (json_int_t)c->insns, "insns_per_run",
			c->runs ? cli_pack("f", (double)c->insns / (double)c->runs) : json_null(),
			"trapped", (json_int_t)trapped(g), "verdicts", verdicts(g), "traps",
			traps(g), "steps", (json_int_t)g->hook.budget, "memory",
			(json_int_t)g->slot.bytes);
}

/* --- all of them --- */

struct view {
	struct bpfvm_guest guest[BPFVM_HOOKS];
	u32 guests;
	u64 refused;
};

/* Takes off what an earlier view had counted. */
static void subtract(struct view *now, const struct view *before)
{
	for (u32 i = 0; i < now->guests; i++) {
		u64 *to = (u64 *)&now->guest[i].count;

		for (u32 k = 0; k < before->guests; k++) {
			const u64 *from = (const u64 *)&before->guest[k].count;

			if (before->guest[k].hook.id != now->guest[i].hook.id)
				continue;
			for (size_t n = 0; n < sizeof(struct bpfvm_count) / sizeof(u64); n++)
				to[n] -= from[n];
		}
	}
	now->refused -= before->refused;
}

static void print(const struct view *view)
{
	static const struct cli_column columns[] = {
		{"interface", "INTERFACE", 0},
		{"hook", "HOOK", 0},
		{"name", "NAME", 0},
		{"runs", "RUNS", CLI_RIGHT},
		{"insns", "INSNS", CLI_RIGHT},
		{"insns_per_run", "PER RUN", CLI_RIGHT},
		{"verdicts", "VERDICTS", 0},
		{"traps", "TRAPS", 0},
		{"steps", "STEPS", CLI_RIGHT},
		{"memory", "MEMORY", CLI_RIGHT},
		{NULL, NULL, 0},
	};
	static const struct cli_section sections[] = {{"guests", NULL, columns}, {NULL, NULL, NULL}};
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < view->guests; i++)
		cli_append(rows, row(&view->guest[i]));
	cli_document(cli_pack("{s:o, s:I}", "guests", rows, "refused", (json_int_t)view->refused),
		     sections);
	if (cli.format == CLI_TEXT && view->refused)
		printf("%llu packets met no guest: no machine was free\n",
		       (unsigned long long)view->refused);
	fflush(stdout);
}

/* One process has the machine at a time: it is given back between two looks. */
static int look(const struct options *o, struct view *view)
{
	struct bpfvm_session *session;
	int ret = cli_network(&o->where, false, &session);

	memset(view, 0, sizeof(*view));
	if (ret)
		return ret == -ENOENT ? CLI_OK : CLI_FAILED;
	view->guests = bpfvm_hook__find(session, o->where.interface, o->where.kind, o->where.name,
					view->guest);
	view->refused = bpfvm_network__refused(session);
	bpfvm_network__close(session);
	return CLI_OK;
}

static int watch(struct options *o, struct view *before)
{
	static struct view now, sum;

	o->where.netns = NULL; /* it was entered */
	cli_catch_signals();
	while (before->guests) {
		sleep(o->seconds);
		if (cli_signal())
			return CLI_SIGNAL + cli_signal();
		if (look(o, &now))
			return CLI_FAILED;
		sum = now;
		subtract(&now, before);
		print(&now);
		*before = sum;
	}
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	static struct view view;
	struct options o = {.where = CLI_ANYWHERE};

	cli_parse(&cmd_stat, argc, argv, &o);
	if (look(&o, &view))
		return CLI_FAILED;
	print(&view);
	return o.seconds ? watch(&o, &view) : CLI_OK;
}

const struct cli_command cmd_stat = {
	.name = "stat",
	.arguments = "[IFACE]",
	.summary = "Show what attached guests did: runs, instructions, verdicts, traps",
	.details = "Counts are exact, and begin with `attach`; a swap does not end them. A run that "
		   "trapped counts with the verdict that --on-trap gave it, too. --watch first "
		   "prints what there is, then what each interval added, until a signal or until no "
		   "guest is left; with -j, a line of JSON each.\n\n"
		   "Examples:\n"
		   "  loader stat\n"
		   "  loader stat eth0 --hook xdp -j\n"
		   "  loader stat --watch=5",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
