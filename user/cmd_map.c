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
#include "cli_variables.h"
#include "values.h"

/* us between two looks at a map: as long as nothing comes, longer and longer */
#define FOLLOW_LEAST 5000
#define FOLLOW_MOST  80000

struct options {
	struct cli_where where;
	const struct verb *verb;
	const char *map, *type; /* or a file in place of the map */
	char **word; /* of the entry */
	u32 words;
	struct cli_words entry;
	bool follow, reads;
	u64 count, done; /* records */
};

enum { TAKES_MAP = 1, NEEDS_MAP = 2, TAKES_KEY = 4, TAKES_VALUE = 8, TAKES_FILE = 16 };

#define NO_VERB "neither list, dump, load, lookup, update, delete nor read"

/* Called with the guest open. */
struct verb {
	const char *name;
	u32 takes;
	int (*run)(struct options *, struct cli_target *);
	/* for a section of variables in place of a map, or NULL */
	int (*variables)(struct options *, struct cli_target *, const struct bpfvm_variables *);
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
	else if (o->verb->takes & TAKES_MAP && !o->map)
		o->map = arg;
	else if (!(o->verb->takes & TAKES_KEY))
		cli_usage(&cmd_map, "%s: one argument too many", arg);
	else if (o->word || (o->word = calloc((size_t)state->argc, sizeof(*o->word))))
		o->word[o->words++] = arg;
	else
		cli_no_memory();
}

static void check_entry(struct options *o)
{
	struct bpfvm_error err = {0};

	if (cli_words_parse(o->word, o->words, &o->entry, &err))
		cli_usage(&cmd_map, "map %s: %s", o->verb->name, err.text);
	if (!o->entry.value != !(o->verb->takes & TAKES_VALUE))
		cli_usage(&cmd_map, "map %s: %s value is given", o->verb->name,
			  o->entry.value ? "a" : "no");
	if (o->entry.cpu != CLI_ALL_CPUS && !strcmp(o->verb->name, "delete"))
		cli_usage(&cmd_map, "map delete: a key goes for all CPUs");
}

static void check_usage(struct options *o)
{
	if (!o->verb)
		cli_usage(&cmd_map, "map: " NO_VERB);
	if (!o->where.interface || (o->verb->takes & NEEDS_MAP && !o->map))
		cli_usage(&cmd_map, "map %s: no %s given", o->verb->name,
			  !o->where.interface		    ? "IFACE"
			  : o->verb->takes & TAKES_FILE ? "FILE"
							: "MAP");
	if (o->reads && strcmp(o->verb->name, "read"))
		cli_usage(&cmd_map, "map %s: --follow, --count and --type are for map read",
			  o->verb->name);
	if (o->verb->takes & TAKES_KEY)
		check_entry(o);
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
	s32 number = cli_map_find(image, o->map);

	for (u32 i = 0; i < image->maps + image->variables && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "there are ",
				      i < image->maps ? image->map[i].name
						      : image->variable[i - image->maps].name);
	if (number < 0)
		cli_error(text, "%s: no such map", o->map);
	return number;
}

/* --- verbs --- */

static int list(struct options *o, struct cli_target *t)
{
	static const struct cli_column columns[] = {
	    {"map", "MAP", 0},
	    {"type", "TYPE", 0},
	    {"key", "KEY", CLI_RIGHT},
	    {"value", "VALUE", CLI_RIGHT},
	    {"max_entries", "MAX ENTRIES", CLI_RIGHT},
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
	cli_sections_append(rows, t->image);
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

static int dump_all(struct cli_target *t)
{
	json_t *maps;
	int code;

	if (cli.format == CLI_TEXT)
		return cli_maps_print(t->image, t->core);
	code = cli_maps_entries(t->image, t->core, &maps);
	if (code)
		json_decref(maps);
	else
		cli_json(cli_pack("{s:o}", "maps", maps));
	return code;
}

static int dump(struct options *o, struct cli_target *t)
{
	json_t *entries = NULL;
	struct cli_map m;
	int code;

	if (!o->map)
		return dump_all(t);
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

static int dump_variables(struct options *o, struct cli_target *t,
			  const struct bpfvm_variables *section)
{
	(void)o;
	return cli_section_dump(t, section);
}

static int load(struct options *o, struct cli_target *t)
{
	const struct cli_lines lines = {.image = t->image, .core = t->core};

	return cli_lines_do(&lines, o->map);
}

/* Opens the map, reads the entry, and does with it what the verb says. */
static int with_entry(struct options *o, struct cli_target *t,
		      int (*act)(struct cli_map *))
{
	struct bpfvm_error err = {0};
	struct cli_map m;
	int code = CLI_USAGE;

	if (open_map(o, t, &m))
		return CLI_FAILED;
	if (cli_map_parse(&m, &o->entry, &err))
		cli_fail(&err);
	else
		code = act(&m);
	cli_map_close(&m);
	return code;
}

static int lookup(struct options *o, struct cli_target *t)
{
	return with_entry(o, t, cli_map_lookup);
}

static int lookup_variable(struct options *o, struct cli_target *t,
			   const struct bpfvm_variables *section)
{
	return cli_variable_lookup(t, section, &o->entry);
}

static int update(struct options *o, struct cli_target *t)
{
	return with_entry(o, t, cli_map_update);
}

static int update_variable(struct options *o, struct cli_target *t,
			   const struct bpfvm_variables *section)
{
	return cli_variable_update(t, section, &o->entry);
}

static int delete (struct options *o, struct cli_target *t)
{
	return with_entry(o, t, cli_map_delete);
}

static int read_type(struct options *o, struct cli_reader *reader)
{
	if (!o->type)
		return CLI_OK;
	reader->type = bpfvm_value__find_struct(reader->image->btf, o->type, &reader->type_size);
	if (reader->type)
		return CLI_OK;
	cli_error("clang keeps the types of globals and of maps: such as a global pointer to it",
		  "--type %s: the guest's BTF has no such struct", o->type);
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

#define ENTRY (TAKES_MAP | NEEDS_MAP | TAKES_KEY)

static const struct verb verbs[] = {
    {"list", 0, list, NULL},
    {"dump", TAKES_MAP, dump, dump_variables},
    {"load", TAKES_MAP | NEEDS_MAP | TAKES_FILE, load, NULL},
    {"lookup", ENTRY, lookup, lookup_variable},
    {"update", ENTRY | TAKES_VALUE, update, update_variable},
    {"delete", ENTRY, delete, NULL},
    {"read", TAKES_MAP | NEEDS_MAP, read_map, NULL},
};

static const struct verb *verb_of(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	cli_usage(&cmd_map, "map %s: " NO_VERB, name);
}

/* The verb on what MAP is: a map, or a section of variables. */
static int act(struct options *o, struct cli_target *t)
{
	const struct bpfvm_variables *section = NULL;

	if (o->map && !(o->verb->takes & TAKES_FILE) && cli_map_find(t->image, o->map) < 0)
		section = cli_section_find(t->image, o->map);
	if (!section)
		return o->verb->run(o, t);
	if (o->verb->variables)
		return o->verb->variables(o, t, section);
	cli_error("dump, lookup and update are for them", "map %s: %s is not for variables", o->map,
		  o->verb->name);
	return CLI_FAILED;
}

static int run_once(struct options *o)
{
	struct cli_target target;
	int code;

	if (cli_target_open(&o->where, false, &target))
		return CLI_FAILED;
	code = act(o, &target);
	cli_target_close(&target);
	o->where.netns = NULL; /* it was entered */
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.where = CLI_ANYWHERE, .count = BPFVM_UNLIMITED};
	u32 pause = FOLLOW_LEAST;
	u64 before;
	int code;

	cli_mark_numbers(argc, argv);
	cli_parse(&cmd_map, argc, argv, &o);
	if (o.follow)
		cli_catch_signals();
	code = run_once(&o);
	/* The machine is given back between two looks: others want it, too. */
	while (!code && o.follow && o.done < o.count) {
		usleep(pause);
		before = o.done;
		code = cli_signal() ? CLI_SIGNAL + cli_signal() : run_once(&o);
		pause = o.done != before	 ? FOLLOW_LEAST
			: pause < FOLLOW_MOST ? 2 * pause
					      : pause;
	}
	cli_words_free(&o.entry);
	free(o.word);
	return code;
}

const struct cli_command cmd_map = {
    .name = "map",
    .arguments = "list|dump|load|lookup|update|delete|read IFACE [MAP|FILE] [key K [cpu N]] "
		 "[value V]",
    .summary = "Show and change the maps of an attached guest",
    .details =
	"K and V are what their types in the guest's BTF say: numbers (be:80 in network "
	"order), names of an enumeration, 10.0.0.1 and 2001:db8::1 for anything of 4 or 16 "
	"bytes, field=value ... or '{field=value,...}', '[1,2,...]', text; 10.0.0.0/8 for a "
	"key of an LPM_TRIE, a program's name for a value of a PROG_ARRAY. Bytes always do: "
	"hex:0a000001 or 0a 00 00 01. What is left out is 0. Behind a value can stand any "
	"(default), exist (the key has to be there) or noexist. In per-CPU maps a value is "
	"for all CPUs, or with `cpu N` behind the key for one.\n\n"
	"A section of variables, such as .bss, is a map as well: their names are its keys. "
	"It is the guest's memory as it is now.\n\n"
	"dump without a MAP prints all maps, as lines that load takes from a FILE (- is stdin), "
	"and `loader replay --setup` as well. read takes records out of a RINGBUF or "
	"PERF_EVENT_ARRAY map: each goes to one reader.\n\n"
	"Examples:\n"
	"  loader map list eth0\n"
	"  loader map dump eth0 blocked4\n"
	"  loader map update eth0 blocked4 key 10.0.0.0/8 value 0\n"
	"  loader map update eth0 ports key port=be:23 proto=6 value 0 noexist\n"
	"  loader map dump eth0 >rules; loader map load eth1 rules\n"
	"  loader map lookup eth0 .bss key total\n"
	"  loader map read eth0 samples --type sample --follow -j",
    .data = true,
    .options = table,
    .parse = parse,
    .run = run,
};
