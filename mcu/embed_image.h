/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Images as instances of the machine of include/embed.h; included by embed.c alone. An image may
 * lie where a port has to fetch it from, so whatever is looked at is copied first.
 */
#ifndef EMBED_IMAGE_H
#define EMBED_IMAGE_H

#include "crc32.h"
#include "image.h"

#define HEADER(member) __builtin_offsetof(struct vm_image, member)

static u32 number_at(vm_image_t image, u32 offset)
{
	u32 number;

	VM_IMAGE_READ(&number, image, offset, sizeof(number));
	return number;
}

static struct vm_image_part part_of(vm_image_t image, u32 number)
{
	struct vm_image_part part;

	VM_IMAGE_READ(&part, image, HEADER(part) + number * (u32)sizeof(part), sizeof(part));
	return part;
}

static u32 crc_of(vm_image_t image, u32 offset, u32 size)
{
	u32 crc = 0, n;
	u8 piece[16];

	for (; size; size -= n, offset += n) {
		n = size < sizeof(piece) ? size : (u32)sizeof(piece);
		VM_IMAGE_READ(piece, image, offset, n);
		crc = vm_crc32(crc, piece, n);
	}
	return crc;
}

static enum bpfvm_setup check_header(vm_image_t image, u32 size)
{
	char magic[8];

	if (size < sizeof(struct vm_image))
		return BPFVM_BAD_SIZE;
	VM_IMAGE_READ(magic, image, 0, sizeof(magic));
	for (u8 i = 0; i < sizeof(magic); i++)
		if (magic[i] != VM_IMAGE_MAGIC[i])
			return BPFVM_BAD_MAGIC;
	if (number_at(image, HEADER(version)) != VM_IMAGE_VERSION)
		return BPFVM_BAD_VERSION;
	if (number_at(image, HEADER(size)) != size)
		return BPFVM_BAD_SIZE;
	if (number_at(image, HEADER(crc)) != crc_of(image, HEADER(size), size - HEADER(size)))
		return BPFVM_BAD_CRC;
	if (number_at(image, HEADER(header)) != sizeof(struct vm_image) ||
	    number_at(image, HEADER(kind)) >= VM_IMAGE_KINDS)
		return BPFVM_BAD_HEADER;
	return BPFVM_READY;
}

static enum bpfvm_setup check_parts(vm_image_t image, u32 size)
{
	struct vm_image_part part;

	for (u32 i = 0; i < VM_IMAGE_PARTS; i++) {
		part = part_of(image, i);
		if (!vm_image_holds(&part, size, i == VM_IMAGE_CODE ? sizeof(struct vm_insn) : 1))
			return BPFVM_BAD_PART;
	}
	part = part_of(image, VM_IMAGE_CODE);
	if (number_at(image, HEADER(entry)) >= part.size / sizeof(struct vm_insn))
		return BPFVM_BAD_ENTRY;
	return part_of(image, VM_IMAGE_MAPS).size ? BPFVM_BAD_MAPS : BPFVM_READY;
}

/* Area `i`; false if there are no more. */
static _Bool area_at(vm_image_t image, u32 i, struct vm_image_area *area)
{
	struct vm_image_part part = part_of(image, VM_IMAGE_AREAS);

	if (i >= part.size / sizeof(*area))
		return 0;
	VM_IMAGE_READ(area, image, part.offset + i * (u32)sizeof(*area), sizeof(*area));
	return 1;
}

/* Whether an area has to be copied: it is written to, or not stored where it can be used. */
static _Bool is_copied(const struct vm_image_area *area)
{
	return area->access & VM_WRITE || area->stored != area->size || !VM_IMAGE_PLACED;
}

static enum bpfvm_setup check_areas(vm_image_t image)
{
	u32 stored = part_of(image, VM_IMAGE_DATA).size;
	struct vm_image_area area;
	u8 seen = 0, bit;

	for (u32 i = 0; area_at(image, i, &area); i++) {
		if (area.region != VM_REGION_RODATA && area.region != VM_REGION_DATA)
			return BPFVM_BAD_AREA;
		bit = area.region == VM_REGION_DATA ? 2 : 1;
		if (seen & bit || area.size > VM_OFFSET_MASK + 1 || !vm_image_stores(&area, stored))
			return BPFVM_BAD_AREA;
		seen |= bit;
	}
	return BPFVM_READY;
}

enum bpfvm_setup bpfvm_image_check(vm_image_t image, u32 size)
{
	enum bpfvm_setup bad;

	if (!ALIGNED(image, 8))
		return BPFVM_BAD_ALIGNMENT;
	bad = check_header(image, size);
	if (!bad)
		bad = check_parts(image, size);
	return bad ? bad : check_areas(image);
}

/* Each area begins at a multiple of 8. */
static u32 room_of(const struct vm_image_area *area)
{
	return (area->size + 7) & ~(u32)7;
}

u32 bpfvm_image_memory(vm_image_t image)
{
	struct vm_image_area area;
	u32 size = 0;

	for (u32 i = 0; area_at(image, i, &area); i++)
		if (is_copied(&area))
			size += room_of(&area);
	return size;
}

static void add_area(struct bpfvm *vm, vm_image_t image, const struct vm_image_area *area,
		     struct bpfvm_region *region, u8 *memory)
{
	u32 data = part_of(image, VM_IMAGE_DATA).offset + area->data;
	const u8 *place = memory;

	if (is_copied(area)) {
		__builtin_memset(memory, 0, area->size);
		VM_IMAGE_READ(memory, image, data, area->stored);
	} else {
		place = VM_IMAGE_PLACE(image, data);
	}
	set_region(region, VM_ADDRESS(area->region, 0), place, area->size, area->access);
	insert(vm, region);
}

static enum bpfvm_setup add_areas(struct bpfvm *vm, vm_image_t image, struct bpfvm_areas *areas)
{
	struct vm_image_area area;
	u8 *memory;

	if (!area_at(image, 0, &area))
		return BPFVM_READY;
	if (!areas || areas->size < bpfvm_image_memory(image) || !ALIGNED(areas->memory, 8))
		return BPFVM_BAD_MEMORY;
	memory = areas->memory;
	for (u32 i = 0; area_at(image, i, &area); i++) {
		add_area(vm, image, &area, &areas->region[i], memory);
		if (is_copied(&area))
			memory += room_of(&area);
	}
	return BPFVM_READY;
}

enum bpfvm_setup bpfvm_init_image(struct bpfvm *vm, const struct bpfvm_config *config,
				  vm_image_t image, u32 size, struct bpfvm_areas *areas,
				  void *stack, u32 stack_size)
{
	enum bpfvm_setup bad = bpfvm_image_check(image, size);
	struct vm_image_part code;

	if (bad)
		return bad;
	code = part_of(image, VM_IMAGE_CODE);
	bad = bpfvm_init(vm, config, VM_IMAGE_CODE(image, code.offset),
			 code.size / sizeof(struct vm_insn), stack, stack_size);
	if (bad)
		return bad;
	vm->entry = number_at(image, HEADER(entry));
	return add_areas(vm, image, areas);
}

#undef HEADER

#endif
