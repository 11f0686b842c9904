/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts the TCP connections that each source begins, and drops those above a limit. */
#include "parse.h"

#define SOURCES 16384 /* that were seen last */
#define LIMIT 50

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct in6_addr);
	__type(value, __u64);
	__uint(max_entries, SOURCES);
} syns SEC(".maps");

/* Of a SYN without ACK; false for all other packets. */
static __always_inline bool syn_source(struct cursor *c, struct in6_addr *source)
{
	struct in6_addr mapped = {};
	struct ipv6hdr *ip6;
	struct tcphdr *tcp;
	struct iphdr *ip;

	switch (parse_ethernet(c)) {
	case ETH_P_IP:
		if (parse_ip4(c, &ip) != IPPROTO_TCP)
			return false;
		mapped.s6_addr16[5] = 0xffff;
		mapped.s6_addr32[3] = ip->saddr;
		*source = mapped;
		break;
	case ETH_P_IPV6:
		if (parse_ip6(c, &ip6) != IPPROTO_TCP)
			return false;
		*source = ip6->saddr;
		break;
	default:
		return false;
	}
	tcp = take(c, sizeof(*tcp));
	return tcp && tcp->syn && !tcp->ack;
}

SEC("xdp")
int syn(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	struct in6_addr source;
	__u64 one = 1, *count;

	if (!syn_source(&c, &source))
		return XDP_PASS;
	count = bpf_map_lookup_elem(&syns, &source);
	if (!count) {
		bpf_map_update_elem(&syns, &source, &one, BPF_NOEXIST);
		return XDP_PASS;
	}
	return __sync_fetch_and_add(count, 1) < LIMIT ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
