/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Guests on interfaces: attached, swapped, found, counted, detached. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "core_ops.h"
#include "hooks.h"
#include "interface.h"
#include "slots.h"
#include "upload.h"

/* --- attach --- */

/* What a guest of a section is for; any hook takes a guest that is for none. */
static int check_kind(const struct bpfvm_image *image, u32 kind, struct bpfvm_error *err)
{
	bool xdp = kind == BPFVM_HOOK_XDP;

	if (image->kind == BPFVM_KIND_PLAIN || (image->kind == BPFVM_KIND_XDP) == xdp)
		return 0;
	return bpfvm_error__set(err, -EINVAL,
				xdp ? "--hook tc-ingress or tc-egress takes it" :
				      "--hook xdp takes it",
				"%s: section %s: a guest for another hook than %s", image->name,
				image->section, bpfvm_hook_kind__name(kind));
}

static int check_name(const struct bpfvm_session *s, const struct bpfvm_point *point,
		      const char *name, const char *interface, struct bpfvm_error *err)
{
	u32 rows[BPFVM_HOOKS], n = point ? bpfvm_point__rows(s, point, rows) : 0;

	if (!*name || strlen(name) >= sizeof(s->hook->name))
		return bpfvm_error__set(err, -EINVAL, "give it one of 1 to 31 bytes with --name",
					"%s: not a name for an attached guest", name);
	while (n)
		if (!strcmp(s->hook[rows[--n]].name, name))
			return bpfvm_error__set(err, -EEXIST,
						"swap it, or give this one another --name",
						"%s: %s: a guest named %s is attached", interface,
						bpfvm_hook_kind__name(point->kind), name);
	return 0;
}

static int check_mode(const struct bpfvm_point *point, const struct bpfvm_attachment *a,
		      struct bpfvm_error *err)
{
	u32 mode = point ? bpfvm_point_mode(point) : a->mode;

	if (a->mode == BPFVM_MODE_ANY || a->mode == mode)
		return 0;
	return bpfvm_error__set(err, -EBUSY, "the guests of a hook share its mode: detach them first",
				"%s: %s: already attached in mode %s", a->interface,
				bpfvm_hook_kind__name(a->kind), bpfvm_mode__name(mode));
}

/* Fills a row that no packet comes to, and makes it the caller's. */
static void fill_row(struct bpfvm_session *s, u32 row, u32 id, u32 ifindex, u32 slot,
		     const struct bpfvm_attachment *a)
{
	struct bpfvm_hook *hook = &s->hook[row];

	for (u32 i = 0; i < s->machines; i++)
		memset(&s->count[BPFVM_COUNT(i, row)], 0, sizeof(*s->count));
	*hook = (struct bpfvm_hook){.kind = a->kind,
				    .slot = slot,
				    .on_trap = a->on_trap,
				    .priority = a->priority,
				    .budget = a->budget,
				    .context = 1,
				    .id = id};
	snprintf(hook->name, sizeof(hook->name), "%s", a->name);
	__atomic_store_n(&hook->ifindex, ifindex, __ATOMIC_RELEASE);
}

/* The point of a guest; where there was none the machine gets attached. */
static int reach_point(struct bpfvm_session *s, u32 ifindex, const struct bpfvm_attachment *a,
		       struct bpfvm_point **point, struct bpfvm_error *err)
{
	int ret;

	*point = bpfvm_point__find(s, ifindex, a->kind);
	if (*point)
		return 0;
	*point = bpfvm_point__add(s, ifindex, a->kind);
	if (!*point)
		return bpfvm_error__set(err, -ENOSPC, "detach guests of other interfaces",
					"%s: no place for another interface", a->interface);
	ret = bpfvm_interface__attach(s, *point, a->interface, a->mode, err);
	if (ret)
		bpfvm_point__remove(s, *point);
	return ret;
}

static int attach(struct bpfvm_session *s, const struct bpfvm_image *image, u32 ifindex,
		  const struct bpfvm_attachment *a, u32 *row, struct bpfvm_error *err)
{
	struct bpfvm_point *point;
	u32 id, slot;
	int ret;

	*row = bpfvm_row__unused(s, &id);
	if (*row == BPFVM_HOOKS)
		return bpfvm_error__set(err, -ENOSPC, "detach one", "all %u hooks are in use",
					BPFVM_HOOKS);
	ret = bpfvm_upload(s, image, NULL, NULL, &slot, err);
	if (ret)
		return ret;
	fill_row(s, *row, id, ifindex, slot, a);
	ret = reach_point(s, ifindex, a, &point, err);
	if (ret) {
		s->hook[*row].ifindex = 0;
		bpfvm_slots__free(s, slot);
		return ret;
	}
	bpfvm_row__insert(s, point, *row);
	return 0;
}

int bpfvm_hook__attach(struct bpfvm_session *s, const struct bpfvm_image *image,
		       const struct bpfvm_attachment *attachment, u32 *row,
		       struct bpfvm_error *err)
{
	struct bpfvm_attachment a = *attachment;
	u32 ifindex = if_nametoindex(a.interface);
	const struct bpfvm_point *point = bpfvm_point__find(s, ifindex, a.kind);
	int ret;

	if (!ifindex)
		return bpfvm_error__set(err, -ENODEV, "`ip link` lists the interfaces",
					"%s: no such interface", a.interface);
	if (!a.name)
		a.name = image->name;
	ret = check_kind(image, a.kind, err);
	if (!ret)
		ret = check_name(s, point, a.name, a.interface, err);
	if (!ret)
		ret = check_mode(point, &a, err);
	return ret ? ret : attach(s, image, ifindex, &a, row, err);
}

/* --- swap, detach --- */

int bpfvm_hook__swap(struct bpfvm_session *s, u32 row, const struct bpfvm_image *image,
		     const struct bpfvm_image *kept, u64 *ns, struct bpfvm_error *err)
{
	struct bpfvm_hook *hook = &s->hook[row];
	u64 began = bpfvm_clock();
	u32 slot;
	int ret = check_kind(image, hook->kind, err);

	if (!ret)
		ret = bpfvm_upload(s, image, kept ? &s->slot[hook->slot] : NULL, kept, &slot, err);
	if (ret)
		return ret;
	__atomic_store_n(&hook->slot, slot, __ATOMIC_RELEASE);
	*ns = bpfvm_clock() - began;
	return 0;
}

void bpfvm_hook__detach(struct bpfvm_session *s, const u32 *rows, u32 count)
{
	bool gone[BPFVM_HOOKS] = {0};

	for (u32 i = 0; i < count; i++) {
		const struct bpfvm_hook *hook = &s->hook[rows[i]];
		struct bpfvm_point *point = bpfvm_point__find(s, hook->ifindex, hook->kind);

		bpfvm_row__unlink(s, point, rows[i]);
		if (!point->first)
			bpfvm_point__remove(s, point);
		gone[rows[i]] = true;
	}
	bpfvm_rows__free(s, gone);
}

/* --- what is there --- */

static void add_count(struct bpfvm_count *sum, const struct bpfvm_count *count)
{
	u64 *to = (u64 *)sum;
	const u64 *from = (const u64 *)count;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		to[i] += from[i];
}

static void describe(const struct bpfvm_session *s, const struct bpfvm_point *point, u32 row,
		     struct bpfvm_guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	guest->row = row;
	guest->mode = bpfvm_point_mode(point);
	guest->hook = s->hook[row];
	guest->slot = s->slot[guest->hook.slot];
	if_indextoname(point->ifindex, guest->interface);
	for (u32 i = 0; i < s->machines; i++)
		add_count(&guest->count, &s->count[BPFVM_COUNT(i, row)]);
}

static int by_place(const void *a, const void *b)
{
	const struct bpfvm_point *x = *(const struct bpfvm_point *const *)a;
	const struct bpfvm_point *y = *(const struct bpfvm_point *const *)b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

u32 bpfvm_hook__find(struct bpfvm_session *s, const char *interface, u32 kind, const char *name,
		     struct bpfvm_guest guests[BPFVM_HOOKS])
{
	const struct bpfvm_point *points[BPFVM_POINTS];
	u32 ifindex = interface ? if_nametoindex(interface) : 0;
	u32 rows[BPFVM_HOOKS], found = 0, n = 0;

	for (u32 i = 0; i < BPFVM_POINTS; i++) {
		const struct bpfvm_point *p = &s->point[i];

		if (p->ifindex && (!interface || p->ifindex == ifindex) &&
		    (kind == BPFVM_HOOK_KINDS || p->kind == kind))
			points[n++] = p;
	}
	qsort(points, n, sizeof(*points), by_place);
	for (u32 i = 0; i < n; i++) {
		u32 count = bpfvm_point__rows(s, points[i], rows);

		for (u32 k = 0; k < count && found < BPFVM_HOOKS; k++)
			if (!name || !strcmp(s->hook[rows[k]].name, name))
				describe(s, points[i], rows[k], &guests[found++]);
	}
	return found;
}

int bpfvm_hook__image(struct bpfvm_session *s, u32 row, struct bpfvm_image **image,
		      struct bpfvm_error *err)
{
	const struct bpfvm_slot *slot = &s->slot[s->hook[row].slot];

	return bpfvm_image__unpack(s->memory + slot->image, slot->image_bytes, image, err);
}

u64 bpfvm_network__refused(struct bpfvm_session *s)
{
	u64 sum = 0;

	for (u32 i = 0; i < s->machines; i++)
		sum += s->count[BPFVM_COUNT(i, BPFVM_HOOKS)].stop[VM_TRAP_BUSY];
	return sum;
}
