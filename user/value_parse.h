/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text of a value while it is parsed. Private to the library. */
#ifndef BPFVM_VALUE_PARSE_H
#define BPFVM_VALUE_PARSE_H

#include "value_part.h"

#define HINT_FORMS "numbers, addresses, {field=value,...}, [1,2,...], \"text\" or hex:0a00..."

struct parse {
	const char *at; /* what is left of the text */
	u8 *data;
	char path[128]; /* of the part, for errors: "key.port" */
	u32 looks;	/* at fields that may follow: damaged types have them without end */
	struct bpfvm_error *err;
};

/* A number, a name, an address. */
struct word {
	const char *at;
	size_t length;
	char text[64]; /* the same, or empty if it is longer */
};

/* -EINVAL with the error filled in: "path: why", then the word unless it is NULL. */
int parse_refuse(const struct parse *p, const char *hint, const char *why, const struct word *word);

void parse_blanks(struct parse *p);

/* Whether `c` comes next, which is then skipped. */
bool parse_take(struct parse *p, char c);

/* "there are a, b, c": the names of an enumeration, or of the fields of a structure. */
void parse_list(const struct value_part *part, char *hint, size_t size);

/* A value that is one word: a number, a name, an address, bytes. -EINVAL. */
int parse_word(struct parse *p, const struct value_part *part);

#endif
