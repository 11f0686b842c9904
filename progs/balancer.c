/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Spreads the flows to a service over backends by consistent hashing: each backend draws a number
 * for the flow, and the highest wins. So only the flows of a backend that comes or goes move.
 */
#include "checksum.h"
#include "parse.h"

#define BACKENDS 16
#define SERVICES 64

struct service {
	__be32 address;
	__be16 port;
	__u8 proto, zero;
};

struct backend {
	__be32 address; /* 0: none here */
	__u8 mac[ETH_ALEN], zero[2];
	__u32 reserved;
	__u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct service);
	__type(value, __u64); /* packets that found no backend */
	__uint(max_entries, SERVICES);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct backend);
	__uint(max_entries, BACKENDS);
} backends SEC(".maps");

/* The last steps of a hash: each bit of the result depends on each of the input. */
static __always_inline __u32 mix(__u32 h)
{
	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return h ^ h >> 16;
}

static __always_inline struct backend *choose(__u32 flow)
{
	struct backend *best = NULL, *backend;
	__u32 highest = 0, number;

	for (__u32 i = 0; i < BACKENDS; i++) {
		__u32 key = i;

		backend = bpf_map_lookup_elem(&backends, &key);
		if (!backend || !backend->address)
			continue;
		number = mix(flow ^ mix(backend->address));
		if (!best || number > highest) {
			best = backend;
			highest = number;
		}
	}
	return best;
}

/* Sends the packet on to a backend; `sum` is that of TCP or UDP, NULL if there is none. */
static __always_inline void rewrite(struct ethhdr *eth, struct iphdr *ip, __u16 *sum,
				    const struct backend *to)
{
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, to->mac, ETH_ALEN);
	checksum_replace4(&ip->check, ip->daddr, to->address);
	if (sum)
		checksum_replace4(sum, ip->daddr, to->address);
	ip->daddr = to->address;
}

/* Where the checksum of TCP or UDP is, the header being whole; NULL if it is not. */
static __always_inline __u16 *sum_of(struct cursor *c, int proto)
{
	struct udphdr *udp;
	struct tcphdr *tcp;

	if (proto == IPPROTO_TCP) {
		tcp = take(c, sizeof(*tcp));
		return tcp ? &tcp->check : NULL;
	}
	udp = take(c, sizeof(*udp));
	return udp ? &udp->check : NULL;
}

SEC("xdp")
int balancer(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	struct ethhdr *eth = c.at;
	struct service service = {};
	struct backend *backend;
	struct iphdr *ip;
	__u64 *lost;
	__be16 *port;
	__u16 *sum;
	int proto;

	if (parse_ethernet(&c) != ETH_P_IP)
		return XDP_PASS;
	proto = parse_ip4(&c, &ip);
	port = c.at;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return XDP_PASS;
	sum = sum_of(&c, proto);
	if (!sum)
		return XDP_PASS;
	service.address = ip->daddr;
	service.port = port[1];
	service.proto = proto;
	lost = bpf_map_lookup_elem(&services, &service);
	if (!lost)
		return XDP_PASS;
	backend = choose(mix(ip->saddr ^ mix(port[0] << 16 | proto)));
	if (!backend) {
		__sync_fetch_and_add(lost, 1);
		return XDP_DROP;
	}
	__sync_fetch_and_add(&backend->packets, 1);
	rewrite(eth, ip, proto == IPPROTO_UDP && !*sum ? NULL : sum, backend);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
