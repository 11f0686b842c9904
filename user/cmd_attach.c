/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `loader attach`: puts a guest on an interface. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "cli_attach.h"

#define DEFAULT_STEPS 100000

enum on_trap { ABORTED, PASS, DROP };

struct options {
	struct cli_where where;
	const char *file, *prog;
	u32 mode;
	s32 priority;
	u64 steps;
	enum on_trap on_trap;
	bool unchecked;
};

static const struct argp_option table[] = {
	{"prog", CLI_KEY_PROG, "NAME", 0, "Program to attach; default: the first in the file", 1},
	{"mode", 'm', "native|skb|tcx|clsact", 0,
	 "XDP in the driver or behind it; for tc a link or a filter. Default: the first of the two "
	 "that works", 1},
	{"priority", CLI_KEY_PRIORITY, "N", 0,
	 "Guests of a hook run in this order, low ones first; default 0", 2},
	{"steps", CLI_KEY_STEPS, "N", 0,
	 "Most instructions for one packet (K, M); default 100K, at most 4194304", 2},
	{"on-trap", CLI_KEY_ON_TRAP, "aborted|pass|drop", 0,
	 "What becomes of a packet if the guest traps; default aborted", 2},
	{"unchecked", CLI_KEY_UNCHECKED, NULL, 0, "Attach what the checker would refuse", 2},
	CLI_WHERE_OPTIONS(3),
	{0},
};

static u32 word(const char *option, const char *arg, const char *const *words)
{
	for (u32 i = 0; words[i]; i++)
		if (!strcmp(arg, words[i]))
			return i;
	cli_usage(&cmd_attach, "%s %s: no such value", option, arg);
}

static u32 mode_of(const char *arg)
{
	for (u32 mode = BPFVM_MODE_NATIVE; mode <= BPFVM_MODE_CLSACT; mode++)
		if (!strcmp(arg, bpfvm_mode__name(mode)))
			return mode;
	cli_usage(&cmd_attach, "-m %s: there are native and skb, and for tc tcx and clsact", arg);
}

static s32 priority_of(const char *arg)
{
	bool negative = *arg == '-';
	u64 value = !strcmp(arg, "0") ? 0 :
			cli_number(&cmd_attach, "--priority", arg + negative, 1000, 1000000);

	return negative ? -(s32)value : (s32)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const on_trap[] = {"aborted", "pass", "drop", NULL};
	struct options *o = state->input;

	switch (key) {
	case CLI_KEY_PROG:
		o->prog = arg;
		return 0;
	case 'm':
		o->mode = mode_of(arg);
		return 0;
	case CLI_KEY_PRIORITY:
		o->priority = priority_of(arg);
		return 0;
	case CLI_KEY_STEPS:
		o->steps = cli_number(&cmd_attach, "--steps", arg, 1000, BPFVM_SLICE);
		return 0;
	case CLI_KEY_ON_TRAP:
		o->on_trap = word("--on-trap", arg, on_trap);
		return 0;
	case CLI_KEY_UNCHECKED:
		o->unchecked = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_take(&cmd_attach, state->arg_num ? &o->file : &o->where.interface, arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			cli_usage(&cmd_attach, "attach: no %s given",
				  o->where.interface ? "FILE" : "IFACE");
		return 0;
	}
	return cli_where_option(&cmd_attach, &o->where, key, arg);
}

/* The hook is the one that the program was written for. */
static u32 hook_of(const struct options *o, const struct bpfvm_image *image)
{
	if (o->where.kind != BPFVM_HOOK_KINDS)
		return o->where.kind;
	if (image->kind == BPFVM_KIND_PLAIN)
		cli_usage(&cmd_attach, "--hook: %s in section %s is neither an XDP nor a tc program",
			  image->name, image->section);
	return image->kind == BPFVM_KIND_XDP ? BPFVM_HOOK_XDP : BPFVM_HOOK_TC;
}

static void check_mode(u32 mode, u32 kind)
{
	bool xdp_mode = mode == BPFVM_MODE_NATIVE || mode == BPFVM_MODE_SKB;

	if (mode != BPFVM_MODE_ANY && xdp_mode != (kind == BPFVM_HOOK_XDP))
		cli_usage(&cmd_attach, "-m %s: not a mode of %s", bpfvm_mode__name(mode),
			  bpfvm_hook_kind__name(kind));
}

static u32 trap_verdict(enum on_trap on_trap, u32 kind)
{
	static const u32 xdp[] = {[ABORTED] = XDP_ABORTED, [PASS] = XDP_PASS, [DROP] = XDP_DROP};

	if (kind == BPFVM_HOOK_XDP)
		return xdp[on_trap];
	return on_trap == PASS ? TC_ACT_OK : TC_ACT_SHOT;
}

static void tell(struct bpfvm_session *session, const struct bpfvm_attachment *a, u32 row)
{
	struct bpfvm_guest guests[BPFVM_HOOKS];
	u32 n = bpfvm_hook__find(session, a->interface, a->kind, NULL, guests);

	for (u32 i = 0; i < n; i++) {
		const struct bpfvm_guest *g = &guests[i];

		if (g->row != row)
			continue;
		if (cli.format != CLI_TEXT) {
			cli_json(cli_attached(session, g));
			return;
		}
		printf("%s: %s attached to %s, mode %s%s\n", a->interface, g->hook.name,
		       bpfvm_hook_kind__name(a->kind), bpfvm_mode__name(g->mode),
		       a->mode == BPFVM_MODE_ANY && g->mode == BPFVM_MODE_SKB ?
			       ": its driver does not take the program" :
			       "");
	}
}

static int attach(const struct options *o, const struct bpfvm_image *image)
{
	u32 kind = hook_of(o, image), row;
	struct bpfvm_attachment a = {.interface = o->where.interface,
				     .kind = kind,
				     .mode = o->mode,
				     .name = o->where.name,
				     .priority = o->priority,
				     .on_trap = trap_verdict(o->on_trap, kind),
				     .budget = o->steps};
	struct bpfvm_session *session;
	struct bpfvm_error err = {0};
	int code = CLI_OK;

	check_mode(o->mode, kind);
	if (cli_network(&o->where, true, &session))
		return CLI_FAILED;
	if (bpfvm_hook__attach(session, image, &a, &row, &err))
		code = cli_fail(&err);
	else
		tell(session, &a, row);
	bpfvm_network__close(session);
	return code;
}

static int run(int argc, char **argv)
{
	struct options o = {.where = CLI_ANYWHERE, .steps = DEFAULT_STEPS};
	struct bpfvm_image *image;
	int code;

	cli_parse(&cmd_attach, argc, argv, &o);
	code = cli_open_checked(o.file, o.prog, o.unchecked, &image);
	if (code)
		return code;
	code = attach(&o, image);
	bpfvm_image__free(image);
	return code;
}

const struct cli_command cmd_attach = {
	.name = "attach",
	.arguments = "IFACE FILE",
	.summary = "Attach a guest to an interface",
	.details = "The guest sees each packet until `loader detach`; this command does not stay. "
		   "Guests at the same hook run in the order of their priority, each with maps, "
		   "budget and counters of its own: the next one runs if the verdict is to pass.\n\n"
		   "A packet on which the guest traps is not let through unless you say --on-trap "
		   "pass: a broken firewall is closed. In XDP, aborted and drop differ in what "
		   "tracing shows; in tc they are the same.\n\n"
		   "Exit code: 0 it is attached; 1 the tool or the system failed, and nothing has "
		   "changed; 2 wrong usage; 4 the checker refused the guest.\n\n"
		   "Examples:\n"
		   "  loader attach eth0 firewall.o\n"
		   "  loader attach eth0 count.o --priority 10 --on-trap pass\n"
		   "  loader attach veth1 mark.o --hook tc-egress --netns blue",
	.data = true,
	.options = table,
	.parse = parse,
	.run = run,
};
