/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Compiled guests for the live tests: uploaded, hooked, given packets; their variables and maps. */
#ifndef LIVE_IMAGE_H
#define LIVE_IMAGE_H

#include "live_machine.h"
#include "unit/objects.h"
#include "upload.h"

/* A compiled guest in a slot. */
struct live_image {
	struct bpfvm_image *image;
	u32 slot;
	struct bpfvm_hook *hook; /* or NULL */
};

/* `object` lies in the tests' folder, or has the path of its own that it says. */
static inline struct bpfvm_image *live_open_image(const char *object, const char *prog)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err = {0};
	struct bpfvm_fault fault;

	if (bpfvm_image__open(strchr(object, '/') ? object : path_of(object), prog, &image, &err))
		fail_msg("%s", err.text);
	if (bpfvm_image__check(image, &fault))
		fail_msg("%s: %s: insn %u: %s", object, prog, fault.pc, fault.reason);
	return image;
}

static inline struct live_image live_put_image(struct live *l, const char *object,
					       const char *prog)
{
	struct live_image g = {.image = live_open_image(object, prog)};
	struct bpfvm_error err = {0};

	if (bpfvm_upload(l->s, g.image, NULL, NULL, &g.slot, &err))
		fail_msg("%s", err.text);
	l->s->held = g.slot; /* nobody else's while no hook has it */
	return g;
}

/* The same at a point, behind the guests of its priority and before those of higher ones. */
static inline struct live_image live_hook_image(struct live *l, const char *object,
						const char *prog, u32 ifindex, u32 kind,
						s32 priority, u32 on_trap)
{
	struct live_image g = live_put_image(l, object, prog);

	g.hook = live_hook_at(l, ifindex, kind, g.slot, priority, on_trap);
	return g;
}

/* The guest's .data and .bss. */
static inline void *live_variables(struct live *l, const struct live_image *g)
{
	return l->s->memory + l->s->slot[g->slot].row[VM_REGION_DATA].base;
}

/* Offset of a map's struct vm_map. */
static inline u32 live_map(struct live *l, const struct live_image *g, const char *name)
{
	for (u32 i = 0; i < g->image->maps; i++)
		if (!strcmp(g->image->map[i].name, name))
			return l->s->slot[g->slot].map[g->image->map[i].region];
	fail_msg("no map %s", name);
	return 0;
}

/* --- packets --- */

#define LIVE_ROOM 4096 /* of a packet that a test gives to a hook by hand */

struct live_bytes {
	u8 data[LIVE_ROOM];
	u32 size;
};

/* One packet to an entry point, as if it came from `ifindex` (XDP); it comes back as changed. */
static inline u32 live_show(struct live *l, int prog, bool xdp, u32 ifindex, struct live_bytes *p)
{
	static __thread u8 out[LIVE_LONGEST];
	struct xdp_md ctx = {.data_end = p->size, .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = p->size,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = xdp ? &ctx : NULL,
		    .ctx_size_in = xdp ? sizeof(ctx) : 0);
	u32 verdict = live_run(l, prog, &opts);

	assert_true(opts.data_size_out <= sizeof(p->data));
	p->size = opts.data_size_out;
	memcpy(p->data, out, p->size);
	return verdict;
}

static inline u32 live_show_hook(struct live *l, u32 kind, struct live_bytes *p)
{
	static const u32 entries[] = {
		[BPFVM_HOOK_XDP] = BPFVM_XDP,
		[BPFVM_HOOK_TC] = BPFVM_TC,
		[BPFVM_HOOK_EGRESS] = BPFVM_EGRESS,
	};

	return live_show(l, l->s->entry_fd[entries[kind]], kind == BPFVM_HOOK_XDP, LIVE_LOOPBACK,
			 p);
}

/* --- setup --- */

/* Compiles tests/objects/NAME.c for all tests of a group, and begins to listen to the kernel. */
static inline int live_compile(const char *name)
{
	char object[64];
	int ret = make_folder(NULL);

	snprintf(object, sizeof(object), "%s.o", name);
	if (!ret)
		compile(name, object, "-g");
	return ret ? ret : live_listen(NULL);
}

static inline int live_compiled(void **state)
{
	int bad = live_heard(state);

	return remove_folder(state) || bad;
}

#endif
