/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loader: finds the command that a command line means, and runs it. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli_options.h"

const struct cli_command *const cli_commands[] = {
	&cmd_run, &cmd_replay,	  &cmd_check,  &cmd_dis,  &cmd_info,	&cmd_pack, &cmd_push,
	&cmd_bench,
	&cmd_conformance, &cmd_doctor, &cmd_attach, &cmd_detach, &cmd_list,
	&cmd_stat, &cmd_swap, &cmd_map, &cmd_kv, &cmd_help, &cmd_version, NULL,
};

/* Where the first word that is not an option for all commands stands. */
static int first_word(int argc, char **argv)
{
	static const char *const flags[] = {"-j",     "-p",	  "-v",	      "-vv",
					    "--json", "--pretty", "--verbose"};
	int i = 1;

	for (; i < argc; i++) {
		bool flag = false;

		for (u32 k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
			flag |= !strcmp(argv[i], flags[k]);
		if (!flag)
			break;
	}
	return i;
}

/* Whether a word that is no command can be meant as a guest's file. */
static bool looks_like_file(const char *word)
{
	return word[0] == '-' || strpbrk(word, "./") || !access(word, F_OK);
}

/* The command that a word stands for, or NULL. */
static const struct cli_command *word_command(const char *word)
{
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return &cmd_help;
	if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		return &cmd_version;
	return cli_command__find(word);
}

/*
 * bpf_conformance puts the memory of a test before all that it was told to pass: loader 00ff
 * conformance --plugin
 */
static bool memory_first(int argc, char **argv, int i)
{
	if (i + 1 >= argc || strcmp(argv[i + 1], cmd_conformance.name))
		return false;
	return !argv[i][strspn(argv[i], "0123456789abcdefABCDEF ")];
}

/* The command that is meant, its name taken out of the arguments; NULL if there is none. */
static const struct cli_command *take_command(int *argc, char **argv)
{
	int i = first_word(*argc, argv);
	const struct cli_command *command = i < *argc ? word_command(argv[i]) : NULL;

	if (memory_first(*argc, argv, i))
		command = word_command(argv[++i]);
	if (!command)
		return i < *argc && looks_like_file(argv[i]) ? &cmd_run : NULL;
	memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
	--*argc;
	return command;
}

static int no_command(int argc, char **argv)
{
	int i = first_word(argc, argv);

	if (i < argc) {
		cli_error("`loader help` lists the commands", "%s: neither a command nor a file",
			  argv[i]);
		return CLI_USAGE;
	}
	fputs("Usage: loader FILE [OPTION...]\n"
	      "       loader COMMAND [OPTION...] [ARGUMENT...]\n"
	      "  hint: `loader help` lists the commands\n",
	      stderr);
	return CLI_USAGE;
}

/* What libbpf says is for those who ask twice: what matters comes as an error of ours. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return cli.verbose > 1 && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

int main(int argc, char **argv)
{
	const struct cli_command *command = take_command(&argc, argv);
	int code;

	libbpf_set_print(print_libbpf);
	if (!command)
		return no_command(argc, argv);
	code = command->run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		cli_error(NULL, "stdout: %s", strerror(errno));
		return code ? code : CLI_FAILED;
	}
	return code;
}
