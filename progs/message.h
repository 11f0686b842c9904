/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The 64 bytes that crc32.c and siphash.c digest; volatile, or the compiler would do it instead. */
#define MESSAGE_BYTES 64

static const volatile char message[MESSAGE_BYTES] __attribute__((aligned(8))) =
	"An interpreter inside the kernel reads these bytes one by one.\n";
