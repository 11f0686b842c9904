/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A host core and the bodies of its helpers. Private to the library's files on the host cores. */
#ifndef BPFVM_HOST_H
#define BPFVM_HOST_H

#define VM_BASE_T u8 * /* here a region lies where a pointer says */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "core_ops.h"
#include "core.h"
#include "helper_call.h"

u32 bpfvm_host_owner(void); /* a number of this thread, not 0 */
#define VM_OWNER() bpfvm_host_owner()
#include "map.h"

#define HOST_ROOM 0x8000 /* bytes before and behind a packet */
#define HOST_CPU 0	  /* each guest has one machine, and per-CPU maps one value */
#define HOST_TAILS 33	  /* tail calls of one run */

/* A packet as the run sees it: contiguous, though only the first `linear` bytes are addresses. */
struct host_packet {
	u8 *buffer;    /* HOST_ROOM, the packet, HOST_ROOM; NULL: no packet */
	u32 capacity;  /* of the buffer */
	u32 start;     /* of the packet in the buffer */
	u32 len;
	u32 linear;
	u32 meta;      /* bytes before `start` that the guest has */
	u32 first, last; /* offsets between which packet and metadata may lie */
	u32 low, high;	 /* and between which they have been */
};

/* What the kernel would know of the packet of a tc guest. */
struct host_skb {
	struct __sk_buff md; /* its fields are those of the kernel's sk_buff */
	u32 network;	     /* offset of the network header */
	u32 headroom;	     /* bytes before the packet, in the kernel's buffer */
	u16 transport;	     /* where the transport header seems to be in it; 0xffff: not known */
	bool hashed;	     /* md.hash is valid */
	bool encapsulated;
	bool has_tunnel;
	u64 tunnel_flags;
	struct bpf_tunnel_key tunnel; /* as it was set */
};

struct host_core {
	struct bpfvm_core base;
	u32 (*execute)(struct vm *);
	struct vm vm;
	struct vm_insn *code;
	enum bpfvm_kind kind;
	u32 entry;
	u64 arg[2];
	u64 budget; /* given to the present run so far */
	u8 *area[VM_REGIONS];

	u8 *arena;	     /* maps lie here by offset, the first one not at 0 */
	u32 map[VM_REGIONS]; /* by region: offset of its struct vm_map, or 0; 0: key-value store */
	u32 region[VM_REGIONS]; /* by the index of a map in the image */

	u8 *given; /* the packet before a run, or NULL */
	u32 given_size;
	struct host_packet packet;
	struct host_skb skb;
	union {
		struct xdp_md xdp;
		struct __sk_buff skb;
	} ctx; /* as the guest sees it */

	u8 scratch[2][VM_PACKET_SPAN]; /* packet bytes that are arguments, copied as in the kernel */
	u32 copies;   /* arguments that are there: bit i, and 8 + i if it is written to */

	u32 trap;     /* that the body of a helper asks for */
	u32 tails;    /* tail calls of this run */
	u8 *locked;   /* the spin lock that the guest holds, or NULL */
	u32 sample[BPFVM_SAMPLES]; /* addresses of samples that it has reserved, or 0 */
	u8 stack[VM_STACK_SIZE];
};

/* --- maps --- */

/* Lays out and makes the maps of an image; -ENOMEM, -E2BIG, -EINVAL. Undone by the other one. */
int bpfvm_host_maps__load(struct host_core *h, const struct bpfvm_image *image,
			  struct bpfvm_error *err);
void bpfvm_host_maps__unload(struct host_core *h);

/* The operations of struct bpfvm_core_ops. */
int bpfvm_host_map__lookup(struct bpfvm_core *core, u32 map, const void *key, void *value);
int bpfvm_host_map__update(struct bpfvm_core *core, u32 map, const void *key, const void *value,
			   u64 flags);
int bpfvm_host_map__delete(struct bpfvm_core *core, u32 map, const void *key);
int bpfvm_host_map__next(struct bpfvm_core *core, u32 map, const void *key, void *next);
int bpfvm_host_map__read(struct bpfvm_core *core, u32 map, void *data, u32 size);
int bpfvm_host_map__used(struct bpfvm_core *core, u32 map, u32 *used);

/* The key-value store of all guests of this process: the memory that it lies in, and where. */
u8 *bpfvm_host_store(u32 *map);

static inline struct vm_map *host_map(const struct host_core *h, u32 at)
{
	return (struct vm_map *)(void *)(h->arena + at);
}

/* --- the packet --- */

/* The packet as it was given, and a context for it. */
void bpfvm_host_packet__reset(struct host_core *h);

/* Fills in the context and the rows of the packet from what it is now; before each run, too. */
void bpfvm_host_packet__show(struct host_core *h);

/* What a tc guest wrote into its context comes to the packet. */
void bpfvm_host_packet__store(struct host_core *h);

static inline u8 *host_data(const struct host_core *h)
{
	return h->packet.buffer + h->packet.start;
}

static inline bool host_is_tc(const struct host_core *h)
{
	return h->kind == BPFVM_KIND_TC;
}

/* --- helpers --- */

/* Serves helper `number` with r1 to r5; the result goes to r0. Returns a trap or VM_STOP_NONE. */
u32 bpfvm_host_helper(struct vm *vm, u32 number);

/* Gives back what a guest holds when it ends: a lock, samples that it had reserved. */
void bpfvm_host_let_go(struct host_core *h);

/* The bodies of helpers.def: host_<name>, each returns what r0 shall be. */
typedef u64 host_body(struct host_core *h, struct vm_call *call);
#define HOST_BODY(name)                                                                            \
	u64 host_##name(struct host_core *h __attribute__((unused)),                               \
			struct vm_call *call __attribute__((unused)))
#define HELPER(number, name, where, a1, a2, a3, a4, a5) host_body host_##name;
#include "helpers.def"

/* The trap of an argument that only the body could look at; for `return` in a body. */
static inline u64 host_refuse(struct host_core *h, u64 addr)
{
	h->trap = vm_argument_fault(&h->vm.st, addr, 0, VM_READ);
	return h->vm.st.reg[0];
}

/* An error of the kernel as r0. */
#define HOST_ERROR(e) ((u64)-(s64)(e))
#define HOST_ENOTSUPP 524 /* the kernel's own; user space's headers lack it */

#endif
