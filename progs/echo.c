/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers pings, of IPv4 and of IPv6, by turning the request around in place. */
#include "checksum.h"
#include "parse.h"

#define ICMP_ECHO 8 /* the header that names these needs a libc */
#define ICMP_ECHOREPLY 0
#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		typeof(a) swap_kept = a;                                                           \
		a = b;                                                                             \
		b = swap_kept;                                                                     \
	} while (0)

struct mac {
	__u8 byte[ETH_ALEN];
} __attribute__((packed));

/* What ICMP and ICMPv6 begin with. */
struct echo {
	__u8 type, code;
	__u16 checksum;
};

/* Addresses change places, so the sums over them stay; only that of the message changes. */
static __always_inline int answer(struct cursor *c, __u8 request, __u8 reply)
{
	struct echo *echo = take(c, sizeof(struct icmp6hdr));

	if (!echo || echo->type != request || echo->code)
		return XDP_PASS;
	checksum_replace2(&echo->checksum, bpf_htons(request << 8), bpf_htons(reply << 8));
	echo->type = reply;
	return XDP_TX;
}

static __always_inline int echo4(struct cursor *c)
{
	struct iphdr *ip;

	if (parse_ip4(c, &ip) != IPPROTO_ICMP || ip->frag_off & bpf_htons(0x3fff))
		return XDP_PASS;
	if (answer(c, ICMP_ECHO, ICMP_ECHOREPLY) != XDP_TX)
		return XDP_PASS;
	SWAP(ip->saddr, ip->daddr);
	return XDP_TX;
}

static __always_inline int echo6(struct cursor *c)
{
	struct ipv6hdr *ip;

	/* Extension headers may mean anything: those are for the kernel to answer. */
	if (parse_ip6(c, &ip) != IPPROTO_ICMPV6 || ip->nexthdr != IPPROTO_ICMPV6)
		return XDP_PASS;
	if (answer(c, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY) != XDP_TX)
		return XDP_PASS;
	SWAP(ip->saddr, ip->daddr);
	return XDP_TX;
}

SEC("xdp")
int echo(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	struct mac *mac = c.at;
	int proto = parse_ethernet(&c), verdict = XDP_PASS;

	if (proto == BROKEN || mac[0].byte[0] & 1) /* nobody answers a group */
		return XDP_PASS;
	if (proto == ETH_P_IP)
		verdict = echo4(&c);
	else if (proto == ETH_P_IPV6)
		verdict = echo6(&c);
	if (verdict == XDP_TX)
		SWAP(mac[0], mac[1]);
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
