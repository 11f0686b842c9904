/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the verbs of the shell have in common. */
#ifndef BPFVM_FIRMWARE_VERBS_H
#define BPFVM_FIRMWARE_VERBS_H

#include "firmware.h"

#define WORDS 5

/* The words of a line; those that are missing are empty. */
struct words {
	char *at[WORDS];
	u32 count;
};

/* A hex digit's value; 16 for what is none. */
u32 digit_of(char c);

/* Decimal, or hexadecimal after 0x; false if it is none, or above `max`. */
_Bool number_of(const char *text, u64 max, u64 *value);

enum answer verb_info(const struct words *w);
enum answer verb_list(const struct words *w);
enum answer verb_hooks(const struct words *w);
enum answer verb_stat(const struct words *w);
enum answer verb_kv(const struct words *w);

#endif
