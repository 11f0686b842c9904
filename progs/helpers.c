/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls helpers of the kernel by their numbers: a clock, and a number read from text. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int clock(void)
{
	__u64 before = bpf_ktime_get_ns(), after = bpf_ktime_get_ns();

	return before && after >= before;
}

SEC("xdp")
__u64 number(void)
{
	char text[8] = "-1234 x";
	long value = 0, used = bpf_strtol(text, sizeof(text), 10, &value);

	return used == 5 ? -value : 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
