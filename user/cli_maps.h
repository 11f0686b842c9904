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
};

/* `number`: its index in the image, or BPFVM_KV_LOCAL, BPFVM_KV_GLOBAL. */
void cli_map_open(struct cli_map *m, const struct bpfvm_image *image, struct bpfvm_core *core,
		  u32 number);
void cli_map_close(struct cli_map *m);

/* Whether it is a RINGBUF or PERF_EVENT_ARRAY, which has records instead of keys. */
bool cli_map_has_records(const struct bpfvm_map *map);

/*
 * All of its entries: lines "[NAME ]key K value V" on stdout, as `map update` and --setup take
 * them; or an array of {"key", "value"}. Those of per-CPU maps are of one CPU each: "cpu". An exit
 * code.
 */
int cli_map_print(struct cli_map *m, const char *name);
int cli_map_entries(struct cli_map *m, json_t **entries);

/* All maps that have entries, likewise; the object is by their names. */
int cli_maps_print(const struct bpfvm_image *image, struct bpfvm_core *core);
int cli_maps_entries(const struct bpfvm_image *image, struct bpfvm_core *core, json_t **maps);

/* m->key or m->value as text, which the caller frees; the value of one CPU. */
char *cli_map_key_text(const struct cli_map *m);
char *cli_map_value_text(const struct cli_map *m, u32 cpu);

/* {"key", "value"} of m->key and m->value, or {"key", "values": [{"cpu", "value"}]}. */
json_t *cli_map_entry(const struct cli_map *m);

/* Prints what an operation on m->key ran into; CLI_FAILED. */
int cli_map_fail(const struct cli_map *m, int err);

/* What is said of an entry; both are of the map's size, the value of one CPU, or NULL. */
struct cli_entry {
	u8 *key, *value;
	u64 flags; /* BPF_ANY, BPF_EXIST, BPF_NOEXIST */
};

/*
 * Reads the words "key K... [value V... [any|exist|noexist]]", where K and V are as
 * bpfvm_map__parse_key has them. -EINVAL, -ENOENT; freed by the caller either way.
 */
int cli_entry_parse(const struct bpfvm_image *image, u32 map, char *const *word, u32 words,
		    struct cli_entry *entry, struct bpfvm_error *err);
void cli_entry_free(struct cli_entry *entry);

/* The same value for each CPU; m->value. */
void cli_map_spread(struct cli_map *m, const u8 *value);

#endif
