/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The helpers of guests on the host that work on maps: include/map.h on the core's arena. */
#include <string.h>

#include "host.h"

/* The guest's address of a value of the MAP argument, or 0. */
static u64 address_of(const struct vm_call *call, long value)
{
	return value < 0 ? 0 : VM_ADDRESS(call->region, (u32)value);
}

HOST_BODY(map_lookup_elem)
{
	return address_of(call, vm_map_lookup(h->arena, call->map, call->at[1], HOST_CPU));
}

HOST_BODY(map_lookup_percpu_elem)
{
	return call->v[2] == HOST_CPU ? host_map_lookup_elem(h, call) : 0;
}

HOST_BODY(map_update_elem)
{
	return (u64)vm_map_update(h->arena, call->map, call->at[1], call->at[2], call->v[3],
				  HOST_CPU);
}

HOST_BODY(map_delete_elem)
{
	return (u64)vm_map_delete(h->arena, call->map, call->at[1]);
}

/* --- rings --- */

HOST_BODY(ringbuf_output)
{
	return (u64)vm_ring_output(h->arena, call->map, call->at[1], call->size[1], call->v[3]);
}

/* A guest has few samples reserved at once, so that none is lost when it ends early. */
HOST_BODY(ringbuf_reserve)
{
	long at = call->v[1] >> 32 ?
			  VM_MAP_NONE :
			  vm_ring_reserve(h->arena, call->map, (u32)call->v[1], call->v[2]);

	for (u32 i = 0; i < BPFVM_SAMPLES && at >= 0; i++) {
		if (!h->sample[i])
			return h->sample[i] = (u32)address_of(call, at);
	}
	if (at >= 0)
		vm_ring_commit(h->arena, call->map, (u32)at, 1);
	return 0;
}

static void end_sample(struct host_core *h, u32 i, bool drop)
{
	u32 sample = h->sample[i];

	h->sample[i] = 0;
	vm_ring_commit(h->arena, h->map[sample >> VM_OFFSET_BITS], sample & VM_OFFSET_MASK, drop);
}

static u64 end(struct host_core *h, u64 sample, bool drop)
{
	for (u32 i = 0; i < BPFVM_SAMPLES; i++) {
		if (sample && h->sample[i] == sample) {
			end_sample(h, i, drop);
			return h->vm.st.reg[0];
		}
	}
	return host_refuse(h, sample);
}

HOST_BODY(ringbuf_submit)
{
	return end(h, call->v[0], false);
}

HOST_BODY(ringbuf_discard)
{
	return end(h, call->v[0], true);
}

HOST_BODY(ringbuf_query)
{
	return vm_ring_query(h->arena, call->map, call->v[1]);
}

/* A record is the number of the CPU, the length, the data, and bytes of the packet. */
HOST_BODY(perf_event_output)
{
	u32 size = call->size[3], extra = call->v[2] >> 32 & 0xfffff, cpu = (u32)call->v[2];
	u32 record[2] = {HOST_CPU, size + extra};
	const struct vm_map *m = host_map(h, call->map);
	long at;
	u8 *to;

	if (call->v[2] >> 52 || m->type != VM_MAP_PERF_EVENT_ARRAY)
		return HOST_ERROR(EINVAL);
	if (extra > h->packet.len || extra > VM_HELPER_SPAN)
		return HOST_ERROR(EFAULT);
	if (cpu != (u32)BPF_F_CURRENT_CPU && cpu != HOST_CPU)
		return HOST_ERROR(E2BIG);
	at = vm_ring_reserve(h->arena, call->map, (u32)sizeof(record) + size + extra, 0);
	if (at < 0)
		return HOST_ERROR(ENOSPC);
	to = h->arena + m->values + at;
	memcpy(to, record, sizeof(record));
	memmove(to + sizeof(record), call->at[3], size);
	memcpy(to + sizeof(record) + size, host_data(h), extra);
	vm_ring_commit(h->arena, call->map, (u32)at, 0);
	return 0;
}

void bpfvm_host_let_go(struct host_core *h)
{
	if (h->locked)
		VM_STORE(u32, h->locked, 0);
	h->locked = NULL;
	for (u32 i = 0; i < BPFVM_SAMPLES; i++)
		if (h->sample[i])
			end_sample(h, i, true);
}

/* --- key-value stores --- */

static u64 fetch(u8 *memory, u32 map, const struct vm_call *call)
{
	long at = vm_map_lookup(memory, map, (void *)&call->v[0], HOST_CPU);
	u64 value = 0;

	if (at >= 0)
		memcpy(&value, memory + ((struct vm_map *)(void *)(memory + map))->values + at, 8);
	VM_STORE(u64, call->at[1], value);
	return at < 0 ? HOST_ERROR(ENOENT) : 0;
}

static u64 keep(u8 *memory, u32 map, const struct vm_call *call)
{
	return (u64)vm_map_update(memory, map, (void *)&call->v[0], (void *)&call->v[1], 0,
				  HOST_CPU);
}

HOST_BODY(kv_store)
{
	return keep(h->arena, h->map[0], call);
}

HOST_BODY(kv_fetch)
{
	return fetch(h->arena, h->map[0], call);
}

HOST_BODY(kv_store_global)
{
	u32 map;
	u8 *memory = bpfvm_host_store(&map);

	return memory ? keep(memory, map, call) : HOST_ERROR(ENOMEM);
}

HOST_BODY(kv_fetch_global)
{
	u32 map;
	u8 *memory = bpfvm_host_store(&map);

	return memory ? fetch(memory, map, call) : HOST_ERROR(ENOMEM);
}
