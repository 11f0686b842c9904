/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two programs in one object that share functions; --prog chooses, the first is the default. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int square(int x)
{
	return x * x;
}

static __noinline int sum_of_squares(int n)
{
	int sum = 0;

	for (int i = 1; i <= n; i++)
		sum += square(i);
	return sum;
}

SEC("xdp")
int first(void)
{
	return square(12);
}

SEC("xdp")
int second(void)
{
	return sum_of_squares(12);
}

char _license[] SEC("license") = "Dual BSD/GPL";
