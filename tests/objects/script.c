/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Guests that call the helpers a script tells them to, natively as well as on a core. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "script.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct script);
} scripts SEC(".maps");

static __always_inline struct script *script(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scripts, &zero);
}

#define SIZE(n) (((n) & 31) + 1)
#define KEY_SIZE(n) (((n) & 63) + 1)
/* csum_diff gives more than 16 bits in older kernels */
#define FOLD(v) ({ __u32 v_ = (v); v_ = (v_ & 0xffff) + (v_ >> 16); (v_ & 0xffff) + (v_ >> 16); })

static __always_inline long diff(struct script *s, struct script_op *op)
{
	long r = bpf_csum_diff((void *)s->memory, op->a & 63, (void *)(s->memory + 64),
			       op->b & 63, op->c);

	return r < 0 ? r : FOLD(r);
}

/* --- tc --- */

static __always_inline long tc_packet(struct __sk_buff *skb, struct script *s, struct script_op *op)
{
	switch (op->verb) {
	case TC_LOAD:
		return bpf_skb_load_bytes(skb, op->a, s->memory, SIZE(op->b));
	case TC_STORE:
		return bpf_skb_store_bytes(skb, op->a, s->memory, SIZE(op->b), op->c);
	case TC_L3_CSUM:
		return bpf_l3_csum_replace(skb, op->a, op->b, op->c, op->d);
	case TC_L4_CSUM:
		return bpf_l4_csum_replace(skb, op->a, op->b, op->c, op->d);
	case TC_VLAN_PUSH:
		return bpf_skb_vlan_push(skb, op->a, op->b);
	case TC_VLAN_POP:
		return bpf_skb_vlan_pop(skb);
	case TC_PROTO:
		return bpf_skb_change_proto(skb, op->a, op->b);
	case TC_TAIL:
		return bpf_skb_change_tail(skb, op->a, op->b);
	case TC_HEAD:
		return bpf_skb_change_head(skb, op->a, op->b);
	case TC_PULL:
		return bpf_skb_pull_data(skb, op->a);
	case TC_ROOM:
		return bpf_skb_adjust_room(skb, (__s32)op->a, op->b, op->c);
	case TC_DIRECT: {
		__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

		data += op->a & 127;
		if (data + 1 > end)
			return -1;
		*data = op->b;
		return 0;
	}
	}
	return -1000;
}

static __always_inline void write_context(struct __sk_buff *skb, struct script_op *op)
{
	skb->mark = op->a;
	skb->priority = op->b;
	skb->tc_index = op->c;
	skb->queue_mapping = op->d;
	skb->tc_classid = op->a;
	skb->cb[0] = op->b;
	skb->tstamp = op->c;
}

static __always_inline long tc_other(struct __sk_buff *skb, struct script *s, struct script_op *op)
{
	switch (op->verb) {
	case TC_TYPE:
		return bpf_skb_change_type(skb, op->a);
	case TC_CSUM_UPDATE:
		return bpf_csum_update(skb, op->a);
	case TC_HASH_INVALID:
		bpf_set_hash_invalid(skb);
		return 0;
	case TC_HASH:
		return bpf_set_hash(skb, op->a);
	case TC_CSUM_DIFF:
		return diff(s, op);
	case TC_SET_TUNNEL:
		return bpf_skb_set_tunnel_key(skb, (void *)s->memory, KEY_SIZE(op->a), op->b);
	case TC_GET_TUNNEL:
		return bpf_skb_get_tunnel_key(skb, (void *)(s->memory + 64), KEY_SIZE(op->a), op->b);
	case TC_REDIRECT:
		return bpf_redirect(op->a, op->b);
	case TC_PEER:
		return bpf_redirect_peer(op->a, op->b);
	case TC_NEIGH:
		return bpf_redirect_neigh(op->a, NULL, 0, op->b);
	case TC_CONTEXT:
		write_context(skb, op);
		return bpf_skb_pull_data(skb, 0); /* what was written counts from here on */
	}
	return -1000;
}

static __always_inline void tc_result(struct __sk_buff *skb, struct script_result *r)
{
	r->len = skb->len;
	r->linear = skb->data_end - skb->data;
	r->meta = skb->data - skb->data_meta;
	r->protocol = skb->protocol;
	r->vlan_present = skb->vlan_present;
	r->vlan_tci = skb->vlan_tci;
	r->vlan_proto = skb->vlan_proto;
	r->pkt_type = skb->pkt_type;
	r->hash = skb->hash;
	r->mark = skb->mark;
	r->priority = skb->priority;
	r->queue_mapping = skb->queue_mapping;
	r->tc_index = skb->tc_index;
	r->tc_classid = skb->tc_classid;
	r->cb0 = skb->cb[0];
	r->tstamp = skb->tstamp;
}

SEC("tc")
int tc_script(struct __sk_buff *skb)
{
	struct script *s = script();

	if (!s)
		return -1;
	for (__u32 i = 0; i < SCRIPT_OPS && i < s->count; i++) {
		struct script_op *op = &s->op[i];
		long r = tc_packet(skb, s, op);

		s->result[i].r0 = r == -1000 ? tc_other(skb, s, op) : r;
		tc_result(skb, &s->result[i]);
	}
	return s->verdict;
}

/* --- XDP --- */

static __always_inline long xdp_write(struct xdp_md *ctx, struct script_op *op, _Bool meta)
{
	__u8 *data = (void *)(long)(meta ? ctx->data_meta : ctx->data);
	__u8 *end = (void *)(long)(meta ? ctx->data : ctx->data_end);

	data += op->a & 127;
	if (data + 4 > end)
		return -1;
	*(__u32 *)data += op->b;
	return *(__u32 *)data;
}

static __always_inline long xdp_call(struct xdp_md *ctx, struct script *s, struct script_op *op)
{
	switch (op->verb) {
	case XDP_HEAD:
		return bpf_xdp_adjust_head(ctx, op->a);
	case XDP_TAIL:
		return bpf_xdp_adjust_tail(ctx, op->a);
	case XDP_META:
		return bpf_xdp_adjust_meta(ctx, op->a);
	case XDP_LOAD:
		return bpf_xdp_load_bytes(ctx, op->a, s->memory, SIZE(op->b));
	case XDP_STORE:
		return bpf_xdp_store_bytes(ctx, op->a, s->memory, SIZE(op->b));
	case XDP_LEN:
		return bpf_xdp_get_buff_len(ctx);
	case XDP_CSUM_DIFF:
		return diff(s, op);
	case XDP_GO:
		return bpf_redirect(op->a, op->b);
	case XDP_DIRECT:
		return xdp_write(ctx, op, 0);
	case XDP_META_WRITE:
		return xdp_write(ctx, op, 1);
	}
	return -1000;
}

SEC("xdp")
int xdp_script(struct xdp_md *ctx)
{
	struct script *s = script();

	if (!s)
		return -1;
	for (__u32 i = 0; i < SCRIPT_OPS && i < s->count; i++) {
		s->result[i].r0 = xdp_call(ctx, s, &s->op[i]);
		s->result[i].len = bpf_xdp_get_buff_len(ctx);
		s->result[i].linear = ctx->data_end - ctx->data;
		s->result[i].meta = ctx->data - ctx->data_meta;
	}
	return s->verdict;
}

char _license[] SEC("license") = "GPL";
