/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's copy of the hook's context, behind the machine's stack: filled from the kernel's,
 * and what a guest may change there brought back to it.
 */
#ifndef BPFVM_CONTEXT_H
#define BPFVM_CONTEXT_H

#include "maps.h"

/*
 * Regions of a packet of `size` bytes with `meta` bytes before it. The row of the latter permits
 * nothing: its accesses take the long way, see meta_access.
 */
static __always_inline void map_packet(struct bpfvm_machine *m, u32 size, u32 meta)
{
	struct vm_region *row = &m->row[VM_REGION_PACKET];

	row->rlen = row->wlen = size < BPFVM_PACKET ? size : BPFVM_PACKET;
	m->row[VM_REGION_META].rlen = m->row[VM_REGION_META].wlen = 0;
	VM_META_SIZE(m->row) = meta;
}

static __always_inline void *map_context(struct bpfvm_machine *m, u8 *memory, u32 size, u32 writable)
{
	struct vm_region *row = &m->row[VM_REGION_CTX];

	row->base = m->memory + VM_STACK_SIZE;
	row->rlen = size;
	row->wlen = writable;
	return MEMORY(memory, row->base);
}

#define GUEST_DATA VM_ADDRESS(VM_REGION_PACKET, 0)

/* Fills in the context and the regions of the packet; again after the packet has changed. */
static __always_inline void fill_xdp(struct xdp_md *ctx, struct bpfvm_machine *m, u8 *memory)
{
	u32 size = ctx->data_end - ctx->data, meta = ctx->data - ctx->data_meta;
	struct xdp_md *md;

	md = map_context(m, memory, sizeof(*md), 0);
	map_packet(m, size, meta);
	md->data = GUEST_DATA;
	md->data_meta = GUEST_DATA - meta;
	md->data_end = GUEST_DATA + size;
	md->ingress_ifindex = ctx->ingress_ifindex;
	md->rx_queue_index = ctx->rx_queue_index;
	md->egress_ifindex = 0;
}

/* FIELD(name) for what a tc program may read, CHANGE(name) for what it may write, too. */
#define TC_FIELDS                                                                                  \
	FIELD(len) FIELD(pkt_type) CHANGE(mark) CHANGE(queue_mapping) FIELD(protocol)              \
	FIELD(vlan_present) FIELD(vlan_tci) FIELD(vlan_proto) CHANGE(priority)                     \
	FIELD(ingress_ifindex) FIELD(ifindex) CHANGE(tc_index) CHANGE(cb[0]) CHANGE(cb[1])         \
	CHANGE(cb[2]) CHANGE(cb[3]) CHANGE(cb[4]) FIELD(hash) CHANGE(tc_classid) FIELD(napi_id)    \
	CHANGE(tstamp) FIELD(wire_len) FIELD(gso_segs) FIELD(gso_size)             \
	FIELD(hwtstamp)

static __always_inline void fill_tc(struct __sk_buff *ctx, struct bpfvm_machine *m, u8 *memory)
{
	u32 size = ctx->data_end - ctx->data, meta = ctx->data - ctx->data_meta;
	struct __sk_buff *md;

	md = map_context(m, memory, sizeof(*md), BPFVM_CTX_WRITABLE);
	map_packet(m, size, meta);
#define FIELD(name) md->name = ctx->name;
#define CHANGE FIELD
	TC_FIELDS
#undef FIELD
#undef CHANGE
	/* What an earlier guest may have left in fields that tc programs cannot have. */
	__builtin_memset(&md->family, 0, offsetof(struct __sk_buff, data_meta) -
					 offsetof(struct __sk_buff, family));
	md->flow_keys = 0;
	md->data = GUEST_DATA;
	md->data_meta = GUEST_DATA - meta;
	md->data_end = GUEST_DATA + size;
}

/* What the guest wrote into its context comes to the packet. Only what differs: a write to tstamp
 * is more than its value.
 */
static __always_inline void store_tc(struct __sk_buff *ctx, struct bpfvm_machine *m, u8 *memory)
{
	struct __sk_buff *md = (void *)MEMORY(memory, m->memory + VM_STACK_SIZE);
#define FIELD(name)
#define CHANGE(name)                                                                               \
	if (md->name != ctx->name)                                                                 \
		ctx->name = md->name;
	TC_FIELDS
#undef FIELD
#undef CHANGE
}

/* Where the packet lies now: after any helper that may have moved it. */
#define LOCATE(r, md)                                                                              \
	do {                                                                                       \
		(r)->data = (void *)(long)(md)->data;                                              \
		(r)->data_end = (void *)(long)(md)->data_end;                                      \
	} while (0)

#endif
