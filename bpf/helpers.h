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
	u32 key = m->memory + VM_STACK_SIZE + BPFVM_CTX_SIZE;
	u32 value = key + 8, at;

	if (!map)
		return -ENOENT;
	*(u64 *)MEMORY(memory, key) = V(0);
	if (!fetch) {
		*(u64 *)MEMORY(memory, value) = V(1);
		return bpfvm_map_update(map, key, value, m->cpu, BPF_ANY);
	}
	at = bpfvm_map_lookup(map, key, m->cpu);
	VM_STORE(u64, P(1), at == VM_MAP_NONE ? 0 : *(u64 *)map_value(memory, map, at));
	return at == VM_MAP_NONE ? -ENOENT : 0;
}

static __always_inline u64 address_of(struct bpfvm_machine *m, u32 at)
{
	return at == VM_MAP_NONE ? 0 : VM_ADDRESS(m->call.region, at);
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
		return bpfvm_map_update(call->map, call->at[1], call->at[2], m->cpu, V(3));
	case BPF_FUNC_map_delete_elem:
		return bpfvm_map_delete(call->map, call->at[1], m->cpu);
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
	if (number == BPF_FUNC_tail_call) {
		tail_call(m);
		return VM_STOP_NONE;
	}
	r0 = map_body(m, memory, number, &stop);
	if (stop) {
		stop = VM_STOP_NONE;
		r0 = plain_body(m, memory, number, &stop);
	}
	if (!stop)
		m->st.reg[0] = r0;
	return stop;
}

#endif
