/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One packet of a replay: what the guest makes of it, and what the kernel would have made of it. */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "cli_replay.h"
#include "cli_result.h"

static void count_verdict(struct replay *r, u32 verdict)
{
	bool xdp = r->image->kind == BPFVM_KIND_XDP;
	u32 last = xdp ? XDP_REDIRECT : TC_ACT_TRAP;

	r->verdict[verdict <= last ? verdict : xdp ? XDP_ABORTED : REPLAY_VERDICTS - 1]++;
}

static void count_trap(struct replay *r, const struct bpfvm_result *result, u64 number)
{
	u32 stop = result->stop < VM_STOPS ? result->stop : VM_STOP_NONE;

	if (!r->trap[stop].packets++) {
		r->trap[stop].first = number;
		r->trap[stop].insn = result->pc;
	}
}

static void skip(struct replay *r, const struct cli_packet *packet, const char *why)
{
	r->skipped++;
	cli_note("packet %llu: skipped, %u bytes: %s", (unsigned long long)packet->number,
		 packet->size, why);
}

/* The fields of a context that a tc guest may write and a test run tells. */
static void compare_skb(struct replay *r, u64 number, const struct __sk_buff *native)
{
	const struct __sk_buff *ours;
	u32 size;

	ours = bpfvm_core__context(r->core, &size);
	if (!ours || size < sizeof(*ours))
		return;
#define COMPARE(name, field)                                                                       \
	if (ours->field != native->field)                                                          \
	replay_differ(r, number, cli_string(name), json_integer((json_int_t)ours->field),          \
		      json_integer((json_int_t)native->field))
	COMPARE("mark", mark);
	COMPARE("priority", priority);
	COMPARE("cb[0]", cb[0]);
	COMPARE("cb[1]", cb[1]);
	COMPARE("cb[2]", cb[2]);
	COMPARE("cb[3]", cb[3]);
	COMPARE("cb[4]", cb[4]);
	COMPARE("tstamp", tstamp);
#undef COMPARE
}

static void compare_bytes(struct replay *r, u64 number, const struct replay_outcome *ours,
			  const struct replay_outcome *native)
{
	u32 i = 0, least = ours->size < native->size ? ours->size : native->size;

	if (ours->size != native->size)
		replay_differ(r, number, cli_string("length"), json_integer(ours->size),
			      json_integer(native->size));
	while (i < least && ours->data[i] == native->data[i])
		i++;
	if (i < least)
		replay_differ(r, number, json_sprintf("bytes at %u", i),
			      replay_hex(ours->data + i, least - i),
			      replay_hex(native->data + i, least - i));
}

static json_t *told(enum bpfvm_kind kind, u32 verdict)
{
	return json_sprintf("%s (%d)", cli_verdict_name(kind, verdict), (int)verdict);
}

/* Both runs of the same packet. */
static void compare(struct replay *r, u64 number, const struct bpfvm_result *result,
		    const struct replay_outcome *ours, const struct replay_outcome *native)
{
	enum bpfvm_kind kind = r->image->kind;

	if (result->stop != VM_STOP_EXIT)
		replay_differ(r, number, cli_string("verdict"),
			      json_sprintf("trap %s", bpfvm_stop__name(result->stop)),
			      told(kind, native->verdict));
	else if (ours->verdict != native->verdict)
		replay_differ(r, number, cli_string("verdict"), told(kind, ours->verdict),
			      told(kind, native->verdict));
	compare_bytes(r, number, ours, native);
	if (kind == BPFVM_KIND_TC)
		compare_skb(r, number, &native->skb);
	replay_compare_records(r, number);
}

/* Counts what the guest made of it. */
static void count(struct replay *r, const struct cli_packet *packet,
		  const struct bpfvm_result *result, const struct replay_outcome *ours)
{
	r->packets++;
	r->insns += result->steps;
	if (result->stop == VM_STOP_EXIT)
		count_verdict(r, ours->verdict);
	else
		count_trap(r, result, packet->number);
	if (ours->size == packet->size && !memcmp(ours->data, packet->data, ours->size))
		return;
	r->changed++;
	if (r->changed_file)
		cli_capture_write(r->changed_file, &packet->time, ours->data, ours->size);
}

int replay_packet(struct replay *r, const struct cli_packet *packet)
{
	struct replay_outcome ours = {0}, native;
	struct bpfvm_error err = {0};
	struct bpfvm_result result;
	int ret;

	ret = bpfvm_core__packet(r->core, packet->data, packet->size, &err);
	/* The kernel goes first: it may not want to run this one, and then nobody does. */
	if (!ret && r->native && replay_native_run(r->native, packet, &native))
		ret = bpfvm_error__set(&err, -EINVAL, NULL, "the kernel makes no test run with it");
	if (!ret)
		ret = bpfvm_core__run(r->core, r->budget, &result, &err);
	if (ret == -EINVAL) {
		skip(r, packet, err.text);
		return CLI_OK;
	}
	if (ret)
		return cli_fail(&err);
	ours.verdict = (u32)result.r0;
	ours.data = bpfvm_core__output(r->core, &ours.size);
	count(r, packet, &result, &ours);
	if (r->native)
		compare(r, packet->number, &result, &ours, &native);
	return CLI_OK;
}
