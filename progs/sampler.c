/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hands every fourth packet to user space: its beginning by a ring buffer, or by perf events. */
#include "parse.h"

#define EVERY 4
#define SAMPLE 64 /* most bytes of a packet */

struct sample {
	__u32 number; /* of the packet */
	__u32 size;   /* of all of it */
	__u32 ifindex;
	__u32 bytes;  /* in data */
	__u8 data[SAMPLE];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

__u32 seen, lost; /* packets; samples that found no room */

/* Makes clang keep the type for `loader map read --type sample`. */
const struct sample *unused __attribute__((unused));

SEC("xdp")
int sampler(struct xdp_md *ctx)
{
	__u32 number = __sync_fetch_and_add(&seen, 1), size = ctx->data_end - ctx->data;
	struct sample *s;

	if (number % EVERY)
		return XDP_PASS;
	s = bpf_ringbuf_reserve(&samples, sizeof(*s), 0);
	if (!s) {
		__sync_fetch_and_add(&lost, 1);
		return XDP_PASS;
	}
	s->number = number;
	s->size = size;
	s->ifindex = ctx->ingress_ifindex;
	s->bytes = size < SAMPLE ? size : SAMPLE;
	__builtin_memset(s->data, 0, SAMPLE);
	if (size >= SAMPLE ? bpf_xdp_load_bytes(ctx, 0, s->data, SAMPLE) :
			     bpf_xdp_load_bytes(ctx, 0, s->data, ETH_HLEN)) {
		bpf_ringbuf_discard(s, 0);
		return XDP_ABORTED;
	}
	bpf_ringbuf_submit(s, 0);
	return XDP_PASS;
}

SEC("xdp")
int perf(struct xdp_md *ctx)
{
	__u64 size = ctx->data_end - ctx->data, bytes = size < SAMPLE ? size : SAMPLE;
	__u32 number = __sync_fetch_and_add(&seen, 1);
	struct sample s = {.number = number, .size = size, .ifindex = ctx->ingress_ifindex};

	if (number % EVERY)
		return XDP_PASS;
	/* The kernel itself puts the packet's bytes behind ours. */
	s.bytes = bytes;
	if (bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU | bytes << 32, &s,
				  offsetof(struct sample, data)))
		__sync_fetch_and_add(&lost, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
