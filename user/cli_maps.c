/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is in the maps of a guest: keys in their order, typed values, errors in words. */
#define _GNU_SOURCE /* qsort_r */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_maps.h"
#include "map_layout.h"
#include "values.h"

#define TRIES 1000 /* of what is busy */
#define PAUSE 100  /* us between them */

static void *allocate(size_t size)
{
	void *p = calloc(1, size + !size);

	if (!p)
		cli_no_memory();
	return p;
}

s32 cli_map_find(const struct bpfvm_image *image, const char *name)
{
	for (u32 i = 0; i < image->maps; i++)
		if (!strcmp(image->map[i].name, name))
			return (s32)i;
	return -1;
}

bool cli_map_is_percpu(const struct bpfvm_map *map)
{
	return vm_map_traits(map->type) & VM_MAP_PERCPU;
}

bool cli_map_has_records(const struct bpfvm_map *map)
{
	return vm_map_traits(map->type) & VM_MAP_RING;
}

u32 cli_map_stride(const struct bpfvm_map *map)
{
	return cli_map_is_percpu(map) ? (map->value_size + 7) & ~7u : map->value_size;
}

static const struct bpfvm_map store = {.name = "kv",
				       .type = BPF_MAP_TYPE_HASH,
				       .key_size = 8,
				       .value_size = 8,
				       .max_entries = BPFVM_KV_ENTRIES};

void cli_map_open(struct cli_map *m, const struct bpfvm_image *image, struct bpfvm_core *core,
		  u32 number)
{
	const struct bpfvm_map *map = number < image->maps ? &image->map[number] : &store;

	*m = (struct cli_map){.image = image, .core = core, .map = map, .number = number,
			      .cpu = CLI_ALL_CPUS};
	m->copies = cli_map_is_percpu(map) ? bpfvm_core__cpus(core) : 1;
	m->stride = cli_map_stride(map);
	m->key = allocate(map->key_size);
	m->value = allocate((size_t)m->copies * m->stride);
}

void cli_map_close(struct cli_map *m)
{
	free(m->key);
	free(m->value);
}

/* --- errors --- */

#define STORE (1u << 31) /* stands for a trait: it is no map */

struct reason {
	int err;
	u32 traits; /* of the map, one of them; 0: any */
	const char *why, *hint;
};

/* The first one that fits counts. */
static const struct reason reasons[] = {
    {-ENOENT, STORE, "there is no such key", "`loader kv list` shows the keys"},
    {-ENOENT, VM_MAP_SPARSE, "nothing is there", "`loader map dump` shows the keys"},
    {-ENOENT, VM_MAP_INDEXED, "there is no such index", "they go up to max_entries less 1"},
    {-ENOENT, 0, "there is no such key", "`loader map dump` shows the keys"},
    {-EEXIST, 0, "there is such a key", "without noexist it gets the value"},
    {-E2BIG, VM_MAP_INDEXED, "there is no such index", "they go up to max_entries less 1"},
    {-E2BIG, 0, "it is full", "delete makes room"},
    {-ENOSPC, 0, "it is full", "delete makes room"},
    {-ENOMEM, 0, "all of its entries are in use", "guests use it all the time: try again"},
    {-EBUSY, 0, "it is busy", "guests change the same keys all the time: try again"},
    {-EMSGSIZE, 0, "values of all CPUs are too long to be written at once",
     "`cpu N` behind the key writes that of one CPU"},
    {-ENODEV, 0, "there is no such CPU", "the key is a CPU, the value its queue: so many packets"},
    {-EOVERFLOW, 0, "the queue is too long", "the value is in packets, 192 for example"},
    {-EINVAL, VM_MAP_SPARSE, "exist and noexist are not for it", "leave the word out"},
    {-EINVAL, VM_MAP_INDEXED, "keys of an array come and go with it", "give it a value of zeros"},
    {-EINVAL, VM_MAP_PREFIXES, "no prefix is that long", "such as 10.0.0.0/8"},
};

char *cli_map_reason(const struct cli_map *m, int err, const char **hint)
{
	u32 traits = m->map == &store ? STORE : vm_map_traits(m->map->type);
	const struct reason *r = NULL;
	char *key = cli_map_key_text(m), *text;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons) && !r; i++)
		if (reasons[i].err == err && (!reasons[i].traits || reasons[i].traits & traits))
			r = &reasons[i];
	*hint = r ? r->hint : NULL;
	if (asprintf(&text, "%s%s: key %s: %s", m->map == &store ? "" : "map ", m->map->name, key,
		     r ? r->why : strerror(-err)) < 0)
		cli_no_memory();
	free(key);
	return text;
}

int cli_map_fail(const struct cli_map *m, int err)
{
	const char *hint;
	char *text = cli_map_reason(m, err, &hint);

	cli_error(hint, "%s", text);
	free(text);
	return CLI_FAILED;
}

/* --- all keys --- */

/* Numbers in their order, other keys by their bytes. */
static int compare_keys(const void *a, const void *b, void *arg)
{
	u32 size = *(u32 *)arg;
	u64 l = 0, r = 0;

	if (size > sizeof(l) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return memcmp(a, b, size);
	memcpy(&l, a, size);
	memcpy(&r, b, size);
	return l < r ? -1 : l > r;
}

/* A key that is deleted meanwhile makes the walk begin again: sorted, each stands there once. */
static u32 sort_keys(u8 *keys, u32 count, u32 size)
{
	u32 n = 0;

	qsort_r(keys, count, size, compare_keys, &size);
	for (u32 i = 0; i < count; i++) {
		if (n && !memcmp(keys + (size_t)(n - 1) * size, keys + (size_t)i * size, size))
			continue;
		memmove(keys + (size_t)n++ * size, keys + (size_t)i * size, size);
	}
	return n;
}

static int next_key(const struct cli_map *m, const u8 *key, u8 *next)
{
	int ret;

	for (u32 i = 0; i < TRIES; i++) {
		ret = bpfvm_core__map_next(m->core, m->number, key, next);
		if (ret != -EBUSY)
			return ret;
		usleep(PAUSE);
	}
	return ret;
}

/* Into an array that the caller frees. */
static int all_keys(const struct cli_map *m, u8 **keys, u32 *count)
{
	size_t most = 2 * (size_t)m->map->max_entries + 1, size = m->map->key_size, n = 0;
	const u8 *key = NULL;
	int ret = 0;

	*keys = allocate(most * size);
	while (n < most && !ret) {
		ret = next_key(m, key, *keys + n * size);
		key = *keys + n * size;
		n += !ret;
	}
	*count = sort_keys(*keys, (u32)n, (u32)size);
	return ret == -ENOENT ? 0 : ret;
}

/* --- entries --- */

static json_t *number_at(const u8 *data, u32 size)
{
	u64 number = 0;

	memcpy(&number, data, size); /* of the store, or an index */
	return cli_u64(number);
}

/* What needs no BTF to be known: indices, interfaces, prefixes, programs; else NULL. */
static json_t *known_key(const struct cli_map *m)
{
	char text[BPFVM_PREFIX_TEXT];

	if (bpfvm_prefix__text(m->map, m->key, text))
		return cli_string(text);
	if (m->map != &store && !(vm_map_traits(m->map->type) & VM_MAP_INDEXED))
		return NULL;
	return number_at(m->key, m->map->key_size);
}

static json_t *known_value(const struct cli_map *m, const u8 *value)
{
	bool named = m->map->type == BPF_MAP_TYPE_PROG_ARRAY;
	const char *name = named ? bpfvm_map__program(m->image, value) : NULL;
	bool sparse = vm_map_traits(m->map->type) & VM_MAP_SPARSE;

	if (name)
		return cli_string(name);
	if (m->map != &store && (!sparse || m->map->value_type || m->map->value_size != 4))
		return NULL;
	return number_at(value, m->map->value_size);
}

/* What is known, or by its type, as text; takes `known`. */
static char *text_of(const struct cli_map *m, json_t *known, u32 type, const u8 *data, u32 size)
{
	char *text;

	if (json_is_string(known))
		text = strdup(json_string_value(known));
	else if (known)
		text = json_dumps(known, JSON_ENCODE_ANY);
	else
		text = bpfvm_value__text(m->image->btf, type, data, size);
	if (!text)
		cli_no_memory();
	json_decref(known);
	return text;
}

static const u8 *value_of(const struct cli_map *m, u32 cpu)
{
	return m->value + (size_t)cpu * m->stride;
}

char *cli_map_key_text(const struct cli_map *m)
{
	return text_of(m, known_key(m), m->map->key_type, m->key, m->map->key_size);
}

char *cli_map_value_text(const struct cli_map *m, u32 cpu)
{
	const u8 *value = value_of(m, cpu);

	return text_of(m, known_value(m, value), m->map->value_type, value, m->map->value_size);
}

static json_t *value_json(const struct cli_map *m, u32 cpu)
{
	const u8 *value = value_of(m, cpu);
	json_t *known = known_value(m, value);

	return known ? known
		     : cli_value(m->image->btf, m->map->value_type, value, m->map->value_size);
}

json_t *cli_map_entry(const struct cli_map *m)
{
	json_t *key = known_key(m), *values;

	if (!key)
		key = cli_value(m->image->btf, m->map->key_type, m->key, m->map->key_size);
	if (!cli_map_is_percpu(m->map))
		return cli_pack("{s:o, s:o}", "key", key, "value", value_json(m, 0));
	values = cli_pack("[]");
	for (u32 i = 0; i < m->copies; i++)
		if (m->cpu == CLI_ALL_CPUS || m->cpu == i)
			cli_append(values, cli_pack("{s:i, s:o}", "cpu", (int)i, "value",
						    value_json(m, i)));
	return cli_pack("{s:o, s:o}", "key", key, "values", values);
}

static void print_entry(const struct cli_map *m, const char *name)
{
	char *key = cli_map_key_text(m), *value;

	for (u32 i = 0; i < m->copies; i++) {
		value = cli_map_value_text(m, i);
		printf("%s%skey %s ", name ? name : "", name ? " " : "", key);
		if (cli_map_is_percpu(m->map))
			printf("cpu %u ", i);
		printf("value %s\n", value);
		free(value);
	}
	free(key);
}

/* Shows each entry to `visit`; those that go meanwhile are left out. */
static int each_entry(struct cli_map *m, void (*visit)(const struct cli_map *, void *), void *arg)
{
	u32 count, size = m->map->key_size;
	u8 *keys;
	int ret = all_keys(m, &keys, &count);

	for (u32 i = 0; i < count && !ret; i++) {
		memcpy(m->key, keys + (size_t)i * size, size);
		ret = bpfvm_core__map_lookup(m->core, m->number, m->key, m->value);
		if (!ret)
			visit(m, arg);
		else if (ret == -ENOENT)
			ret = 0;
	}
	free(keys);
	return ret ? cli_map_fail(m, ret) : CLI_OK;
}

static void print_visit(const struct cli_map *m, void *name)
{
	print_entry(m, name);
}

int cli_map_print(struct cli_map *m, const char *name)
{
	return each_entry(m, print_visit, (void *)name);
}

static void append_visit(const struct cli_map *m, void *entries)
{
	cli_append(entries, cli_map_entry(m));
}

int cli_map_entries(struct cli_map *m, json_t **entries)
{
	*entries = cli_pack("[]");
	return each_entry(m, append_visit, *entries);
}

/* --- all maps --- */

int cli_maps_print(const struct bpfvm_image *image, struct bpfvm_core *core)
{
	struct cli_map m;
	int code = CLI_OK;

	for (u32 i = 0; i < image->maps && !code; i++) {
		if (cli_map_has_records(&image->map[i]))
			continue;
		cli_map_open(&m, image, core, i);
		code = cli_map_print(&m, image->map[i].name);
		cli_map_close(&m);
	}
	return code;
}

int cli_maps_entries(const struct bpfvm_image *image, struct bpfvm_core *core, json_t **maps)
{
	struct cli_map m;
	json_t *entries;
	int code = CLI_OK;

	*maps = cli_pack("[]");
	for (u32 i = 0; i < image->maps && !code; i++) {
		if (cli_map_has_records(&image->map[i]))
			continue;
		cli_map_open(&m, image, core, i);
		code = cli_map_entries(&m, &entries);
		cli_append(*maps, cli_pack("{s:o, s:o}", "map", cli_string(image->map[i].name),
					   "entries", entries));
		cli_map_close(&m);
	}
	return code;
}
