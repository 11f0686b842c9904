/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes packets apart: counts what they are made of, drops those whose headers are broken. */
#include "parse.h"

enum what { BAD, TAGGED, ARP, IP4, OPTIONS, IP6, EXTENSIONS, LATER, TCP, UDP, ICMP, OTHER, WHATS };

struct count {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct count);
	__uint(max_entries, WHATS);
} counts SEC(".maps");

static __always_inline void count(__u32 what, __u64 bytes)
{
	struct count *c = bpf_map_lookup_elem(&counts, &what);

	if (!c)
		return;
	c->packets++;
	c->bytes += bytes;
}

/* What the header at the cursor is; all of it has to be there. */
static __always_inline int transport(struct cursor *c, int proto)
{
	struct udphdr *udp;
	struct tcphdr *tcp;

	switch (proto) {
	case IPPROTO_TCP:
		tcp = take(c, sizeof(*tcp));
		return !tcp || tcp->doff < 5 || (void *)tcp + tcp->doff * 4 > c->end ? BAD : TCP;
	case IPPROTO_UDP:
		udp = take(c, sizeof(*udp));
		return !udp || bpf_ntohs(udp->len) < sizeof(*udp) ? BAD : UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return take(c, sizeof(struct icmp6hdr)) ? ICMP : BAD;
	case IPPROTO_FRAGMENT:
		return LATER;
	default:
		return proto == BROKEN ? BAD : OTHER;
	}
}

static __always_inline int network(struct cursor *c, int proto, __u64 bytes)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	int l4;

	switch (proto) {
	case ETH_P_IP:
		count(IP4, bytes);
		l4 = parse_ip4(c, &ip);
		if (l4 != BROKEN && ip->ihl > 5)
			count(OPTIONS, bytes);
		return transport(c, l4);
	case ETH_P_IPV6:
		count(IP6, bytes);
		l4 = parse_ip6(c, &ip6);
		if (l4 != BROKEN && ip6->nexthdr != l4)
			count(EXTENSIONS, bytes);
		return transport(c, l4);
	case ETH_P_ARP:
		return ARP;
	default:
		return proto == BROKEN ? BAD : OTHER;
	}
}

SEC("xdp")
int parser(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	void *begin = c.at;
	__u64 bytes = c.end - c.at;
	int proto = parse_ethernet(&c), what;

	if (proto != BROKEN && c.at != begin + ETH_HLEN)
		count(TAGGED, bytes);
	what = network(&c, proto, bytes);
	count(what, bytes);
	return what == BAD ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
