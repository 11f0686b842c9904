/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A build of the embeddable machine as a core of the library: its regions appear where those of the
 * other cores are, so that guests must come to the same end to the last bit.
 */
#ifndef TEST_EMBEDDED_CORE_H
#define TEST_EMBEDDED_CORE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core_ops.h"
#include "embedded.h"

struct embedded_core {
	struct bpfvm_core base;
	const struct embedded *build;
	struct bpfvm vm;
	struct bpfvm_region region[VM_REGIONS];
	u8 *area[VM_REGIONS];
	struct vm_insn *code;
	u64 arg[2];
	u64 stack[VM_STACK_SIZE / 8];
};

/* --- helpers --- */

/* Linux's strtol and strtoul of decimal numbers: the bytes that it takes, or -EINVAL. */
static inline u64 embedded_number(const u64 *arg, void *const *at, _Bool is_signed)
{
	const u8 *text = at[0];
	u64 value = 0, i = 0, first;
	_Bool minus;

	if (arg[2] != 10)
		return (u64)-EINVAL;
	while (i < arg[1] && text[i] == ' ')
		i++;
	minus = i < arg[1] && text[i] == '-' && is_signed;
	for (first = i += minus; i < arg[1] && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + text[i] - '0';
	if (i == first)
		return (u64)-EINVAL;
	value = minus ? -value : value;
	memcpy(at[3], &value, sizeof(value));
	return i;
}

static inline u64 embedded_strtol(struct bpfvm *vm, const u64 *arg, void *const *at)
{
	(void)vm;
	return embedded_number(arg, at, 1);
}

static inline u64 embedded_strtoul(struct bpfvm *vm, const u64 *arg, void *const *at)
{
	(void)vm;
	return embedded_number(arg, at, 0);
}

static const struct bpfvm_helper embedded_helpers[] = {
	BPFVM_KNOWN(strtol, embedded_strtol),
	BPFVM_KNOWN(strtoul, embedded_strtoul),
};
static const struct bpfvm_config embedded_config = {
	.helpers = embedded_helpers,
	.helper_count = sizeof(embedded_helpers) / sizeof(*embedded_helpers),
};

/* --- the operations of a core --- */

static inline struct embedded_core *embedded_of(struct bpfvm_core *core)
{
	return (struct embedded_core *)core;
}

static inline void embedded_unload(struct embedded_core *e)
{
	free(e->code);
	e->code = NULL;
	for (u32 i = 0; i < VM_REGIONS; i++) {
		free(e->area[i]);
		e->area[i] = NULL;
	}
}

static inline void embedded_close(struct bpfvm_core *core)
{
	embedded_unload(embedded_of(core));
	free(core);
}

/* The region appears at the beginning of row `number`. */
static inline void embedded_move(struct bpfvm_region *r, u32 number)
{
	r->shift += r->start - VM_ADDRESS(number, 0);
	r->start = VM_ADDRESS(number, 0);
}

/* Memory to the byte, so that a sanitizer sees what is beyond. */
static inline int embedded_area(struct embedded_core *e, u32 i,
				const struct bpfvm_memory_area *from)
{
	e->area[i] = calloc(1, from->size);
	if (!e->area[i])
		return -ENOMEM;
	if (from->data)
		memcpy(e->area[i], from->data, from->size);
	e->build->add_region(&e->vm, &e->region[i], e->area[i], from->size, from->access);
	embedded_move(&e->region[i], i);
	return 0;
}

static inline int embedded_load(struct bpfvm_core *core, const struct bpfvm_image *image,
				struct bpfvm_error *err)
{
	struct embedded_core *e = embedded_of(core);
	size_t size = image->len * sizeof(*image->code);

	(void)err;
	embedded_unload(e);
	e->code = malloc(size);
	if (!e->code)
		return -ENOMEM;
	memcpy(e->code, image->code, size);
	if (e->build->init(&e->vm, &embedded_config, e->code, image->len, e->stack,
			   sizeof(e->stack)))
		return -EINVAL;
	e->vm.entry = image->entry;
	embedded_move(&e->vm.stack, VM_REGION_STACK);
	memcpy(e->arg, image->arg, sizeof(e->arg));
	for (u32 i = 0; i < VM_REGIONS; i++)
		if (image->area[i].size && embedded_area(e, i, &image->area[i]))
			return -ENOMEM;
	return 0;
}

/* There are none; the tests that give one only ask for the packet's other state. */
static inline int embedded_packet(struct bpfvm_core *core, const u8 *data, u32 size,
				  struct bpfvm_error *err)
{
	(void)core, (void)data, (void)size, (void)err;
	return 0;
}

static inline void embedded_result(struct embedded_core *e, struct bpfvm_result *result)
{
	struct bpfvm_where where;

	memset(result, 0, sizeof(*result));
	result->stop = e->vm.st.stop;
	result->pc = e->vm.st.pc;
	result->r0 = e->vm.st.reg[0];
	memcpy(result->reg, e->vm.st.reg, sizeof(result->reg));
	result->steps = e->vm.st.steps;
	e->build->where(&e->vm, &where);
	result->fault_addr = where.addr;
	result->fault_size = where.size;
	result->fault_access = where.access;
}

static inline int embedded_run(struct bpfvm_core *core, u64 budget, u32 times, bool resume,
			       struct bpfvm_result *result, struct bpfvm_error *err)
{
	struct embedded_core *e = embedded_of(core);
	u64 r0;

	(void)err;
	for (u32 i = 0; i < times; i++) {
		if (!resume)
			e->build->start(&e->vm, e->arg[0], e->arg[1]);
		e->build->resume(&e->vm, (u32)budget, &r0);
	}
	embedded_result(e, result);
	return 0;
}

static inline struct bpfvm_core *embedded_open(const struct embedded *build)
{
	static const struct bpfvm_core_ops ops = {
		.load = embedded_load,
		.packet = embedded_packet,
		.run = embedded_run,
		.close = embedded_close,
	};
	struct embedded_core *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->base.ops = &ops;
	e->build = build;
	return &e->base;
}

#endif
