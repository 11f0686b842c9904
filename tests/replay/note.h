/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the guests of this folder share: they note what helpers return, for all packets in a row. */
#ifndef NOTE_H
#define NOTE_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NOTES 64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, NOTES);
} notes SEC(".maps");

/* Each value counts, and so does their order: the map is the same only if all of them were. */
static __always_inline void note(__u32 slot, __u64 value)
{
	__u64 *all = bpf_map_lookup_elem(&notes, &slot);

	if (all)
		*all = *all * 31 + value;
}

#define DATA(ctx) ((unsigned char *)(long)(ctx)->data)
#define END(ctx) ((unsigned char *)(long)(ctx)->data_end)

/* Byte `at` of the packet, 0 behind its end: what the guests decide by. */
#define BYTE(ctx, at) (DATA(ctx) + (at) + 1 > END(ctx) ? 0 : DATA(ctx)[at])

#endif
