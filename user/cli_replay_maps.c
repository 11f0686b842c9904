/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Compares what a guest leaves in its maps and variables with what it leaves in the kernel's. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_map_read.h"
#include "cli_maps.h"
#include "cli_replay.h"

#define LISTED 10 /* differences that are shown; all are counted */
#define SHOWN 64  /* bytes of a value in a message */

/* A map on both sides, and room for what is in it. */
struct pair {
	struct replay *r;
	struct cli_map ours; /* whose key is that of the other side, too */
	int fd;
	u32 native_cpus; /* values of one entry */
	u8 *theirs;
	u8 *next; /* key */
	u32 keys, native_keys;
};

void replay_differ(struct replay *r, u64 number, json_t *what, json_t *machine, json_t *native)
{
	json_t *packet = number ? json_integer((json_int_t)number) : json_null();
	json_t *row = cli_pack("{s:o, s:o, s:o, s:o}", "packet", packet, "what", what, "machine",
			       machine, "native", native);

	if (r->differing++ < LISTED)
		cli_append(r->differences, row);
	else
		json_decref(row);
}

json_t *replay_hex(const u8 *data, u32 size)
{
	char text[4 + 2 * SHOWN + 4] = "hex:";
	u32 n = size < SHOWN ? size : SHOWN;

	for (u32 i = 0; i < n; i++)
		sprintf(text + 4 + 2 * i, "%02x", data[i]);
	strcat(text, size > n ? "..." : "");
	return cli_string(text);
}

static bool is_ignored(const struct replay *r, const char *name)
{
	for (u32 i = 0; r->ignored[i]; i++)
		if (!strcmp(r->ignored[i], name))
			return true;
	return false;
}

/* --- maps --- */

/* The kernel does not tell which program is in a PROG_ARRAY. */
static bool has_entries(const struct bpfvm_map *map)
{
	return !cli_map_has_records(map) && map->type != BPF_MAP_TYPE_PROG_ARRAY;
}

static void *allocate(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		cli_no_memory();
	return p;
}

static void pair_open(struct pair *p, struct replay *r, u32 index)
{
	const struct bpfvm_map *map = &r->image->map[index];

	*p = (struct pair){.r = r, .fd = replay_native_map(r->native, index), .native_cpus = 1};
	cli_map_open(&p->ours, r->image, r->core, index);
	if (cli_map_is_percpu(map))
		p->native_cpus = (u32)libbpf_num_possible_cpus();
	p->next = allocate(map->key_size);
	p->theirs = allocate((size_t)p->native_cpus * p->ours.stride);
}

static void pair_close(struct pair *p)
{
	cli_map_close(&p->ours);
	free(p->next);
	free(p->theirs);
}

/* "map NAME[hex:...]" */
static json_t *entry_name(const struct pair *p)
{
	const struct bpfvm_map *map = p->ours.map;
	json_t *key = replay_hex(p->ours.key, map->key_size);
	json_t *name = json_sprintf("map %s[%s]", map->name, json_string_value(key));

	json_decref(key);
	return name ? name : json_null();
}

/*
 * The values of all CPUs as one. The packets came on one CPU, so the others' bytes are zeros, and
 * which one it was does not matter.
 */
static void join_cpus(u8 *values, u32 cpus, u32 stride)
{
	for (u32 cpu = 1; cpu < cpus; cpu++)
		for (u32 i = 0; i < stride; i++)
			values[i] |= values[(size_t)cpu * stride + i];
}

static json_t *side(int err, const u8 *value, u32 size)
{
	return err ? cli_string(err == -ENOENT ? "none" : strerror(-err)) : replay_hex(value, size);
}

/* The entry of p->key on both sides. */
static void compare_entry(struct pair *p)
{
	const struct cli_map *m = &p->ours;
	int ours = bpfvm_core__map_lookup(m->core, m->number, m->key, m->value);
	int theirs = bpf_map_lookup_elem(p->fd, m->key, p->theirs) ? -errno : 0;
	u32 size = m->map->value_size;

	p->r->entries++;
	join_cpus(m->value, m->copies, m->stride);
	join_cpus(p->theirs, p->native_cpus, m->stride);
	if (ours == theirs && (ours || !memcmp(m->value, p->theirs, size)))
		return;
	replay_differ(p->r, 0, entry_name(p), side(ours, m->value, size),
		      side(theirs, p->theirs, size));
}

static void compare_map(struct replay *r, u32 index)
{
	void *key = NULL;
	struct pair p;

	pair_open(&p, r, index);
	for (; !bpf_map_get_next_key(p.fd, key, p.next); p.native_keys++) {
		key = memcpy(p.ours.key, p.next, p.ours.map->key_size);
		compare_entry(&p);
	}
	/* Keys that only the machine has: found among its own, one after the other. */
	key = NULL;
	for (; !bpfvm_core__map_next(r->core, index, key, p.next); p.keys++) {
		key = memcpy(p.ours.key, p.next, p.ours.map->key_size);
		if (bpf_map_lookup_elem(p.fd, key, p.theirs))
			compare_entry(&p);
	}
	if (p.keys != p.native_keys)
		replay_differ(r, 0, json_sprintf("entries of map %s", p.ours.map->name),
			      json_integer(p.keys), json_integer(p.native_keys));
	pair_close(&p);
}

/* --- variables --- */

static void compare_variables(struct replay *r, const struct bpfvm_variables *v)
{
	int fd = replay_native_variables(r->native, v->name);
	struct bpf_map_info info = {0};
	u32 size, zero = 0, len = sizeof(info);
	const u8 *ours = bpfvm_core__region(r->core, v->region, &size);
	u8 *theirs;

	/* libbpf makes no map of a section that no symbol is in. */
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) || !ours)
		return;
	theirs = allocate(info.value_size);
	for (u32 i = 0; !bpf_map_lookup_elem(fd, &zero, theirs) && i < v->size; i++) {
		u32 n = v->size - i < 8 ? v->size - i : 8;

		if (ours[v->offset + i] == theirs[i])
			continue;
		replay_differ(r, 0, json_sprintf("section %s at offset %u", v->name, i),
			      replay_hex(ours + v->offset + i, n), replay_hex(theirs + i, n));
		break;
	}
	free(theirs);
}

void replay_compare_maps(struct replay *r)
{
	for (u32 i = 0; i < r->image->maps; i++)
		if (has_entries(&r->image->map[i]) && !is_ignored(r, r->image->map[i].name))
			compare_map(r, i);
	for (u32 i = 0; i < r->image->variables; i++)
		if (!is_ignored(r, r->image->variable[i].name))
			compare_variables(r, &r->image->variable[i]);
}

/* --- records --- */

/* The kernel fills up perf events, so that the next one is aligned. */
static bool same_record(const struct cli_record *ours, const struct replay_record *theirs)
{
	u32 filled = ours->has_cpu ? 7 : 0;

	return ours->size <= theirs->size && theirs->size - ours->size <= filled &&
	       !memcmp(ours->data, theirs->data, ours->size);
}

static json_t *record_side(const u8 *data, u32 size)
{
	return data ? replay_hex(data, size) : cli_string("none");
}

static void compare_records(struct replay *r, u64 number, u32 map,
			    const struct replay_records *native)
{
	static const struct replay_record none;
	u32 i = 0;

	for (;;) {
		const struct replay_record *theirs = &none;
		struct cli_record ours = {0};

		while (i < native->count && native->record[i].map != map)
			i++;
		if (i < native->count)
			theirs = &native->record[i++];
		if (cli_record_take(r->core, r->image, map, &ours) && !theirs->data)
			break;
		r->records++;
		if (!ours.data || !theirs->data || !same_record(&ours, theirs))
			replay_differ(r, number,
				      json_sprintf("record of map %s", r->image->map[map].name),
				      record_side(ours.data, ours.size),
				      record_side(theirs->data, theirs->size));
	}
}

void replay_compare_records(struct replay *r, u64 number)
{
	struct replay_records native = {0};

	replay_native_records(r->native, &native);
	for (u32 i = 0; i < r->image->maps; i++)
		if (cli_map_has_records(&r->image->map[i]) &&
		    !is_ignored(r, r->image->map[i].name))
			compare_records(r, number, i, &native);
	replay_records_clear(&native);
}
