/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps as the linker takes them in: each gets a region for its values when it is first referred to.
 * With a PROG_ARRAY come all programs that it could hold.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "linker.h"

#define MAPS_MAX (VM_REGIONS - VM_REGION_FREE)

/* The variable that begins there, or NULL. */
static const struct object_symbol *variable_at(const struct object *object, u32 section, u64 offset)
{
	for (size_t i = 0; i < object->symbols; i++) {
		const struct object_symbol *sym = &object->symbol[i];

		if (sym->type == STT_OBJECT && sym->section == section && sym->value == offset)
			return sym;
	}
	return NULL;
}

/* --- the programs of a PROG_ARRAY ------------------------------------------------------------ */

static int reach_programs(struct linker *l)
{
	const struct object *object = l->object;
	int ret = 0;

	for (size_t i = 0; !ret && i < object->functions; i++) {
		struct object_function *fn = &object->function[i];

		if (fn->program && object__kind(object, fn) == l->image->kind)
			ret = linker__reach_function(l, fn);
	}
	return ret;
}

static int set_program(struct linker *l, const struct bpfvm_map *map, u64 index,
		       const struct object_reloc *r)
{
	const struct object_symbol *sym = NULL;
	const struct object_function *fn;
	u64 addend;
	u32 start = 0;
	int ret = linker__find_symbol(l, r, &sym);

	if (ret)
		return ret;
	if (!object__is_code(l->object, sym->section))
		return linker__fail(l, -EINVAL, "its values are programs: [0] = (void *)&program",
				    "holds what is no function: ", sym->name);
	memcpy(&addend, l->object->section[r->section].data + r->offset, sizeof(addend));
	ret = linker__find_function(l, sym->section, sym->value + addend, &start);
	if (ret)
		return ret;
	fn = object__function_at(l->object, sym->section, sym->value + addend);
	if (!fn->program || object__kind(l->object, fn) != l->image->kind)
		return linker__fail(l, -EINVAL,
				    "a tail call leads to a program of the same kind, xdp or tc",
				    "holds what cannot follow this program: ", fn->name);
	map->first[index] = start + 1;
	return 0;
}

/* The initial values, `.values = { [0] = (void *)&program }`, from `offset` to `end`. */
static int set_programs(struct linker *l, u32 section, const struct bpfvm_map *map, u64 offset,
			u64 end)
{
	const struct object_section *s = &l->object->section[section];
	int ret = 0;

	for (size_t i = 0; !ret && i < s->relocs; i++) {
		const struct object_reloc *r = &s->reloc[i];
		u64 index = (r->offset - offset) / sizeof(u64);

		if (r->offset < offset || r->offset >= end)
			continue;
		if (r->type != OBJECT_RELOC_DATA_64 || (r->offset - offset) % sizeof(u64) ||
		    !s->data || s->size - r->offset < sizeof(u64))
			return linker__fail(l, -EINVAL, "compile it again",
					    "damaged initial values in section ", s->name);
		if (index >= map->max_entries)
			return linker__fail(l, -EINVAL, "raise its max_entries",
					    "initial values at and beyond max_entries of map ",
					    map->name);
		ret = set_program(l, map, index, r);
	}
	return ret;
}

/* --- maps ------------------------------------------------------------------------------------ */

/* Room for one more row of the image's, in the order in which the object declares them. */
static struct bpfvm_map *insert_map(struct linker *l, u64 offset)
{
	struct bpfvm_image *image = l->image;
	u32 i = image->maps;

	for (; i && l->map[i - 1] > offset; i--) {
		image->map[i] = image->map[i - 1];
		l->map[i] = l->map[i - 1];
	}
	l->map[i] = offset;
	image->map[i] = (struct bpfvm_map){.region = VM_REGION_FREE + image->maps};
	image->maps++;
	return &image->map[i];
}

static int read_map(struct linker *l, const struct object_symbol *sym, struct bpfvm_map *map,
		    u32 *values)
{
	int ret;

	map->name = strdup(sym->name);
	if (!map->name)
		return linker__no_memory(l);
	ret = object__read_map(l->object, sym->name, map, values, l->err);
	if (!ret)
		ret = object__check_map(l->object->path, map, l->err);
	if (ret || map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return ret;
	map->first = calloc(map->max_entries, sizeof(*map->first));
	return map->first ? 0 : linker__no_memory(l);
}

static int add_map(struct linker *l, u32 section, u64 offset, u64 *handle)
{
	const struct object_symbol *sym = variable_at(l->object, section, offset);
	const char *from = l->from;
	struct bpfvm_map *map;
	u32 values = 0;
	int ret;

	if (!sym)
		return linker__fail(l, -EINVAL,
				    "was the symbol table stripped? strip with "
				    "`llvm-strip -g`",
				    "refers to where no map begins, in section ",
				    l->object->section[section].name);
	if (l->image->maps == MAPS_MAX)
		return bpfvm_error__set(
			l->err, -ENOSPC, "join some: a key can say which",
			"%s: %s: uses map %s, but has %u maps, which are all that it "
			"can have",
			l->object->path, l->from, sym->name, MAPS_MAX);
	map = insert_map(l, offset);
	*handle = VM_MAP_HANDLE(map->region);
	ret = read_map(l, sym, map, &values);
	if (ret || map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return ret;
	ret = reach_programs(l); /* whose code is looked at later: no map comes with them now */
	l->from = map->name;
	if (!ret && values)
		ret = set_programs(l, section, map, sym->value + values, sym->value + sym->size);
	l->from = from;
	return ret;
}

int linker__reach_map(struct linker *l, u32 section, u64 offset, u64 *handle)
{
	for (u32 i = 0; i < l->image->maps; i++) {
		if (l->map[i] != offset)
			continue;
		*handle = VM_MAP_HANDLE(l->image->map[i].region);
		return 0;
	}
	return add_map(l, section, offset, handle);
}
