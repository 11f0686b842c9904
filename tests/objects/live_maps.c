// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Guests that count each packet in maps of many kinds, all CPUs at once. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "live_maps.h"

struct tally tally;

#define MAP(name, map_type, entries, key_type, value_type)                                         \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

MAP(array, BPF_MAP_TYPE_ARRAY, ARRAY_KEYS, __u32, __u64);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, ARRAY_KEYS, __u32, __u64);
MAP(hash, BPF_MAP_TYPE_HASH, HASH_KEYS, __u32, __u64);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, HASH_KEYS, __u32, __u64);
MAP(churn, BPF_MAP_TYPE_HASH, CHURN_ROOM, __u32, __u64);
MAP(recent, BPF_MAP_TYPE_LRU_HASH, RECENT_ROOM, __u32, __u64);
MAP(pair, BPF_MAP_TYPE_ARRAY, 1, __u32, struct twins);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring SEC(".maps");

static long (*const kv_store)(__u64 key, __u64 value) = (void *)240;
static long (*const kv_fetch)(__u64 key, __u64 *value) = (void *)241;

#define ADD(counter, n) __sync_fetch_and_add(&(counter), n)

static __always_inline void count_array(__u32 random)
{
	__u32 key = random % ARRAY_KEYS;
	__u64 *value = bpf_map_lookup_elem(&array, &key);

	if (value)
		ADD(*value, 1);
	value = bpf_map_lookup_elem(&percpu_array, &key);
	if (value)
		++*value;
}

/* The value of a key that is made if it is not there; NULL: the map would not. */
static __always_inline __u64 *value_of(void *map, __u32 key)
{
	__u64 zero = 0, *value = bpf_map_lookup_elem(map, &key);

	if (value)
		return value;
	bpf_map_update_elem(map, &key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &key);
}

static __always_inline void count_hash(__u32 random)
{
	__u64 *value = value_of(&hash, random % HASH_KEYS);

	if (value)
		ADD(*value, 1);
	else
		ADD(tally.missed[0], 1);
	value = value_of(&percpu_hash, random % HASH_KEYS);
	if (value)
		++*value;
	else
		ADD(tally.missed[1], 1);
	value = value_of(&recent, random % RECENT_KEYS);
	if (value)
		ADD(*value, 1);
	else
		ADD(tally.missed[2], 1);
}

/* Keys come and go; nobody else adds or removes these. */
static __always_inline void come_and_go(__u32 random)
{
	__u32 key = random % CHURN_KEYS;
	__u64 value = key;

	if (random >> 16 & 1)
		ADD(tally.made, !bpf_map_update_elem(&churn, &key, &value, BPF_NOEXIST));
	else
		ADD(tally.removed, !bpf_map_delete_elem(&churn, &key));
}

static __always_inline void sample(__u32 random)
{
	struct sample s = {random, ~(__u64)random}, *room;
	long err = 0;

	if (random & 1) {
		err = bpf_ringbuf_output(&ring, &s, sizeof(s), 0);
	} else {
		room = bpf_ringbuf_reserve(&ring, sizeof(s), 0);
		if (room) {
			room->number = s.number;
			room->complement = s.complement;
			bpf_ringbuf_submit(room, 0);
		} else {
			err = -1;
		}
	}
	if (err)
		ADD(tally.dropped, 1);
}

/* 10/8 is always there; 10.1/16 and 10.1.2/24 come and go. */
static __always_inline void route(void)
{
	struct prefix to = {32, {10, 1, 2, 3}};
	__u32 *value = bpf_map_lookup_elem(&routes, &to);

	if (!value || (*value != 8 && *value != 16 && *value != 24))
		ADD(tally.wrong, 1);
	to.address[1] = 2;
	value = bpf_map_lookup_elem(&routes, &to);
	if (!value || *value != 8)
		ADD(tally.wrong, 1);
	to.address[0] = 11;
	if (bpf_map_lookup_elem(&routes, &to))
		ADD(tally.wrong, 1);
}

/* A key for each CPU, so that what was stored is what is there. */
static __always_inline void remember(__u32 random)
{
	__u64 key = bpf_get_smp_processor_id(), value = 0;

	if (kv_store(key, random) || kv_fetch(key, &value) || value != random)
		ADD(tally.wrong, 1);
}

static __always_inline void count_twins(void)
{
	__u32 key = 0;
	struct twins *t = bpf_map_lookup_elem(&pair, &key);

	if (!t)
		return;
	bpf_spin_lock((struct bpf_spin_lock *)&t->lock);
	if (t->a != t->b)
		ADD(tally.wrong, 1);
	t->a++;
	t->b++;
	bpf_spin_unlock((struct bpf_spin_lock *)&t->lock);
}

static __always_inline void count(void)
{
	__u32 random = bpf_get_prandom_u32();

	ADD(tally.runs, 1);
	count_array(random);
	count_hash(random);
	come_and_go(random);
	sample(random);
	route();
	remember(random);
	count_twins();
}

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	count();
	return XDP_DROP;
}

SEC("tc")
int tc_count(struct __sk_buff *ctx)
{
	count();
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
