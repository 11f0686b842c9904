/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hostile guests on live hooks, each between two good ones: traffic goes on as on_trap says, the
 * good guests do not notice, and the counts tell.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/pkt_cls.h>

#include "live_image.h"
#include "live_net.h"

#define PACKETS 320u /* more than the rings of the guests hold */
#define BUDGET 5000u /* of a hostile guest; enough to do its worst */
#define SALT 0xbadc0ffee0ddf00dull

/* A guest, and how it stops; `verdict` of those that exit. */
struct enemy {
	const char *object; /* NULL: live_hostile.o */
	const char *prog;
	u32 stop;
	u32 verdict;
	bool ruins; /* the packet: the guest behind it finds a foreign one */
};

#define LIVE "progs/bad_live.o"
#define TRAPS(object, prog, trap) {object, prog, VM_TRAP_##trap, 0, false}
#define RUINS(object, prog, trap) {object, prog, VM_TRAP_##trap, 0, true}
#define EXITS(object, prog, verdict) {object, prog, VM_STOP_EXIT, verdict, false}
static const struct enemy enemies[] = {
	TRAPS(LIVE, "endless", STEPS),
	TRAPS(LIVE, "null", BOUNDS),
	TRAPS(LIVE, "wild", BOUNDS),
	TRAPS(LIVE, "beyond", BOUNDS),
	RUINS(LIVE, "flood", BOUNDS),
	TRAPS(LIVE, "bad_key", ARGUMENT),
	TRAPS(LIVE, "bad_value", ARGUMENT),
	TRAPS(LIVE, "bad_map", ARGUMENT),
	TRAPS(LIVE, "bad_index", BOUNDS),
	TRAPS(LIVE, "bad_offset", BOUNDS),
	EXITS(LIVE, "cycle", XDP_PASS),
	TRAPS(LIVE, "spiral", STEPS),
	EXITS(LIVE, "keep_lock", XDP_PASS),
	EXITS(LIVE, "keep_room", XDP_PASS),
	EXITS(LIVE, "nonsense", 12345),
	TRAPS(LIVE, "tc_endless", STEPS),
	TRAPS(LIVE, "tc_null", BOUNDS),
	TRAPS(NULL, "eight_million", STEPS),
	TRAPS(NULL, "loops_in_loops", FRAMES),
	TRAPS(NULL, "walk_and_replace", STEPS),
	TRAPS(NULL, "lock_twice", LOCK),
	TRAPS(NULL, "lock_bottom_twice", LOCK),
	TRAPS(NULL, "unlock_other", LOCK),
	TRAPS(NULL, "lock_and_stay", STEPS),
	TRAPS(NULL, "forge_lock", LOCK),
	EXITS(NULL, "hoard", XDP_PASS),
	TRAPS(NULL, "submit_twice", ARGUMENT),
	TRAPS(NULL, "beside_sample", BOUNDS),
	TRAPS(NULL, "write_constant", READONLY),
	TRAPS(NULL, "call_wild", JUMP),
	TRAPS(NULL, "endless_recursion", FRAMES),
	TRAPS(NULL, "huge_adjust", STEPS),
	RUINS(NULL, "restless_adjust", STEPS),
	TRAPS(NULL, "tc_far_store", STEPS),
	TRAPS(NULL, "tc_bad_span", ARGUMENT),
};

static struct live_pair pair[2];

/* A good guest, with what it says about itself. */
struct friend {
	struct live_guest guest;
	struct live_notes *notes;
	struct bpfvm_hook *hook;
};

/* One hook with three guests, and the same CPU's other interface with one. */
struct battle {
	struct live *l;
	u32 kind;
	struct friend before, behind, aside;
	struct live_image enemy;
};

static struct friend befriend(struct live *l, u32 slot, u32 ifindex, u32 kind, s32 priority)
{
	struct friend f = {.guest = {.salt = SALT, .turns = 1, .me = slot & 7, .peer = slot & 7,
				     .verdict = XDP_PASS, LIVE_XDP}};

	if (kind != BPFVM_HOOK_XDP)
		f.guest = (struct live_guest){.salt = SALT, .turns = 1, .me = slot & 7,
					      .peer = slot & 7, .verdict = TC_ACT_OK, LIVE_TC};
	f.notes = live_upload(l, slot, &f.guest);
	f.notes->ifindex = ifindex;
	f.hook = live_hook_at(l, ifindex, kind, slot, priority, XDP_ABORTED);
	return f;
}

static void attach(struct battle *b)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)pair[0].rx,
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = b->l->s->entry_fd[BPFVM_TC]);

	if (b->kind == BPFVM_HOOK_XDP) {
		assert_int_equal(bpf_xdp_attach((int)pair[0].rx, b->l->s->entry_fd[BPFVM_XDP],
						XDP_FLAGS_DRV_MODE, NULL), 0);
	} else {
		assert_int_equal(bpf_tc_hook_create(&hook), 0);
		assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	}
	assert_int_equal(bpf_xdp_attach((int)pair[1].rx, b->l->s->entry_fd[BPFVM_XDP],
					XDP_FLAGS_DRV_MODE, NULL), 0);
}

/* After it nothing runs any more. */
static void detach(struct battle *b)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)pair[0].rx,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	bpf_xdp_detach((int)pair[1].rx, 0, NULL);
	if (b->kind == BPFVM_HOOK_XDP)
		bpf_xdp_detach((int)pair[0].rx, 0, NULL);
	else
		bpf_tc_hook_destroy(&hook);
	live_wait_for_programs();
}

/* Packets from both CPUs at once, as many of them on either interface; each meets its guests. */
static void flood(struct battle *b, u32 packets)
{
	struct live_flood f[2];
	u32 cpu[2];

	live_cpus(cpu);
	for (u32 i = 0; i < 2; i++) {
		f[i] = (struct live_flood){.pair = &pair[i], .salt = SALT, .cpu = cpu[i],
					   .count = packets};
		live_flood_start(&f[i]);
	}
	for (u32 i = 0; i < 2; i++) {
		live_flood_wait(&f[i]);
		live_wait_for_runs(b->l, i ? b->aside.hook : b->before.hook, packets);
	}
	live_wait_for_programs();
}

static struct battle deploy(struct live *l, const struct enemy *e, u32 on_trap, u64 budget)
{
	bool tc = !strncmp(e->prog, "tc_", 3);
	struct battle b = {.l = l, .kind = tc ? BPFVM_HOOK_TC : BPFVM_HOOK_XDP};

	for (u32 i = 0; i < 2; i++)
		live_passed(&pair[i]);
	live_share(l);
	b.enemy = live_hook_image(l, e->object ? e->object : "live_hostile.o", e->prog,
				  pair[0].rx, b.kind, 1, on_trap);
	b.enemy.hook->budget = budget;
	b.before = befriend(l, 50, pair[0].rx, b.kind, 0);
	b.behind = befriend(l, 51, pair[0].rx, b.kind, 2);
	b.aside = befriend(l, 52, pair[1].rx, BPFVM_HOOK_XDP, 0);
	attach(&b);
	return b;
}

static void assert_friend(const struct live *l, const struct friend *f, u64 runs, u64 foreign)
{
	struct bpfvm_count count = live_count(l, f->hook);

	assert_int_equal(f->notes->runs, runs);
	assert_int_equal(f->notes->mismatches, 0);
	assert_int_equal(f->notes->foreign, foreign);
	assert_int_equal(count.runs, runs);
	assert_int_equal(count.stop[VM_STOP_EXIT], runs);
	assert_int_equal(count.verdict[f->guest.verdict + 1], runs);
}

/* What the enemy came to, and what the packets behind it. */
static void assert_outcome(struct battle *b, const struct enemy *e, u32 verdict, u64 budget,
			   u64 runs)
{
	const u64 pass = b->kind == BPFVM_HOOK_XDP ? XDP_PASS : TC_ACT_OK;
	u64 on = verdict == pass ? runs : 0;
	struct bpfvm_count count = live_count(b->l, b->enemy.hook);
	u32 last = verdict + 1 < BPFVM_VERDICTS ? verdict + 1 : BPFVM_VERDICTS - 1;

	assert_int_equal(count.runs, runs);
	assert_int_equal(count.stop[e->stop], runs);
	assert_int_equal(count.verdict[last], runs);
	assert_true(count.insns <= budget * runs);
	if (e->stop == VM_TRAP_STEPS)
		assert_int_equal(count.insns, budget * runs);
	assert_friend(b->l, &b->before, runs, 0);
	assert_friend(b->l, &b->behind, on, e->ruins ? on : 0);
	assert_friend(b->l, &b->aside, runs, 0);
	if (!e->ruins)
		assert_int_equal(live_passed(&pair[0]), on);
	assert_int_equal(live_passed(&pair[1]), runs);
}

static void fight(struct live *l, const struct enemy *e, u32 on_trap, u64 budget, u32 packets)
{
	u32 verdict = e->stop == VM_STOP_EXIT ? e->verdict : on_trap;
	struct battle b = deploy(l, e, on_trap, budget);

	flood(&b, packets);
	detach(&b);
	assert_outcome(&b, e, verdict, budget, packets);
	for (u32 i = 0; i < l->s->machines; i++)
		assert_int_equal(l->s->machine[i].busy, 0);
	bpfvm_image__free(b.enemy.image);
	live_clear_hooks(l);
}

/* Each enemy, failing open and closed. */
static void test_enemies(void **state)
{
	struct live *l = *state;

	if (live_skipped(live_no_network))
		return;
	for (size_t i = 0; i < sizeof(enemies) / sizeof(*enemies); i++) {
		const struct enemy *e = &enemies[i];
		bool tc = !strncmp(e->prog, "tc_", 3);

		print_message("    %s\n", e->prog);
		fight(l, e, tc ? TC_ACT_OK : XDP_PASS, BUDGET, PACKETS);
		fight(l, e, tc ? TC_ACT_SHOT : XDP_DROP, BUDGET, PACKETS);
	}
}

/* With all the budget that a guest on a hook can have. */
static void test_full_budget(void **state)
{
	static const struct enemy endless[] = {
		TRAPS(LIVE, "endless", STEPS),
		TRAPS(LIVE, "tc_endless", STEPS),
		TRAPS(LIVE, "spiral", STEPS),
		TRAPS(NULL, "eight_million", STEPS),
	};
	struct live *l = *state;

	if (live_skipped(live_no_network))
		return;
	for (size_t i = 0; i < sizeof(endless) / sizeof(*endless); i++)
		fight(l, &endless[i], i == 1 ? TC_ACT_OK : XDP_PASS, BPFVM_SLICE, 32);
}

static int setup(void **state)
{
	int ret = live_compile("live_hostile");

	(void)state;
	for (u32 i = 0; i < 2 && !ret && !live_no_network; i++)
		pair[i] = live_pair(i);
	return ret;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_enemies, live_open, live_close),
		cmocka_unit_test_setup_teardown(test_full_budget, live_open, live_close),
	};
	int code;

	if (!live_possible(&code))
		return code;
	live_enter_network();
	return cmocka_run_group_tests(tests, setup, live_compiled);
}
