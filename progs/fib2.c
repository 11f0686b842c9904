/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fibonacci with a function of its own: each turn is a real call, with registers kept across it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline unsigned int next(unsigned int a, unsigned int b)
{
	return a + b;
}

SEC("xdp")
int fib2(void)
{
	unsigned int n = 10, a = 0, b = 1, sum;

	barrier_var(n); /* see fib.c */
	for (unsigned int i = 0; i < n; i++) {
		sum = next(a, b);
		a = b;
		b = sum;
	}
	return a;
}

char _license[] SEC("license") = "Dual BSD/GPL";
