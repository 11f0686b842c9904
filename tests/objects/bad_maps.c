/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_maps_elf: maps that guests cannot have, each used by a program of the same name. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define MAP(name, ...)                                                                             \
	struct {                                                                                   \
		__VA_ARGS__                                                                        \
	} map_##name SEC(".maps");                                                                 \
	SEC("xdp") int name(struct xdp_md *ctx)                                                    \
	{                                                                                          \
		return bpf_map_lookup_elem(&map_##name, ctx) != 0;                                 \
	}
#define TYPE(t) __uint(type, BPF_MAP_TYPE_##t);
#define SIZES(k, v, n)                                                                             \
	__uint(key_size, k);                                                                       \
	__uint(value_size, v);                                                                     \
	__uint(max_entries, n);

struct timed {
	__u32 a;
	union {
		struct {
			struct bpf_timer timer;
		} inner[2];
	} b;
};

struct pointing {
	struct task_struct __attribute__((btf_type_tag("kptr"))) *task;
};

MAP(long_key, TYPE(HASH) SIZES(65, 8, 1))
MAP(long_value, TYPE(LRU_HASH) SIZES(4, 4097, 1))
MAP(no_value, TYPE(PERCPU_HASH) SIZES(4, 0, 1))
MAP(no_entries, TYPE(HASH) SIZES(4, 4, 0))
MAP(many_entries, TYPE(HASH) SIZES(4, 1, 0x200001))
MAP(four_billion, TYPE(ARRAY) SIZES(4, 0x1000000, 0xffffffff))
MAP(four_billion_programs, TYPE(PROG_ARRAY) SIZES(4, 4, 0xffffffff))
MAP(large_ring, TYPE(RINGBUF) __uint(max_entries, 0x1000001);)
MAP(ring_key, TYPE(RINGBUF) SIZES(4, 0, 4096))
MAP(array_key, TYPE(ARRAY) SIZES(8, 8, 1))
MAP(trie_key, TYPE(LPM_TRIE) SIZES(4, 8, 1))
MAP(stack_trace, TYPE(STACK_TRACE) SIZES(4, 8, 1))
MAP(xskmap, TYPE(XSKMAP) SIZES(4, 4, 1))
MAP(array_of_maps, TYPE(ARRAY_OF_MAPS) SIZES(4, 4, 1))
MAP(hash_of_maps, TYPE(HASH_OF_MAPS) SIZES(4, 4, 1))
MAP(bloom, TYPE(BLOOM_FILTER) SIZES(0, 4, 1))
MAP(no_such_type, __uint(type, 12345); SIZES(4, 4, 1))
MAP(no_type, SIZES(4, 4, 1))
MAP(timed, TYPE(HASH) __type(key, __u32); __type(value, struct timed); __uint(max_entries, 1);)
MAP(pointing, TYPE(HASH) __type(key, __u32); __type(value, struct pointing);
    __uint(max_entries, 1);)
MAP(two_sizes, TYPE(HASH) SIZES(4, 4, 1) __type(key, __u64);)
MAP(unknown_field, TYPE(HASH) SIZES(4, 4, 1) __uint(color, 1);)
MAP(no_number, TYPE(HASH) SIZES(4, 4, 1) int *map_flags;)
MAP(no_size, TYPE(HASH) SIZES(4, 4, 1) struct pointless *value;)

int map_no_struct SEC(".maps");

SEC("xdp") int no_struct(struct xdp_md *ctx)
{
	return bpf_map_lookup_elem(&map_no_struct, ctx) != 0;
}

MAP(inside, TYPE(HASH) SIZES(4, 4, 1))

SEC("xdp") int behind(struct xdp_md *ctx)
{
	void *map;

	asm("%0 = map_inside + 8 ll" : "=r"(map));
	return bpf_map_lookup_elem(map, ctx) != 0;
}
