/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much of the C stack a run takes: what is below it gets a pattern before, and is looked at
 * afterwards. Both are part of the function that makes the run, so that they use no stack below it.
 * Nothing may interrupt. Ports without a word for the stack pointer measure nothing.
 */
#ifndef TESTS_MCU_C_STACK_H
#define TESTS_MCU_C_STACK_H

#include "types.h"

#define C_STACK_WORDS 128 /* that are looked at: more is not told */
#define C_STACK_PATTERN 0x9e3779b9u

#if defined(__arm__)
#define C_STACK_POINTER(p) __asm__ volatile("mov %0, sp" : "=r"(p) : : "memory")
#elif defined(__riscv)
#define C_STACK_POINTER(p) __asm__ volatile("mv %0, sp" : "=r"(p) : : "memory")
#endif

#ifdef C_STACK_POINTER
static inline __attribute__((always_inline)) volatile u32 *c_stack_begin(void)
{
	volatile u32 *top;

	C_STACK_POINTER(top);
	for (u32 n = 1; n <= C_STACK_WORDS; n++)
		*(top - n) = C_STACK_PATTERN;
	return top;
}

/* Bytes that were used since. */
static inline __attribute__((always_inline)) u32 c_stack_end(volatile u32 *top)
{
	u32 n = C_STACK_WORDS;

	while (n && *(top - n) == C_STACK_PATTERN)
		n--;
	return n * (u32)sizeof(*top);
}
#else
static inline volatile u32 *c_stack_begin(void)
{
	return (void *)0;
}

static inline u32 c_stack_end(volatile u32 *top)
{
	(void)top;
	return 0;
}
#endif

#endif
