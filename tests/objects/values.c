/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_values: maps with such keys and values. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "values.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct in_addr);
	__type(value, struct all);
	__uint(max_entries, 4);
} typed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 3);
	__uint(value_size, 4);
	__uint(max_entries, 4);
} plain SEC(".maps");

struct prefix4 {
	__u32 bits;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix4);
	__type(value, __u32);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4);
} trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, 20);
	__type(value, char[6]);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4);
} trie6 SEC(".maps");

int second(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 4);
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = {.values = {[1] = second}};

volatile struct in_addr shown = {0x0100000a};
static volatile __u16 hidden[3] = {1, 2, 3};

SEC("xdp") int first(struct xdp_md *ctx)
{
	static volatile enum color own = BLUE;
	__u8 key[20] = {hidden[1], own, shown.s_addr};

	bpf_map_delete_elem(&typed, key);
	bpf_map_delete_elem(&plain, key);
	bpf_map_delete_elem(&trie4, key);
	bpf_map_delete_elem(&trie6, key);
	bpf_tail_call(ctx, &jumps, 1);
	return 0;
}

SEC("xdp") int second(struct xdp_md *ctx)
{
	return ctx->data != 0;
}
