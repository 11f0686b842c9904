/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader kv`: integers that guests and user space leave for each other, by a key. */
#include <string.h>

#include "cli_maps.h"
#include "cli_target.h"
#include "values.h"

struct options {
	struct cli_where where;
	const struct verb *verb;
	const char *word[2]; /* key and value */
	u32 words;
	bool global;
};

struct verb {
	const char *name;
	u32 words;
	int (*run)(struct cli_map *);
};

static const struct argp_option table[] = {
    {"global", CLI_KEY_GLOBAL, NULL, 0, "The store of all guests of the network", 1},
    CLI_WHERE_OPTIONS(2),
    {0},
};

static const struct verb *verb_of(const char *name);

/* IFACE stands there unless --global does, perhaps only later: it is told apart at the end. */
static void take_word(struct options *o, char *arg)
{
	if (!o->verb)
		o->verb = verb_of(arg);
	else if (!o->where.interface)
		o->where.interface = arg;
	else if (o->words < 2)
		o->word[o->words++] = arg;
	else
		cli_usage(&cmd_kv, "%s: one argument too many", arg);
}

static void check_usage(struct options *o)
{
	static const char *const names[] = {"KEY", "VALUE"};

	if (!o->verb)
		cli_usage(&cmd_kv, "kv: neither list, get, set nor delete");
	if (o->global && o->where.interface) {
		if (o->words == 2)
			cli_usage(&cmd_kv, "--global: not with an IFACE");
		o->word[1] = o->word[0];
		o->word[0] = o->where.interface;
		o->words++;
		o->where.interface = NULL;
	}
	if (!o->global && !o->where.interface)
		cli_usage(&cmd_kv, "kv %s: neither IFACE nor --global is given", o->verb->name);
	if (o->words < o->verb->words)
		cli_usage(&cmd_kv, "kv %s: no %s given", o->verb->name, names[o->words]);
	if (o->words > o->verb->words)
		cli_usage(&cmd_kv, "%s: one argument too many", o->word[o->words - 1]);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_GLOBAL:
		o->global = true;
		return 0;
	case ARGP_KEY_ARG:
		take_word(o, arg);
		return 0;
	case ARGP_KEY_END:
		check_usage(o);
		return 0;
	}
	return cli_where_option(&cmd_kv, &o->where, key, arg);
}

/* --- verbs --- */

static int list(struct cli_map *m)
{
	json_t *entries;
	int code;

	if (cli.format == CLI_TEXT)
		return cli_map_print(m, NULL);
	code = cli_map_entries(m, &entries);
	if (code)
		json_decref(entries);
	else
		cli_json(cli_pack("{s:o}", "entries", entries));
	return code;
}

static const struct verb verbs[] = {
    {"list", 0, list}, {"get", 1, cli_map_lookup}, {"set", 2, cli_map_update},
    {"delete", 1, cli_map_delete}};

static const struct verb *verb_of(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	cli_usage(&cmd_kv, "kv %s: neither list, get, set nor delete", name);
}

static void read_number(const char *what, const char *text, u8 *number)
{
	struct bpfvm_error err;

	if (text && bpfvm_value__parse(NULL, 0, what, text, number, sizeof(u64), &err))
		cli_usage(&cmd_kv, "kv: %s", err.text);
}

static int run(int argc, char **argv)
{
	struct options o = {.where = CLI_ANYWHERE};
	struct cli_target target;
	u64 key = 0, value = 0;
	struct cli_map m;
	int code;

	cli_mark_numbers(argc, argv);
	cli_parse(&cmd_kv, argc, argv, &o);
	read_number("key", o.word[0], (u8 *)&key);
	read_number("value", o.word[1], (u8 *)&value);
	if (cli_target_open(&o.where, o.global, &target))
		return CLI_FAILED;
	cli_map_open(&m, target.image, target.core, o.global ? BPFVM_KV_GLOBAL : BPFVM_KV_LOCAL);
	memcpy(m.key, &key, sizeof(key));
	memcpy(m.value, &value, sizeof(value));
	code = o.verb->run(&m);
	cli_map_close(&m);
	cli_target_close(&target);
	return code;
}

const struct cli_command cmd_kv = {
    .name = "kv",
    .arguments = "list|get|set|delete IFACE|--global [KEY [VALUE]]",
    .summary = "Show and change what attached guests store by integers",
    .details = "Each guest has a store of 64 integers of 64 bits by keys of 64 bits, and all "
	       "guests of a network have one together; helpers 240 to 243 get at them.\n\n"
	       "Examples:\n"
	       "  loader kv list eth0\n"
	       "  loader kv set eth0 1 1000\n"
	       "  loader kv get --global 7",
    .data = true,
    .options = table,
    .parse = parse,
    .run = run,
};
