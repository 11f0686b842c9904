/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader list`: which guests are attached. */
#include <errno.h>

#include "cli_attach.h"

static const struct argp_option table[] = {
	CLI_WHERE_OPTIONS(1),
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli_where *where = state->input;

	if (key == ARGP_KEY_ARG) {
		cli_take(&cmd_list, &where->interface, arg);
		return 0;
	}
	return cli_where_option(&cmd_list, where, key, arg);
}

static json_t *list(struct bpfvm_session *session, const struct cli_where *where)
{
	struct bpfvm_guest guests[BPFVM_HOOKS];
	u32 n = bpfvm_hook__find(session, where->interface, where->kind, where->name, guests);
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < n; i++)
		cli_append(rows, cli_attached(session, &guests[i]));
	return rows;
}

static int run(int argc, char **argv)
{
	static const struct cli_section sections[] = {{"guests", NULL, cli_attached_columns},
						      {NULL, NULL, NULL}};
	struct cli_where where = CLI_ANYWHERE;
	struct bpfvm_session *session;
	json_t *rows = NULL;
	int ret;

	cli_parse(&cmd_list, argc, argv, &where);
	ret = cli_network(&where, false, &session);
	if (ret && ret != -ENOENT)
		return CLI_FAILED;
	if (!ret) {
		rows = list(session, &where);
		bpfvm_network__close(session);
	}
	cli_document(cli_pack("{s:o}", "guests", rows ? rows : cli_pack("[]")), sections);
	return CLI_OK;
}

const struct cli_command cmd_list = {
	.name = "list",
	.arguments = "[IFACE]",
	.summary = "List the guests that are attached",
	.details = "In the order in which packets meet them at each hook; nothing if there are "
		   "none.\n\n"
		   "Examples:\n"
		   "  loader list\n"
		   "  loader list eth0 -j",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
