/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Nothing at all: what it costs to enter a machine and to leave it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int empty(void)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
