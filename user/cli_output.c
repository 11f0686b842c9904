/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the loader prints: errors on stderr; records on stdout, as text tables or JSON from the same
 * rows.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf */
#endif
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli_output.h"

struct cli_settings cli;

void cli_error(const char *hint, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("loader: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (hint && *hint)
		fprintf(stderr, "  hint: %s\n", hint);
}

int cli_fail(const struct bpfvm_error *err)
{
	cli_error(err->hint, "%s", err->text);
	return CLI_FAILED;
}

void cli_note(const char *format, ...)
{
	va_list args;

	if (!cli.verbose)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void cli_no_memory(void)
{
	cli_error(NULL, "out of memory");
	exit(CLI_FAILED);
}

json_t *cli_pack(const char *format, ...)
{
	json_t *value;
	va_list args;

	va_start(args, format);
	value = json_vpack_ex(NULL, 0, format, args);
	va_end(args);
	if (!value)
		cli_no_memory();
	return value;
}

/* Jansson takes UTF-8 only; of other text the ASCII part is kept. */
json_t *cli_string(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();
	char *copy;

	if (value)
		return value;
	copy = strdup(text);
	if (!copy)
		cli_no_memory();
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	if (!value)
		cli_no_memory();
	return value;
}

void cli_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		cli_no_memory();
}

void cli_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		cli_no_memory();
}

json_t *cli_hex(u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	return cli_string(text);
}

static char *cell_text(const json_t *value);

/* "a, b, c"; "-" if there is nothing in it. */
static char *cell_array(const json_t *array)
{
	char *text = NULL, *cell, *longer;
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		cell = cell_text(item);
		if (asprintf(&longer, "%s%s%s", text ? text : "", text ? ", " : "", cell) < 0)
			cli_no_memory();
		free(cell);
		free(text);
		text = longer;
	}
	return text ? text : strdup("-");
}

/* "key value, key value"; "-" if there is nothing in it. */
static char *cell_object(json_t *object)
{
	char *text = NULL, *cell, *longer;
	const char *key;
	json_t *item;

	json_object_foreach(object, key, item) {
		cell = cell_text(item);
		if (asprintf(&longer, "%s%s%s %s", text ? text : "", text ? ", " : "", key, cell) < 0)
			cli_no_memory();
		free(cell);
		free(text);
		text = longer;
	}
	return text ? text : strdup("-");
}

/* A value as a cell of a table; the caller frees it. */
static char *cell_text(const json_t *value)
{
	char *text = NULL;
	int n = 0;

	if (json_is_string(value))
		text = strdup(json_string_value(value));
	else if (json_is_integer(value))
		n = asprintf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		n = asprintf(&text, "%.2f", json_real_value(value));
	else if (json_is_boolean(value))
		text = strdup(json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		text = cell_array(value);
	else if (json_is_object(value))
		text = cell_object((json_t *)value);
	else
		text = strdup("-");
	if (n < 0 || !text)
		cli_no_memory();
	return text;
}

static void table_columns(struct libscols_table *table, const struct cli_column *columns)
{
	for (; columns->key; columns++) {
		int flags = (columns->flags & CLI_RIGHT ? SCOLS_FL_RIGHT : 0) |
			    (columns->flags & CLI_WRAP ? SCOLS_FL_WRAP : 0);

		if (!scols_table_new_column(table, columns->title, 0, flags))
			cli_no_memory();
	}
}

static void table_row(struct libscols_table *table, const json_t *row,
		      const struct cli_column *columns)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	for (u32 i = 0; columns[i].key; i++) {
		char *text = cell_text(json_object_get(row, columns[i].key));

		if (!line || scols_line_set_data(line, i, text))
			cli_no_memory();
		free(text);
	}
}

static struct libscols_table *table_new(FILE *stream)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		cli_no_memory();
	scols_table_set_stream(table, stream);
	scols_table_enable_minout(table, 1);
	return table;
}

void cli_table(FILE *stream, const json_t *rows, const struct cli_column *columns)
{
	struct libscols_table *table = table_new(stream);
	const json_t *row;
	size_t i;

	table_columns(table, columns);
	json_array_foreach(rows, i, row)
		table_row(table, row, columns);
	if (scols_print_table(table))
		cli_no_memory();
	scols_unref_table(table);
}

/* A key as words for people. */
static json_t *label(const char *key)
{
	char *c, *text = strdup(key);
	json_t *value;

	if (!text)
		cli_no_memory();
	for (c = text; *c; c++)
		if (*c == '_')
			*c = ' ';
	value = cli_string(text);
	free(text);
	return value;
}

/* The members of an object as lines "key  value". */
static void object_table(json_t *object)
{
	static const struct cli_column columns[] = {
		{"key", "", 0}, {"value", "", 0}, {NULL, NULL, 0}};
	struct libscols_table *table = table_new(stdout);
	const char *key;
	json_t *value, *row;

	table_columns(table, columns);
	scols_table_enable_noheadings(table, 1);
	json_object_foreach(object, key, value) {
		row = cli_pack("{s:o, s:O}", "key", label(key), "value", value);
		table_row(table, row, columns);
		json_decref(row);
	}
	if (scols_print_table(table))
		cli_no_memory();
	scols_unref_table(table);
}

void cli_json(json_t *value)
{
	size_t flags = cli.format == CLI_PRETTY ? JSON_INDENT(2) : JSON_COMPACT;

	/* A full disk is found by main(), which looks at stdout once for all commands. */
	json_dumpf(value, stdout, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(value);
}

static void section_text(json_t *part, const struct cli_section *section)
{
	if (section->title)
		printf("%s\n", section->title);
	if (json_is_object(part))
		object_table(part);
	else
		cli_table(stdout, part, section->columns);
}

void cli_document(json_t *document, const struct cli_section *sections)
{
	bool first = true;

	if (cli.format != CLI_TEXT) {
		cli_json(document);
		return;
	}
	for (; sections->key; sections++) {
		json_t *part = json_object_get(document, sections->key);

		if (!part || !(json_object_size(part) + json_array_size(part)))
			continue;
		if (!first)
			putchar('\n');
		section_text(part, sections);
		first = false;
	}
	json_decref(document);
}
