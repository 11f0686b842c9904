/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Registers only: a xorshift generator, about a million instructions, no access to memory. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TURNS 83300 /* of 12 instructions: 999,600, just below what the kernel's verifier walks */

SEC("xdp")
__u64 alu(void)
{
	__u64 x = 0x9e3779b97f4a7c15;

	for (int i = 0; i < TURNS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

char _license[] SEC("license") = "Dual BSD/GPL";
