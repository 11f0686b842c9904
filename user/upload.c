/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a guest gets into a slot of a machine: its memory is laid out, then filled, then its code. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core_ops.h"
#include "map_layout.h"
#include "slots.h"
#include "upload.h"

/* A guest on its way into a slot. */
struct upload {
	struct bpfvm_session *s;
	const struct bpfvm_image *image;
	const struct bpfvm_slot *keep;
	const struct bpfvm_image *kept_image;
	u64 seed;
	u8 *packed; /* the image, for those who come later, or NULL */
	u32 packed_size;
	struct bpfvm_slot slot; /* as it will be */
	struct bpfvm_error *err;
};

static u64 align(u64 at)
{
	return (at + VM_MAP_ALIGN - 1) & ~(u64)(VM_MAP_ALIGN - 1);
}

static u64 random_seed(void)
{
	u64 seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = bpfvm_clock(); /* early at boot */
	return seed;
}

/* --- the key-value stores: of a guest, and of all guests --- */

static const struct vm_map_decl store = {
	.type = VM_MAP_HASH, .key_size = 8, .value_size = 8, .max_entries = BPFVM_KV_ENTRIES,
	.cpus = 1};

u32 bpfvm_store__bytes(void)
{
	return (u32)vm_map_bytes(&store);
}

static void make_store(struct bpfvm_session *s, u32 at, u64 seed)
{
	struct vm_map_decl d = store;

	d.seed = seed;
	vm_map_init(s->memory, at, &d);
}

void bpfvm_store__make(struct bpfvm_session *s)
{
	make_store(s, s->constants->global, random_seed());
}

/* --- maps --- */

static struct vm_map_decl declaration(const struct upload *u, const struct bpfvm_map *map)
{
	return (struct vm_map_decl){
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.cpus = u->s->cpus,
		.region = map->region,
		.seed = u->seed,
	};
}

bool bpfvm_map__same(const struct bpfvm_map *a, const struct bpfvm_map *b)
{
	return a->type == b->type && a->key_size == b->key_size &&
	       a->value_size == b->value_size && a->max_entries == b->max_entries &&
	       a->flags == b->flags && a->type != VM_MAP_PROG_ARRAY;
}

/* The map whose memory `map` goes on with, or NULL. */
static const struct bpfvm_map *kept(const struct upload *u, const struct bpfvm_map *map)
{
	for (u32 i = 0; u->kept_image && i < u->kept_image->maps; i++) {
		const struct bpfvm_map *old = &u->kept_image->map[i];

		if (!strcmp(old->name, map->name))
			return bpfvm_map__same(old, map) ? old : NULL;
	}
	return NULL;
}

/* The row through which the guest gets at the values of a map. */
static void open_values(struct vm_region *row, u32 values, u32 bytes)
{
	row->base = values;
	row->rlen = row->wlen = bytes;
}

static int lay_map(struct upload *u, const struct bpfvm_map *map, u64 *at)
{
	const struct bpfvm_map *old = kept(u, map);
	struct vm_map_decl d = declaration(u, map);
	struct vm_map plan;
	long bytes;

	if (old) {
		u->slot.map[map->region] = u->keep->map[old->region];
		u->slot.row[map->region] = u->keep->row[old->region];
		return 0;
	}
	bytes = vm_map_plan(&plan, (u32)*at, &d);
	if (bytes < 0 || plan.values_bytes > VM_OFFSET_MASK + 1)
		return bpfvm_error__set(u->err, bytes < 0 ? (int)bytes : -E2BIG,
					"smaller keys, values or max_entries",
					"guest: map %s cannot be laid out: %s", map->name,
					bytes < 0 ? strerror((int)-bytes) : "16 MiB at most");
	u->slot.map[map->region] = (u32)*at;
	open_values(&u->slot.row[map->region], plan.values, plan.values_bytes);
	*at = align(*at + (u64)bytes);
	return 0;
}

/* The programs that a PROG_ARRAY begins with. */
static void fill_programs(struct upload *u, const struct bpfvm_map *map)
{
	const struct vm_map *m = (void *)(u->s->memory + u->slot.map[map->region]);

	for (u32 i = 0; map->first && i < map->max_entries; i++)
		memcpy(u->s->memory + m->values + (u64)i * m->row, &map->first[i], sizeof(u32));
}

static void make_map(struct upload *u, const struct bpfvm_map *map)
{
	struct vm_map_decl d = declaration(u, map);

	if (kept(u, map))
		return;
	vm_map_init(u->s->memory, u->slot.map[map->region], &d);
	fill_programs(u, map);
}

/* --- all of it --- */

/* Gives everything its place from `*at` on; `*at` becomes the end. */
static int lay_out(struct upload *u, u64 *at)
{
	int ret = 0;

	for (u32 i = 0; i < VM_REGIONS; i++) {
		const struct bpfvm_memory_area *area = &u->image->area[i];

		if (!area->size)
			continue;
		u->slot.row[i].base = (u32)*at;
		u->slot.row[i].rlen = area->access & VM_READ ? area->size : 0;
		u->slot.row[i].wlen = area->access & VM_WRITE ? area->size : 0;
		*at += (area->size + 7ull) & ~7ull;
	}
	*at = align(*at);
	for (u32 i = 0; i < u->image->maps && !ret; i++)
		ret = lay_map(u, &u->image->map[i], at);
	u->slot.map[0] = u->keep ? u->keep->map[0] : (u32)*at;
	if (!u->keep)
		*at = align(*at + bpfvm_store__bytes());
	u->slot.image = u->packed ? (u32)*at : 0;
	u->slot.image_bytes = u->packed_size;
	*at += u->packed_size;
	return ret;
}

static void fill(struct upload *u)
{
	for (u32 i = 0; i < VM_REGIONS; i++) {
		const struct bpfvm_memory_area *area = &u->image->area[i];

		if (area->size)
			memcpy(u->s->memory + u->slot.row[i].base, area->data, area->size);
	}
	for (u32 i = 0; i < u->image->maps; i++)
		make_map(u, &u->image->map[i]);
	if (!u->keep)
		make_store(u->s, u->slot.map[0], u->seed);
	if (u->packed)
		memcpy(u->s->memory + u->slot.image, u->packed, u->packed_size);
}

/* Rows that are in use, counted from row 0. */
static u32 last_row(const struct bpfvm_slot *slot)
{
	u32 n = VM_REGIONS;

	while (n && !slot->row[n - 1].rlen && !slot->row[n - 1].wlen)
		n--;
	return n;
}

static int upload(struct upload *u, u32 n)
{
	struct vm_insn *code = (struct vm_insn *)u->s->code + (size_t)n * BPFVM_CODE;
	u64 at = 0, bytes;
	u32 memory;
	int ret = lay_out(u, &at);

	bytes = at;
	if (!ret)
		ret = bpfvm_slots__memory(u->s, bytes, &memory, u->err);
	if (ret)
		return ret;
	at = memory;
	lay_out(u, &at);
	u->slot.memory = memory;
	u->slot.bytes = (u32)bytes;
	fill(u);
	memcpy(code, u->image->code, u->image->len * sizeof(*code));
	u->slot.version = u->s->slot[n].version;
	u->slot.len = u->image->len;
	u->slot.entry = u->image->entry;
	u->slot.regions = last_row(&u->slot);
	u->slot.arg[0] = u->image->arg[0];
	u->slot.arg[1] = u->image->arg[1];
	u->s->slot[n] = u->slot;
	return 0;
}

int bpfvm_upload(struct bpfvm_session *s, const struct bpfvm_image *image,
		 const struct bpfvm_slot *keep, const struct bpfvm_image *kept_image, u32 *slot,
		 struct bpfvm_error *err)
{
	struct upload u = {.s = s,
			   .image = image,
			   .keep = keep,
			   .kept_image = kept_image,
			   .seed = random_seed(),
			   .err = err};
	int ret;

	if (image->len > BPFVM_CODE)
		return bpfvm_error__set(err, -E2BIG, "build with a larger BPFVM_CODE",
					"guest: %u instructions; a slot holds %u", image->len,
					BPFVM_CODE);
	ret = s->dir ? bpfvm_image__pack(image, &u.packed, &u.packed_size) : 0;
	if (ret)
		return bpfvm_error__set(err, ret, NULL, "guest: it cannot be packed: %s",
					strerror(-ret));
	ret = bpfvm_slots__take(s, image->len, slot, err);
	if (!ret) {
		ret = upload(&u, *slot);
		if (ret)
			bpfvm_slots__free(s, *slot);
	}
	free(u.packed);
	return ret;
}
