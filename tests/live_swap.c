/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Swaps under load: packets flood two interfaces while the guest of one is swapped thousands of
 * times. Each packet meets the old guest or the new one, whole; none is lost; a map that both have
 * counts every one of them; the guest of the other interface notices nothing.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sys/stat.h>

#include "core_ops.h"
#include "live_image.h"
#include "live_net.h"

#define SWAPS 10000u
#define FEWEST 200000u /* packets that there are at the least */
#define PAUSE 17u      /* swaps; an odd number, so that the old guest and the new one get one */
#define MEETS 64u      /* packets, the guest that is in place during a pause */

/* Everything of one test; the network is the process's own. */
static struct swapping {
	struct bpfvm_session *session;
	struct bpfvm_image *image[2];
	u32 row[2]; /* of the guest that is swapped, and of the bystander */
	struct live_pair pair[2];
	struct live_flood flood[2];
	bool stop;
	u64 ns[SWAPS];
} swapping;

static char pins[96];

static void attach(struct swapping *w, const struct bpfvm_image *image, u32 pair)
{
	char interface[16];
	struct bpfvm_attachment a = {.interface = interface,
				     .kind = BPFVM_HOOK_XDP,
				     .mode = BPFVM_MODE_NATIVE,
				     .name = "guest",
				     .on_trap = XDP_ABORTED,
				     .budget = 10000};
	struct bpfvm_error err = {0};

	snprintf(interface, sizeof(interface), "rx%u", pair);
	if (bpfvm_hook__attach(w->session, image, &a, &w->row[pair], &err))
		fail_msg("%s", err.text);
}

static int open_swapping(void **state)
{
	struct swapping *w = &swapping;
	struct bpfvm_error err = {0};

	*state = w;
	memset(w, 0, sizeof(*w));
	if (live_no_network)
		return 0;
	w->image[0] = live_open_image("live_swap.o", "guest_a");
	w->image[1] = live_open_image("live_swap.o", "guest_b");
	if (bpfvm_network__open(pins, true, &w->session, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	for (u32 i = 0; i < 2; i++) {
		w->pair[i] = live_pair(i);
		live_passed(&w->pair[i]);
		attach(w, w->image[0], i);
	}
	return 0;
}

/* Also after a failed test. */
static int close_swapping(void **state)
{
	struct swapping *w = *state;

	if (!w->session)
		return 0;
	bpfvm_hook__detach(w->session, w->row, 2);
	bpfvm_network__close(w->session);
	for (u32 i = 0; i < 2; i++) {
		live_pair_close(&w->pair[i]);
		bpfvm_image__free(w->image[i]);
	}
	return access(pins, F_OK) ? 0 : -1; /* nothing is left */
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 runs(const struct swapping *w, u32 pair)
{
	u64 sum = 0;

	for (u32 i = 0; i < w->session->machines; i++) {
		u32 at = BPFVM_COUNT(i, w->row[pair]);

		sum += __atomic_load_n(&w->session->count[at].runs, __ATOMIC_RELAXED);
	}
	return sum;
}

/* Until so many packets have met the guests of a pair, if they ever do. */
static bool wait_for(const struct swapping *w, u32 pair, u64 packets)
{
	u64 end = live_seconds() + LIVE_PATIENCE;

	while (runs(w, pair) < packets && live_seconds() < end)
		usleep(50);
	return runs(w, pair) >= packets;
}

/* Packets from both CPUs for as long as `stop` is not set. */
static void start_floods(struct swapping *w)
{
	u32 cpu[2];

	live_cpus(cpu);
	for (u32 i = 0; i < 2; i++) {
		w->flood[i] = (struct live_flood){.pair = &w->pair[i], .salt = i, .cpu = cpu[i],
						  .count = ~0ull, .stop = &w->stop};
		live_flood_start(&w->flood[i]);
	}
}

static void end_floods(struct swapping *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	for (u32 i = 0; i < 2; i++) {
		live_flood_wait(&w->flood[i]);
		wait_for(w, i, w->flood[i].taken);
		live_receive(w->pair[i].rx, false);
	}
}

/* Swaps while packets come; now and then the new guest stays until it has met some. */
static u64 swap_under_load(struct swapping *w, bool keep, u32 swaps)
{
	u64 began = bpfvm_clock(), end = live_seconds() + 4 * LIVE_PATIENCE;
	struct bpfvm_error err = {0};
	bool failed = false;

	start_floods(w);
	for (u32 i = 0; i < swaps || (runs(w, 0) < FEWEST && live_seconds() < end); i++) {
		failed |= bpfvm_hook__swap(w->session, w->row[0], w->image[(i + 1) % 2],
					   keep ? w->image[i % 2] : NULL, &w->ns[i % swaps], &err);
		if (i % PAUSE == 0 && !wait_for(w, 0, runs(w, 0) + MEETS))
			break;
	}
	began = bpfvm_clock() - began;
	end_floods(w);
	if (failed)
		fail_msg("%s", err.text);
	return began;
}

static struct bpfvm_guest guest_of(struct swapping *w, u32 pair)
{
	struct bpfvm_guest guests[BPFVM_HOOKS];
	char interface[16];

	snprintf(interface, sizeof(interface), "rx%u", pair);
	assert_int_equal(bpfvm_hook__find(w->session, interface, BPFVM_HOOK_KINDS, NULL, guests),
			 1);
	return guests[0];
}

/* The value of the map `hits` of a guest. */
static u64 hits(struct swapping *w, u32 pair)
{
	struct bpfvm_error err = {0};
	struct bpfvm_image *image;
	struct bpfvm_core *core;
	u32 key = 0;
	u64 value;

	assert_int_equal(bpfvm_core__open_attached(w->session, w->row[pair], &core, &image, &err),
			 0);
	assert_int_equal(bpfvm_core__map_lookup(core, 0, &key, &value), 0);
	bpfvm_core__close(core);
	bpfvm_image__free(image);
	return value;
}

/* Every packet that arrived had one whole run of A, which drops, or of B, which passes. */
static void assert_whole(struct swapping *w, u32 pair, struct bpfvm_guest *g)
{
	u64 drops, passes;

	*g = guest_of(w, pair);
	drops = g->count.verdict[XDP_DROP + 1];
	passes = g->count.verdict[XDP_PASS + 1];
	print_message("    rx%u: %" PRIu64 " packets, %" PRIu64 " to A, %" PRIu64 " to B\n", pair,
		      g->count.runs, drops, passes);
	assert_int_equal(g->count.runs, w->flood[pair].taken);
	assert_int_equal(g->count.stop[VM_STOP_EXIT], g->count.runs);
	assert_int_equal(drops + passes, g->count.runs);
	assert_int_equal(passes, live_passed(&w->pair[pair]));
	assert_int_equal(bpfvm_network__refused(w->session), 0);
}

static void print_times(struct swapping *w, u32 swaps, u64 took)
{
	qsort(w->ns, swaps, sizeof(*w->ns), by_size);
	print_message("    a swap takes %.1f us (median; 99 %%: %.1f, longest %.1f), all %.1f s\n",
		      (double)w->ns[swaps / 2] / 1e3, (double)w->ns[swaps / 100 * 99] / 1e3,
		      (double)w->ns[swaps - 1] / 1e3, (double)took / 1e9);
}

/* How often either guest met packets in pauses, at the least; a run may have begun before. */
static void assert_both(const struct bpfvm_guest *g, u32 swaps)
{
	u64 least = swaps / PAUSE / 2 * (MEETS - 8);

	assert_true(g->count.runs >= FEWEST);
	assert_true(g->count.verdict[XDP_DROP + 1] >= least);
	assert_true(g->count.verdict[XDP_PASS + 1] >= least);
}

/* Maps are kept: the new guest goes on counting where the old one was. */
static void test_kept_maps(void **state)
{
	struct swapping *w = *state;
	struct bpfvm_guest g;
	u64 took;

	if (live_skipped(live_no_network))
		return;
	took = swap_under_load(w, true, SWAPS);
	print_times(w, SWAPS, took);
	assert_whole(w, 1, &g);
	assert_int_equal(g.count.verdict[XDP_PASS + 1], 0); /* it was never swapped */
	assert_int_equal(hits(w, 1), g.count.runs);
	assert_whole(w, 0, &g);
	assert_both(&g, SWAPS);
	assert_int_equal(hits(w, 0), g.count.runs);
}

/* Maps are new each time: those of the past are freed while packets come. */
static void test_new_maps(void **state)
{
	struct swapping *w = *state;
	struct bpfvm_guest g;
	u64 took;

	if (live_skipped(live_no_network))
		return;
	took = swap_under_load(w, false, SWAPS / 4);
	print_times(w, SWAPS / 4, took);
	assert_whole(w, 0, &g);
	assert_both(&g, SWAPS / 4);
	assert_true(hits(w, 0) <= g.count.runs);
}

/* Compiles the guests, and mounts a bpf file system that is gone with this process. */
static int open_group(void **state)
{
	char dir[80];
	int ret = live_compile("live_swap");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/bpf", folder);
	snprintf(pins, sizeof(pins), "%s/pins", dir);
	if (!ret && !live_no_network && (mkdir(dir, 0700) || mount("bpf", dir, "bpf", 0, NULL)))
		live_no_network = "no bpf file system of its own";
	return ret;
}

static int close_group(void **state)
{
	char dir[80];

	snprintf(dir, sizeof(dir), "%s/bpf", folder);
	umount2(dir, MNT_DETACH);
	return live_compiled(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept_maps, open_swapping, close_swapping),
		cmocka_unit_test_setup_teardown(test_new_maps, open_swapping, close_swapping),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_unload();
	live_enter_network();
	return cmocka_run_group_tests(tests, open_group, close_group);
}
