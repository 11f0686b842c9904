/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of include/port.h for an RV32 in machine mode: atomic is what nothing interrupts. */
#ifndef BPFVM_RV32_PORT_H
#define BPFVM_RV32_PORT_H

#ifndef __ASSEMBLER__
#include "types.h"

#define VM_LOCK_T u32
#define VM_LOCK() rv32_lock()
#define VM_UNLOCK(old)                                                                             \
	__asm__ volatile(".option push\n\t.option arch, +zicsr\n\t"                                \
			 "csrs mstatus, %0\n\t.option pop" : : "r"((old) & 8) : "memory")

/* Clears mstatus.MIE; returns what it was. */
static inline u32 rv32_lock(void)
{
	u32 old;

	__asm__ volatile(".option push\n\t.option arch, +zicsr\n\t"
			 "csrrci %0, mstatus, 8\n\t.option pop" : "=r"(old) : : "memory");
	return old;
}

#endif
#endif
