/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of a helper call, checked against the ACL and turned into offsets of the memory. */
#ifndef BPFVM_ARGUMENTS_H
#define BPFVM_ARGUMENTS_H

#include "constants.h"
#include "guest_maps.h"

/*
 * The place of allowed memory. Helpers of the kernel take no packet pointers of unknown range:
 * bytes of the packet are copied into the machine's scratch, which has room for two such arguments;
 * see copy_in and copy_out.
 */
static __always_inline u32 place(struct bpfvm_machine *m, u64 addr, u32 size, u32 access, u32 i)
{
	struct vm_call *call = &m->call;
	u64 n = addr >> VM_OFFSET_BITS;
	u32 second = (call->copies & 0x1f) != 0;

	if (n == VM_REGION_META)
		return vm_argument_fault(&m->st, addr, size, access);
	if (n == VM_REGION_PACKET) {
		if (size > BPFVM_SCRATCH || call->copies >> 16)
			return vm_argument_fault(&m->st, addr, size, access);
		call->at[i] = m->memory + VM_STACK_SIZE + BPFVM_CTX_SIZE + second * BPFVM_SCRATCH;
		call->copies |= 1u << i | (access & VM_WRITE ? 0x100u << i : 0) | second << 16;
		return VM_STOP_NONE;
	}
	VM_BOUND(n, VM_REGIONS - 1);
	call->at[i] = m->row[n].base + (addr & VM_OFFSET_MASK);
	return VM_STOP_NONE;
}

/* Offset of the struct vm_map that the guest knows by `region`, or 0. */
static __always_inline u32 map_of(struct bpfvm_machine *m, u64 region)
{
	struct bpfvm_slot *slot = ELEMENT(bpfvm_slots, m->slot);

	if (!slot || region >= VM_REGIONS)
		return 0;
	VM_BOUND(region, VM_REGIONS - 1);
	return slot->map[region];
}

/* A field of the header of a map. */
#define MAP_FIELD(map, field)                                                                      \
	({                                                                                         \
		u8 *memory_ = memory_map();                                                        \
		memory_ ? VM_AT(memory_, map, struct vm_map)->field : 0;                           \
	})

#define VM_MACHINE struct bpfvm_machine
#define VM_SPAN(addr, size, access, i) place(m, addr, size, access, i)
#define VM_MAP_AT(region) map_of(m, region)
#define VM_KEY_OF(map) MAP_FIELD(map, key_size)
#define VM_VALUE_OF(map) MAP_FIELD(map, value_size)
#include "helper_args.h"

#define VM_MAP_TRAITS(map) MAP_FIELD(map, traits)
#define VM_MAP_WALK(map, elem, key) bpfvm_map_walk(map, elem, key)
#define VM_MAP_VALUE(map, elem) value_of(map, elem, m->cpu)

static __always_inline long value_of(u32 map, u32 elem, u32 cpu)
{
	u8 *memory = memory_map();

	return memory ? vm_map_value(VM_AT(memory, map, struct vm_map), elem, cpu) : 0;
}

#include "helper_turns.h"

static __always_inline u32 argument(struct bpfvm_machine *m, u32 i, u32 kind)
{
	return vm_argument(m, &m->call, i, kind);
}

/* Checks the arguments of a call of helper `number` by a guest of kind `where`; a trap or 0. */
__noinline u32 bpfvm_arguments(u32 index, u32 number, u32 where)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u32 args, stop;

	if (!m || number >= VM_HELPERS)
		return VM_TRAP_HELPER;
	args = bpfvm_constants.args[number & (VM_HELPERS - 1)];
	if (!(VM_ARG_WHERE(args) & where))
		return VM_TRAP_HELPER;
	m->call.copies = m->call.map = 0;
	for (u32 i = 0; i < 5; i++)
		m->call.v[i] = m->st.reg[1 + i];
	for (u32 i = 0; i < 5; i++) {
		u32 kind = VM_ARG_KIND(args, i);

		if (kind)
			stop = argument(m, i, kind);
		if (kind && stop)
			return stop;
	}
	return VM_STOP_NONE;
}

#endif
