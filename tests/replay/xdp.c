/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What XDP helpers do to packets of all kinds: each program is compared with the kernel's own run. */
#include "note.h"

/* The packet may not be in reach any more, or of another length. */
static __always_inline void after(struct xdp_md *ctx, long ret)
{
	note(0, ret);
	note(1, END(ctx) - DATA(ctx));
	note(2, BYTE(ctx, 0) << 8 | BYTE(ctx, 20));
	if (DATA(ctx) + 2 <= END(ctx))
		DATA(ctx)[1] ^= 0x55;
}

SEC("xdp") int head(struct xdp_md *ctx)
{
	after(ctx, bpf_xdp_adjust_head(ctx, (int)(BYTE(ctx, 11) & 63) - 48));
	after(ctx, bpf_xdp_adjust_head(ctx, (int)(BYTE(ctx, 17) & 31) - 8));
	return XDP_TX;
}

/* Too far in either direction. */
SEC("xdp") int head_far(struct xdp_md *ctx)
{
	after(ctx, bpf_xdp_adjust_head(ctx, -(int)BYTE(ctx, 19) * 2));
	after(ctx, bpf_xdp_adjust_head(ctx, BYTE(ctx, 18) * 4));
	return XDP_PASS;
}

SEC("xdp") int tail(struct xdp_md *ctx)
{
	after(ctx, bpf_xdp_adjust_tail(ctx, (signed char)BYTE(ctx, 18)));
	after(ctx, bpf_xdp_adjust_tail(ctx, -(int)(BYTE(ctx, 19) & 15)));
	return XDP_PASS;
}

SEC("xdp") int tail_far(struct xdp_md *ctx)
{
	after(ctx, bpf_xdp_adjust_tail(ctx, -(int)BYTE(ctx, 17) * 8));
	after(ctx, bpf_xdp_adjust_tail(ctx, BYTE(ctx, 19) * 32));
	return XDP_PASS;
}

/* Metadata in front of the packet, which is taken back: a test run tells it as part of the packet. */
SEC("xdp") int meta(struct xdp_md *ctx)
{
	__u32 *m, room = BYTE(ctx, 19) % 12 * 4;

	after(ctx, bpf_xdp_adjust_meta(ctx, -(int)room));
	m = (void *)(long)ctx->data_meta;
	note(3, ctx->data - ctx->data_meta);
	if ((void *)(m + 1) <= (void *)DATA(ctx)) {
		*m = room;
		note(4, *m);
	}
	after(ctx, bpf_xdp_adjust_meta(ctx, 0x1000));
	after(ctx, bpf_xdp_adjust_meta(ctx, 2));
	return XDP_PASS;
}

SEC("xdp") int bytes(struct xdp_md *ctx)
{
	__u8 copy[32] = {};
	__u32 from = BYTE(ctx, 19), size = BYTE(ctx, 18) & 31;

	note(3, bpf_xdp_get_buff_len(ctx));
	if (!size)
		return XDP_PASS;
	note(4, bpf_xdp_load_bytes(ctx, from, copy, size));
	note(5, copy[0] << 8 | copy[size - 1]);
	copy[0] = ~copy[0];
	note(6, bpf_xdp_store_bytes(ctx, from * 2, copy, size));
	after(ctx, 0);
	return XDP_PASS;
}

SEC("xdp") int sums(struct xdp_md *ctx)
{
	__be32 words[8] = {};

	if (bpf_xdp_load_bytes(ctx, 14, words, sizeof(words)))
		return XDP_ABORTED;
	/* As a checksum: kernels differ in how far they fold what is in between. */
#define FOLD(sum) ((__u16)(((sum) & 0xffff) + ((sum) >> 16 & 0xffff)))
	note(3, FOLD(bpf_csum_diff(NULL, 0, words, sizeof(words), 0)));
	note(4, FOLD(bpf_csum_diff(words, 16, NULL, 0, 0)));
	note(5, FOLD(bpf_csum_diff(words, 12, words + 4, 16, words[3])));
	note(6, bpf_csum_diff(words, 3, words, 4, 0));
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 4);
} devices SEC(".maps");

SEC("xdp") int redirects(struct xdp_md *ctx)
{
	__u32 key = BYTE(ctx, 19) & 7;

	if (BYTE(ctx, 18) & 1)
		return bpf_redirect(key, BYTE(ctx, 17));
	return bpf_redirect_map(&devices, key, BYTE(ctx, 17) & 3);
}

SEC("xdp") int fields(struct xdp_md *ctx)
{
	note(3, ctx->data_end - ctx->data);
	note(4, ctx->data - ctx->data_meta);
	note(5, ctx->ingress_ifindex);
	note(6, ctx->rx_queue_index);
	return XDP_PASS;
}

/* Legal writes at the very ends. */
SEC("xdp") int edges(struct xdp_md *ctx)
{
	unsigned char *data = DATA(ctx), *end = END(ctx);
	__u32 size = end - data;

	if (data + 14 > end)
		return XDP_ABORTED;
	*(__u64 *)data ^= size;
	*(__u16 *)(data + 12) = bpf_htons(*(__u16 *)(data + 12));
	size = size - 1 & 0x7ff;
	if (data + size + 1 > end)
		return XDP_ABORTED;
	data[size] ^= 0xff;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
