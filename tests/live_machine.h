/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loaded machine, for tests that put guests into its maps by hand. */
#ifndef LIVE_MACHINE_H
#define LIVE_MACHINE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks.h"
#include "live_guest.h"
#include "upload.h"

#define LIVE_SKIPPED 77 /* exit code when nothing at all could be tested */
#define LIVE_PATIENCE 30 /* seconds until a count that should come is said to be missing */
#define LIVE_LOOPBACK 1  /* interface index in every network; where test packets come from */

/* One test's machine, and where the next area of guest memory goes. */
struct live {
	struct bpfvm_session *s;
	struct live_board *board;
	u32 free;
	u32 version;
	u32 failed; /* system calls; counted, because threads must not assert */
};

static inline u64 live_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec;
}

static cpu_set_t live_all; /* CPUs that this process may use */

/* Keeps the calling thread on one CPU; the next live_open() lets it go. */
static inline void live_stay(u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Two CPUs that this process may use, or the same one twice; returns how many there are. */
static inline u32 live_cpus(u32 cpu[2])
{
	u32 n = 0;

	for (u32 i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &live_all) && n++ < 2)
			cpu[n - 1] = i;
	}
	if (n == 1)
		cpu[1] = cpu[0];
	return n;
}

static inline bool live_tap(void)
{
	const char *format = getenv("CMOCKA_MESSAGE_OUTPUT");

	return format && !strcasecmp(format, "tap");
}

/* Says on stderr why a test cannot be done. An "ok" in TAP, where cmocka would say "not ok". */
static inline bool live_skipped(const char *why)
{
	if (!why)
		return false;
	fprintf(stderr, "skipped: %s\n", why);
	if (!live_tap())
		skip();
	return true;
}

/* --- memory and slots --- */

static inline u32 live_alloc(struct live *l, u32 size)
{
	u32 at = l->free;

	l->free += (size + 63u) & ~63u;
	assert_true(l->free <= BPFVM_MEMORY);
	memset(l->s->memory + at, 0, size);
	return at;
}

/* Memory for guests by hand lies behind that of uploaded ones from now on; a new board. */
static inline void live_share(struct live *l)
{
	l->free = BPFVM_MEMORY / 2;
	l->board = (void *)(l->s->memory + live_alloc(l, sizeof(*l->board)));
}

static inline void live_row(struct bpfvm_slot *slot, u32 region, u32 at, u32 size)
{
	slot->row[region].base = at;
	slot->row[region].rlen = slot->row[region].wlen = size;
}

static inline struct vm_insn *live_code(struct live *l, u32 n)
{
	return (struct vm_insn *)l->s->code + (size_t)n * BPFVM_CODE;
}

/* The digest of an undisturbed run, from two cores that have nothing but instructions in common. */
static inline u64 live_oracle(const struct live_guest *g, u32 entry)
{
	static const char *const name[] = {"switch", "table"};
	struct bpfvm_result result;
	struct bpfvm_image *image;
	struct bpfvm_error err;
	struct bpfvm_core *core;
	struct live_notes notes;
	u64 digest[2];
	u32 size;

	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(bpfvm_image__from_code(g->code, g->len, &image), 0);
		image->entry = entry;
		assert_int_equal(bpfvm_image__check(image, NULL), 0);
		bpfvm_image__add_area(image, LIVE_NOTES, "notes", VM_READ | VM_WRITE, NULL,
				      sizeof(struct live_notes), &err);
		bpfvm_image__add_area(image, LIVE_BOARD, "board", VM_READ | VM_WRITE, NULL,
				      sizeof(struct live_board), &err);
		assert_int_equal(bpfvm_core__open(name[i], &core, &err), 0);
		assert_int_equal(bpfvm_core__load(core, image, &err), 0);
		assert_int_equal(bpfvm_core__run(core, BPFVM_SLICE, &result, &err), 0);
		assert_int_equal(result.stop, VM_STOP_EXIT);
		assert_int_equal(result.r0, g->verdict);
		memcpy(&notes, bpfvm_core__region(core, LIVE_NOTES, &size), sizeof(notes));
		digest[i] = notes.digest;
		bpfvm_core__close(core);
		bpfvm_image__free(image);
	}
	assert_true(digest[0] == digest[1]);
	return digest[0];
}

/* Writes the guest into slot `n`, with notes of its own and the common board; returns the notes. */
static inline struct live_notes *live_upload(struct live *l, u32 n, struct live_guest *g)
{
	struct bpfvm_slot slot = {.version = ++l->version};
	u32 at = live_alloc(l, sizeof(struct live_notes));
	struct live_notes *notes = (void *)(l->s->memory + at);

	slot.entry = live_write(g);
	slot.len = g->len;
	assert_true(g->len <= LIVE_CODE);
	memcpy(live_code(l, n), g->code, g->len * sizeof(*g->code));
	live_row(&slot, LIVE_NOTES, at, sizeof(struct live_notes));
	live_row(&slot, LIVE_BOARD, (u32)((u8 *)l->board - l->s->memory),
		 sizeof(struct live_board));
	l->s->slot[n] = slot;
	notes->expect = live_oracle(g, slot.entry);
	return notes;
}

/* Puts the guest of a slot at a point, behind the guests of this priority that are there. */
static inline struct bpfvm_hook *live_hook_at(struct live *l, u32 ifindex, u32 kind, u32 slot,
					      s32 priority, u32 on_trap)
{
	struct bpfvm_point *point = bpfvm_point__find(l->s, ifindex, kind);
	u32 id, row = bpfvm_row__unused(l->s, &id);

	if (!point)
		point = bpfvm_point__add(l->s, ifindex, kind);
	assert_true(point && row < BPFVM_HOOKS);
	l->s->hook[row] = (struct bpfvm_hook){.ifindex = ifindex, .kind = kind, .slot = slot,
					      .on_trap = on_trap, .budget = BPFVM_SLICE,
					      .context = 1, .priority = priority, .id = id};
	bpfvm_row__insert(l->s, point, row);
	return &l->s->hook[row];
}

static inline struct bpfvm_hook *live_hook(struct live *l, u32 ifindex, u32 kind, u32 slot,
					   u32 on_trap)
{
	return live_hook_at(l, ifindex, kind, slot, 0, on_trap);
}

/* No guest anywhere, and nothing counted. */
static inline void live_clear_hooks(struct live *l)
{
	memset(l->s->point, 0, BPFVM_POINTS * sizeof(*l->s->point));
	memset(l->s->hook, 0, BPFVM_HOOKS * sizeof(*l->s->hook));
	memset(l->s->count, 0, BPFVM_COUNT(l->s->machines, 0) * sizeof(*l->s->count));
}

/* What the runs of a hook came to, on all machines. */
static inline struct bpfvm_count live_count(const struct live *l, const struct bpfvm_hook *hook)
{
	struct bpfvm_count sum = {0};
	u64 *to = (u64 *)&sum;

	for (u32 m = 0; m < l->s->machines; m++) {
		u32 row = BPFVM_COUNT(m, (u32)(hook - l->s->hook));
		const volatile u64 *from = (const volatile u64 *)&l->s->count[row];

		for (size_t i = 0; i < sizeof(sum) / sizeof(u64); i++)
			to[i] += from[i];
	}
	return sum;
}

/* Those that ended otherwise than by EXIT. */
static inline u64 live_traps(const struct bpfvm_count *count)
{
	return count->runs - count->stop[VM_STOP_EXIT];
}

/* --- runs --- */

static inline struct bpfvm_machine *live_claim(struct live *l, u32 n)
{
	struct bpfvm_machine *m = &l->s->machine[n];

	assert_int_equal(__atomic_exchange_n(&m->busy, 1, __ATOMIC_ACQ_REL), 0);
	m->hook = BPFVM_HOOKS;
	return m;
}

static inline void live_release(struct bpfvm_machine *m)
{
	m->slot = BPFVM_SLOTS;
	__atomic_store_n(&m->busy, 0, __ATOMIC_RELEASE);
}

static inline void live_claim_all_but(struct live *l, u32 spared)
{
	for (u32 i = 0; i < l->s->machines; i++) {
		if (i != spared)
			live_claim(l, i);
	}
}

/* Makes a claimed machine ready to run the guest of a slot, as a hook does. */
static inline void live_prepare(struct live *l, struct bpfvm_machine *m, u32 n, u64 budget)
{
	m->row[VM_REGION_STACK].dirty = 1; /* whatever a test has written there */
	bpfvm_session__prepare(l->s, m, n, budget);
}

/* Lets the kernel run a program; returns what that returns. */
static inline u32 live_run(struct live *l, int prog, struct bpf_test_run_opts *opts)
{
	int ret;

	do {
		ret = bpf_prog_test_run_opts(prog, opts);
	} while (ret == -EINTR || ret == -EAGAIN);
	if (ret)
		__atomic_fetch_add(&l->failed, 1, __ATOMIC_RELAXED);
	return opts->retval;
}

/* One call of the syscall entry point on machine `n`; returns enum vm_stop. */
static inline u32 live_call(struct live *l, u32 n)
{
	struct bpfvm_call call = {.machine = n};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));

	return live_run(l, l->s->entry_fd[BPFVM_CALL], &opts);
}

/*
 * Goes on with a prepared machine until the guest leaves or traps, `slice` instructions at a time;
 * or until it has had more than any guest of these tests needs.
 */
static inline u32 live_finish(struct live *l, struct bpfvm_machine *m, u64 slice)
{
	u32 n = (u32)(m - l->s->machine), stop = VM_STOP_NONE;

	for (u64 i = 0; i < 2 * BPFVM_SLICE / slice + 2; i++) {
		stop = live_call(l, n);
		if (stop != VM_TRAP_STEPS && stop != VM_STOP_NONE)
			break;
		m->st.left += stop == VM_TRAP_STEPS ? slice : 0;
	}
	return stop;
}

/* A packet of the guest with this salt. */
#define LIVE_PACKET 60
#define LIVE_ETHERTYPE 0x88b5 /* for local experiments, IEEE 802 */
static inline void live_packet(u8 *packet, u64 salt)
{
	memset(packet, 0, LIVE_PACKET);
	packet[0] = packet[6] = 2; /* made-up addresses */
	packet[12] = LIVE_ETHERTYPE >> 8;
	packet[13] = LIVE_ETHERTYPE & 0xff;
	memcpy(packet + LIVE_MARK, &salt, sizeof(salt));
}

#define LIVE_LONGEST 0x20000 /* that helpers may make of a packet */

/*
 * The XDP entry point, once, on a packet of this salt from `ifindex`; returns the verdict. The
 * kernel could repeat it, but then each call waits for all CPUs (an RCU grace period).
 */
static inline u32 live_xdp(struct live *l, u32 ifindex, u64 salt)
{
	static __thread u8 out[LIVE_LONGEST];
	u8 packet[LIVE_PACKET];
	struct xdp_md ctx = {.data_end = sizeof(packet), .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));

	live_packet(packet, salt);
	return live_run(l, l->s->entry_fd[BPFVM_XDP], &opts);
}

/* An entry point of tc, once, on the loopback interface; returns the verdict. */
static inline u32 live_tc_entry(struct live *l, int entry, u64 salt)
{
	static __thread u8 out[LIVE_LONGEST];
	u8 packet[LIVE_PACKET];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .data_out = out, .data_size_out = sizeof(out));

	live_packet(packet, salt);
	return live_run(l, entry, &opts);
}

static inline u32 live_tc(struct live *l, u64 salt)
{
	return live_tc_entry(l, l->s->entry_fd[BPFVM_TC], salt);
}

static inline u32 live_egress(struct live *l, u64 salt)
{
	return live_tc_entry(l, l->s->entry_fd[BPFVM_EGRESS], salt);
}

/* --- setup --- */

/* The machine, loaded once for all tests of a process, and its part that did not begin as zeros. */
static struct bpfvm_session *live_session;
static struct bpfvm_machine *live_fresh;

static inline u32 live_machines_size(const struct bpfvm_session *s)
{
	return s->machines * (u32)sizeof(*live_fresh);
}

static inline int live_load(struct bpfvm_error *err)
{
	int ret = bpfvm_session__open(NULL, &live_session, err);

	if (ret)
		return ret;
	live_fresh = malloc(live_machines_size(live_session));
	memcpy(live_fresh, live_session->machine, live_machines_size(live_session));
	return 0;
}

/* Also for tests that have machines of their own. */
static inline void live_unload(void)
{
	bpfvm_session__close(live_session);
	free(live_fresh);
	live_session = NULL;
	live_fresh = NULL;
}

/* An empty machine again, whatever was in its maps, but for the memory from `from` on. */
static inline void live_empty(struct live *l, u32 from)
{
	struct bpfvm_session *s = l->s;

	memcpy(s->machine, live_fresh, live_machines_size(s));
	live_clear_hooks(l);
	memset(s->memory, 0, from);
	bpfvm_store__make(s);
	s->held = BPFVM_SLOTS;
	l->free = (s->guests + 63u) & ~63u;
	l->board = (void *)(s->memory + live_alloc(l, sizeof(*l->board)));
}

/* Gives a test the machine as it was loaded. */
static inline int live_open(void **state)
{
	struct live *l = calloc(1, sizeof(*l));
	struct bpfvm_error err = {0};

	sched_setaffinity(0, sizeof(live_all), &live_all);
	if (!l || (!live_session && live_load(&err))) {
		fprintf(stderr, "%s\n", err.text);
		free(l);
		return -1;
	}
	l->s = live_session;
	memset(l->s->code, 0, (size_t)BPFVM_SLOTS * BPFVM_CODE * sizeof(struct vm_insn));
	memset(l->s->slot, 0, BPFVM_SLOTS * sizeof(*l->s->slot));
	live_empty(l, BPFVM_MEMORY);
	*state = l;
	return 0;
}

static inline int live_close(void **state)
{
	struct live *l = *state;
	u32 failed = l->failed;

	if (failed)
		fprintf(stderr, "bpf(BPF_PROG_TEST_RUN) failed %u times\n", failed);
	free(l);
	return failed ? -1 : 0;
}

/*
 * Whether this process may load the machine. If not, says why, in the format that is asked of
 * cmocka, and gives main the exit code that goes with it.
 */
static inline bool live_possible(int *code)
{
	struct bpfvm_error err = {0};
	int ret = live_load(&err);

	if (ret != -EPERM && ret != -ENOTSUP)
		return true; /* other errors are for the tests to report */
	*code = live_tap() ? 0 : LIVE_SKIPPED;
	if (!*code)
		printf("1..0 # SKIP %s\n", err.text);
	else
		fprintf(stderr, "%s\n", err.text);
	return false;
}

/* --- what the kernel says about itself --- */

static int live_messages = -1;

/* Begins to listen to the kernel; before the first test. */
static inline int live_listen(void **state)
{
	(void)state;
	sched_getaffinity(0, sizeof(live_all), &live_all);
	live_messages = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (live_messages >= 0)
		lseek(live_messages, 0, SEEK_END);
	return 0;
}

/* Fails if the kernel has been in trouble since, slowness aside; after the last test. */
static inline int live_heard(void **state)
{
	static const char *const signs[] = {"BUG:", "WARNING:", "Oops", "general protection"};
	char record[1024];
	ssize_t size;
	int bad = 0;

	(void)state;
	while (live_messages >= 0 &&
	       ((size = read(live_messages, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		record[size > 0 ? size : 0] = 0;
		for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
			if (strstr(record, signs[i]) && !strstr(record, "soft lockup"))
				bad = !!fprintf(stderr, "the kernel says: %s", record);
		}
	}
	if (live_messages >= 0)
		close(live_messages);
	return bad;
}

#endif
