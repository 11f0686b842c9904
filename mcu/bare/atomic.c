/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Atomic operations that a processor has no instruction for, by the names that gcc calls: on one
 * CPU it is enough that nothing interrupts them.
 */
#include "types.h"

#if defined(__arm__)
static inline u32 lock(void)
{
	u32 old;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(old) : : "memory");
	return old;
}

static inline void unlock(u32 old)
{
	__asm__ volatile("msr primask, %0" : : "r"(old) : "memory");
}
#elif defined(__riscv)
static inline u32 lock(void)
{
	u32 old;

	__asm__ volatile(".option arch, +zicsr\n\tcsrrci %0, mstatus, 8" : "=r"(old) : : "memory");
	return old & 8;
}

static inline void unlock(u32 old)
{
	__asm__ volatile(".option arch, +zicsr\n\tcsrs mstatus, %0" : : "r"(old) : "memory");
}
#elif defined(__AVR__)
#include <avr/io.h>

static inline u8 lock(void)
{
	u8 old = SREG;

	__asm__ volatile("cli" : : : "memory");
	return old;
}

static inline void unlock(u8 old)
{
	__asm__ volatile("" : : : "memory");
	SREG = old;
}
#endif

/* The names are builtin functions for the compiler, so they are given to the assembler only. */
#define FETCH(name, bytes, type, effect)                                                           \
	type fetch_##name##_##bytes(volatile void *at, type value) __asm__(                        \
		"__sync_" #name "_" #bytes);                                                       \
	type fetch_##name##_##bytes(volatile void *at, type value)                                 \
	{                                                                                          \
		volatile type *p = at;                                                             \
		__typeof__(lock()) was = lock();                                                   \
		type old = *p;                                                                     \
                                                                                                   \
		*p = effect;                                                                       \
		unlock(was);                                                                       \
		return old;                                                                        \
	}

#define EXCHANGE(bytes, type)                                                                      \
	type compare_##bytes(volatile void *at, type expected, type value) __asm__(                \
		"__sync_val_compare_and_swap_" #bytes);                                            \
	type compare_##bytes(volatile void *at, type expected, type value)                         \
	{                                                                                          \
		volatile type *p = at;                                                             \
		__typeof__(lock()) was = lock();                                                   \
		type old = *p;                                                                     \
                                                                                                   \
		if (old == expected)                                                               \
			*p = value;                                                                \
		unlock(was);                                                                       \
		return old;                                                                        \
	}

#define WIDTH(bytes, type)                                                                         \
	FETCH(fetch_and_add, bytes, type, old + value)                                             \
	FETCH(fetch_and_or, bytes, type, old | value)                                              \
	FETCH(fetch_and_and, bytes, type, old & value)                                             \
	FETCH(fetch_and_xor, bytes, type, old ^ value)                                             \
	FETCH(lock_test_and_set, bytes, type, value)                                               \
	EXCHANGE(bytes, type)

WIDTH(8, u64)
#if !__GCC_HAVE_SYNC_COMPARE_AND_SWAP_4
WIDTH(4, u32)
#endif
