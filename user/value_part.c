/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lays types in BTF over the bits of a value, and refuses those that do not fit. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "value_part.h"

#define DEPTH 32 /* of types within types: more is a circle */
static u32 shift(u64 bit)
{
	return VALUE_LITTLE ? bit % 8 : 7 - bit % 8;
}

u64 value_read(const u8 *data, u64 bit, u64 bits)
{
	u64 number = 0;

	for (u64 i = 0; i < bits; i++)
		number |= (u64)(data[(bit + i) / 8] >> shift(bit + i) & 1)
			  << (VALUE_LITTLE ? i : bits - 1 - i);
	return number;
}

void value_write(u8 *data, u64 bit, u64 bits, u64 number)
{
	for (u64 i = 0; i < bits; i++) {
		u8 *byte = &data[(bit + i) / 8], mask = (u8)(1 << shift(bit + i));

		*byte = (u8)(number >> (VALUE_LITTLE ? i : bits - 1 - i) & 1 ? *byte | mask
									     : *byte & ~mask);
	}
}

u64 value_extend(u64 number, u64 bits)
{
	u64 top = bits && bits < 64 ? 1ull << (bits - 1) : 0;

	return (number ^ top) - top;
}

bool value_printable(const char *text, size_t length)
{
	while (length && *text >= ' ' && *text < 0x7f)
		text++, length--;
	return !length;
}

static const char *name_of(const struct btf *btf, u32 offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name && value_printable(name, strlen(name)) ? name : "?";
}

/* An integer may itself be only some bits of its bytes. */
static int set_int(struct value_part *part)
{
	u32 encoding = btf_int_encoding(part->type);

	part->bit += btf_int_offset(part->type);
	part->bits = btf_int_bits(part->type);
	part->kind = encoding & BTF_INT_BOOL && part->bits <= 64 ? VALUE_BOOL : VALUE_NUMBER;
	part->sign = encoding & BTF_INT_SIGNED;
	return part->bits && part->bits <= 128 ? 0 : -EINVAL;
}

static int set_array(struct value_part *part, u32 id)
{
	s64 size = btf__resolve_size(part->btf, id);

	if (size < 0)
		return -EINVAL;
	part->kind = VALUE_ARRAY;
	part->bits = (u64)size * 8;
	part->items = btf_array(part->type)->nelems;
	return 0;
}

/* What a type says of its own; part->btf, bit and depth are set. */
static int set_type(struct value_part *part, u32 id)
{
	int plain = btf__resolve_type(part->btf, id);

	part->type = plain > 0 ? btf__type_by_id(part->btf, (u32)plain) : NULL;
	if (!part->type || part->depth > DEPTH)
		return -EINVAL;
	part->bits = (u64)part->type->size * 8;
	switch (btf_kind(part->type)) {
	case BTF_KIND_INT:
		return set_int(part);
	case BTF_KIND_PTR:
		part->bits = 64;
		part->kind = VALUE_NUMBER;
		return 0;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		part->kind = VALUE_ENUM;
		part->sign = btf_kflag(part->type);
		part->items = btf_vlen(part->type);
		return part->bits && part->bits <= 64 ? 0 : -EINVAL;
	case BTF_KIND_FLOAT:
		part->kind = VALUE_REAL;
		return part->bits == 32 || part->bits == 64 ? 0 : -EINVAL;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		part->kind = VALUE_STRUCT;
		part->items = btf_vlen(part->type);
		return 0;
	case BTF_KIND_ARRAY:
		return set_array(part, (u32)plain);
	}
	return -EINVAL;
}

static bool within(const struct value_part *of, const struct value_part *part)
{
	return part->bit >= of->bit && part->bits <= of->bits &&
	       part->bit - of->bit <= of->bits - part->bits;
}

int value_whole(struct value_part *part, const struct btf *btf, u32 type, u32 size)
{
	*part = (struct value_part){.btf = btf, .bits = (u64)size * 8};
	if (!type && (size == 1 || size == 2 || size == 4 || size == 8))
		return 0; /* an integer, most likely */
	if (!type || !btf || set_type(part, type))
		return -EINVAL;
	return part->bit || part->bits != (u64)size * 8 ? -EINVAL : 0;
}

void value_unknown(struct value_part *part, u32 size)
{
	*part = (struct value_part){.kind = VALUE_ARRAY, .bits = (u64)size * 8};
}

int value_field(const struct value_part *of, u32 n, struct value_part *part, const char **name)
{
	const struct btf_member *m = &btf_members(of->type)[n];
	u32 bits = btf_member_bitfield_size(of->type, n);
	int ret;

	*name = name_of(of->btf, m->name_off);
	*part = (struct value_part){.btf = of->btf, .depth = of->depth + 1};
	part->bit = of->bit + btf_member_bit_offset(of->type, n);
	ret = set_type(part, m->type);
	if (!ret && bits) {
		if (part->kind > VALUE_ENUM || bits > part->bits)
			return -EINVAL;
		part->bits = bits;
	}
	return ret || !within(of, part) ? -EINVAL : 0;
}

int value_element(const struct value_part *of, u32 n, struct value_part *part)
{
	u32 type = btf_array(of->type)->type;
	s64 size = btf__resolve_size(of->btf, type);

	*part = (struct value_part){.btf = of->btf, .depth = of->depth + 1};
	if (size < 0)
		return -EINVAL;
	part->bit = of->bit + (u64)size * 8 * n;
	return set_type(part, type) || !within(of, part) ? -EINVAL : 0;
}

bool value_is_chars(const struct value_part *part)
{
	struct value_part item;

	return part->kind == VALUE_ARRAY && part->items && part->bit % 8 == 0 &&
	       !value_element(part, 0, &item) && item.bits == 8 && btf_is_int(item.type) &&
	       !strcmp(name_of(item.btf, item.type->name_off), "char");
}

const char *value_enum(const struct value_part *part, u32 n, u64 *number)
{
	bool wide = btf_is_enum64(part->type);
	u32 name = wide ? btf_enum64(part->type)[n].name_off : btf_enum(part->type)[n].name_off;

	*number =
	    wide ? btf_enum64_value(&btf_enum64(part->type)[n]) : (u64)btf_enum(part->type)[n].val;
	if (part->bits < 64)
		*number &= (1ull << part->bits) - 1;
	return name_of(part->btf, name);
}

int value_family(const struct value_part *part)
{
	const char *name = part->type ? name_of(part->btf, part->type->name_off) : "";

	if (part->kind != VALUE_STRUCT || part->bit % 8)
		return 0;
	if (part->bits == 32 && !strcmp(name, "in_addr"))
		return AF_INET;
	return part->bits == 128 && !strcmp(name, "in6_addr") ? AF_INET6 : 0;
}

u32 bpfvm_value__find_struct(const void *btf, const char *name, u32 *size)
{
	s32 id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) : 0;

	if (id <= 0)
		return 0;
	*size = btf__type_by_id(btf, (u32)id)->size;
	return (u32)id;
}
