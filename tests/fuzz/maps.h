/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that every sample has. None of them is per CPU or evicts elements: what these do differs
 * from core to core, and tests of their own look at it.
 */
#ifndef FUZZ_MAPS_H
#define FUZZ_MAPS_H

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "bpfvm.h"
#include "random.h"

#define PROGRAMS 6 /* entries of the PROG_ARRAY */

enum fuzz_map { MAP_ARRAY, MAP_HASH, MAP_LPM, MAP_PROGRAMS, MAP_RING, MAP_DEVICES, MAPS };

static const struct bpfvm_map fuzz_maps[MAPS] = {
	[MAP_ARRAY] = {.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 20, .max_entries = 8},
	[MAP_HASH] = {.type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 16, .max_entries = 12},
	[MAP_LPM] = {.type = BPF_MAP_TYPE_LPM_TRIE, .key_size = 8, .value_size = 8, .max_entries = 8,
		     .flags = BPF_F_NO_PREALLOC},
	[MAP_PROGRAMS] = {.type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4,
			  .max_entries = PROGRAMS},
	[MAP_RING] = {.type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096},
	[MAP_DEVICES] = {.type = BPF_MAP_TYPE_DEVMAP, .key_size = 4, .value_size = 4,
			 .max_entries = 4},
};

/* Behind the regions that sample_regions() gives out. */
static u32 map_region(enum fuzz_map map)
{
	return VM_REGION_FREE + 4 + map;
}

static int sample_maps(struct bpfvm_image *image)
{
	image->map = calloc(MAPS, sizeof(*image->map));
	if (!image->map)
		return -ENOMEM;
	for (; image->maps < MAPS; image->maps++) {
		struct bpfvm_map *map = &image->map[image->maps];

		*map = fuzz_maps[image->maps];
		map->region = map_region(image->maps);
		map->name = calloc(1, 8);
		if (!map->name)
			return -ENOMEM;
		snprintf(map->name, 8, "map%u", image->maps);
	}
	image->map[MAP_PROGRAMS].first = calloc(PROGRAMS, sizeof(u32));
	return image->map[MAP_PROGRAMS].first ? 0 : -ENOMEM;
}

#endif
