/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shell on the serial line, with the verbs of `loader`. What it prints is for people and for
 * programs: tables have a heading, each answer ends with "ok" or "error: NAME: sentence", and lines
 * that nobody asked for begin with "!" (a trap) or ":" (a guest says something).
 */
#include "firmware.h"

#define WORDS 5

static char line[LINE_SIZE];
static u32 line_end;
static _Bool line_long;

/* The words of a line; those that are missing are empty. */
struct words {
	char *at[WORDS];
	u32 count;
};

void shell_ok(void)
{
	put("ok");
	row_end();
}

void shell_error(enum answer answer)
{
	static const struct {
		const char *name, *sentence;
	} texts[ANSWERS] = {
#define SETUP(name, sentence) [ANSWER_##name] = {#name, sentence},
#include "setup.def"
#define ANSWER(name, sentence) [ANSWER_##name] = {#name, sentence},
#include "answers.def"
	};

	put("error: ");
	put(texts[answer].name);
	put(": ");
	put(texts[answer].sentence);
	row_end();
}

/* --- words --- */

static u32 digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (u32)((c | 32) - 'a') + 10 : 16;
}

/* Decimal, or hexadecimal after 0x. */
static _Bool number_of(const char *text, u64 max, u64 *value)
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

static _Bool name_good(const char *name)
{
	u32 length = 0;

	for (; name[length]; length++) {
		char c = name[length], letter = c | 32;

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
		    c != '_' && c != '-')
			return 0;
	}
	return length && length < NAME_SIZE;
}

static u8 hook_of(const char *name)
{
	u8 hook = 0;

	while (hook < HOOKS && !same(policies[hook].name, name))
		hook++;
	return hook;
}

static u8 tenant_of(const char *name)
{
	u8 tenant = 0;

	while (tenant < TENANTS && !same(tenants[tenant].name, name))
		tenant++;
	return tenant;
}

/* --- verbs: what is there --- */

static enum answer verb_info(const struct words *w)
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

static enum answer verb_list(const struct words *w)
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

static enum answer verb_hooks(const struct words *w)
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

static enum answer verb_stat(const struct words *w)
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

static enum answer verb_kv(const struct words *w)
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

/* --- verbs: changes --- */

/* Hook and tenant may be "-": as they are. "-HOOK": as it is, or that hook for a new one. */
static enum answer request_of(const struct words *w, struct request *r)
{
	const struct container *c = container_find(w->at[1]);
	u64 size;

	if (!name_good(w->at[1]) || same(w->at[1], "global"))
		return ANSWER_NAME;
	for (u32 i = 0; i < NAME_SIZE && (!i || r->name[i - 1]); i++)
		r->name[i] = w->at[1][i];
	if (c && *w->at[2] == '-')
		r->hook = c->hook;
	else
		r->hook = hook_of(w->at[2] + (*w->at[2] == '-'));
	if (r->hook == HOOKS)
		return ANSWER_HOOK;
	if (same(w->at[3], "-"))
		r->tenant = c ? c->tenant : 0;
	else
		r->tenant = tenant_of(w->at[3]);
	if (r->tenant == TENANTS)
		return ANSWER_TENANT;
	if (!number_of(w->at[4], ~0u, &size) || !size)
		return ANSWER_NUMBER;
	r->size = (u32)size;
	return container_ask(r);
}

static enum answer verb_load(const struct words *w)
{
	struct request request = {{0}, 0, 0, 0};
	enum answer answer = request_of(w, &request);

	if (!answer)
		load_start(&request);
	return answer;
}

static enum answer verb_run(const struct words *w)
{
	struct container *c = container_find(w->at[1]);

	if (!container_run(c, hook_event(c->hook)))
		return ANSWER_TRAPPED;
	put("R0 = ");
	put_signed(c->r0);
	put(" (");
	put_hex(c->r0);
	put(")");
	row_end();
	return ANSWER_OK;
}

static enum answer verb_start(const struct words *w)
{
	struct container *c = container_find(w->at[1]);

	c->in_a_row = 0;
	c->on = 1;
	return ANSWER_OK;
}

static enum answer verb_stop(const struct words *w)
{
	container_find(w->at[1])->on = 0;
	return ANSWER_OK;
}

static enum answer verb_remove(const struct words *w)
{
	container_remove(container_find(w->at[1]));
	return ANSWER_OK;
}

static enum answer verb_packet(const struct words *w)
{
	u8 bytes[PACKET_SIZE];
	const char *digit = w->at[1];
	u32 size = 0;
	u64 verdict;

	for (; *digit; digit += 2, size++) {
		u32 high = digit_of(digit[0]), low = digit_of(digit[1]);

		if (high > 15 || low > 15 || size == sizeof(bytes))
			return ANSWER_HEX;
		bytes[size] = (u8)(high << 4 | low);
	}
	verdict = hook_packet(bytes, size); /* traps are reported meanwhile */
	put("verdict ");
	put_signed(verdict);
	row_end();
	return ANSWER_OK;
}

static enum answer verb_help(const struct words *w);

static const struct verb {
	const char *name, *arguments, *meaning;
	enum answer (*body)(const struct words *w);
	u8 least, most; /* arguments */
	_Bool container; /* the first one is the name of one */
} verbs[] = {
	{"list", "", "the containers", verb_list, 0, 0, 0},
	{"load", "NAME HOOK TENANT BYTES", "receive an image; swaps the guest of NAME if it is there",
	 verb_load, 4, 4, 0},
	{"run", "NAME", "run a guest once, with the last event of its hook", verb_run, 1, 1, 1},
	{"start", "NAME", "let it see events again", verb_start, 1, 1, 1},
	{"stop", "NAME", "let it see no more events", verb_stop, 1, 1, 1},
	{"remove", "NAME", "free a container", verb_remove, 1, 1, 1},
	{"stat", "[NAME]", "runs, instructions, traps", verb_stat, 0, 1, 0},
	{"hooks", "", "hooks, their policies and events", verb_hooks, 0, 0, 0},
	{"kv", "[NAME|global [KEY VALUE]]", "key-value stores", verb_kv, 0, 3, 0},
	{"packet", "HEX", "a packet for the hook of that name", verb_packet, 1, 1, 0},
	{"info", "", "uptime and limits", verb_info, 0, 0, 0},
	{"help", "", "this", verb_help, 0, 0, 0},
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

static enum answer verb_help(const struct words *w)
{
	(void)w;
	for (const struct verb *v = verbs; v < verbs + VERBS; v++) {
		put(v->name);
		put(" ");
		put(v->arguments);
		put(*v->arguments ? ": " : "  ");
		put(v->meaning);
		row_end();
	}
	return ANSWER_OK;
}

/* --- the line --- */

static enum answer serve(const struct words *w)
{
	for (const struct verb *v = verbs; v < verbs + VERBS; v++) {
		if (!same(v->name, w->at[0]))
			continue;
		if (w->count - 1 < v->least || w->count - 1 > v->most)
			return ANSWER_USAGE;
		if (v->container && !container_find(w->at[1]))
			return ANSWER_CONTAINER;
		return v->body(w);
	}
	return ANSWER_VERB;
}

/* Cuts the line into words; one too many is counted, but not kept. */
static struct words words_of(char *at)
{
	static char none[] = "";
	struct words w = {{none, none, none, none, none}, 0};

	while (*at) {
		while (*at == ' ')
			*at++ = 0;
		if (!*at)
			break;
		if (w.count < WORDS)
			w.at[w.count] = at;
		w.count++;
		while (*at && *at != ' ')
			at++;
	}
	return w;
}

static void serve_line(void)
{
	struct words w;
	enum answer answer = ANSWER_LINE;

	line[line_end] = 0;
	line_end = 0;
	if (!line_long) {
		w = words_of(line);
		if (!w.count)
			return;
		answer = serve(&w);
	}
	line_long = 0;
	if (answer)
		shell_error(answer);
	else if (load_active())
		put("send"), row_end();
	else
		shell_ok();
}

void shell_byte(u8 byte)
{
	if (byte == '\r' || byte == '\n')
		serve_line();
	else if (byte == '\b' || byte == 127)
		line_end -= line_end > 0;
	else if (line_end == LINE_SIZE - 1)
		line_long = 1;
	else if (byte >= ' ')
		line[line_end++] = (char)byte;
}
