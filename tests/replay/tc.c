/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tc helpers do to packets of all kinds: each program is compared with the kernel's own run. */
#include <linux/if_ether.h>
#include <stddef.h>
#include "note.h"

static __always_inline void after(struct __sk_buff *skb, long ret)
{
	note(0, ret);
	note(1, END(skb) - DATA(skb));
	note(2, skb->len << 16 | skb->protocol);
	note(3, BYTE(skb, 0) << 8 | BYTE(skb, 20));
}

/* All that a tc program may read and that does not change by itself. */
SEC("tc") int fields(struct __sk_buff *skb)
{
	note(4, skb->len);
	note(5, skb->pkt_type);
	note(6, skb->mark);
	note(7, skb->queue_mapping);
	note(8, skb->protocol);
	note(9, skb->vlan_present);
	note(10, skb->vlan_tci);
	note(11, skb->vlan_proto);
	note(12, skb->priority);
	note(13, skb->ingress_ifindex);
	note(14, skb->ifindex);
	note(15, skb->tc_index);
	note(16, skb->cb[0] + 3 * skb->cb[1] + 5 * skb->cb[2] + 7 * skb->cb[3] + 11 * skb->cb[4]);
	note(17, skb->hash);
	note(18, skb->tc_classid);
	note(19, skb->napi_id);
	note(20, skb->data_end - skb->data);
	note(21, skb->data - skb->data_meta);
	note(22, skb->tstamp);
	note(23, skb->wire_len);
	note(24, skb->gso_segs);
	note(25, skb->gso_size);
	note(26, skb->hwtstamp);
	return TC_ACT_OK;
}

/* What is written is there afterwards, for whoever comes next. */
SEC("tc") int writes(struct __sk_buff *skb)
{
	__u32 number = BYTE(skb, 19) << 8 | BYTE(skb, 18);

	skb->mark = number * 7;
	skb->priority = number;
	skb->tc_index = number & 0xffff;
	skb->tc_classid = number << 8;
	skb->queue_mapping = number & 0xff;
	skb->tstamp = number;
	skb->cb[0] = skb->mark ^ 1;
	skb->cb[1] = skb->priority + skb->cb[0];
	skb->cb[2] = skb->tc_index;
	skb->cb[3] = skb->tc_classid;
	skb->cb[4] = skb->queue_mapping << 16 | (__u16)skb->tstamp;
	return number & 1 ? TC_ACT_OK : TC_ACT_UNSPEC;
}

SEC("tc") int bytes(struct __sk_buff *skb)
{
	__u8 copy[32] = {};
	__u32 from = BYTE(skb, 19), size = BYTE(skb, 18) & 31;

	if (!size)
		return TC_ACT_OK;
	note(4, bpf_skb_load_bytes(skb, from, copy, size));
	note(5, copy[0] << 8 | copy[size - 1]);
	copy[0] = ~copy[0];
	note(6, bpf_skb_store_bytes(skb, from * 2, copy, size, from & 3));
	after(skb, bpf_skb_pull_data(skb, from & 1 ? 0 : from * 4));
	return TC_ACT_OK;
}

/* As if the destination's last byte and a port were rewritten. */
SEC("tc") int sums(struct __sk_buff *skb)
{
	__u32 number = BYTE(skb, 19) << 8 | BYTE(skb, 18);

	note(4, bpf_l3_csum_replace(skb, 24, number, number + 1, 2));
	note(5, bpf_l3_csum_replace(skb, 24, number, 0xc0a80101, 4));
	note(6, bpf_l3_csum_replace(skb, 24, 0, number, 0));
	note(7, bpf_l3_csum_replace(skb, number, 0, 1, 2));
	note(8, bpf_l3_csum_replace(skb, 24, 0, 1, number & 7));
	note(9, bpf_l4_csum_replace(skb, 50, number, number + 1, 2));
	note(10, bpf_l4_csum_replace(skb, 40, number, 7, 4 | BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0));
	note(11, bpf_l4_csum_replace(skb, 40, 0, number, BPF_F_MARK_ENFORCE));
	note(12, bpf_csum_update(skb, number));
	after(skb, 0);
	return TC_ACT_OK;
}

SEC("tc") int tail(struct __sk_buff *skb)
{
	after(skb, bpf_skb_change_tail(skb, skb->len + BYTE(skb, 19) - 128, 0));
	after(skb, bpf_skb_change_tail(skb, BYTE(skb, 18) * 8, 0));
	after(skb, bpf_skb_change_tail(skb, 64, 1));
	return TC_ACT_OK;
}

SEC("tc") int head(struct __sk_buff *skb)
{
	after(skb, bpf_skb_change_head(skb, BYTE(skb, 19) & 63, 0));
	after(skb, bpf_skb_change_head(skb, BYTE(skb, 18) * 256, 0));
	return TC_ACT_OK;
}

SEC("tc") int proto(struct __sk_buff *skb)
{
	after(skb, bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0));
	after(skb, bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0));
	after(skb, bpf_skb_change_proto(skb, bpf_htons(ETH_P_ARP), 0));
	note(4, bpf_skb_change_type(skb, BYTE(skb, 19) & 7));
	note(5, skb->pkt_type);
	return TC_ACT_OK;
}

SEC("tc") int room(struct __sk_buff *skb)
{
	after(skb, bpf_skb_adjust_room(skb, (BYTE(skb, 19) & 31) - 8, BPF_ADJ_ROOM_NET, 0));
	after(skb, bpf_skb_adjust_room(skb, 20, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4));
	after(skb, bpf_skb_adjust_room(skb, -(BYTE(skb, 18) & 63), BPF_ADJ_ROOM_MAC, 0));
	after(skb, bpf_skb_adjust_room(skb, 4, 7, 0));
	return TC_ACT_OK;
}

SEC("tc") int vlan(struct __sk_buff *skb)
{
	after(skb, bpf_skb_vlan_pop(skb));
	after(skb, bpf_skb_vlan_push(skb, bpf_htons(BYTE(skb, 19) & 1 ? ETH_P_8021AD : ETH_P_IP),
				     BYTE(skb, 18) << 4));
	after(skb, bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 7));
	after(skb, bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 8));
	after(skb, bpf_skb_vlan_pop(skb));
	note(4, skb->vlan_present << 16 | skb->vlan_tci);
	return TC_ACT_OK;
}

SEC("tc") int hashes(struct __sk_buff *skb)
{
	note(4, bpf_get_hash_recalc(skb));
	note(5, skb->hash);
	note(6, bpf_set_hash(skb, BYTE(skb, 19)));
	note(7, skb->hash);
	bpf_set_hash_invalid(skb);
	note(8, skb->hash);
	note(9, bpf_get_hash_recalc(skb));
	return TC_ACT_OK;
}

/* Tunnels are told and asked for; there is none. */
SEC("tc") int tunnel(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {.tunnel_id = BYTE(skb, 19), .remote_ipv4 = 0x0a000001,
				     .tunnel_ttl = 64};

	note(4, bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0));
	note(5, key.tunnel_id);
	key.tunnel_id = 7;
	note(6, bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX));
	note(7, bpf_skb_get_tunnel_key(skb, &key, offsetof(struct bpf_tunnel_key, tunnel_label), 0));
	note(8, bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 1 << 20));
	return TC_ACT_OK;
}

SEC("tc") int redirects(struct __sk_buff *skb)
{
	__u32 ifindex = BYTE(skb, 19) & 7, flags = BYTE(skb, 18) & 3;

	switch (BYTE(skb, 17) & 3) {
	case 0:
		return bpf_redirect(ifindex, flags);
	case 1:
		return bpf_redirect_peer(ifindex, flags);
	case 2:
		return bpf_redirect_neigh(ifindex, NULL, 0, flags);
	}
	return TC_ACT_STOLEN;
}

char _license[] SEC("license") = "GPL";
