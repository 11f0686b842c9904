/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers that every kind of guest has; the kernel's own ones behind checked arguments. */
#ifndef BPFVM_HELPERS_H
#define BPFVM_HELPERS_H

#include "arguments.h"
#include "memory.h"

/* What the bodies below see of a call. */
#define V(i) call->v[i]
#define P(i) MEMORY(memory, call->at[i])

/* The size of a checked argument, again within the verifier's knowledge: 1 to `most`, a power of
 * two. */
static __always_inline u64 span_size(u64 size, const u64 most)
{
	size--;
	VM_BOUND(size, most - 1);
	return size + 1;
}
#define SIZE(i) span_size(call->size[i], VM_HELPER_SPAN)

static __always_inline u64 to_number(struct vm_call *call, u8 *memory, const _Bool is_signed)
{
	s64 value = 0;
	long n = is_signed ? bpf_strtol((char *)P(0), SIZE(0), V(2), (long *)&value) :
			     bpf_strtoul((char *)P(0), SIZE(0), V(2), (unsigned long *)&value);

	if (n >= 0)
		VM_STORE(s64, P(3), value);
	return n;
}

/* A guest that has run into a lock turns this often before it is trapped. */
#define LOCK_TURNS (1 << 16)

static long try_lock(u32 i, u32 *at)
{
	u8 *memory = memory_map();

	if (!memory || !__sync_val_compare_and_swap((u32 *)MEMORY(memory, *at & ~3u), 0, 1))
		*at = 0;
	return !*at;
}

static __always_inline u32 lock(struct bpfvm_machine *m)
{
	u32 at = m->call.at[0];

	if (m->locked)
		return VM_TRAP_LOCK;
	bpf_loop(LOCK_TURNS, try_lock, &at, 0);
	if (at)
		return VM_TRAP_LOCK;
	m->locked = m->call.at[0];
	m->held = 1;
	return VM_STOP_NONE;
}

static __always_inline u32 unlock(struct bpfvm_machine *m, u8 *memory)
{
	if (!m->locked || m->locked != m->call.at[0])
		return VM_TRAP_LOCK;
	__sync_lock_test_and_set((u32 *)MEMORY(memory, m->locked & ~3u), 0);
	m->locked = 0;
	return VM_STOP_NONE;
}

/* The u32 at the beginning of a value of an array of `type`; 0 if there is none. */
static __noinline u32 map_index(u32 map, u32 type, u64 index)
{
	u8 *memory = memory_map();
	struct vm_map *header;

	if (!memory)
		return 0;
	header = VM_AT(memory, map, struct vm_map);
	if (header->type != type || index >= header->max_entries)
		return 0;
	return *VM_AT(memory, header->values + index * header->row, u32);
}

/* Where the machine's scratch for packet bytes begins. */
static __always_inline u32 scratch(struct bpfvm_machine *m)
{
	return m->memory + VM_STACK_SIZE + BPFVM_CTX_SIZE;
}

/* The interface that a DEVMAP or DEVMAP_HASH has for a key; 0: none. */
static __always_inline u32 map_device(struct bpfvm_machine *m, u8 *memory, u32 map, u32 key)
{
	u32 type = MAP_FIELD(map, type);
	long at;

	if (type != BPF_MAP_TYPE_DEVMAP && type != BPF_MAP_TYPE_DEVMAP_HASH)
		return 0;
	*(u32 *)MEMORY(memory, scratch(m)) = key;
	at = bpfvm_map_lookup(map, scratch(m), 0);
	return at < 0 ? 0 : *(u32 *)MEMORY(memory, MAP_FIELD(map, values) + at);
}

/* Goes on in another program of the guest; without one, behind the call, which returns -ENOENT. */
#define TAILS 33
static __always_inline void tail_call(struct bpfvm_machine *m)
{
	u32 entry = map_index(m->call.map, BPF_MAP_TYPE_PROG_ARRAY, m->call.v[2]);

	if (!entry || m->tails >= TAILS) {
		m->st.reg[0] = -ENOENT;
		return;
	}
	m->tails++;
	m->st.depth = 0;
	vm_frame_open(&m->st, m->row);
	m->st.reg[1] = m->call.v[0];
	m->st.pc = entry - 1;
}

static __always_inline long csum_diff(struct vm_call *call, u8 *memory)
{
	u64 from = call->size[0], to = call->size[2];

	if (from > 512 || to > 512) /* the kernel's limit */
		return -EINVAL;
	VM_BOUND(from, 1023);
	VM_BOUND(to, 1023);
	return bpf_csum_diff((void *)P(0), from, (void *)P(2), to, V(4));
}

/* The key-value store is a map: keys and values in the scratch. */
static __always_inline long kv(struct bpfvm_machine *m, u8 *memory, u32 map, const _Bool fetch)
{
	struct vm_call *call = &m->call;
	u32 key = scratch(m);
	u32 value = key + 8;
	long at;

	if (!map)
		return -ENOENT;
	*(u64 *)MEMORY(memory, key) = V(0);
	if (!fetch) {
		*(u64 *)MEMORY(memory, value) = V(1);
		return bpfvm_map_update(map, key, value, BPF_ANY, m->cpu);
	}
	at = bpfvm_map_lookup(map, key, m->cpu);
	VM_STORE(u64, P(1), at < 0 ? 0 : *(u64 *)MEMORY(memory, MAP_FIELD(map, values) + at));
	return at < 0 ? -ENOENT : 0;
}

/* The guest's address of a value. */
static __always_inline u64 address_of(struct bpfvm_machine *m, long at)
{
	return at < 0 ? 0 : VM_ADDRESS(m->call.region, (u32)at);
}

/* Ends sample `i` of those that the guest has reserved. */
static __always_inline void end_sample(struct bpfvm_machine *m, u32 i, u32 drop)
{
	u32 sample = m->sample[i];

	m->sample[i] = 0;
	bpfvm_ring_commit(map_of(m, sample >> VM_OFFSET_BITS), sample & VM_OFFSET_MASK, drop);
}

/* A guest has few samples reserved at once, so that none is lost when it ends early. */
static __always_inline u64 reserve(struct bpfvm_machine *m)
{
	struct vm_call *call = &m->call;
	long at = V(1) >> 32 ? VM_MAP_NONE : bpfvm_ring_reserve(call->map, V(1), V(2));

	if (at < 0)
		return 0;
	for (u32 i = 0; i < BPFVM_SAMPLES; i++) {
		if (!m->sample[i]) {
			m->held = 1;
			return m->sample[i] = address_of(m, at);
		}
	}
	bpfvm_ring_commit(call->map, at, 1);
	return 0;
}

/*
 * Reserves the record of a perf_event_output: number of the CPU and length, data, room for `extra`
 * bytes of the packet, whose offset is returned. It is the last sample until perf_submit; 0: there
 * is none, and r0 is set.
 */
struct record {
	u32 cpu;
	u32 size;
};

static __always_inline u32 perf_record(struct bpfvm_machine *m, u8 *memory, u32 extra)
{
	struct vm_call *call = &m->call;
	u32 flags = V(2), size = call->size[3], to;
	long at;

	m->perf = -1;
	m->st.reg[0] = -EINVAL;
	if (V(2) >> 52 || extra > VM_HELPER_SPAN || MAP_FIELD(call->map, type) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return 0;
	if (flags != (u32)BPF_F_CURRENT_CPU && flags != m->cpu) {
		m->st.reg[0] = flags < bpfvm_constants.cpus ? -EOPNOTSUPP : -E2BIG;
		return 0;
	}
	m->st.reg[0] = -ENOSPC;
	at = bpfvm_ring_reserve(call->map, sizeof(struct record) + size + extra, 0);
	if (at < 0)
		return 0;
	to = MAP_FIELD(call->map, values) + at;
	*(struct record *)MEMORY(memory, to) = (struct record){m->cpu, size + extra};
	to += sizeof(struct record);
	bpf_probe_read_kernel(MEMORY(memory, to), SIZE(3), P(3));
	m->perf = at;
	m->st.reg[0] = 0;
	return to + size;
}

static __always_inline void perf_submit(struct bpfvm_machine *m)
{
	if (m->perf >= 0)
		bpfvm_ring_commit(m->call.map, m->perf, 0);
}

static __always_inline u32 end(struct bpfvm_machine *m, u64 sample, u32 drop)
{
	for (u32 i = 0; i < BPFVM_SAMPLES; i++) {
		if (sample && m->sample[i] == sample) {
			end_sample(m, i, drop);
			return VM_STOP_NONE;
		}
	}
	return vm_argument_fault(&m->st, sample, 0, VM_READ);
}

/* Helpers of maps; `stop` is VM_TRAP_HELPER if `number` is none of them. */
static __always_inline u64 map_body(struct bpfvm_machine *m, u8 *memory, u32 number, u32 *stop)
{
	struct vm_call *call = &m->call;

	switch (number) {
	case BPF_FUNC_map_lookup_elem:
		return address_of(m, bpfvm_map_lookup(call->map, call->at[1], m->cpu));
	case BPF_FUNC_map_lookup_percpu_elem:
		return V(2) >= bpfvm_constants.cpus ? 0 :
			       address_of(m, bpfvm_map_lookup(call->map, call->at[1], V(2)));
	case BPF_FUNC_map_update_elem:
		return bpfvm_map_update(call->map, call->at[1], call->at[2], V(3), m->cpu);
	case BPF_FUNC_map_delete_elem:
		return bpfvm_map_delete(call->map, call->at[1]);
	case BPF_FUNC_ringbuf_output:
		return bpfvm_ring_output(call->map, call->at[1], call->size[1], V(3));
	case BPF_FUNC_ringbuf_reserve:
		return reserve(m);
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
		*stop = end(m, V(0), number == BPF_FUNC_ringbuf_discard);
		return m->st.reg[0];
	case BPF_FUNC_ringbuf_query:
		return bpfvm_ring_query(call->map, V(1));
	case VM_FUNC_kv_store:
		return kv(m, memory, map_of(m, 0), 0);
	case VM_FUNC_kv_fetch:
		return kv(m, memory, map_of(m, 0), 1);
	case VM_FUNC_kv_store_global:
		return kv(m, memory, bpfvm_constants.global, 0);
	case VM_FUNC_kv_fetch_global:
		return kv(m, memory, bpfvm_constants.global, 1);
	}
	*stop = VM_TRAP_HELPER;
	return 0;
}

static __always_inline u64 plain_body(struct bpfvm_machine *m, u8 *memory, u32 number, u32 *stop)
{
	struct vm_call *call = &m->call;

	switch (number) {
	case BPF_FUNC_ktime_get_ns:
		return bpf_ktime_get_ns();
	case BPF_FUNC_ktime_get_boot_ns:
		return bpf_ktime_get_boot_ns();
	case BPF_FUNC_get_prandom_u32:
		return bpf_get_prandom_u32();
	case BPF_FUNC_get_smp_processor_id:
		return m->cpu;
	case BPF_FUNC_strtol:
		return to_number(call, memory, 1);
	case BPF_FUNC_strtoul:
		return to_number(call, memory, 0);
	case BPF_FUNC_spin_lock:
		*stop = lock(m);
		return 0;
	case BPF_FUNC_spin_unlock:
		*stop = unlock(m, memory);
		return 0;
	}
	*stop = VM_TRAP_HELPER;
	return 0;
}

/* The helpers of maps, apart from the others for the sake of BPF's stack. */
__noinline u32 bpfvm_helper_map(u32 index, u32 number)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u8 *memory = memory_map();
	u32 stop = VM_STOP_NONE;
	u64 r0;

	if (!m || !memory)
		return VM_TRAP_EMPTY;
	r0 = map_body(m, memory, number, &stop);
	if (!stop)
		m->st.reg[0] = r0;
	return stop;
}

/*
 * bpf_map_lookup_elem where all is well: one call in place of five, since it is what most guests do
 * most. Returns 0, or 1 to have it done, and its faults found, in the way of all helpers.
 */
__noinline u32 bpfvm_lookup(u32 index)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u8 *memory = memory_map();
	struct vm_map *header;
	u64 key, n;
	u32 map;

	if (!m || !memory)
		return 1;
	map = map_of(m, m->st.reg[1] - VM_MAP_HANDLE(0));
	key = m->st.reg[2];
	n = key >> VM_OFFSET_BITS;
	if (!map || n == VM_REGION_PACKET || n == VM_REGION_META)
		return 1;
	header = VM_AT(memory, map, struct vm_map);
	if (!header->key_size || !(vm_allowed(m->row, key, header->key_size) & VM_READ))
		return 1;
	VM_BOUND(n, VM_REGIONS - 1);
	m->call.region = header->region;
	m->st.reg[0] = address_of(m, vm_map_lookup(memory, map,
						   m->row[n].base + (key & VM_OFFSET_MASK), m->cpu));
	m->st.pc++;
	return 0;
}

/* A function that for_each_map_elem called has returned: on to the next element. */
__noinline u32 bpfvm_each_next(u32 index)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);

	return m ? vm_each_next(m) : VM_TRAP_EMPTY;
}

/*
 * Serves the helpers that every kind of guest has, its arguments being checked. Returns a trap or
 * VM_STOP_NONE.
 */
__noinline u32 bpfvm_helper_any(u32 index, u32 number)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u8 *memory = memory_map();
	u32 stop = VM_STOP_NONE;
	u64 r0;

	if (!m || !memory)
		return VM_TRAP_HELPER;
	switch (number) { /* these go on elsewhere */
	case BPF_FUNC_tail_call:
		tail_call(m);
		return VM_STOP_NONE;
	case BPF_FUNC_loop:
		return vm_loop(&m->st, m->row, m->call.v);
	case BPF_FUNC_for_each_map_elem:
		return vm_each(m, &m->call);
	}
	r0 = plain_body(m, memory, number, &stop);
	if (!stop)
		m->st.reg[0] = r0;
	return stop;
}

#endif
