/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Semihosting: calls from a firmware to the debugger or emulator around it. Arm's "Semihosting for
 * AArch32 and AArch64", and the same for RISC-V.
 */
#ifndef BPFVM_SEMIHOSTING_H
#define BPFVM_SEMIHOSTING_H

#include "types.h"

enum semihosting_call {
	SEMIHOSTING_OPEN = 0x01,
	SEMIHOSTING_WRITE = 0x05,
	SEMIHOSTING_READ = 0x06,
	SEMIHOSTING_EXIT_EXTENDED = 0x20,
};

/* `argument`: a value, or the address of a block of them, by the call. */
static inline u32 semihosting(enum semihosting_call call, const void *argument)
{
#ifdef __riscv
	register u32 a0 __asm__("a0") = call;
	register const void *a1 __asm__("a1") = argument;

	/* The three instructions are the mark, uncompressed and within one page. */
	__asm__ volatile(".balign 16\n"
			 ".option push\n"
			 ".option norvc\n"
			 "slli zero, zero, 0x1f\n"
			 "ebreak\n"
			 "srai zero, zero, 7\n"
			 ".option pop\n"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory");
	return a0;
#else
	register u32 r0 __asm__("r0") = call;
	register const void *r1 __asm__("r1") = argument;

	__asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
#endif
}

static inline _Noreturn void semihosting_exit(u8 status)
{
	/* ADP_Stopped_ApplicationExit */
	const u32 block[] = {0x20026, status};

	semihosting(SEMIHOSTING_EXIT_EXTENDED, block);
	for (;;)
		;
}

#endif
