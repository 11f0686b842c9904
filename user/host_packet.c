/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet of a host core and the context that shows it, as BPF_PROG_TEST_RUN would make them: a
 * frame on the loopback interface.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#include "host.h"

#define LOOPBACK 1 /* number of the interface */
#define SKB_HEADROOM 64 /* bytes before the packet of a tc guest, at first */

/* An XDP frame: 4096 bytes of which the last ones are the kernel's, and the first ones too. */
#define XDP_HEADROOM 256
#define XDP_FRAME 40 /* bytes at its very beginning that no helper gives away */
#define XDP_LINEAR (4096 - XDP_HEADROOM - 320)

/* Big endian, like the field it is for. */
static u16 protocol_of(const u8 *data, u32 len)
{
	u16 protocol;

	memcpy(&protocol, data + 12, sizeof(protocol));
	if (ntohs(protocol) >= ETH_P_802_3_MIN)
		return protocol;
	if (len >= ETH_HLEN + 2 && data[ETH_HLEN] == 0xff && data[ETH_HLEN + 1] == 0xff)
		return htons(ETH_P_802_3);
	return htons(ETH_P_802_2);
}

/* Whom the frame is for: the address of the loopback interface is zeros, for broadcasts too. */
static u32 packet_type(const u8 *data)
{
	static const u8 mine[ETH_ALEN];

	if (!memcmp(data, mine, ETH_ALEN))
		return PACKET_HOST;
	return data[0] & 1 ? PACKET_MULTICAST : PACKET_OTHERHOST;
}

static void reset_skb(struct host_core *h)
{
	const u8 *data = host_data(h);
	u32 len = h->packet.len;

	memset(&h->skb, 0, sizeof(h->skb));
	h->skb.network = ETH_HLEN;
	h->skb.headroom = SKB_HEADROOM;
	h->skb.transport = 0xffff;
	h->skb.md.pkt_type = packet_type(data);
	h->skb.md.protocol = protocol_of(data, len);
	h->skb.md.ifindex = LOOPBACK; /* not received on any */
	h->skb.md.wire_len = len;
}

void bpfvm_host_packet__reset(struct host_core *h)
{
	struct host_packet *p = &h->packet;

	memset(p->buffer + p->low, 0, p->high - p->low);
	p->start = HOST_ROOM;
	p->len = p->linear = h->given_size;
	p->meta = 0;
	p->low = p->start;
	p->high = p->start + p->len;
	p->first = 0;
	p->last = p->capacity;
	memcpy(host_data(h), h->given, h->given_size);
	memset(&h->ctx, 0, sizeof(h->ctx));
	if (host_is_tc(h)) {
		reset_skb(h);
		return;
	}
	p->first = p->start - XDP_HEADROOM + XDP_FRAME;
	p->last = p->start + XDP_LINEAR;
	if (p->linear > XDP_LINEAR)
		p->linear = XDP_LINEAR; /* the rest is in fragments */
}

static void show_rows(struct host_core *h)
{
	struct vm_region *row = h->vm.row;
	struct host_packet *p = &h->packet;

	row[VM_REGION_PACKET].base = row[VM_REGION_META].base = host_data(h);
	row[VM_REGION_PACKET].rlen = p->linear < BPFVM_PACKET ? p->linear : BPFVM_PACKET;
	row[VM_REGION_PACKET].wlen = row[VM_REGION_PACKET].rlen;
	VM_META_SIZE(row) = p->meta;
	row[VM_REGION_CTX].base = (u8 *)&h->ctx;
	row[VM_REGION_CTX].rlen = host_is_tc(h) ? sizeof(h->ctx.skb) : sizeof(h->ctx.xdp);
	row[VM_REGION_CTX].wlen = host_is_tc(h) ? BPFVM_CTX_WRITABLE : 0;
	if (p->start - p->meta < p->low)
		p->low = p->start - p->meta;
	if (p->start + p->len > p->high)
		p->high = p->start + p->len;
}

/* SHOW(name) is a field that a tc guest may read, CHANGE(name) one that it may write, too. */
#define FIELDS                                                                                     \
	SHOW(pkt_type) CHANGE(mark) SHOW(protocol) SHOW(vlan_present) SHOW(vlan_tci)               \
	SHOW(vlan_proto) CHANGE(priority) SHOW(ingress_ifindex) SHOW(ifindex) SHOW(hash)           \
	CHANGE(cb[0]) CHANGE(cb[1]) CHANGE(cb[2]) CHANGE(cb[3]) CHANGE(cb[4]) CHANGE(tstamp)       \
	SHOW(napi_id) SHOW(wire_len) SHOW(gso_segs) SHOW(gso_size)                                 \
	SHOW(tc_index) SHOW(tc_classid) SHOW(queue_mapping) /* 16 bits: changed below */

void bpfvm_host_packet__show(struct host_core *h)
{
	u32 data = VM_ADDRESS(VM_REGION_PACKET, 0);
	struct host_packet *p = &h->packet;

	show_rows(h);
	if (!host_is_tc(h)) {
		h->ctx.xdp.data = data;
		h->ctx.xdp.data_meta = data - p->meta;
		h->ctx.xdp.data_end = data + p->linear;
		h->ctx.xdp.ingress_ifindex = LOOPBACK;
		return;
	}
	memset(&h->ctx.skb, 0, sizeof(h->ctx.skb)); /* fields that tc programs cannot have */
#define SHOW(name) h->ctx.skb.name = h->skb.md.name;
#define CHANGE SHOW
	FIELDS
#undef SHOW
#undef CHANGE
	h->ctx.skb.len = p->len;
	h->ctx.skb.data = h->ctx.skb.data_meta = data;
	h->ctx.skb.data_end = data + p->linear;
}

void bpfvm_host_packet__store(struct host_core *h)
{
	if (!h->packet.buffer || !host_is_tc(h))
		return;
#define SHOW(name)
#define CHANGE(name) h->skb.md.name = h->ctx.skb.name;
	FIELDS
#undef SHOW
#undef CHANGE
	h->skb.md.tc_index = (u16)h->ctx.skb.tc_index;
	h->skb.md.tc_classid = (u16)h->ctx.skb.tc_classid;
	if (h->ctx.skb.queue_mapping < 0xffff) /* which stands for none */
		h->skb.md.queue_mapping = h->ctx.skb.queue_mapping;
}
