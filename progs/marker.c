/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc programs that tell the rest of the kernel about a packet: marks and classes, VLAN tags. */
#include <linux/pkt_cls.h>
#include "parse.h"

#define CLASS(major, minor) ((major) << 16 | (minor))
#define CUSTOMER 100 /* VLANs */
#define PROVIDER 200

/* Mark by the port that is asked, priority and class by DSCP; passes what is not IP untouched. */
SEC("tc")
int marker(struct __sk_buff *skb)
{
	struct cursor c = CURSOR(skb), again = c;
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	struct flow flow;
	__u32 dscp = 0;
	int proto;

	switch (parse_ethernet(&again)) {
	case ETH_P_IP:
		if (parse_ip4(&again, &ip) == BROKEN)
			return TC_ACT_SHOT;
		dscp = ip->tos >> 2;
		break;
	case ETH_P_IPV6:
		if (parse_ip6(&again, &ip6) == BROKEN)
			return TC_ACT_SHOT;
		dscp = bpf_ntohl(*(__be32 *)ip6) >> 22 & 0x3f;
		break;
	default:
		return TC_ACT_OK;
	}
	proto = parse_flow(&c, &flow);
	if (proto == BROKEN)
		return TC_ACT_SHOT;
	skb->mark = flow.proto << 16 | bpf_ntohs(flow.dport);
	skb->priority = dscp >> 3;
	skb->tc_classid = CLASS(1, dscp);
	skb->queue_mapping = dscp & 3;
	skb->cb[0] = skb->len;
	skb->cb[1] = proto;
	skb->cb[2] = skb->tc_classid;
	skb->cb[3] = skb->queue_mapping;
	skb->cb[4] = skb->pkt_type << 16 | bpf_ntohs(skb->protocol);
	return TC_ACT_OK;
}

/* Two tags, as a provider's network has them. The outer one may stay beside the packet. */
SEC("tc")
int push(struct __sk_buff *skb)
{
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), CUSTOMER) ||
	    bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), PROVIDER))
		return TC_ACT_SHOT;
	skb->cb[0] = skb->vlan_present;
	skb->cb[1] = skb->vlan_tci;
	skb->cb[2] = skb->vlan_proto;
	skb->cb[3] = skb->len;
	return TC_ACT_OK;
}

/* Takes the outer tag off. */
SEC("tc")
int pop(struct __sk_buff *skb)
{
	struct cursor c = CURSOR(skb);
	struct ethhdr *eth = take(&c, sizeof(*eth));

	if (!eth)
		return TC_ACT_SHOT;
	if (!skb->vlan_present && eth->h_proto != bpf_htons(ETH_P_8021Q) &&
	    eth->h_proto != bpf_htons(ETH_P_8021AD))
		return TC_ACT_OK;
	return bpf_skb_vlan_pop(skb) ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
