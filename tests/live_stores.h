/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes that die between two stores to the maps of a machine, any two of them. The maps are
 * read-only in such a process: a store traps, is counted, and is let through alone.
 */
#ifndef LIVE_STORES_H
#define LIVE_STORES_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "types.h"

#define STORES_MAPS 16
#define STORES_PAGE 4096

/* Where a run of the process is; its own. */
static struct {
	struct {
		u8 *begin, *end;
	} map[STORES_MAPS];
	u32 maps;
	u8 *open; /* the page that is let through, or NULL */
	u32 left; /* stores until the process dies */
	u32 *made;
} stores;

#ifdef __x86_64__
#define STORES_POSSIBLE true
#define STORES_STEP 0x100 /* the flag TF: a trap after the next instruction */

static inline void stores_step(ucontext_t *context, bool on)
{
	greg_t *flags = &context->uc_mcontext.gregs[REG_EFL];

	*flags = on ? *flags | STORES_STEP : *flags & ~STORES_STEP;
}
#else
#define STORES_POSSIBLE false
static inline void stores_step(ucontext_t *context, bool on)
{
	(void)context;
	(void)on;
}
#endif

static inline void stores_allow(u8 *begin, size_t size, int access)
{
	if (mprotect(begin, size, access))
		_exit(3);
}

static inline void stores_fault(int number, siginfo_t *info, void *context)
{
	u8 *at = info->si_addr;
	u32 i = 0;

	while (i < stores.maps && (at < stores.map[i].begin || at >= stores.map[i].end))
		i++;
	if (i == stores.maps || stores.open) {
		signal(number, SIG_DFL); /* a fault of another kind: it comes again */
		return;
	}
	if (!stores.left--)
		kill(getpid(), SIGKILL);
	++*stores.made;
	stores.open = at - (uintptr_t)at % STORES_PAGE;
	stores_allow(stores.open, STORES_PAGE, PROT_READ | PROT_WRITE);
	stores_step(context, true);
}

static inline void stores_stepped(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	stores_allow(stores.open, STORES_PAGE, PROT_READ);
	stores.open = NULL;
	stores_step(context, false);
}

/* Finds the maps of this process that can be written; `spared` stays so, or is NULL. */
static inline void stores_find(const void *spared)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256];

	stores.maps = 0;
	while (f && fgets(line, sizeof(line), f) && stores.maps < STORES_MAPS) {
		void *begin, *end;

		if (!strstr(line, "bpf-map") ||  sscanf(line, "%p-%p rw-s", &begin, &end) != 2 ||
		    !strstr(line, " rw-s") || begin == spared)
			continue;
		stores.map[stores.maps].begin = begin;
		stores.map[stores.maps++].end = end;
	}
	if (f)
		fclose(f);
}

/*
 * From here on this process counts in `made` what it stores, but into the map at `spared`, and dies
 * before the store of this number.
 */
static inline void stores_watch(const void *spared, u32 number, u32 *made)
{
	struct sigaction fault = {.sa_sigaction = stores_fault, .sa_flags = SA_SIGINFO};
	struct sigaction step = {.sa_sigaction = stores_stepped, .sa_flags = SA_SIGINFO};

	stores.open = NULL;
	stores.left = number;
	stores.made = made;
	stores_find(spared);
	if (!stores.maps || sigaction(SIGSEGV, &fault, NULL) || sigaction(SIGTRAP, &step, NULL))
		_exit(3);
	for (u32 i = 0; i < stores.maps; i++)
		stores_allow(stores.map[i].begin,
			     (size_t)(stores.map[i].end - stores.map[i].begin), PROT_READ);
}

#endif
