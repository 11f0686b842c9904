/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `loader bench` measures: guests on every core, and the machine's own costs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_bench.h"
#include "cli_guest.h"
#include "core_ops.h"

#define SAMPLE_NS 4e6 /* how long one sample may take */
#define MAX_TIMES 100000 /* runs in it */
#define UPLOAD_INSNS 4000
#define UPLOADS 101
#define LOADS 21

void bench_add(struct bench_samples *s, double ns)
{
	if (s->count < BENCH_ROUNDS)
		s->ns[s->count++] = ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(const struct bench_samples *s)
{
	struct bench_samples sorted = *s;

	if (!s->count)
		return 0;
	qsort(sorted.ns, sorted.count, sizeof(*sorted.ns), compare);
	return (sorted.ns[(sorted.count - 1) / 2] + sorted.ns[sorted.count / 2]) / 2;
}

double bench_ratio(const struct bench_samples *a, const struct bench_samples *b)
{
	struct bench_samples ratio = {.count = 0};

	for (u32 i = 0; i < a->count && i < b->count; i++)
		if (b->ns[i] > 0)
			bench_add(&ratio, a->ns[i] / b->ns[i]);
	return bench_median(&ratio);
}

static u32 times_for(double ns)
{
	double times = SAMPLE_NS / (ns > 1 ? ns : 1);

	return times < 1 ? 1 : times > MAX_TIMES ? MAX_TIMES : (u32)times;
}

/* Every run of a guest has to end the same way. */
static int same(struct bench_guest *g, const char *core, const struct bpfvm_result *r)
{
	const char *name = g->image->path;

	if (r->stop != VM_STOP_EXIT) {
		cli_error(r->stop == VM_TRAP_STEPS ? "bench takes guests of at most 4M instructions"
						   : "`loader run` tells more",
			  "%s: core %s: insn %u: %s", name, core, r->pc,
			  bpfvm_stop__sentence(r->stop));
		return CLI_TRAPPED;
	}
	if (g->known && (g->r0 != r->r0 || g->steps != r->steps)) {
		cli_error("the cores disagree, or the guest's result depends on its memory or the "
			  "time",
			  "%s: core %s: R0 = 0x%llx after %llu instructions, elsewhere 0x%llx "
			  "after %llu",
			  name, core, (unsigned long long)r->r0, (unsigned long long)r->steps,
			  (unsigned long long)g->r0, (unsigned long long)g->steps);
		return CLI_FAILED;
	}
	g->r0 = r->r0;
	g->steps = r->steps;
	g->known = true;
	return CLI_OK;
}

static int core_sample(struct bench *b, struct bench_guest *g, u32 i)
{
	struct bpfvm_error err = {0};
	struct bpfvm_result r;
	int code;

	if (bpfvm_core__load(b->core[i], g->image, &err) ||
	    bpfvm_core__run(b->core[i], BPFVM_SLICE, &r, &err))
		return cli_fail(&err);
	code = same(g, bpfvm_core_names[i], &r);
	if (code)
		return code;
	g->times[i] = g->times[i] ? g->times[i] : times_for((double)r.ns);
	if (bpfvm_core__repeat(b->core[i], BPFVM_SLICE, g->times[i], &r, &err))
		return cli_fail(&err);
	bench_add(&g->core[i], (double)r.ns);
	return same(g, bpfvm_core_names[i], &r);
}

static int jit_sample(struct bench_guest *g)
{
	u32 *times = &g->times[BENCH_CORES], r0;
	double ns;
	int err = 0;

	if (!*times) {
		err = cli_native_repeat(&g->native, NULL, 0, 1, &r0, &ns);
		*times = times_for(ns);
	}
	if (!err)
		err = cli_native_repeat(&g->native, NULL, 0, *times, &r0, &ns);
	if (err) {
		cli_error(NULL, "%s: run by the kernel: %s", g->image->path, strerror(-err));
		return CLI_FAILED;
	}
	bench_add(&g->jit, ns);
	if (!g->known || r0 == (u32)g->r0)
		return CLI_OK;
	cli_error("the kernel gives the lower half of R0",
		  "%s: run by the kernel: 0x%x, by a core: 0x%llx", g->image->path, r0,
		  (unsigned long long)g->r0);
	return CLI_FAILED;
}

int bench_guest_round(struct bench *b, struct bench_guest *g)
{
	int code = CLI_OK;

	for (u32 i = 0; !code && bpfvm_core_names[i]; i++)
		if (b->core[i])
			code = core_sample(b, g, i);
	return code || g->native.fd < 0 ? code : jit_sample(g);
}

/* --- the machine's own costs --- */

/* `len` instructions: r0 = 2, then r0 += 1 over and over, and exit. */
static struct bpf_insn *straight(u32 len)
{
	struct bpf_insn *code = calloc(len, sizeof(*code));

	if (!code)
		cli_no_memory();
	for (u32 i = 0; i < len; i++)
		code[i] = (struct bpf_insn){.code = BPF_ALU64 | BPF_ADD | BPF_K, .imm = 1};
	code[0] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS};
	code[len - 1] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
	return code;
}

static struct bpfvm_image *image_of(const struct bpf_insn *code, u32 len)
{
	struct bpfvm_image *image;

	_Static_assert(sizeof(struct vm_insn) == sizeof(*code), "the same instruction");
	if (bpfvm_image__from_code((const struct vm_insn *)code, len, &image))
		cli_no_memory();
	return image;
}

/* The smallest guest in the machine, and the smallest program in the kernel. */
static int enter_cost(struct bench *b, struct bench_samples *guest, struct bench_samples *native)
{
	struct bpf_insn *code = straight(2);
	struct bpfvm_image *image = image_of(code, 2);
	struct cli_native program;
	struct bpfvm_error err = {0};
	struct bpfvm_result r = {0};
	bool loaded = cli_native_code(&program, code, 2);
	int failed = bpfvm_core__load(b->core[0], image, &err);
	double ns = 0;
	u32 r0;

	for (u32 i = 0; !failed && i < b->rounds; i++) {
		failed = bpfvm_core__repeat(b->core[0], BPFVM_SLICE, MAX_TIMES, &r, &err);
		bench_add(guest, (double)r.ns);
		if (!failed && loaded && !cli_native_repeat(&program, NULL, 0, MAX_TIMES, &r0, &ns))
			bench_add(native, ns);
	}
	cli_native_close(&program);
	bpfvm_image__free(image);
	free(code);
	return failed ? cli_fail(&err) : CLI_OK;
}

static int upload_cost(struct bench *b, struct bench_samples *upload)
{
	struct bpf_insn *code = straight(UPLOAD_INSNS);
	struct bpfvm_image *image = image_of(code, UPLOAD_INSNS);
	struct bpfvm_error err = {0};
	int failed = 0;

	for (u32 i = 0; !failed && i < UPLOADS; i++) {
		u64 begun = bpfvm_clock();

		failed = bpfvm_core__load(b->core[0], image, &err);
		bench_add(upload, (double)(bpfvm_clock() - begun));
	}
	bpfvm_image__free(image);
	free(code);
	return failed ? cli_fail(&err) : CLI_OK;
}

static void load_cost(struct bench_samples *load)
{
	struct bpf_insn *code = straight(UPLOAD_INSNS);
	struct cli_native program;

	for (u32 i = 0; i < LOADS; i++) {
		u64 begun = bpfvm_clock();

		if (!cli_native_code(&program, code, UPLOAD_INSNS))
			break;
		bench_add(load, (double)(bpfvm_clock() - begun));
		cli_native_close(&program);
	}
	free(code);
}

static json_t *number(const struct bench_samples *s, double unit)
{
	return s->count ? cli_pack("f", bench_median(s) / unit) : json_null();
}

json_t *bench_machine(struct bench *b)
{
	struct bench_samples guest = {.count = 0}, native = guest, upload = guest, load = guest,
			     enter = guest;

	if (!b->core[0] || enter_cost(b, &guest, &native) || upload_cost(b, &upload))
		return json_null();
	load_cost(&load);
	for (u32 i = 0; i < guest.count && i < native.count; i++)
		bench_add(&enter, guest.ns[i] - native.ns[i]);
	return cli_pack("{s:o, s:o, s:o, s:o, s:o}", "empty_guest_ns", number(&guest, 1),
			"empty_xdp_ns", number(&native, 1), "enter_leave_ns", number(&enter, 1),
			"upload_4000_us", number(&upload, 1e3), "kernel_load_4000_us",
			number(&load, 1e3));
}
