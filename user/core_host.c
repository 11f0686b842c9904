/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host cores: a guest in this process, by one of the texts that firmware builds. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

static struct host_core *host_of(struct bpfvm_core *core)
{
	return (struct host_core *)core;
}

static void drop_packet(struct host_core *h)
{
	free(h->given);
	free(h->packet.buffer);
	h->given = NULL;
	memset(&h->packet, 0, sizeof(h->packet));
}

static void unload(struct host_core *h)
{
	free(h->code);
	h->code = NULL;
	for (u32 i = 0; i < VM_REGIONS; i++) {
		free(h->area[i]);
		h->area[i] = NULL;
	}
	bpfvm_host_maps__unload(h);
	drop_packet(h);
	h->locked = NULL;
	memset(h->sample, 0, sizeof(h->sample));
	memset(h->vm.row, 0, sizeof(h->vm.row));
	memset(h->stack, 0, sizeof(h->stack));
	h->vm.row[VM_REGION_STACK].base = h->stack;
}

/* Memory that the sanitizers watch to the byte. */
static u8 *copy(const void *data, size_t size)
{
	u8 *p = malloc(size);

	if (p && data)
		memcpy(p, data, size);
	else if (p)
		memset(p, 0, size);
	return p;
}

static int load_areas(struct host_core *h, const struct bpfvm_image *image)
{
	for (u32 i = 0; i < VM_REGIONS; i++) {
		const struct bpfvm_memory_area *area = &image->area[i];

		if (!area->size)
			continue;
		h->area[i] = copy(area->data, area->size);
		if (!h->area[i])
			return -ENOMEM;
		h->vm.row[i].base = h->area[i];
		h->vm.row[i].rlen = area->access & VM_READ ? area->size : 0;
		h->vm.row[i].wlen = area->access & VM_WRITE ? area->size : 0;
	}
	return 0;
}

static int load(struct bpfvm_core *core, const struct bpfvm_image *image, struct bpfvm_error *err)
{
	struct host_core *h = host_of(core);

	unload(h);
	h->code = (void *)copy(image->code, image->len * sizeof(*image->code));
	if (!h->code || load_areas(h, image))
		return bpfvm_error__set(err, -ENOMEM, NULL, "guest: no memory");
	h->vm.code = h->code;
	h->vm.len = image->len;
	h->kind = image->kind;
	h->entry = image->entry;
	memcpy(h->arg, image->arg, sizeof(h->arg));
	return bpfvm_host_maps__load(h, image, err);
}

static int packet(struct bpfvm_core *core, const u8 *data, u32 size, struct bpfvm_error *err)
{
	struct host_core *h = host_of(core);

	drop_packet(h);
	h->given = copy(data, size);
	h->given_size = size;
	h->packet.capacity = 2 * HOST_ROOM + size;
	h->packet.buffer = copy(NULL, h->packet.capacity);
	if (!h->given || !h->packet.buffer) {
		drop_packet(h);
		return bpfvm_error__set(err, -ENOMEM, NULL, "packet: no memory");
	}
	bpfvm_host_packet__reset(h);
	bpfvm_host_packet__show(h);
	return 0;
}

static void begin(struct host_core *h, u64 budget)
{
	bpfvm_host_let_go(h);
	h->tails = 0;
	h->budget = budget;
	if (!h->given) {
		vm_start(&h->vm, h->entry, h->arg[0], h->arg[1], budget);
		return;
	}
	memset(&h->ctx, 0, sizeof(h->ctx));
	bpfvm_host_packet__show(h);
	vm_start(&h->vm, h->entry, VM_ADDRESS(VM_REGION_CTX, 0), 0, budget);
}

/* Until the guest stops; one that may go on keeps what it holds. */
static void execute(struct host_core *h)
{
	u32 stop = h->execute(&h->vm);

	if (h->given)
		bpfvm_host_packet__store(h);
	if (stop != VM_TRAP_STEPS || h->given)
		bpfvm_host_let_go(h);
}

static int run(struct bpfvm_core *core, u64 budget, u32 times, bool resume,
	       struct bpfvm_result *result, struct bpfvm_error *err)
{
	struct host_core *h = host_of(core);
	u64 began;

	(void)err;
	if (h->given && !resume)
		bpfvm_host_packet__reset(h);
	began = bpfvm_clock();
	if (resume) {
		h->budget += budget;
		h->vm.st.left += budget;
		execute(h);
	}
	for (u32 i = 0; i < times && !resume; i++) {
		begin(h, budget);
		execute(h);
	}
	result->ns = (bpfvm_clock() - began) / times;
	bpfvm_result__from_state(result, &h->vm.st, h->budget);
	return 0;
}

static const u8 *region(struct bpfvm_core *core, u32 number, u32 *size)
{
	struct host_core *h = host_of(core);
	const struct vm_region *row = &h->vm.row[number];

	*size = number == VM_REGION_STACK ? VM_STACK_SIZE :
		row->rlen > row->wlen	  ? row->rlen :
					    row->wlen;
	if (number == VM_REGION_PACKET && h->given) { /* as a test run returns it */
		*size = h->packet.meta + h->packet.len;
		return row->base - h->packet.meta;
	}
	return *size ? row->base : NULL;
}

/* Of tc guests what has become of the packet, not what the guest last saw. */
static const void *context(struct bpfvm_core *core, u32 *size)
{
	struct host_core *h = host_of(core);

	if (!h->given || !host_is_tc(h))
		return region(core, VM_REGION_CTX, size);
	h->skb.md.len = h->packet.len;
	*size = sizeof(h->skb.md);
	return &h->skb.md;
}

static u32 cpus(struct bpfvm_core *core)
{
	(void)core;
	return 1;
}

static int usage(struct bpfvm_core *core, struct bpfvm_usage *rows, u32 max)
{
	(void)core, (void)rows, (void)max;
	return 0; /* none of the kernel's memory */
}

static void close_host(struct bpfvm_core *core)
{
	unload(host_of(core));
	free(core);
}

static const struct bpfvm_core_ops host_ops = {
	.load = load,
	.packet = packet,
	.run = run,
	.region = region,
	.context = context,
	.cpus = cpus,
	.map_lookup = bpfvm_host_map__lookup,
	.map_update = bpfvm_host_map__update,
	.map_delete = bpfvm_host_map__delete,
	.map_next = bpfvm_host_map__next,
	.map_read = bpfvm_host_map__read,
	.map_used = bpfvm_host_map__used,
	.usage = usage,
	.close = close_host,
};

int bpfvm_core__open_host(const char *name, struct bpfvm_core **core, struct bpfvm_error *err)
{
	struct host_core *h = calloc(1, sizeof(*h));

	if (!h)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", name);
	h->base.ops = &host_ops;
	h->vm.helper = bpfvm_host_helper;
	h->vm.user = h;
	h->execute = !strcmp(name, "switch") ? vm_run_switch :
		     !strcmp(name, "table")  ? vm_run_table :
					       vm_run_small;
	unload(h);
	*core = &h->base;
	return 0;
}
