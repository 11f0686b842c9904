/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that try to leave their code: by garbage pointers, by jumps, by an unknown helper. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef int (*function)(void);

static __always_inline int call(__u64 address)
{
	function f = (function)address;

	barrier_var(f);
	return f() + 1; /* a call, not a jump */
}

SEC("xdp")
int call_garbage(void)
{
	return call(0xdeadbeefcafe);
}

SEC("xdp")
int call_stack(void)
{
	__u64 code = 0x95; /* exit: but the stack holds data, whatever its bytes are */

	barrier_var(code);
	return call((__u64)&code);
}

SEC("xdp")
int call_null(void)
{
	return call(0);
}

SEC("xdp")
int call_helper(void)
{
	return ((function)123456)() + 1; /* the number goes into the call instruction */
}

SEC("xdp")
int jump_out(void)
{
	asm volatile("goto +30000");
	return 0;
}

SEC("xdp")
int jump_back(void)
{
	asm volatile("if r10 != 0 goto -30000");
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
