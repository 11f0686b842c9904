/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps of guests from user space. What takes a lock runs in the kernel, through an entry point of
 * the machine: a process that is killed leaves nothing half done and no lock behind.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "core_ops.h"
#include "guest_maps.h"
#include "map.h"

#define DESK_KEY 0
#define DESK_VALUE 256 /* or the next key */

static const struct vm_map *header(struct bpfvm_session *s, u32 map)
{
	return (const struct vm_map *)(s->memory + map);
}

/* Asks the kernel; returns what the function of map.h does. */
static int ask(struct bpfvm_session *s, struct bpfvm_map_call *call, const void *key)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = call, .data_size_in = sizeof(*call));
	const struct vm_map *m = header(s, call->map);
	int ret;

	call->key = s->desk + DESK_KEY;
	call->value = s->desk + DESK_VALUE;
	if (key)
		memcpy(s->memory + call->key, key, m->key_size);
	do {
		ret = bpf_prog_test_run_opts(s->entry_fd[BPFVM_MAP], &opts);
	} while (ret == -EINTR || ret == -EAGAIN);
	return ret ? ret : (int)opts.retval;
}

/* Bytes of what user space calls a value: one for each CPU in per-CPU maps. */
static u32 value_bytes(const struct vm_map *m)
{
	return m->traits & VM_MAP_PERCPU ? m->row : m->value_size;
}

int bpfvm_guest_map__lookup(struct bpfvm_session *s, u32 map, const void *key, void *value)
{
	struct bpfvm_map_call call = {.verb = BPFVM_MAP_LOOKUP, .map = map, .cpu = VM_MAP_ALL};
	int at = ask(s, &call, key);

	if (at < 0)
		return at == VM_MAP_NONE ? -ENOENT : at;
	memcpy(value, s->memory + header(s, map)->values + at, value_bytes(header(s, map)));
	return 0;
}

/*
 * A CPUMAP of a guest sends packets by way of the machine's own, which has to have the CPU. It stays
 * there until the machine goes: another guest may use it, too.
 */
static int add_cpu(struct bpfvm_session *s, const struct vm_map *m, const void *key,
		   const void *value)
{
	struct bpf_cpumap_val cpu = {0};
	u32 number;
	int ret;

	if (m->type != BPF_MAP_TYPE_CPUMAP)
		return 0;
	memcpy(&cpu.qsize, value, sizeof(cpu.qsize));
	memcpy(&number, key, sizeof(number));
	if (!cpu.qsize || number >= m->max_entries)
		return 0;
	ret = bpf_map_update_elem(s->map_fd[BPFVM_MAP_CPUS], key, &cpu, BPF_ANY);
	return ret == -E2BIG ? -ENODEV : ret;
}

int bpfvm_guest_map__update(struct bpfvm_session *s, u32 map, const void *key, const void *value,
			    u64 flags)
{
	const struct vm_map *m = header(s, map);
	u32 cpu = bpfvm_flags__cpu(&flags);
	struct bpfvm_map_call call = {
		.verb = BPFVM_MAP_UPDATE, .map = map, .cpu = cpu, .flags = flags};
	u32 size = cpu == VM_MAP_ALL ? value_bytes(m) : m->value_size;
	int ret;

	/* That of an array takes no lock. */
	if (size > BPFVM_DESK - DESK_VALUE && m->traits & VM_MAP_INDEXED)
		return (int)vm_map_update(s->memory, map, key, value, flags, cpu);
	if (size > BPFVM_DESK - DESK_VALUE)
		return -EMSGSIZE;
	ret = add_cpu(s, m, key, value);
	if (ret)
		return ret;
	memcpy(s->memory + s->desk + DESK_VALUE, value, size);
	return ask(s, &call, key);
}

int bpfvm_guest_map__delete(struct bpfvm_session *s, u32 map, const void *key)
{
	struct bpfvm_map_call call = {.verb = BPFVM_MAP_DELETE, .map = map};

	return ask(s, &call, key);
}

int bpfvm_guest_map__next(struct bpfvm_session *s, u32 map, const void *key, void *next)
{
	struct bpfvm_map_call call = {.verb = BPFVM_MAP_NEXT, .map = map, .first = !key};
	int ret = ask(s, &call, key);

	if (!ret)
		memcpy(next, s->memory + s->desk + DESK_VALUE, header(s, map)->key_size);
	return ret;
}

int bpfvm_guest_map__read(struct bpfvm_session *s, u32 map, void *data, u32 size)
{
	return (int)vm_ring_take(s->memory, map, data, size);
}

static u32 used_keys(u8 *memory, const struct vm_map *m)
{
	u32 fresh = VM_PEEK(&m->fresh), used = 0;

	for (u32 i = 0; i < m->max_entries && i < fresh; i++)
		used += VM_PEEK(&vm_elem(memory, m, i)->free) == VM_USED;
	return used;
}

u32 bpfvm_memory__used(u8 *memory, u32 map)
{
	const struct vm_map *m = (const struct vm_map *)(memory + map);
	u32 used = 0;

	if (m->traits & VM_MAP_RING)
		return (u32)vm_ring_query(memory, map, VM_RING_AVAILABLE);
	if (m->traits & VM_MAP_HASHED)
		return used_keys(memory, m);
	for (u32 i = 0; i < m->max_entries; i++)
		used += !(m->traits & VM_MAP_SPARSE) || vm_index_used(memory, m, i);
	return used;
}
