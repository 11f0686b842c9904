/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers of tc guests. */
#ifndef BPFVM_HELPERS_TC_H
#define BPFVM_HELPERS_TC_H

#include "context.h"
#include "copies.h"

#define skb_store(ctx, at, p, size) bpf_skb_store_bytes(ctx, at, p, size, 0)
COPIES(tc, __sk_buff, bpf_skb_load_bytes, skb_store)

/* What touches the bytes or the length of the packet. */
static __always_inline long tc_packet(struct __sk_buff *ctx, struct vm_call *call, u8 *memory,
				      u32 number, u32 *stop)
{
	switch (number) {
	case BPF_FUNC_skb_store_bytes:
		return bpf_skb_store_bytes(ctx, (u32)V(1), P(2), SIZE(2), V(4));
	case BPF_FUNC_skb_load_bytes:
		return bpf_skb_load_bytes(ctx, (u32)V(1), P(2), SIZE(2));
	case BPF_FUNC_l3_csum_replace:
		return bpf_l3_csum_replace(ctx, (u32)V(1), V(2), V(3), V(4));
	case BPF_FUNC_l4_csum_replace:
		return bpf_l4_csum_replace(ctx, (u32)V(1), V(2), V(3), V(4));
	case BPF_FUNC_csum_update:
		return bpf_csum_update(ctx, (__wsum)V(1));
	case BPF_FUNC_skb_vlan_push:
		return bpf_skb_vlan_push(ctx, (__be16)V(1), (u16)V(2));
	case BPF_FUNC_skb_vlan_pop:
		return bpf_skb_vlan_pop(ctx);
	case BPF_FUNC_skb_change_proto:
		return bpf_skb_change_proto(ctx, (__be16)V(1), V(2));
	case BPF_FUNC_skb_change_tail:
		return bpf_skb_change_tail(ctx, (u32)V(1), V(2));
	case BPF_FUNC_skb_change_head:
		return bpf_skb_change_head(ctx, (u32)V(1), V(2));
	case BPF_FUNC_skb_pull_data:
		return bpf_skb_pull_data(ctx, (u32)V(1));
	case BPF_FUNC_skb_adjust_room:
		return bpf_skb_adjust_room(ctx, (s32)V(1), (u32)V(2), V(3));
	}
	*stop = VM_TRAP_HELPER;
	return 0;
}

/* What looks at the packet's metadata, or sends it somewhere. */
static __always_inline long tc_other(struct __sk_buff *ctx, struct vm_call *call, u8 *memory,
				     u32 number, u32 *stop)
{
	switch (number) {
	case BPF_FUNC_redirect:
		return bpf_redirect((u32)V(0), V(1));
	case BPF_FUNC_clone_redirect:
		return bpf_clone_redirect(ctx, (u32)V(1), V(2));
	case BPF_FUNC_redirect_peer:
		return bpf_redirect_peer((u32)V(0), V(1));
	case BPF_FUNC_redirect_neigh:
		return !call->size[1] ? bpf_redirect_neigh((u32)V(0), NULL, 0, V(3)) :
		       call->size[1] == sizeof(struct bpf_redir_neigh) ?
			       bpf_redirect_neigh((u32)V(0), (void *)P(1),
						  sizeof(struct bpf_redir_neigh), V(3)) : -EINVAL;
	case BPF_FUNC_ktime_get_coarse_ns:
		return bpf_ktime_get_coarse_ns();
	case BPF_FUNC_csum_diff:
		return csum_diff(call, memory);
	case BPF_FUNC_fib_lookup:
		return call->size[1] == sizeof(struct bpf_fib_lookup) ?
			       bpf_fib_lookup(ctx, (void *)P(1), sizeof(struct bpf_fib_lookup),
					      V(3)) : -EINVAL;
	case BPF_FUNC_get_hash_recalc:
		return bpf_get_hash_recalc(ctx);
	case BPF_FUNC_set_hash_invalid:
		return bpf_set_hash_invalid(ctx), 0;
	case BPF_FUNC_set_hash:
		return bpf_set_hash(ctx, (u32)V(1));
	case BPF_FUNC_skb_change_type:
		return bpf_skb_change_type(ctx, (u32)V(1));
	case BPF_FUNC_skb_get_tunnel_key:
		return bpf_skb_get_tunnel_key(ctx, (void *)P(1), SIZE(1), V(3));
	case BPF_FUNC_skb_set_tunnel_key:
		return bpf_skb_set_tunnel_key(ctx, (void *)P(1), SIZE(1), V(3));
	}
	*stop = VM_TRAP_HELPER;
	return 0;
}

/*
 * Serves helper `number` for a tc guest, like bpfvm_helper_xdp. A helper that has the context as its
 * argument finds there what the guest wrote, and may change it.
 */
__noinline u32 bpfvm_helper_tc(struct __sk_buff *ctx, u32 index, u32 number)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u32 stop = VM_STOP_NONE, first;
	u8 *memory = memory_map();
	long r0;

	if (!m || !memory)
		return VM_TRAP_EMPTY;
	first = VM_ARG_KIND(bpfvm_constants.args[number & (VM_HELPERS - 1)], 0);
	if (first == VM_ARG_CTX)
		store_tc(ctx, m, memory);
	r0 = tc_packet(ctx, &m->call, memory, number, &stop);
	if (stop) {
		stop = VM_STOP_NONE;
		r0 = tc_other(ctx, &m->call, memory, number, &stop);
	}
	if (!stop)
		m->st.reg[0] = r0;
	if (first == VM_ARG_CTX)
		fill_tc(ctx, m, memory);
	return stop;
}

__noinline u32 bpfvm_send_tc(struct __sk_buff *ctx, u32 index, u32 number)
{
	return number == BPF_FUNC_perf_event_output ? tc_perf_output(ctx, index) : VM_TRAP_HELPER;
}

#endif
