/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the maps of a replayed guest hold before the first packet, from lines of text. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"
#include "cli_replay.h"

#define BLANKS " \t\r\n"
#define HINT "a line is MAP hex:KEY hex:VALUE, a whole key and a whole value"

/* A line being done. */
struct line {
	struct replay *r;
	const char *path;
	u32 number;
	u32 map; /* index in the image */
	u8 *key, *value;
};

static int fail(const struct line *l, const char *what, const char *why)
{
	cli_error(HINT, "%s: line %u: %s: %s", l->path, l->number, what, why);
	return CLI_FAILED;
}

/* Bytes of a word, which have to be `size`; freed by the caller. */
static int bytes_of(const struct line *l, const char *word, u32 size, u8 **bytes)
{
	u32 n = 0;

	if (!word)
		return fail(l, "it ends too early", "key or value is missing");
	*bytes = malloc(strlen(word) + 1);
	if (!*bytes)
		cli_no_memory();
	if (strncmp(word, "hex:", 4) || !cli_hex_bytes(word + 4, *bytes, &n))
		return fail(l, word, "not hex:... with two digits for each byte");
	return n == size ? CLI_OK : fail(l, word, "not as many bytes as the map has there");
}

static int find_map(struct line *l, const char *name)
{
	const struct bpfvm_image *image = l->r->image;

	for (l->map = 0; l->map < image->maps; l->map++)
		if (!strcmp(image->map[l->map].name, name))
			return CLI_OK;
	return fail(l, name, "the guest uses no such map");
}

/* One value for each of `cpus`, at the distance that both sides want; freed by the caller. */
static u8 *for_cpus(const u8 *value, u32 size, u32 cpus)
{
	u32 stride = (size + 7) & ~7u;
	u8 *all = calloc(cpus, stride);

	if (!all)
		cli_no_memory();
	for (u32 i = 0; i < cpus; i++)
		memcpy(all + (size_t)i * stride, value, size);
	return all;
}

/* On both sides; 0 or -errno. */
static int update(const struct line *l)
{
	const struct bpfvm_map *map = &l->r->image->map[l->map];
	u32 cpus = bpfvm_core__cpus(l->r->core), native = (u32)libbpf_num_possible_cpus();
	u8 *all = for_cpus(l->value, map->value_size, cpus > native ? cpus : native);
	int err = bpfvm_core__map_update(l->r->core, l->map, l->key, all, BPF_ANY);

	if (!err && l->r->native &&
	    bpf_map_update_elem(replay_native_map(l->r->native, l->map), l->key, all, BPF_ANY))
		err = -errno;
	free(all);
	return err;
}

static int do_line(struct line *l, char *text)
{
	const struct bpfvm_map *map;
	char *rest, *name;
	int err;

	text[strcspn(text, "#")] = 0;
	name = strtok_r(text, BLANKS, &rest);
	if (!name)
		return CLI_OK;
	if (find_map(l, name))
		return CLI_FAILED;
	map = &l->r->image->map[l->map];
	if (bytes_of(l, strtok_r(NULL, BLANKS, &rest), map->key_size, &l->key) ||
	    bytes_of(l, strtok_r(NULL, BLANKS, &rest), map->value_size, &l->value))
		return CLI_FAILED;
	if (strtok_r(NULL, BLANKS, &rest))
		return fail(l, name, "there is more behind the value");
	err = update(l);
	return err ? fail(l, name, strerror(-err)) : CLI_OK;
}

int replay_setup(struct replay *r, const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	int code = CLI_OK;
	size_t room = 0;

	if (!file) {
		cli_error(NULL, "--setup %s: %s", path, strerror(errno));
		return CLI_FAILED;
	}
	for (u32 number = 1; !code && getline(&text, &room, file) >= 0; number++) {
		struct line l = {.r = r, .path = path, .number = number};

		code = do_line(&l, text);
		free(l.key);
		free(l.value);
	}
	if (!code && ferror(file)) {
		cli_error(NULL, "--setup %s: %s", path, strerror(errno));
		code = CLI_FAILED;
	}
	free(text);
	fclose(file);
	return code;
}
