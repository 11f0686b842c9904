/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes flash. What does so has to lie in the boot section, which port.mk puts at its place. */
#include <avr/boot.h>
#include <util/atomic.h>

#include "avr/flash.h"

BOOTLOADER_SECTION __attribute__((noinline)) void flash_write(u32 address, const u8 *bytes)
{
	ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
	{
		boot_page_erase(address);
		boot_spm_busy_wait();
		for (u16 i = 0; i < FLASH_PAGE; i += 2)
			boot_page_fill(address + i, bytes[i] | (u16)bytes[i + 1] << 8);
		boot_page_write(address);
		boot_spm_busy_wait();
		boot_rww_enable();
	}
}
