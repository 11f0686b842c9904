/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guests at the points where the kernel calls the machine. */
#include <string.h>

#include "hooks.h"
#include "interface.h"
#include "slots.h"

/* One store that the machine sees whole, after all that was written before it. */
static void publish(u32 *place, u32 value)
{
	__atomic_store_n(place, value, __ATOMIC_RELEASE);
}

/* --- points --- */

struct bpfvm_point *bpfvm_point__find(const struct bpfvm_session *s, u32 ifindex, u32 kind)
{
	for (u32 i = 0; i < BPFVM_PROBES; i++) {
		struct bpfvm_point *p =
			&s->point[(BPFVM_POINT(ifindex, kind) + i) % BPFVM_POINTS];

		if (p->ifindex == ifindex && p->kind == kind)
			return p;
	}
	return NULL;
}

struct bpfvm_point *bpfvm_point__add(struct bpfvm_session *s, u32 ifindex, u32 kind)
{
	for (u32 i = 0; i < BPFVM_PROBES; i++) {
		struct bpfvm_point *p =
			&s->point[(BPFVM_POINT(ifindex, kind) + i) % BPFVM_POINTS];

		if (p->ifindex)
			continue;
		*p = (struct bpfvm_point){.kind = kind};
		publish(&p->ifindex, ifindex);
		return p;
	}
	return NULL;
}

void bpfvm_point__remove(struct bpfvm_session *s, struct bpfvm_point *point)
{
	bpfvm_interface__detach(s, point);
	publish(&point->ifindex, 0);
}

u32 bpfvm_point__rows(const struct bpfvm_session *s, const struct bpfvm_point *point,
		      u32 rows[BPFVM_HOOKS])
{
	u32 n = 0;

	for (u32 next = point->first; next && next <= BPFVM_HOOKS && n < BPFVM_HOOKS;
	     next = s->hook[next - 1].next)
		rows[n++] = next - 1;
	return n;
}

/* --- rows --- */

u32 bpfvm_row__unused(const struct bpfvm_session *s, u32 *id)
{
	u32 row = BPFVM_HOOKS;

	*id = 1;
	for (u32 i = BPFVM_HOOKS; i--;) {
		if (!s->hook[i].ifindex)
			row = i;
		if (s->hook[i].id >= *id) /* free rows keep theirs */
			*id = s->hook[i].id + 1;
	}
	return row;
}

void bpfvm_row__insert(struct bpfvm_session *s, struct bpfvm_point *point, u32 row)
{
	struct bpfvm_hook *hook = &s->hook[row];
	u32 *place = &point->first;

	while (*place && s->hook[*place - 1].priority <= hook->priority)
		place = &s->hook[*place - 1].next;
	hook->next = *place;
	publish(place, row + 1);
}

void bpfvm_row__unlink(struct bpfvm_session *s, struct bpfvm_point *point, u32 row)
{
	u32 *place = &point->first;

	while (*place && *place != row + 1)
		place = &s->hook[*place - 1].next;
	if (*place)
		publish(place, s->hook[row].next);
}

void bpfvm_rows__free(struct bpfvm_session *s, const bool row[BPFVM_HOOKS])
{
	bpfvm_slots__wait(s);
	for (u32 i = 0; i < BPFVM_HOOKS; i++) {
		if (!row[i])
			continue;
		publish(&s->hook[i].ifindex, 0);
		if (s->hook[i].slot < BPFVM_SLOTS)
			bpfvm_slots__free(s, s->hook[i].slot);
	}
}

/* --- what others left --- */

/* Machines that a process claimed for itself: it has ended, since this one has the lock. */
static void release_machines(struct bpfvm_session *s)
{
	for (u32 i = 0; i < s->machines; i++) {
		struct bpfvm_machine *m = &s->machine[i];

		if (!m->busy || m->hook != BPFVM_HOOKS)
			continue;
		m->hook = 0;
		publish(&m->busy, 0);
	}
}

/*
 * Removes points that are of no use: the kernel does not call the machine there, or it has no guest.
 * Whether there were any.
 */
static bool repair_points(struct bpfvm_session *s)
{
	bool any = false;

	for (u32 i = 0; i < BPFVM_POINTS; i++) {
		struct bpfvm_point *p = &s->point[i];

		if (!p->ifindex)
			continue;
		if (p->first && !bpfvm_interface__alive(s, p))
			publish(&p->first, 0);
		if (p->first)
			continue;
		bpfvm_point__remove(s, p);
		any = true;
	}
	return any;
}

bool bpfvm_hooks__repair(struct bpfvm_session *s)
{
	bool lost[BPFVM_HOOKS], any, attached = false;
	u32 rows[BPFVM_HOOKS];

	release_machines(s);
	any = repair_points(s);
	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		lost[i] = s->hook[i].ifindex;
	for (u32 i = 0; i < BPFVM_POINTS; i++) {
		u32 n = s->point[i].ifindex ? bpfvm_point__rows(s, &s->point[i], rows) : 0;

		attached |= n;
		while (n)
			lost[rows[--n]] = false;
	}
	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		any |= lost[i];
	if (any)
		bpfvm_rows__free(s, lost);
	return attached;
}
