/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The cores by name, and what the public functions check before a core sees the call. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "core_ops.h"
#include "map.h"

static const struct {
	const char *name;
	int (*open)(const char *, struct bpfvm_core **, struct bpfvm_error *);
} makers[] = {
	{"kernel", bpfvm_core__open_kernel},
	{"switch", bpfvm_core__open_host},
	{"table", bpfvm_core__open_host},
	{"small", bpfvm_core__open_host},
};

const char *const bpfvm_core_names[] = {"kernel", "switch", "table", "small", NULL};
_Static_assert(sizeof(bpfvm_core_names) / sizeof(*bpfvm_core_names) ==
		       sizeof(makers) / sizeof(*makers) + 1,
	       "one maker per name");

int bpfvm_core__open(const char *name, struct bpfvm_core **core, struct bpfvm_error *err)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		if (!strcmp(name, makers[i].name))
			return makers[i].open(name, core, err);
	}
	return bpfvm_error__set(err, -ENOENT, "the cores are kernel, switch, table and small",
				"%s: no such core", name);
}

void bpfvm_core__close(struct bpfvm_core *core)
{
	if (core)
		core->ops->close(core);
}

int bpfvm_core__load(struct bpfvm_core *core, const struct bpfvm_image *image,
		     struct bpfvm_error *err)
{
	int ret;

	if (!image->len)
		return bpfvm_error__set(err, -EINVAL, NULL, "guest: it has no instructions");
	if (image->entry >= image->len)
		return bpfvm_error__set(err, -EINVAL, NULL, "guest: its entry lies outside of it");
	ret = core->ops->load(core, image, err);
	core->loaded = !ret;
	core->maps = ret ? 0 : image->maps;
	return ret;
}

int bpfvm_core__packet(struct bpfvm_core *core, const u8 *data, u32 size, struct bpfvm_error *err)
{
	if (size < 14 || size > BPFVM_PACKET)
		return bpfvm_error__set(err, -EINVAL, "an Ethernet header alone is 14 bytes",
					"packet: %u bytes; it must have 14 to %u", size,
					BPFVM_PACKET);
	return core->ops->packet(core, data, size, err);
}

static int start(struct bpfvm_core *core, u64 budget, u32 times, bool resume,
		 struct bpfvm_result *result, struct bpfvm_error *err)
{
	memset(result, 0, sizeof(*result));
	if (!core->loaded)
		return bpfvm_error__set(err, -EINVAL, NULL, "core: no guest is loaded");
	return core->ops->run(core, budget < BPFVM_SLICE ? budget : BPFVM_SLICE, times, resume,
			      result, err);
}

int bpfvm_core__run(struct bpfvm_core *core, u64 budget, struct bpfvm_result *result,
		    struct bpfvm_error *err)
{
	return start(core, budget, 1, false, result, err);
}

int bpfvm_core__resume(struct bpfvm_core *core, u64 budget, struct bpfvm_result *result,
		       struct bpfvm_error *err)
{
	return start(core, budget, 1, true, result, err);
}

int bpfvm_core__repeat(struct bpfvm_core *core, u64 budget, u32 times, struct bpfvm_result *result,
		       struct bpfvm_error *err)
{
	return start(core, budget, times ? times : 1, false, result, err);
}

const u8 *bpfvm_core__region(struct bpfvm_core *core, u32 number, u32 *size)
{
	*size = 0;
	return core->loaded && number < VM_REGIONS ? core->ops->region(core, number, size) : NULL;
}

int bpfvm_core__write(struct bpfvm_core *core, u32 number, u32 offset, const void *data, u32 size)
{
	u32 there;
	const u8 *region = bpfvm_core__region(core, number, &there);
	u64 word = 0;
	u8 *at;

	if (!region || offset > there || size > there - offset)
		return -EINVAL;
	at = (u8 *)region + offset; /* the core's own memory */
	if (size <= sizeof(word))
		memcpy(&word, data, size);
	switch ((uintptr_t)at % (size ? size : 1) ? 0 : size) {
	case 1:
		__atomic_store_n(at, (u8)word, __ATOMIC_RELAXED);
		return 0;
	case 2:
		__atomic_store_n((u16 *)at, (u16)word, __ATOMIC_RELAXED);
		return 0;
	case 4:
		__atomic_store_n((u32 *)at, (u32)word, __ATOMIC_RELAXED);
		return 0;
	case 8:
		__atomic_store_n((u64 *)at, word, __ATOMIC_RELAXED);
		return 0;
	}
	memcpy(at, data, size);
	return 0;
}

const u8 *bpfvm_core__output(struct bpfvm_core *core, u32 *size)
{
	*size = 0;
	if (!core->loaded || !core->ops->output)
		return bpfvm_core__region(core, VM_REGION_PACKET, size);
	return core->ops->output(core, size);
}

const void *bpfvm_core__context(struct bpfvm_core *core, u32 *size)
{
	*size = 0;
	if (!core->loaded || !core->ops->context)
		return bpfvm_core__region(core, VM_REGION_CTX, size);
	return core->ops->context(core, size);
}

u32 bpfvm_core__cpus(struct bpfvm_core *core)
{
	return core->ops->cpus ? core->ops->cpus(core) : 1;
}

static bool has_map(const struct bpfvm_core *core, u32 map)
{
	bool store = map == BPFVM_KV_LOCAL || map == BPFVM_KV_GLOBAL;

	return map < core->maps || (store && core->loaded);
}

/* Calls an operation of the core on a map that there is. */
#define ON_MAP(op, core, map, ...)                                                                 \
	(!has_map(core, map) ? -EINVAL :                                                           \
	 !(core)->ops->op      ? -EOPNOTSUPP :                                                     \
				 (core)->ops->op(core, map, __VA_ARGS__))

int bpfvm_core__map_lookup(struct bpfvm_core *core, u32 map, const void *key, void *value)
{
	return ON_MAP(map_lookup, core, map, key, value);
}

u32 bpfvm_flags__cpu(u64 *flags)
{
	u32 cpu = *flags >> 63 ? *flags >> 32 & 0x7fffffff : VM_MAP_ALL;

	if (cpu != VM_MAP_ALL)
		*flags = (u32)*flags;
	return cpu;
}

int bpfvm_core__map_update(struct bpfvm_core *core, u32 map, const void *key, const void *value,
			   u64 flags)
{
	return ON_MAP(map_update, core, map, key, value, flags);
}

int bpfvm_core__map_delete(struct bpfvm_core *core, u32 map, const void *key)
{
	return ON_MAP(map_delete, core, map, key);
}

int bpfvm_core__map_next(struct bpfvm_core *core, u32 map, const void *key, void *next)
{
	return ON_MAP(map_next, core, map, key, next);
}

int bpfvm_core__map_read(struct bpfvm_core *core, u32 map, void *data, u32 size)
{
	return ON_MAP(map_read, core, map, data, size);
}

int bpfvm_core__map_used(struct bpfvm_core *core, u32 map, u32 *used)
{
	return ON_MAP(map_used, core, map, used);
}

int bpfvm_core__usage(struct bpfvm_core *core, struct bpfvm_usage *rows, u32 max)
{
	return core->ops->usage(core, rows, max);
}

void bpfvm_result__from_state(struct bpfvm_result *result, const struct vm_state *st, u64 budget)
{
	result->stop = st->stop;
	result->pc = st->pc;
	result->r0 = st->reg[0];
	memcpy(result->reg, st->reg, sizeof(result->reg));
	result->steps = budget - st->left;
	switch (st->stop) {
	case VM_TRAP_BOUNDS:
	case VM_TRAP_READONLY:
	case VM_TRAP_WRITEONLY:
	case VM_TRAP_ATOMIC:
	case VM_TRAP_ARGUMENT:
		result->fault_addr = st->fault_addr;
		result->fault_size = st->fault_size;
		result->fault_access = st->fault_access;
	}
}

u64 bpfvm_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}
