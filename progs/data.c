/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Variables of all sorts: constants in .rodata, values and a pointer in .data, zeros in .bss. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static const volatile __u32 factor[3] = { 100, 10, 1 };
__u32 digit[3] = { 4, 2, 7 };
__u32 *next = digit;
__u32 turns;
__u64 history[4];

SEC("xdp")
int data(void)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < 3; i++)
		sum += factor[i] * *next++;
	next = digit;
	history[turns++ % 4] = sum;
	return history[0] + history[1];
}

char _license[] SEC("license") = "Dual BSD/GPL";
