/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Helper calls on the host cores, and the bodies of those that are about the run itself: clocks,
 * locks, calls of the guest.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "host.h"

static u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

HOST_BODY(ktime_get_ns)
{
	return clock_ns(CLOCK_MONOTONIC);
}

HOST_BODY(ktime_get_boot_ns)
{
	return clock_ns(CLOCK_BOOTTIME);
}

HOST_BODY(get_prandom_u32)
{
	u32 value = 0;

	return getrandom(&value, sizeof(value), 0) == sizeof(value) ? value : 0;
}

HOST_BODY(ktime_get_coarse_ns)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE);
}

HOST_BODY(get_smp_processor_id)
{
	return HOST_CPU;
}

/* Nobody else runs here: a lock that is not free stays so. */
HOST_BODY(spin_lock)
{
	if (h->locked || VM_LOAD(u32, call->at[0])) {
		h->trap = VM_TRAP_LOCK;
		return 0;
	}
	h->locked = call->at[0];
	VM_STORE(u32, h->locked, 1);
	return 0;
}

HOST_BODY(spin_unlock)
{
	if (!h->locked || h->locked != call->at[0]) {
		h->trap = VM_TRAP_LOCK;
		return 0;
	}
	VM_STORE(u32, h->locked, 0);
	h->locked = NULL;
	return 0;
}

/* Goes on in another program of the guest; without one, behind the call. */
HOST_BODY(tail_call)
{
	const struct vm_map *m = host_map(h, call->map);
	u32 index = (u32)call->v[2], entry = 0;

	if (m->type == VM_MAP_PROG_ARRAY && index < m->max_entries)
		entry = VM_LOAD(u32, h->arena + m->values + (u64)index * m->row);
	if (!entry || h->tails >= HOST_TAILS)
		return HOST_ERROR(ENOENT);
	h->tails++;
	h->vm.st.depth = 0;
	vm_frame_open(&h->vm.st, h->vm.row);
	h->vm.st.reg[1] = call->v[0];
	h->vm.st.pc = entry - 1;
	return h->vm.st.reg[0];
}

/* --- the call ---------------------------------------------------------------------------------- */

#define VM_MACHINE struct vm
#define VM_SPAN(addr, size, access, i) span(m, call, addr, size, access, i)
#define VM_MAP_AT(region) map_at(m, region)
#define MAP_OF(map) host_map(m->user, map)
#define VM_KEY_OF(map) MAP_OF(map)->key_size
#define VM_VALUE_OF(map) MAP_OF(map)->value_size
#define VM_MAP_TRAITS(map) MAP_OF(map)->traits
#define VM_MAP_WALK(map, elem, key)                                                                \
	vm_map_walk(((struct host_core *)m->user)->arena, map, elem, key)
#define VM_MAP_VALUE(map, elem) vm_map_value(MAP_OF(map), elem, HOST_CPU)

/* A copy of packet bytes: a helper that writes to one argument does not change the other. */
static void copy_in(struct host_core *h, struct vm_call *call, u8 *from, u32 access, u32 i)
{
	call->at[i] = h->scratch[h->copies != 0];
	memcpy(call->at[i], from, call->size[i]);
	h->copies |= access & VM_WRITE ? 0x101u << i : 1u << i;
}

static void copy_out(struct host_core *h, const struct vm_call *call)
{
	for (u32 i = 0; i < 5; i++) {
		u32 o = call->v[i] & VM_OFFSET_MASK;

		if (h->copies & 0x100u << i && o + call->size[i] <= h->packet.len)
			memcpy(host_data(h) + o, call->at[i], call->size[i]);
	}
	h->copies = 0;
}

static u32 span(struct vm *vm, struct vm_call *call, u64 addr, u32 size, u32 access, u32 i)
{
	u8 *p = vm_at(vm, addr, size, access);

	if (!p)
		return vm_argument_fault(&vm->st, addr, size, access);
	call->at[i] = p;
	if (addr >> VM_OFFSET_BITS == VM_REGION_PACKET)
		copy_in(vm->user, call, p, access, i);
	return VM_STOP_NONE;
}

static u32 map_at(const struct vm *vm, u32 region)
{
	const struct host_core *h = vm->user;

	return region < VM_REGIONS ? h->map[region] : 0;
}

#include "helper_args.h"
#include "helper_turns.h"

HOST_BODY(loop)
{
	h->trap = vm_loop(&h->vm.st, h->vm.row, call->v);
	return h->vm.st.reg[0];
}

HOST_BODY(for_each_map_elem)
{
	h->trap = vm_each(&h->vm, call);
	return h->vm.st.reg[0];
}

static const struct {
	u32 args; /* VM_ARGS */
	host_body *body;
} helpers[VM_HELPERS] = {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	[number] = {VM_ARGS(where, a1, a2, a3, a4, a5), host_##name},
#include "helpers.def"
};

/* What a run without a packet is, whatever its section says. */
static u32 where_of(const struct host_core *h)
{
	return !h->given ? VM_WHERE_PLAIN : host_is_tc(h) ? VM_WHERE_TC : VM_WHERE_XDP;
}

u32 bpfvm_host_helper(struct vm *vm, u32 number)
{
	struct host_core *h = vm->user;
	u64 *reg = vm->st.reg, r0;
	struct vm_call call = {.v = {reg[1], reg[2], reg[3], reg[4], reg[5]}};
	u32 args = number < VM_HELPERS ? helpers[number].args : 0, trap = VM_STOP_NONE;
	bool skb = where_of(h) == VM_WHERE_TC && VM_ARG_KIND(args, 0) == VM_ARG_CTX;

	if (number == VM_EACH && vm_each_goes_on(&vm->st))
		return vm_each_next(vm);
	if (!(VM_ARG_WHERE(args) & where_of(h)))
		return VM_TRAP_HELPER;
	h->copies = 0;
	for (u32 i = 0; i < 5 && !trap; i++)
		trap = vm_argument(vm, &call, i, VM_ARG_KIND(args, i));
	if (trap)
		return trap;
	if (skb)
		bpfvm_host_packet__store(h);
	h->trap = VM_STOP_NONE;
	r0 = helpers[number].body(h, &call);
	if (h->copies)
		copy_out(h, &call);
	if (skb)
		bpfvm_host_packet__show(h);
	if (!h->trap)
		reg[0] = r0;
	return h->trap;
}
