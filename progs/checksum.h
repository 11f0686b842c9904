/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keeps Internet checksums right when what they cover is rewritten (RFC 1624). */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* A sum of 16-bit words as a checksum. */
static __always_inline __u16 checksum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* One word of 16 bits was `from` and is `to`, both as they lie in the packet. */
static __always_inline void checksum_replace2(__u16 *checksum, __u16 from, __u16 to)
{
	*checksum = checksum_fold((__u16)~*checksum + (__u16)~from + to);
}

/* The same of 32 bits. */
static __always_inline void checksum_replace4(__u16 *checksum, __be32 from, __be32 to)
{
	__u16 old = ~*checksum;

	*checksum = checksum_fold(bpf_csum_diff(&from, sizeof(from), &to, sizeof(to), old));
}

#endif
