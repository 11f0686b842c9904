// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * More guests that one would not want, beside those of progs/bad_live.c: each goes against a rule
 * of locks, rings, loops, calls or memory.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define HIDDEN(number)                                                                             \
	({                                                                                         \
		__u64 hidden = number;                                                             \
		barrier_var(hidden);                                                               \
		hidden;                                                                            \
	})
#define FOREVER() for (;;) asm volatile("")

struct locked {
	struct bpf_spin_lock lock;
	__u32 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct locked);
	__uint(max_entries, 2);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 64);
} hash SEC(".maps");

const volatile __u32 constant = 7;

static __always_inline struct locked *entry(__u32 key)
{
	return bpf_map_lookup_elem(&array, &key);
}

static long nothing(__u32 i, void *context)
{
	return 0;
}

static long deeper(__u32 i, void *context)
{
	return bpf_loop(2, deeper, context, 0) < 0;
}

/* Takes the element away under the walk, and puts another one there. */
static long replace(void *map, __u32 *key, __u32 *value, void *context)
{
	__u32 other = *key + 1000;

	bpf_map_delete_elem(map, key);
	bpf_map_update_elem(map, &other, value, BPF_ANY);
	return 0;
}

SEC("xdp")
int eight_million(void)
{
	bpf_loop(1 << 23, nothing, 0, 0);
	return XDP_PASS;
}

SEC("xdp")
int loops_in_loops(void)
{
	bpf_loop(2, deeper, 0, 0);
	return XDP_PASS;
}

SEC("xdp")
int walk_and_replace(void)
{
	for (__u32 i = 0; i < 32; i++)
		bpf_map_update_elem(&hash, &i, &i, BPF_ANY);
	for (;;)
		bpf_for_each_map_elem(&hash, replace, 0, 0);
}

SEC("xdp")
int lock_twice(void)
{
	struct locked *a = entry(0), *b = entry(1);

	bpf_spin_lock(&a->lock);
	bpf_spin_lock(&b->lock);
	return XDP_PASS;
}

/* The same on the stack, at its lowest byte: that of the first machine is where memory begins. */
SEC("xdp")
int lock_bottom_twice(void)
{
	struct bpf_spin_lock *bottom;

	asm volatile("%0 = r10; %0 += -512" : "=r"(bottom));
	bpf_spin_lock(bottom);
	bpf_spin_lock(bottom);
	return XDP_PASS;
}

SEC("xdp")
int unlock_other(void)
{
	struct locked *a = entry(0), *b = entry(1);

	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&b->lock);
	return XDP_PASS;
}

/* Takes the lock, writes over it, and does not end. */
SEC("xdp")
int lock_and_stay(void)
{
	struct locked *a = entry(0);

	bpf_spin_lock(&a->lock);
	*(volatile __u32 *)&a->lock = 12345;
	FOREVER();
}

/* Leaves a lock that nobody has, by hand: the next run waits for it, in vain. */
SEC("xdp")
int forge_lock(void)
{
	struct locked *a = entry(0);

	*(volatile __u32 *)&a->lock = 1;
	bpf_spin_lock(&a->lock);
	return XDP_PASS;
}

/* More samples than a guest may have, and never one that is submitted. */
SEC("xdp")
int hoard(void)
{
	for (int i = 0; i < 100; i++)
		bpf_ringbuf_reserve(&ring, 8, 0);
	return XDP_PASS;
}

/* A new sample; that of a former run once the ring is full, since nobody reads it. */
static __always_inline __u64 newest(_Bool *own)
{
	static __u64 last;
	__u64 sample = (__u64)bpf_ringbuf_reserve(&ring, 8, 0);

	*own = sample;
	if (sample)
		last = sample;
	return last;
}

SEC("xdp")
int submit_twice(void)
{
	_Bool own;
	__u64 sample = newest(&own);

	if (own)
		bpf_ringbuf_submit((void *)HIDDEN(sample), 0);
	bpf_ringbuf_submit((void *)HIDDEN(sample), 0);
	return XDP_PASS;
}

/* Leaves the bounds of its sample, and then of the ring. */
SEC("xdp")
int beside_sample(void)
{
	_Bool own;
	__u8 *sample = (__u8 *)newest(&own);

	for (__u64 i = 0;; i += 64)
		((volatile __u8 *)sample)[i] = 0xff;
}

SEC("xdp")
int write_constant(void)
{
	*(volatile __u32 *)&constant = 8;
	return XDP_PASS;
}

static int (*volatile wild_function)(void) = (void *)0xff00fff8;

SEC("xdp")
int call_wild(void)
{
	return wild_function();
}

__attribute__((noinline)) int recurse(int n)
{
	volatile int here = n;

	return here ? recurse(here + 1) + here : XDP_PASS;
}

SEC("xdp")
int endless_recursion(void)
{
	return recurse(HIDDEN(1));
}

/* Asks for more than there is, and the packet stays as it is. */
SEC("xdp")
int huge_adjust(struct xdp_md *ctx)
{
	for (int i = 1; i; i++) {
		bpf_xdp_adjust_head(ctx, i * 77);
		bpf_xdp_adjust_tail(ctx, -i * 99);
		bpf_xdp_adjust_meta(ctx, i);
	}
	return XDP_PASS;
}

/* Pushes both ends about as far as they go; the packet is never again where it was. */
SEC("xdp")
int restless_adjust(struct xdp_md *ctx)
{
	bpf_xdp_adjust_head(ctx, 2);
	for (int i = 1; i; i++) {
		bpf_xdp_adjust_tail(ctx, i % 600 - 300);
		bpf_xdp_adjust_head(ctx, i % 64 * 4 - 128);
		bpf_xdp_adjust_meta(ctx, -4);
	}
	return XDP_PASS;
}

SEC("tc")
int tc_far_store(struct __sk_buff *skb)
{
	for (__u32 i = 0;; i += 0x10001)
		bpf_skb_store_bytes(skb, i + (1 << 20), &i, sizeof(i), 0);
}

SEC("tc")
int tc_bad_span(struct __sk_buff *skb)
{
	__u32 here;

	return bpf_skb_load_bytes(skb, 0, &here, HIDDEN(4096));
}

char LICENSE[] SEC("license") = "GPL";
