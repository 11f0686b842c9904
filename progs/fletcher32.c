/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fletcher's checksum over 360 bytes: 16-bit loads and additions. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define BLOCK 359 /* as many words as can be added up without an overflow */

static const volatile __u16 text[180] =
	u"A guest is data to the machine that runs it: an array of instructions, changed by one "
	u"write. It may loop for ever and reach for anything, and still meets bounds and a budget.";

static __always_inline __u32 fold(__u32 sum)
{
	return (sum & 0xffff) + (sum >> 16);
}

SEC("xdp")
int fletcher32(void)
{
	__u32 words = sizeof(text) / sizeof(text[0]), low = 0xffff, high = 0xffff;
	const volatile __u16 *p = text;

	while (words) {
		__u32 block = words < BLOCK ? words : BLOCK;

		words -= block;
		while (block--) {
			low += *p++;
			high += low;
		}
		low = fold(low);
		high = fold(high);
	}
	return fold(high) << 16 | fold(low);
}

char _license[] SEC("license") = "Dual BSD/GPL";
