// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A guest that counts echo requests in maps and variables of many types, for cli_map.bats. */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

static long (*kv_store)(__u64 key, __u64 value) = (void *)240;
static long (*kv_fetch)(__u64 key, __u64 *value) = (void *)241;
static long (*kv_store_global)(__u64 key, __u64 value) = (void *)242;
static long (*kv_fetch_global)(__u64 key, __u64 *value) = (void *)243;

enum state { NEW, KNOWN, TRUSTED = 7 };

struct host {
	enum state state;
	char name[12];
	__s16 level;
	__u8 mac[6];
	__u64 requests;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct in_addr);
	__type(value, struct host);
	__uint(max_entries, 4);
} hosts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, __u16);
	__type(value, __u64);
	__uint(max_entries, 4);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(key_size, 3);
	__uint(value_size, 5);
	__uint(max_entries, 16);
} bytes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, char[70000]);
	__uint(max_entries, 1);
} large SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 4);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1024);
} processors SEC(".maps");

__u32 requests;
__u8 refuse;
struct host last = {.state = TRUSTED, .name = "nobody"};
const volatile __u32 limit = 1000;

static __always_inline void note_stores(void)
{
	__u64 number = 0;

	kv_fetch(1, &number);
	kv_store(1, number + 1);
	number = 0;
	kv_fetch_global(2, &number);
	kv_store_global(2, number + 1);
}

static __always_inline void note_host(__be32 from, __u16 size)
{
	struct in_addr key = {.s_addr = from};
	struct host *host = bpf_map_lookup_elem(&hosts, &key);
	__u64 one = 1, *count = bpf_map_lookup_elem(&sizes, &size);

	if (host) {
		__sync_fetch_and_add(&host->requests, 1);
		last = *host;
	}
	if (count)
		++*count;
	else
		bpf_map_update_elem(&sizes, &size, &one, BPF_NOEXIST);
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	unsigned char *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 key[3] = {}, *five = bpf_map_lookup_elem(&bytes, key);
	__u32 zero = 0;

	if (p + 35 > end || p[12] != 8 || p[13] || p[14] != 0x45 || p[23] != IPPROTO_ICMP ||
	    p[34] != 8)
		return XDP_PASS;
	note_host(*(__be32 *)(p + 26), end - p);
	note_stores();
	if (five)
		five[4]++;
	if (bpf_map_lookup_elem(&large, &zero) && __sync_fetch_and_add(&requests, 1) >= limit)
		return XDP_DROP;
	return refuse ? XDP_DROP : XDP_PASS;
}

/* What is not of Ethernet's usual kinds goes elsewhere. */
SEC("xdp")
int send(struct xdp_md *ctx)
{
	unsigned char *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (p + 14 > end || p[12] == 8)
		return XDP_PASS;
	return p[13] & 1 ? bpf_redirect_map(&devices, p[13], XDP_PASS)
			 : bpf_redirect_map(&processors, p[13], XDP_PASS);
}
