/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A run of any length in slices: progress on a terminal, and an end when a signal asks for it. */
#include <signal.h>
#include <unistd.h>

#include "cli_guest.h"
#include "core_ops.h"

#define PROGRESS_AFTER 1000000000ull /* ns without a sign of life */
#define PROGRESS_EVERY 200000000ull

/* The line of progress. */
struct progress {
	bool terminal, shown;
	u64 begun, next; /* CLOCK_MONOTONIC, ns */
};

static volatile sig_atomic_t caught;

static void catch (int number)
{
	caught = number;
}

void cli_catch_signals(void)
{
	struct sigaction action = {.sa_handler = catch};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int cli_signal(void)
{
	return caught;
}

static void progress_begin(struct progress *p)
{
	p->terminal = isatty(STDERR_FILENO);
	p->shown = false;
	p->begun = bpfvm_clock();
	p->next = p->begun + PROGRESS_AFTER;
}

static void progress_show(struct progress *p, u64 steps)
{
	u64 t = bpfvm_clock();

	if (!p->terminal || t < p->next)
		return;
	fprintf(stderr, "\r%.1f M instructions, %.1f M/s, Ctrl-C ends \033[K", (double)steps / 1e6,
		(double)steps * 1e3 / (double)(t - p->begun));
	fflush(stderr);
	p->shown = true;
	p->next = t + PROGRESS_EVERY;
}

static void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
}

int cli_run(struct bpfvm_core *core, u64 budget, struct bpfvm_result *result,
	    struct bpfvm_error *err)
{
	u64 slice = budget < BPFVM_SLICE ? budget : BPFVM_SLICE, ns = 0;
	struct progress progress;
	int code;

	progress_begin(&progress);
	code = bpfvm_core__run(core, slice, result, err);
	while (!code) {
		ns += result->ns;
		if (result->stop != VM_TRAP_STEPS || result->steps >= budget)
			break;
		if (caught) {
			result->stop = VM_STOP_NONE;
			break;
		}
		progress_show(&progress, result->steps);
		slice = budget - result->steps;
		code = bpfvm_core__resume(core, slice < BPFVM_SLICE ? slice : BPFVM_SLICE, result,
					  err);
	}
	progress_end(&progress);
	result->ns = ns;
	return code;
}
