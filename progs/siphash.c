/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SipHash-2-4 of 64 bytes under the key 0 to 15: 64-bit rotations, as hash tables need them. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "message.h"

#define KEY0 0x0706050403020100
#define KEY1 0x0f0e0d0c0b0a0908
#define ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))

struct sip {
	__u64 a, b, c, d;
};

static __always_inline void rounds(struct sip *s, int n)
{
	while (n--) {
		s->a += s->b;
		s->c += s->d;
		s->b = ROTATE(s->b, 13) ^ s->a;
		s->d = ROTATE(s->d, 16) ^ s->c;
		s->a = ROTATE(s->a, 32) + s->d;
		s->c += s->b;
		s->b = ROTATE(s->b, 17) ^ s->c;
		s->d = ROTATE(s->d, 21) ^ s->a;
		s->c = ROTATE(s->c, 32);
	}
}

static __always_inline void word(struct sip *s, __u64 m)
{
	s->d ^= m;
	rounds(s, 2);
	s->a ^= m;
}

SEC("xdp")
__u64 siphash(void)
{
	struct sip s = { KEY0 ^ 0x736f6d6570736575, KEY1 ^ 0x646f72616e646f6d,
			 KEY0 ^ 0x6c7967656e657261, KEY1 ^ 0x7465646279746573 };

	for (int i = 0; i < MESSAGE_BYTES / 8; i++)
		word(&s, ((const volatile __u64 *)message)[i]);
	word(&s, (__u64)MESSAGE_BYTES << 56);
	s.c ^= 0xff;
	rounds(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}

char _license[] SEC("license") = "Dual BSD/GPL";
