/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Guests that one would not want on a live interface, each broken in its own way. The kernel would
 * refuse most of them; the machine runs them, and whoever else is there does not notice.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define FAR 0x123456789abull
#define ENTRIES 4

/* A number that the compiler does not know. */
#define HIDDEN(number)                                                                             \
	({                                                                                         \
		__u64 hidden = number;                                                             \
		barrier_var(hidden);                                                               \
		hidden;                                                                            \
	})

struct locked {
	struct bpf_spin_lock lock;
	__u32 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct locked);
	__uint(max_entries, ENTRIES);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

int cycle(struct xdp_md *ctx), spiral(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(max_entries, 2);
	__array(values, int(struct xdp_md *));
} programs SEC(".maps") = {.values = {cycle, spiral}};

SEC("xdp")
int endless(void)
{
	for (;;)
		asm volatile("");
}

/* Traps at once, for each packet. */
SEC("xdp")
int null(void)
{
	return *(volatile __u32 *)HIDDEN(0);
}

SEC("xdp")
int wild(void)
{
	*(volatile __u64 *)HIDDEN(FAR) = 1;
	return XDP_PASS;
}

/* One byte behind the packet. */
SEC("xdp")
int beyond(struct xdp_md *ctx)
{
	return *(volatile __u8 *)HIDDEN(ctx->data_end);
}

/* Overwrites all memory from the packet on, until something stops it. */
SEC("xdp")
int flood(struct xdp_md *ctx)
{
	for (__u64 at = ctx->data;; at++)
		*(volatile __u8 *)at = 0xff;
}

/* A key that is nowhere. */
SEC("xdp")
int bad_key(void)
{
	return !bpf_map_lookup_elem(&array, (void *)HIDDEN(FAR));
}

/* The value that is stored would begin on the stack and end above it. */
SEC("xdp")
int bad_value(void)
{
	__u32 key = 0;
	__u64 top;

	asm volatile("%0 = r10" : "=r"(top));
	return bpf_map_update_elem(&array, &key, (void *)(top - 4), BPF_ANY);
}

/* No map at all. */
SEC("xdp")
int bad_map(void)
{
	__u32 key = 0;

	return !bpf_map_lookup_elem((void *)HIDDEN(FAR), &key);
}

/* There is no such entry, and nobody asks. */
SEC("xdp")
int bad_index(void)
{
	__u32 key = HIDDEN(ENTRIES);
	struct locked *value = bpf_map_lookup_elem(&array, &key);

	return *(volatile __u32 *)&value->value;
}

/* An entry far behind the last one, from the address of the first. */
SEC("xdp")
int bad_offset(void)
{
	__u32 key = 0;
	struct locked *value = bpf_map_lookup_elem(&array, &key);

	((volatile struct locked *)value)[HIDDEN(1000)].value = 1;
	return XDP_PASS;
}

/* Calls itself until the kernel's limit, 33; then goes on as if nothing was. */
SEC("xdp")
int cycle(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, 0);
	return XDP_PASS;
}

/* The same, but goes on without an end. */
SEC("xdp")
int spiral(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, 1);
	for (;;)
		asm volatile("");
}

/* Keeps a lock that others may wait for. */
SEC("xdp")
int keep_lock(void)
{
	__u32 key = 0;
	struct locked *value = bpf_map_lookup_elem(&array, &key);

	if (value)
		bpf_spin_lock(&value->lock);
	return XDP_PASS;
}

/* Keeps room in a ring, so that nothing behind it can be read. */
SEC("xdp")
int keep_room(void)
{
	bpf_ringbuf_reserve(&ring, 64, 0);
	return XDP_PASS;
}

/* Returns what is no verdict. */
SEC("xdp")
int nonsense(void)
{
	return 12345;
}

SEC("tc")
int tc_endless(void)
{
	for (;;)
		asm volatile("");
}

SEC("tc")
int tc_null(void)
{
	return *(volatile __u32 *)HIDDEN(0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
