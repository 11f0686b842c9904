/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader help` and `loader version`. */
#include <bpf/libbpf.h>

#include "cli_options.h"
#include "cli_version.h"

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	const char **topic = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	cli_take(&cmd_help, topic, arg);
	return 0;
}

static void list_commands(void)
{
	puts("loader runs eBPF programs on a virtual machine inside the kernel.\n\n"
	     "  sudo loader fib.o        run a guest and print R0\n"
	     "  loader check fib.o       would it be accepted?\n"
	     "  loader doctor            can this machine run guests in its kernel?\n\n"
	     "Usage: loader COMMAND [OPTION...] [ARGUMENT...]\n"
	     "       loader FILE [OPTION...]\n\nCommands:");
	for (u32 i = 0; cli_commands[i]; i++)
		printf("  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
	puts("\nCommands that print data take -j (JSON) or -p (JSON in lines); all take -v and "
	     "-h.\n"
	     "Exit codes: 0 success, 1 failure of the tool or the system, 2 wrong usage, 3 the "
	     "guest trapped,\n"
	     "4 the checker refused the guest.");
}

static int run_help(int argc, char **argv)
{
	const struct cli_command *command;
	const char *topic = NULL;

	cli_parse(&cmd_help, argc, argv, &topic);
	if (!topic) {
		list_commands();
		return CLI_OK;
	}
	command = cli_command__find(topic);
	if (!command) {
		cli_error("`loader help` lists the commands", "help %s: no such command", topic);
		return CLI_USAGE;
	}
	cli_help(command);
	return CLI_OK;
}

const struct cli_command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "List the commands, or show the options of one",
	.details = "Example:\n  loader help run",
	.parse = parse_help,
	.run = run_help,
};

static error_t parse_version(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key == ARGP_KEY_ARG)
		cli_usage(&cmd_version, "%s: version takes no argument", arg);
	return ARGP_ERR_UNKNOWN;
}

static int run_version(int argc, char **argv)
{
	cli_parse(&cmd_version, argc, argv, NULL);
	if (cli.format == CLI_TEXT)
		printf("loader %s, libbpf %s\n", BPFVM_VERSION, libbpf_version_string());
	else
		cli_json(cli_pack("{s:s, s:s}", "version", BPFVM_VERSION, "libbpf",
				  libbpf_version_string()));
	return CLI_OK;
}

const struct cli_command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "Print the version of the loader and of libbpf",
	.details = "Example:\n  loader version -j",
	.data = true,
	.parse = parse_version,
	.run = run_version,
};
