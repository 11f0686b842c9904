/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values that are one word: numbers, names, addresses, bytes. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "value_parse.h"

int parse_refuse(const struct parse *p, const char *hint, const char *why, const struct word *word)
{
	return bpfvm_error__set(p->err, -EINVAL, hint, "%s: %s%.*s", p->path, why,
				word ? (int)word->length : 0, word ? word->at : "");
}

void parse_blanks(struct parse *p)
{
	p->at += strspn(p->at, " \t\n");
}

bool parse_take(struct parse *p, char c)
{
	parse_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* Up to what ends it; JSON has quotation marks around it. */
static struct word take_word(struct parse *p)
{
	struct word word = {0};
	bool quoted = parse_take(p, '"');

	word.at = p->at;
	word.length = strcspn(p->at, quoted ? "\"" : ",]} \t\n");
	p->at += word.length;
	if (quoted && *p->at)
		p->at++;
	if (word.length < sizeof(word.text))
		memcpy(word.text, word.at, word.length);
	return word;
}

long bpfvm_hex__parse(const char *text, const char *end, u8 *data)
{
	long size = 0;

	for (; text < end; text++) {
		char pair[3] = {text[0], text + 1 < end ? text[1] : 0, 0};

		if (isspace((u8)*text))
			continue;
		if (!isxdigit((u8)pair[0]) || !isxdigit((u8)pair[1]))
			return -EINVAL;
		if (data)
			data[size] = (u8)strtoul(pair, NULL, 16);
		size++;
		text++;
	}
	return size;
}

static void store_bytes(struct parse *p, const struct value_part *part, const u8 *bytes)
{
	for (u64 i = 0; i < part->bits / 8; i++)
		value_write(p->data, part->bit + i * 8, 8, bytes[i]);
}

static int parse_hex(struct parse *p, const struct value_part *part, const struct word *word)
{
	const char *text = word->at + strlen("hex:"), *end = word->at + word->length;
	long size = bpfvm_hex__parse(text, end, NULL);
	char why[64];
	u8 *bytes;

	if (size < 0)
		return parse_refuse(p, NULL, "not pairs of hex digits: ", word);
	snprintf(why, sizeof(why), "%ld byte%s given; it has %llu", size, size == 1 ? "" : "s",
		 (unsigned long long)part->bits / 8);
	if ((u64)size * 8 != part->bits)
		return parse_refuse(p, NULL, why, NULL);
	bytes = malloc((size_t)size + 1);
	if (!bytes)
		return bpfvm_error__set(p->err, -ENOMEM, NULL, "%s: no memory", p->path);
	bpfvm_hex__parse(text, end, bytes);
	store_bytes(p, part, bytes);
	free(bytes);
	return 0;
}

/* False if it is no address, or not of this size. */
static bool parse_address(struct parse *p, const struct value_part *part, const char *text)
{
	u8 bytes[16];
	int family = part->bits == 32 ? AF_INET : part->bits == 128 ? AF_INET6 : 0;

	if (!family || inet_pton(family, text, bytes) != 1)
		return false;
	store_bytes(p, part, bytes);
	return true;
}

/* A whole number and its sign; -EINVAL if it is none, -ERANGE if it has more than 64 bits. */
static int read_integer(const char *text, bool *negative, u64 *number)
{
	char *end;

	*negative = *text == '-';
	text += *negative;
	if (!isdigit((u8)*text))
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	return *end ? -EINVAL : -errno;
}

/* What was read as `ret` says, if it fits. */
static int store_integer(struct parse *p, const struct value_part *part, const struct word *word,
			 int ret, bool negative, u64 number)
{
	u64 all = part->bits < 64 ? (1ull << part->bits) - 1 : ~0ull;
	u64 most = part->sign ? all >> 1 : all;
	u64 least = part->sign || !part->type ? (all >> 1) + 1 : 0; /* below 0 */
	char why[96];

	if (ret || number > (negative ? least : most)) {
		snprintf(why, sizeof(why), "it can be from %s%llu to %llu, not ", least ? "-" : "",
			 (unsigned long long)least, (unsigned long long)most);
		return parse_refuse(p, NULL, why, word);
	}
	value_write(p->data, part->bit, part->bits, negative ? -number : number);
	return 0;
}

/* be:80, a number in network order. */
static int parse_network(struct parse *p, const struct value_part *part, const struct word *word)
{
	const char *text = word->text + strlen("be:");
	u64 number, size = part->bits / 8;
	bool negative;
	u8 bytes[8];

	if (read_integer(text, &negative, &number) || negative || size > 8 || part->bits % 8 ||
	    (size < 8 && number >> size * 8))
		return parse_refuse(p, NULL, "no number that it can hold in network order: ", word);
	for (u64 i = 0; i < size; i++)
		bytes[i] = (u8)(number >> (size - 1 - i) * 8);
	store_bytes(p, part, bytes);
	return 0;
}

/* Above 64 bits: 0x and hex digits. */
static int parse_wide(struct parse *p, const struct value_part *part, const struct word *word)
{
	const char *digits = word->text + 2;
	u64 n = strspn(digits, "0123456789abcdefABCDEF");

	if (strncmp(word->text, "0x", 2) || !n || digits[n] || n * 4 > part->bits)
		return parse_refuse(p, "write it as 0x..., or all of its bytes as hex:...",
				    "not a number that it can be: ", word);
	for (u64 i = 0; i < n; i++) {
		char digit[2] = {digits[n - 1 - i]};
		u64 at = VALUE_LITTLE ? i * 4 : part->bits - 4 - i * 4;

		value_write(p->data, part->bit + at, 4, strtoul(digit, NULL, 16));
	}
	return 0;
}

static int parse_integer(struct parse *p, const struct value_part *part, const struct word *word)
{
	bool negative;
	u64 number;
	int ret;

	if (part->bits > 64)
		return parse_wide(p, part, word);
	ret = read_integer(word->text, &negative, &number);
	if (ret == -EINVAL)
		return parse_refuse(p, HINT_FORMS, "not a number: ", word);
	return store_integer(p, part, word, ret, negative, number);
}

static int parse_bool(struct parse *p, const struct value_part *part, const struct word *word)
{
	bool yes = !strcmp(word->text, "true");

	if (!yes && strcmp(word->text, "false"))
		return parse_integer(p, part, word);
	value_write(p->data, part->bit, part->bits, yes);
	return 0;
}

void parse_list(const struct value_part *part, char *hint, size_t size)
{
	struct value_part field;
	const char *name;
	size_t used = 0;
	u64 number;

	*hint = 0;
	for (u32 i = 0; i < part->items && used < size; i++) {
		if (part->kind == VALUE_ENUM)
			name = value_enum(part, i, &number);
		else if (value_field(part, i, &field, &name))
			break;
		if (*name)
			used += (size_t)snprintf(hint + used, size - used, "%s%s",
						 used ? ", " : "there are ", name);
	}
}

static int parse_enum(struct parse *p, const struct value_part *part, const struct word *word)
{
	char hint[256];
	bool negative;
	u64 number;
	int ret;

	for (u32 i = 0; i < part->items; i++) {
		const char *name = value_enum(part, i, &number);

		if (strcmp(name, word->text))
			continue;
		value_write(p->data, part->bit, part->bits, number);
		return 0;
	}
	ret = read_integer(word->text, &negative, &number);
	if (ret != -EINVAL)
		return store_integer(p, part, word, ret, negative, number);
	parse_list(part, hint, sizeof(hint));
	return parse_refuse(p, hint, "no such name: ", word);
}

static int parse_real(struct parse *p, const struct value_part *part, const struct word *word)
{
	char *end;
	double real = strtod(word->text, &end);
	float narrow = (float)real;
	u32 half;
	u64 number;

	if (!*word->text || *end)
		return parse_refuse(p, HINT_FORMS, "not a number: ", word);
	memcpy(&number, &real, sizeof(number));
	memcpy(&half, &narrow, sizeof(half));
	value_write(p->data, part->bit, part->bits, part->bits == 64 ? number : half);
	return 0;
}

/* A structure that is one word is an address, if anything. */
static int refuse_struct(struct parse *p, const struct value_part *part, const struct word *word)
{
	char hint[256];

	switch (value_family(part)) {
	case AF_INET:
		return parse_refuse(p, "such as 10.0.0.1", "not an IPv4 address: ", word);
	case AF_INET6:
		return parse_refuse(p, "such as 2001:db8::1; an IPv4 address is ::ffff:10.0.0.1",
				    "not an IPv6 address: ", word);
	}
	parse_list(part, hint, sizeof(hint));
	return parse_refuse(p, hint, "it has fields, {field=value,...}, and cannot be ", word);
}

int parse_word(struct parse *p, const struct value_part *part)
{
	struct word word = take_word(p);

	if (!word.length)
		return parse_refuse(p, HINT_FORMS, "no value is given", NULL);
	if (!strncmp(word.at, "hex:", 4))
		return parse_hex(p, part, &word);
	if (parse_address(p, part, word.text))
		return 0;
	switch (part->kind) {
	case VALUE_NUMBER:
		return strncmp(word.at, "be:", 3) ? parse_integer(p, part, &word)
						  : parse_network(p, part, &word);
	case VALUE_BOOL:
		return parse_bool(p, part, &word);
	case VALUE_ENUM:
		return parse_enum(p, part, &word);
	case VALUE_REAL:
		return parse_real(p, part, &word);
	case VALUE_STRUCT:
		return refuse_struct(p, part, &word);
	case VALUE_ARRAY:
		break;
	}
	if (part->type)
		return parse_refuse(p, NULL, "an array is written as [1,2,...], not as ", &word);
	return parse_refuse(p, "write all of its bytes, as hex:...",
			    "nothing tells its type: ", &word);
}
