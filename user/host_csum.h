/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Internet checksums (RFC 1071, RFC 1624), zeros and their complements as in Linux. */
#ifndef BPFVM_HOST_CSUM_H
#define BPFVM_HOST_CSUM_H

#include <string.h>

#include "types.h"

static inline u32 csum_add(u32 a, u32 b)
{
	u32 sum = a + b;

	return sum + (sum < b);
}

static inline u32 csum_fold_once(u32 sum)
{
	return (sum & 0xffff) + (sum >> 16);
}

/* 32 bits to 16, not complemented. */
static inline u16 csum_short(u32 sum)
{
	return (u16)csum_fold_once(csum_fold_once(sum));
}

static inline u16 csum_fold(u32 sum)
{
	return (u16)~csum_short(sum);
}

/* Of bytes whose first one is at an even place. */
static inline u32 csum_bytes(const u8 *p, u32 size, u32 sum)
{
	u16 word;

	for (; size >= 2; p += 2, size -= 2) {
		memcpy(&word, p, 2);
		sum = csum_add(sum, word);
	}
	if (size) {
		word = 0;
		memcpy(&word, p, 1);
		sum = csum_add(sum, word);
	}
	return sum;
}

/* The checksum `sum` of a header in which something changed by `diff`. */
static inline u16 csum_change(u16 sum, u32 diff)
{
	return csum_fold(csum_add(diff, (u32)(u16)~sum));
}

#endif
