/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opens and closes an attached guest for commands that look at its memory. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_target.h"

int cli_target_open(const struct cli_where *where, bool any, struct cli_target *target)
{
	static struct bpfvm_guest guests[BPFVM_HOOKS];
	struct bpfvm_error err = {0};
	int ret = cli_network(where, false, &target->session);

	if (ret)
		return ret == -ENOENT ? cli_nothing_attached(where) : CLI_FAILED;
	if (!cli_guests(target->session, where, any ? BPFVM_HOOKS : 1, guests)) {
		bpfvm_network__close(target->session);
		return CLI_FAILED;
	}
	if (!bpfvm_core__open_attached(target->session, guests[0].row, &target->core,
				       &target->image, &err))
		return CLI_OK;
	bpfvm_network__close(target->session);
	return cli_fail(&err);
}

void cli_target_close(struct cli_target *target)
{
	bpfvm_core__close(target->core);
	bpfvm_image__free(target->image);
	bpfvm_network__close(target->session);
}

/* A blank tells them apart, and means nothing in a value. */
void cli_mark_numbers(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *marked;

		if (argv[i][0] != '-' || !isdigit((u8)argv[i][1]))
			continue;
		marked = malloc(strlen(argv[i]) + 2);
		if (!marked)
			cli_no_memory();
		argv[i] = strcat(strcpy(marked, " "), argv[i]);
	}
}
