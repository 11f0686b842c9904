/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader detach`: takes guests off an interface. */
#include <errno.h>

#include "cli_attach.h"

struct options {
	struct cli_where where;
	bool all;
};

static const struct argp_option table[] = {
	{"all", CLI_KEY_ALL, NULL, 0, "All guests of the interface", 1},
	CLI_WHERE_OPTIONS(1),
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_ALL:
		o->all = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_detach, &o->where.interface, arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->where.interface)
			cli_usage(&cmd_detach, "detach: no IFACE given");
		if (o->all && (o->where.name || o->where.kind != BPFVM_HOOK_KINDS))
			cli_usage(&cmd_detach, "--all: not with --name or --hook");
		return 0;
	}
	return cli_where_option(&cmd_detach, &o->where, key, arg);
}

static void tell(const struct bpfvm_guest *guests, u32 n)
{
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < n; i++) {
		const char *hook = bpfvm_hook_kind__name(guests[i].hook.kind);

		if (cli.format == CLI_TEXT)
			printf("%s: %s detached from %s\n", guests[i].interface,
			       guests[i].hook.name, hook);
		cli_append(rows, cli_pack("{s:o, s:s, s:o}", "interface",
					  cli_string(guests[i].interface), "hook", hook, "name",
					  cli_string(guests[i].hook.name)));
	}
	if (cli.format == CLI_TEXT)
		json_decref(rows);
	else
		cli_json(rows);
}

/* Alone, a guest need not be named; a hook or --all stands for all that are there. */
static int detach(const struct options *o, struct bpfvm_session *session)
{
	bool several = o->all || (o->where.kind != BPFVM_HOOK_KINDS && !o->where.name);
	struct bpfvm_guest guests[BPFVM_HOOKS];
	u32 n = cli_guests(session, &o->where, several ? BPFVM_HOOKS : 1, guests);
	u32 rows[BPFVM_HOOKS];

	if (!n)
		return CLI_FAILED;
	for (u32 i = 0; i < n; i++)
		rows[i] = guests[i].row;
	bpfvm_hook__detach(session, rows, n);
	tell(guests, n);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct options o = {.where = CLI_ANYWHERE};
	struct bpfvm_session *session;
	int ret, code;

	cli_parse(&cmd_detach, argc, argv, &o);
	ret = cli_network(&o.where, false, &session);
	if (ret)
		return ret == -ENOENT ? cli_nothing_attached(&o.where) : CLI_FAILED;
	code = detach(&o, session);
	bpfvm_network__close(session);
	return code;
}

const struct cli_command cmd_detach = {
	.name = "detach",
	.arguments = "IFACE",
	.summary = "Take guests off an interface",
	.details = "Without an option, the only guest of the interface. --hook without --name: all "
		   "guests of that hook. With the last guest of a network its machine goes, and "
		   "nothing is left.\n\n"
		   "Examples:\n"
		   "  loader detach eth0\n"
		   "  loader detach eth0 --name firewall\n"
		   "  loader detach eth0 --hook tc-egress\n"
		   "  loader detach eth0 --all",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
