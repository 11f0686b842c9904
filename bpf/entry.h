/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry points: from a hook of the kernel into a machine, and back with a verdict. Included
 * once per flavour.
 */
#include "run.h"

SEC("xdp")
int NAME(bpfvm_xdp)(struct xdp_md *ctx)
{
	struct bpfvm_hook *hook = hook_of(ctx->ingress_ifindex, BPFVM_HOOK_XDP);
	struct run r = { .ctx = ctx };
	struct bpfvm_machine *m;

	if (!hook)
		return XDP_PASS;
	m = begin(&r, hook);
	if (!m)
		return hook->on_trap;
	r.data = (void *)(long)ctx->data;
	r.data_end = (void *)(long)ctx->data_end;
	if (hook->context) {
		u32 size = ctx->data_end - ctx->data;
		struct xdp_md *md = map_context(m, &r, sizeof(*md), size);

		md->data = md->data_meta = VM_ADDRESS(VM_REGION_PACKET, 0);
		md->data_end = VM_ADDRESS(VM_REGION_PACKET, size);
		md->ingress_ifindex = ctx->ingress_ifindex;
		md->rx_queue_index = ctx->rx_queue_index;
		md->egress_ifindex = 0;
	}
	enter(m, &r);
	m->st.stop = SPIN(&r, 1);
	leave(m, &r);
	return finish(m, hook);
}

SEC("tc")
int NAME(bpfvm_tc)(struct __sk_buff *ctx)
{
	struct bpfvm_hook *hook = hook_of(ctx->ifindex, BPFVM_HOOK_TC);
	struct run r = { .ctx = ctx };
	struct bpfvm_machine *m;

	if (!hook)
		return TC_ACT_OK;
	m = begin(&r, hook);
	if (!m)
		return hook->on_trap;
	r.data = (void *)(long)ctx->data;
	r.data_end = (void *)(long)ctx->data_end;
	if (hook->context) {
		u32 size = ctx->data_end - ctx->data;
		struct __sk_buff *skb = map_context(m, &r, sizeof(*skb), size);

		skb->len = ctx->len;
		skb->pkt_type = ctx->pkt_type;
		skb->mark = ctx->mark;
		skb->queue_mapping = ctx->queue_mapping;
		skb->protocol = ctx->protocol;
		skb->vlan_present = ctx->vlan_present;
		skb->vlan_tci = ctx->vlan_tci;
		skb->vlan_proto = ctx->vlan_proto;
		skb->priority = ctx->priority;
		skb->ingress_ifindex = ctx->ingress_ifindex;
		skb->ifindex = ctx->ifindex;
		skb->tc_index = ctx->tc_index;
		skb->hash = ctx->hash;
		skb->tc_classid = ctx->tc_classid;
		skb->data = skb->data_meta = VM_ADDRESS(VM_REGION_PACKET, 0);
		skb->data_end = VM_ADDRESS(VM_REGION_PACKET, size);
	}
	enter(m, &r);
	m->st.stop = SPIN(&r, 1);
	leave(m, &r);
	return finish(m, hook);
}

/* Runs, or goes on with, a machine that user space claimed and prepared; returns enum vm_stop. */
SEC("syscall")
int NAME(bpfvm_call)(struct bpfvm_call *call)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, call->machine);
	struct run r = {};

	if (!m || !find(&r, m->slot))
		return VM_TRAP_EMPTY;
	enter(m, &r);
	m->st.stop = SPIN(&r, 0);
	leave(m, &r);
	return m->st.stop;
}
