/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bubble sort of 60 numbers on the stack: loads, stores and branches that nothing predicts. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define COUNT 60 /* 480 bytes; of 64 bits, because the kernel's verifier keeps track of those */

SEC("xdp")
__u64 bubble(void)
{
	__u64 v[COUNT], random = 1, sum = 0;

	for (int i = 0; i < COUNT; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		v[i] = random >> 33;
	}
	for (int end = COUNT - 1; end > 0; end--) {
		for (int i = 0; i < end; i++) {
			__u64 a = v[i], b = v[i + 1];

			if (a > b) {
				v[i] = b;
				v[i + 1] = a;
			}
		}
	}
	for (int i = 0; i < COUNT; i++)
		sum = sum * 31 + v[i]; /* depends on the order */
	return sum;
}

char _license[] SEC("license") = "Dual BSD/GPL";
