/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the commands for attached guests share: which guest is meant, and how it is shown. */
#ifndef BPFVM_CLI_ATTACH_H
#define BPFVM_CLI_ATTACH_H

#include "cli_options.h"

/* Which guests are meant. */
struct cli_where {
	const char *interface; /* NULL: all */
	const char *name;      /* NULL: any */
	const char *netns;     /* NULL: this process's */
	const char *pin_dir;   /* NULL: BPFVM_PIN_DIR */
	u32 kind;	       /* enum bpfvm_hook_kind; BPFVM_HOOK_KINDS: any */
};
#define CLI_ANYWHERE {.kind = BPFVM_HOOK_KINDS}

/* Rows for the table of options of a command that takes them. */
#define CLI_WHERE_OPTIONS(group)                                                                   \
	{"hook", CLI_KEY_HOOK, "xdp|tc-ingress|tc-egress", 0, "Where the guest is, or is to be",   \
	 group},                                                                                   \
	{"name", CLI_KEY_NAME, "NAME", 0, "Name of the guest at its hook", group},                 \
	CLI_NETWORK_OPTIONS(group)
#define CLI_NETWORK_OPTIONS(group)                                                                 \
	{"netns", CLI_KEY_NETNS, "NAME|FILE", 0,                                                   \
	 "Network namespace of the interface: a name that `ip netns` lists, or a file", group},    \
	{"pin-dir", CLI_KEY_PIN_DIR, "DIR", 0, "Where machines are pinned, instead of "            \
	 BPFVM_PIN_DIR, group}

/* Takes such an option; ARGP_ERR_UNKNOWN if it is none. */
error_t cli_where_option(const struct cli_command *command, struct cli_where *where, int key,
			 char *arg);

/*
 * Opens a guest that is to be attached, and checks it unless it may stay `unchecked`; its path is
 * then one that holds in any directory. Returns the exit code.
 */
int cli_open_checked(const char *file, const char *prog, bool unchecked,
		     struct bpfvm_image **image);

/* "xdp", "tc-ingress" or "tc-egress". */
u32 cli_hook(const struct cli_command *command, const char *arg);

/*
 * The machine of the network that is meant, which this thread enters. -ENOENT without a message if
 * nothing is attached and `load` is false; other errors are printed and give another value.
 */
int cli_network(const struct cli_where *where, bool load, struct bpfvm_session **session);

/*
 * The guests that are meant, at least one, at most `most`; else says which there are and returns 0.
 */
u32 cli_guests(struct bpfvm_session *session, const struct cli_where *where, u32 most,
	       struct bpfvm_guest guests[BPFVM_HOOKS]);

/* Says that nothing is attached where the command wants something; CLI_FAILED. */
int cli_nothing_attached(const struct cli_where *where);

/* What a verdict of a hook is called. */
const char *cli_hook_verdict(u32 kind, u32 verdict);

/* An attached guest as a record, what was asked for when it was attached; its columns. */
json_t *cli_attached(struct bpfvm_session *session, const struct bpfvm_guest *guest);
extern const struct cli_column cli_attached_columns[];

#endif
