/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions chosen through a table: each call is a callx, which the kernel's verifier refuses. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __u64 add(__u64 a, __u64 b)
{
	return a + b;
}

static __u64 subtract(__u64 a, __u64 b)
{
	return a - b;
}

static __u64 multiply(__u64 a, __u64 b)
{
	return a * b;
}

static __u64 (*const volatile operation[])(__u64, __u64) = { add, subtract, multiply };
static const volatile unsigned char program[] = { 0, 2, 1, 2, 0 };

SEC("xdp")
__u64 table(void)
{
	__u64 value = 7;

	for (unsigned int i = 0; i < sizeof(program); i++)
		value = operation[program[i]](value, i + 2);
	return value;
}

char _license[] SEC("license") = "Dual BSD/GPL";
