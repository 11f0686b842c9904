/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One test case: a guest, its memory or packet, and how long it may run. */
#ifndef FUZZ_SAMPLE_H
#define FUZZ_SAMPLE_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "bpfvm.h"
#include "maps.h"
#include "random.h"

#define LONG_BUDGET (1u << 16) /* instructions; most guests end before it */
#define PACKET_MIN 60
#define PACKET_MAX 300
#define BIG_REGION 70000 /* bytes: a size that 16 bits do not hold */

/* How a program came to be. */
enum origin {
	CLEAN,	/* without a mistake: the checker accepts it, it exits or runs out of steps */
	HAZARD, /* well-formed, with mistakes strewn in */
	MUTATED,
	SOUP, /* instructions with any fields, in any order */
	BYTES,
	ORIGINS,
};

static const char *const origin_names[ORIGINS] = {"clean", "hazard", "mutated", "soup", "bytes"};

struct sample {
	u64 seed;
	enum origin origin;
	struct bpfvm_image *image;
	u64 budget;
	u8 packet[PACKET_MAX];
	u32 packet_size;    /* 0: none */
	bool again;	    /* run a second time on the memory of the first */
	bool trace;	    /* run step by step as well, and count the forms */
	bool accepted;	    /* by the checker */
	struct rng slices; /* where a run is suspended */
};

/* What strtol and strtoul know, and some that they do not; or zeros, more than they read. */
static void sample_text(struct rng *rng, u8 *data, u32 size)
{
	static const char letters[] = " \t\n--++00001234567777899abcdefxXzZ\xa0\0";
	bool zeros = rng_chance(rng, 1, 4);

	for (u32 i = 0; i < size; i++)
		data[i] = zeros ? (u8)('0' + rng_chance(rng, 1, 64)) :
				  (u8)letters[rng_below(rng, sizeof(letters))];
}

static void sample_bytes(struct rng *rng, u8 *data, u32 size)
{
	if (rng_chance(rng, 1, 2))
		return sample_text(rng, data, size);
	for (u32 i = 0; i < size; i++)
		data[i] = (u8)rng_next(rng);
}

/* A region of each permission, with sizes around the powers of two, 0 (no such region) included. */
static int sample_regions(struct rng *rng, struct bpfvm_image *image, struct bpfvm_error *err)
{
	static const struct {
		u32 number, access;
		const char *name;
	} regions[] = {
		{VM_REGION_CTX, VM_READ | VM_WRITE, "ctx"},
		{VM_REGION_RODATA, VM_READ, ".rodata"},
		{VM_REGION_DATA, VM_READ | VM_WRITE, ".data"},
		{VM_REGION_FREE, VM_READ | VM_WRITE, "rw"},
		{VM_REGION_FREE + 1, VM_READ, "ro"},
		{VM_REGION_FREE + 2, VM_WRITE, "wo"},
		{VM_REGIONS - 1, VM_READ | VM_WRITE, "last"},
	};
	static const u32 sizes[] = {0,	1,   2,	  4,   7,   8,	 16,  33,
				    64, 128, 255, 256, 257, 511, 512, 513};
	static u8 data[BIG_REGION];

	for (size_t i = 0; i < COUNT(regions); i++) {
		u32 size = sizes[rng_below(rng, COUNT(sizes))];
		int ret;

		if (rng_chance(rng, 1, 256))
			size = BIG_REGION;
		if (image->kind != BPFVM_KIND_PLAIN && regions[i].number == VM_REGION_CTX)
			continue; /* the packet brings its own */
		if (!size)
			continue;
		sample_bytes(rng, data, size);
		ret = bpfvm_image__add_area(image, regions[i].number, regions[i].name,
					    regions[i].access, data, size, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* A frame to the all-zero address of the loopback interface. */
static void sample_packet(struct rng *rng, struct sample *s)
{
	static const u16 protocols[] = {0x88b5, 0x88b5, 0x0800, 0x86dd, 0x8100};
	u16 protocol = protocols[rng_below(rng, COUNT(protocols))];

	s->packet_size = PACKET_MIN + rng_below(rng, PACKET_MAX - PACKET_MIN + 1);
	sample_bytes(rng, s->packet, s->packet_size);
	memset(s->packet, 0, 12);
	s->packet[12] = (u8)(protocol >> 8);
	s->packet[13] = (u8)protocol;
}

/* What surrounds the program, which is made afterwards; s->image has no code yet. */
static int sample_begin(struct rng *rng, struct sample *s, struct bpfvm_error *err)
{
	struct bpfvm_image *image;
	int ret = bpfvm_image__from_code(NULL, 0, &s->image);

	if (ret)
		return ret;
	image = s->image;
	if (rng_chance(rng, 1, 4)) {
		image->kind = rng_chance(rng, 1, 2) ? BPFVM_KIND_XDP : BPFVM_KIND_TC;
		sample_packet(rng, s);
	}
	s->budget = rng_chance(rng, 1, 8) ? rng_below(rng, 200) : LONG_BUDGET;
	s->again = rng_chance(rng, 1, 4);
	s->trace = rng_chance(rng, 1, 8);
	s->slices.state = rng_next(rng);
	ret = sample_maps(image);
	if (!ret)
		ret = sample_regions(rng, image, err);
	image->arg[0] = rng_chance(rng, 3, 4) ? VM_ADDRESS(VM_REGION_CTX, 0) : rng_value(rng);
	image->arg[1] = rng_chance(rng, 3, 4) ? image->area[VM_REGION_CTX].size : rng_value(rng);
	return ret;
}

/* Gives the sample its program, `len` instructions. */
static int sample_code(struct sample *s, const struct vm_insn *code, u32 len)
{
	free(s->image->code);
	s->image->code = malloc(len * sizeof(*code));
	if (!s->image->code)
		return -ENOMEM;
	memcpy(s->image->code, code, len * sizeof(*code));
	s->image->len = len;
	return 0;
}

#endif
