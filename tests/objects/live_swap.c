// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two guests with the same code but for its constants. Each computes a number from constants in its
 * code and in its memory, and knows what it has to be: a run of which a part was the other guest's
 * is found by its verdict.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

const volatile __u64 seed_a = 0xa5a5a5a5a5a5a5a5, seed_b = 0x3c3c3c3c3c3c3c3c;
__u64 data_a = 0x123456789, data_b = 0x987654321;

#define TURNS 24

/* `hide` keeps clang from computing it: then each turn is an instruction with its own constant. */
static __always_inline __u64 digest(__u64 seed, __u64 data, __u32 salt, int hide)
{
	__u64 h = seed;

#pragma unroll
	for (__u32 i = 0; i < TURNS; i++) {
		h = h * 31 + (salt ^ i * 0x9e3779b9 >> 1);
		if (hide)
			asm volatile("" : "+r"(h));
	}
	return h ^ data;
}

static __always_inline int judge(__u64 seed, __u64 data, __u64 expect, __u32 salt, int verdict)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&hits, &key);

	if (!count)
		return XDP_TX;
	__sync_fetch_and_add(count, 1);
	return digest(seed, data, salt, 1) == expect ? verdict : XDP_TX;
}

#define SALT_A 0x11111111
#define SALT_B 0x55555555

SEC("xdp")
int guest_a(struct xdp_md *ctx)
{
	__u64 expect = digest(0xa5a5a5a5a5a5a5a5, 0x123456789, SALT_A, 0);

	return judge(seed_a, *(volatile __u64 *)&data_a, expect, SALT_A, XDP_DROP);
}

SEC("xdp")
int guest_b(struct xdp_md *ctx)
{
	__u64 expect = digest(0x3c3c3c3c3c3c3c3c, 0x987654321, SALT_B, 0);

	return judge(seed_b, *(volatile __u64 *)&data_b, expect, SALT_B, XDP_PASS);
}

char LICENSE[] SEC("license") = "GPL";
