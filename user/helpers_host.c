/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bodies of helpers.def on the host: what Linux does, from the system's own calls. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <sys/random.h>
#include <time.h>

#include "host.h"

static u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

HOST_BODY(ktime_get_ns)
{
	return clock_ns(CLOCK_MONOTONIC);
}

HOST_BODY(ktime_get_boot_ns)
{
	return clock_ns(CLOCK_BOOTTIME);
}

HOST_BODY(get_prandom_u32)
{
	u32 value = 0;

	return getrandom(&value, sizeof(value), 0) == sizeof(value) ? value : 0;
}

HOST_BODY(get_smp_processor_id)
{
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

/* --- the call ---------------------------------------------------------------------------------- */

#define VM_MACHINE struct vm
#define VM_SPAN(addr, size, access, i) host_span(m, call, addr, size, access, i)
#define VM_MAP_AT(region) 0
#define VM_KEY_OF(map) 0
#define VM_VALUE_OF(map) 0

static u32 host_span(struct vm *vm, struct vm_call *call, u64 addr, u32 size, u32 access, u32 i)
{
	call->at[i] = vm_at(vm, addr, size, access);
	return call->at[i] ? VM_STOP_NONE : vm_argument_fault(&vm->st, addr, size, access);
}

#include "helper_args.h"

static const struct {
	u32 args; /* VM_ARGS */
	host_body *body;
} helpers[VM_HELPERS] = {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	[number] = {VM_ARGS(where, a1, a2, a3, a4, a5), host_##name},
#include "helpers.def"
};

/* What a run without a packet is, whatever its section says. */
static u32 where_of(const struct host_core *h)
{
	return !h->packet ? VM_WHERE_PLAIN : h->kind == BPFVM_KIND_TC ? VM_WHERE_TC : VM_WHERE_XDP;
}

u32 host_helper(struct vm *vm, u32 number)
{
	struct host_core *h = vm->user;
	u64 *reg = vm->st.reg;
	struct vm_call call = {.v = {reg[1], reg[2], reg[3], reg[4], reg[5]}};
	u32 trap = VM_STOP_NONE, args = number < VM_HELPERS ? helpers[number].args : 0;

	if (!(VM_ARG_WHERE(args) & where_of(h)) || !helpers[number].body)
		return VM_TRAP_HELPER;
	for (u32 i = 0; i < 5 && !trap; i++)
		trap = vm_argument(vm, &call, i, VM_ARG_KIND(args, i));
	if (trap)
		return trap;
	h->trap = VM_STOP_NONE;
	reg[0] = helpers[number].body(h, &call);
	return h->trap;
}
