/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of a guest as commands show and change them, by the types in its BTF. */
#ifndef BPFVM_CLI_MAPS_H
#define BPFVM_CLI_MAPS_H

#include "cli_output.h"

/* An integer; as text from 2^63 on, where JSON readers lose digits. */
json_t *cli_u64(u64 number);

/* A value by its type in BTF; of no known type as "hex:...". */
json_t *cli_value(const void *btf, u32 type, const void *data, u32 size);

/* A map of the guest that a core has, and room for one of its keys and values. */
struct cli_map {
	const struct bpfvm_image *image;
	struct bpfvm_core *core;
	const struct bpfvm_map *map;
	u32 number;
	u32 copies; /* of a value: one for each CPU, or 1 */
	u32 stride; /* bytes from one to the next */
	u8 *key, *value;
	u32 cpu; /* the only one that is meant, or CLI_ALL_CPUS */
	u64 flags; /* of an update: BPF_ANY, BPF_EXIST, BPF_NOEXIST */
};
#define CLI_ALL_CPUS (~0u)

/* The index of the map of that name, or -1. */
s32 cli_map_find(const struct bpfvm_image *image, const char *name);

/* `number`: its index in the image, or BPFVM_KV_LOCAL, BPFVM_KV_GLOBAL. */
void cli_map_open(struct cli_map *m, const struct bpfvm_image *image, struct bpfvm_core *core,
		  u32 number);
void cli_map_close(struct cli_map *m);

/* Whether it is a RINGBUF or PERF_EVENT_ARRAY, which has records instead of keys. */
bool cli_map_has_records(const struct bpfvm_map *map);

bool cli_map_is_percpu(const struct bpfvm_map *map);

/* Bytes from one CPU's value to the next one's. */
u32 cli_map_stride(const struct bpfvm_map *map);

/*
 * All of its entries: lines "[NAME ]key K value V" on stdout, as `map update` and --setup take
 * them; or an array of {"key", "value"}. Those of per-CPU maps are of one CPU each: "cpu". An exit
 * code.
 */
int cli_map_print(struct cli_map *m, const char *name);
int cli_map_entries(struct cli_map *m, json_t **entries);

/* All maps that have entries, likewise, each with its name: an array of {"map", "entries"}. */
int cli_maps_print(const struct bpfvm_image *image, struct bpfvm_core *core);
int cli_maps_entries(const struct bpfvm_image *image, struct bpfvm_core *core, json_t **maps);

/* m->key or m->value as text, which the caller frees; the value of one CPU. */
char *cli_map_key_text(const struct cli_map *m);
char *cli_map_value_text(const struct cli_map *m, u32 cpu);

/* {"key", "value"} of m->key and m->value, or {"key", "values": [{"cpu", "value"}]}. */
json_t *cli_map_entry(const struct cli_map *m);

/* Prints the value under m->key; stores m->value there; takes the key out. An exit code. */
int cli_map_lookup(struct cli_map *m);
int cli_map_update(struct cli_map *m);
int cli_map_delete(struct cli_map *m);

/* What an operation on m->key ran into, which the caller frees; `*hint` may be NULL. */
char *cli_map_reason(const struct cli_map *m, int err, const char **hint);

/* Prints it; CLI_FAILED. */
int cli_map_fail(const struct cli_map *m, int err);

/*
 * What is said of an entry by the words "key K... [cpu N] [value V... [any|exist|noexist]]", texts
 * or NULL.
 */
struct cli_words {
	char *key, *value;
	u32 cpu;
	u64 flags;
};

/* Where a value that cannot be has no hint of its own. */
#define CLI_VALUE_HINT "`loader help map` says what can be written"

/* -EINVAL; freed by the caller either way. */
int cli_words_parse(char *const *word, u32 words, struct cli_words *entry, struct bpfvm_error *err);
void cli_words_free(struct cli_words *entry);

/*
 * The entry that words tell, as bpfvm_map__parse_key has keys and values: a value for each CPU, or,
 * if one is named, for that one, which is then the first in m->value. -EINVAL, -ENOENT.
 */
int cli_map_parse(struct cli_map *m, const struct cli_words *words, struct bpfvm_error *err);

/* Stores what was parsed; 0 or -errno. */
int cli_map_put(struct cli_map *m);

/* Where lines go. */
struct cli_lines {
	const struct bpfvm_image *image;
	struct bpfvm_core *core;
	int (*also)(void *arg, const struct cli_map *m); /* puts an entry elsewhere; or NULL */
	void *arg;
};

/*
 * Does what the lines of a file ("-": stdin) say, one after the other, up to the first that is
 * wrong: MAP KEY VALUE, or MAP and the words of an entry; blank lines and those from # on are
 * nothing. An exit code.
 */
int cli_lines_do(const struct cli_lines *lines, const char *path);

#endif
