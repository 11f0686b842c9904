/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CRC-32 (IEEE 802.3) of 64 bytes, bit by bit: shifts that depend on each other. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "message.h"

#define POLYNOMIAL 0xedb88320 /* reflected */

SEC("xdp")
int crc32(void)
{
	__u32 crc = ~0u;

	for (int i = 0; i < MESSAGE_BYTES; i++) {
		crc ^= (__u8)message[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (POLYNOMIAL & -(crc & 1));
	}
	return ~crc;
}

char _license[] SEC("license") = "Dual BSD/GPL";
