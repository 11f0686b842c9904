/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Turns what people write into a value, as its type in BTF says. */
#include <errno.h>
#include <string.h>

#include "value_parse.h"

static int parse_part(struct parse *p, const struct value_part *part);

/* Finds a field, also within anonymous structures. */
static bool find_field(struct parse *p, const struct value_part *of, const char *name,
		       struct value_part *field)
{
	const char *found;

	for (u32 i = 0; i < of->items; i++) {
		struct value_part within;

		if (!p->looks || value_field(of, i, field, &found))
			return false;
		p->looks--;
		if (*found && !strcmp(found, name))
			return true;
		within = *field;
		if (!*found && field->kind == VALUE_STRUCT && find_field(p, &within, name, field))
			return true;
	}
	return false;
}

/* "name=", or as JSON has it: "name": */
static int take_name(struct parse *p, const struct value_part *of, struct value_part *field,
		     char *name, size_t size)
{
	bool quoted = parse_take(p, '"');
	size_t length = strcspn(p->at, "\"=: \t\n,}");
	struct word word = {.at = p->at, .length = length};
	char hint[256];

	snprintf(name, size, "%.*s", (int)length, p->at);
	p->at += length;
	p->looks = 65536;
	if (!length || length >= size || !find_field(p, of, name, field)) {
		parse_list(of, hint, sizeof(hint));
		return parse_refuse(p, hint, "no such field: ", &word);
	}
	if ((quoted && !parse_take(p, '"')) || (!parse_take(p, '=') && !parse_take(p, ':')))
		return parse_refuse(p, HINT_FORMS, "no value follows the field ", &word);
	return 0;
}

/* Parses a part; `suffix` to the path names it in errors. */
static int parse_below(struct parse *p, const struct value_part *part, const char *suffix)
{
	size_t length = strlen(p->path);
	int ret;

	snprintf(p->path + length, sizeof(p->path) - length, "%s", suffix);
	ret = parse_part(p, part);
	p->path[length] = 0;
	return ret;
}

/* After an item: 1 if another one follows, 0 at the end, -EINVAL. */
static int next_item(struct parse *p, char bracket)
{
	if (parse_take(p, ','))
		return 1;
	if (parse_take(p, bracket))
		return 0;
	return parse_refuse(p, "a shell leaves it as it is within '...'",
			    bracket == '}' ? "no , or } at: " : "no , or ] at: ",
			    &(struct word){.at = p->at, .length = strlen(p->at)});
}

/* Fields without brackets go on to the end of the text, with or without commas. */
static int next_bare(struct parse *p)
{
	return parse_take(p, ',') || *p->at;
}

static int parse_fields(struct parse *p, const struct value_part *part, bool bare)
{
	char name[64] = ".";
	struct value_part field;
	int ret;

	if (!bare && parse_take(p, '}'))
		return 0;
	do {
		ret = take_name(p, part, &field, name + 1, sizeof(name) - 1);
		if (!ret)
			ret = parse_below(p, &field, name);
		if (!ret)
			ret = bare ? next_bare(p) : next_item(p, '}');
	} while (ret > 0);
	return ret;
}

/* "name=...": what a shell makes of {name=...,name=...}, too. */
static bool is_bare(const struct parse *p, const struct value_part *part)
{
	return part->kind == VALUE_STRUCT && p->at[strcspn(p->at, "=:.[{\" \t\n,")] == '=';
}

static int parse_elements(struct parse *p, const struct value_part *part)
{
	struct value_part element;
	char number[16];
	u32 i = 0;
	int ret;

	if (parse_take(p, ']'))
		return 0;
	do {
		if (i >= part->items || value_element(part, i, &element))
			return parse_refuse(p, NULL, "more elements than it has", NULL);
		snprintf(number, sizeof(number), "[%u]", i++);
		ret = parse_below(p, &element, number);
		if (!ret)
			ret = next_item(p, ']');
	} while (ret > 0);
	return ret;
}

/* Characters, with \" and \\ if they are in quotation marks. */
static int parse_chars(struct parse *p, const struct value_part *part)
{
	bool quoted = parse_take(p, '"');
	u64 size = part->bits / 8, n = 0;

	for (; *p->at && !strchr(quoted ? "\"" : ",]} \t\n", *p->at); p->at++) {
		if (quoted && *p->at == '\\' && p->at[1])
			p->at++;
		if (n < size)
			value_write(p->data, part->bit + n * 8, 8, (u8)*p->at);
		n++;
	}
	if (quoted && !parse_take(p, '"'))
		return parse_refuse(p, HINT_FORMS, "the text has no end", NULL);
	return n <= size ? 0 : parse_refuse(p, NULL, "the text is longer than it", NULL);
}

static int parse_part(struct parse *p, const struct value_part *part)
{
	parse_blanks(p);
	if (part->kind == VALUE_STRUCT && parse_take(p, '{'))
		return parse_fields(p, part, false);
	if (part->kind == VALUE_ARRAY && parse_take(p, '['))
		return parse_elements(p, part);
	if (value_is_chars(part) && strncmp(p->at, "hex:", 4))
		return parse_chars(p, part);
	return parse_word(p, part);
}

int bpfvm_value__parse(const void *btf, u32 type, const char *what, const char *text, void *data,
		       u32 size, struct bpfvm_error *err)
{
	struct parse p = {.at = text, .data = data, .err = err};
	struct value_part whole;
	int ret;

	snprintf(p.path, sizeof(p.path), "%s", what);
	if (value_whole(&whole, btf, type, size) && value_whole(&whole, btf, 0, size))
		value_unknown(&whole, size);
	memset(data, 0, size);
	parse_blanks(&p);
	ret = is_bare(&p, &whole) ? parse_fields(&p, &whole, true) : parse_part(&p, &whole);
	parse_blanks(&p);
	if (!ret && *p.at)
		return parse_refuse(&p, HINT_FORMS, "something follows it: ",
				    &(struct word){.at = p.at, .length = strlen(p.at)});
	return ret;
}
