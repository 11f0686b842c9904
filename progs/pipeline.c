/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages that tail-call each other: link, network, transport, verdict. The verdict is to drop
 * telnet and what is broken; a stage that is missing lets the packet pass.
 */
#include "parse.h"

#define TELNET 23

enum stage { LINK, NETWORK4, NETWORK6, TRANSPORT, VERDICT, STAGES };

/* What a stage leaves to the next one on its CPU. */
struct work {
	__u32 offset; /* of what the next stage looks at */
	__u32 proto;
	__u32 port, zero;
	__u64 packets[STAGES];
	__u64 bytes; /* of packets that passed */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct work);
	__uint(max_entries, 1);
} works SEC(".maps");

int pipeline(struct xdp_md *ctx), network4(struct xdp_md *ctx), network6(struct xdp_md *ctx),
	transport(struct xdp_md *ctx), verdict(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(max_entries, STAGES);
	__array(values, int(struct xdp_md *));
} stages SEC(".maps") = {
	.values = {
		[LINK] = pipeline,
		[NETWORK4] = network4,
		[NETWORK6] = network6,
		[TRANSPORT] = transport,
		[VERDICT] = verdict,
	},
};

static __always_inline struct work *work(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&works, &zero);
}

/* Goes on with a stage; comes back if there is none. */
static __always_inline int next(struct xdp_md *ctx, struct work *w, __u32 stage)
{
	w->packets[stage]++;
	bpf_tail_call(ctx, &stages, stage);
	return XDP_PASS;
}

/* What is behind the headers that earlier stages looked at. */
static __always_inline struct cursor rest(struct xdp_md *ctx, const struct work *w)
{
	struct cursor c = CURSOR(ctx);

	c.at += w->offset & 0xfff;
	return c;
}

SEC("xdp")
int pipeline(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	void *begin = c.at;
	struct work *w = work();
	int proto = parse_ethernet(&c);

	if (!w || proto == BROKEN)
		return XDP_DROP;
	w->offset = c.at - begin;
	w->port = 0;
	if (proto == ETH_P_IP)
		return next(ctx, w, NETWORK4);
	if (proto == ETH_P_IPV6)
		return next(ctx, w, NETWORK6);
	return XDP_PASS;
}

/* What both of the network stages end with. */
static __always_inline int network(struct xdp_md *ctx, struct work *w, void *at, int proto)
{
	if (proto == BROKEN)
		return XDP_DROP;
	w->proto = proto;
	w->offset = at - (void *)(long)ctx->data;
	return next(ctx, w, proto == IPPROTO_TCP || proto == IPPROTO_UDP ? TRANSPORT : VERDICT);
}

SEC("xdp")
int network4(struct xdp_md *ctx)
{
	struct work *w = work();
	struct cursor c;
	struct iphdr *ip;
	int proto;

	if (!w)
		return XDP_ABORTED;
	c = rest(ctx, w);
	proto = parse_ip4(&c, &ip);
	return network(ctx, w, c.at, proto);
}

SEC("xdp")
int network6(struct xdp_md *ctx)
{
	struct work *w = work();
	struct ipv6hdr *ip;
	struct cursor c;
	int proto;

	if (!w)
		return XDP_ABORTED;
	c = rest(ctx, w);
	proto = parse_ip6(&c, &ip);
	return network(ctx, w, c.at, proto);
}

SEC("xdp")
int transport(struct xdp_md *ctx)
{
	struct work *w = work();
	struct cursor c;
	__be16 *ports;

	if (!w)
		return XDP_ABORTED;
	c = rest(ctx, w);
	ports = take(&c, 2 * sizeof(*ports));
	if (!ports)
		return XDP_DROP;
	w->port = bpf_ntohs(ports[1]);
	return next(ctx, w, VERDICT);
}

SEC("xdp")
int verdict(struct xdp_md *ctx)
{
	struct work *w = work();

	if (!w)
		return XDP_ABORTED;
	if (w->proto == IPPROTO_TCP && w->port == TELNET)
		return XDP_DROP;
	w->bytes += ctx->data_end - ctx->data;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
