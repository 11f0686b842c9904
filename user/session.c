/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A session with the machine in the kernel: its maps as memory of this process. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "session.h"

static const struct {
	const char *name;
	size_t size;
	size_t field; /* of struct bpfvm_session */
} maps[] = {
	{"bpfvm_code", BPFVM_SLOTS * BPFVM_CODE * sizeof(struct vm_insn),
	 offsetof(struct bpfvm_session, code)},
	{"bpfvm_slots", BPFVM_SLOTS * sizeof(struct bpfvm_slot), offsetof(struct bpfvm_session, slot)},
	{"bpfvm_machines", 0, offsetof(struct bpfvm_session, machine)}, /* by the number of CPUs */
	{"bpfvm_hooks", BPFVM_HOOKS * sizeof(struct bpfvm_hook), offsetof(struct bpfvm_session, hook)},
	{"bpfvm_memory", BPFVM_MEMORY, offsetof(struct bpfvm_session, memory)},
};
#define MAPS BPFVM_MAPS
_Static_assert(sizeof(maps) / sizeof(*maps) == MAPS, "every map has a row");

static size_t map_size(const struct bpfvm_session *s, size_t i)
{
	return maps[i].size ? maps[i].size : s->machines * sizeof(struct bpfvm_machine);
}

const char *bpfvm_session__map(const struct bpfvm_session *s, size_t i, size_t *size)
{
	*size = map_size(s, i);
	return maps[i].name;
}

static void **map_field(struct bpfvm_session *s, size_t i)
{
	return (void **)((char *)s + maps[i].field);
}

static int map_memory(struct bpfvm_session *s, struct bpfvm_error *err)
{
	for (size_t i = 0; i < MAPS; i++) {
		void *p = mmap(NULL, map_size(s, i), PROT_READ | PROT_WRITE, MAP_SHARED,
			       s->map_fd[i], 0);

		if (p == MAP_FAILED)
			return bpfvm_error__set(err, -errno, NULL, "kernel: map %s: %s",
						maps[i].name, strerror(errno));
		*map_field(s, i) = p;
	}
	return 0;
}

static int place_machines(struct bpfvm_session *s, struct bpfvm_error *err)
{
	s->guests = s->machines * BPFVM_PRIVATE;
	if (s->guests > BPFVM_MEMORY)
		return bpfvm_error__set(err, -ENOSPC, "build with a larger BPFVM_MEMORY_BITS",
					"kernel: %u CPUs need %u bytes for stacks; this build has %u",
					s->cpus, s->guests, BPFVM_MEMORY);
	for (u32 i = 0; i < s->machines; i++) {
		struct bpfvm_machine *m = &s->machine[i];

		m->memory = i * BPFVM_PRIVATE;
		m->row[VM_REGION_STACK].base = m->memory;
		m->slot = BPFVM_SLOTS; /* none */
		m->one = 1;
	}
	return 0;
}

int bpfvm_session__open(const char *pinned, struct bpfvm_session **session, struct bpfvm_error *err)
{
	struct bpfvm_session *s;
	int ret = bpfvm_machine__permitted(err);

	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return bpfvm_error__set(err, -ENOMEM, NULL, "kernel: no memory");
	s->cpus = bpfvm_machine__cpus();
	s->machines = s->cpus + BPFVM_SPARES;
	s->lock = -1;
	ret = pinned ? bpfvm_pin__open(s, pinned, err) : bpfvm_machine__load(s, err);
	if (!ret)
		ret = map_memory(s, err);
	if (!ret)
		ret = place_machines(s, err);
	if (ret)
		bpfvm_session__close(s);
	else
		*session = s;
	return ret;
}

void bpfvm_session__close(struct bpfvm_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < MAPS; i++) {
		if (*map_field(s, i))
			munmap(*map_field(s, i), map_size(s, i));
	}
	if (!s->object)
		bpfvm_pin__close(s);
	bpf_object__close(s->object);
	if (s->lock >= 0)
		close(s->lock);
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

	switch (maps[i].field) {
	case offsetof(struct bpfvm_session, code):
		return len * sizeof(struct vm_insn);
	case offsetof(struct bpfvm_session, slot):
		return loaded * sizeof(struct bpfvm_slot);
	case offsetof(struct bpfvm_session, memory):
		return s->guests + guest_bytes;
	case offsetof(struct bpfvm_session, machine):
		return map_size(s, i);
	}
	return 0;
}

int bpfvm_session__usage(struct bpfvm_session *s, const struct bpfvm_slot *guest, u32 guest_bytes,
			 struct bpfvm_usage *rows, u32 max)
{
	for (size_t i = 0; i < MAPS && i < max; i++) {
		rows[i].map = maps[i].name;
		rows[i].bytes = map_bytes(s->map_fd[i]);
		rows[i].used = map_used(s, i, guest, guest_bytes);
	}
	return MAPS;
}
