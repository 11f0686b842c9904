// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A guest that signs the packet, counts, and then does as user space says. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "live_hooks.h"

struct orders orders;

#define PLACE(ctx) ((unsigned char *)(long)(ctx)->data + SIGNATURES)
#define END(ctx) ((unsigned char *)(long)(ctx)->data_end)

static __always_inline int obey(unsigned char *place, unsigned char *end, int too_short)
{
	unsigned int n;

	if (place + 1 + SIGNERS > end)
		return too_short;
	n = *place;
	if (n < SIGNERS)
		place[1 + n] = orders.name;
	*place = n + 1;
	__sync_fetch_and_add(&orders.runs, 1);
	for (unsigned int i = 0; i < orders.turns; i++)
		asm volatile("" : "+r"(n));
	if (orders.trap)
		*(volatile int *)(long)orders.trap = 0;
	return orders.verdict;
}

SEC("xdp")
int xdp_guest(struct xdp_md *ctx)
{
	return obey(PLACE(ctx), END(ctx), XDP_ABORTED);
}

SEC("tc")
int tc_guest(struct __sk_buff *ctx)
{
	return obey(PLACE(ctx), END(ctx), TC_ACT_SHOT);
}

char LICENSE[] SEC("license") = "GPL";
