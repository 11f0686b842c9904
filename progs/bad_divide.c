/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Division by zero is no trap: the quotient is 0, the remainder the dividend (RFC 9669, 4.1). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u64 zero64(void)
{
	__u64 zero = 0;

	barrier_var(zero); /* C leaves it undefined, so the compiler must not see it */
	return zero;
}

SEC("xdp")
__u64 divide(void)
{
	return 0x123456789 / zero64() + 1;
}

SEC("xdp")
__u64 divide32(void)
{
	return 0x12345678 / (__u32)zero64() + 1;
}

SEC("xdp")
__u64 modulo(void)
{
	return 0x123456789 % zero64();
}

SEC("xdp")
__u64 modulo32(void)
{
	return 0x12345678 % (__u32)zero64();
}

char _license[] SEC("license") = "Dual BSD/GPL";
