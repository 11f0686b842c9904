/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* 10,000 calls of a small function: what it costs to open a frame and to close it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CALLS 10000

static __noinline __u32 step(__u32 x)
{
	return x * 1664525 + 1013904223;
}

SEC("xdp")
int calls(void)
{
	__u32 x = 1;

	for (int i = 0; i < CALLS; i++)
		x = step(x);
	return x;
}

char _license[] SEC("license") = "Dual BSD/GPL";
