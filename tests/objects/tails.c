/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_maps_elf: programs that follow each other, and some that cannot. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

int second(struct xdp_md *ctx);
int filter(struct __sk_buff *skb);

static __attribute__((noinline)) int not_a_program(struct xdp_md *ctx)
{
	asm volatile("");
	return ctx->rx_queue_index;
}

#define PROG_ARRAY(...)                                                                            \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY);                                             \
		__uint(max_entries, 4);                                                            \
		__uint(key_size, sizeof(__u32));                                                   \
		__array(values, int(struct xdp_md *));                                             \
	} __VA_ARGS__

PROG_ARRAY(jumps) SEC(".maps") = {.values = {[1] = &second, [3] = &second}};

#ifdef BAD
PROG_ARRAY(bad) SEC(".maps") = {.values = {[BAD_INDEX] = (void *)&BAD}};

SEC("xdp") int use_bad(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &bad, 0);
	return not_a_program(ctx);
}
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} seen SEC(".maps");

__u64 total;

SEC("xdp") int first(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	return XDP_ABORTED;
}

SEC("xdp") int second(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u32 *value = bpf_map_lookup_elem(&seen, &key);

	if (value)
		*value += not_a_program(ctx), total++;
	bpf_tail_call(ctx, &jumps, 2);
	return XDP_PASS;
}

SEC("xdp/third") int third(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("tc") int filter(struct __sk_buff *skb)
{
	return 0;
}
