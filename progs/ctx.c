/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reverses the caller's memory (--ctx): its address is in r1, its length in r2. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("plain")
__u64 ctx(unsigned char *bytes, __u64 size)
{
	__u64 first = 0;

	for (__u64 i = 0; i < size / 2; i++) {
		unsigned char low = bytes[i];

		bytes[i] = bytes[size - 1 - i];
		bytes[size - 1 - i] = low;
	}
	for (__u64 i = 0; i < size && i < sizeof(first); i++)
		first = first << 8 | bytes[i];
	return first;
}
