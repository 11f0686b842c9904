/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the commands for attached guests share: which guest is meant, and how it is shown. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_attach.h"
#include "cli_guest.h"
#include "cli_result.h"

int cli_open_checked(const char *file, const char *prog, bool unchecked,
		     struct bpfvm_image **image)
{
	struct bpfvm_error err = {0};
	int code = CLI_OK;
	char *path;

	if (bpfvm_image__open(file, prog, image, &err))
		return cli_fail(&err);
	if (!unchecked)
		code = cli_check(*image);
	path = realpath(file, NULL);
	if (path) {
		free((*image)->path);
		(*image)->path = path;
	}
	if (code)
		bpfvm_image__free(*image);
	return code;
}

u32 cli_hook(const struct cli_command *command, const char *arg)
{
	for (u32 kind = 0; kind < BPFVM_HOOK_KINDS; kind++)
		if (!strcmp(arg, bpfvm_hook_kind__name(kind)))
			return kind;
	cli_usage(command, "--hook %s: there are xdp, tc-ingress and tc-egress", arg);
}

error_t cli_where_option(const struct cli_command *command, struct cli_where *where, int key,
			 char *arg)
{
	switch (key) {
	case CLI_KEY_HOOK:
		where->kind = cli_hook(command, arg);
		return 0;
	case CLI_KEY_NAME:
		where->name = arg;
		return 0;
	case CLI_KEY_NETNS:
		where->netns = arg;
		return 0;
	case CLI_KEY_PIN_DIR:
		where->pin_dir = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Only the network is entered: files and pins are still those of here. */
static int enter_network(const char *netns)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s%s", strchr(netns, '/') ? "" : "/run/netns/", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = fd < 0 || setns(fd, CLONE_NEWNET) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (ret)
		cli_error(ret == -EPERM ? "run it as root: it takes CAP_SYS_ADMIN" :
					  "`ip netns` lists those with a name",
			  "--netns %s: %s", netns,
			  ret == -EINVAL ? "not a network namespace" : strerror(-ret));
	return ret;
}

int cli_network(const struct cli_where *where, bool load, struct bpfvm_session **session)
{
	struct bpfvm_error err = {0};
	int ret;

	if (where->netns && enter_network(where->netns))
		return -EINVAL;
	ret = bpfvm_network__open(where->pin_dir, load, session, &err);
	if (ret && (load || ret != -ENOENT))
		cli_fail(&err);
	return ret && load ? -EINVAL : ret;
}

int cli_nothing_attached(const struct cli_where *where)
{
	if (where->interface && !if_nametoindex(where->interface))
		cli_error("`ip link` lists the interfaces", "%s: no such interface",
			  where->interface);
	else
		cli_error("`loader attach` attaches one; --netns NAME looks elsewhere",
			  "%s: no guest is attached",
			  where->interface ? where->interface : "this network");
	return CLI_FAILED;
}

/* The guests that there are, as a hint. */
static void list_guests(const struct bpfvm_guest *guests, u32 count, char *text, size_t size)
{
	size_t n = (size_t)snprintf(text, size, "there are");

	for (u32 i = 0; i < count && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s --hook %s --name %s", i ? "," : "",
				      bpfvm_hook_kind__name(guests[i].hook.kind),
				      guests[i].hook.name);
}

u32 cli_guests(struct bpfvm_session *session, const struct cli_where *where, u32 most,
	       struct bpfvm_guest guests[BPFVM_HOOKS])
{
	u32 found = bpfvm_hook__find(session, where->interface, where->kind, where->name, guests);
	char text[256];

	if (found && found <= most)
		return found;
	if (!found) {
		u32 all = bpfvm_hook__find(session, where->interface, BPFVM_HOOK_KINDS, NULL,
					   guests);

		list_guests(guests, all, text, sizeof(text));
		if (!all)
			cli_nothing_attached(where);
		else
			cli_error(text, "%s: no such guest is attached", where->interface);
		return 0;
	}
	list_guests(guests, found, text, sizeof(text));
	cli_error(text, "%s: it is not clear which guest is meant", where->interface);
	return 0;
}

const char *cli_hook_verdict(u32 kind, u32 verdict)
{
	return cli_verdict_name(kind == BPFVM_HOOK_XDP ? BPFVM_KIND_XDP : BPFVM_KIND_TC, verdict);
}

const struct cli_column cli_attached_columns[] = {
	{"interface", "INTERFACE", 0},
	{"hook", "HOOK", 0},
	{"name", "NAME", 0},
	{"program", "PROGRAM", 0},
	{"file", "FILE", 0},
	{"mode", "MODE", 0},
	{"priority", "PRIORITY", CLI_RIGHT},
	{"steps", "STEPS", CLI_RIGHT},
	{"on_trap", "ON TRAP", 0},
	{"insns", "INSNS", CLI_RIGHT},
	{"memory", "MEMORY", CLI_RIGHT},
	{NULL, NULL, 0},
};

json_t *cli_attached(struct bpfvm_session *session, const struct bpfvm_guest *guest)
{
	const struct bpfvm_hook *hook = &guest->hook;
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err;
	json_t *row;

	if (bpfvm_hook__image(session, guest->row, &image, &err))
		cli_note("%s", err.text);
	row = cli_pack("{s:o, s:s, s:o, s:I, s:o, s:o, s:s}", "interface",
		       cli_string(guest->interface), "hook", bpfvm_hook_kind__name(hook->kind),
		       "name", cli_string(hook->name), "id", (json_int_t)hook->id, "program",
		       cli_string(image ? image->name : NULL), "file",
		       cli_string(image ? image->path : NULL), "mode",
		       bpfvm_mode__name(guest->mode));
	cli_set(row, "priority", cli_pack("i", (int)hook->priority));
	cli_set(row, "steps", cli_pack("I", (json_int_t)hook->budget));
	cli_set(row, "on_trap", cli_string(cli_hook_verdict(hook->kind, hook->on_trap)));
	cli_set(row, "insns", cli_pack("I", (json_int_t)guest->slot.len));
	cli_set(row, "memory", cli_pack("I", (json_int_t)guest->slot.bytes));
	bpfvm_image__free(image);
	return row;
}
