/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Garbage for the maps of the in-kernel machine: slots, hooks, points, code, and the maps of a
 * guest, whose memory no guest can reach but a defect could.
 */
#ifndef LIVE_GARBLE_H
#define LIVE_GARBLE_H

#include "live_random.h"
#include "map_layout.h"

#define CHAIN 4 /* rows of bpfvm_hooks that garbage is about */

/* --- slots and hooks --- */

/* A slot's header: often possible, sometimes not; rows with bases and lengths beyond the memory. */
static inline void garble_slot(struct bpfvm_slot *slot)
{
	slot->len = random_near(BPFVM_CODE);
	slot->entry = random_u32() & 1 ? random_u32() % 64 : random_near(BPFVM_CODE);
	slot->version = random_u32();
	slot->regions = random_near(VM_REGIONS);
	slot->arg[0] = random_u32() & 1 ? VM_ADDRESS(random_u32() % VM_REGIONS, 0) : random_u64();
	slot->arg[1] = random_u64();
	for (u32 i = 0; i < VM_REGIONS; i++) {
		slot->row[i].base = random_near(BPFVM_MEMORY);
		slot->row[i].rlen = random_near(VM_OFFSET_MASK + 1);
		slot->row[i].wlen = random_near(VM_OFFSET_MASK + 1);
		slot->row[i].dirty = random_u32();
		slot->map[i] = random_near(BPFVM_MEMORY);
	}
}

/* Runs in a circle are as many as there are rows, so that most get a short budget. */
static inline void garble_hook(struct bpfvm_hook *hook, u32 kind)
{
	u32 most = random_u32() % 64 ? BUDGET / 32 : BUDGET;

	*hook = (struct bpfvm_hook){.ifindex = LIVE_LOOPBACK, .kind = kind,
				    .slot = random_u32() % 8 ? SLOT : random_near(BPFVM_SLOTS),
				    .next = random_u32() & 1 ? random_near(CHAIN) :
							       random_near(BPFVM_HOOKS),
				    .on_trap = random_u32() % 5, .budget = random_near(most),
				    .context = random_u32() & 1};
	if (hook->budget > 2 * most)
		hook->budget = random_u32() % 500 ? most : random_u64();
}

/* Where the kernel looks for the guests of the loopback interface. */
static inline void garble_points(struct live *l, u32 kind)
{
	for (u32 i = 0; i < BPFVM_PROBES; i++) {
		u32 at = (BPFVM_POINT(LIVE_LOOPBACK, kind) + i) % BPFVM_POINTS;

		l->s->point[at] = (struct bpfvm_point){
			.ifindex = random_u32() & 1 ? LIVE_LOOPBACK : random_u32(),
			.kind = random_u32() & 3 ? kind : random_u32(),
			.first = random_near(CHAIN), .mode = random_u32()};
	}
}

/* Guests of the loopback interface in any order, again and again perhaps; most packets find one. */
static inline void garble_hooks(struct live *l, u32 kind)
{
	u32 first = BPFVM_POINT(LIVE_LOOPBACK, kind);

	garble_points(l, kind);
	if (random_u32() & 3)
		l->s->point[first] = (struct bpfvm_point){LIVE_LOOPBACK, kind,
							  1 + random_u32() % CHAIN, 0};
	for (u32 i = 0; i < CHAIN; i++)
		garble_hook(&l->s->hook[i], kind);
}

/* --- maps of a guest: regions MAPS and up of the slot --- */

static const u32 map_types[] = {
	VM_MAP_HASH, VM_MAP_ARRAY, VM_MAP_PROG_ARRAY, VM_MAP_PERF_EVENT_ARRAY, VM_MAP_PERCPU_HASH,
	VM_MAP_PERCPU_ARRAY, VM_MAP_LRU_HASH, VM_MAP_LRU_PERCPU_HASH, VM_MAP_LPM_TRIE,
	VM_MAP_DEVMAP, VM_MAP_CPUMAP, VM_MAP_DEVMAP_HASH, VM_MAP_RINGBUF,
};
#define MAP_COUNT (sizeof(map_types) / sizeof(*map_types))
#define MAPS (VM_REGION_FREE + 1)

static inline struct vm_map_decl map_declaration(const struct live *l, u32 i)
{
	struct vm_map_decl d = {.type = map_types[i], .key_size = 8, .value_size = 8,
				.max_entries = 16, .cpus = l->s->cpus, .region = MAPS + i,
				.seed = random_u64()};
	u32 traits = vm_map_traits(d.type);

	if (traits & VM_MAP_RING) {
		d.key_size = d.value_size = 4;
		d.max_entries = 256;
	}
	if (d.type == VM_MAP_RINGBUF)
		d.key_size = d.value_size = 0;
	if (traits & VM_MAP_INDEXED)
		d.key_size = 4;
	return d;
}

/* A map of each type, empty, for the guest of slot SLOT; `at` becomes where they lie. */
static inline void make_maps(struct live *l, u32 at[MAP_COUNT])
{
	struct bpfvm_slot *slot = &l->s->slot[SLOT];

	for (u32 i = 0; i < MAP_COUNT; i++) {
		struct vm_map_decl d = map_declaration(l, i);
		const struct vm_map *map;

		if (!at[i])
			at[i] = live_alloc(l, (u32)vm_map_bytes(&d));
		assert_true(vm_map_init(l->s->memory, at[i], &d) > 0);
		map = (const struct vm_map *)(l->s->memory + at[i]);
		slot->map[MAPS + i] = at[i];
		live_row(slot, MAPS + i, map->values, map->values_bytes);
	}
}

/* One map gets worse: a field of its header, a few bytes of what is behind it, or its offset. */
static inline void garble_map(struct live *l, const u32 at[MAP_COUNT])
{
	u32 i = random_u32() % MAP_COUNT;
	struct vm_map_decl d = map_declaration(l, i);
	u32 *header = (u32 *)(l->s->memory + at[i]), size = (u32)vm_map_bytes(&d);
	u32 field = random_u32() % (u32)(sizeof(struct vm_map) / 4);

	switch (random_u32() % 4) {
	case 0:
		((volatile u32 *)header)[field] = random_near(random_u32() & 1 ? 16 : BPFVM_MEMORY);
		break;
	case 1:
		l->s->slot[SLOT].map[MAPS + i] = random_u32() & 1 ? at[random_u32() % MAP_COUNT] :
								    random_near(BPFVM_MEMORY);
		break;
	default:
		fill((u8 *)header + sizeof(struct vm_map) +
			     random_u32() % (size - (u32)sizeof(struct vm_map) - 8),
		     1 + random_u32() % 8);
	}
}

/* --- code --- */

static const u32 helper_args[VM_HELPERS] = {
#define HELPER(number, name, where, t1, t2, t3, t4, t5)                                            \
	[number] = VM_ARGS(where, t1, t2, t3, t4, t5),
#include "helpers.def"
};

/* One that all guests have, mostly. */
static inline u32 random_helper(void)
{
	u32 n, where = random_u32() % 8 ? VM_WHERE_PLAIN : VM_WHERE_HOOK;

	do {
		n = random_u32() % VM_HELPERS;
	} while (!(VM_ARG_WHERE(helper_args[n]) & where));
	return n;
}

/* What a helper may take for an argument of a kind, or what it may not. */
static inline u32 random_argument(u32 kind)
{
	static const u8 regions[] = {VM_REGION_STACK, VM_REGION_STACK, VM_REGION_PACKET,
				     VM_REGION_CTX, VM_REGION_META, VM_REGION_DATA, MAPS};
	u32 region = regions[random_u32() % sizeof(regions)];

	switch (random_u32() % 64 ? kind : random_u32() % 16) {
	case VM_ARG_VALUE:
		return random_u32() % 16 ? random_u32() % 32 : random_u32();
	case VM_ARG_CTX:
		return VM_ADDRESS(VM_REGION_CTX, 0);
	case VM_ARG_MAP:
		return VM_MAP_HANDLE(MAPS + random_u32() % MAP_COUNT);
	case VM_ARG_FUNC:
		return VM_CODE_BASE + random_u32() % 64 * 8;
	}
	return VM_ADDRESS(region == MAPS ? MAPS + random_u32() % MAP_COUNT : region,
			  random_u32() % 64 * 8);
}

/* Calls of a few helpers with such arguments, writes to what they return, and an end. */
static inline void put_calls(struct vm_insn *code)
{
	for (u32 n = 1 + random_u32() % 6; n; n--, code += 8) {
		u32 number = random_helper();
		bool found = number == BPF_FUNC_map_lookup_elem ||
			     number == BPF_FUNC_map_lookup_percpu_elem ||
			     number == BPF_FUNC_ringbuf_reserve || random_u32() % 64 == 0;

		for (u32 i = 0; i < 5; i++)
			code[i] = (struct vm_insn){BPF_ALU | BPF_MOV | BPF_K, (u8)(i + 1), 0,
				(s32)random_argument(VM_ARG_KIND(helper_args[number], i))};
		code[5] = (struct vm_insn){BPF_JMP | BPF_CALL, 0, 0, (s32)number};
		code[6] = (struct vm_insn){BPF_JMP | BPF_JEQ | BPF_K, 0, found ? 1 : 0, 0};
		code[7] = found ? (struct vm_insn){BPF_STX | BPF_MEM | BPF_DW, 0x10, 0, 0} :
				  (struct vm_insn){BPF_ALU64 | BPF_MOV | BPF_K, 6, 0, 0};
	}
	code[0] = (struct vm_insn){BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, (s32)(random_u32() % 5)};
	code[1] = (struct vm_insn){BPF_JMP | BPF_EXIT, 0, 0, 0};
}

/* Where it is likely to be entered: random bytes, instructions, or calls, which get further. */
static inline void garble_code(struct vm_insn *code)
{
	u32 len = 64;

	switch (random_u32() % 4) {
	case 0:
		fill(code, len * sizeof(*code));
		return;
	case 1:
		put_calls(code);
		return;
	}
	while (len--)
		code[len] = random_insn();
}

#endif
