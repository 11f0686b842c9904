/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How `loader run` tells the end of a run: R0, a trap with its place, or where a signal ended it.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "cli_result.h"

const char *cli_verdict_name(enum bpfvm_kind kind, u32 verdict)
{
	static const char *const xdp[] = {
		[XDP_ABORTED] = "XDP_ABORTED",	 [XDP_DROP] = "XDP_DROP",
		[XDP_PASS] = "XDP_PASS",	 [XDP_TX] = "XDP_TX",
		[XDP_REDIRECT] = "XDP_REDIRECT",
	};
	static const char *const tc[] = {
		[TC_ACT_OK] = "TC_ACT_OK",	   [TC_ACT_RECLASSIFY] = "TC_ACT_RECLASSIFY",
		[TC_ACT_SHOT] = "TC_ACT_SHOT",	   [TC_ACT_PIPE] = "TC_ACT_PIPE",
		[TC_ACT_STOLEN] = "TC_ACT_STOLEN", [TC_ACT_QUEUED] = "TC_ACT_QUEUED",
		[TC_ACT_REPEAT] = "TC_ACT_REPEAT", [TC_ACT_REDIRECT] = "TC_ACT_REDIRECT",
		[TC_ACT_TRAP] = "TC_ACT_TRAP",
	};

	if (kind == BPFVM_KIND_XDP)
		return verdict < sizeof(xdp) / sizeof(xdp[0]) ? xdp[verdict] : "XDP_ABORTED";
	if (kind == BPFVM_KIND_TC)
		return verdict < sizeof(tc) / sizeof(tc[0]) ? tc[verdict] : "TC_ACT_UNSPEC";
	return NULL;
}

static const char *access_name(u32 access)
{
	return access & VM_ATOMIC ? "atomic" : access & VM_WRITE ? "write" : "read";
}

/* Whether fault_addr and its like tell something. */
static bool memory_trap(u32 stop)
{
	return stop == VM_TRAP_BOUNDS || stop == VM_TRAP_READONLY || stop == VM_TRAP_WRITEONLY ||
	       stop == VM_TRAP_ATOMIC || stop == VM_TRAP_ARGUMENT;
}

/* In JSON; null after an EXIT and after a signal. */
static json_t *fault(const struct cli_run_record *run)
{
	const struct bpfvm_result *r = run->result;
	json_t *fault;

	if (r->stop == VM_STOP_EXIT || r->stop == VM_STOP_NONE)
		return json_null();
	fault = cli_pack("{s:o, s:o, s:o}", "reason", cli_string(bpfvm_stop__sentence(r->stop)),
			 "hint", cli_string(bpfvm_stop__hint(r->stop)), "place",
			 cli_place(run->image, r->pc));
	if (memory_trap(r->stop)) {
		cli_set(fault, "address", cli_hex(r->fault_addr));
		cli_set(fault, "size", cli_pack("i", (int)r->fault_size));
		cli_set(fault, "access", cli_string(access_name(r->fault_access)));
	}
	return fault;
}

static void print_json(const struct cli_run_record *run)
{
	const struct bpfvm_image *image = run->image;
	const struct bpfvm_result *r = run->result;
	json_t *o = cli_pack("{s:o, s:o, s:s, s:s}", "file", cli_string(image->path), "program",
			     cli_string(image->name), "kind", cli_kind_name(image->kind), "core",
			     run->core);
	json_t *regs = cli_pack("[]");

	for (u32 i = 0; i <= 10; i++)
		cli_append(regs, cli_hex(r->reg[i]));
	cli_set(o, "stop", cli_string(r->stop ? bpfvm_stop__name(r->stop) : "INTERRUPTED"));
	cli_set(o, "r0", cli_pack("I", (json_int_t)r->r0));
	cli_set(o, "r0_hex", cli_hex(r->r0));
	if (r->stop == VM_STOP_EXIT)
		cli_set(o, "verdict", cli_string(cli_verdict_name(image->kind, (u32)r->r0)));
	cli_set(o, "steps", cli_pack("I", (json_int_t)r->steps));
	cli_set(o, "pc", cli_pack("I", (json_int_t)r->pc));
	cli_set(o, "repeat", cli_pack("I", (json_int_t)run->repeat));
	cli_set(o, "ns", cli_pack("f", run->ns));
	cli_set(o, "ns_per_insn",
		r->steps ? cli_pack("f", run->ns / (double)r->steps) : json_null());
	cli_set(o, "regs", regs);
	cli_set(o, "fault", fault(run));
	cli_json(o);
}

/* ": write of 8 bytes at 0x5000008", or what else the trap is about. */
static void trap_detail(const struct bpfvm_result *r, char *text, size_t size)
{
	text[0] = 0;
	if (memory_trap(r->stop))
		snprintf(text, size, ": %s of %u byte%s at 0x%llx", access_name(r->fault_access),
			 r->fault_size, r->fault_size == 1 ? "" : "s",
			 (unsigned long long)r->fault_addr);
	else if (r->stop == VM_TRAP_STEPS)
		snprintf(text, size, ": after %llu instructions", (unsigned long long)r->steps);
}

/* Which memory was meant, for those who do not know the addresses by heart. */
static void print_region(const struct cli_run_record *run)
{
	u64 addr = run->result->fault_addr, n = addr >> VM_OFFSET_BITS;
	const struct bpfvm_memory_area *area = n < VM_REGIONS ? &run->image->area[n] : NULL;

	if (n == VM_REGION_STACK)
		fprintf(stderr, "  region 1 is the stack, r10 = 0x%llx\n",
			(unsigned long long)run->result->reg[10]);
	else if (area && area->size)
		fprintf(stderr, "  region %u is %s, %u bytes from 0x%x\n", (u32)n, area->name,
			area->size, VM_ADDRESS((u32)n, 0));
	else if (n == VM_REGION_PACKET && run->packet)
		fprintf(stderr, "  region %u is the packet\n", (u32)n);
}

static const char *trap_hint(const struct cli_run_record *run)
{
	bool wants_packet = run->image->kind != BPFVM_KIND_PLAIN && !run->packet;

	if (run->result->stop == VM_TRAP_BOUNDS && wants_packet && run->result->fault_addr < 4096)
		return "this guest reads a packet: give it one with --packet";
	return bpfvm_stop__hint(run->result->stop);
}

static int print_trap(const struct cli_run_record *run)
{
	const struct bpfvm_result *r = run->result;
	const char *hint = trap_hint(run);
	char detail[128];
	json_t *place = cli_place(run->image, r->pc);

	trap_detail(r, detail, sizeof(detail));
	cli_error(NULL, "%s: insn %u: %s%s", run->image->path, r->pc, bpfvm_stop__sentence(r->stop),
		  detail);
	cli_place_print(stderr, place);
	json_decref(place);
	if (memory_trap(r->stop))
		print_region(run);
	if (*hint)
		fprintf(stderr, "  hint: %s\n", hint);
	return CLI_TRAPPED;
}

static int print_interrupted(const struct cli_run_record *run)
{
	const struct bpfvm_result *r = run->result;

	cli_error(NULL, "%s: ended by a signal: after %llu instructions, at insn %u",
		  run->image->path, (unsigned long long)r->steps, r->pc);
	for (u32 i = 0; i <= 10; i++)
		fprintf(stderr, "  r%-2u = 0x%llx%s", i, (unsigned long long)r->reg[i],
			i % 4 == 3 || i == 10 ? "\n" : "");
	return CLI_SIGNAL + cli_signal();
}

static void print_notes(const struct cli_run_record *run)
{
	const struct bpfvm_result *r = run->result;
	const char *verdict = cli_verdict_name(run->image->kind, (u32)r->r0);

	if (verdict && r->stop == VM_STOP_EXIT)
		cli_note("verdict: %s", verdict);
	cli_note("core: %s, %llu instructions, %.0f ns", run->core, (unsigned long long)r->steps,
		 run->ns);
}

int cli_result(const struct cli_run_record *run)
{
	const struct bpfvm_result *r = run->result;

	print_notes(run);
	if (cli.format != CLI_TEXT)
		print_json(run);
	else if (run->repeat > 1 && r->steps)
		fprintf(stderr, "%u runs: mean %.1f ns per run, %.2f ns per instruction\n",
			run->repeat, run->ns, run->ns / (double)r->steps);
	if (r->stop == VM_STOP_NONE)
		return print_interrupted(run);
	if (r->stop != VM_STOP_EXIT)
		return print_trap(run);
	if (cli.format == CLI_TEXT)
		printf("R0 = %llu (0x%llx)\n", (unsigned long long)r->r0,
		       (unsigned long long)r->r0);
	return CLI_OK;
}
