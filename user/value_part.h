/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types in BTF, laid over the bits of a value. Private to the library. */
#ifndef BPFVM_VALUE_PART_H
#define BPFVM_VALUE_PART_H

#include <bpf/btf.h>
#include <linux/btf.h>

#include "values.h"

enum value_kind {
	VALUE_NUMBER, /* an integer or a pointer */
	VALUE_BOOL,
	VALUE_ENUM,
	VALUE_REAL,
	VALUE_STRUCT, /* or a union */
	VALUE_ARRAY,
};

/* A value or a part of it. A part lies within what it is part of, whatever its BTF says. */
struct value_part {
	const struct btf *btf;
	const struct btf_type *type; /* behind typedefs and qualifiers; NULL: an integer */
	enum value_kind kind;
	bool sign;
	u32 items; /* fields or elements */
	u32 depth; /* types around it */
	u64 bit;   /* where it begins in the value */
	u64 bits;
};

/* All of a value; -EINVAL if it has another size, or a type that values do not have. */
int value_whole(struct value_part *part, const struct btf *btf, u32 type, u32 size);

/* Bytes of which nobody knows what they mean. */
void value_unknown(struct value_part *part, u32 size);

/* Field `n` and its name, which is empty in an anonymous structure; element `n`. -EINVAL. */
int value_field(const struct value_part *of, u32 n, struct value_part *part, const char **name);
int value_element(const struct value_part *of, u32 n, struct value_part *part);

/* Whether it is an array of char, in whole bytes. */
bool value_is_chars(const struct value_part *part);

/* Name and number of item `n` of an enumeration, cut to the part's bits. */
const char *value_enum(const struct value_part *part, u32 n, u64 *number);

/* AF_INET of a struct in_addr, AF_INET6 of a struct in6_addr, else 0. */
int value_family(const struct value_part *part);

/* Whether it is ASCII that does nothing to a terminal. */
bool value_printable(const char *text, size_t length);

/*
 * At most 64 bits of a value, and the same as a signed number. BTF counts bits from the lowest one
 * of a byte on, on big-endian machines from the highest.
 */
#define VALUE_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
u64 value_read(const u8 *data, u64 bit, u64 bits);
u64 value_extend(u64 number, u64 bits);
void value_write(u8 *data, u64 bit, u64 bits, u64 number);

#endif
