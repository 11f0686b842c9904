/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What user space tells the guests of live_hooks.c, and where they sign a packet. */
#ifndef OBJECTS_LIVE_HOOKS_H
#define OBJECTS_LIVE_HOOKS_H

#define SIGNATURES 24 /* offset in the packet: how many have signed, then their names */
#define SIGNERS 31    /* names that there is room for */

struct orders {
	unsigned long long runs;
	unsigned int name;
	unsigned int turns; /* of a loop */
	unsigned int trap;  /* address to write to; 0: none */
	int verdict;
};

#endif
