/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which declared maps guests cannot have, said in words, and how much memory the others take. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "map_layout.h"
#include "object.h"

#define TYPES	 64 /* numbers of map types are below */
#define RING_MIN 4096

struct range {
	u32 min, max; /* bytes */
};

static struct range key_range(u32 type)
{
	u32 traits = vm_map_traits(type);

	if (type == VM_MAP_RINGBUF)
		return (struct range){0, 0};
	if (traits & (VM_MAP_INDEXED | VM_MAP_RING) || type == VM_MAP_DEVMAP_HASH)
		return (struct range){4, 4};
	return (struct range){traits & VM_MAP_PREFIXES ? 5 : 1, VM_KEY_SIZE};
}

static struct range value_range(u32 type)
{
	switch (type) {
	case VM_MAP_RINGBUF:
		return (struct range){0, 0};
	case VM_MAP_PROG_ARRAY:
	case VM_MAP_PERF_EVENT_ARRAY:
		return (struct range){4, 4};
	case VM_MAP_DEVMAP:
	case VM_MAP_DEVMAP_HASH:
	case VM_MAP_CPUMAP:
		return (struct range){4, 8};
	}
	if (vm_map_traits(type) & VM_MAP_HASHED)
		return (struct range){1, VM_VALUE_SIZE};
	return (struct range){1, VM_OFFSET_MASK + 1u};
}

static int refuse_type(const char *path, const struct bpfvm_map *map, struct bpfvm_error *err)
{
	const char *name = libbpf_bpf_map_type_str(map->type);
	char hint[sizeof(err->hint)] = "guests have";
	size_t n = strlen(hint);

	for (u32 type = 0; type < TYPES && n < sizeof(hint); type++)
		if (vm_map_traits(type))
			n += (size_t)snprintf(hint + n, sizeof(hint) - n, " %s",
					      libbpf_bpf_map_type_str(type));
	return bpfvm_error__set(err, -EOPNOTSUPP, hint, "%s: map %s: no maps of type %s (%u)", path,
				map->name, name ? name : "unknown", map->type);
}

static int check_size(const char *path, const struct bpfvm_map *map, const char *what, u32 size,
		      struct range range, struct bpfvm_error *err)
{
	const char *type = libbpf_bpf_map_type_str(map->type);
	char hint[96];

	if (size >= range.min && size <= range.max)
		return 0;
	if (range.min == range.max)
		snprintf(hint, sizeof(hint), "it has to be %u in a map of type %s", range.min,
			 type);
	else
		snprintf(hint, sizeof(hint), "it can be %u to %u in a map of type %s", range.min,
			 range.max, type);
	return bpfvm_error__set(err, -EINVAL, hint, "%s: map %s: its %s is %u bytes", path,
				map->name, what, size);
}

/* What libbpf lets declarations leave out, and that it rounds rings up. */
static void fill_in(struct bpfvm_map *map)
{
	u32 size = RING_MIN;

	if (map->type == VM_MAP_PROG_ARRAY || map->type == VM_MAP_PERF_EVENT_ARRAY) {
		map->key_size = map->key_size ? map->key_size : 4;
		map->value_size = map->value_size ? map->value_size : 4;
	}
	while (size < map->max_entries && size <= VM_OFFSET_MASK)
		size *= 2;
	if (map->type == VM_MAP_RINGBUF && map->max_entries && map->max_entries <= size)
		map->max_entries = size;
}

static long lay_out(const struct bpfvm_map *map, u32 cpus, struct vm_map *plan)
{
	const struct vm_map_decl decl = {.type = map->type,
					 .key_size = map->key_size,
					 .value_size = map->value_size,
					 .max_entries = map->max_entries,
					 .cpus = cpus};

	return vm_map_plan(plan, 0, &decl);
}

u64 bpfvm_map__bytes(const struct bpfvm_map *map, u32 cpus)
{
	struct vm_map plan;
	long bytes = lay_out(map, cpus, &plan);

	return bytes > 0 ? (u64)bytes : 0;
}

/* Whether the values find room in a region, on a machine of one CPU. */
static _Bool has_room(const struct bpfvm_map *map)
{
	struct vm_map plan;

	return lay_out(map, 1, &plan) > 0 && plan.values_bytes <= VM_OFFSET_MASK + 1u;
}

int object__check_map(const char *path, struct bpfvm_map *map, struct bpfvm_error *err)
{
	int ret;

	if (!vm_map_traits(map->type))
		return refuse_type(path, map, err);
	fill_in(map);
	ret = check_size(path, map, "key", map->key_size, key_range(map->type), err);
	if (!ret)
		ret = check_size(path, map, "value", map->value_size, value_range(map->type), err);
	if (ret)
		return ret;
	if (!map->max_entries && map->type != VM_MAP_PERF_EVENT_ARRAY)
		return bpfvm_error__set(err, -EINVAL, "say how many: __uint(max_entries, ...)",
					"%s: map %s: max_entries is 0", path, map->name);
	if (!has_room(map))
		return bpfvm_error__set(err, -E2BIG,
					"the values of a map, rounded up to 8 bytes, are 16 MiB at "
					"most; a ring buffer is 8 MiB at most",
					"%s: map %s: %u entries are too many", path, map->name,
					map->max_entries);
	return 0;
}
