/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The verbs of the shell that show what there is, and the one for key-value stores. */
#include "verbs.h"

/* --- numbers --- */

u32 digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (u32)((c | 32) - 'a') + 10 : 16;
}

_Bool number_of(const char *text, u64 max, u64 *value)
{
	u32 base = text[0] == '0' && text[1] == 'x' ? 16 : 10;

	*value = 0;
	text += base == 16 ? 2 : 0;
	if (!*text)
		return 0;
	for (; *text; text++) {
		u32 digit = digit_of(*text);

		if (digit >= base || *value > (max - digit) / base)
			return 0;
		*value = *value * base + digit;
	}
	return 1;
}

/* --- verbs: what is there --- */

enum answer verb_info(const struct words *w)
{
	static const struct {
		const char *name;
		u32 value;
	} limits[] = {
		{"containers", CONTAINERS}, {"image_bytes", IMAGE_SIZE}, {"data_bytes", DATA_SIZE},
		{"frames", STACK_FRAMES},   {"kv_rows", KV_ROWS},
	};

	(void)w;
	put("KEY VALUE\r\nuptime_ms ");
	put_number(now_ms());
	put("\r\noutput ");
	put_number(output);
	row_end();
	for (u32 i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		cell(limits[i].name);
		cell_number(limits[i].value);
		row_end();
	}
	return ANSWER_OK;
}

enum answer verb_list(const struct words *w)
{
	(void)w;
	put("NAME TENANT HOOK STATE INSNS BYTES SWAPS");
	row_end();
	for (const struct container *c = containers; c < containers + CONTAINERS; c++) {
		if (!*c->name)
			continue;
		cell(c->name);
		cell(tenants[c->tenant].name);
		cell(policies[c->hook].name);
		cell(c->on ? "on" : "off");
		cell_number(c->guest->vm.len);
		cell_number(c->guest->size);
		cell_number(c->swaps);
		row_end();
	}
	return ANSWER_OK;
}

enum answer verb_hooks(const struct words *w)
{
	(void)w;
	put("HOOK PERIOD_MS BUDGET CHAIN ON_TRAP PATIENCE EVENTS PASSED STOPPED");
	row_end();
	for (u32 i = 0; i < HOOKS; i++) {
		const struct policy *p = &policies[i];

		cell(p->name);
		cell_number(p->period);
		cell_number(p->budget);
		cell(p->chain ? "yes" : "no");
		cell(p->on_trap == p->pass ? "pass" : "stop");
		cell_number(p->patience);
		cell_number(hook_counts[i].events);
		cell_number(hook_counts[i].passed);
		cell_number(hook_counts[i].stopped);
		row_end();
	}
	return ANSWER_OK;
}

static void stat_row(const struct container *c)
{
	cell(c->name);
	cell_number(c->runs);
	cell_number(c->steps);
	cell_number(c->r0);
	cell_number(c->traps);
	if (c->last.stop) {
		cell(bpfvm_trap_name(c->last.stop));
		cell_number(c->last.pc);
		cell("");
		put_hex(c->last.addr);
	} else {
		cell("- - -");
	}
	row_end();
}

enum answer verb_stat(const struct words *w)
{
	if (w->count > 1 && !container_find(w->at[1]))
		return ANSWER_CONTAINER;
	put("NAME RUNS INSTRUCTIONS R0 TRAPS LAST_TRAP INSN ADDRESS");
	row_end();
	for (const struct container *c = containers; c < containers + CONTAINERS; c++)
		if (*c->name && (w->count == 1 || same(c->name, w->at[1])))
			stat_row(c);
	return ANSWER_OK;
}

/* --- verbs: key-value stores --- */

static void kv_rows(const char *name, const struct bpfvm_kv *kv)
{
	for (u32 i = 0; i < kv->used; i++) {
		cell(name);
		cell_number(kv->row[i].key);
		cell_number(kv->row[i].value);
		row_end();
	}
}

static enum answer kv_set(struct bpfvm_kv *kv, const struct words *w)
{
	u64 key, value;

	if (!number_of(w->at[2], ~0ull, &key) || !number_of(w->at[3], ~0ull, &value))
		return ANSWER_NUMBER;
	return bpfvm_kv_set(kv, key, value) ? ANSWER_OK : ANSWER_STORE;
}

enum answer verb_kv(const struct words *w)
{
	_Bool all = w->count == 1, global = same(w->at[1], "global");
	struct container *one = all || global ? (void *)0 : container_find(w->at[1]);

	if (w->count == 3)
		return ANSWER_USAGE;
	if (!all && !global && !one)
		return ANSWER_CONTAINER;
	if (w->count == 4)
		return kv_set(global ? &kv_global : &one->kv, w);
	put("STORE KEY VALUE");
	row_end();
	for (struct container *c = containers; c < containers + CONTAINERS; c++)
		if (*c->name && (all || c == one))
			kv_rows(c->name, &c->kv);
	if (all || global)
		kv_rows("global", &kv_global);
	return ANSWER_OK;
}
