/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that reach for memory which is not theirs; each one ends in a trap that says where. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* r10, the top of the frame's 512 bytes, in a way that hides from the compiler what is outside. */
#define TOP                                                                                        \
	({                                                                                         \
		__u64 top;                                                                         \
		asm volatile("%0 = r10" : "=r"(top));                                              \
		top;                                                                               \
	})
#define AT(type, address) (*(volatile type *)(address))
#define LOAD(name, type, address)                                                                  \
	SEC("xdp")                                                                                 \
	int name(void)                                                                             \
	{                                                                                          \
		return AT(type, address);                                                          \
	}
#define STORE(name, type, address)                                                                 \
	SEC("xdp")                                                                                 \
	int name(void)                                                                             \
	{                                                                                          \
		AT(type, address) = 1;                                                             \
		return 0;                                                                          \
	}

LOAD(load_below, __u64, TOP - 513)  /* the first byte is outside */
LOAD(load_above, __u64, TOP - 7)    /* the last byte is outside */
STORE(store_below, __u8, TOP - 513)
STORE(store_above, __u8, TOP)
LOAD(load_null, __u32, 0ull)
STORE(store_null, __u64, 8ull)
LOAD(load_wrap, __u64, ~0ull - 3)   /* its end is at the beginning of the address space */
STORE(store_high, __u64, (TOP - 8) | 1ull << 32) /* an address of the stack, but for bit 32 */

static const volatile __u64 constant = 1;

SEC("xdp")
int store_rodata(void)
{
	AT(__u64, &constant) = 2;
	return 0;
}

SEC("xdp")
int atomic_odd(void)
{
	return __sync_fetch_and_add((__u64 *)(TOP - 12), 1);
}

char _license[] SEC("license") = "Dual BSD/GPL";
