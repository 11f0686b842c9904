/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets to try guests with, made from a seed: valid ones of many kinds, with right checksums;
 * the same cut off at every length, in fragments, under VLAN tags, with bytes changed; and noise.
 * Addresses and ports come from small pools, so that guests with tables meet them again.
 */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "corpus.h"

#define CUTS 160 /* lengths at which one packet is cut, one after another */
#define SOURCES 64
#define DESTS 8
#define MORE_FRAGMENTS 0x2000

/* A packet that grows from its front. */
struct build {
	u64 random;
	u8 *data;
	u32 size;
	u32 ip, l4; /* where these headers begin; ip 0: there is none */
	bool v6, fragment;
	u8 proto; /* behind IP */
	u32 payload; /* bytes behind the headers; 0: any */
};

/* Steele, Lea, Flood: SplitMix64. */
static u32 draw(struct build *b, u32 below)
{
	u64 z = b->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (u32)((z ^ z >> 31) >> 32) % below;
}

/* Room for `size` zero bytes, all that is left if there is less. */
static u8 *grow(struct build *b, u32 size)
{
	u8 *at = b->data + b->size;

	if (size > BPFVM_CORPUS_MAX - b->size)
		size = BPFVM_CORPUS_MAX - b->size;
	memset(at, 0, size);
	b->size += size;
	return at;
}

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static void put32(u8 *at, u32 value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* The sum of RFC 1071 over big-endian words. */
static u32 sum(const u8 *at, u32 size, u32 before)
{
	for (u32 i = 0; i + 1 < size; i += 2)
		before += (u32)(at[i] << 8 | at[i + 1]);
	if (size & 1)
		before += (u32)at[size - 1] << 8;
	return before;
}

static u32 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void noise(struct build *b, u32 size)
{
	u32 begin = b->size;

	grow(b, size);
	for (u32 i = begin; i < b->size; i++)
		b->data[i] = (u8)draw(b, 256);
}

/* One source is much busier than the others. */
static u32 source(struct build *b)
{
	return draw(b, 2) ? 1 : 1 + draw(b, SOURCES);
}

static void ethernet(struct build *b, u32 tags)
{
	static const u32 tag[] = {ETH_P_8021Q, ETH_P_8021AD};
	u8 *mac = grow(b, 2 * ETH_ALEN);

	mac[0] = mac[6] = 2; /* locally administered */
	mac[5] = 1;
	mac[11] = (u8)source(b);
	if (!draw(b, 8))
		memset(mac, 0xff, ETH_ALEN);
	else if (!draw(b, 8))
		mac[0] |= 1;
	for (; tags; tags--) {
		u8 *at = grow(b, 4);

		put16(at, tag[draw(b, 2)]);
		put16(at + 2, draw(b, 0x10000));
	}
}

static u32 transport_proto(struct build *b)
{
	static const u8 protos[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
				    IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMP, IPPROTO_GRE};
	u32 proto = protos[draw(b, sizeof(protos))];

	return proto == IPPROTO_ICMP && b->v6 ? IPPROTO_ICMPV6 : proto;
}

static void ip4(struct build *b)
{
	u32 words = draw(b, 4) ? 5 : 5 + draw(b, 11);
	u8 *ip;

	put16(grow(b, 2), ETH_P_IP);
	b->ip = b->size;
	b->proto = (u8)transport_proto(b);
	ip = grow(b, words * 4);
	memset(ip + 20, 1, words * 4 - 20); /* options that do nothing */
	ip[0] = (u8)(0x40 | words);
	ip[1] = (u8)draw(b, 256);
	put16(ip + 4, draw(b, 0x10000));
	if (b->fragment && draw(b, 2))
		put16(ip + 6, MORE_FRAGMENTS);
	else if (b->fragment)
		put16(ip + 6, 1 + draw(b, 0x1000));
	else if (draw(b, 2))
		put16(ip + 6, 0x4000); /* do not fragment */
	ip[8] = 64;
	ip[9] = b->proto;
	put32(ip + 12, 0x0a000000 + source(b));
	put32(ip + 16, 0xc0a80101 + draw(b, DESTS));
}

/* Extension headers; each says what the next one is. */
static void extensions(struct build *b, u8 *next)
{
	static const u8 kinds[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS};
	u32 count = draw(b, 4) ? 0 : 1 + draw(b, draw(b, 4) ? 3 : 8);

	for (; count; count--) {
		u32 more = draw(b, 3);
		u8 *at = grow(b, 8 + more * 8);

		*next = kinds[draw(b, sizeof(kinds))];
		next = at;
		at[1] = (u8)more;
		at[2] = 1; /* padding of all that is left */
		at[3] = (u8)(more * 8 + 4);
	}
	if (b->fragment || !draw(b, 16)) {
		u8 *at = grow(b, 8);

		*next = IPPROTO_FRAGMENT;
		next = at;
		if (b->fragment)
			put16(at + 2, draw(b, 2) ? 1 : draw(b, 0x2000) * 8);
		put32(at + 4, draw(b, 0x10000));
	}
	*next = b->proto;
}

static void ip6(struct build *b)
{
	u8 *ip;

	b->v6 = true;
	put16(grow(b, 2), ETH_P_IPV6);
	b->ip = b->size;
	b->proto = (u8)transport_proto(b);
	ip = grow(b, 40);
	put32(ip, 0x60000000 | draw(b, 1u << 28));
	ip[7] = 64;
	put32(ip + 8, 0x20010db8);
	ip[23] = (u8)source(b);
	put32(ip + 24, 0x20010db8);
	put32(ip + 28, 1);
	ip[39] = (u8)(1 + draw(b, DESTS));
	extensions(b, ip + 6);
}

static void arp(struct build *b)
{
	u8 *arp;

	put16(grow(b, 2), ETH_P_ARP);
	arp = grow(b, 28);
	put32(arp, 1 << 16 | ETH_P_IP);
	put32(arp + 4, (u32)(ETH_ALEN << 24 | 4 << 16) + 1 + draw(b, 2));
	put32(arp + 14, 0x0a000000 + source(b));
	put32(arp + 24, 0xc0a80101 + draw(b, DESTS));
}

static void ports(struct build *b, u8 *at)
{
	static const u16 known[] = {22, 23, 53, 80, 443, 8080};

	put16(at, 1024 + draw(b, 64));
	put16(at + 2, draw(b, 4) ? known[draw(b, sizeof(known) / sizeof(*known))] :
				   draw(b, 0x10000));
}

static void transport(struct build *b)
{
	static const u8 flags[] = {0x02, 0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x00};
	u32 words = draw(b, 2) ? 5 : 5 + draw(b, 11);
	u8 *at;

	b->l4 = b->size;
	switch (b->proto) {
	case IPPROTO_TCP:
		at = grow(b, words * 4);
		memset(at + 20, 1, words * 4 - 20);
		ports(b, at);
		put32(at + 4, draw(b, ~0u));
		at[12] = (u8)(words << 4);
		at[13] = flags[draw(b, sizeof(flags))];
		put16(at + 14, 0xffff);
		break;
	case IPPROTO_UDP:
		ports(b, grow(b, 8));
		break;
	case IPPROTO_ICMP:
		put16(grow(b, 8), draw(b, 2) << 11); /* a request or a reply */
		break;
	case IPPROTO_ICMPV6:
		put16(grow(b, 8), (128 + draw(b, 2)) << 8);
		break;
	}
}

/* Lengths and checksums, now that the packet is whole. */
static void finish(struct build *b)
{
	static const u8 at[256] = {[IPPROTO_TCP] = 16, [IPPROTO_UDP] = 6, [IPPROTO_ICMP] = 2,
				   [IPPROTO_ICMPV6] = 2};
	u8 *ip = b->data + b->ip, *l4 = b->data + b->l4;
	u32 size = b->size - b->l4, pseudo = b->proto + size, result;

	pseudo = b->v6 ? sum(ip + 8, 32, pseudo) : sum(ip + 12, 8, pseudo);
	put16(b->v6 ? ip + 4 : ip + 2, b->size - b->ip - (b->v6 ? 40 : 0));
	if (!b->v6)
		put16(ip + 10, fold(sum(ip, (ip[0] & 15) * 4u, 0)));
	if (b->proto == IPPROTO_UDP)
		put16(l4 + 4, size);
	if (!at[b->proto])
		return;
	if (b->proto == IPPROTO_UDP && !b->v6 && !draw(b, 4))
		return; /* UDP over IPv4 may go without */
	result = fold(sum(l4, size, b->proto == IPPROTO_ICMP ? 0 : pseudo));
	put16(l4 + at[b->proto], result || b->proto != IPPROTO_UDP ? result : 0xffff);
}

/* Most of the packets of a network are short, or as long as they can be. */
static u32 payload(struct build *b)
{
	static const u32 sizes[] = {1, 32, 64, 128, 512, BPFVM_CORPUS_MAX};

	return b->payload ? b->payload : draw(b, sizes[draw(b, sizeof(sizes) / sizeof(*sizes))]);
}

/* A whole packet. Draws are statements of their own: C does not order those of one call. */
static void whole(struct build *b, u32 tags)
{
	u32 kind = draw(b, 16);

	ethernet(b, tags);
	if (kind == 0 && !b->fragment) {
		arp(b);
	} else if (kind == 1 && !b->fragment) {
		put16(grow(b, 2), 0x88cc); /* LLDP */
		noise(b, payload(b));
	} else {
		if (kind < 9)
			ip4(b);
		else
			ip6(b);
		transport(b);
		noise(b, payload(b));
		finish(b);
	}
}

static void mutate(struct build *b)
{
	u32 headers = b->size < 96 ? b->size : 96;

	for (u32 n = 1 + draw(b, 8); n; n--) {
		u32 at = draw(b, 4) ? 12 + draw(b, headers - 12) : draw(b, b->size);

		b->data[at] ^= (u8)(1 << draw(b, 8));
	}
}

/* Nothing but noise, half of it as what looks like IP. */
static void garbage(struct build *b)
{
	static const u32 protos[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_ARP};
	u32 sizes = draw(b, 2) ? 64 : BPFVM_CORPUS_MAX - BPFVM_CORPUS_MIN + 1;

	noise(b, BPFVM_CORPUS_MIN + draw(b, sizes));
	if (draw(b, 2))
		put16(b->data + 12, protos[draw(b, 4)]);
	if (draw(b, 2) && b->size > 14)
		b->data[14] = draw(b, 2) ? 0x45 : 0x60;
}

u32 bpfvm_corpus__packet(u64 seed, u64 number, u8 *data)
{
	struct build b = {.data = data, .random = seed * 0xd1342543de82ef95ull ^ number};
	u32 kind = number % 8;

	switch (kind) {
	case 4: /* the same packet for all its lengths */
		number /= 8;
		b.random = seed * 0xd1342543de82ef95ull ^ ~(number / CUTS);
		b.payload = CUTS;
		whole(&b, draw(&b, 3));
		if (b.size > BPFVM_CORPUS_MIN + number % CUTS)
			b.size = BPFVM_CORPUS_MIN + (u32)(number % CUTS);
		break;
	case 5:
		b.fragment = true;
		whole(&b, draw(&b, 4) ? 0 : 1);
		break;
	case 6:
		whole(&b, 1 + draw(&b, 6));
		break;
	case 7:
		garbage(&b);
		break;
	default:
		whole(&b, draw(&b, 4) ? 0 : draw(&b, 3));
		if (kind == 3)
			mutate(&b);
	}
	return b.size;
}
