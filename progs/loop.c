/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Adds up the bytes of a packet in a loop of bpf_loop(), writes the sum as text, and reads it back.
 */
#include "parse.h"

#define TEXT 32
#define HEX 16

struct sum {
	void *data, *end;
	__u64 sum;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, char[TEXT]);
	__uint(max_entries, 1);
} texts SEC(".maps");

static long add(__u32 i, struct sum *s)
{
	__u8 *byte = s->data + (i & 0xfff);

	if ((void *)(byte + 1) > s->end)
		return 1; /* leaves the loop */
	s->sum += *byte;
	return 0;
}

/* Drops a packet whose sum does not survive, aborts where a helper fails. */
SEC("xdp")
int loop(struct xdp_md *ctx)
{
	struct sum s = {(void *)(long)ctx->data, (void *)(long)ctx->data_end, 0};
	__u32 size = s.end - s.data, zero = 0;
	char *text = bpf_map_lookup_elem(&texts, &zero);
	long value = 0, n;

	if (!text || bpf_loop(size, add, &s, 0) != size)
		return XDP_ABORTED;
	n = BPF_SNPRINTF(text, TEXT, "%llx bytes=%u", s.sum, size);
	if (n < 1 || n > TEXT)
		return XDP_ABORTED;
	if (bpf_strtol(text, TEXT, HEX, &value) < 1)
		return XDP_ABORTED;
	if ((__u64)value != s.sum) {
		bpf_printk("%s is not %llx", text, s.sum);
		return XDP_DROP;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
