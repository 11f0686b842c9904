// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Guests for an interface at which echo requests arrive. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#ifndef HITS
#define HITS __u32
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, HITS);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100);
	__type(key, __u64);
	__type(value, __u64);
} other SEC(".maps");

enum { REPLY = 0, REQUEST = 8 };

/* Whether a packet is an ICMP message of this type in IPv4 without options. */
static int is_echo(__u32 at, __u32 end, unsigned char type)
{
	unsigned char *p = (void *)(long)at, *behind = (void *)(long)end;

	return p + 35 <= behind && p[12] == 8 && !p[13] && p[14] == 0x45 && p[23] == 1 &&
	       p[34] == type;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return is_echo(ctx->data, ctx->data_end, REQUEST) ? XDP_DROP : XDP_PASS;
}

/* Lets three requests pass, and notes the others. */
SEC("xdp")
int limit(struct xdp_md *ctx)
{
	__u32 key = 0;
	HITS *count = bpf_map_lookup_elem(&hits, &key);
	__u64 number;

	if (!count || !is_echo(ctx->data, ctx->data_end, REQUEST))
		return XDP_PASS;
	number = ++*count;
	if (number <= 3)
		return XDP_PASS;
	bpf_map_update_elem(&other, &number, &number, BPF_ANY);
	return XDP_DROP;
}

SEC("xdp")
int endless(struct xdp_md *ctx)
{
	for (;;)
		asm volatile("");
}

SEC("xdp")
int wild(struct xdp_md *ctx)
{
	return *(volatile int *)0x77;
}

SEC("tc")
int pass_tc(struct __sk_buff *ctx)
{
	return TC_ACT_OK;
}

SEC("tc")
int ingress(struct __sk_buff *ctx)
{
	return is_echo(ctx->data, ctx->data_end, REQUEST) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc")
int egress(struct __sk_buff *ctx)
{
	return is_echo(ctx->data, ctx->data_end, REPLY) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc")
int wild_tc(struct __sk_buff *ctx)
{
	return *(volatile int *)0x77;
}

SEC("nothing")
int plain(void *ctx)
{
	return 0;
}
