/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values as text, in the form in which they are read again. */
#include <stdlib.h>
#include <string.h>

#include "value_part.h"

#define DEPTH 64 /* more than types are deep */

struct writer {
	FILE *stream;
	u32 depth;
	char end[DEPTH]; /* brackets that are open */
	bool first;	 /* in the innermost of them */
};

/* Characters that would be taken for something else stand in quotation marks. */
static void write_text(FILE *stream, const char *text, u32 length)
{
	bool bare = length;

	for (u32 i = 0; i < length; i++)
		bare &= !strchr(" ,=\"\\[]{}", text[i]);
	if (bare) {
		fwrite(text, 1, length, stream);
		return;
	}
	fputc('"', stream);
	for (u32 i = 0; i < length; i++)
		fprintf(stream, "%s%c", strchr("\"\\", text[i]) ? "\\" : "", text[i]);
	fputc('"', stream);
}

static void write_begin(struct writer *w, char begin, char end)
{
	fputc(begin, w->stream);
	w->first = true;
	if (w->depth < DEPTH)
		w->end[w->depth++] = end;
}

static void write_part(void *arg, const struct bpfvm_shown *part)
{
	struct writer *w = arg;

	if (part->kind == BPFVM_SHOWN_END) {
		fputc(w->end[--w->depth], w->stream);
		w->first = false;
		return;
	}
	if (!w->first)
		fputs(", ", w->stream);
	w->first = false;
	if (part->name)
		fprintf(w->stream, "%s=", part->name);
	switch (part->kind) {
	case BPFVM_SHOWN_UNSIGNED:
		fprintf(w->stream, "%llu", (unsigned long long)part->number);
		break;
	case BPFVM_SHOWN_SIGNED:
		fprintf(w->stream, "%lld", (long long)part->number);
		break;
	case BPFVM_SHOWN_BOOL:
		fputs(part->number ? "true" : "false", w->stream);
		break;
	case BPFVM_SHOWN_REAL:
		fprintf(w->stream, "%.17g", part->real);
		break;
	case BPFVM_SHOWN_TEXT:
		write_text(w->stream, part->text, part->length);
		break;
	case BPFVM_SHOWN_STRUCT:
		write_begin(w, '{', '}');
		break;
	case BPFVM_SHOWN_ARRAY:
		write_begin(w, '[', ']');
		break;
	case BPFVM_SHOWN_END:
		break;
	}
}

static void write_bytes(FILE *stream, const u8 *data, u32 size)
{
	fputs("hex:", stream);
	for (u32 i = 0; i < size; i++)
		fprintf(stream, "%02x", data[i]);
}

char *bpfvm_value__text(const void *btf, u32 type, const void *data, u32 size)
{
	char *text = NULL;
	size_t length = 0;
	struct writer w = {.stream = open_memstream(&text, &length), .first = true};

	if (!w.stream)
		return NULL;
	if (bpfvm_value__show(btf, type, data, size, write_part, &w))
		write_bytes(w.stream, data, size);
	if (fclose(w.stream)) {
		free(text);
		return NULL;
	}
	return text;
}
