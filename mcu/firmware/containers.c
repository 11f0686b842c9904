/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Containers of the tenants: guests are checked, put in, run, and told about when they trap. */
#include "firmware.h"
#include "check.h"

struct container containers[CONTAINERS];
u32 output;

/* One more than there are containers: a new guest is made ready while the old one runs. */
static struct guest guests[CONTAINERS + 1];
static struct guest *spare;
static struct bpfvm_kv_row global_rows[KV_ROWS];
struct bpfvm_kv kv_global = {.row = global_rows, .size = KV_ROWS};

/* --- helpers --- */

static u64 help_time(struct bpfvm *vm, const u64 *arg, void *const *at)
{
	(void)vm, (void)arg, (void)at;
	return now_ns();
}

/* The line is slow and everybody's: what a guest may say is bounded, as its instructions are. */
static u64 help_say(struct bpfvm *vm, const u64 *arg, void *const *at)
{
	struct container *c = vm->config->user;
	const char *text = at[0];

	if (c->said++ >= SAY_LINES)
		return (u64)SAY_EAGAIN;
	put(": ");
	put(c->name);
	put(" ");
	for (u32 i = 0; i < arg[1] && i < SAY_SIZE && text[i]; i++)
		board_put(text[i] < ' ' || text[i] > '~' ? '?' : (u8)text[i]);
	row_end();
	return 0;
}

static u64 help_output(struct bpfvm *vm, const u64 *arg, void *const *at)
{
	(void)vm, (void)at;
	output = (u32)arg[0];
	return 0;
}

/* The last one is not for everybody. */
static const struct bpfvm_helper helpers[] = {
	BPFVM_KNOWN(ktime_get_ns, help_time),
	BPFVM_HELPER(HELPER_SAY, help_say, READ, SIZE, NONE, NONE, NONE),
	BPFVM_HELPER(HELPER_OUTPUT, help_output, VALUE, NONE, NONE, NONE, NONE),
};
#define HELPERS (sizeof(helpers) / sizeof(*helpers))

const struct tenant tenants[TENANTS] = {
	{.name = "maker", .helpers = helpers, .helper_count = HELPERS, .containers = 2},
	{.name = "user", .helpers = helpers, .helper_count = HELPERS - 1, .containers = 2},
};

/* --- what may come in --- */

/* Names what a run would only find on its way, so that whoever sends a guest gets to know. */
static struct refusal check(const struct guest *g)
{
	static const char *const reasons[] = {
#define CHECK(name, sentence, hint) [VM_CHECK_##name] = sentence,
#include "checks.def"
	};
	static u8 work[BPFVM_CHECK_SIZE(IMAGE_SIZE / sizeof(struct vm_insn))];
	struct refusal refusal = {0};
	u32 pc, reason = bpfvm_check(&g->vm, work, &pc);

	if (reason != VM_CHECK_PASSED)
		refusal = (struct refusal){ANSWER_REFUSED, reasons[reason], pc};
	return refusal;
}

static u32 containers_of(u8 tenant)
{
	u32 count = 0;

	for (u32 i = 0; i < CONTAINERS; i++)
		count += *containers[i].name && containers[i].tenant == tenant;
	return count;
}

struct container *container_find(const char *name)
{
	for (u32 i = 0; i < CONTAINERS; i++)
		if (same(containers[i].name, name))
			return &containers[i];
	return (void *)0;
}

enum answer container_ask(const struct request *r)
{
	const struct container *c = container_find(r->name);

	if (r->size > IMAGE_SIZE)
		return ANSWER_ROOM;
	if (c)
		return c->tenant == r->tenant ? ANSWER_OK : ANSWER_TENANT;
	return containers_of(r->tenant) < tenants[r->tenant].containers && container_find("") ?
		       ANSWER_OK :
		       ANSWER_FULL;
}

u8 *container_image(void)
{
	return (u8 *)spare->image;
}

/* A container without a guest yet. */
static struct container *new_container(const struct request *r)
{
	struct container *c = container_find("");
	struct guest *own = c->guest;

	*c = (struct container){.guest = own, .tenant = r->tenant};
	c->kv = (struct bpfvm_kv){.row = c->rows, .size = KV_ROWS};
	c->config = (struct bpfvm_config){
		.helpers = tenants[r->tenant].helpers,
		.helper_count = tenants[r->tenant].helper_count,
		.kv = &c->kv,
		.kv_global = &kv_global,
		.user = c,
	};
	return c;
}

struct refusal container_install(const struct request *r)
{
	struct container *c = container_find(r->name);
	_Bool swapped = c != (void *)0;
	struct guest *g = spare;
	struct refusal refusal = {0};

	if (!swapped)
		c = new_container(r);
	g->areas = (struct bpfvm_areas){.memory = g->data, .size = sizeof(g->data)};
	refusal.answer = (enum answer)bpfvm_init_image(&g->vm, &c->config, g->image, r->size,
						       &g->areas, g->stack, sizeof(g->stack));
	if (!refusal.answer)
		refusal = check(g);
	if (refusal.answer)
		return refusal;
	__builtin_memcpy(c->name, r->name, sizeof(c->name));
	spare = c->guest;
	c->guest = g;
	g->size = r->size;
	c->swaps += swapped;
	c->hook = r->hook;
	c->config.budget = policies[r->hook].budget;
	c->in_a_row = 0;
	c->on = 1;
	return refusal;
}

void container_remove(struct container *c)
{
	*c->name = 0;
}

void containers_start(void)
{
	for (u32 i = 0; i < CONTAINERS; i++)
		containers[i].guest = &guests[i];
	spare = &guests[CONTAINERS];
}

/* --- runs --- */

static void report(const struct container *c)
{
	static const char *const kinds[] = {"access", "read", "write", "access", "access",
					    "access", "access", "atomic access"};
	const struct bpfvm_where *w = &c->last;

	put("! trap ");
	put(c->name);
	put(": insn ");
	put_number(w->pc);
	put(": ");
	put(bpfvm_trap_name(w->stop));
	put(": ");
	put(bpfvm_trap_text(w->stop));
	if (w->access) {
		put(": ");
		put(kinds[w->access & 7]);
		put(" of ");
		put_number(w->size);
		put(" bytes at ");
		put_hex(w->addr);
	}
	row_end();
}

static void trapped(struct container *c)
{
	bpfvm_where(&c->guest->vm, &c->last);
	c->traps++;
	report(c);
	if (!c->on || !policies[c->hook].patience ||
	    ++c->in_a_row < policies[c->hook].patience)
		return;
	c->on = 0;
	put("! stopped ");
	put(c->name);
	put(": ");
	put_number(c->in_a_row);
	put(" traps in a row");
	row_end();
}

_Bool container_run(struct container *c, const struct event *event)
{
	struct bpfvm *vm = &c->guest->vm;
	struct event own = *event; /* what a guest makes of its context is not for the next one */
	struct bpfvm_region region;
	u32 stop;

	c->said = 0;
	if (own.memory)
		bpfvm_add_region(vm, &region, own.memory, own.size, own.access);
	stop = bpfvm_execute_ctx(vm, own.ctx, own.ctx_size, &c->r0);
	c->runs++;
	c->steps += vm->st.steps;
	if (stop != BPFVM_DONE)
		trapped(c);
	else
		c->in_a_row = 0;
	if (own.memory)
		bpfvm_remove_region(vm, &region);
	return stop == BPFVM_DONE;
}
