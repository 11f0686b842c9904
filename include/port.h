/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words that a build of the core may define before it includes vm.h, and what they mean where
 * it does not: a hosted or bare-metal C11 compiler with unaligned access through memcpy-like loads.
 */
#ifndef BPFVM_PORT_H
#define BPFVM_PORT_H

#include "types.h"

/*
 * Parts of the instruction set that a build may leave out, by defining them as 0. Their opcodes are
 * then unknown ones: they trap as ILLEGAL.
 */
#ifndef VM_ATOMICS
#define VM_ATOMICS 1 /* lock +=, xchg, cmpxchg and so on (RFC 9669 section 5.3) */
#endif
#ifndef VM_V4
#define VM_V4 1 /* clang's -mcpu=v4: sdiv, smod, movsx, ldxsx, bswap, gotol */
#endif
#ifndef VM_JMP32
#define VM_JMP32 1 /* 32-bit comparisons: clang's -mcpu=v3 */
#endif
#ifndef VM_DIV64
#define VM_DIV64 1 /* division of 64 bits; the 32-bit forms stay */
#endif
#ifndef VM_LOCAL_CALLS
#define VM_LOCAL_CALLS 1 /* functions of the guest that call each other */
#endif
#ifndef VM_CALLX
#define VM_CALLX 1 /* calls of what a register points to */
#endif

/* vm_div_t: wide enough for what this build divides. */
#if VM_DIV64
typedef u64 vm_div_t;
#else
typedef u32 vm_div_t;
#endif

/* vm_base_t: what a region's base is; the kernel build says an offset, every other a pointer. */
#ifndef VM_BASE_T
#define VM_BASE_T u8 *
#endif
typedef VM_BASE_T vm_base_t;

/* VM_LOAD and VM_STORE: a value of `type` at a checked, perhaps unaligned address. */
#ifndef VM_LOAD
#define VM_LOAD(type, p) (((const struct vm_any_##type *)(const void *)(p))->value)
#define VM_STORE(type, p, v) (((struct vm_any_##type *)(void *)(p))->value = (type)(v))
#define VM_ANY(type)                                                                               \
	struct __attribute__((packed, may_alias)) vm_any_##type {                                  \
		type value;                                                                        \
	}
VM_ANY(u8);
VM_ANY(u16);
VM_ANY(u32);
VM_ANY(u64);
VM_ANY(s8);
VM_ANY(s16);
VM_ANY(s32);
#undef VM_ANY
#endif

/*
 * vm_code_t: where an instruction lies, and the words that know: the slot `n` further on; how many
 * slots `p` is behind `code`; the first half of a slot as a number (opcode, registers, offset from
 * the lowest bit on), and its `imm`; both, and on to the next slot. It need not be a pointer: on an
 * AVR code lies in another address space. With VM_READS_PAST_END a core may read past the end of
 * the code, by one slot, though it never executes what is there.
 */
#ifndef VM_CODE_T
#define VM_CODE_T const struct vm_insn *
#define VM_SLOT(p, n) ((p) + (n))
#define VM_INDEX(p, code) ((u32)((p) - (code)))
#define VM_WORD(p) (*(const vm_word_t *)(const void *)(p))
#define VM_IMM(p) ((p)->imm)
#ifdef __thumb2__ /* one instruction, which gcc does not find */
#define VM_NEXT_SLOT(p, word, imm)                                                                 \
	__asm__("ldrd %0, %1, [%2], #8"                                                            \
		: "=&r"(word), "=&r"(imm), "+r"(p)                                                 \
		: "m"(*(const vm_insn_t *)(const void *)(p)))
#else
#define VM_NEXT_SLOT(p, word, imm)                                                                 \
	do {                                                                                       \
		u64 insn_ = *(const vm_insn_t *)(const void *)(p);                                 \
		(word) = (u32)insn_;                                                               \
		(imm) = (s32)(insn_ >> 32);                                                        \
		(p)++;                                                                             \
	} while (0)
#endif
#define VM_READS_PAST_END 0
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
typedef u32 __attribute__((may_alias)) vm_word_t;
typedef u64 __attribute__((may_alias, aligned(4))) vm_insn_t;
#endif
#endif

/*
 * vm_image_t: where an image lies, and the words that know: VM_IMAGE_READ copies `size` bytes at
 * `offset` of it, VM_IMAGE_CODE is the code there. VM_IMAGE_PLACED says whether data can be used
 * where it lies, at VM_IMAGE_PLACE; else .rodata is copied to memory.
 */
#ifndef VM_IMAGE_T
#define VM_IMAGE_T const void *
#define VM_IMAGE_READ(to, image, offset, size)                                                     \
	__builtin_memcpy(to, VM_IMAGE_PLACE(image, offset), size)
#define VM_IMAGE_CODE(image, offset) ((vm_code_t)(const void *)VM_IMAGE_PLACE(image, offset))
#define VM_IMAGE_PLACED 1
#define VM_IMAGE_PLACE(image, offset) ((const u8 *)(image) + (offset))
#endif
typedef VM_IMAGE_T vm_image_t;

/*
 * VM_LOCK and VM_UNLOCK: around an atomic operation of a guest in an embedded machine. On one CPU
 * it is enough that nothing interrupts it. Where they do nothing, memory that two guests change at
 * once must not be the same.
 */
#ifndef VM_LOCK
#define VM_LOCK_T u32
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
static inline u32 vm_lock(void)
{
	u32 old;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(old) : : "memory");
	return old;
}
#define VM_LOCK() vm_lock()
#define VM_UNLOCK(old) __asm__ volatile("msr primask, %0" : : "r"(old) : "memory")
#elif defined(__AVR__)
#define VM_LOCK() vm_lock()
#define VM_UNLOCK(old) __asm__ volatile("out __SREG__, %0" : : "r"((u8)(old)) : "memory")
static inline u32 vm_lock(void)
{
	u8 old;

	__asm__ volatile("in %0, __SREG__\n\tcli" : "=r"(old) : : "memory");
	return old;
}
#else
#define VM_LOCK() 0u
#define VM_UNLOCK(old) ((void)(old))
#endif
#endif

/* Constant tables of the cores, and a label out of one. */
#ifndef VM_FLASH
#define VM_FLASH
#define VM_ARM(table, i) ((table)[i])
#endif

/*
 * VM_BOUND: cuts a checked index again, where the compiler could otherwise forget the check for the
 * verifier.
 */
#ifndef VM_BOUND
#define VM_BOUND(index, mask) ((void)0)
#endif

/* Shifts by less than `bits`, which machines of 32 bits may have reason to do in another way. */
#ifndef VM_LSH
#define VM_LSH(bits, d, n) ((d) << (n))
#define VM_RSH(bits, d, n) ((d) >> (n))
#define VM_ARSH(bits, d, n) ((d) >> (n))
#endif

/* The compiler forgets what it knows of a variable, and has it in a register. */
#define VM_HIDE(variable) __asm__("" : "+r"(variable))

/* VM_LE and VM_BE: a value of `bits` in little or big endian order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VM_LE(bits, v) (v)
#define VM_BE(bits, v) __builtin_bswap##bits(v)
#else
#define VM_LE(bits, v) __builtin_bswap##bits(v)
#define VM_BE(bits, v) (v)
#endif

#endif
