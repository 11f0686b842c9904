/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_maps_elf: programs with maps of every type that guests can have. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct value {
	struct bpf_spin_lock lock;
	__u32 count;
	__u64 bytes[3];
};

typedef __u32 number;
typedef const volatile number key_type;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, key_type);
	__type(value, struct value);
	__uint(max_entries, 1000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, 1);
	__uint(numa_node, 0);
} hash SEC(".maps");

static struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 12);
	__uint(max_entries, 7);
} array SEC(".maps");

/* Both ways to say a size, which agree; and max_entries as libbpf 1.5 can say it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u64);
	__uint(key_size, 8);
	__type(value, __u8);
	enum { lru_entries = 99 } max_entries;
} lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, 20);
	__type(value, __u32);
	__uint(max_entries, 10);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__type(key, int);
	__type(value, struct bpf_devmap_val);
	__uint(max_entries, 4);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} unused SEC(".maps");

SEC("xdp") int all_maps(struct xdp_md *ctx)
{
	key_type key = 1;
	__u8 address[20] = {};
	void *v = bpf_map_lookup_elem(&hash, (void *)&key);

	bpf_ringbuf_output(&ring, address, sizeof(address), 0);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, address, sizeof(address));
	if (!v)
		v = bpf_map_lookup_elem(&trie, address);
	if (!v)
		v = bpf_map_lookup_elem(&array, (void *)&key);
	if (!v)
		v = bpf_map_lookup_elem(&lru, address);
	return v ? XDP_PASS : (int)bpf_redirect_map(&ports, 1, 0);
}

/* One of two maps by a pointer in memory. */
static void *const chosen[] = {&array, &hash};

SEC("xdp") int by_pointer(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;

	return bpf_map_lookup_elem(chosen[key & 1], &key) != 0;
}

SEC("xdp") int prints(struct xdp_md *ctx)
{
	static const char *const names[] = {"first", "second"};

	bpf_printk("%s of %d", names[ctx->rx_queue_index & 1], ctx->ingress_ifindex);
	return XDP_PASS;
}

static long each(__u32 index, void *sum)
{
	*(__u64 *)sum += index;
	return 0;
}

SEC("tc") int loops(struct __sk_buff *skb)
{
	__u64 sum = 0;

	bpf_loop(skb->len, each, &sum, 0);
	return sum;
}

char _license[] SEC("license") = "GPL";
