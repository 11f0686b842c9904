/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the firmware under test puts code and images: in RAM, or in flash that it writes. */
#ifndef TESTS_MCU_STORE_H
#define TESTS_MCU_STORE_H

#include "embed.h"
#include "link.h"

#ifndef CODE_SIZE
#define CODE_SIZE 4096 /* instructions */
#endif

/* The checker reads code through a pointer, so it cannot where code is not in memory. */
#define NOT_CHECKED 0xff
#ifdef __AVR__
#define FIRMWARE_CHECKS 0
#include "avr/flash.h"

/* Never read by this name, which has to be defined as if it were. */
static const u8 store[CODE_SIZE * 8ul] __attribute__((aligned(FLASH_PAGE), used)) PROGMEM = {0};

/* Receives `size` bytes, at most a page, and fills that up. */
static void store_page(u32 at, u32 size)
{
	static u8 page[FLASH_PAGE];

	__builtin_memset(page, 0, sizeof(page));
	link_bytes(page, size);
	flash_write(at, page);
}

static vm_image_t store_bytes(u32 size)
{
	vm_image_t start = pgm_get_far_address(store), at = start;

	for (; size > FLASH_PAGE; size -= FLASH_PAGE, at += FLASH_PAGE)
		store_page(at, FLASH_PAGE);
	store_page(at, size);
	return start;
}
#else
#define FIRMWARE_CHECKS 1
static struct vm_insn store[CODE_SIZE] __attribute__((aligned(8)));

/* Receives `size` bytes, as many as there is room for; returns where they lie. */
static vm_image_t store_bytes(u32 size)
{
	link_bytes((u8 *)store, size);
	return store;
}
#endif

#endif
