/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the loader prints: errors on stderr; records on stdout, as text tables or JSON from the same
 * rows.
 */
#ifndef BPFVM_CLI_OUTPUT_H
#define BPFVM_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bpfvm.h"

enum cli_exit {
	CLI_OK,
	CLI_FAILED, /* the tool or the system */
	CLI_USAGE, /* wrong usage */
	CLI_TRAPPED, /* the guest trapped */
	CLI_REFUSED, /* the checker refused the guest */
	CLI_SIGNAL = 128, /* and the number of the signal that ended it */
};

enum cli_format { CLI_TEXT, CLI_JSON, CLI_PRETTY };

/* What -j, -p and -v asked for; set once, before a command begins. */
struct cli_settings {
	enum cli_format format;
	u32 verbose;
};
extern struct cli_settings cli;

/* "loader: what: why", then "  hint: ..." unless `hint` is NULL or empty. */
void cli_error(const char *hint, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints an error of the library and returns CLI_FAILED. */
int cli_fail(const struct bpfvm_error *err);

/* A line on stderr for those who asked with -v. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process: there is no memory left. */
void cli_no_memory(void) __attribute__((noreturn));

/*
 * json_pack() and json_array_append_new() that never fail: they end the process when memory runs
 * out. Strings that come from a file go through cli_string() and "o", since they need not be UTF-8;
 * NULL becomes null.
 */
json_t *cli_pack(const char *format, ...);
json_t *cli_string(const char *text);
void cli_append(json_t *array, json_t *value);
void cli_set(json_t *object, const char *key, json_t *value);

/* "0x37" */
json_t *cli_hex(u64 value);

/* A column of a text table: the value under `key` of each row. */
struct cli_column {
	const char *key;
	const char *title;
	int flags; /* CLI_RIGHT, CLI_WRAP */
};
#define CLI_RIGHT 1
#define CLI_WRAP 2

/*
 * A part of a document: an array of rows, or an object, which needs no columns. Ends with key NULL.
 */
struct cli_section {
	const char *key;
	const char *title; /* printed above it, or NULL */
	const struct cli_column *columns;
};

/* A text table of `rows`, an array of objects. */
void cli_table(FILE *stream, const json_t *rows, const struct cli_column *columns);

/* Prints `value` as JSON, compact or pretty; frees it. */
void cli_json(json_t *value);

/*
 * Prints a document in the format that was asked for; frees it. Parts that it has not are left out.
 */
void cli_document(json_t *document, const struct cli_section *sections);

#endif
