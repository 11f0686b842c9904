/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A session with the machine in the kernel: its maps as memory of this process. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map_layout.h"
#include "session.h"
#include "upload.h"

/* `size` 0: by the number of CPUs. `field` is where the session has it mapped, 0 if nowhere. */
static const struct {
	const char *name;
	size_t size;
	size_t field;
	bool fixed; /* once loaded */
} maps[BPFVM_MAPS] = {
#define MAPPED(map_name, bytes, member)                                                            \
	{.name = map_name, .size = bytes, .field = offsetof(struct bpfvm_session, member)}
	[BPFVM_MAP_CODE] = MAPPED("bpfvm_code", BPFVM_SLOTS *BPFVM_CODE * sizeof(struct vm_insn),
				  code),
	[BPFVM_MAP_SLOTS] = MAPPED("bpfvm_slots", BPFVM_SLOTS * sizeof(struct bpfvm_slot), slot),
	[BPFVM_MAP_MACHINES] = MAPPED("bpfvm_machines", 0, machine),
	[BPFVM_MAP_POINTS] = MAPPED("bpfvm_points", BPFVM_POINTS * sizeof(struct bpfvm_point),
				    point),
	[BPFVM_MAP_HOOKS] = MAPPED("bpfvm_hooks", BPFVM_HOOKS * sizeof(struct bpfvm_hook), hook),
	[BPFVM_MAP_COUNTS] = MAPPED("bpfvm_counts", 0, count),
	[BPFVM_MAP_MEMORY] = MAPPED("bpfvm_memory", BPFVM_MEMORY, memory),
	[BPFVM_MAP_CONSTANTS] = {.name = "bpfvm_constants",
				 .size = sizeof(struct bpfvm_constants),
				 .field = offsetof(struct bpfvm_session, constants),
				 .fixed = true},
	[BPFVM_MAP_CPUS] = {.name = "bpfvm_cpus"},
#undef MAPPED
};

static size_t map_size(const struct bpfvm_session *s, size_t i)
{
	if (i == BPFVM_MAP_MACHINES)
		return s->machines * sizeof(struct bpfvm_machine);
	if (i == BPFVM_MAP_COUNTS)
		return BPFVM_COUNT(s->machines, 0) * sizeof(struct bpfvm_count);
	return maps[i].size;
}

const char *bpfvm_session__map(const struct bpfvm_session *s, size_t i, size_t *size)
{
	*size = map_size(s, i);
	return maps[i].name;
}

static void **map_field(struct bpfvm_session *s, size_t i)
{
	return maps[i].field ? (void **)((char *)s + maps[i].field) : NULL;
}

static int map_memory(struct bpfvm_session *s, struct bpfvm_error *err)
{
	for (size_t i = 0; i < BPFVM_MAPS; i++) {
		int access = maps[i].fixed ? PROT_READ : PROT_READ | PROT_WRITE;
		void **field = map_field(s, i), *p;

		if (!field)
			continue;
		p = mmap(NULL, map_size(s, i), access, MAP_SHARED, s->map_fd[i], 0);
		if (p == MAP_FAILED)
			return bpfvm_error__set(err, -errno, NULL, "kernel: map %s: %s",
						maps[i].name, strerror(errno));
		*field = p;
	}
	return 0;
}

/*
 * The memory holds what machines have, the desk, the store of all guests, then guests; but at offset
 * 0 nothing, which stands for none.
 */
#define FIRST VM_MAP_ALIGN

static u32 desk_of(u32 machines)
{
	return FIRST + machines * BPFVM_PRIVATE;
}

u32 bpfvm_session__global(u32 cpus)
{
	u32 align = VM_MAP_ALIGN - 1;

	return (desk_of(cpus + BPFVM_SPARES) + BPFVM_DESK + align) & ~align;
}

static int divide(struct bpfvm_session *s, struct bpfvm_error *err)
{
	s->cpus = bpfvm_machine__cpus();
	s->machines = s->cpus + BPFVM_SPARES;
	s->desk = desk_of(s->machines);
	s->guests = bpfvm_session__global(s->cpus) + bpfvm_store__bytes();
	if (s->guests > BPFVM_MEMORY)
		return bpfvm_error__set(err, -ENOSPC, "build with a larger BPFVM_MEMORY_BITS",
					"kernel: %u CPUs need %u bytes for stacks; this build has %u",
					s->cpus, s->guests, BPFVM_MEMORY);
	return 0;
}

/* Only in a machine that nothing runs on yet. */
static void place_machines(struct bpfvm_session *s)
{
	for (u32 i = 0; i < s->machines; i++) {
		struct bpfvm_machine *m = &s->machine[i];

		m->memory = FIRST + i * BPFVM_PRIVATE;
		m->row[VM_REGION_STACK].base = m->memory;
		m->slot = BPFVM_SLOTS; /* none */
		m->one = 1;
	}
}

void bpfvm_session__prepare(struct bpfvm_session *s, struct bpfvm_machine *m, u32 n, u64 budget)
{
	const struct bpfvm_slot *slot = &s->slot[n];

	memcpy(&m->row[VM_REGION_STACK + 1], &slot->row[VM_REGION_STACK + 1],
	       sizeof(m->row) - 2 * sizeof(*m->row));
	m->next = m->tails = 0;
	m->slot = n;
	m->len = slot->len;
	m->version = slot->version;
	if (m->row[VM_REGION_STACK].dirty)
		memset(s->memory + m->memory, 0, VM_STACK_SIZE);
	m->row[VM_REGION_STACK].dirty = 0;
	memset(&m->st, 0, sizeof(m->st));
	vm_frame_open(&m->st, m->row);
	m->st.reg[1] = slot->arg[0];
	m->st.reg[2] = slot->arg[1];
	m->st.pc = slot->entry;
	m->st.left = budget;
}

static int load(struct bpfvm_session *s, struct bpfvm_error *err)
{
	int ret = bpfvm_machine__load(s, err);

	if (!ret)
		ret = map_memory(s, err);
	if (ret)
		return ret;
	place_machines(s);
	bpfvm_store__make(s);
	return s->dir ? bpfvm_pin__set(s, err) : 0;
}

static int open_session(struct bpfvm_session *s, const char *dir, bool make,
			struct bpfvm_error *err)
{
	int ret = divide(s, err);

	if (ret || !dir)
		return ret ? ret : load(s, err);
	ret = bpfvm_pin__find(s, dir, make, err);
	if (ret == -ENOENT && s->lock >= 0 && make)
		return load(s, err);
	return ret ? ret : map_memory(s, err);
}

int bpfvm_session__open_at(const char *dir, bool make, struct bpfvm_session **session,
			   struct bpfvm_error *err)
{
	struct bpfvm_session *s;
	int ret = bpfvm_machine__permitted(err);

	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return bpfvm_error__set(err, -ENOMEM, NULL, "kernel: no memory");
	s->lock = -1;
	s->held = BPFVM_SLOTS;
	ret = open_session(s, dir, make, err);
	if (ret)
		bpfvm_session__close(s);
	else
		*session = s;
	return ret;
}

int bpfvm_session__open(const char *pinned, struct bpfvm_session **session, struct bpfvm_error *err)
{
	return bpfvm_session__open_at(pinned, true, session, err);
}

void bpfvm_session__close(struct bpfvm_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BPFVM_MAPS; i++) {
		void **field = map_field(s, i);

		if (field && *field)
			munmap(*field, map_size(s, i));
	}
	if (!s->object)
		bpfvm_pin__close(s);
	bpf_object__close(s->object);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s);
}

/* What the kernel says a map takes: "memlock" of its file descriptor. */
static u64 map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	}
	if (f)
		fclose(f);
	return bytes;
}

static u64 map_used(const struct bpfvm_session *s, size_t i, const struct bpfvm_slot *guest,
		    u32 guest_bytes)
{
	u32 loaded = guest ? 1 : 0, len = guest ? guest->len : 0;

	switch (i) {
	case BPFVM_MAP_CODE:
		return len * sizeof(struct vm_insn);
	case BPFVM_MAP_SLOTS:
		return loaded * sizeof(struct bpfvm_slot);
	case BPFVM_MAP_MEMORY:
		return s->guests + guest_bytes;
	case BPFVM_MAP_MACHINES:
	case BPFVM_MAP_CONSTANTS:
		return map_size(s, i);
	}
	return 0;
}

int bpfvm_session__usage(struct bpfvm_session *s, const struct bpfvm_slot *guest, u32 guest_bytes,
			 struct bpfvm_usage *rows, u32 max)
{
	for (size_t i = 0; i < BPFVM_MAPS && i < max; i++) {
		rows[i].map = maps[i].name;
		rows[i].bytes = map_bytes(s->map_fd[i]);
		rows[i].used = map_used(s, i, guest, guest_bytes);
	}
	return BPFVM_MAPS;
}
