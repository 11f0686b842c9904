/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bodies of helpers.def on the host: what Linux does, from the system's own calls. */
#define _GNU_SOURCE
#define VM_BASE_T u8 *
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/random.h>
#include <time.h>

#include "helper_call.h"
#include "helpers_host.h"

/*
 * The place of `size` bytes at `addr`, or NULL with the fault filled in; like span() of
 * bpf/helpers.h.
 */
static u8 *span(struct vm *vm, u64 addr, u64 size, u32 access)
{
	u8 *p = NULL;

	if (size && size <= VM_HELPER_SPAN && addr >> VM_OFFSET_BITS != VM_REGION_PACKET)
		p = vm_at(vm, addr, (u32)size, access);
	return p ? p : vm_span_fault(&vm->st, addr, size, access);
}

static u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static u64 helper_ktime_get_ns(struct vm_args *a)
{
	(void)a;
	return clock_ns(CLOCK_MONOTONIC);
}

static u64 helper_ktime_get_boot_ns(struct vm_args *a)
{
	(void)a;
	return clock_ns(CLOCK_BOOTTIME);
}

static u64 helper_get_prandom_u32(struct vm_args *a)
{
	u32 value = 0;

	(void)a;
	return getrandom(&value, sizeof(value), 0) == sizeof(value) ? value : 0;
}

static u64 helper_get_smp_processor_id(struct vm_args *a)
{
	(void)a;
	return (u64)sched_getcpu();
}

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

static u64 helper_strtol(struct vm_args *a)
{
	struct number n = parse(a->p[0], a->v[1], a->v[2]);
	u64 limit = n.negative ? 1ull << 63 : (1ull << 63) - 1;

	if (n.consumed < 0)
		return (u64)n.consumed;
	if (n.value > limit)
		return (u64)-ERANGE;
	VM_STORE(u64, a->p[3], n.negative ? -n.value : n.value);
	return (u64)n.consumed;
}

static u64 helper_strtoul(struct vm_args *a)
{
	struct number n = parse(a->p[0], a->v[1], a->v[2]);

	if (n.consumed < 0)
		return (u64)n.consumed;
	if (n.negative)
		return (u64)-EINVAL;
	VM_STORE(u64, a->p[3], n.value);
	return (u64)n.consumed;
}

#define VM_SPAN(addr, size, access) span(vm, addr, size, access)

u32 bpfvm_helper_host(struct vm *vm, u32 number)
{
	u64 *reg = vm->st.reg;
	struct vm_args a = {{reg[1], reg[2], reg[3], reg[4], reg[5]}, {NULL}};

	switch (number) {
#define HELPER VM_HELPER_ARM
#include "helpers.def"
	}
	return VM_TRAP_HELPER;
}
