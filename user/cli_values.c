/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values as JSON, and what a command line says of an entry of a map. */
#include <errno.h>
#include <linux/bpf.h>
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

/* --- values as JSON --- */

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

/* --- words of a command line --- */

static const struct {
	const char *word;
	u64 flags;
} flag_words[] = {{"any", BPF_ANY}, {"exist", BPF_EXIST}, {"noexist", BPF_NOEXIST}};

/* Words with a blank between each; freed by the caller. */
static char *join(char *const *word, u32 words)
{
	size_t size = 1;
	char *text;

	for (u32 i = 0; i < words; i++)
		size += strlen(word[i]) + 1;
	text = calloc(1, size);
	if (!text)
		cli_no_memory();
	for (u32 i = 0; i < words; i++) {
		strcat(text, word[i]);
		strcat(text, i + 1 < words ? " " : "");
	}
	return text;
}

static bool take_flags(const char *word, u64 *flags)
{
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(*flag_words); i++) {
		if (strcmp(word, flag_words[i].word))
			continue;
		*flags = flag_words[i].flags;
		return true;
	}
	return false;
}

static u8 *room(u32 size)
{
	u8 *data = calloc(1, size + 1);

	if (!data)
		cli_no_memory();
	return data;
}

static int parse_words(const struct bpfvm_image *image, u32 map, char *const *word, u32 words,
		       bool value, struct cli_entry *entry, struct bpfvm_error *err)
{
	const struct bpfvm_map *m = &image->map[map];
	char *text = join(word, words);
	int ret;

	if (value) {
		entry->value = room(m->value_size);
		ret = bpfvm_map__parse_value(image, map, text, entry->value, err);
	} else {
		entry->key = room(m->key_size);
		ret = bpfvm_map__parse_key(image, map, text, entry->key, err);
	}
	free(text);
	return ret;
}

int cli_entry_parse(const struct bpfvm_image *image, u32 map, char *const *word, u32 words,
		    struct cli_entry *entry, struct bpfvm_error *err)
{
	u32 middle = 1;
	int ret;

	*entry = (struct cli_entry){.flags = BPF_ANY};
	if (!words || strcmp(word[0], "key"))
		return bpfvm_error__set(err, -EINVAL, "key K [value V [any|exist|noexist]]",
					words ? "%s: it must begin with a key" : "no key is given",
					words ? word[0] : "");
	while (middle < words && strcmp(word[middle], "value"))
		middle++;
	ret = parse_words(image, map, word + 1, middle - 1, false, entry, err);
	if (ret || middle == words)
		return ret;
	if (words - middle > 2 && take_flags(word[words - 1], &entry->flags))
		words--;
	return parse_words(image, map, word + middle + 1, words - middle - 1, true, entry, err);
}

void cli_entry_free(struct cli_entry *entry)
{
	free(entry->key);
	free(entry->value);
}
