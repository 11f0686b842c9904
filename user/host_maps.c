/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of guests on the host cores: an arena that include/map.h works on. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host.h"

u32 bpfvm_host_owner(void)
{
	static atomic_uint last;
	static __thread u32 mine;

	if (!mine)
		mine = atomic_fetch_add(&last, 1) + 1;
	return mine;
}

static u64 random_seed(void)
{
	u64 seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = bpfvm_clock(); /* early at boot */
	return seed;
}

/* --- key-value stores --- */

static struct vm_map_decl store(void)
{
	return (struct vm_map_decl){.type = VM_MAP_HASH, .key_size = 8, .value_size = 8,
				    .max_entries = BPFVM_KV_ENTRIES, .cpus = 1,
				    .seed = random_seed()};
}

static u8 *global;

static void make_global(void)
{
	struct vm_map_decl d = store();
	long bytes = vm_map_bytes(&d);

	global = aligned_alloc(VM_MAP_ALIGN, VM_MAP_ALIGN + (size_t)bytes);
	if (global)
		vm_map_init(global, VM_MAP_ALIGN, &d);
}

u8 *bpfvm_host_store(u32 *map)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_global);
	*map = VM_MAP_ALIGN;
	return global;
}

/* --- loading --- */

static struct vm_map_decl declaration(const struct bpfvm_map *map, u64 seed)
{
	return (struct vm_map_decl){
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.cpus = 1,
		.region = map->region,
		.seed = seed,
	};
}

/* Finds a place for each map in an arena of `*end` bytes. */
static int place(struct host_core *h, const struct bpfvm_image *image, u64 *end,
		 struct bpfvm_error *err)
{
	struct vm_map_decl d = store();

	*end = VM_MAP_ALIGN;
	h->map[0] = (u32)*end;
	*end += (u64)vm_map_bytes(&d);
	for (u32 i = 0; i < image->maps; i++) {
		const struct bpfvm_map *map = &image->map[i];
		struct vm_map plan;
		long bytes;

		d = declaration(map, 0);
		bytes = vm_map_plan(&plan, (u32)*end, &d);
		if (bytes >= 0 && (plan.values_bytes > VM_OFFSET_MASK + 1 ||
				   *end + (u64)bytes > ~0u))
			bytes = -E2BIG;
		if (bytes < 0)
			return bpfvm_error__set(err, (int)bytes,
						"smaller keys, values or max_entries",
						"guest: map %s cannot be laid out: %s", map->name,
						strerror((int)-bytes));
		h->region[i] = map->region;
		h->map[map->region] = (u32)*end;
		*end += (u64)bytes;
	}
	return 0;
}

static void make(struct host_core *h, const struct bpfvm_map *map, u64 seed)
{
	struct vm_map_decl d = declaration(map, seed);
	struct vm_region *row = &h->vm.row[map->region];
	const struct vm_map *m = host_map(h, h->map[map->region]);

	vm_map_init(h->arena, h->map[map->region], &d);
	row->base = h->arena + m->values;
	row->rlen = row->wlen = m->values_bytes;
	for (u32 i = 0; map->first && i < map->max_entries; i++)
		memcpy(h->arena + m->values + (u64)i * m->row, &map->first[i], sizeof(u32));
}

int bpfvm_host_maps__load(struct host_core *h, const struct bpfvm_image *image,
			  struct bpfvm_error *err)
{
	struct vm_map_decl own = store();
	u64 end;
	int ret = place(h, image, &end, err);

	if (ret)
		return ret;
	h->arena = aligned_alloc(VM_MAP_ALIGN, end);
	if (!h->arena)
		return bpfvm_error__set(err, -ENOMEM, NULL, "guest: no memory for its maps");
	vm_map_init(h->arena, h->map[0], &own);
	for (u32 i = 0; i < image->maps; i++)
		make(h, &image->map[i], own.seed);
	return 0;
}

void bpfvm_host_maps__unload(struct host_core *h)
{
	free(h->arena);
	h->arena = NULL;
	memset(h->map, 0, sizeof(h->map));
}

/* --- operations of user space --- */

static u32 at_of(struct bpfvm_core *core, u32 map, u8 **arena)
{
	struct host_core *h = (struct host_core *)core;
	u32 at;

	if (map == BPFVM_KV_GLOBAL) {
		*arena = bpfvm_host_store(&at);
		return at;
	}
	*arena = h->arena;
	return h->map[map == BPFVM_KV_LOCAL ? 0 : h->region[map]];
}

int bpfvm_host_map__lookup(struct bpfvm_core *core, u32 map, const void *key, void *value)
{
	u8 *arena;
	u32 at = at_of(core, map, &arena);
	const struct vm_map *m = (const void *)(arena + at);
	long o = vm_map_lookup(arena, at, key, VM_MAP_ALL);

	if (o < 0)
		return -ENOENT;
	memcpy(value, arena + m->values + o,
	       m->traits & VM_MAP_PERCPU ? m->row : m->value_size);
	return 0;
}

int bpfvm_host_map__update(struct bpfvm_core *core, u32 map, const void *key, const void *value,
			   u64 flags)
{
	u8 *arena;
	u32 at = at_of(core, map, &arena), cpu = bpfvm_flags__cpu(&flags);

	return (int)vm_map_update(arena, at, key, value, flags, cpu);
}

int bpfvm_host_map__delete(struct bpfvm_core *core, u32 map, const void *key)
{
	u8 *arena;
	u32 at = at_of(core, map, &arena);

	return (int)vm_map_delete(arena, at, key);
}

int bpfvm_host_map__next(struct bpfvm_core *core, u32 map, const void *key, void *next)
{
	u8 *arena;
	u32 at = at_of(core, map, &arena);
	u64 none[VM_KEY_WORDS] = {0};

	return (int)vm_map_next(arena, at, key ? key : (void *)none, !key, next);
}

int bpfvm_host_map__read(struct bpfvm_core *core, u32 map, void *data, u32 size)
{
	u8 *arena;
	u32 at = at_of(core, map, &arena);

	return (int)vm_ring_take(arena, at, data, size);
}

int bpfvm_host_map__used(struct bpfvm_core *core, u32 map, u32 *used)
{
	u8 *arena;
	u32 at = at_of(core, map, &arena);

	*used = bpfvm_memory__used(arena, at);
	return 0;
}
