/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helpers of tc guests on the host that change the length or the headers of the packet: what
 * Linux does with a linear packet of its own.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#include "host.h"

#define LEN_MAX (16384 - 320) /* of a packet that a helper makes longer */
#define VLAN 4		      /* bytes of a tag */
#define IP4 20
#define IP6 40

/*
 * The kernel's buffer gets more room at its front if need be. It then moves the transport header as
 * if it were known, which counts in shortest_tail().
 */
static void expand(struct host_skb *skb, u32 n)
{
	u32 more = n > skb->headroom ? (n - skb->headroom + 63) & ~63u : 0;

	skb->headroom += more - n;
	skb->transport += (u16)more;
}

/* Makes room for `n` bytes before the packet: it moves in its buffer if need be. */
static bool grow_head(struct host_core *h, u32 n)
{
	struct host_packet *p = &h->packet;
	u32 end = p->capacity - p->len;

	if (p->len + n > BPFVM_PACKET)
		return false;
	if (p->start < n) {
		memmove(p->buffer + end, p->buffer + p->start, p->len);
		p->start = end;
		p->low = 0;
		p->high = p->capacity;
	}
	expand(&h->skb, n);
	p->start -= n;
	p->len += n;
	p->linear = p->len;
	return true;
}

/* Where the kernel keeps the network header, which a transport header may be at, too. */
static u16 network_header(const struct host_skb *skb)
{
	return (u16)(skb->headroom + skb->network);
}

/* `n` zeros at offset `off`. */
static bool insert(struct host_core *h, u32 off, u32 n)
{
	if (!grow_head(h, n))
		return false;
	memmove(host_data(h), host_data(h) + n, off);
	memset(host_data(h) + off, 0, n);
	return true;
}

/* Takes out `n` bytes at offset `off`. */
static bool take_out(struct host_core *h, u32 off, u32 n)
{
	struct host_packet *p = &h->packet;

	if (off + n > p->len)
		return false;
	memmove(host_data(h) + n, host_data(h), off);
	h->skb.headroom += n;
	p->start += n;
	p->len -= n;
	p->linear = p->len;
	return true;
}

/* Like those two, in or behind the network header: a transport header there goes with it. */
static bool change_header(struct host_core *h, u32 off, s32 by)
{
	bool same = h->skb.transport == network_header(&h->skb);

	if (!(by < 0 ? take_out(h, off, -(u32)by) : insert(h, off, (u32)by)))
		return false;
	if (same)
		h->skb.transport = network_header(&h->skb);
	return true;
}

/* --- VLAN tags: one beside the packet, others in it --- */

static bool is_vlan(u32 protocol)
{
	return protocol == htons(ETH_P_8021Q) || protocol == htons(ETH_P_8021AD);
}

static void set_tag(struct __sk_buff *md, u32 protocol, u32 tci)
{
	md->vlan_proto = protocol;
	md->vlan_tci = tci;
	md->vlan_present = protocol || tci;
}

HOST_BODY(skb_vlan_push)
{
	u32 protocol = (u16)call->v[1], tci = (u16)call->v[2];
	struct __sk_buff *md = &h->skb.md;
	u16 tag[2] = {(u16)md->vlan_proto, htons((u16)md->vlan_tci)};

	if (!is_vlan(protocol))
		protocol = htons(ETH_P_8021Q);
	if (md->vlan_present) {
		if (!insert(h, 2 * ETH_ALEN, VLAN))
			return HOST_ERROR(ENOMEM);
		memcpy(host_data(h) + 2 * ETH_ALEN, tag, sizeof(tag));
		md->protocol = md->vlan_proto;
	}
	set_tag(md, protocol, tci);
	return 0;
}

/* Takes the tag behind the addresses out of the packet. */
static u64 pop_tag(struct host_core *h, u32 *tci)
{
	u16 tag[2], behind[2];

	if (h->packet.len < ETH_HLEN + VLAN)
		return HOST_ERROR(ENOMEM);
	memcpy(tag, host_data(h) + 2 * ETH_ALEN, sizeof(tag));
	memcpy(behind, host_data(h) + ETH_HLEN + 2, sizeof(behind));
	*tci = ntohs(tag[1]);
	if (ntohs(behind[0]) >= ETH_P_802_3_MIN)
		h->skb.md.protocol = behind[0];
	else
		h->skb.md.protocol = htons(behind[1] == 0xffff ? ETH_P_802_3 : ETH_P_802_2);
	take_out(h, 2 * ETH_ALEN, VLAN);
	h->skb.network = h->skb.network < ETH_HLEN + VLAN ? ETH_HLEN : h->skb.network - VLAN;
	return 0;
}

HOST_BODY(skb_vlan_pop)
{
	struct __sk_buff *md = &h->skb.md;
	u32 protocol, tci;
	u64 error;

	if (md->vlan_present) {
		set_tag(md, 0, 0);
	} else {
		if (!is_vlan(md->protocol))
			return 0;
		error = pop_tag(h, &tci);
		if (error)
			return error;
	}
	if (!is_vlan(md->protocol))
		return 0;
	protocol = md->protocol;
	error = pop_tag(h, &tci);
	if (!error)
		set_tag(md, protocol, tci);
	return error;
}

/* --- length and protocol --- */

/* No header may be cut off, as far as the kernel knows them. */
static u32 shortest_tail(const struct host_skb *skb)
{
	s32 transport = (s32)skb->transport - (s32)skb->headroom;

	return skb->transport != 0xffff && transport > 0 ? (u32)transport : skb->network;
}

HOST_BODY(skb_change_tail)
{
	struct host_packet *p = &h->packet;
	u32 len = (u32)call->v[1];

	if (call->v[2] || len > LEN_MAX || len < shortest_tail(&h->skb))
		return HOST_ERROR(EINVAL);
	if (h->skb.encapsulated)
		return HOST_ERROR(HOST_ENOTSUPP);
	if (p->start + len > p->capacity) {
		memmove(p->buffer, host_data(h), p->len);
		p->start = p->low = 0;
		p->high = p->capacity;
	}
	if (len > p->len)
		memset(host_data(h) + p->len, 0, len - p->len);
	p->len = p->linear = len;
	return 0;
}

HOST_BODY(skb_change_head)
{
	u32 room = (u32)call->v[1], len = h->packet.len + room;

	if (call->v[2] || (s32)room < 0 || len > LEN_MAX)
		return HOST_ERROR(EINVAL);
	if (!insert(h, 0, room))
		return HOST_ERROR(ENOMEM);
	h->skb.network += room;
	return 0;
}

HOST_BODY(skb_change_proto)
{
	u32 to = (u16)call->v[1], from = h->skb.md.protocol;
	bool fits;

	if (call->v[2])
		return HOST_ERROR(EINVAL);
	if (from == htons(ETH_P_IP) && to == htons(ETH_P_IPV6))
		fits = change_header(h, h->skb.network, IP6 - IP4);
	else if (from == htons(ETH_P_IPV6) && to == htons(ETH_P_IP))
		fits = change_header(h, h->skb.network, IP4 - IP6);
	else
		return HOST_ERROR(HOST_ENOTSUPP);
	if (!fits)
		return HOST_ERROR(ENOMEM);
	h->skb.md.protocol = to;
	return host_set_hash_invalid(h, call);
}

HOST_BODY(skb_change_type)
{
	u32 type = (u32)call->v[1];

	if (type > PACKET_OTHERHOST)
		return HOST_ERROR(EINVAL);
	h->skb.md.pkt_type = type;
	return 0;
}

/* --- adjust_room --- */

#define ROOM_FLAGS                                                                                 \
	(BPF_F_ADJ_ROOM_FIXED_GSO | ROOM_ENCAP_L3 | ROOM_ENCAP_L4 | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |  \
	 BPF_F_ADJ_ROOM_ENCAP_L2(BPF_ADJ_ROOM_ENCAP_L2_MASK) | ROOM_DECAP_L3 |                     \
	 BPF_F_ADJ_ROOM_NO_CSUM_RESET)
#define ROOM_ENCAP_L3 (BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6)
#define ROOM_ENCAP_L4 (BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_ENCAP_L4_UDP)
#define ROOM_DECAP_L3 (1ull << 7 | 1ull << 8) /* BPF_F_ADJ_ROOM_DECAP_L3_IPV4 and IPV6 */
#define ROOM_DECAP_IPV4 (1ull << 7)
#define ROOM_MAX 0xfff

/* Which address family the outer header has from now on: the one of these flags, if either. */
static void set_outer(struct host_core *h, u64 flags, u64 ipv4, u64 ipv6)
{
	if (flags & ipv6 && h->skb.md.protocol == htons(ETH_P_IP))
		h->skb.md.protocol = htons(ETH_P_IPV6);
	else if (flags & ipv4 && h->skb.md.protocol == htons(ETH_P_IPV6))
		h->skb.md.protocol = htons(ETH_P_IP);
}

static u64 check_encapsulation(const struct host_core *h, u32 n, u64 flags)
{
	u32 inner = (u32)(flags >> BPF_ADJ_ROOM_ENCAP_L2_SHIFT & BPF_ADJ_ROOM_ENCAP_L2_MASK);

	if ((flags & ROOM_ENCAP_L3) == ROOM_ENCAP_L3 || (flags & ROOM_ENCAP_L4) == ROOM_ENCAP_L4 ||
	    (flags & BPF_F_ADJ_ROOM_ENCAP_L2_ETH && inner < ETH_HLEN))
		return HOST_ERROR(EINVAL);
	if (h->skb.encapsulated)
		return HOST_ERROR(EALREADY);
	return inner > n ? HOST_ERROR(EINVAL) : 0;
}

/* The packet has new headers before its own; from now on the kernel knows where these are. */
static void encapsulate(struct host_core *h, u64 flags)
{
	u32 ip = flags & BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 ? IP6 : IP4;

	h->skb.encapsulated = true;
	if (flags & ROOM_ENCAP_L4)
		h->skb.transport = (u16)(network_header(&h->skb) + ip);
	set_outer(h, flags, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);
}

static u64 grow(struct host_core *h, u32 off, u32 n, u64 flags)
{
	u64 error = flags & ROOM_ENCAP_L3 ? check_encapsulation(h, n, flags) : 0;

	if (error)
		return error;
	if (!change_header(h, off, (s32)n))
		return HOST_ERROR(ENOMEM);
	if (flags & ROOM_ENCAP_L3)
		encapsulate(h, flags);
	return 0;
}

static u64 shrink(struct host_core *h, u32 off, u32 n, u64 flags)
{
	if (flags & ~(u64)(BPF_F_ADJ_ROOM_FIXED_GSO | ROOM_DECAP_L3 | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return HOST_ERROR(EINVAL);
	if (!change_header(h, off, -(s32)n))
		return HOST_ERROR(ENOMEM);
	set_outer(h, flags, ROOM_DECAP_IPV4, ROOM_DECAP_L3 & ~ROOM_DECAP_IPV4);
	return 0;
}

/* The shortest network header that may be left; 0: the flags are wrong. */
static u32 shortest(u64 flags, u32 base, bool shrinks)
{
	if (!(flags & ROOM_DECAP_L3))
		return base;
	if (!shrinks || (flags & ROOM_DECAP_L3) == ROOM_DECAP_L3)
		return 0;
	return flags & ROOM_DECAP_IPV4 ? IP4 : IP6;
}

HOST_BODY(skb_adjust_room)
{
	s32 diff = (s32)call->v[1];
	u32 n = diff < 0 ? -(u32)diff : (u32)diff, mode = (u32)call->v[2], off = h->skb.network;
	u32 protocol = h->skb.md.protocol, base = protocol == htons(ETH_P_IP) ? IP4 : IP6;
	u32 len = h->packet.len - off, least;
	u64 flags = call->v[3];

	if (flags & ~(u64)ROOM_FLAGS)
		return HOST_ERROR(EINVAL);
	if (n > ROOM_MAX)
		return HOST_ERROR(EFAULT);
	if ((protocol != htons(ETH_P_IP) && protocol != htons(ETH_P_IPV6)) ||
	    (mode != BPF_ADJ_ROOM_NET && mode != BPF_ADJ_ROOM_MAC))
		return HOST_ERROR(HOST_ENOTSUPP);
	if (mode == BPF_ADJ_ROOM_NET)
		off += base;
	least = shortest(flags, base, diff < 0);
	if (!least)
		return HOST_ERROR(EINVAL);
	if (diff < 0 ? n >= len || len - n < least : h->packet.len + n > LEN_MAX)
		return HOST_ERROR(HOST_ENOTSUPP);
	return diff < 0 ? shrink(h, off, n, flags) : grow(h, off, n, flags);
}
