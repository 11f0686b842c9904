/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel core: a guest in a slot of the loaded machine. Without a packet it runs through the
 * syscall entry point, on a machine that this process keeps between slices; with one, or repeated,
 * through the hook's own entry point.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_ops.h"
#include "guest_maps.h"
#include "slots.h"
#include "upload.h"

#define LOOPBACK 1 /* the interface of packets that come from BPF_PROG_TEST_RUN */

struct kernel_core {
	struct bpfvm_core base;
	struct bpfvm_session *session;
	struct bpfvm_machine *machine; /* claimed by this process */
	struct bpfvm_machine *ran;     /* of the last run: that one, or the CPU's */
	enum bpfvm_kind kind;
	u32 slot; /* BPFVM_SLOTS: none yet */
	u32 region[VM_REGIONS]; /* by the index of a map */
	u64 budget; /* given to the present run so far */
	u8 *packet; /* as given, or NULL */
	u32 packet_size;
	u8 *out; /* as the last run left it */
	u32 out_size;
	struct __sk_buff skb; /* likewise */
	bool has_skb;
};

/* Row of the guest in bpfvm_hooks while test packets run; attached ones begin at row 0. */
#define TEST_ROW (BPFVM_HOOKS - 1)

static struct kernel_core *kernel_of(struct bpfvm_core *core)
{
	return (struct kernel_core *)core;
}

static void use_maps(struct kernel_core *k, const struct bpfvm_image *image)
{
	for (u32 i = 0; i < image->maps; i++)
		k->region[i] = image->map[i].region;
}

/* Forgets the locks and samples of a guest whose maps are no more. */
static void forget_held(struct bpfvm_machine *m)
{
	m->held = m->locked = 0;
	memset(m->sample, 0, sizeof(m->sample));
}

/* Writes the guest into another slot than the present one, then makes that the present one. */
static int load(struct bpfvm_core *core, const struct bpfvm_image *image, struct bpfvm_error *err)
{
	struct kernel_core *k = kernel_of(core);
	u32 before = k->slot;
	int ret = bpfvm_upload(k->session, image, NULL, NULL, &k->slot, err);

	if (ret)
		return ret;
	if (before != BPFVM_SLOTS)
		bpfvm_slots__free(k->session, before);
	k->session->held = k->slot;
	forget_held(k->machine);
	use_maps(k, image);
	k->kind = image->kind;
	k->ran = NULL;
	free(k->packet);
	k->packet = NULL;
	return 0;
}

static int packet(struct bpfvm_core *core, const u8 *data, u32 size, struct bpfvm_error *err)
{
	struct kernel_core *k = kernel_of(core);

	free(k->packet);
	k->packet = malloc(size);
	if (!k->packet)
		return bpfvm_error__set(err, -ENOMEM, NULL, "packet: no memory");
	memcpy(k->packet, data, size);
	k->packet_size = k->out_size = size;
	memcpy(k->out, data, size);
	return 0;
}

/*
 * Turns the machine until it stops by itself: one call may end early, at the limit of the kernel's
 * loops.
 */
static int turn_machine(struct kernel_core *k, struct bpfvm_error *err)
{
	struct bpfvm_call call = {.machine = (u32)(k->machine - k->session->machine)};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));

	k->ran = k->machine;
	k->machine->st.stop = VM_STOP_NONE;
	do {
		int ret = bpf_prog_test_run_opts(k->session->entry_fd[BPFVM_CALL], &opts);

		if (ret == -EINTR || ret == -EAGAIN)
			continue;
		if (ret)
			return bpfvm_error__set(err, ret, "`loader doctor` looks for the reason",
						"kernel: the run: %s", strerror(-ret));
	} while (k->machine->st.stop == VM_STOP_NONE);
	return 0;
}

/* Lets a suspended run go on to an instruction that is none: as it ends, it gives back what it held. */
static int end_suspended(struct kernel_core *k, struct bpfvm_error *err)
{
	if (!k->machine->held)
		return 0;
	k->machine->st.pc = BPFVM_CODE;
	k->machine->st.left = 1;
	return turn_machine(k, err);
}

/* A run from the start, on the machine that this process holds. */
static int prepare(struct kernel_core *k, u64 budget, struct bpfvm_error *err)
{
	int ret = end_suspended(k, err);

	if (ret)
		return ret;
	k->machine->hook = BPFVM_HOOKS;
	bpfvm_session__prepare(k->session, k->machine, k->slot, budget);
	k->budget = budget;
	return 0;
}

/*
 * Keeps the thread on its CPU for a run, so that the machine that ran is known; undone by the
 * caller.
 */
static u32 stay(cpu_set_t *before)
{
	u32 cpu = (u32)sched_getcpu();
	cpu_set_t here;

	sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	sched_setaffinity(0, sizeof(here), &here);
	return cpu;
}

/* Makes the guest the only one of the loopback interface, where test packets seem to come from. */
static int hook_up(struct kernel_core *k, u32 kind, u64 budget, struct bpfvm_error *err)
{
	struct bpfvm_session *s = k->session;
	struct bpfvm_point *point = &s->point[BPFVM_POINT(LOOPBACK, kind)];

	if (point->ifindex && point->first != TEST_ROW + 1)
		return bpfvm_error__set(err, -EBUSY, "run it on a machine of its own: without --pinned",
					"kernel: guests are attached where test packets run");
	s->hook[TEST_ROW] = (struct bpfvm_hook){.ifindex = LOOPBACK, .kind = kind, .slot = k->slot,
						.budget = budget, .context = !!k->packet};
	*point = (struct bpfvm_point){.ifindex = LOOPBACK, .kind = kind, .first = TEST_ROW + 1};
	return 0;
}

static void unhook(struct kernel_core *k, u32 kind)
{
	memset(&k->session->point[BPFVM_POINT(LOOPBACK, kind)], 0, sizeof(struct bpfvm_point));
	memset(&k->session->hook[TEST_ROW], 0, sizeof(struct bpfvm_hook));
}

/* Lets the hook of test packets run the guest `times` times. */
static int turn_hook(struct kernel_core *k, u64 budget, u32 times, u64 *ns, struct bpfvm_error *err)
{
	bool tc = k->packet && k->kind == BPFVM_KIND_TC;
	u32 kind = tc ? BPFVM_HOOK_TC : BPFVM_HOOK_XDP;
	static const u8 nothing[64];
	cpu_set_t before;
	int ret = hook_up(k, kind, budget, err);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = k->packet ? k->packet : nothing,
		    .data_size_in = k->packet ? k->packet_size : sizeof(nothing),
		    .data_out = k->out, .data_size_out = BPFVM_PACKET, .repeat = (int)times,
		    .ctx_out = tc ? &k->skb : NULL, .ctx_size_out = tc ? sizeof(k->skb) : 0);

	if (ret)
		return ret;
	k->ran = &k->session->machine[stay(&before)];
	do {
		ret = bpf_prog_test_run_opts(k->session->entry_fd[tc ? BPFVM_TC : BPFVM_XDP], &opts);
	} while (ret == -EINTR || ret == -EAGAIN);
	sched_setaffinity(0, sizeof(before), &before);
	unhook(k, kind);
	k->out_size = opts.data_size_out;
	k->has_skb = tc;
	k->budget = budget;
	*ns = opts.duration;
	if (ret)
		return bpfvm_error__set(err, ret, "`loader doctor` looks for the reason",
					"kernel: the run: %s", strerror(-ret));
	if (k->ran->st.stop == VM_STOP_NONE) /* the kernel's loops ended before the budget */
		k->ran->st.stop = VM_TRAP_STEPS;
	return 0;
}

static int run(struct bpfvm_core *core, u64 budget, u32 times, bool resume,
	       struct bpfvm_result *result, struct bpfvm_error *err)
{
	struct kernel_core *k = kernel_of(core);
	u64 began = bpfvm_clock();
	int ret;

	if (resume && k->ran != k->machine)
		return bpfvm_error__set(err, -EOPNOTSUPP, "a guest of more steps runs without a packet",
					"kernel: a run on a packet ends with its first %u steps",
					BPFVM_SLICE);
	if (k->packet || times > 1) {
		ret = turn_hook(k, budget, times, &result->ns, err);
	} else {
		ret = resume ? 0 : prepare(k, budget, err);
		if (resume)
			k->budget += budget, k->machine->st.left += budget;
		if (!ret)
			ret = turn_machine(k, err);
		result->ns = bpfvm_clock() - began;
	}
	if (!ret)
		bpfvm_result__from_state(result, &k->ran->st, k->budget);
	return ret;
}

static const u8 *region(struct bpfvm_core *core, u32 number, u32 *size)
{
	struct kernel_core *k = kernel_of(core);
	const struct vm_region *row = k->ran ? &k->ran->row[number] :
					       &k->session->slot[k->slot].row[number];

	*size = number == VM_REGION_STACK ? VM_STACK_SIZE :
		row->rlen > row->wlen	  ? row->rlen :
					    row->wlen;
	if (number == VM_REGION_PACKET) {
		*size = k->packet ? k->out_size : 0;
		return k->packet ? k->out : NULL;
	}
	return *size ? k->session->memory + row->base : NULL;
}

static const void *context(struct bpfvm_core *core, u32 *size)
{
	struct kernel_core *k = kernel_of(core);

	if (!k->packet || !k->has_skb)
		return region(core, VM_REGION_CTX, size);
	*size = sizeof(k->skb);
	return &k->skb;
}

static int usage(struct bpfvm_core *core, struct bpfvm_usage *rows, u32 max)
{
	struct kernel_core *k = kernel_of(core);
	const struct bpfvm_slot *slot = core->loaded ? &k->session->slot[k->slot] : NULL;

	return bpfvm_session__usage(k->session, slot, slot ? slot->bytes : 0, rows, max);
}

/* Where map number `map` of the image is, or a key-value store. */
static u32 map_at(struct kernel_core *k, u32 map)
{
	if (map == BPFVM_KV_GLOBAL)
		return k->session->constants->global;
	return k->session->slot[k->slot].map[map == BPFVM_KV_LOCAL ? 0 : k->region[map]];
}

static u32 cpus(struct bpfvm_core *core)
{
	return kernel_of(core)->session->cpus;
}

static int map_lookup(struct bpfvm_core *core, u32 map, const void *key, void *value)
{
	struct kernel_core *k = kernel_of(core);

	return bpfvm_guest_map__lookup(k->session, map_at(k, map), key, value);
}

static int map_update(struct bpfvm_core *core, u32 map, const void *key, const void *value,
		      u64 flags)
{
	struct kernel_core *k = kernel_of(core);

	return bpfvm_guest_map__update(k->session, map_at(k, map), key, value, flags);
}

static int map_delete(struct bpfvm_core *core, u32 map, const void *key)
{
	struct kernel_core *k = kernel_of(core);

	return bpfvm_guest_map__delete(k->session, map_at(k, map), key);
}

static int map_next(struct bpfvm_core *core, u32 map, const void *key, void *next)
{
	struct kernel_core *k = kernel_of(core);

	return bpfvm_guest_map__next(k->session, map_at(k, map), key, next);
}

static int map_read(struct bpfvm_core *core, u32 map, void *data, u32 size)
{
	struct kernel_core *k = kernel_of(core);

	return bpfvm_guest_map__read(k->session, map_at(k, map), data, size);
}

static int map_used(struct bpfvm_core *core, u32 map, u32 *used)
{
	struct kernel_core *k = kernel_of(core);

	*used = bpfvm_memory__used(k->session->memory, map_at(k, map));
	return 0;
}

static void close_kernel(struct bpfvm_core *core)
{
	struct kernel_core *k = kernel_of(core);

	bpfvm_session__close(k->session);
	free(k->packet);
	free(k->out);
	free(k);
}

static const struct bpfvm_core_ops kernel_ops = {
	.load = load,
	.packet = packet,
	.run = run,
	.region = region,
	.context = context,
	.usage = usage,
	.cpus = cpus,
	.map_lookup = map_lookup,
	.map_update = map_update,
	.map_delete = map_delete,
	.map_next = map_next,
	.map_read = map_read,
	.map_used = map_used,
	.close = close_kernel,
};

static int open_kernel(const char *name, const char *pinned, struct bpfvm_core **core,
		       struct bpfvm_error *err)
{
	struct kernel_core *k = calloc(1, sizeof(*k));
	int ret;

	if (k)
		k->out = malloc(BPFVM_PACKET);
	if (!k || !k->out) {
		free(k);
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", name);
	}
	k->base.ops = &kernel_ops;
	ret = bpfvm_session__open(pinned, &k->session, err);
	if (ret) {
		close_kernel(&k->base);
		return ret;
	}
	k->machine = &k->session->machine[k->session->machines - 1];
	forget_held(k->machine);
	k->machine->busy = 1; /* a spare one, which hooks do without */
	k->slot = BPFVM_SLOTS;
	*core = &k->base;
	return 0;
}

int bpfvm_core__open_kernel(const char *name, struct bpfvm_core **core, struct bpfvm_error *err)
{
	return open_kernel(name, NULL, core, err);
}

int bpfvm_core__open_pinned(const char *dir, struct bpfvm_core **core, struct bpfvm_error *err)
{
	return open_kernel("kernel", dir, core, err);
}

/* --- an attached guest: its maps and memory, no runs --- */

static int no_load(struct bpfvm_core *core, const struct bpfvm_image *image,
		   struct bpfvm_error *err)
{
	(void)core;
	return bpfvm_error__set(err, -EOPNOTSUPP, "`loader swap` puts another one in its place",
				"%s: the core is that of an attached guest", image->name);
}

static int no_packet(struct bpfvm_core *core, const u8 *data, u32 size, struct bpfvm_error *err)
{
	(void)core, (void)data, (void)size;
	return bpfvm_error__set(err, -EOPNOTSUPP, NULL, "packet: an attached guest has its own");
}

static int no_run(struct bpfvm_core *core, u64 budget, u32 times, bool resume,
		  struct bpfvm_result *result, struct bpfvm_error *err)
{
	(void)core, (void)budget, (void)times, (void)resume, (void)result;
	return bpfvm_error__set(err, -EOPNOTSUPP, NULL, "run: an attached guest runs on packets");
}

static void close_attached(struct bpfvm_core *core)
{
	free(core);
}

int bpfvm_core__open_attached(struct bpfvm_session *session, u32 row, struct bpfvm_core **core,
			      struct bpfvm_image **image, struct bpfvm_error *err)
{
	static struct bpfvm_core_ops ops;
	struct kernel_core *k;
	int ret = bpfvm_hook__image(session, row, image, err);

	if (ret)
		return ret;
	k = calloc(1, sizeof(*k));
	if (!k) {
		bpfvm_image__free(*image);
		return bpfvm_error__set(err, -ENOMEM, NULL, "core: no memory");
	}
	ops = kernel_ops;
	ops.load = no_load;
	ops.packet = no_packet;
	ops.run = no_run;
	ops.close = close_attached;
	k->base = (struct bpfvm_core){.ops = &ops, .loaded = true, .maps = (*image)->maps};
	k->session = session;
	k->slot = session->hook[row].slot;
	use_maps(k, *image);
	*core = &k->base;
	return 0;
}
