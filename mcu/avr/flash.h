/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flash that the firmware writes itself: the memory for guests' code that an AVR has most of. */
#ifndef BPFVM_AVR_FLASH_H
#define BPFVM_AVR_FLASH_H

#include <avr/io.h>

#include "types.h"

#define FLASH_PAGE SPM_PAGESIZE /* bytes that are erased and written at once */

/* Writes a page; `address`, in bytes, is a multiple of FLASH_PAGE. */
void flash_write(u32 address, const u8 *bytes);

#endif
