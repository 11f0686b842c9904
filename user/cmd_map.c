/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader map`: what is in the maps of an attached guest, shown and changed while packets pass. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_guest.h"
#include "cli_map_read.h"
#include "cli_maps.h"
#include "cli_target.h"
#include "values.h"

#define FOLLOW_EVERY 20000 /* us between two looks at a map */

struct options {
	struct cli_where where;
	const struct verb *verb;
	const char *map, *type;
	char **word; /* of the entry */
	u32 words;
	bool follow, reads;
	u64 count, done; /* records */
};

/* `run` is called with the guest open; `words`: an entry is given. */
struct verb {
	const char *name;
	bool map, words;
	int (*run)(struct options *, struct cli_target *);
};

static const struct argp_option table[] = {
    {"follow", CLI_KEY_FOLLOW, NULL, 0, "read: wait for further records", 1},
    {"count", CLI_KEY_COUNT, "N", 0, "read: end after N records", 1},
    {"type", CLI_KEY_TYPE, "NAME", 0,
     "read: records begin with a struct NAME of the guest, show its fields", 1},
    CLI_WHERE_OPTIONS(2),
    {0},
};

static const struct verb *verb_of(const char *name);

static void take_word(struct options *o, char *arg, const struct argp_state *state)
{
	if (!o->verb)
		o->verb = verb_of(arg);
	else if (!o->where.interface)
		o->where.interface = arg;
	else if (o->verb->map && !o->map)
		o->map = arg;
	else if (!o->verb->words)
		cli_usage(&cmd_map, "%s: one argument too many", arg);
	else if (o->word || (o->word = calloc((size_t)state->argc, sizeof(*o->word))))
		o->word[o->words++] = arg;
	else
		cli_no_memory();
}

static void check_usage(struct options *o)
{
	if (!o->verb)
		cli_usage(&cmd_map, "map: neither list, dump, lookup, update, delete nor read");
	if (!o->where.interface || (o->verb->map && !o->map))
		cli_usage(&cmd_map, "map %s: no %s given", o->verb->name,
			  o->where.interface ? "MAP" : "IFACE");
	if (o->reads && strcmp(o->verb->name, "read"))
		cli_usage(&cmd_map, "map %s: --follow, --count and --type are for map read",
			  o->verb->name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_FOLLOW:
		o->follow = o->reads = true;
		return 0;
	case CLI_KEY_COUNT:
		o->count = cli_number(&cmd_map, "--count", arg, 1000, BPFVM_UNLIMITED);
		o->reads = true;
		return 0;
	case CLI_KEY_TYPE:
		o->type = arg;
		o->reads = true;
		return 0;
	case ARGP_KEY_ARG:
		take_word(o, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_usage(o);
		return 0;
	}
	return cli_where_option(&cmd_map, &o->where, key, arg);
}

/* The number of the map that is meant, or -1 after saying which there are. */
static s32 map_number(struct options *o, const struct bpfvm_image *image)
{
	char text[256] = "the guest has none";
	size_t n = 0;

	for (u32 i = 0; i < image->maps; i++) {
		if (!strcmp(image->map[i].name, o->map))
			return (s32)i;
		if (n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
					      n ? ", " : "there are ", image->map[i].name);
	}
	cli_error(text, "%s: no such map", o->map);
	return -1;
}

/* --- verbs --- */

static int list(struct options *o, struct cli_target *t)
{
	static const struct cli_column columns[] = {
	    {"map", "MAP", 0},
	    {"type", "TYPE", 0},
	    {"key", "KEY", CLI_RIGHT},
	    {"value", "VALUE", CLI_RIGHT},
	    {"max_entries", "MAX_ENTRIES", CLI_RIGHT},
	    {"used", "USED", CLI_RIGHT},
	    {"bytes", "BYTES", CLI_RIGHT},
	    {NULL, NULL, 0},
	};
	static const struct cli_section sections[] = {{"maps", NULL, columns}, {NULL, NULL, NULL}};
	json_t *rows = cli_maps(t->image), *row;
	size_t i;
	u32 used;

	(void)o;
	json_array_foreach (rows, i, row) {
		if (!bpfvm_core__map_used(t->core, (u32)i, &used))
			cli_set(row, "used", cli_u64(used));
	}
	cli_document(cli_pack("{s:o}", "maps", rows), sections);
	return CLI_OK;
}

/* Opens the map that is meant; CLI_FAILED after saying why it is not one for keys. */
static int open_map(struct options *o, struct cli_target *t, struct cli_map *m)
{
	s32 number = map_number(o, t->image);

	if (number < 0)
		return CLI_FAILED;
	if (!cli_map_has_records(&t->image->map[number])) {
		cli_map_open(m, t->image, t->core, (u32)number);
		return CLI_OK;
	}
	cli_error("`loader map read` takes them", "map %s: it has records, and no keys", o->map);
	return CLI_FAILED;
}

static int dump(struct options *o, struct cli_target *t)
{
	json_t *entries = NULL;
	struct cli_map m;
	int code;

	if (open_map(o, t, &m))
		return CLI_FAILED;
	code = cli.format == CLI_TEXT ? cli_map_print(&m, NULL) : cli_map_entries(&m, &entries);
	if (code)
		json_decref(entries);
	else if (entries)
		cli_json(cli_pack("{s:o, s:o}", "map", cli_string(o->map), "entries", entries));
	cli_map_close(&m);
	return code;
}

static void print_values(const struct cli_map *m)
{
	if (cli.format != CLI_TEXT) {
		cli_json(cli_map_entry(m));
		return;
	}
	for (u32 i = 0; i < m->copies; i++) {
		char *text = cli_map_value_text(m, i);

		if (m->copies > 1)
			printf("cpu %u value ", i);
		printf("%s\n", text);
		free(text);
	}
}

/* What the words say, with a value or without, put into the map's room. */
static int read_entry(struct options *o, bool value, struct cli_map *m, u64 *flags)
{
	struct bpfvm_error err = {0};
	struct cli_entry entry;
	int ret = cli_entry_parse(m->image, m->number, o->word, o->words, &entry, &err);

	if (!ret && !value != !entry.value)
		ret = bpfvm_error__set(&err, -EINVAL, "`loader help map` has examples",
				       value ? "map %s: no value is given"
					     : "map %s: a value is given",
				       o->verb->name);
	if (!ret) {
		memcpy(m->key, entry.key, m->map->key_size);
		if (value)
			cli_map_spread(m, entry.value);
		*flags = entry.flags;
	}
	cli_entry_free(&entry);
	if (!ret)
		return CLI_OK;
	cli_fail(&err);
	return CLI_USAGE;
}

/* Opens the map, reads the entry, and does with it what the verb says. */
static int with_entry(struct options *o, struct cli_target *t, bool value,
		      int (*act)(struct cli_map *, u64 flags))
{
	struct cli_map m;
	u64 flags;
	int code;

	if (open_map(o, t, &m))
		return CLI_FAILED;
	code = read_entry(o, value, &m, &flags);
	if (!code) {
		int ret = act(&m, flags);

		code = ret ? cli_map_fail(&m, ret) : CLI_OK;
	}
	cli_map_close(&m);
	return code;
}

static int act_lookup(struct cli_map *m, u64 flags)
{
	int ret = bpfvm_core__map_lookup(m->core, m->number, m->key, m->value);

	(void)flags;
	if (!ret)
		print_values(m);
	return ret;
}

static int act_update(struct cli_map *m, u64 flags)
{
	return bpfvm_core__map_update(m->core, m->number, m->key, m->value, flags);
}

static int act_delete(struct cli_map *m, u64 flags)
{
	(void)flags;
	return bpfvm_core__map_delete(m->core, m->number, m->key);
}

static int lookup(struct options *o, struct cli_target *t)
{
	return with_entry(o, t, false, act_lookup);
}

static int update(struct options *o, struct cli_target *t)
{
	return with_entry(o, t, true, act_update);
}

static int delete (struct options *o, struct cli_target *t)
{
	return with_entry(o, t, false, act_delete);
}

static int read_type(struct options *o, struct cli_reader *reader)
{
	if (!o->type)
		return CLI_OK;
	reader->type = bpfvm_value__find_struct(reader->image->btf, o->type, &reader->type_size);
	if (reader->type)
		return CLI_OK;
	cli_error("`bpftool btf dump file FILE` lists the types of an object",
		  "--type %s: the guest knows no such struct", o->type);
	return CLI_FAILED;
}

static int read_map(struct options *o, struct cli_target *t)
{
	s32 number = map_number(o, t->image);
	struct cli_reader reader = {
	    .image = t->image, .map = (u32)number, .count = o->count, .done = o->done};
	int ret;

	if (number < 0 || read_type(o, &reader))
		return CLI_FAILED;
	if (!cli_map_has_records(&t->image->map[number])) {
		cli_error("`loader map dump` shows it", "map %s: it has keys, and no records",
			  o->map);
		return CLI_FAILED;
	}
	ret = cli_read_records(&reader, t->core);
	o->done = reader.done;
	if (ret)
		cli_error(NULL, "map %s: %s", o->map, strerror(-ret));
	return ret ? CLI_FAILED : CLI_OK;
}

static const struct verb verbs[] = {
    {"list", false, false, list},   {"dump", true, false, dump},    {"lookup", true, true, lookup},
    {"update", true, true, update}, {"delete", true, true, delete}, {"read", true, false, read_map},
};

static const struct verb *verb_of(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	cli_usage(&cmd_map, "map %s: neither list, dump, lookup, update, delete nor read", name);
}

static int run_once(struct options *o)
{
	struct cli_target target;
	int code;

	if (cli_target_open(&o->where, false, &target))
		return CLI_FAILED;
	code = o->verb->run(o, &target);
	cli_target_close(&target);
	o->where.netns = NULL; /* it was entered */
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.where = CLI_ANYWHERE, .count = BPFVM_UNLIMITED};
	int code;

	cli_mark_numbers(argc, argv);
	cli_parse(&cmd_map, argc, argv, &o);
	if (o.follow)
		cli_catch_signals();
	code = run_once(&o);
	/* The machine is given back between two looks: others want it, too. */
	while (!code && o.follow && o.done < o.count) {
		usleep(FOLLOW_EVERY);
		code = cli_signal() ? CLI_SIGNAL + cli_signal() : run_once(&o);
	}
	free(o.word);
	return code;
}

const struct cli_command cmd_map = {
    .name = "map",
    .arguments = "list|dump|lookup|update|delete|read IFACE [MAP] [key K] [value V]",
    .summary = "Show and change the maps of an attached guest",
    .details =
	"K and V are what their types in the guest's BTF say: numbers (be:80 in network "
	"order), names of an enumeration, 10.0.0.1 and 2001:db8::1 for anything of 4 or 16 "
	"bytes, {field=value,...}, [1,2,...], text; 10.0.0.0/8 for a key of an LPM_TRIE, a "
	"program's name for a value of a PROG_ARRAY. Bytes always do: hex:0a000001 or 0a 00 "
	"00 01. What is left out is 0. Behind a value can stand any (default), exist (the "
	"key has to be there) or noexist. A value of a per-CPU map is stored for all CPUs.\n\n"
	"dump prints lines that `replay --setup` takes after a map's name. read takes "
	"records out of a RINGBUF or PERF_EVENT_ARRAY map: each goes to one reader.\n\n"
	"Examples:\n"
	"  loader map list eth0\n"
	"  loader map dump eth0 blocked4\n"
	"  loader map update eth0 blocked4 key 10.0.0.0/8 value 0\n"
	"  loader map update eth0 ports key {port=be:23,proto=6} value 0 noexist\n"
	"  loader map read eth0 samples --type sample --follow -j",
    .data = true,
    .options = table,
    .parse = parse,
    .run = run,
};
