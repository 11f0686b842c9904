/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shell on the serial line, with the verbs of `loader`. What it prints is for people and for
 * programs: tables have a heading, each answer ends with "ok" or "error: NAME: sentence", and lines
 * that nobody asked for begin with "!" (a trap) or ":" (a guest says something).
 */
#include "verbs.h"

static char line[LINE_SIZE];
static u32 line_end;
static _Bool line_long;

/* --- words --- */

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

/* --- verbs that change something; show.c has the others --- */

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
	{"load", "NAME HOOK TENANT BYTES", "receive an image; swaps the guest of NAME, if any",
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
		answer_error(answer);
	else if (load_active())
		put("send"), row_end();
	else
		answer_ok();
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
