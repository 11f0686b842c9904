/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of all types that packets look up, update and delete in: what comes back, and what stays. */
#include "note.h"

#define ENTRIES 37

/* A map that fills up, with keys and values of several words. */
struct key {
	__u32 a, b;
};
struct value {
	__u64 count;
	__u32 last;
	__u8 bytes[12];
};

#define MAP(name, map_type, key_type, how)                                                         \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__type(key, key_type);                                                             \
		__type(value, struct value);                                                       \
		__uint(max_entries, ENTRIES);                                                      \
		__uint(map_flags, how);                                                            \
	} name SEC(".maps")

MAP(hash, BPF_MAP_TYPE_HASH, struct key, 0);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, struct key, 0);
MAP(loose_hash, BPF_MAP_TYPE_HASH, struct key, BPF_F_NO_PREALLOC);
MAP(array, BPF_MAP_TYPE_ARRAY, __u32, 0);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, 0);
MAP(trie, BPF_MAP_TYPE_LPM_TRIE, struct key, BPF_F_NO_PREALLOC);

/* What one packet does to a map: its bytes say which operation, with which key and flags. */
#define WORK(map, key, what, flags)                                                                \
	do {                                                                                       \
		struct value fresh = {.last = (what), .bytes = {1, 2, 3}};                         \
		struct value *found = bpf_map_lookup_elem(&map, &(key));                           \
                                                                                                   \
		note(0, found ? found->count : ~0ull);                                             \
		if ((what) % 4 == 0)                                                               \
			note(1, bpf_map_delete_elem(&map, &(key)));                                \
		else if ((what) % 4 == 1)                                                          \
			note(2, bpf_map_update_elem(&map, &(key), &fresh, flags));                 \
		else if (found) {                                                                  \
			__sync_fetch_and_add(&found->count, (what));                               \
			found->bytes[(what) & 7] ^= (what);                                       \
		} else                                                                             \
			note(3, bpf_map_update_elem(&map, &(key), &fresh, BPF_ANY));               \
	} while (0)

/* Numbers that differ from packet to packet: of the checksums of IPv4 and what follows. */
#define WHAT(ctx) (BYTE(ctx, 25) ^ BYTE(ctx, 44))
#define CHOICE(ctx) (BYTE(ctx, 24) ^ BYTE(ctx, 45))
#define FLAGS(ctx) (BYTE(ctx, 24) & 3)

#define HASH_PROGRAM(name)                                                                         \
	SEC("xdp") int name##_work(struct xdp_md *ctx)                                             \
	{                                                                                          \
		__u32 what = WHAT(ctx), choice = CHOICE(ctx);                                      \
		struct key key = {choice % 64, choice % 3};                                        \
                                                                                                   \
		WORK(name, key, what, FLAGS(ctx));                                                 \
		return XDP_PASS;                                                                   \
	}
#define ARRAY_PROGRAM(name)                                                                        \
	SEC("xdp") int name##_work(struct xdp_md *ctx)                                             \
	{                                                                                          \
		__u32 what = WHAT(ctx), key = CHOICE(ctx) % (ENTRIES + 3);                         \
                                                                                                   \
		WORK(name, key, what, FLAGS(ctx));                                                 \
		return XDP_PASS;                                                                   \
	}

HASH_PROGRAM(hash)
HASH_PROGRAM(percpu_hash)
HASH_PROGRAM(loose_hash)
ARRAY_PROGRAM(array)
ARRAY_PROGRAM(percpu_array)

/* Prefixes of few bits and of many, some too long, of addresses that have much in common. */
SEC("xdp") int trie_work(struct xdp_md *ctx)
{
	__u32 what = WHAT(ctx), choice = CHOICE(ctx);
	struct key key = {choice % 36, choice * 0x01010107 & 0x0f3f00ff};

	WORK(trie, key, what, FLAGS(ctx));
	return XDP_PASS;
}

struct walk {
	__u64 sum;
	__u32 most;
};

static long visit(void *map, const __u32 *key, struct value *value, struct walk *w)
{
	(void)map;
	w->sum += *key * 7 + value->last;
	value->count++;
	return --w->most == 0;
}

/* All entries of an array in order, or as many as the packet says. */
SEC("xdp") int each(struct xdp_md *ctx)
{
	struct walk w = {0, BYTE(ctx, 25)};

	note(4, bpf_for_each_map_elem(&array, visit, &w, 0));
	note(5, w.sum);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
