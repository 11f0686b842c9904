/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helpers of tc guests on the host that look at the packet or its checksums: what Linux does
 * with a linear packet whose checksum no card has looked at.
 */
#include <limits.h>
#include <string.h>

#include "host.h"
#include "host_csum.h"

#define DIFF_MAX 512 /* bytes of either side of a csum_diff */
#define FIELD_MAX 0xffff /* offset of a checksum */

/* Whether the packet has `size` bytes at `offset`. */
static bool has_bytes(const struct host_core *h, u32 offset, u32 size)
{
	return offset <= INT_MAX && offset + size <= h->packet.len;
}

HOST_BODY(skb_load_bytes)
{
	u32 offset = (u32)call->v[1], size = call->size[2];

	if (!has_bytes(h, offset, size)) {
		memset(call->at[2], 0, size);
		return HOST_ERROR(EFAULT);
	}
	memmove(call->at[2], host_data(h) + offset, size);
	return 0;
}

HOST_BODY(skb_store_bytes)
{
	u32 offset = (u32)call->v[1], size = call->size[2];
	u64 flags = call->v[4];

	if (flags & ~(u64)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return HOST_ERROR(EINVAL);
	if (!has_bytes(h, offset, size))
		return HOST_ERROR(EFAULT);
	memmove(host_data(h) + offset, call->at[2], size);
	if (flags & BPF_F_INVALIDATE_HASH)
		host_set_hash_invalid(h, call);
	return 0;
}

/* All of it is there already. */
HOST_BODY(skb_pull_data)
{
	return (u32)call->v[1] > h->packet.len ? HOST_ERROR(ENOMEM) : 0;
}

/* The checksum has no place in the packet's own state to be kept at. */
HOST_BODY(csum_update)
{
	return HOST_ERROR(HOST_ENOTSUPP);
}

/* The present checksum at `offset`; *sum is left alone on an error, which is returned. */
static u64 load_sum(const struct host_core *h, u64 offset, u16 *sum)
{
	offset = (u32)offset;
	if (offset > FIELD_MAX || offset & 1 || !has_bytes(h, (u32)offset, sizeof(*sum)))
		return HOST_ERROR(EFAULT);
	memcpy(sum, host_data(h) + offset, sizeof(*sum));
	return 0;
}

static void store_sum(struct host_core *h, u64 offset, u16 sum)
{
	memcpy(host_data(h) + (u32)offset, &sum, sizeof(sum));
}

/* A field of `size` bytes changed from `from` to `to`; size 0: `to` is the difference. */
static u64 replace(u16 *sum, u64 size, u64 from, u64 to)
{
	switch (size) {
	case 0:
		if (from)
			return HOST_ERROR(EINVAL);
		*sum = csum_change(*sum, (u32)to);
		return 0;
	case 2:
		from = (u16)from;
		to = (u16)to;
		break;
	case 4:
		break;
	default:
		return HOST_ERROR(EINVAL);
	}
	*sum = csum_fold(csum_add(csum_add((u32)(u16)~*sum, ~(u32)from), (u32)to));
	return 0;
}

HOST_BODY(l3_csum_replace)
{
	u64 flags = call->v[4], error;
	u16 sum;

	if (flags & ~(u64)BPF_F_HDR_FIELD_MASK)
		return HOST_ERROR(EINVAL);
	error = load_sum(h, call->v[1], &sum);
	if (!error)
		error = replace(&sum, flags, call->v[2], call->v[3]);
	if (!error)
		store_sum(h, call->v[1], sum);
	return error;
}

HOST_BODY(l4_csum_replace)
{
	u64 known = BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR |
		    BPF_F_HDR_FIELD_MASK | 1u << 7 /* BPF_F_IPV6 */;
	u64 flags = call->v[4], error;
	u16 sum;

	if (flags & ~known)
		return HOST_ERROR(EINVAL);
	error = load_sum(h, call->v[1], &sum);
	if (error)
		return error;
	if (flags & BPF_F_MARK_MANGLED_0 && !(flags & BPF_F_MARK_ENFORCE) && !sum)
		return 0;
	error = replace(&sum, flags & BPF_F_HDR_FIELD_MASK, call->v[2], call->v[3]);
	if (error)
		return error;
	if (flags & BPF_F_MARK_MANGLED_0 && !sum)
		sum = 0xffff;
	store_sum(h, call->v[1], sum);
	return 0;
}

/* Of any length and folded to 16 bits, as since Linux 6.13; before, it depended on the processor. */
HOST_BODY(csum_diff)
{
	u32 from_size = call->size[0], to_size = call->size[2], seed = (u32)call->v[4], from, to;

	if (from_size > DIFF_MAX || to_size > DIFF_MAX)
		return HOST_ERROR(EINVAL);
	if (from_size && to_size) {
		from = csum_bytes(call->at[0], from_size, 0);
		to = csum_bytes(call->at[2], to_size, seed);
		return csum_short(csum_add(to, ~from));
	}
	if (to_size)
		return csum_short(csum_bytes(call->at[2], to_size, seed));
	if (from_size)
		return csum_short(~csum_bytes(call->at[0], from_size, ~seed));
	return seed;
}
