/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sieve of Eratosthenes on the stack, a bit for each number. R0: the sum of the primes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define WORDS 60 /* 480 bytes; of 64 bits, because the kernel's verifier keeps track of those */
#define LIMIT (64 * WORDS)

SEC("xdp")
int sieve(void)
{
	__u64 composite[WORDS] = { 0 };
	__u32 sum = 0;

	for (__u32 i = 2; i < LIMIT; i++) {
		if (composite[i / 64] >> i % 64 & 1)
			continue;
		sum += i;
		for (__u32 j = i * i; j < LIMIT; j += i)
			composite[j / 64] |= 1ull << j % 64;
	}
	return sum;
}

char _license[] SEC("license") = "Dual BSD/GPL";
