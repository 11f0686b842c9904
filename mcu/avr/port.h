/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words of include/port.h for an AVR: code of guests and tables of the machine lie in flash,
 * whose addresses are no pointers. Code may lie anywhere in it, so its addresses have 32 bits.
 */
#ifndef BPFVM_AVR_PORT_H
#define BPFVM_AVR_PORT_H

#include <avr/pgmspace.h>

#define VM_CODE_T uint_farptr_t
#define VM_SLOT(p, n) ((p) + ((uint_farptr_t)(n) << 3))
#define VM_INDEX(p, code) (((p) - (code)) >> 3)
#define VM_WORD(p) pgm_read_dword_far(p)
#define VM_IMM(p) ((int32_t)pgm_read_dword_far((p) + 4))
#define VM_NEXT_SLOT(p, word, imm)                                                                 \
	do {                                                                                       \
		(word) = VM_WORD(p);                                                               \
		(imm) = VM_IMM(p);                                                                 \
		(p) = VM_SLOT(p, 1);                                                               \
	} while (0)
#define VM_READS_PAST_END 1

/* An image in flash. Its guest's data have to be where loads and stores reach them: copied. */
#define VM_IMAGE_T uint_farptr_t
#define VM_IMAGE_READ(to, image, offset, size) memcpy_PF(to, (image) + (offset), size)
#define VM_IMAGE_CODE(image, offset) ((image) + (offset))
#define VM_IMAGE_PLACED 0
#define VM_IMAGE_PLACE(image, offset) ((void)(image), (const uint8_t *)0)

/* Tables come first in flash, where a pointer reaches them. */
#define VM_FLASH PROGMEM
#define VM_ARM(table, i) ((const void *)pgm_read_ptr(&(table)[i]))

#endif
