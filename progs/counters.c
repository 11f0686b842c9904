/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts packets and bytes by IP protocol, in a map of all CPUs and in one for each CPU. */
#include "parse.h"

#define PROTOCOLS 256
#define NOT_IP 255 /* a reserved protocol */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, PROTOCOLS);
} packets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, PROTOCOLS);
} bytes SEC(".maps");

__u64 total; /* of all packets */

static __always_inline __u32 protocol(struct cursor *c)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	int l4 = NOT_IP;

	switch (parse_ethernet(c)) {
	case ETH_P_IP:
		l4 = parse_ip4(c, &ip);
		break;
	case ETH_P_IPV6:
		l4 = parse_ip6(c, &ip6);
		break;
	}
	return l4 == BROKEN ? NOT_IP : l4;
}

SEC("xdp")
int counters(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	__u64 size = c.end - c.at, *value;
	__u32 key = protocol(&c);

	value = bpf_map_lookup_elem(&packets, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
	value = bpf_map_lookup_elem(&bytes, &key);
	if (value)
		*value += size;
	__sync_fetch_and_add(&total, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
