/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random guests for the firmware under test, those of tests/fuzz.c at a board's own addresses:
 *
 *	random STACK ARENA SIZE SEED COUNT
 *
 * writes COUNT cases for a board whose stack, and arena of SIZE bytes, are at these addresses; each
 * is its u32 seed, its u32 length, and the case as firmware.c takes it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vm.h"

/* The generator asks for addresses by region and offset, as the host cores have them. */
#undef VM_ADDRESS
#define VM_ADDRESS(region, offset) (region_address(region) + (offset))
static unsigned long long region_address(unsigned int region);

/* Not all of it is used here. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "../fuzz/make.h"

#define BUDGET_MAX 4096 /* instructions */
#define GAP 8		/* bytes between some regions; others touch */

static struct board {
	u64 stack, arena, size;
} board;
static struct sample sample;

/* Where in the arena a region begins, or, for VM_REGIONS, ends. The same in every question. */
static u64 region_offset(u32 region)
{
	u64 offset = 0;

	for (u32 i = 0; i < region; i++)
		if (sample.image->area[i].size)
			offset += (sample.image->area[i].size + 7 +
				   sample.image->area[i].size % 2 * GAP) & ~7ull;
	return offset;
}

static unsigned long long region_address(unsigned int region)
{
	if (region == VM_REGION_STACK)
		return board.stack;
	if (region < VM_REGIONS && sample.image && sample.image->area[region].size)
		return board.arena + region_offset(region);
	return (u64)region << VM_OFFSET_BITS;
}

static void put(FILE *to, u64 value, u32 size)
{
	for (; size--; value >>= 8)
		putc((u8)value, to);
}

static u32 regions_of(const struct bpfvm_image *image)
{
	u32 count = 0;

	for (u32 i = 0; i < VM_REGIONS; i++)
		count += image->area[i].size != 0;
	return count;
}

/* The case, in the format of firmware.c. */
static void put_case(FILE *to)
{
	const struct bpfvm_image *image = sample.image;

	put(to, 'C', 1);
	put(to, image->arg[0], 8);
	put(to, image->arg[1], 8);
	put(to, sample.budget < BUDGET_MAX ? sample.budget : BUDGET_MAX, 4);
	put(to, sample.again ? 1 + sample.seed % 40 : 0, 4);
	put(to, regions_of(image), 1);
	put(to, image->len, 4);
	fwrite(image->code, sizeof(*image->code), image->len, to);
	for (u32 i = 0; i < VM_REGIONS; i++) {
		const struct bpfvm_memory_area *area = &image->area[i];

		if (!area->size)
			continue;
		put(to, region_offset(i), 4);
		put(to, area->size, 4);
		put(to, area->access, 1);
		fwrite(area->data, area->size, 1, to);
	}
}

/* The program of a seed; false if boards have nothing like it: packets, or that much memory. */
static bool make(u64 seed)
{
	struct bpfvm_error err;

	memset(&sample, 0, sizeof(sample));
	if (make_sample(seed, &sample, &err))
		exit(1);
	return sample.image->kind == BPFVM_KIND_PLAIN && region_offset(VM_REGIONS) <= board.size;
}

static void put_sample(void)
{
	char *data;
	size_t size;
	FILE *f = open_memstream(&data, &size);

	if (!f)
		exit(1);
	put_case(f);
	fclose(f);
	put(stdout, sample.seed, 4);
	put(stdout, size, 4);
	fwrite(data, size, 1, stdout);
	free(data);
}

int main(int argc, char **argv)
{
	u64 seed, count;

	if (argc != 6) {
		fprintf(stderr, "usage: random STACK ARENA SIZE SEED COUNT\n");
		return 2;
	}
	board = (struct board){strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0),
			       strtoull(argv[3], NULL, 0)};
	count = strtoull(argv[5], NULL, 0);
	forms_find();
	for (seed = strtoull(argv[4], NULL, 0); count; seed++) {
		if (make(seed)) {
			put_sample();
			count--;
		}
		bpfvm_image__free(sample.image);
		sample.image = NULL;
	}
	return 0;
}
