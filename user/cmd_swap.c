/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader swap`: puts another guest in the place of an attached one. */
#include <errno.h>
#include <string.h>

#include "cli_attach.h"

struct options {
	struct cli_where where;
	const char *file, *prog;
	bool keep_maps, unchecked;
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Program of the file; default: the first", 1},
	{"keep-maps", CLI_KEY_KEEP_MAPS, NULL, 0,
	 "Maps of the same name and declaration go on with their values, as does the key-value "
	 "store", 1},
	{"unchecked", CLI_KEY_UNCHECKED, NULL, 0, "Take what the checker would refuse", 1},
	CLI_WHERE_OPTIONS(2),
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case CLI_KEY_KEEP_MAPS:
		o->keep_maps = true;
		return 0;
	case CLI_KEY_UNCHECKED:
		o->unchecked = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_swap, state->arg_num ? &o->file : &o->where.interface, arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			cli_usage(&cmd_swap, "swap: no %s given",
				  o->where.interface ? "FILE" : "IFACE");
		return 0;
	}
	return cli_where_option(&cmd_swap, &o->where, key, arg);
}

static const struct bpfvm_map *map_named(const struct bpfvm_image *image, const char *name)
{
	for (u32 i = 0; i < image->maps; i++)
		if (!strcmp(image->map[i].name, name))
			return &image->map[i];
	return NULL;
}

/* What becomes of each map: "kept", "new", "new, declared differently", "gone". */
static json_t *map_fates(const struct bpfvm_image *old, const struct bpfvm_image *image, bool keep)
{
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < image->maps; i++) {
		const struct bpfvm_map *map = &image->map[i], *was = map_named(old, map->name);
		bool kept = keep && was && bpfvm_map__same(was, map);

		cli_append(rows, cli_pack("{s:o, s:s}", "map", cli_string(map->name), "values",
					  kept		? "kept" :
					  keep && was	? "new: declared differently" :
							  "new"));
	}
	for (u32 i = 0; i < old->maps; i++)
		if (!map_named(image, old->map[i].name))
			cli_append(rows, cli_pack("{s:o, s:s}", "map",
						  cli_string(old->map[i].name), "values", "gone"));
	return rows;
}

static void tell(const struct bpfvm_guest *guest, const struct bpfvm_image *old,
		 const struct bpfvm_image *image, bool keep, u64 ns)
{
	const char *hook = bpfvm_hook_kind__name(guest->hook.kind);
	json_t *maps = map_fates(old, image, keep), *map;
	size_t i;

	if (cli.format != CLI_TEXT) {
		cli_json(cli_pack("{s:o, s:s, s:o, s:o, s:o, s:I, s:f, s:o}", "interface",
				  cli_string(guest->interface), "hook", hook, "name",
				  cli_string(guest->hook.name), "program",
				  cli_string(image->name), "file", cli_string(image->path),
				  "insns", (json_int_t)image->len, "us", (double)ns / 1e3, "maps",
				  maps));
		return;
	}
	printf("%s: %s at %s swapped in %.1f us\n", guest->interface, guest->hook.name, hook,
	       (double)ns / 1e3);
	json_array_foreach(maps, i, map)
		printf("  map %s: %s\n", json_string_value(json_object_get(map, "map")),
		       json_string_value(json_object_get(map, "values")));
	json_decref(maps);
}

static int swap(const struct options *o, struct bpfvm_session *session,
		const struct bpfvm_image *image)
{
	struct bpfvm_guest guests[BPFVM_HOOKS];
	struct bpfvm_image *old = NULL;
	struct bpfvm_error err = {0};
	int code = CLI_OK;
	u64 ns;

	if (!cli_guests(session, &o->where, 1, guests))
		return CLI_FAILED;
	if (bpfvm_hook__image(session, guests->row, &old, &err) ||
	    bpfvm_hook__swap(session, guests->row, image, o->keep_maps ? old : NULL, &ns, &err))
		code = cli_fail(&err);
	else
		tell(guests, old, image, o->keep_maps, ns);
	bpfvm_image__free(old);
	return code;
}

static int run_image(const struct options *o, const struct bpfvm_image *image)
{
	struct bpfvm_session *session;
	int ret = cli_network(&o->where, false, &session), code;

	if (ret)
		return ret == -ENOENT ? cli_nothing_attached(&o->where) : CLI_FAILED;
	code = swap(o, session, image);
	bpfvm_network__close(session);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.where = CLI_ANYWHERE};
	struct bpfvm_image *image;
	int code;

	cli_parse(&cmd_swap, argc, argv, &o);
	code = cli_open_checked(o.file, o.prog, o.unchecked, &image);
	if (code)
		return code;
	code = run_image(&o, image);
	bpfvm_image__free(image);
	return code;
}

const struct cli_command cmd_swap = {
	.name = "swap",
	.arguments = "IFACE FILE",
	.summary = "Put another guest in the place of an attached one",
	.details = "Each packet meets the old guest or the new one; none is lost. The guest keeps "
		   "its name, place, budget and counters. Its maps begin empty unless you say "
		   "--keep-maps; variables (.data, .bss) begin anew in any case.\n\n"
		   "Exit code: 0 it is swapped; 1 the tool or the system failed, and the old guest "
		   "stays; 2 wrong usage; 4 the checker refused the new guest.\n\n"
		   "Examples:\n"
		   "  loader swap eth0 firewall2.o --keep-maps\n"
		   "  loader swap eth0 count.o --hook tc-ingress --name counter",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
