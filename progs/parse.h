/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds the headers of a packet, for the guests that look at them. */
#ifndef PARSE_H
#define PARSE_H

#include <linux/bpf.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define BROKEN (-1)	 /* the packet ends within a header, or the header makes no sense */
#define MAX_TAGS 4	 /* VLAN tags on top of each other */
#define MAX_EXTENSIONS 6 /* extension headers of IPv6 */
#define FRAGMENT_OFFSET 0x1fff

/* What is left of a packet. */
struct cursor {
	void *at, *end;
};
#define CURSOR(ctx) {(void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end}

struct vlan_tag {
	__be16 tci;
	__be16 proto; /* of what follows */
};

struct fragment {
	__u8 next, reserved;
	__be16 offset; /* in its upper 13 bits */
	__be32 id;
};

/* Who talks to whom; IPv4 addresses as ::ffff:a.b.c.d. Without ports, these are 0. */
struct flow {
	struct in6_addr source, dest;
	__be16 sport, dport;
	__u8 proto, zero[3];
};

/* The next `size` bytes, or NULL if there are less. */
static __always_inline void *take(struct cursor *c, __u32 size)
{
	void *at = c->at;

	if (at + size > c->end)
		return NULL;
	c->at = at + size;
	return at;
}

/* The protocol (ETH_P_...) behind all VLAN tags, or BROKEN. */
static __always_inline int parse_ethernet(struct cursor *c)
{
	struct ethhdr *eth = take(c, sizeof(*eth));
	struct vlan_tag *tag;
	__be16 proto;

	if (!eth)
		return BROKEN;
	proto = eth->h_proto;
	for (int i = 0; i < MAX_TAGS; i++) {
		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = take(c, sizeof(*tag));
		if (!tag)
			return BROKEN;
		proto = tag->proto;
	}
	return bpf_ntohs(proto);
}

/*
 * The protocol behind the header and its options (IPPROTO_...), or BROKEN. IPPROTO_FRAGMENT means
 * a later fragment: no header follows.
 */
static __always_inline int parse_ip4(struct cursor *c, struct iphdr **header)
{
	struct iphdr *ip = take(c, sizeof(*ip));

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return BROKEN;
	c->at = (void *)ip + ip->ihl * 4;
	if (c->at > c->end)
		return BROKEN;
	*header = ip;
	return ip->frag_off & bpf_htons(FRAGMENT_OFFSET) ? IPPROTO_FRAGMENT : ip->protocol;
}

/* The same for IPv6 and its extension headers. */
static __always_inline int parse_ip6(struct cursor *c, struct ipv6hdr **header)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));
	struct ipv6_opt_hdr *option;
	struct fragment *fragment;
	__u8 next;

	if (!ip || ip->version != 6)
		return BROKEN;
	*header = ip;
	next = ip->nexthdr;
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		if (next == IPPROTO_FRAGMENT) {
			fragment = take(c, sizeof(*fragment));
			if (!fragment)
				return BROKEN;
			if (fragment->offset & bpf_htons(0xfff8))
				return IPPROTO_FRAGMENT;
			next = fragment->next;
		} else if (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
			   next == IPPROTO_DSTOPTS) {
			option = take(c, sizeof(*option));
			if (!option)
				return BROKEN;
			next = option->nexthdr;
			c->at = (void *)option + (option->hdrlen + 1) * 8;
		} else {
			break;
		}
	}
	return next;
}

/* The protocol of parse_ethernet(), the flow filled in if it is IP. */
static __always_inline int parse_flow(struct cursor *c, struct flow *flow)
{
	int proto = parse_ethernet(c), l4;
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__be16 *ports;

	__builtin_memset(flow, 0, sizeof(*flow));
	if (proto == ETH_P_IP) {
		l4 = parse_ip4(c, &ip);
		if (l4 == BROKEN)
			return BROKEN;
		flow->source.s6_addr16[5] = flow->dest.s6_addr16[5] = 0xffff;
		flow->source.s6_addr32[3] = ip->saddr;
		flow->dest.s6_addr32[3] = ip->daddr;
	} else if (proto == ETH_P_IPV6) {
		l4 = parse_ip6(c, &ip6);
		if (l4 == BROKEN)
			return BROKEN;
		flow->source = ip6->saddr;
		flow->dest = ip6->daddr;
	} else {
		return proto;
	}
	flow->proto = l4;
	if (l4 != IPPROTO_TCP && l4 != IPPROTO_UDP)
		return proto;
	ports = take(c, 2 * sizeof(*ports));
	if (!ports)
		return BROKEN;
	flow->sport = ports[0];
	flow->dport = ports[1];
	return proto;
}

#endif
