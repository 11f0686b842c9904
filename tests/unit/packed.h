/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Images as bytes: what the tests of packing have in common. */
#ifndef TEST_PACKED_H
#define TEST_PACKED_H

#include "crc32.h"
#include "damage.h"
#include "image.h"

static inline struct bpfvm_image *open_image(const char *name, const char *prog)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err;

	if (bpfvm_image__open(path_of(name), prog, &image, &err))
		fail_msg("%s", err.text);
	return image;
}

struct packed {
	u8 *bytes;
	u32 size;
};

static inline struct packed pack(const struct bpfvm_image *image)
{
	struct packed p;

	assert_int_equal(bpfvm_image__pack(image, &p.bytes, &p.size), 0);
	return p;
}

/* The bytes of a program with maps and tail calls, which fits the tests of damage. */
static inline struct packed pack_tails(_Bool strip)
{
	struct bpfvm_image *image = open_image("tails.o", "first");
	struct packed p;

	if (strip)
		bpfvm_image__strip(image);
	p = pack(image);
	bpfvm_image__free(image);
	return p;
}

static inline struct bpfvm_image *unpack(struct packed p)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err;

	if (bpfvm_image__unpack(p.bytes, p.size, &image, &err))
		fail_msg("%s", err.text);
	return image;
}

#endif
