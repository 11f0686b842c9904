/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs without an end: the budget stops the loop, the number of frames the recursion. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int endless(void)
{
	for (;;)
		asm volatile("");
}

static __noinline int deeper(int n)
{
	if (n == ~0)
		return 0;
	n = deeper(n + 1);
	barrier_var(n); /* something to come back for, or it would be a loop */
	return n;
}

SEC("xdp")
int recursion(void)
{
	return deeper(0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
