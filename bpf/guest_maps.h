/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of guests in the kernel: the words of map.h under the verifier, and one global function
 * per operation, which the verifier therefore walks once per program. Maps, keys, values and data
 * are offsets into the memory map.
 */
#ifndef BPFVM_GUEST_MAPS_H
#define BPFVM_GUEST_MAPS_H

#include "maps.h"

typedef u32 vm_from_t;
typedef u32 vm_to_t;

/* At a multiple of the size or of 8, which suits atomics; the memory has a slack behind it. */
#define VM_AT(mem, off, type)                                                                      \
	({                                                                                         \
		u64 off_ = (u32)(off);                                                             \
		VM_BOUND(off_, BPFVM_MEMORY - (sizeof(type) < 8 ? sizeof(type) : 8));              \
		(type *)((mem) + off_);                                                            \
	})
#define VM_TO(mem, place, at)                                                                      \
	({                                                                                         \
		u64 place_ = (u32)((place) + (at));                                                \
		VM_BOUND(place_, BPFVM_MEMORY - 1);                                                \
		(mem) + place_;                                                                    \
	})
#define VM_FROM VM_TO
#define VM_GET(p, at, n) ((void)(n), *(const u64 *)((p) + (at)))
#define VM_PUT(p, at, n, v)                                                                        \
	({                                                                                         \
		u64 *put_ = (u64 *)((p) + (at)), v_ = (v);                                         \
		u32 n_ = (n);                                                                      \
		if (n_ < 8)                                                                        \
			v_ ^= (v_ ^ *put_) & ~VM_LEADING(n_ * 8);                                  \
		*put_ = v_;                                                                        \
	})
#define VM_FORGET(map, v) ((v) + VM_PEEK(&(map)->zero))
#define VM_REPEAT(n, turn, state) bpf_loop(n, turn, state, 0)
#define VM_OWNER() (bpf_get_smp_processor_id() + 1)
#define VM_SPINS (1u << 16)
#define VM_UNROLL _Pragma("unroll")
#define VM_INLINE static __always_inline

/* BPF has plain and fully ordered accesses; readers follow addresses, which every CPU orders. */
#define VM_PEEK(p) (*(volatile __typeof__(*(p)) *)(p))
#define VM_POKE(p, v) ((void)(VM_PEEK(p) = (v)))
#define VM_ATOMIC_GET(p) VM_PEEK(p)
#define VM_ATOMIC_PUT(p, v) ((void)__sync_lock_test_and_set(p, v))
#define VM_ATOMIC_ADD(p, v) __sync_fetch_and_add(p, v)
#define VM_ATOMIC_CAS(p, old, new) __sync_val_compare_and_swap(p, old, new)

/* What would be walked again and again within what calls it. */
long bpfvm_copy(u32 to, u32 from, u32 size, u32 zero);
u32 bpfvm_evict(u32 map, u32 own);
long bpfvm_map_walk(u32 map, u32 elem, u32 key);
#define VM_COPY(mem, to, from, size) bpfvm_copy(to, from, size, 0)
#define VM_ZERO(mem, to, size) bpfvm_copy(to, 0, size, 1)
#define VM_EVICT(mem, map_at, own) bpfvm_evict(map_at, own)
#define VM_WALK(mem, map_at, elem, key) bpfvm_map_walk(map_at, elem, key)

#include "map.h"

#define MEMORY_OR(nothing)                                                                         \
	({                                                                                         \
		u8 *memory_ = (u8 *)ELEMENT(bpfvm_memory, 0);                                      \
		if (!memory_)                                                                      \
			return nothing;                                                            \
		memory_;                                                                           \
	})

__noinline long bpfvm_copy(u32 to, u32 from, u32 size, u32 zero)
{
	vm_copy(MEMORY_OR(0), to, from, size, zero);
	return 0;
}

__noinline u32 bpfvm_evict(u32 map, u32 own)
{
	return vm_elem_evict(MEMORY_OR(VM_NO_ELEM), map, own);
}

/* The results are those of the function of map.h. */
__noinline long bpfvm_map_lookup(u32 map, u32 key, u32 cpu)
{
	return vm_map_lookup(MEMORY_OR(VM_MAP_NONE), map, key, cpu);
}

__noinline long bpfvm_map_update(u32 map, u32 key, u32 value, u64 flags, u32 cpu)
{
	return vm_map_update(MEMORY_OR(-VM_EINVAL), map, key, value, flags, cpu);
}

__noinline long bpfvm_map_delete(u32 map, u32 key)
{
	return vm_map_delete(MEMORY_OR(-VM_EINVAL), map, key);
}

__noinline long bpfvm_map_walk(u32 map, u32 elem, u32 key)
{
	return vm_map_walk(MEMORY_OR(-VM_EINVAL), map, elem, key);
}

/* `first`: there is no key before. */
__noinline long bpfvm_map_next(u32 map, u32 key, u32 first, u32 next)
{
	return vm_map_next(MEMORY_OR(-VM_EINVAL), map, key, first, next);
}

__noinline long bpfvm_ring_reserve(u32 map, u32 size, u64 flags)
{
	return vm_ring_reserve(MEMORY_OR(VM_MAP_NONE), map, size, flags);
}

__noinline long bpfvm_ring_commit(u32 map, u32 sample, u32 drop)
{
	return vm_ring_commit(MEMORY_OR(-VM_EINVAL), map, sample, drop);
}

__noinline long bpfvm_ring_output(u32 map, u32 data, u32 size, u64 flags)
{
	return vm_ring_output(MEMORY_OR(-VM_EINVAL), map, data, size, flags);
}

__noinline u64 bpfvm_ring_query(u32 map, u64 what)
{
	return vm_ring_query(MEMORY_OR(0), map, what);
}

#endif
