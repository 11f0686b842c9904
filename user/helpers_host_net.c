/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helpers of guests on the host that ask about the network or send elsewhere. A host core has
 * no interfaces and no routes: packets that would be sent are not, and no route is found.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#include "host.h"

#define LOOPBACK 1

HOST_BODY(redirect)
{
	u64 flags = call->v[1];

	if (host_is_tc(h))
		return flags & ~(u64)BPF_F_INGRESS ? TC_ACT_SHOT : TC_ACT_REDIRECT;
	return flags ? XDP_ABORTED : XDP_REDIRECT;
}

HOST_BODY(redirect_peer)
{
	return call->v[1] ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}

HOST_BODY(redirect_neigh)
{
	if (call->size[1] && call->size[1] != sizeof(struct bpf_redir_neigh))
		return HOST_ERROR(EINVAL);
	return call->v[3] ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}

HOST_BODY(clone_redirect)
{
	bool fine = !(call->v[2] & ~(u64)BPF_F_INGRESS) && (u32)call->v[1] == LOOPBACK;

	return fine ? 0 : HOST_ERROR(EINVAL);
}

HOST_BODY(fib_lookup)
{
	const struct bpf_fib_lookup *lookup = (const void *)call->at[1];
	u64 known = BPF_FIB_LOOKUP_DIRECT | BPF_FIB_LOOKUP_OUTPUT | 1u << 2 | 1u << 3 | 1u << 4 |
		    1u << 5; /* SKIP_NEIGH, TBID, SRC, MARK */

	if (call->size[1] != sizeof(*lookup) || (u32)call->v[3] & ~known)
		return HOST_ERROR(EINVAL);
	if (lookup->family != AF_INET && lookup->family != AF_INET6)
		return HOST_ERROR(EAFNOSUPPORT);
	return BPF_FIB_LKUP_RET_NOT_FWDED;
}

/* --- the hash of the flow --- */

static u32 mix(u32 hash, const u8 *p, u32 size)
{
	while (size--)
		hash = (hash ^ *p++) * 16777619;
	return hash;
}

/* Of addresses, protocol and ports; the kernel's differs, and from boot to boot. */
static u32 flow_hash(const struct host_core *h)
{
	const u8 *ip = host_data(h) + h->skb.network;
	u32 left = h->packet.len > h->skb.network ? h->packet.len - h->skb.network : 0;
	u32 hash = mix(2166136261u, host_data(h) + 2 * ETH_ALEN, 2), ports = 0;

	if (h->skb.md.protocol == htons(ETH_P_IP) && left >= 20) {
		hash = mix(mix(hash, ip + 9, 1), ip + 12, 8);
		ports = (ip[6] & 0x3f) | ip[7] ? 0 : (ip[0] & 15) * 4; /* a fragment has none */
	} else if (h->skb.md.protocol == htons(ETH_P_IPV6) && left >= 40) {
		hash = mix(mix(hash, ip + 6, 1), ip + 8, 32);
		ports = 40;
	}
	if (ports >= 20 && left >= ports + 4)
		hash = mix(hash, ip + ports, 4);
	return hash ? hash : 1;
}

HOST_BODY(get_hash_recalc)
{
	if (!h->skb.hashed)
		h->skb.md.hash = flow_hash(h);
	h->skb.hashed = true;
	return h->skb.md.hash;
}

HOST_BODY(set_hash_invalid)
{
	h->skb.hashed = false;
	h->skb.md.hash = 0;
	return 0;
}

HOST_BODY(set_hash)
{
	h->skb.hashed = true;
	h->skb.md.hash = (u32)call->v[1];
	return 0;
}

/* --- tunnel keys --- */

#define KEY_FLAGS                                                                                  \
	(BPF_F_TUNINFO_IPV6 | BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT | BPF_F_SEQ_NUMBER |        \
	 KEY_NONE)
#define KEY_NONE (1u << 4) /* BPF_F_NO_TUNNEL_KEY */
#define GET_FLAGS (BPF_F_TUNINFO_IPV6 | KEY_WITH_FLAGS)
#define KEY_WITH_FLAGS (1u << 4) /* BPF_F_TUNINFO_FLAGS */

/* The sizes that the structure has had. */
static bool is_key_size(u32 size)
{
	return size == sizeof(struct bpf_tunnel_key) ||
	       size == offsetof(struct bpf_tunnel_key, local_ipv4) ||
	       size == offsetof(struct bpf_tunnel_key, tunnel_label) ||
	       size == offsetof(struct bpf_tunnel_key, tunnel_ext) ||
	       size == offsetof(struct bpf_tunnel_key, remote_ipv6[1]);
}

HOST_BODY(skb_set_tunnel_key)
{
	struct bpf_tunnel_key key = {0};
	u64 flags = call->v[3];

	if (flags & ~(u64)KEY_FLAGS || !is_key_size(call->size[1]))
		return HOST_ERROR(EINVAL);
	memcpy(&key, call->at[1], call->size[1]);
	if ((!(flags & BPF_F_TUNINFO_IPV6) && key.tunnel_label) || key.tunnel_ext)
		return HOST_ERROR(EINVAL);
	h->skb.tunnel = key;
	h->skb.tunnel_flags = flags;
	h->skb.has_tunnel = true;
	return 0;
}

/* The flags of a tunnel as the kernel keeps them, big endian. */
static u16 key_flags(u64 set)
{
	u32 flags = 0x2000; /* TUNNEL_NOCACHE */

	if (!(set & KEY_NONE))
		flags |= 4; /* TUNNEL_KEY */
	if (!(set & BPF_F_ZERO_CSUM_TX))
		flags |= 1; /* TUNNEL_CSUM */
	if (set & BPF_F_DONT_FRAGMENT)
		flags |= 0x100;
	if (set & BPF_F_SEQ_NUMBER)
		flags |= 8;
	return htons((u16)flags);
}

/* What was set, its two ends exchanged: the packet is on its way out. */
static struct bpf_tunnel_key read_key(const struct host_skb *skb, u64 flags)
{
	struct bpf_tunnel_key key = {.tunnel_id = skb->tunnel.tunnel_id,
				     .tunnel_tos = skb->tunnel.tunnel_tos,
				     .tunnel_ttl = skb->tunnel.tunnel_ttl};

	if (flags & KEY_WITH_FLAGS)
		key.tunnel_ext = key_flags(skb->tunnel_flags); /* tunnel_flags in newer headers */
	if (flags & BPF_F_TUNINFO_IPV6) {
		memcpy(key.remote_ipv6, skb->tunnel.local_ipv6, sizeof(key.remote_ipv6));
		memcpy(key.local_ipv6, skb->tunnel.remote_ipv6, sizeof(key.local_ipv6));
		key.tunnel_label = skb->tunnel.tunnel_label & 0xfffff;
	} else {
		key.remote_ipv4 = skb->tunnel.local_ipv4;
		key.local_ipv4 = skb->tunnel.remote_ipv4;
	}
	return key;
}

HOST_BODY(skb_get_tunnel_key)
{
	u64 flags = call->v[3], set = h->skb.tunnel_flags;
	u32 size = call->size[1];
	struct bpf_tunnel_key key;
	bool ipv4 = !(set & BPF_F_TUNINFO_IPV6);

	memset(call->at[1], 0, size);
	if (!h->skb.has_tunnel || flags & ~(u64)GET_FLAGS)
		return HOST_ERROR(EINVAL);
	if ((flags ^ set) & BPF_F_TUNINFO_IPV6)
		return HOST_ERROR(EPROTO);
	if (!is_key_size(size) ||
	    (size == offsetof(struct bpf_tunnel_key, remote_ipv6[1]) && !ipv4))
		return HOST_ERROR(EINVAL);
	key = read_key(&h->skb, flags);
	memcpy(call->at[1], &key, size);
	return 0;
}
