/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What bpf_snprintf and bpf_trace_printk make of a format string: one text for every build. Beside
 * VM_REPEAT and VM_INLINE (map_port.h) the includer defines
 *   VM_MACHINE		type of the machine: something with `row`
 *   VM_TEXT_AT(m, addr)	the vm_place_t of memory that may be read
 *   VM_BYTE(mem, place, at)	the byte at such a place and `at` further
 *
 * As in Linux: flags "0 +-" and a width before %d %i %u %x %X (with l or ll), %c, %s, %p, %px, %pK,
 * %pks, %pus, %pI4, %pi4, %pI6, %pi6; nothing is written if the format is bad. Unlike there, a
 * pointer is a guest's address and printed as it is, and strings end after VM_TEXT_MAX bytes.
 */
#ifndef BPFVM_FORMAT_H
#define BPFVM_FORMAT_H

#include "helper_call.h"
#include "map_layout.h"

#define VM_FORMAT_ARGS 12 /* most arguments */
#define VM_FORMAT_WIDE (1u << 23) /* no field is wider */

/* What the next character of the format may be. */
enum vm_format_mode {
	VM_FORMAT_PLAIN,
	VM_FORMAT_PERCENT, /* behind the % */
	VM_FORMAT_FLAGS,
	VM_FORMAT_WIDTH,
	VM_FORMAT_LONG,	   /* behind an l */
	VM_FORMAT_POINTER, /* behind a p */
	VM_FORMAT_KERNEL,  /* behind pk or pu */
	VM_FORMAT_ADDRESS, /* behind pI or pi */
	VM_FORMAT_STRING,  /* behind an s: no letter or digit may follow */
	VM_FORMAT_SKIP,	   /* behind what began with p: letters and digits are ignored */
	VM_FORMAT_BAD,
	VM_FORMAT_DONE,
};

enum vm_format_flag {
	VM_FORMAT_ZERO = 1,
	VM_FORMAT_LEFT = 2,
	VM_FORMAT_PLUS = 4,
	VM_FORMAT_SPACE = 8,
	VM_FORMAT_UPPER = 16,
	VM_FORMAT_SIGNED = 32,
	VM_FORMAT_HEX = 64,
	VM_FORMAT_COMPACT = 128, /* the letter of an IP address was I, not i */
	VM_FORMAT_WHOLE = 256,	 /* has no width, and is not counted once the room is used up */
};

enum vm_format_body { VM_BODY_NUMBER, VM_BODY_CHAR, VM_BODY_TEXT, VM_BODY_IP4, VM_BODY_IP6 };

/* What the callbacks get. */
struct vm_format_run {
	u8 *mem;
	VM_MACHINE *m;
	struct vm_format *f;
};

VM_INLINE _Bool vm_is_digit(u32 c)
{
	return c - '0' < 10;
}

/* Letters and digits, those of Latin-1 too. */
VM_INLINE _Bool vm_is_word(u32 c)
{
	return vm_is_digit(c) || (c | 32) - 'a' < 26 || (c >= 0xc0 && (c | 32) != 0xf7);
}

VM_INLINE void vm_format_put(const struct vm_format_run *r, u32 c)
{
	struct vm_format *f = r->f;

	if (f->at + 1 < f->room && !f->dry)
		VM_BYTE(r->mem, f->out, f->at) = (u8)c;
	f->at++;
}

/* --- the characters of a field ----------------------------------------------------------------- */

VM_INLINE u32 vm_format_digit(const struct vm_format *f, u32 digit)
{
	return digit < 10 ? '0' + digit : digit - 10 + (f->flags & VM_FORMAT_UPPER ? 'A' : 'a');
}

VM_INLINE u64 vm_format_shorten(const struct vm_format *f, u64 v)
{
	return f->flags & VM_FORMAT_HEX ? v >> 4 : v / 10;
}

VM_INLINE u32 vm_format_byte(const struct vm_format_run *r, u32 i)
{
	return i < r->f->readable ? VM_BYTE(r->mem, r->f->text, i) : 0;
}

/* Character i of an IPv4 address of three digits per byte; 0: a zero that is not wanted. */
VM_INLINE u32 vm_format_ip4(const struct vm_format_run *r, u32 i)
{
	u32 byte = vm_format_byte(r, i >> 2), compact = r->f->flags & VM_FORMAT_COMPACT;

	switch (i & 3) {
	case 0:
		return compact && byte < 100 ? 0 : '0' + byte / 100;
	case 1:
		return compact && byte < 10 ? 0 : '0' + byte / 10 % 10;
	case 2:
		return '0' + byte % 10;
	}
	return '.';
}

VM_INLINE u32 vm_format_ip6(const struct vm_format_run *r, u32 i)
{
	u32 byte;

	if (r->f->flags & VM_FORMAT_COMPACT) { /* with colons */
		if (i % 5 == 4)
			return ':';
		i -= i / 5;
	}
	byte = vm_format_byte(r, i >> 1);
	return vm_format_digit(r->f, i & 1 ? byte & 15 : byte >> 4);
}

VM_INLINE u32 vm_format_number(const struct vm_format_run *r)
{
	struct vm_format *f = r->f;
	u64 power = f->power ? f->power : 1;
	u32 digit = (u32)(f->value / power);

	f->value %= power;
	f->power = vm_format_shorten(f, power);
	return vm_format_digit(f, digit);
}

VM_INLINE u32 vm_format_body(const struct vm_format_run *r, u32 i)
{
	switch (r->f->body) {
	case VM_BODY_CHAR:
		return (u8)r->f->value;
	case VM_BODY_TEXT:
		return vm_format_byte(r, i);
	case VM_BODY_IP4:
		return vm_format_ip4(r, i);
	case VM_BODY_IP6:
		return vm_format_ip6(r, i);
	}
	return vm_format_number(r);
}

static inline long vm_format_field_turn(u32 i, struct vm_format_run *r)
{
	struct vm_format *f = r->f;
	u32 c = ' ';

	if (i >= f->zeros_end && i < f->body_end)
		c = vm_format_body(r, i - f->zeros_end);
	else if (i >= f->sign_end && i < f->zeros_end)
		c = '0';
	else if (i >= f->spaces_end && i < f->sign_end)
		c = f->sign;
	if (c || f->body != VM_BODY_IP4)
		vm_format_put(r, c);
	return 0;
}

/* Writes the field, in its width; what has no room is counted. */
VM_INLINE void vm_format_field(struct vm_format_run *r)
{
	struct vm_format *f = r->f;
	u32 full = f->length + !!f->sign, pad = f->width > full ? f->width - full : 0;
	u32 n = f->at < f->room ? f->room - f->at : 0, total = full + pad;
	_Bool zeros = (f->flags & (VM_FORMAT_ZERO | VM_FORMAT_LEFT)) == VM_FORMAT_ZERO;

	if (f->flags & VM_FORMAT_WHOLE && !n)
		return;
	f->spaces_end = zeros || f->flags & VM_FORMAT_LEFT ? 0 : pad;
	f->sign_end = f->spaces_end + !!f->sign;
	f->zeros_end = f->sign_end + (zeros ? pad : 0);
	f->body_end = f->zeros_end + f->length;
	if (n > total || f->body == VM_BODY_IP4) /* whose length is known when it is written */
		n = total;
	VM_REPEAT(n, vm_format_field_turn, r);
	if (f->body != VM_BODY_IP4)
		f->at += total - n;
}

/* --- the fields -------------------------------------------------------------------------------- */

/* One more digit; they are counted, and the first one's power is found. */
static inline long vm_format_power_turn(u32 i, struct vm_format_run *r)
{
	struct vm_format *f = r->f;

	if (vm_format_shorten(f, f->value) < f->power)
		return 1;
	f->power *= f->flags & VM_FORMAT_HEX ? 16 : 10;
	f->length = i + 2;
	return 0;
}

/* Where a string ends. */
static inline long vm_format_length_turn(u32 i, struct vm_format_run *r)
{
	r->f->length = i;
	if (!vm_format_byte(r, i))
		return 1;
	r->f->length = i + 1;
	return 0;
}

/* A number as `letter` wants it, its flags being those of vm_format_flag. */
VM_INLINE void vm_format_set_number(struct vm_format *f, u64 v, u32 letter)
{
	_Bool is_signed = letter == 'd' || letter == 'i';

	f->body = VM_BODY_NUMBER;
	f->value = f->longs ? v : is_signed ? (u64)(s64)(s32)v : (u32)v;
	if ((letter | 32) == 'x')
		f->flags |= letter == 'X' ? VM_FORMAT_HEX | VM_FORMAT_UPPER : VM_FORMAT_HEX;
	if (is_signed) {
		f->sign = (s64)f->value < 0 ? '-' : f->flags & VM_FORMAT_PLUS ? '+' :
			  f->flags & VM_FORMAT_SPACE ? ' ' : 0;
		if ((s64)f->value < 0)
			f->value = -f->value;
	}
	f->power = 1;
	f->length = 1;
}

VM_INLINE void vm_format_set_pointer(struct vm_format *f, u64 v)
{
	if (!f->width) {
		f->width = 16;
		f->flags |= VM_FORMAT_ZERO;
	}
	f->longs = 1;
	vm_format_set_number(f, v, 'x');
}

/* Memory of the guest, up to `most` bytes: a string that cannot be read is empty. */
VM_INLINE void vm_format_set_text(const struct vm_format_run *r, u64 addr, u32 body, u32 most)
{
	struct vm_format *f = r->f;
	u64 n = addr >> VM_OFFSET_BITS;
	u32 readable = n == VM_REGION_PACKET ? 0 : vm_readable(r->m->row, addr);

	f->body = body;
	f->flags &= ~(u32)VM_FORMAT_ZERO;
	f->length = 0;
	f->readable = readable < most ? readable : most;
	if (readable)
		f->text = VM_TEXT_AT(r->m, addr);
	if (body != VM_BODY_TEXT) {
		f->length = most == 4 ? 15 : f->flags & VM_FORMAT_COMPACT ? 39 : 32;
		if (f->readable < most)
			f->readable = 0;
	}
}

/*
 * Writes the next argument as a field: `letter` is that of a number, c, s, p, 4 or 6 (an address).
 */
VM_INLINE void vm_format_write(struct vm_format_run *r, u32 letter)
{
	struct vm_format *f = r->f;
	u64 v;

	if (f->dry) {
		f->used++;
		return;
	}
	v = VM_LOAD(u64, &VM_BYTE(r->mem, f->args, f->used * 8));
	f->used++;
	f->sign = 0;
	if (letter == 'c') {
		f->flags &= ~(u32)VM_FORMAT_ZERO;
		f->body = VM_BODY_CHAR;
		f->value = v;
		f->length = 1;
	} else if (letter == 's') {
		vm_format_set_text(r, v, VM_BODY_TEXT, VM_TEXT_MAX);
		VM_REPEAT(f->readable, vm_format_length_turn, r);
	} else if (letter == '4' || letter == '6') {
		vm_format_set_text(r, v, letter == '4' ? VM_BODY_IP4 : VM_BODY_IP6,
				   letter == '4' ? 4 : 16);
	} else {
		if (letter == 'p')
			vm_format_set_pointer(f, v);
		else
			vm_format_set_number(f, v, letter);
		VM_REPEAT(20, vm_format_power_turn, r);
	}
	vm_format_field(r);
}

/* --- the format -------------------------------------------------------------------------------- */

/* What a % begins, behind its flags and width. Sets *letter if that is a field; returns the mode. */
VM_INLINE u32 vm_format_conversion(struct vm_format *f, u32 c, u32 *letter)
{
	switch (c) {
	case 'l':
		return f->longs++ < 2 ? VM_FORMAT_LONG : VM_FORMAT_BAD;
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
		*letter = c;
		return VM_FORMAT_PLAIN;
	}
	if (f->longs)
		return VM_FORMAT_BAD;
	if (c == 'c' || c == 's')
		*letter = c;
	return c == 'c' ? VM_FORMAT_PLAIN : c == 's' ? VM_FORMAT_STRING :
	       c == 'p' ? VM_FORMAT_POINTER : VM_FORMAT_BAD;
}

VM_INLINE u32 vm_format_flags(struct vm_format *f, u32 c, u32 *letter)
{
	u32 flag = c == '0' ? VM_FORMAT_ZERO : c == '-' ? VM_FORMAT_LEFT : c == '+' ?
		   VM_FORMAT_PLUS : c == ' ' ? VM_FORMAT_SPACE : 0;

	if (flag && f->mode != VM_FORMAT_WIDTH) {
		f->flags |= flag;
		return VM_FORMAT_FLAGS;
	}
	if (!vm_is_digit(c))
		return vm_format_conversion(f, c, letter);
	f->width = f->width * 10 + (c - '0');
	if (f->width > VM_FORMAT_WIDE)
		f->width = VM_FORMAT_WIDE;
	return VM_FORMAT_WIDTH;
}

/* Behind pI, pk and the like. */
VM_INLINE u32 vm_format_special(struct vm_format *f, u32 c, u32 *letter)
{
	f->width = 0;
	f->flags |= VM_FORMAT_WHOLE;
	if (f->mode == VM_FORMAT_KERNEL && c == 's') {
		*letter = c;
		return VM_FORMAT_STRING;
	}
	if (f->mode == VM_FORMAT_ADDRESS && (c == '4' || c == '6')) {
		*letter = c;
		return VM_FORMAT_SKIP;
	}
	return VM_FORMAT_BAD;
}

VM_INLINE u32 vm_format_pointer(struct vm_format *f, u32 c, u32 *letter)
{
	if (c == 'k' || c == 'u')
		return VM_FORMAT_KERNEL;
	if (c == 'I')
		f->flags |= VM_FORMAT_COMPACT;
	if (c == 'I' || c == 'i')
		return VM_FORMAT_ADDRESS;
	if (vm_is_word(c) && c != 'x' && c != 'K')
		return VM_FORMAT_BAD;
	*letter = 'p';
	return vm_is_word(c) ? VM_FORMAT_SKIP : VM_FORMAT_PLAIN;
}

/* The mode behind character c, which no % is near to. */
VM_INLINE u32 vm_format_plain(struct vm_format_run *r, u32 c)
{
	if (!c)
		return VM_FORMAT_DONE;
	if (c == '%')
		return VM_FORMAT_PERCENT;
	if (c == 0x7f || (c < ' ' && c - '\t' > '\r' - '\t'))
		return VM_FORMAT_BAD;
	vm_format_put(r, c);
	return VM_FORMAT_PLAIN;
}

/* The mode behind character c inside of what a % began. */
VM_INLINE u32 vm_format_inside(struct vm_format_run *r, u32 c, u32 *letter)
{
	struct vm_format *f = r->f;

	switch (f->mode) {
	case VM_FORMAT_PERCENT:
		if (c == '%') {
			vm_format_put(r, c);
			return VM_FORMAT_PLAIN;
		}
		if (f->used >= f->count)
			return VM_FORMAT_BAD;
		f->flags = f->width = f->longs = 0;
		return vm_format_flags(f, c, letter);
	case VM_FORMAT_FLAGS:
	case VM_FORMAT_WIDTH:
		return vm_format_flags(f, c, letter);
	case VM_FORMAT_LONG:
		return vm_format_conversion(f, c, letter);
	case VM_FORMAT_POINTER:
		return vm_format_pointer(f, c, letter);
	}
	return vm_format_special(f, c, letter);
}

/* Whether c is looked at as if there had been no % before it. */
VM_INLINE _Bool vm_format_is_plain(u32 mode, u32 c)
{
	return mode == VM_FORMAT_PLAIN ||
	       (!vm_is_word(c) && (mode == VM_FORMAT_STRING || mode == VM_FORMAT_SKIP));
}

static inline long vm_format_turn(u32 i, struct vm_format_run *r)
{
	struct vm_format *f = r->f;
	u32 letter = 0, mode = f->mode, c;

	(void)i;
	if (f->from >= f->size) {
		f->mode = VM_FORMAT_BAD; /* no NUL */
		return 1;
	}
	c = VM_BYTE(r->mem, f->format, f->from);
	f->from++;
	if (!vm_format_is_plain(mode, c)) {
		mode = mode == VM_FORMAT_STRING ? VM_FORMAT_BAD :
		       mode == VM_FORMAT_SKIP	? VM_FORMAT_SKIP :
						  vm_format_inside(r, c, &letter);
		if (letter)
			vm_format_write(r, letter);
		f->mode = mode;
		if (letter != 'p' || mode != VM_FORMAT_PLAIN)
			return mode == VM_FORMAT_BAD;
	}
	f->mode = vm_format_plain(r, c); /* a character that ended a p, too */
	if (f->mode == VM_FORMAT_DONE && f->dry) {
		f->dry = f->mode = f->at = f->from = f->used = 0;
		return 0;
	}
	return f->mode >= VM_FORMAT_BAD;
}

/*
 * Formats f->format; format, args, out, size, count and room are the caller's, the rest is 0.
 * Returns the length that the output has or would have, its NUL not counted, or -VM_EINVAL.
 */
VM_INLINE long vm_format(struct vm_format_run *r)
{
	struct vm_format *f = r->f;
	u32 last;

	if (f->count > VM_FORMAT_ARGS)
		return -VM_EINVAL;
	f->dry = 1; /* once without a trace, to see whether it is good */
	VM_REPEAT(f->size * 2, vm_format_turn, r);
	if (f->mode != VM_FORMAT_DONE)
		return -VM_EINVAL;
	last = f->at < f->room ? f->at : f->room - 1;
	if (f->room)
		VM_BYTE(r->mem, f->out, last) = 0;
	return f->at;
}

#endif
