/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words that a build may define before it includes map.h, and what they mean where it does not:
 * a hosted or bare-metal C11 compiler, the memory being an array of bytes, aligned to 8.
 */
#ifndef BPFVM_MAP_PORT_H
#define BPFVM_MAP_PORT_H

#include "types.h"

/* VM_AT: what lies at offset `off` of the memory; a build may cut the offset to what there is. */
#ifndef VM_AT
#define VM_AT(mem, off, type) ((type *)(void *)((mem) + (off)))
#endif

/*
 * Where keys and values of the caller lie, to be read or written: pointers, in the kernel build
 * offsets into the memory. VM_FROM and VM_TO give the address of what is `at` bytes behind that.
 */
#ifndef VM_FROM
typedef const u8 *vm_from_t;
typedef u8 *vm_to_t;
#define VM_FROM(mem, from, at) ((from) + (at))
#define VM_TO(mem, to, at) ((to) + (at))
#endif

/*
 * VM_GET and VM_PUT move the first `n` bytes, 1 to 8, of a word at such an address; what VM_GET has
 * for the other bytes may be anything. gcc does not know that a short key has no later words, so it
 * must not see what `p` points to.
 */
#ifndef VM_GET
static inline u64 vm_get_bytes(const u8 *p, u32 at, u32 n)
{
	u64 v = 0;

	__asm__("" : "+r"(p));
	__builtin_memcpy(&v, p + at, n);
	return v;
}

static inline void vm_put_bytes(u8 *p, u32 at, u32 n, u64 v)
{
	__asm__("" : "+r"(p));
	__builtin_memcpy(p + at, &v, n);
}
#define VM_GET(p, at, n) vm_get_bytes(p, at, n)
#define VM_PUT(p, at, n, v) vm_put_bytes(p, at, n, v)
#endif

/* VM_BOUND: cuts an index, of 64 bits, to what it cannot exceed, for the verifier. */
#ifndef VM_BOUND
#define VM_BOUND(index, mask) ((void)0)
#endif

/* VM_FORGET: the number as it is, but the verifier forgets what it has learned of it. */
#ifndef VM_FORGET
#define VM_FORGET(map, v) (v)
#endif

/* VM_UNROLL: before a loop over the words of a key or value, where the verifier wants it flat. */
#ifndef VM_UNROLL
#define VM_UNROLL
#endif

/* VM_REPEAT: calls turn(i, state) for i from 0 to below n, until it returns other than 0. */
#ifndef VM_REPEAT
#define VM_REPEAT(n, turn, state)                                                                  \
	do {                                                                                       \
		for (u32 i_ = 0, n_ = (n); i_ < n_ && !turn(i_, state); i_++)                      \
			;                                                                          \
	} while (0)
#endif

/*
 * VM_OWNER: who takes a lock, not 0. One that finds itself the owner has interrupted itself and
 * gives up, so threads at once need numbers of their own. VM_SPINS: how often anyone tries.
 */
#ifndef VM_OWNER
#define VM_OWNER() 1u
#endif
#ifndef VM_SPINS
#define VM_SPINS ((u32)1 << 16)
#endif
#ifndef VM_PAUSE
#define VM_PAUSE() ((void)0)
#endif

/* The first `bits` bits of a word, 1 to 64, and its first four bytes, as they lie in memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VM_FIRST_SHIFT 0
#define VM_LEADING(bits) __builtin_bswap64(~0ull << (-(bits) & 63))
#else
#define VM_FIRST_SHIFT 32
#define VM_LEADING(bits) (~0ull << (-(bits) & 63))
#endif
#define VM_FIRST_U32(word) ((u32)((word) >> VM_FIRST_SHIFT))

#ifndef VM_INLINE
#define VM_INLINE static inline
#endif

/*
 * Loads and stores of words that others use at the same time. PEEK and POKE promise no order, GET
 * sees all that was done before the PUT of what it gets; CAS and ADD return what was there. Where
 * the target has no such 64-bit operations, only one may use the maps at a time.
 */
#ifndef VM_PEEK
#if __GCC_ATOMIC_LLONG_LOCK_FREE == 2
#define VM_PEEK(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define VM_POKE(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define VM_ATOMIC_GET(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define VM_ATOMIC_PUT(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define VM_ATOMIC_ADD(p, v) __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL)
#define VM_ATOMIC_CAS(p, old, new)                                                                 \
	({                                                                                         \
		__typeof__(*(p)) was_ = (old);                                                     \
		__atomic_compare_exchange_n(p, &was_, new, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
		was_;                                                                              \
	})
#else
#define VM_PEEK(p) (*(p))
#define VM_POKE(p, v) ((void)(*(p) = (v)))
#define VM_ATOMIC_GET(p) (*(p))
#define VM_ATOMIC_PUT(p, v) ((void)(*(p) = (v)))
#define VM_ATOMIC_ADD(p, v)                                                                        \
	({                                                                                         \
		__typeof__(*(p)) was_ = *(p);                                                      \
		*(p) = was_ + (v);                                                                 \
		was_;                                                                              \
	})
#define VM_ATOMIC_CAS(p, old, new)                                                                 \
	({                                                                                         \
		__typeof__(*(p)) was_ = *(p);                                                      \
		if (was_ == (old))                                                                 \
			*(p) = (new);                                                              \
		was_;                                                                              \
	})
#endif
#endif

#endif
