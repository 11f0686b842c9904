/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options and help of all commands, on argp. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf */
#endif
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"

/* Those for data come first, since other commands do without. */
static const struct argp_option common_options[] = {
	{"json", 'j', NULL, 0, "Print JSON", -1},
	{"pretty", 'p', NULL, 0, "Print JSON in lines, for people", -1},
	{"verbose", 'v', NULL, 0, "Say more on stderr", -1},
	{"help", 'h', NULL, 0, "Show this help", -1},
	{0},
};
#define DATA_OPTIONS 2

/* A command in the course of being parsed. */
struct parse {
	const struct cli_command *command;
	void *input;
};

const struct cli_command *cli_command__find(const char *name)
{
	for (u32 i = 0; cli_commands[i]; i++)
		if (!strcmp(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

void cli_usage(const struct cli_command *command, const char *format, ...)
{
	char text[512], hint[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(hint, sizeof(hint), "`loader help %s` shows its options, with examples",
		 command->name);
	cli_error(hint, "%s", text);
	exit(CLI_USAGE);
}

/* The option that `word` ("--name", "--name=value", "-c") stands for, in a table. */
static const struct argp_option *option_find(const struct argp_option *o, const char *word)
{
	for (; o && (o->name || o->key); o++) {
		size_t len = o->name ? strlen(o->name) : 0;

		if (o->name && !strncmp(word, "--", 2) && !strncmp(word + 2, o->name, len) &&
		    (!word[2 + len] || word[2 + len] == '='))
			return o;
		if (word[0] == '-' && word[1] == o->key && !word[2])
			return o;
	}
	return NULL;
}

static const struct argp_option *common(const struct cli_command *command)
{
	return command->data ? common_options : common_options + DATA_OPTIONS;
}

/* Argp does not say which option it did not like; it has just read it. */
static void bad_option(const struct cli_command *command, const struct argp_state *state)
{
	const char *word = state->next > 0 ? state->argv[state->next - 1] : "";
	const struct argp_option *own = option_find(command->options, word);
	const struct argp_option *o = own ? own : option_find(common(command), word);
	bool last = state->next >= state->argc;

	if (!last && (word[0] != '-' || (o && !o->arg && !strchr(word, '='))))
		word = state->argv[state->next]; /* in the middle of "-xyz" */
	else if (o && o->arg)
		cli_usage(command, "%s: a value is missing: %s", word, o->arg);
	else if (o)
		cli_usage(command, "%s: takes no value", word);
	cli_usage(command, "%s: no such option of %s", word, command->name);
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = p->input;
		return 0;
	case ARGP_KEY_ERROR:
		bad_option(p->command, state);
		return 0;
	case 'j':
		cli.format = cli.format == CLI_PRETTY ? CLI_PRETTY : CLI_JSON;
		return 0;
	case 'p':
		cli.format = CLI_PRETTY;
		return 0;
	case 'v':
		cli.verbose++;
		return 0;
	case 'h':
		cli_help(p->command);
		exit(CLI_OK);
	}
	return ARGP_ERR_UNKNOWN;
}

/*
 * `child` has room for two; `text` is for argp's form of the help and freed by the caller, or NULL.
 */
static struct argp command_argp(const struct cli_command *command, struct argp *own,
				struct argp_child *child, char **text)
{
	*own = (struct argp){.options = command->options, .parser = command->parse};
	child[0] = (struct argp_child){.argp = own};
	child[1] = (struct argp_child){0};
	if (text && asprintf(text, "%s.\v%s", command->summary, command->details) < 0)
		cli_no_memory();
	return (struct argp){
		.options = common(command),
		.parser = parse_common,
		.args_doc = command->arguments,
		.doc = text ? *text : NULL,
		.children = child,
	};
}

void cli_parse(const struct cli_command *command, int argc, char **argv, void *input)
{
	struct parse p = {command, input};
	struct argp_child child[2];
	struct argp own, argp = command_argp(command, &own, child, NULL);
	error_t err = argp_parse(&argp, argc, argv, ARGP_NO_HELP | ARGP_NO_ERRS, NULL, &p);

	if (err)
		cli_usage(command, "%s: %s", command->name, strerror(err));
}

void cli_help(const struct cli_command *command)
{
	struct argp_child child[2];
	char name[64], *text;
	struct argp own, argp = command_argp(command, &own, child, &text);

	snprintf(name, sizeof(name), "loader %s", command->name);
	setenv("ARGP_HELP_FMT", "no-dup-args-note,usage-indent=4,rmargin=100", 0);
	argp_help(&argp, stdout, ARGP_HELP_USAGE | ARGP_HELP_DOC | ARGP_HELP_LONG, name);
	free(text);
}

void cli_take(const struct cli_command *command, const char **file, const char *arg)
{
	if (*file)
		cli_usage(command, "%s: one argument too many", arg);
	*file = arg;
}

u64 cli_number(const struct cli_command *command, const char *option, const char *arg, u32 unit,
	       u64 max)
{
	static const char letters[] = "KMG";
	size_t power = 0;
	u64 value = 0;
	const char *c = arg;
	bool fits = true;

	for (; *c >= '0' && *c <= '9'; c++)
		fits &= !__builtin_mul_overflow(value, 10, &value) &&
			!__builtin_add_overflow(value, (u64)(*c - '0'), &value);
	if (*c && c > arg && !c[1])
		for (power = 1; power < sizeof(letters) && letters[power - 1] != *c; power++)
			;
	if (c == arg || (*c && !power) || power == sizeof(letters))
		cli_usage(command, "%s %s: not a number", option, arg);
	for (; power; power--)
		fits &= !__builtin_mul_overflow(value, unit, &value);
	if (!fits || value < 1 || value > max)
		cli_usage(command, "%s %s: must be from 1 to %llu", option, arg,
			  (unsigned long long)max);
	return value;
}

u64 cli_steps(const struct cli_command *command, const char *option, const char *arg)
{
	if (!strcmp(arg, "unlimited"))
		return BPFVM_UNLIMITED;
	return cli_number(command, option, arg, 1000, BPFVM_UNLIMITED - 1);
}

const char *cli_core(const struct cli_command *command, const char *arg)
{
	char names[128] = "";

	for (u32 i = 0; bpfvm_core_names[i]; i++) {
		size_t used = strlen(names);

		if (!strcmp(bpfvm_core_names[i], arg))
			return bpfvm_core_names[i];
		snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
			 bpfvm_core_names[i]);
	}
	cli_usage(command, "--core %s: no such core; there are %s", arg, names);
}
