/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes an image as the bytes that include/image.h describes. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpfvm.h"
#include "crc32.h"
#include "image.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are written as they lie here");

/* A part that grows. */
struct part {
	u8 *bytes;
	u64 size, room;
};

struct packer {
	const struct bpfvm_image *image;
	struct part part[VM_IMAGE_PARTS];
	_Bool failed; /* no memory */
};

/* Appends bytes and returns where they went. */
static u32 append(struct packer *p, enum vm_image_number number, const void *data, u64 size)
{
	struct part *part = &p->part[number];
	u64 at = part->size;

	if (part->room - at < size) {
		u64 room = 2 * (at + size);
		u8 *bytes = room <= UINT32_MAX ? realloc(part->bytes, room) : NULL;

		p->failed |= !bytes;
		if (!bytes)
			return 0;
		part->bytes = bytes;
		part->room = room;
	}
	if (size)
		memcpy(part->bytes + at, data, size);
	part->size += size;
	return (u32)at;
}

static u32 add_string(struct packer *p, const char *text)
{
	return text && *text ? append(p, VM_IMAGE_STRINGS, text, strlen(text) + 1) : 0;
}

/* --- the parts ------------------------------------------------------------------------------- */

static void add_areas(struct packer *p)
{
	static const u8 zeros[8];

	for (u32 i = 0; i < VM_REGIONS; i++) {
		const struct bpfvm_memory_area *area = &p->image->area[i];
		struct vm_image_area row = {
			.region = i, .access = area->access, .size = area->size};

		if (!area->size)
			continue;
		/* Zeros at the end go without saying, but not where a device uses them in place. */
		row.stored = area->size;
		while (area->access & VM_WRITE && row.stored && !area->data[row.stored - 1])
			row.stored--;
		row.name = add_string(p, area->name);
		row.data = append(p, VM_IMAGE_DATA, area->data, row.stored);
		append(p, VM_IMAGE_DATA, zeros, -row.stored & 7);
		append(p, VM_IMAGE_AREAS, &row, sizeof(row));
	}
}

static void add_maps(struct packer *p)
{
	for (u32 i = 0; i < p->image->maps; i++) {
		const struct bpfvm_map *map = &p->image->map[i];
		const struct vm_image_map row = {
			.name = add_string(p, map->name),
			.type = map->type,
			.key_size = map->key_size,
			.value_size = map->value_size,
			.max_entries = map->max_entries,
			.flags = map->flags,
			.region = map->region,
			.key_type = p->image->btf ? map->key_type : 0,
			.value_type = p->image->btf ? map->value_type : 0,
		};

		append(p, VM_IMAGE_MAPS, &row, sizeof(row));
		for (u32 n = 0; map->first && n < map->max_entries; n++) {
			const struct vm_image_first first = {i, n, map->first[n]};

			if (first.first)
				append(p, VM_IMAGE_FIRSTS, &first, sizeof(first));
		}
	}
}

static void add_variables(struct packer *p)
{
	for (u32 i = 0; i < p->image->variables; i++) {
		const struct bpfvm_variables *v = &p->image->variable[i];
		const struct vm_image_variables row = {add_string(p, v->name), v->region, v->offset,
						       v->size};

		append(p, VM_IMAGE_VARIABLES, &row, sizeof(row));
	}
}

static void add_functions(struct packer *p)
{
	for (u32 i = 0; i < p->image->functions; i++) {
		const struct bpfvm_function *fn = &p->image->function[i];
		const struct vm_image_function row = {add_string(p, fn->name), fn->start, fn->len,
						      fn->program};

		append(p, VM_IMAGE_FUNCTIONS, &row, sizeof(row));
	}
}

/* Lines point into the strings of the BTF, which begin where its name 0 is. */
static void add_debug(struct packer *p)
{
	const struct btf *btf = p->image->btf;
	const char *strings = btf ? btf__name_by_offset(btf, 0) : NULL;
	u32 size;
	const void *raw = btf ? btf__raw_data(btf, &size) : NULL;

	if (!raw || !strings)
		return;
	append(p, VM_IMAGE_BTF, raw, size);
	for (u32 i = 0; i < p->image->lines; i++) {
		const struct bpfvm_line *line = &p->image->line[i];
		const struct vm_image_line row = {line->insn, (u32)(line->file - strings),
						  (u32)(line->text - strings), line->line};

		append(p, VM_IMAGE_LINES, &row, sizeof(row));
	}
}

/* --- all together ---------------------------------------------------------------------------- */

static u32 kind_of(enum bpfvm_kind kind)
{
	switch (kind) {
	case BPFVM_KIND_XDP:
		return VM_IMAGE_XDP;
	case BPFVM_KIND_TC:
		return VM_IMAGE_TC;
	case BPFVM_KIND_PLAIN:
		break;
	}
	return VM_IMAGE_PLAIN;
}

static int join(struct packer *p, struct vm_image *head, u8 **bytes, u32 *size)
{
	const u32 crc_from = offsetof(struct vm_image, size);
	u64 end = sizeof(*head);
	u8 *all;

	for (u32 i = 0; i < VM_IMAGE_PARTS; i++) {
		head->part[i] = (struct vm_image_part){(u32)end, (u32)p->part[i].size};
		end = (end + p->part[i].size + 7) & ~7ull;
	}
	if (end > UINT32_MAX)
		return -E2BIG;
	all = calloc(1, end);
	if (!all)
		return -ENOMEM;
	head->size = (u32)end;
	memcpy(all, head, sizeof(*head));
	for (u32 i = 0; i < VM_IMAGE_PARTS; i++)
		if (p->part[i].size)
			memcpy(all + head->part[i].offset, p->part[i].bytes, p->part[i].size);
	head->crc = vm_crc32(0, all + crc_from, head->size - crc_from);
	memcpy(all + offsetof(struct vm_image, crc), &head->crc, sizeof(head->crc));
	*bytes = all;
	*size = head->size;
	return 0;
}

int bpfvm_image__pack(const struct bpfvm_image *image, u8 **bytes, u32 *size)
{
	struct packer p = {.image = image};
	struct vm_image head = {.magic = VM_IMAGE_MAGIC,
				.version = VM_IMAGE_VERSION,
				.header = sizeof(head),
				.kind = kind_of(image->kind),
				.entry = image->entry,
				.arg = {image->arg[0], image->arg[1]}};
	int ret;

	append(&p, VM_IMAGE_STRINGS, "", 1);
	head.name = add_string(&p, image->name);
	head.section = add_string(&p, image->section);
	head.path = add_string(&p, image->path);
	append(&p, VM_IMAGE_CODE, image->code, (u64)image->len * sizeof(*image->code));
	add_areas(&p);
	add_maps(&p);
	add_variables(&p);
	add_functions(&p);
	add_debug(&p);
	ret = p.failed ? -ENOMEM : join(&p, &head, bytes, size);
	for (u32 i = 0; i < VM_IMAGE_PARTS; i++)
		free(p.part[i].bytes);
	return ret;
}

void bpfvm_image__strip(struct bpfvm_image *image)
{
	for (u32 i = 0; i < image->maps; i++)
		image->map[i].key_type = image->map[i].value_type = 0;
	free(image->line);
	image->line = NULL;
	image->lines = 0;
	btf__free(image->btf);
	image->btf = NULL;
}
