/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader push`: installs a guest in a running device at a serial port, and shows what is there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_guest.h"
#include "cli_options.h"
#include "device.h"

#define MAX_COLUMNS 16
#define MAX_BAUD 921600

struct options {
	const char *file, *prog, *port, *ask;
	struct bpfvm_place place;
	u32 baud;
};

static const struct argp_option table[] = {
	{"serial", CLI_KEY_SERIAL, "PORT", 0,
	 "The device: /dev/ttyACM0 or its like, a unix socket, or HOST:PORT", 1},
	{"baud", CLI_KEY_BAUD, "N", 0, "Bits per second; default 115200", 1},
	{"prog", CLI_KEY_PROG, "NAME", 0, "Which program; default: the first in the file", 2},
	{"name", CLI_KEY_NAME, "NAME", 0, "Its container; default: the name of the program", 2},
	{"hook", CLI_KEY_HOOK, "HOOK", 0,
	 "What it is run for; default: where it was, else the name of its section", 2},
	{"tenant", CLI_KEY_TENANT, "NAME", 0,
	 "Whose container; default: whose it is, else the first", 2},
	{"ask", CLI_KEY_ASK, "LINE", 0, "Say this to the device's shell, and show its answer", 3},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_SERIAL:
		o->port = arg;
		return 0;
	case CLI_KEY_BAUD:
		o->baud = (u32)cli_number(&cmd_push, "--baud", arg, 1000, MAX_BAUD);
		return 0;
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case CLI_KEY_NAME:
		o->place.name = arg;
		return 0;
	case CLI_KEY_HOOK:
		o->place.hook = arg;
		return 0;
	case CLI_KEY_TENANT:
		o->place.tenant = arg;
		return 0;
	case CLI_KEY_ASK:
		o->ask = arg;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_push, &o->file, arg);
		return 0;
	case ARGP_KEY_END:
		if (o->ask && !bpfvm_device__takes(o->ask, " "))
			cli_usage(&cmd_push, "--ask: a line of text is wanted");
		if (!o->port)
			cli_usage(&cmd_push, "push: no --serial PORT given");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* What ended by a signal says nothing: who sent it knows. */
static int failed(const struct bpfvm_error *err)
{
	return cli_signal() ? CLI_SIGNAL + cli_signal() : cli_fail(err);
}

static void news(const char *line)
{
	fprintf(stderr, "device: %s\n", line + strspn(line, "!: "));
}

/* --- answers of the device, as tables -------------------------------------------------------- */

/* A table as it comes: a heading, then rows, all of words. */
struct answer {
	struct cli_column column[MAX_COLUMNS + 1]; /* `key` and `title` are freed */
	u32 columns;
	json_t *rows;	/* objects, if it is a table */
	json_t *lines;	/* else strings */
};

static char *copy(const char *text, size_t length)
{
	char *new = strndup(text, length);

	if (!new)
		cli_no_memory();
	return new;
}

/* The next word at *text, which moves behind it; its length. */
static size_t word(const char **text, const char **start)
{
	*start = *text + strspn(*text, " ");
	*text = *start + strcspn(*start, " ");
	return (size_t)(*text - *start);
}

/* Whether a line is a heading: words in capitals. */
static bool is_heading(const char *line)
{
	return !line[strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ")] && *line > '9';
}

static void take_heading(struct answer *a, const char *line)
{
	const char *start;
	size_t length;
	char *key;

	while (a->columns < MAX_COLUMNS && (length = word(&line, &start))) {
		key = copy(start, length);
		for (char *c = key; *c; c++)
			*c = *c >= 'A' && *c <= 'Z' ? *c | 32 : *c;
		a->column[a->columns++] = (struct cli_column){key, copy(start, length), 0};
	}
}

static json_t *value_of(const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return *text && !*end && !errno ? cli_pack("I", (json_int_t)number) : cli_string(text);
}

static void take_row(struct answer *a, const char *line)
{
	json_t *row = cli_pack("{}");
	const char *start;

	for (u32 i = 0; i < a->columns; i++) {
		size_t length = word(&line, &start);
		char *text = copy(start, length);
		json_t *value = value_of(text);

		if (json_is_integer(value))
			a->column[i].flags = CLI_RIGHT;
		cli_set(row, a->column[i].key, value);
		free(text);
	}
	cli_append(a->rows, row);
}

static void take(const char *line, void *arg)
{
	struct answer *a = arg;

	if (a->columns)
		take_row(a, line);
	else if (!json_array_size(a->lines) && is_heading(line))
		take_heading(a, line);
	else
		cli_append(a->lines, cli_string(line));
}

static void print_text(const struct answer *a)
{
	const json_t *line;
	size_t i;

	if (a->columns)
		cli_table(stdout, a->rows, a->column);
	json_array_foreach(a->lines, i, line)
		puts(json_string_value(line));
}

static int show(struct bpfvm_device *device, const char *question)
{
	struct answer a = {.rows = cli_pack("[]"), .lines = cli_pack("[]")};
	struct bpfvm_error err = {0};
	int code = bpfvm_device__ask(device, question, take, &a, &err) ? failed(&err) : CLI_OK;

	if (!code && cli.format == CLI_TEXT)
		print_text(&a);
	else if (!code)
		cli_json(cli_pack("{s:o, s:O}", "device", cli_string(device->port), "answer",
				  a.columns ? a.rows : a.lines));
	for (u32 i = 0; i < a.columns; i++) {
		free((char *)a.column[i].key);
		free((char *)a.column[i].title);
	}
	json_decref(a.rows);
	json_decref(a.lines);
	return code;
}

/* --- the command ----------------------------------------------------------------------------- */

/* Where it goes if nobody says: an XDP program sees packets, others say it by their section. */
static void default_place(const struct bpfvm_image *image, struct bpfvm_place *place)
{
	if (!place->name)
		place->name = image->name;
	place->new_hook = image->kind == BPFVM_KIND_XDP ? "packet" : image->section;
}

/* Why the device did not take it, and where in the guest, if it is for an instruction. */
static int refusal(const struct bpfvm_error *err, const struct bpfvm_image *image, u32 insn)
{
	json_t *place;

	if (insn >= image->len)
		return failed(err);
	cli_error(NULL, "%s", err->text);
	place = cli_place(image, insn);
	cli_place_print(stderr, place);
	json_decref(place);
	if (*err->hint)
		fprintf(stderr, "  hint: %s\n", err->hint);
	return CLI_REFUSED;
}

/* The bytes of an image without what is only for debugging, which stays here for a refusal. */
static int pack(const struct bpfvm_image *image, u8 **bytes, u32 *size)
{
	struct bpfvm_image *copy;
	struct bpfvm_error err;
	u8 *whole;
	u32 length;
	int ret = bpfvm_image__pack(image, &whole, &length);

	if (ret)
		return ret;
	ret = bpfvm_image__unpack(whole, length, &copy, &err);
	free(whole);
	if (ret)
		return ret;
	bpfvm_image__strip(copy);
	ret = bpfvm_image__pack(copy, bytes, size);
	bpfvm_image__free(copy);
	return ret;
}

static int send_guest(const struct options *o, struct bpfvm_device *device,
		      const struct bpfvm_image *image)
{
	struct bpfvm_place place = o->place;
	struct bpfvm_error err = {0};
	int code = CLI_OK, ret;
	u8 *bytes = NULL;
	u32 insn, size;

	default_place(image, &place);
	ret = pack(image, &bytes, &size);
	if (ret) {
		cli_error(NULL, "%s: %s", o->file, strerror(-ret));
		return CLI_FAILED;
	}
	if (bpfvm_device__load(device, &place, bytes, size, &insn, &err))
		code = refusal(&err, image, insn);
	free(bytes);
	return code;
}

/* With a device: sends `image`, if any, and shows what is there now. */
static int serve(const struct options *o, const struct bpfvm_image *image)
{
	struct bpfvm_error err = {0};
	struct bpfvm_device device;
	int code = CLI_OK;

	cli_catch_signals(); /* the port is given back as it was */
	if (bpfvm_device__open(&device, o->port, o->baud, news, &err))
		return failed(&err);
	if (image)
		code = send_guest(o, &device, image);
	if (!code)
		code = show(&device, o->ask ? o->ask : "list");
	bpfvm_device__close(&device);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.baud = 115200};
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err = {0};
	int code;

	cli_parse(&cmd_push, argc, argv, &o);
	if (o.file && bpfvm_image__open(o.file, o.prog, &image, &err))
		return cli_fail(&err);
	code = serve(&o, image);
	bpfvm_image__free(image);
	return code;
}

const struct cli_command cmd_push = {
	.name = "push",
	.arguments = "[FILE]",
	.summary = "Install a guest in a device at a serial port",
	.details = "The device runs the firmware of mcu/firmware or one with the same shell. It "
		   "checks the guest before it takes the place of the one that was there; if it "
		   "refuses, that one goes on. Afterwards the device's containers are listed, or "
		   "what --ask asks for; without a FILE that is all.\n\n"
		   "Examples:\n"
		   "  loader push --serial /dev/ttyACM0 sample.o\n"
		   "  loader push --serial /dev/ttyACM0 tick.o --prog count --tenant user\n"
		   "  loader push --serial /dev/ttyACM0 --ask 'kv count' -j",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
