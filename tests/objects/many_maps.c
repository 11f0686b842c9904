/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_maps_elf: a program with 25 maps, and with -DMORE one with 26. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define MAP(n)                                                                                     \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__type(key, __u32);                                                                \
		__type(value, __u32);                                                              \
		__uint(max_entries, 1);                                                            \
	} map_##n SEC(".maps");
#define USE(n) found += bpf_map_lookup_elem(&map_##n, &key) != 0;

#define TWENTY_FIVE(X)                                                                             \
	X(a)                                                                                       \
	X(b) X(c) X(d) X(e) X(f) X(g) X(h) X(i) X(j) X(k) X(l) X(m) X(n) X(o) X(p) X(q) X(r) X(s)  \
		X(t) X(u) X(v) X(w) X(x) X(y)
#ifdef MORE
#define ALL(X) TWENTY_FIVE(X) X(z)
#else
#define ALL(X) TWENTY_FIVE(X)
#endif

ALL(MAP)

SEC("xdp") int all(struct xdp_md *ctx)
{
	__u32 key = 0, found = 0;

	ALL(USE)
	return found;
}
