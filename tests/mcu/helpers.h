/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helpers that the firmware under test gives to its guests: every row of helpers.def, with
 * arguments that are checked as it says and bodies that touch all the memory that they are given.
 * The key-value stores are the machine's own.
 */
#ifndef TESTS_MCU_HELPERS_H
#define TESTS_MCU_HELPERS_H

#include "embed.h"

#define MACHINES_OWN 240 /* numbers from here on */

static _Bool helpers_called; /* since somebody cleared it */

/* Linux's strtol for decimal numbers: how many bytes the number takes, -22 if there is none. */
static u64 body_of_strtol(struct bpfvm *vm, const u64 *arg, void *const *at)
{
	const u8 *text = at[0];
	u32 size = (u32)arg[1], i = 0, first;
	_Bool minus = 0;
	u64 value = 0;

	(void)vm;
	helpers_called = 1;
	while (i < size && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n'))
		i++;
	if (i < size && (text[i] == '-' || text[i] == '+'))
		minus = text[i++] == '-';
	for (first = i; i < size && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + (u8)(text[i] - '0');
	if (i == first)
		return (u64)-22;
	if (minus)
		value = -value;
	__builtin_memcpy(at[3], &value, sizeof(value));
	return i;
}

static u64 mix(u64 sum, u64 value)
{
	return (sum ^ value) * 0x100000001b3;
}

/* How many bytes argument `i` points to; 0: it is a value. */
static u32 bytes_of(u32 kind, u64 next)
{
	switch (kind) {
	case VM_ARG_WRITE8:
		return 8;
	case VM_ARG_LOCK:
		return 4;
	case VM_ARG_TEXT:
		return 1;
	}
	return kind >= VM_ARG_READ && kind <= VM_ARG_CHANGE ? (u32)next : 0;
}

static _Bool is_written(u32 kind)
{
	return kind == VM_ARG_WRITE || kind == VM_ARG_WRITE0 || kind == VM_ARG_WRITE8;
}

/* Folds the arguments and what they point to, and writes where it may. */
static u64 touch(u32 args, const u64 *arg, void *const *at)
{
	u64 sum = args;

	helpers_called = 1;
	for (u8 i = 0; i < 5; i++) {
		u32 kind = VM_ARG_KIND(args, i), size = bytes_of(kind, i < 4 ? arg[i + 1] : 0);
		u8 *p = at[i];

		sum = mix(sum, arg[i]);
		for (; size; size--, p++) {
			if (is_written(kind))
				*p = (u8)(sum >> 32);
			sum = mix(sum, *p);
		}
	}
	return sum;
}

/* There are no maps, and nothing that calls back: these arguments are values, and r0 is NULL. */
#define KIND_NONE NONE
#define KIND_VALUE VALUE
#define KIND_SIZE SIZE
#define KIND_CTX CTX
#define KIND_MAP VALUE
#define KIND_KEY VALUE
#define KIND_ELEM VALUE
#define KIND_FUNC VALUE
#define KIND_READ READ
#define KIND_READ0 READ0
#define KIND_WRITE WRITE
#define KIND_WRITE0 WRITE0
#define KIND_CHANGE CHANGE
#define KIND_WRITE8 WRITE8
#define KIND_LOCK LOCK
#define KIND_TEXT TEXT

#define TOUCHED(a1, a2, a3, a4, a5) VM_ARGS(ANY, a1, a2, a3, a4, a5)
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	static u64 touch_##name(struct bpfvm *vm, const u64 *arg, void *const *at)                 \
	{                                                                                          \
		u64 sum = touch(TOUCHED(KIND_##a1, KIND_##a2, KIND_##a3, KIND_##a4, KIND_##a5),    \
				arg, at);                                                          \
                                                                                                   \
		(void)vm;                                                                          \
		return VM_ARG_##a1 == VM_ARG_MAP || VM_ARG_##a2 == VM_ARG_FUNC ? 0 : sum;          \
	}
#include "helpers.def"

static const struct bpfvm_helper helpers[] = {
	BPFVM_KNOWN(strtol, body_of_strtol),
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	BPFVM_HELPER(number < MACHINES_OWN ? number : 0x10000 + number, touch_##name, KIND_##a1,   \
		     KIND_##a2, KIND_##a3, KIND_##a4, KIND_##a5),
#include "helpers.def"
};

#endif
