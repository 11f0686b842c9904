/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The hooks of the firmware: when events happen, what guests see of them, what becomes of them. */
#include "firmware.h"

struct hook_count hook_counts[HOOKS];
static struct event events[HOOKS];
static u64 due[HOOKS]; /* milliseconds */
static s32 history[HISTORY];
static u32 history_count;
static u8 packet[PACKET_SIZE] __attribute__((aligned(8)));

/* The verdict of the containers at a hook. */
static u64 deliver(enum hook hook)
{
	const struct policy *p = &policies[hook];
	u64 verdict = p->pass;

	hook_counts[hook].events++;
	for (u32 i = 0; i < CONTAINERS && verdict == p->pass; i++) {
		struct container *c = &containers[i];

		if (!*c->name || !c->on || c->hook != hook)
			continue;
		verdict = container_run(c, &events[hook]) ? c->r0 : p->on_trap;
		if (!p->chain)
			verdict = p->pass;
	}
	if (verdict == p->pass)
		hook_counts[hook].passed++;
	else
		hook_counts[hook].stopped++;
	return verdict;
}

static void tick(void)
{
	struct tick *t = (void *)events[HOOK_TICK].ctx;

	t->number++;
	t->uptime = now_ms();
	deliver(HOOK_TICK);
}

/* Stands for the driver of a sensor: a slow triangle, and each 16th time something absurd. */
static s32 sensor_read(u64 number)
{
	s32 phase = (s32)(number % 64);

	return 200 + (phase < 32 ? phase : 64 - phase) + (number % 16 == 15 ? 1000 : 0);
}

static void keep(s32 value)
{
	if (history_count == HISTORY)
		for (u32 i = 1; i < HISTORY; i++)
			history[i - 1] = history[i];
	else
		history_count++;
	history[history_count - 1] = value;
}

static void sample(void)
{
	struct sample *s = (void *)events[HOOK_SAMPLE].ctx;

	s->count = history_count;
	s->value = sensor_read(s->number++);
	if (deliver(HOOK_SAMPLE) == policies[HOOK_SAMPLE].pass)
		keep(s->value);
}

u64 hook_packet(const u8 *bytes, u32 size)
{
	struct packet *p = (void *)events[HOOK_PACKET].ctx;

	for (u32 i = 0; i < size; i++)
		packet[i] = bytes[i];
	events[HOOK_PACKET].size = size;
	p->data_end = p->data + size;
	return deliver(HOOK_PACKET);
}

const struct event *hook_event(enum hook hook)
{
	return &events[hook];
}

void hooks_start(void)
{
	struct sample *s = (void *)events[HOOK_SAMPLE].ctx;
	struct packet *p = (void *)events[HOOK_PACKET].ctx;

	_Static_assert(sizeof(*s) <= sizeof(events->ctx) && sizeof(*p) <= sizeof(events->ctx),
		       "contexts have room");
	events[HOOK_TICK].ctx_size = sizeof(struct tick);
	events[HOOK_SAMPLE] = (struct event){.ctx_size = sizeof(*s), .memory = history,
					     .size = sizeof(history), .access = VM_READ};
	s->history = history;
	events[HOOK_PACKET] = (struct event){.ctx_size = sizeof(*p), .memory = packet,
					     .access = VM_READ | VM_WRITE};
	p->data = p->data_end = p->data_meta = (u32)(__UINTPTR_TYPE__)packet;
}

void hooks_poll(void)
{
	static void (*const happen[HOOKS])(void) = {[HOOK_TICK] = tick, [HOOK_SAMPLE] = sample};
	u64 now = now_ms();

	for (u32 i = 0; i < HOOKS; i++) {
		if (!policies[i].period || now < due[i])
			continue;
		due[i] = now + policies[i].period;
		happen[i]();
	}
}
