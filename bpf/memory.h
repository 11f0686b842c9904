/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory under the verifier: one row of the ACL, one compare, then the memory map or the
 * packet itself.
 */
#ifndef BPFVM_MEMORY_H
#define BPFVM_MEMORY_H

#include "maps.h"

/*
 * A field of a row whose place in the table has been added to the machine's address; the rest is a
 * constant offset.
 */
#define ROW(at, field)                                                                            \
	(*(u32 *)((at) + __builtin_offsetof(struct bpfvm_machine, row) +                          \
		  __builtin_offsetof(struct vm_region, field)))

/*
 * The place of `size` bytes at guest address `addr`; goes to `fault` if the ACL does not allow it.
 * A macro, so that each branch leaves for good and the verifier meets no pointer that may be NULL.
 * `packet`: whether VM_REGION_PACKET is the packet of a hook and not memory like any other.
 */
#define AT(r, m, memory, packet, addr, size, access, fault)                                        \
	({                                                                                         \
		u64 at_ = (addr), n_ = at_ >> VM_OFFSET_BITS;                                      \
		char *row_;                                                                        \
		u8 *p_;                                                                            \
		if (UNLIKELY(n_ >= VM_REGIONS))                                                    \
			fault;                                                                     \
		VM_BOUND(n_, VM_REGIONS - 1);                                                      \
		row_ = (char *)(m) + n_ * sizeof(struct vm_region);                                \
		at_ &= VM_OFFSET_MASK;                                                             \
		if (UNLIKELY(at_ + (size) >                                                   \
			     ((access) & VM_WRITE ? ROW(row_, wlen) : ROW(row_, rlen))))        \
			fault;                                                                     \
		if ((access) & VM_ATOMIC && (at_ & ((size) - 1) || at_ + (size) > ROW(row_, rlen)))     \
			fault;                                                                     \
		if ((packet) && UNLIKELY(n_ == VM_REGION_PACKET)) {                                \
			if ((access) & VM_ATOMIC)                                                  \
				fault;                                                             \
			VM_BOUND(at_, BPFVM_PACKET - 1);                                           \
			p_ = *(u8 *volatile *)&(r)->data + at_;                                    \
			if (p_ + (size) > *(u8 *volatile *)&(r)->data_end)                         \
				fault;                                                             \
		} else {                                                                           \
			if ((access) & VM_WRITE)                                                   \
				ROW(row_, dirty) = 1;                                              \
			at_ += ROW(row_, base);                                                    \
			VM_BOUND(at_, (access) & VM_ATOMIC ? BPFVM_MEMORY - (size) : BPFVM_MEMORY - 1); \
			p_ = (memory) + at_;                                                       \
		}                                                                                  \
		p_;                                                                                \
	})

#endif
