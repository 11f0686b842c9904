/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_maps.h"
#include "values.h"

#define DEPTH 64 /* more than types are deep */

json_t *cli_u64(u64 number)
{
	char text[24];

	if (!(number >> 63))
		return cli_pack("I", (json_int_t)number);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return cli_string(text);
}

/* The containers that are open; the outermost one is an array of the value alone. */
struct builder {
	json_t *open[DEPTH];
	u32 depth;
};

static json_t *text_json(const struct bpfvm_shown *part)
{
	json_t *value = json_stringn(part->text, part->length);

	if (!value)
		cli_no_memory();
	return value;
}

static json_t *real_json(double real)
{
	char text[32];

	if (isfinite(real))
		return cli_pack("f", real);
	snprintf(text, sizeof(text), "%g", real);
	return cli_string(text);
}

static json_t *part_json(const struct bpfvm_shown *part)
{
	switch (part->kind) {
	case BPFVM_SHOWN_UNSIGNED:
		return cli_u64(part->number);
	case BPFVM_SHOWN_SIGNED:
		return cli_pack("I", (json_int_t)part->number);
	case BPFVM_SHOWN_BOOL:
		return cli_pack("b", (int)part->number);
	case BPFVM_SHOWN_REAL:
		return real_json(part->real);
	case BPFVM_SHOWN_TEXT:
		return text_json(part);
	case BPFVM_SHOWN_STRUCT:
		return cli_pack("{}");
	case BPFVM_SHOWN_ARRAY:
	case BPFVM_SHOWN_END:
		break;
	}
	return cli_pack("[]");
}

static void build(void *arg, const struct bpfvm_shown *part)
{
	struct builder *b = arg;
	json_t *value, *in = b->open[b->depth];

	if (part->kind == BPFVM_SHOWN_END) {
		b->depth--;
		return;
	}
	value = part_json(part);
	if (json_is_object(in))
		cli_set(in, part->name, value);
	else
		cli_append(in, value);
	if (part->kind == BPFVM_SHOWN_STRUCT || part->kind == BPFVM_SHOWN_ARRAY)
		b->open[++b->depth] = value;
}

json_t *cli_value(const void *btf, u32 type, const void *data, u32 size)
{
	struct builder b = {.open = {cli_pack("[]")}};
	json_t *value;
	char *text;

	if (!bpfvm_value__show(btf, type, data, size, build, &b)) {
		value = json_incref(json_array_get(b.open[0], 0));
	} else {
		text = bpfvm_value__text(NULL, 0, data, size);
		if (!text)
			cli_no_memory();
		value = cli_string(text);
		free(text);
	}
	json_decref(b.open[0]);
	return value;
}
