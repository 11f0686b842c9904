/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A token bucket for each source: so many packets at once, then one per interval; others are
 * dropped. Sources for which there is no room, and all that is not IP, pass.
 */
#include "parse.h"

#define SOURCES 4096
#define DEFAULT_INTERVAL 1000000 /* ns between two tokens */
#define DEFAULT_BURST 64	 /* tokens in a full bucket */

struct config {
	__u64 interval, burst; /* 0: the default */
};

struct bucket {
	struct bpf_spin_lock lock;
	__u32 tokens;
	__u64 filled; /* when the last token came, ns */
	__u64 passed, dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct config);
	__uint(max_entries, 1);
} configs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct in6_addr);
	__type(value, struct bucket);
	__uint(max_entries, SOURCES);
} buckets SEC(".maps");

static __always_inline struct bucket *find(const struct in6_addr *source, __u64 now, __u64 burst)
{
	struct bucket fresh = {.tokens = burst, .filled = now};
	struct bucket *bucket = bpf_map_lookup_elem(&buckets, source);

	if (bucket)
		return bucket;
	bpf_map_update_elem(&buckets, source, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&buckets, source);
}

/* Puts the tokens in that came since the last look, and takes one out. */
static __always_inline bool spend(struct bucket *bucket, __u64 now, __u64 interval, __u64 burst)
{
	__u64 came;
	bool pass;

	bpf_spin_lock(&bucket->lock);
	came = now > bucket->filled ? (now - bucket->filled) / interval : 0;
	if (bucket->tokens + came >= burst) {
		bucket->tokens = burst;
		bucket->filled = now;
	} else {
		bucket->tokens += came;
		bucket->filled += came * interval;
	}
	pass = bucket->tokens;
	if (pass) {
		bucket->tokens--;
		bucket->passed++;
	} else {
		bucket->dropped++;
	}
	bpf_spin_unlock(&bucket->lock);
	return pass;
}

SEC("xdp")
int limiter(struct xdp_md *ctx)
{
	struct cursor c = CURSOR(ctx);
	__u64 now = bpf_ktime_get_ns(), interval = DEFAULT_INTERVAL, burst = DEFAULT_BURST;
	struct config *config;
	struct bucket *bucket;
	struct flow flow;
	__u32 zero = 0;
	int proto = parse_flow(&c, &flow);

	if (proto != ETH_P_IP && proto != ETH_P_IPV6)
		return XDP_PASS;
	config = bpf_map_lookup_elem(&configs, &zero);
	if (config && config->interval && config->burst) {
		interval = config->interval;
		burst = config->burst;
	}
	bucket = find(&flow.source, now, burst);
	return !bucket || spend(bucket, now, interval, burst) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
