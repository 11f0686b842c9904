/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers of XDP guests. */
#ifndef BPFVM_HELPERS_XDP_H
#define BPFVM_HELPERS_XDP_H

#include "context.h"
#include "copies.h"

/* A packet into a DEVMAP or CPUMAP; the low bits of the flags are the verdict where it leads
 * nowhere. */
static __always_inline long redirect_map(struct bpfvm_machine *m, u8 *memory)
{
	struct vm_call *call = &m->call;
	u32 index = V(1), type = MAP_FIELD(call->map, type), to;
	u64 flags = V(2);

	if (flags & ~3ull)
		return XDP_ABORTED;
	if (type == BPF_MAP_TYPE_CPUMAP)
		return map_index(call->map, type, index) ?
			       bpf_redirect_map(&bpfvm_cpus, index, flags & 3) : (long)flags;
	to = map_device(m, memory, call->map, index);
	return to ? bpf_redirect(to, 0) : (long)flags;
}

static __always_inline long xdp_body(struct xdp_md *ctx, struct bpfvm_machine *m, u8 *memory,
				     u32 number, u32 *stop)
{
	struct vm_call *call = &m->call;

	switch (number) {
	case BPF_FUNC_redirect:
		return bpf_redirect(V(0), V(1));
	case BPF_FUNC_ktime_get_coarse_ns:
		return bpf_ktime_get_coarse_ns();
	case BPF_FUNC_csum_diff:
		return csum_diff(call, memory);
	case BPF_FUNC_fib_lookup:
		return call->size[1] == sizeof(struct bpf_fib_lookup) ?
			       bpf_fib_lookup(ctx, (void *)P(1), sizeof(struct bpf_fib_lookup),
					      V(3)) : -EINVAL;
	case BPF_FUNC_xdp_adjust_head:
		return bpf_xdp_adjust_head(ctx, (int)V(1));
	case BPF_FUNC_xdp_adjust_tail:
		return bpf_xdp_adjust_tail(ctx, (int)V(1));
	case BPF_FUNC_xdp_adjust_meta:
		return bpf_xdp_adjust_meta(ctx, (int)V(1));
	case BPF_FUNC_xdp_get_buff_len:
		return bpf_xdp_get_buff_len(ctx);
	case BPF_FUNC_xdp_load_bytes:
		return bpf_xdp_load_bytes(ctx, (u32)V(1), P(2), SIZE(2));
	case BPF_FUNC_xdp_store_bytes:
		return bpf_xdp_store_bytes(ctx, (u32)V(1), P(2), SIZE(2));
	}
	*stop = VM_TRAP_HELPER;
	return 0;
}

/* Whether the packet may lie elsewhere, or have another length, after a helper. */
static __always_inline _Bool xdp_moves(u32 number)
{
	return number == BPF_FUNC_xdp_adjust_head || number == BPF_FUNC_xdp_adjust_tail ||
	       number == BPF_FUNC_xdp_adjust_meta;
}

COPIES(xdp, xdp_md, bpf_xdp_load_bytes, bpf_xdp_store_bytes)

/*
 * Serves helper `number` for an XDP guest, its arguments being checked. Returns VM_STOP_NONE, a
 * trap, or VM_TRAP_HELPER: perhaps another kind of guest has it, too.
 */
__noinline u32 bpfvm_helper_xdp(struct xdp_md *ctx, u32 index, u32 number)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u32 stop = VM_STOP_NONE;
	u8 *memory = memory_map();
	long r0;

	if (!m || !memory)
		return VM_TRAP_EMPTY;
	r0 = xdp_body(ctx, m, memory, number, &stop);
	if (!stop)
		m->st.reg[0] = r0;
	if (xdp_moves(number))
		fill_xdp(ctx, m, memory);
	return stop;
}

/* The same for helpers that send something by way of a map: apart, for the sake of BPF's stack. */
__noinline u32 bpfvm_send_xdp(struct xdp_md *ctx, u32 index, u32 number)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u8 *memory = memory_map();

	if (!m || !memory)
		return VM_TRAP_EMPTY;
	if (number == BPF_FUNC_perf_event_output)
		return xdp_perf_output(ctx, index);
	if (number != BPF_FUNC_redirect_map)
		return VM_TRAP_HELPER;
	m->st.reg[0] = redirect_map(m, memory);
	return VM_STOP_NONE;
}

#endif
