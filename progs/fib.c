/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The smallest guest with a loop: Fibonacci number 10, R0 = 55. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int fib(void)
{
	unsigned int n = 10, a = 0, b = 1, sum;

	barrier_var(n); /* or the compiler would do the arithmetic, and leave 55 */
	for (unsigned int i = 0; i < n; i++) {
		sum = a + b;
		a = b;
		b = sum;
	}
	return a;
}

char _license[] SEC("license") = "Dual BSD/GPL";
