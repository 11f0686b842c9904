/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes that are killed while they attach, swap or detach a guest, between any two stores to
 * the machine's maps. A packet then meets what was there before or what was to be, and the next
 * session finds all in order. (cli_killed.bats kills commands at their system calls.)
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sys/stat.h>

#include "live_image.h"
#include "live_net.h"
#include "live_stores.h"
#include "slots.h"

#define SPREAD 8u  /* kills anywhere in the course of an operation */
#define LAST 10u   /* and before each of its last stores */
#define MEMORY 3u  /* and anywhere, stores to the memory of guests counted, too: thousands */

#define WHOLE ~0u  /* as the store before which it dies: it does not */

static char pins[96];
static struct live_pair pair[2];
static struct bpfvm_image *pass, *drop; /* guest_b, guest_a */

/* What is done and killed, what leads back (0 or -errno), and whether packets pass meanwhile. */
struct operation {
	const char *name;
	int (*does)(struct bpfvm_session *s);
	int (*undoes)(struct bpfvm_session *s);
	u32 pair;
	bool passes_before;
};

/* --- what is done, and the way back --- */

static int add_guest(struct bpfvm_session *s, const char *interface, struct bpfvm_image *image,
		     const char *name, s32 priority)
{
	struct bpfvm_attachment a = {.interface = interface,
				     .kind = BPFVM_HOOK_XDP,
				     .mode = BPFVM_MODE_NATIVE,
				     .name = name,
				     .priority = priority,
				     .on_trap = XDP_ABORTED,
				     .budget = 10000};
	struct bpfvm_error err = {0};
	u32 row;
	int ret = bpfvm_hook__attach(s, image, &a, &row, &err);

	if (ret)
		fprintf(stderr, "%s\n", err.text);
	return ret;
}

/* BPFVM_HOOKS if there is none. */
static u32 row_of(struct bpfvm_session *s, const char *name)
{
	struct bpfvm_guest guests[BPFVM_HOOKS];

	return bpfvm_hook__find(s, NULL, BPFVM_HOOK_XDP, name, guests) ? guests->row : BPFVM_HOOKS;
}

static bool has_other(struct bpfvm_session *s)
{
	return row_of(s, "other") != BPFVM_HOOKS;
}

static int attach_first(struct bpfvm_session *s)
{
	return has_other(s) ? 0 : add_guest(s, "rx0", drop, "other", -1);
}

static int attach_last(struct bpfvm_session *s)
{
	return add_guest(s, "rx0", drop, "other", 1);
}

static int attach_alone(struct bpfvm_session *s)
{
	return has_other(s) ? 0 : add_guest(s, "rx1", drop, "other", 0);
}

static int detach(struct bpfvm_session *s)
{
	u32 row = row_of(s, "other");

	if (has_other(s))
		bpfvm_hook__detach(s, &row, 1);
	return 0;
}

static int swap_to(struct bpfvm_session *s, struct bpfvm_image *image, struct bpfvm_image *kept)
{
	struct bpfvm_error err;
	u64 ns;

	return bpfvm_hook__swap(s, row_of(s, "it"), image, kept, &ns, &err);
}

static int swap(struct bpfvm_session *s)
{
	return swap_to(s, drop, NULL);
}

static int swap_keep(struct bpfvm_session *s)
{
	return swap_to(s, drop, pass);
}

static int swap_back(struct bpfvm_session *s)
{
	return swap_to(s, pass, NULL);
}

static const struct operation operations[] = {
	{"attach as the first", attach_first, detach, 0, true},
	{"attach as the last", attach_last, detach, 0, true},
	{"attach where none is", attach_alone, detach, 1, true},
	{"swap", swap, swap_back, 0, true},
	{"swap with kept maps", swap_keep, swap_back, 0, true},
	{"detach one of two", detach, attach_first, 0, false},
	{"detach the last one", detach, attach_alone, 1, false},
};

/* --- the killing --- */

static u32 *made; /* stores of the last process */

/* Does it in a process of its own, which dies before this store; whether it did. */
static bool run_and_kill(const struct operation *o, u32 store, bool memory)
{
	struct bpfvm_session *s;
	struct bpfvm_error err;
	pid_t child;
	int status;

	*made = 0;
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (bpfvm_network__open(pins, false, &s, &err))
			_exit(1);
		stores_watch(memory ? NULL : s->memory, store, made);
		_exit(o->does(s) ? 1 : 0); /* without a word to cmocka, which is the parent's */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	else
		assert_int_equal(WTERMSIG(status), SIGKILL);
	return WIFSIGNALED(status);
}

/* --- what is there then --- */

/* Packets that tx counts: where XDP is on rx those whose programs have run, elsewhere all sent. */
static u64 counted(const struct live_pair *p)
{
	char name[IF_NAMESIZE], path[64];
	unsigned long long count = 0;
	FILE *f;

	assert_non_null(if_indextoname(p->tx, name));
	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/tx_packets", name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu", &count), 1);
	fclose(f);
	return count;
}

/* Whether a packet gets through. */
static bool passes(const struct live_pair *p)
{
	u64 end = live_seconds() + LIVE_PATIENCE, before = counted(p), passed = 0;
	u8 packet[LIVE_PACKET];
	bool xdp, met;
	u32 id = 0;

	live_packet(packet, 1);
	live_passed(p);
	xdp = !bpf_xdp_query_id((int)p->rx, 0, &id) && id;
	assert_int_equal(send(p->sender, packet, sizeof(packet), 0), sizeof(packet));
	do {
		met = xdp && counted(p) != before;
		live_wait_for_programs(); /* what follows a program belongs to it */
		passed += live_passed(p);
	} while (!passed && !met && live_seconds() < end);
	return passed;
}

/* Guests, their slots, their points, and nothing else is in use. */
static void assert_in_order(struct bpfvm_session *s)
{
	struct bpfvm_guest guests[BPFVM_HOOKS];
	u32 n = bpfvm_hook__find(s, NULL, BPFVM_HOOK_KINDS, NULL, guests), rows = 0;
	u32 used[BPFVM_HOOKS];

	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		rows += !!s->hook[i].ifindex;
	assert_int_equal(rows, n);
	for (u32 i = 0; i < BPFVM_POINTS; i++)
		assert_true(!s->point[i].ifindex || bpfvm_point__rows(s, &s->point[i], used));
	for (u32 i = 0; i < n; i++)
		assert_true(guests[i].slot.len && guests[i].slot.bytes);
	assert_true(row_of(s, "it") != BPFVM_HOOKS);
	for (u32 i = 0; i < s->machines; i++)
		assert_int_equal(s->machine[i].busy, 0);
}

static struct bpfvm_session *session_open(void)
{
	struct bpfvm_session *s;
	struct bpfvm_error err = {0};

	if (bpfvm_network__open(pins, true, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

/* Slots that swaps have left are free again, so that each run begins alike. */
static void free_slots(struct bpfvm_session *s)
{
	bool used[BPFVM_SLOTS] = {0};

	for (u32 i = 0; i < BPFVM_HOOKS; i++)
		if (s->hook[i].ifindex)
			used[s->hook[i].slot] = true;
	bpfvm_slots__wait(s);
	for (u32 i = 0; i < BPFVM_SLOTS; i++)
		if (s->slot[i].len && !used[i])
			bpfvm_slots__free(s, i);
}

/* The way back; to where the operation begins. */
static void make_ready(const struct operation *o, struct bpfvm_session *s)
{
	assert_int_equal(o->undoes(s), 0);
	free_slots(s);
	assert_in_order(s);
	bpfvm_network__close(s);
}

/* One operation that dies before a store; whether it was done. */
static bool kill_at(const struct operation *o, u32 store, bool memory)
{
	bool killed = run_and_kill(o, store, memory), before = passes(&pair[o->pair]);
	struct bpfvm_session *s = session_open();

	assert_int_equal(passes(&pair[o->pair]), before); /* whoever repairs changes nothing */
	assert_in_order(s);
	assert_int_equal(killed, store != WHOLE);
	make_ready(o, s);
	return before != o->passes_before;
}

/* How many stores it takes; it is done then. */
static u32 stores_of(const struct operation *o, bool memory)
{
	assert_true(kill_at(o, WHOLE, memory));
	return *made;
}

/* It is done at one moment: after it, no later death undoes it. */
static void kill_all_over(const struct operation *o)
{
	u32 all, first = WHOLE, n = SPREAD + LAST;

	make_ready(o, session_open());
	all = stores_of(o, false);
	assert_true(all > LAST);
	if (n > all)
		n = all;
	for (u32 i = 0; i < n; i++) {
		u32 left = n - i;
		u32 store = left <= LAST ? all - left : (all - LAST) * i / (n - LAST);
		bool done = kill_at(o, store, false);

		if (done && first == WHOLE)
			first = store;
		assert_int_equal(done, first != WHOLE);
	}
	print_message("    %s: %u stores, killed before %u of them; done with store %u\n", o->name,
		      all, n, first == WHOLE ? all : first);
	all = stores_of(o, true);
	for (u32 i = 0; i < MEMORY; i++)
		kill_at(o, all * i / MEMORY + all / MEMORY / 2, true);
}

static void test_operations(void **state)
{
	struct bpfvm_session *s;

	(void)state;
	if (live_skipped(STORES_POSSIBLE ? live_no_network : "single steps need x86-64 here"))
		return;
	made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(made != MAP_FAILED);
	for (u32 i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		kill_all_over(&operations[i]);
	s = session_open();
	detach(s);
	bpfvm_network__close(s);
	munmap(made, sizeof(*made));
}

/* --- setup --- */

/* One guest that lets packets pass, in a network and a bpf file system of this process. */
static int open_group(void **state)
{
	struct bpfvm_session *s;
	char dir[80];
	int ret = live_compile("live_swap");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/bpf", folder);
	snprintf(pins, sizeof(pins), "%s/pins", dir);
	if (!ret && !live_no_network && (mkdir(dir, 0700) || mount("bpf", dir, "bpf", 0, NULL)))
		live_no_network = "no bpf file system of its own";
	if (ret || live_no_network)
		return ret;
	drop = live_open_image("live_swap.o", "guest_a");
	pass = live_open_image("live_swap.o", "guest_b");
	for (u32 i = 0; i < 2; i++)
		pair[i] = live_pair(i);
	s = session_open();
	ret = add_guest(s, "rx0", pass, "it", 0);
	bpfvm_network__close(s);
	return ret;
}

static int close_group(void **state)
{
	struct bpfvm_session *s;
	char dir[80];
	u32 row;

	if (!live_no_network) {
		s = session_open();
		row = row_of(s, "it");
		bpfvm_hook__detach(s, &row, 1);
		bpfvm_network__close(s);
		if (!access(pins, F_OK))
			return -1;
		for (u32 i = 0; i < 2; i++)
			live_pair_close(&pair[i]);
		bpfvm_image__free(pass);
		bpfvm_image__free(drop);
	}
	snprintf(dir, sizeof(dir), "%s/bpf", folder);
	umount2(dir, MNT_DETACH);
	return live_compiled(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_unload();
	live_enter_network();
	return cmocka_run_group_tests(tests, open_group, close_group);
}
