/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The differential test: random programs on every core, checked or not, in one go and in slices;
 * results, instruction counts and memory must be equal. Program i of a run with seed S is the first
 * one of a run with seed S + i.
 */
#include <argp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/compare.h"
#include "fuzz/make.h"
#include "fuzz/report.h"

#define TRACE_STEPS 4000      /* of a traced program; more would only repeat its loops */
#define COVERAGE_COUNT 10000  /* from this many programs on, every form has to have been executed */
#define LONGEST_SECONDS 30    /* that one program may take on all cores */

static struct options {
	u64 seed, count;
	double seconds;
	char *cores;
	bool coverage;
} options = {.seed = 1};

static u64 present_seed; /* for died() */

static const struct argp_option argp_options[] = {
	{"seed", 's', "S", 0, "seed of the first program (1)", 0},
	{"count", 'n', "N", 0, "how many programs (10000)", 0},
	{"seconds", 't', "N", 0, "stop after this time", 0},
	{"cores", 'c', "A,B", 0, "which cores (all there are)", 0},
	{"coverage", 'v', NULL, 0, "print how often each form of an instruction was executed", 0},
	{0},
};

static u64 number(struct argp_state *state, const char *text)
{
	char *end;
	u64 n = strtoull(text, &end, 0);

	if (*end || !*text || *text == '-')
		argp_error(state, "%s: not a number", text);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 's':
		options.seed = number(state, arg);
		return 0;
	case 'n':
		options.count = number(state, arg);
		return 0;
	case 't':
		options.seconds = (double)number(state, arg);
		return 0;
	case 'c':
		options.cores = arg;
		return 0;
	case 'v':
		options.coverage = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A crash, or a core that does not end: says which program it was. */
static void died(int sig)
{
	dprintf(STDERR_FILENO, "seed %llu: %s\n", ULL(present_seed),
		sig == SIGALRM ? "a core does not end" : "a core crashed");
	signal(sig, SIG_DFL);
	raise(sig);
}

/*
 * A core that was asked for has to open; without --cores the kernel may be missing, which is said
 * and counted.
 */
static int open_core(struct cores *c, const char *name, bool asked)
{
	struct bpfvm_error err;

	if (c->count == CORES || bpfvm_core__open(name, &c->core[c->count], &err)) {
		fprintf(asked ? stderr : stdout, "%s: %s\n", asked ? "fuzz" : "1 core skipped",
			c->count == CORES ? "too many cores" : err.text);
		return asked ? -EINVAL : 0;
	}
	c->name[c->count++] = name;
	return 0;
}

static int open_cores(struct cores *c)
{
	struct bpfvm_error err;
	char *name, *rest = NULL;
	int ret = bpfvm_core__open("switch", &c->tracer, &err);

	if (options.cores) {
		for (name = strtok_r(options.cores, ",", &rest); name && !ret;
		     name = strtok_r(NULL, ",", &rest))
			ret = open_core(c, name, true);
		return ret;
	}
	/* the kernel goes last, so that another core is the reference */
	for (u32 i = 0; bpfvm_core_names[i] && !ret; i++)
		if (strcmp(bpfvm_core_names[i], "kernel"))
			ret = open_core(c, bpfvm_core_names[i], true);
	return ret ? ret : open_core(c, "kernel", false);
}

static void close_cores(struct cores *c)
{
	for (u32 i = 0; i < c->count; i++)
		bpfvm_core__close(c->core[i]);
	bpfvm_core__close(c->tracer);
}

/* Whether functions are called by addresses in registers, which the checker does not know. */
static bool calls_through_register(const struct bpfvm_image *image)
{
	for (u32 i = 0; i < image->len; i++) {
		const struct vm_insn *in = &image->code[i];

		if (in->code == 0x8d || (in->code == 0x85 && (in->imm == BPF_FUNC_loop ||
							      in->imm == BPF_FUNC_for_each_map_elem)))
			return true;
	}
	return false;
}

/*
 * What the checker promises about a program: control stays inside, and what is executed is an
 * instruction.
 */
static bool keeps_promise(const struct sample *s, struct difference *d)
{
	u32 stop = d->first.result.stop;
	bool clean = stop == VM_STOP_EXIT || stop == VM_TRAP_STEPS;

	if (s->origin == CLEAN && !s->accepted)
		snprintf(d->text, sizeof(d->text), "the checker refuses a well-formed program");
	else if (s->origin == CLEAN && !clean)
		snprintf(d->text, sizeof(d->text), "a program without a mistake traps");
	else if ((stop == VM_TRAP_ILLEGAL || stop == VM_TRAP_LEGACY || stop == VM_TRAP_JUMP ||
		  stop == VM_TRAP_HELPER) && s->accepted && !calls_through_register(s->image))
		snprintf(d->text, sizeof(d->text), "the checker accepts what the core does not");
	return !d->text[0];
}

/*
 * Whether the cores differ about a sample, if not `*varies`: a helper was called that always does. Run
 * step by step, a guest with a packet gives back locks and samples earlier and may go another way:
 * what it called through a register then is not known.
 */
static bool differs(const struct cores *c, struct sample *s, struct difference *d, bool *varies)
{
	struct bpfvm_error err;
	struct trace seen;

	*varies = false;
	if (agree(c, s, d))
		return false;
	*varies = !trace(c, s, s->budget, &seen, &err) &&
		  (seen.varies || (s->packet_size && calls_through_register(s->image) &&
				   seen.result.steps != d->first.result.steps));
	return !*varies;
}

/* Replaces instructions by `goto +0` as long as the cores still differ. */
static void shrink(const struct cores *c, struct sample *s, struct difference *d)
{
	static const struct vm_insn nothing = {.code = 0x05};
	bool smaller = true, varies;

	for (u32 rounds = 0; smaller && rounds < 4; rounds++) {
		smaller = false;
		for (u32 i = 0; i < s->image->len; i++) {
			struct vm_insn kept = s->image->code[i];

			if (!memcmp(&kept, &nothing, sizeof(kept)))
				continue;
			s->image->code[i] = nothing;
			if (differs(c, s, d, &varies))
				smaller = true;
			else
				s->image->code[i] = kept;
		}
	}
	agree(c, s, d);
}

/* Whether the cores agree about a sample and with what the checker said about it. */
static bool try_sample(const struct cores *c, struct sample *s, struct difference *d,
		       struct totals *t)
{
	struct bpfvm_fault fault;
	struct bpfvm_error err;
	struct trace seen;
	bool varies;

	s->accepted = !bpfvm_image__check(s->image, &fault);
	if (differs(c, s, d, &varies)) {
		shrink(c, s, d);
		return false;
	}
	t->skipped += varies;
	if (varies)
		return true;
	if (s->trace && trace(c, s, s->budget < TRACE_STEPS ? s->budget : TRACE_STEPS, &seen, &err))
		snprintf(d->text, sizeof(d->text), "step by step: %.200s", err.text);
	if (d->text[0] || !keeps_promise(s, d))
		return false;
	count(t, s, &d->first.result);
	return true;
}

static int fuzz(const struct cores *c, struct totals *t)
{
	static struct difference d;
	double begin = now();
	int failed = 0;

	for (u64 i = 0; t->programs < options.count && !failed; i++) {
		struct sample s = {0};
		struct bpfvm_error err;

		present_seed = options.seed + i;
		alarm(LONGEST_SECONDS);
		failed = make_sample(present_seed, &s, &err) != 0;
		if (failed)
			printf("seed %llu: no memory\n", ULL(present_seed));
		else if (!try_sample(c, &s, &d, t))
			report_failure(&s, &d), failed = 1;
		bpfvm_image__free(s.image);
		t->seconds = now() - begin;
		if (options.seconds && t->seconds >= options.seconds)
			break;
	}
	alarm(0);
	free(d.first.memory);
	free(d.second.memory);
	return failed;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {.options = argp_options, .parser = parse};
	static const int deaths[] = {SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	static struct totals totals;
	struct cores cores = {.count = 0};
	int failed;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (!options.count)
		options.count = options.seconds ? ~0ull : 10000;
	for (size_t i = 0; i < COUNT(deaths); i++)
		signal(deaths[i], died);
	forms_find();
	if (open_cores(&cores)) {
		close_cores(&cores);
		return 2;
	}
	failed = fuzz(&cores, &totals);
	if (options.coverage)
		forms_print();
	print_totals(&totals, &cores);
	if (!failed && totals.programs >= COVERAGE_COUNT && forms_missed()) {
		printf("%u forms were never executed: --coverage lists them\n", forms_missed());
		failed = 1;
	}
	printf("%llu passed, %d failed\n", ULL(totals.programs), failed);
	close_cores(&cores);
	return failed;
}
