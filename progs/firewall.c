/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Drops packets from blocked prefixes and to blocked ports, but those of allowed flows. All that is
 * not IP passes, and so does what no rule is about.
 */
#include "parse.h"

#define RULES 1024

struct prefix4 {
	__u32 bits; /* that have to be the same */
	__be32 address;
};

struct prefix6 {
	__u32 bits;
	struct in6_addr address;
};

struct port {
	__be16 port;
	__u8 proto, zero;
};

enum reason { PASSED, ALLOWED, BAD_PACKET, BAD_PREFIX, BAD_PORT, REASONS };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow);
	__type(value, __u64); /* packets */
	__uint(max_entries, RULES);
} allowed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix4);
	__type(value, __u64);
	__uint(max_entries, RULES);
} blocked4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix6);
	__type(value, __u64);
	__uint(max_entries, RULES);
} blocked6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct port);
	__type(value, __u64);
	__uint(max_entries, RULES);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, REASONS);
} reasons SEC(".maps");

/* Counts a packet at a rule; false if there is none. */
static __always_inline bool hit(__u64 *packets)
{
	if (packets)
		__sync_fetch_and_add(packets, 1);
	return packets;
}

static __always_inline bool bad_source(const struct flow *flow, int proto)
{
	struct prefix4 p4 = {32, flow->source.s6_addr32[3]};
	struct prefix6 p6 = {128, flow->source};

	return proto == ETH_P_IP ? hit(bpf_map_lookup_elem(&blocked4, &p4)) :
				   hit(bpf_map_lookup_elem(&blocked6, &p6));
}

static __always_inline __u32 judge(struct cursor *c)
{
	struct port port = {};
	struct flow flow;
	int proto = parse_flow(c, &flow);

	if (proto == BROKEN)
		return BAD_PACKET;
	if (proto != ETH_P_IP && proto != ETH_P_IPV6)
		return PASSED;
	if (hit(bpf_map_lookup_elem(&allowed, &flow)))
		return ALLOWED;
	if (bad_source(&flow, proto))
		return BAD_PREFIX;
	port.port = flow.dport;
	port.proto = flow.proto;
	return hit(bpf_map_lookup_elem(&ports, &port)) ? BAD_PORT : PASSED;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	__u32 reason = judge(&c);
	__u64 *count = bpf_map_lookup_elem(&reasons, &reason);

	if (count)
		++*count;
	return reason <= ALLOWED ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
