/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands of the loader, their options, and the values that options take. */
#ifndef BPFVM_CLI_OPTIONS_H
#define BPFVM_CLI_OPTIONS_H

#include <argp.h>

#include "cli_output.h"

/* One command. Its table of options feeds the parser and the help. */
struct cli_command {
	const char *name;
	const char *arguments; /* "FILE" */
	const char *summary; /* one line, for the list of commands */
	const char *details; /* examples and what one has to know */
	bool data; /* prints data: has --json and --pretty */
	const struct argp_option *options; /* or NULL */
	argp_parser_t parse; /* of the above; input as given to cli_parse() */
	int (*run)(int argc, char **argv);
};

/* Keys of the options without a letter; those that several commands have mean the same in each. */
enum cli_key {
	CLI_KEY_PROG = 256,
	CLI_KEY_CORE,
	CLI_KEY_PACKET,
	CLI_KEY_CTX,
	CLI_KEY_REGION,
	CLI_KEY_REPEAT,
	CLI_KEY_STEPS,
	CLI_KEY_UNCHECKED,
	CLI_KEY_PINNED,
	CLI_KEY_ROUNDS,
	CLI_KEY_PLUGIN,
	CLI_KEY_STRIP,
	CLI_KEY_HOOK,
	CLI_KEY_NAME,
	CLI_KEY_NETNS,
	CLI_KEY_PIN_DIR,
	CLI_KEY_PRIORITY,
	CLI_KEY_ON_TRAP,
	CLI_KEY_ALL,
	CLI_KEY_KEEP_MAPS,
	CLI_KEY_WATCH,
	CLI_KEY_SETUP,
	CLI_KEY_GENERATE,
	CLI_KEY_COUNT,
	CLI_KEY_COMPARE,
	CLI_KEY_IGNORE,
	CLI_KEY_FOLLOW,
	CLI_KEY_TYPE,
	CLI_KEY_GLOBAL,
	CLI_KEY_SERIAL,
	CLI_KEY_BAUD,
	CLI_KEY_TENANT,
	CLI_KEY_ASK,
	CLI_KEY_C_ARRAY,
};

/* In the order of `loader help`; NULL at the end. */
extern const struct cli_command *const cli_commands[];
extern const struct cli_command cmd_run, cmd_replay, cmd_check, cmd_dis, cmd_info, cmd_pack,
	cmd_push, cmd_bench, cmd_conformance, cmd_attach, cmd_detach, cmd_list, cmd_stat, cmd_swap,
	cmd_map, cmd_kv, cmd_doctor, cmd_help, cmd_version;

const struct cli_command *cli_command__find(const char *name);

/* Parses a command line, argv[0] being ignored; ends the process after --help or an error. */
void cli_parse(const struct cli_command *command, int argc, char **argv, void *input);

/* Takes a command's only argument; a second one is an error. */
void cli_take(const struct cli_command *command, const char **file, const char *arg);

void cli_help(const struct cli_command *command);

/* Wrong usage: prints it and ends the process. */
void cli_usage(const struct cli_command *command, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Values of options; a wrong one is wrong usage. `option` is its name, for the error. */

/* From 1 to `max`; K, M and G stand for `unit` to the power of 1, 2 and 3. */
u64 cli_number(const struct cli_command *command, const char *option, const char *arg, u32 unit,
	       u64 max);

/* A number of instructions, or "unlimited". */
u64 cli_steps(const struct cli_command *command, const char *option, const char *arg);

/* One of bpfvm_core_names. */
const char *cli_core(const struct cli_command *command, const char *arg);

/*
 * Hex digits, in pairs; blanks between bytes are fine. `data` holds half of them; false if they are
 * none.
 */
bool cli_hex_bytes(const char *text, u8 *data, u32 *size);

/* Bytes for a guest; `data` is freed by the caller. */
struct cli_bytes {
	u8 *data;
	u32 size;
};
#define CLI_BYTES_MAX (1u << VM_OFFSET_BITS) /* what a region can hold */

/* "hex:..." or the name of a file, which is read; CLI_OK or CLI_FAILED, the error printed. */
int cli_bytes(const struct cli_command *command, const char *option, const char *arg,
	      struct cli_bytes *bytes);

#endif
