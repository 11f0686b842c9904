/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a map has to be like, by its type, for guests to have it. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "object.h"

#define KEY_MAX	   64	/* bytes of a key that is searched for */
#define VALUE_MAX  4096 /* bytes of a value beside such a key */
#define REGION_MAX (VM_OFFSET_MASK + 1u)
#define RING_MIN   4096

/* Sizes in bytes; `fixed`: a map of the kernel's own, whose sizes may be left out. */
struct rule {
	u32 type;
	u32 key_min, key_max;
	u32 value_min, value_max;
	_Bool fixed;
};

static const struct rule rules[] = {
	{BPF_MAP_TYPE_HASH, 1, KEY_MAX, 1, VALUE_MAX, 0},
	{BPF_MAP_TYPE_ARRAY, 4, 4, 1, REGION_MAX, 0},
	{BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 4, 1},
	{BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 4, 1},
	{BPF_MAP_TYPE_PERCPU_HASH, 1, KEY_MAX, 1, VALUE_MAX, 0},
	{BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1, REGION_MAX, 0},
	{BPF_MAP_TYPE_LRU_HASH, 1, KEY_MAX, 1, VALUE_MAX, 0},
	{BPF_MAP_TYPE_LPM_TRIE, 5, KEY_MAX, 1, VALUE_MAX, 0},
	{BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 8, 0},
	{BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4, 8, 0},
	{BPF_MAP_TYPE_CPUMAP, 4, 4, 4, 8, 0},
	{BPF_MAP_TYPE_RINGBUF, 0, 0, 0, 0, 0},
};

static const struct rule *find_rule(u32 type)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

static int refuse_type(const char *path, const struct bpfvm_map *map, struct bpfvm_error *err)
{
	const char *name = libbpf_bpf_map_type_str(map->type);
	char hint[sizeof(err->hint)] = "guests have";
	size_t n = strlen(hint);

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules) && n < sizeof(hint); i++)
		n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s%s", i ? ", " : " ",
				      libbpf_bpf_map_type_str(rules[i].type));
	return bpfvm_error__set(err, -EOPNOTSUPP, hint, "%s: map %s: no maps of type %s (%u)", path,
				map->name, name ? name : "unknown", map->type);
}

static int refuse_size(const char *path, const struct bpfvm_map *map, const char *what, u32 size,
		       u32 min, u32 max, struct bpfvm_error *err)
{
	char hint[96];

	if (min == max)
		snprintf(hint, sizeof(hint), "it has to be %u for a map of type %s", min,
			 libbpf_bpf_map_type_str(map->type));
	else
		snprintf(hint, sizeof(hint), "it can be %u to %u for a map of type %s", min, max,
			 libbpf_bpf_map_type_str(map->type));
	return bpfvm_error__set(err, -EINVAL, hint, "%s: map %s: %s is %u bytes", path, map->name,
				what, size);
}

/* Bytes of the values, for one CPU. */
static u64 value_bytes(const struct bpfvm_map *map)
{
	if (map->type == BPF_MAP_TYPE_RINGBUF)
		return map->max_entries;
	return (u64)map->max_entries * ((map->value_size + 7ull) & ~7ull);
}

/* Rounds a ring up as libbpf does. */
static void round_ring(struct bpfvm_map *map)
{
	u32 size = RING_MIN;

	while (size < map->max_entries && size < REGION_MAX)
		size *= 2;
	if (map->max_entries <= size)
		map->max_entries = size;
}

int object__check_map(const char *path, struct bpfvm_map *map, struct bpfvm_error *err)
{
	const struct rule *rule = find_rule(map->type);

	if (!rule)
		return refuse_type(path, map, err);
	if (rule->fixed && !map->key_size)
		map->key_size = rule->key_max;
	if (rule->fixed && !map->value_size)
		map->value_size = rule->value_max;
	if (map->key_size < rule->key_min || map->key_size > rule->key_max)
		return refuse_size(path, map, "its key", map->key_size, rule->key_min,
				   rule->key_max, err);
	if (map->value_size < rule->value_min || map->value_size > rule->value_max)
		return refuse_size(path, map, "its value", map->value_size, rule->value_min,
				   rule->value_max, err);
	if (!map->max_entries && map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return bpfvm_error__set(err, -EINVAL, "say how many: __uint(max_entries, ...)",
					"%s: map %s: max_entries is 0", path, map->name);
	if (map->type == BPF_MAP_TYPE_RINGBUF)
		round_ring(map);
	if (value_bytes(map) > REGION_MAX)
		return bpfvm_error__set(
			err, -E2BIG,
			"the values of a map, each rounded up to 8 bytes, are 16 MiB "
			"at most",
			"%s: map %s: %u entries are too many", path, map->name, map->max_entries);
	return 0;
}
