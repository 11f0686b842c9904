/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shows values part by part, as their types in BTF say. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "value_part.h"

/* Unions and empty elements make more parts than there are bytes; damaged types do without end. */
#define PARTS(size) ((u64)(size)*64 + 4096)

struct show {
	const u8 *data;
	u64 parts;		  /* that may follow */
	bpfvm_shown_visit *visit; /* NULL: to find out whether it can be shown */
	void *arg;
};

static void emit(const struct show *s, struct bpfvm_shown shown)
{
	if (s->visit)
		s->visit(s->arg, &shown);
}

static void show_text(const struct show *s, const char *name, const char *text, size_t length)
{
	emit(s, (struct bpfvm_shown){
		    .kind = BPFVM_SHOWN_TEXT, .name = name, .text = text, .length = (u32)length});
}

/* What has no number of 64 bits is text. */
static void show_wide(const struct show *s, const struct value_part *part, const char *name)
{
	u64 end = part->bit + part->bits;
	u64 low = value_read(s->data, VALUE_LITTLE ? part->bit : end - 64, 64);
	u64 high = value_read(s->data, VALUE_LITTLE ? part->bit + 64 : part->bit, part->bits - 64);
	char text[40];

	snprintf(text, sizeof(text), "0x%llx%016llx", (unsigned long long)high,
		 (unsigned long long)low);
	show_text(s, name, text, strlen(text));
}

static void show_number(const struct show *s, const struct value_part *part, const char *name)
{
	struct bpfvm_shown shown = {.kind = BPFVM_SHOWN_UNSIGNED, .name = name};
	char text[24];

	if (part->bits > 64) {
		show_wide(s, part, name);
		return;
	}
	shown.number = value_read(s->data, part->bit, part->bits);
	if (part->type && btf_is_ptr(part->type)) {
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)shown.number);
		show_text(s, name, text, strlen(text));
		return;
	}
	if (part->kind == VALUE_BOOL && shown.number <= 1)
		shown.kind = BPFVM_SHOWN_BOOL;
	if (part->sign) {
		shown.kind = BPFVM_SHOWN_SIGNED;
		shown.number = value_extend(shown.number, part->bits);
	}
	emit(s, shown);
}

static void show_enum(const struct show *s, const struct value_part *part, const char *name)
{
	u64 number = value_read(s->data, part->bit, part->bits), known;

	for (u32 i = 0; i < part->items; i++) {
		const char *word = value_enum(part, i, &known);

		if (known == number) {
			show_text(s, name, word, strlen(word));
			return;
		}
	}
	show_number(s, part, name);
}

static void show_real(const struct show *s, const struct value_part *part, const char *name)
{
	u64 number = value_read(s->data, part->bit, part->bits);
	u32 half = (u32)number;
	float narrow;
	double real;

	memcpy(&real, &number, sizeof(real));
	memcpy(&narrow, &half, sizeof(narrow));
	emit(s, (struct bpfvm_shown){.kind = BPFVM_SHOWN_REAL,
				     .name = name,
				     .real = part->bits == 64 ? real : (double)narrow});
}

/* Characters up to the first NUL, behind which there is nothing else; false if they are not. */
static bool show_chars(const struct show *s, const struct value_part *part, const char *name)
{
	const char *text = (const char *)s->data + part->bit / 8;
	size_t size = part->bits / 8, length = strnlen(text, size);

	for (size_t i = length; i < size; i++)
		if (text[i])
			return false;
	if (!value_printable(text, length))
		return false;
	show_text(s, name, text, length);
	return true;
}

static bool show_address(const struct show *s, const struct value_part *part, const char *name)
{
	int family = value_family(part);
	char text[INET6_ADDRSTRLEN];

	if (!family || !inet_ntop(family, s->data + part->bit / 8, text, sizeof(text)))
		return false;
	show_text(s, name, text, strlen(text));
	return true;
}

static int show(struct show *s, const struct value_part *part, const char *name);

/* Fields of an anonymous structure count as those of the one around it. */
static int show_fields(struct show *s, const struct value_part *part)
{
	struct value_part field;
	const char *name;

	for (u32 i = 0; i < part->items; i++) {
		int ret = s->parts-- ? value_field(part, i, &field, &name) : -E2BIG;

		if (!ret && field.kind == VALUE_STRUCT && !*name)
			ret = show_fields(s, &field);
		else if (!ret && *name)
			ret = show(s, &field, name);
		if (ret)
			return ret;
	}
	return 0;
}

static int show_elements(struct show *s, const struct value_part *part)
{
	struct value_part element;
	int ret = 0;

	for (u32 i = 0; i < part->items && !ret; i++) {
		ret = s->parts-- ? value_element(part, i, &element) : -E2BIG;
		if (!ret)
			ret = show(s, &element, NULL);
	}
	return ret;
}

static int show_all(struct show *s, const struct value_part *part, const char *name)
{
	bool fields = part->kind == VALUE_STRUCT;
	int ret;

	emit(s, (struct bpfvm_shown){.kind = fields ? BPFVM_SHOWN_STRUCT : BPFVM_SHOWN_ARRAY,
				     .name = name});
	ret = fields ? show_fields(s, part) : show_elements(s, part);
	emit(s, (struct bpfvm_shown){.kind = BPFVM_SHOWN_END});
	return ret;
}

static int show(struct show *s, const struct value_part *part, const char *name)
{
	switch (part->kind) {
	case VALUE_NUMBER:
	case VALUE_BOOL:
		show_number(s, part, name);
		return 0;
	case VALUE_ENUM:
		show_enum(s, part, name);
		return 0;
	case VALUE_REAL:
		show_real(s, part, name);
		return 0;
	case VALUE_STRUCT:
		return show_address(s, part, name) ? 0 : show_all(s, part, name);
	case VALUE_ARRAY:
		if (value_is_chars(part) && show_chars(s, part, name))
			return 0;
		return show_all(s, part, name);
	}
	return -EINVAL;
}

int bpfvm_value__show(const void *btf, u32 type, const void *data, u32 size,
		      bpfvm_shown_visit *visit, void *arg)
{
	struct show s = {.data = data, .parts = PARTS(size), .arg = arg};
	struct value_part whole;
	int ret = type ? value_whole(&whole, btf, type, size) : -EINVAL;

	if (!ret)
		ret = show(&s, &whole, NULL);
	if (ret)
		return ret;
	s.parts = PARTS(size);
	s.visit = visit;
	return show(&s, &whole, NULL);
}
