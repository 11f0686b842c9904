/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The check of a helper's arguments against the ACL: one text for every build. The includer defines
 *   VM_MACHINE		type of the machine: something with `st` and `row`
 *   VM_SPAN(addr, size, access, i)	puts the place of checked memory into call->at[i]; returns
 *			a trap or VM_STOP_NONE; `m` and `call` are those of vm_argument
 *   VM_MAP_AT(region)	offset of the struct vm_map behind a map's number, or 0; any u32 will do
 *   VM_KEY_OF(map), VM_VALUE_OF(map)	bytes of its keys and values
 */
#ifndef BPFVM_HELPER_ARGS_H
#define BPFVM_HELPER_ARGS_H

#include "helper_call.h"

/*
 * Whether packet bytes may be this argument. A kernel copies them for its helpers, two of them at
 * most; no helper has more but snprintf, whose format string never is in a packet.
 */
static inline _Bool vm_argument_packet(u32 kind, u64 size)
{
	return size <= VM_PACKET_SPAN && kind != VM_ARG_TEXT && kind != VM_ARG_LOCK;
}

/* How many bytes argument i spans; 0: the memory is not as it has to be. */
static inline u64 vm_argument_size(VM_MACHINE *m, const struct vm_call *call, u32 i, u32 kind)
{
	u64 addr = call->v[i];
	u32 next = i < 4 ? i + 1 : 4, rest;

	switch (kind) {
	case VM_ARG_KEY:
		return VM_KEY_OF(call->map);
	case VM_ARG_ELEM:
		return VM_VALUE_OF(call->map);
	case VM_ARG_WRITE8:
		return 8;
	case VM_ARG_LOCK:
		return addr & 3 ? 0 : 4;
	case VM_ARG_TEXT:
		rest = vm_readable(m->row, addr);
		return rest < VM_TEXT_MAX ? rest : VM_TEXT_MAX;
	}
	return call->v[next];
}

static inline u32 vm_argument_memory(VM_MACHINE *m, struct vm_call *call, u32 i, u32 kind,
				     u32 access)
{
	u64 addr = call->v[i], size = vm_argument_size(m, call, i, kind);
	u64 n = addr >> VM_OFFSET_BITS;

	call->at[i] = 0;
	call->size[i] = (u32)size;
	if (!size && (kind == VM_ARG_READ0 || kind == VM_ARG_WRITE0))
		return VM_STOP_NONE;
	if (!size || size > VM_HELPER_SPAN || n == VM_REGION_META ||
	    (n == VM_REGION_PACKET && !vm_argument_packet(kind, size)) ||
	    (vm_allowed(m->row, addr, (u32)size) & access) != access)
		return vm_argument_fault(&m->st, addr, size, access);
	VM_BOUND(n, VM_REGIONS - 1);
	if (access & VM_WRITE)
		m->row[n].dirty = 1;
	return VM_SPAN(addr, (u32)size, access, i);
}

/*
 * Checks argument i, 0 to 4, of a kind (enum vm_arg) and says in `call` what is behind it, call->v
 * being the registers. The arguments before it have been checked. Returns a trap or VM_STOP_NONE.
 */
static inline u32 vm_argument(VM_MACHINE *m, struct vm_call *call, u32 i, u32 kind)
{
	u32 access = vm_argument_access(kind);
	u64 addr;
	_Bool fine = 1;

	if (i > 4)
		return VM_TRAP_ARGUMENT;
	VM_BOUND(i, 7);
	if (access)
		return vm_argument_memory(m, call, i, kind, access);
	addr = call->v[i];
	switch (kind) {
	case VM_ARG_CTX:
		fine = addr == VM_ADDRESS(VM_REGION_CTX, 0);
		break;
	case VM_ARG_MAP:
		call->region = addr & 0xff;
		call->map = addr == VM_MAP_HANDLE(call->region) ? VM_MAP_AT(call->region) : 0;
		fine = call->map != 0;
		break;
	case VM_ARG_FUNC:
		fine = addr >> VM_OFFSET_BITS == VM_REGION_CODE && !(addr & 7);
		break;
	}
	return fine ? VM_STOP_NONE : vm_argument_fault(&m->st, addr, 0, VM_READ);
}

#endif
