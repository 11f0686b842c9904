/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Slots and memory of a machine: who has what, and what can be had. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "map_layout.h"
#include "slots.h"

/* A part of the memory that is taken. */
struct span {
	u32 begin, end;
};

static bool in_use(const struct bpfvm_session *s, u32 slot)
{
	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		if (s->hook[i].ifindex && s->hook[i].slot == slot)
			return true;
	return s->held == slot;
}

void bpfvm_slots__free(struct bpfvm_session *s, u32 n)
{
	struct bpfvm_slot *slot = &s->slot[n];

	memset((struct vm_insn *)s->code + (size_t)n * BPFVM_CODE, 0,
	       slot->len * sizeof(struct vm_insn));
	slot->memory = slot->bytes = 0;
	__atomic_store_n(&slot->len, 0, __ATOMIC_RELEASE);
}

/*
 * A kernel with CPUs that are never disturbed has no membarrier for all of them. There the update
 * of a map of maps waits in the same way.
 */
static void wait_by_map(int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = (u32)inner);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "bpfvm_wait", 4, 4, 1, &opts);
	u32 key = 0;

	if (fd < 0)
		return;
	bpf_map_update_elem(fd, &key, &inner, 0);
	close(fd);
}

void bpfvm_slots__wait(const struct bpfvm_session *s)
{
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		wait_by_map(s->map_fd[BPFVM_MAP_SLOTS]);
}

/* Frees the slots that only runs of the past may use; returns how many. */
static u32 reclaim(struct bpfvm_session *s)
{
	bool past[BPFVM_SLOTS];
	u32 freed = 0;

	for (u32 i = 0; i < BPFVM_SLOTS; i++)
		freed += past[i] = s->slot[i].len && !in_use(s, i);
	if (freed)
		bpfvm_slots__wait(s);
	for (u32 i = 0; i < BPFVM_SLOTS; i++)
		if (past[i])
			bpfvm_slots__free(s, i);
	return freed;
}

int bpfvm_slots__take(struct bpfvm_session *s, u32 len, u32 *slot, struct bpfvm_error *err)
{
	do {
		for (u32 i = 0; i < BPFVM_SLOTS; i++) {
			if (s->slot[i].len)
				continue;
			s->slot[i] = (struct bpfvm_slot){.version = s->slot[i].version + 1};
			__atomic_store_n(&s->slot[i].len, len, __ATOMIC_RELEASE);
			*slot = i;
			return 0;
		}
	} while (reclaim(s));
	return bpfvm_error__set(err, -ENOSPC, "detach a guest, or build with more BPFVM_SLOTS",
				"guest: all %u slots are in use", BPFVM_SLOTS);
}

static int by_begin(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* What the slots have of the memory: a piece each, and maps that lie in pieces of earlier ones. */
static u32 taken(const struct bpfvm_session *s, struct span *span)
{
	u32 n = 0;

	for (u32 i = 0; i < BPFVM_SLOTS; i++) {
		const struct bpfvm_slot *slot = &s->slot[i];

		if (!slot->len)
			continue;
		if (slot->bytes)
			span[n++] = (struct span){slot->memory, slot->memory + slot->bytes};
		for (u32 r = 0; r < VM_REGIONS; r++) {
			const struct vm_map *map = (void *)(s->memory + slot->map[r]);

			if (slot->map[r] && slot->map[r] - slot->memory >= slot->bytes)
				span[n++] = (struct span){slot->map[r], slot->map[r] + map->bytes};
		}
	}
	qsort(span, n, sizeof(*span), by_begin);
	return n;
}

/* The first gap of `bytes`; 0 if there is none. `*most` becomes the largest gap. */
static u32 gap(const struct bpfvm_session *s, u32 bytes, u32 *most)
{
	static const u32 align = VM_MAP_ALIGN - 1;
	struct span span[BPFVM_SLOTS * (VM_REGIONS + 1) + 1];
	u32 n = taken(s, span), at = (s->guests + align) & ~align;

	*most = 0;
	span[n++] = (struct span){BPFVM_MEMORY, BPFVM_MEMORY};
	for (u32 i = 0; i < n; i++) {
		u32 room = span[i].begin > at ? span[i].begin - at : 0;

		if (room >= bytes)
			return at;
		if (room > *most)
			*most = room;
		if (span[i].end > at)
			at = (span[i].end + align) & ~align;
	}
	return 0;
}

int bpfvm_slots__memory(struct bpfvm_session *s, u64 bytes, u32 *at, struct bpfvm_error *err)
{
	u32 most = 0;

	*at = 0;
	do {
		if (bytes <= BPFVM_MEMORY)
			*at = gap(s, (u32)bytes, &most);
	} while (!*at && reclaim(s));
	if (*at)
		return 0;
	return bpfvm_error__set(err, -ENOSPC,
				"smaller maps, or build with a larger BPFVM_MEMORY_BITS",
				"guest: it needs %llu bytes of memory; %u are free in one piece",
				(unsigned long long)bytes, most);
}
