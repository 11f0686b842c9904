/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The helpers of guests on the host that read and write text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

/* --- numbers ----------------------------------------------------------------------------------- */

/*
 * The digits of a number in a string of known length; what bpf_strtol and bpf_strtoul have in
 * common.
 */
struct number {
	u64 value;
	s64 consumed; /* bytes, or -errno */
	bool negative;
};

#define DIGITS 63 /* Linux looks no further behind sign and space */

static u32 digit(u8 c)
{
	return isdigit(c) ? (u32)c - '0' : isalpha(c) ? (u32)tolower(c) - 'a' + 10 : 99;
}

/*
 * The base that a prefix of the `n` bytes at `s` tells if `base` is 0; `*skip` is the length of
 * "0x".
 */
static u32 base_of(const u8 *s, u64 n, u32 base, u64 *skip)
{
	bool hex = n > 1 && s[0] == '0' && tolower(s[1]) == 'x';

	*skip = 0;
	if (!base)
		base = n && s[0] == '0' ? (hex && n > 2 && isxdigit(s[2]) ? 16 : 8) : 10;
	if (base == 16 && hex)
		*skip = 2;
	return base;
}

static struct number parse(const u8 *s, u64 size, u64 flags)
{
	struct number n = {.consumed = -EINVAL};
	u32 base = flags & 0x1f;
	u64 at = 0, digits = 0, left, skip;
	bool overflow = false;

	if (flags & ~0x1full || (base && base != 8 && base != 10 && base != 16))
		return n;
	while (at < size && (isspace(s[at]) || s[at] == 0xa0)) /* 0xa0: a space in the kernel's Latin-1 */
		at++;
	n.negative = at < size && s[at] == '-';
	at += n.negative;
	left = size - at < DIGITS ? size - at : DIGITS;
	base = base_of(s + at, left, base, &skip);
	for (at += skip, left -= skip; digits < left && digit(s[at + digits]) < base; digits++) {
		overflow |= __builtin_mul_overflow(n.value, base, &n.value);
		overflow |= __builtin_add_overflow(n.value, digit(s[at + digits]), &n.value);
	}
	if (digits)
		n.consumed = overflow ? -ERANGE : (s64)(at + digits);
	return n;
}

HOST_BODY(strtol)
{
	struct number n = parse(call->at[0], call->v[1], call->v[2]);
	u64 limit = n.negative ? 1ull << 63 : (1ull << 63) - 1;

	if (n.consumed < 0)
		return (u64)n.consumed;
	if (n.value > limit)
		return (u64)-ERANGE;
	VM_STORE(u64, call->at[3], n.negative ? -n.value : n.value);
	return (u64)n.consumed;
}

HOST_BODY(strtoul)
{
	struct number n = parse(call->at[0], call->v[1], call->v[2]);

	if (n.consumed < 0)
		return (u64)n.consumed;
	if (n.negative)
		return (u64)-EINVAL;
	VM_STORE(u64, call->at[3], n.value);
	return (u64)n.consumed;
}

/* --- formats ----------------------------------------------------------------------------------- */

#define VM_MACHINE struct vm
#define VM_TEXT_AT(m, addr) vm_at(m, addr, 1, VM_READ)
#define VM_BYTE(mem, place, at) ((place)[at])
#include "format.h"

#define TRACE_ARGS 3
#define TRACE_ROOM 512 /* of a line, the NUL counted */

HOST_BODY(snprintf)
{
	u32 bytes = call->size[3];
	struct vm_format f = {.format = call->at[2],
			      .size = call->size[2],
			      .args = call->at[3],
			      .count = bytes / 8,
			      .out = call->at[0],
			      .room = call->size[0]};
	struct vm_format_run run = {NULL, &h->vm, &f};
	long len = bytes % 8 ? -EINVAL : vm_format(&run);

	return (u64)(len < 0 ? len : len + 1);
}

HOST_BODY(trace_printk)
{
	u8 line[TRACE_ROOM];
	struct vm_format f = {.format = call->at[0],
			      .size = call->size[0],
			      .args = (u8 *)&call->v[2],
			      .count = TRACE_ARGS,
			      .out = line,
			      .room = sizeof(line)};
	struct vm_format_run run = {NULL, &h->vm, &f};
	long len = vm_format(&run);

	if (len >= 0)
		fprintf(stderr, "%.*s\n", (int)strcspn((char *)line, "\n"), (char *)line);
	return (u64)len;
}
