/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The helpers of XDP guests on the host, as Linux has them for a test packet. */
#include <linux/if_ether.h>
#include <string.h>

#include "host.h"

#define PAGE 4096	/* of a fragment */
#define META_MAX 252	/* bytes of metadata */
#define BYTES_MAX 0xffff /* offset and length of xdp_load_bytes */

HOST_BODY(xdp_adjust_head)
{
	struct host_packet *p = &h->packet;
	s32 offset = (s32)call->v[1];
	s64 start = (s64)p->start + offset;

	if (start < (s64)p->first + p->meta || start > (s64)p->start + p->linear - ETH_HLEN)
		return HOST_ERROR(EINVAL);
	memmove(p->buffer + start - p->meta, host_data(h) - p->meta, p->meta);
	p->start = (u32)start;
	p->len -= (u32)offset;
	p->linear -= (u32)offset;
	bpfvm_host_packet__show(h);
	return 0;
}

HOST_BODY(xdp_adjust_meta)
{
	struct host_packet *p = &h->packet;
	s64 meta = (s64)p->meta - (s32)call->v[1];

	if (meta < 0 || meta > (s64)p->start - p->first)
		return HOST_ERROR(EINVAL);
	if (meta & 3 || meta > META_MAX)
		return HOST_ERROR(EACCES);
	p->meta = (u32)meta;
	bpfvm_host_packet__show(h);
	return 0;
}

/* A packet with fragments: they are whole pages but for the last one. */
static u64 adjust_fragments(struct host_packet *p, s32 offset)
{
	u32 last = (p->len - p->linear) % PAGE;

	if (offset >= 0) {
		if ((u32)offset > (last ? PAGE - last : 0))
			return HOST_ERROR(EINVAL);
		return 0;
	}
	if (-(s64)offset > (s64)p->len - ETH_HLEN)
		return HOST_ERROR(EINVAL);
	if (p->len + (u32)offset < p->linear)
		p->linear = p->len + (u32)offset;
	return 0;
}

HOST_BODY(xdp_adjust_tail)
{
	struct host_packet *p = &h->packet;
	s32 offset = (s32)call->v[1];
	s64 len = (s64)p->len + offset;

	if (p->len > p->linear) {
		u64 error = adjust_fragments(p, offset);

		if (error)
			return error;
	} else {
		if (p->start + len > p->last || len < ETH_HLEN)
			return HOST_ERROR(EINVAL);
		p->linear = (u32)len;
	}
	if (offset > 0)
		memset(host_data(h) + p->len, 0, (u32)offset);
	p->len = (u32)len;
	bpfvm_host_packet__show(h);
	return 0;
}

HOST_BODY(xdp_get_buff_len)
{
	return h->packet.len;
}

static u64 bytes_at(const struct host_core *h, u32 offset, u32 size)
{
	if (offset > BYTES_MAX)
		return HOST_ERROR(EFAULT);
	return offset + size > h->packet.len ? HOST_ERROR(EINVAL) : 0;
}

HOST_BODY(xdp_load_bytes)
{
	u32 offset = (u32)call->v[1], size = call->size[2];
	u64 error = bytes_at(h, offset, size);

	if (!error)
		memmove(call->at[2], host_data(h) + offset, size);
	return error;
}

HOST_BODY(xdp_store_bytes)
{
	u32 offset = (u32)call->v[1], size = call->size[2];
	u64 error = bytes_at(h, offset, size);

	if (!error)
		memmove(host_data(h) + offset, call->at[2], size);
	return error;
}

/*
 * The interface in a DEVMAP or DEVMAP_HASH, or whether a CPUMAP has an entry; 0: none. `map` names
 * another kind: 0, too.
 */
static u32 entry_of(const struct host_core *h, u32 map, u32 key)
{
	const struct vm_map *m = host_map(h, map);
	u32 value = 0;
	long at;

	if (m->type != VM_MAP_DEVMAP && m->type != VM_MAP_DEVMAP_HASH && m->type != VM_MAP_CPUMAP)
		return 0;
	at = vm_map_lookup(h->arena, map, (void *)&key, HOST_CPU);
	if (at >= 0)
		memcpy(&value, h->arena + m->values + at, sizeof(value));
	return value;
}

/* The low bits of the flags are the verdict where it leads nowhere. */
HOST_BODY(redirect_map)
{
	u64 flags = call->v[2];

	if (flags & ~3ull)
		return XDP_ABORTED;
	return entry_of(h, call->map, (u32)call->v[1]) ? XDP_REDIRECT : flags;
}
