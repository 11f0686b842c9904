/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host cores: a guest in this process, by one of the texts that firmware builds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static struct host_core *host_of(struct bpfvm_core *core)
{
	return (struct host_core *)core;
}

static void unload(struct host_core *h)
{
	free(h->code);
	h->code = NULL;
	for (u32 i = 0; i < VM_REGIONS; i++) {
		free(h->area[i]);
		h->area[i] = NULL;
	}
	free(h->packet);
	free(h->work);
	h->packet = h->work = NULL;
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

static int load(struct bpfvm_core *core, const struct bpfvm_image *image, struct bpfvm_error *err)
{
	struct host_core *h = host_of(core);

	unload(h);
	h->code = (void *)copy(image->code, image->len * sizeof(*image->code));
	if (!h->code)
		return bpfvm_error__set(err, -ENOMEM, NULL, "guest: no memory");
	for (u32 i = 0; i < VM_REGIONS; i++) {
		const struct bpfvm_memory_area *area = &image->area[i];

		if (!area->size)
			continue;
		h->area[i] = copy(area->data, area->size);
		if (!h->area[i])
			return bpfvm_error__set(err, -ENOMEM, NULL, "guest: no memory");
		h->vm.row[i].base = h->area[i];
		h->vm.row[i].rlen = area->access & VM_READ ? area->size : 0;
		h->vm.row[i].wlen = area->access & VM_WRITE ? area->size : 0;
	}
	h->vm.code = h->code;
	h->vm.len = image->len;
	h->kind = image->kind;
	h->entry = image->entry;
	memcpy(h->arg, image->arg, sizeof(h->arg));
	return 0;
}

/* The context as bpf/entry.h fills it in, for a packet on the loopback interface. */
static u32 fill_context(struct host_core *h)
{
	u32 data = VM_ADDRESS(VM_REGION_PACKET, 0), end = data + h->packet_size;

	memset(&h->ctx, 0, sizeof(h->ctx));
	if (h->kind == BPFVM_KIND_TC) {
		h->ctx.skb.len = h->packet_size;
		h->ctx.skb.protocol = (u32)(h->packet[12] | h->packet[13] << 8);
		h->ctx.skb.ifindex = 1; /* the loopback interface; not received on any */
		h->ctx.skb.data = h->ctx.skb.data_meta = data;
		h->ctx.skb.data_end = end;
		return sizeof(h->ctx.skb);
	}
	h->ctx.xdp.data = h->ctx.xdp.data_meta = data;
	h->ctx.xdp.data_end = end;
	h->ctx.xdp.ingress_ifindex = 1;
	return sizeof(h->ctx.xdp);
}

static int packet(struct bpfvm_core *core, const u8 *data, u32 size, struct bpfvm_error *err)
{
	struct host_core *h = host_of(core);

	free(h->packet);
	free(h->work);
	h->packet = copy(data, size);
	h->work = copy(data, size);
	h->packet_size = size;
	if (!h->packet || !h->work)
		return bpfvm_error__set(err, -ENOMEM, NULL, "packet: no memory");
	h->vm.row[VM_REGION_CTX].base = (u8 *)&h->ctx;
	h->vm.row[VM_REGION_CTX].rlen = fill_context(h);
	h->vm.row[VM_REGION_CTX].wlen = 0;
	h->vm.row[VM_REGION_PACKET].base = h->work;
	h->vm.row[VM_REGION_PACKET].rlen = h->vm.row[VM_REGION_PACKET].wlen = size;
	return 0;
}

static void begin(struct host_core *h, u64 budget)
{
	if (h->packet)
		vm_start(&h->vm, h->entry, VM_ADDRESS(VM_REGION_CTX, 0), 0, budget);
	else
		vm_start(&h->vm, h->entry, h->arg[0], h->arg[1], budget);
	h->budget = budget;
}

static int run(struct bpfvm_core *core, u64 budget, u32 times, bool resume,
	       struct bpfvm_result *result, struct bpfvm_error *err)
{
	struct host_core *h = host_of(core);
	u64 began;

	(void)err;
	if (h->packet && !resume)
		memcpy(h->work, h->packet, h->packet_size);
	began = bpfvm_clock();
	if (resume) {
		h->budget += budget;
		h->vm.st.left += budget;
		h->execute(&h->vm);
	}
	for (u32 i = 0; i < times && !resume; i++) {
		begin(h, budget);
		h->execute(&h->vm);
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
	return *size ? row->base : NULL;
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
	.usage = usage,
	.close = close_host,
};

int bpfvm_core__open_host(const char *name, struct bpfvm_core **core, struct bpfvm_error *err)
{
	struct host_core *h = calloc(1, sizeof(*h));

	if (!h)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", name);
	h->base.ops = &host_ops;
	h->vm.helper = host_helper;
	h->vm.user = h;
	h->execute = !strcmp(name, "switch") ? vm_run_switch :
		     !strcmp(name, "table")  ? vm_run_table :
					       vm_run_small;
	unload(h);
	*core = &h->base;
	return 0;
}
