/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What helpers do to packets on the host cores is what they do in this kernel: random scripts of
 * calls, run natively and on a core, leave the same packet, the same results and the same context.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <sys/utsname.h>

#include "../objects/script.h"
#include "objects.h"
#include "random.h"

#define SCRIPTS 3000
#define PACKET 6000 /* longest XDP packet: it has fragments */
#define PACKET_TC 1500
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* One guest, natively and on a core. */
struct pair {
	struct bpf_object *object;
	int prog, map;
	struct bpfvm_image *image;
	struct bpfvm_core *core;
};

static u64 rng(void)
{
	return (u64)random_u32() << 32 | random_u32();
}

static struct pair tc, xdp;
static char missing[128]; /* why there is nothing to compare with */
static struct script before, native, hosted;
static u8 packet[PACKET], out[1 << 17];
static u32 packet_size;

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static void open_pair(struct pair *p, const char *prog, const char *core)
{
	struct bpf_program *each;
	struct bpfvm_error err;

	if (bpfvm_image__open(path_of("script.o"), prog, &p->image, &err) ||
	    bpfvm_core__open(core, &p->core, &err) ||
	    bpfvm_core__load(p->core, p->image, &err))
		fail_msg("%s", err.text);
	p->object = bpf_object__open_file(path_of("script.o"), NULL);
	assert_non_null(p->object);
	bpf_object__for_each_program(each, p->object)
		bpf_program__set_autoload(each, !strcmp(bpf_program__name(each), prog));
	if (bpf_object__load(p->object)) {
		snprintf(missing, sizeof(missing), "the kernel does not take %s: %s", prog,
			 strerror(errno));
		return;
	}
	p->prog = bpf_program__fd(bpf_object__find_program_by_name(p->object, prog));
	p->map = bpf_object__find_map_fd_by_name(p->object, "scripts");
}

static void close_pair(struct pair *p)
{
	bpf_object__close(p->object);
	bpfvm_core__close(p->core);
	bpfvm_image__free(p->image);
}

static int setup(void **state)
{
	struct utsname name;
	int major = 0, minor = 0;

	if (make_folder(state))
		return -1;
	compile("script", "script.o", "-g");
	libbpf_set_print(silent);
	open_pair(&tc, "tc_script", "table");
	open_pair(&xdp, "xdp_script", "switch");
	if (!uname(&name) && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    major * 100 + minor < 613)
		snprintf(missing, sizeof(missing), "helpers of Linux %d.%d are older than those here",
			 major, minor);
	return 0;
}

static int teardown(void **state)
{
	close_pair(&tc);
	close_pair(&xdp);
	return remove_folder(state);
}

/* --- scripts --- */

static u64 pick(const u64 *values, u32 count)
{
	return values[rng() % count];
}

/* Offsets and lengths around what there is, now and then anything. */
static u64 any_length(void)
{
	u64 values[] = {0, 1, 2, 4, 10, 12, 13, 14, 15, 16, 18, 20, 24, 34, 40, 50, 54,
			packet_size, packet_size - 1, packet_size - 4, packet_size + 1, 3520, 3521,
			4096, 16064, 16065, 0xffff, 0x10000, 0x7fffffff, 0x80000000, ~0ull};

	return rng() % 3 ? rng() % 64 : pick(values, COUNT(values));
}

static u64 any_change(void)
{
	static const u64 values[] = {4,  8,   12,   14,	  16,	20,   28,  32,	40,
				     64, 100, 215, 216, 217, 248, 252, 256, 3000};
	u64 n = rng() % 2 ? rng() % 48 : pick(values, COUNT(values));

	return (u64)(rng() % 2 ? (s64)n : -(s64)n);
}

static u64 any_flags(void)
{
	static const u64 values[] = {0, 0, 0, 1, 2, 4, 16, 18, 20, 32, 34, 36, 64, 0x12, 0x14};

	return rng() % 4 ? pick(values, COUNT(values)) : rng() % 0x200;
}

static u64 any_protocol(void)
{
	const u64 values[] = {htons(ETH_P_IP), htons(ETH_P_IPV6), htons(ETH_P_8021Q),
			      htons(ETH_P_8021AD), htons(ETH_P_ARP), 0, 0x100000800};

	return pick(values, COUNT(values));
}

static struct script_op tc_op(void)
{
	struct script_op op = {.verb = random_u32() % TC_VERBS, .a = any_length(),
			       .b = rng(), .c = any_flags(), .d = any_flags()};

	switch (op.verb) {
	case TC_L3_CSUM:
	case TC_L4_CSUM:
		op.b = op.d & 15 ? rng() : rng() % 4 ? 0 : 1;
		op.c = rng();
		break;
	case TC_VLAN_PUSH:
	case TC_PROTO:
		op.a = any_protocol();
		op.b = op.verb == TC_VLAN_PUSH ? rng() : rng() % 8 == 0;
		break;
	case TC_TYPE:
		op.a = rng() % 8;
		break;
	case TC_TAIL:
	case TC_HEAD:
		op.b = rng() % 8 == 0;
		break;
	case TC_ROOM:
		op.a = any_change();
		op.b = rng() % 8 ? rng() % 2 : rng();
		break;
	case TC_SET_TUNNEL:
	case TC_GET_TUNNEL: {
		static const u64 sizes[] = {7, 23, 25, 26, 27, 43, 31, 3, 63};

		op.a = pick(sizes, COUNT(sizes));
		op.b = rng() % 4 ? rng() % 2 : rng() % 64;
		break;
	}
	case TC_REDIRECT:
	case TC_PEER:
	case TC_NEIGH:
		op.b = any_flags() & 3;
		break;
	}
	return op;
}

static struct script_op xdp_op(void)
{
	struct script_op op = {.verb = random_u32() % XDP_VERBS, .a = any_length(), .b = rng(),
			       .c = rng()};

	if (op.verb == XDP_HEAD || op.verb == XDP_TAIL || op.verb == XDP_META)
		op.a = rng() % 8 ? any_change() : rng();
	if (op.verb == XDP_GO)
		op.b = rng() % 3;
	return op;
}

/*
 * Where a packet was cut off inside of its headers, the kernel moves bytes behind its end, which may
 * be anything.
 */
static void spare_cut_packets(void)
{
	bool cut = packet_size < 128;

	for (u32 i = 0; i < before.count; i++) {
		struct script_op *op = &before.op[i];

		cut |= op->verb == TC_TAIL && (u32)op->a < 128;
		if (cut && (op->verb == TC_ROOM || op->verb == TC_PROTO ||
			    op->verb == TC_VLAN_PUSH || op->verb == TC_VLAN_POP))
			op->verb = TC_PULL;
	}
}

static void make_script(struct script_op (*any)(void), u32 most)
{
	packet_size = ETH_HLEN + (rng() % 4 ? rng() % 250 : rng() % (most - ETH_HLEN));
	for (u32 i = 0; i < packet_size; i++)
		packet[i] = (u8)rng();
	if (rng() % 4) {
		u16 protocol = (u16)any_protocol();

		memcpy(packet + 12, &protocol, sizeof(protocol));
		memcpy(packet + 16, &protocol, sizeof(protocol));
	}
	if (rng() % 2)
		memset(packet, 0, ETH_ALEN);
	memset(&before, 0, sizeof(before));
	before.count = 1 + random_u32() % SCRIPT_OPS;
	before.verdict = random_u32() % 3;
	for (u32 i = 0; i < before.count; i++)
		before.op[i] = any();
	if (any == tc_op)
		spare_cut_packets();
	for (u32 i = 0; i < SCRIPT_MEMORY; i++)
		before.memory[i] = rng() % 2 ? (u8)rng() : 0;
}

/* --- runs --- */

/* False if the kernel takes no such packet: some refuse truncated IP headers. */
static bool run_native(struct pair *p, u32 *retval, u32 *size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = packet_size,
		    .data_out = out, .data_size_out = sizeof(out));
	u32 zero = 0;

	assert_int_equal(bpf_map_update_elem(p->map, &zero, &before, 0), 0);
	if (bpf_prog_test_run_opts(p->prog, &opts))
		return false;
	assert_int_equal(bpf_map_lookup_elem(p->map, &zero, &native), 0);
	*size = opts.data_size_out;
	*retval = opts.retval;
	return true;
}

static u32 run_hosted(struct pair *p)
{
	struct bpfvm_result result;
	struct bpfvm_error err;
	u32 zero = 0;

	assert_int_equal(bpfvm_core__map_update(p->core, 0, &zero, &before, 0), 0);
	assert_int_equal(bpfvm_core__packet(p->core, packet, packet_size, &err), 0);
	assert_int_equal(bpfvm_core__run(p->core, 100000, &result, &err), 0);
	assert_int_equal(bpfvm_core__map_lookup(p->core, 0, &zero, &hosted), 0);
	if (result.stop != VM_STOP_EXIT)
		fail_msg("%s at %u", bpfvm_stop__name(result.stop), result.pc);
	return (u32)result.r0;
}

/* What was called, and what the kernel said. */
static void print_script(void)
{
	for (u32 i = 0; i < before.count; i++) {
		const struct script_op *op = &before.op[i];
		const struct script_result *r = &native.result[i];

		print_message("# call %u: verb %u(%llx, %llx, %llx, %llx) = %lld, len %u, "
			      "protocol %x\n", i, op->verb, op->a, op->b, op->c, op->d, r->r0,
			      r->len, r->protocol);
	}
}

/* The first call whose result differs, and how, in words. */
static void explain(u32 seed)
{
	print_script();
	for (u32 i = 0; i < before.count; i++) {
		const u32 *n = (u32 *)&native.result[i], *h = (u32 *)&hosted.result[i];

		for (u32 w = 0; w < sizeof(native.result[0]) / 4; w++)
			if (n[w] != h[w])
				fail_msg("script %u, %u bytes, call %u: word %u of the result is "
					 "%x, in the kernel %x", seed, packet_size, i, w, h[w], n[w]);
	}
	fail_msg("script %u: the memory differs", seed);
}

static void compare_packets(struct pair *p, u32 seed, u32 size)
{
	u32 got_size, i = 0;
	const u8 *got = bpfvm_core__output(p->core, &got_size);

	assert_int_equal(got_size, size);
	while (i < size && got[i] == out[i])
		i++;
	if (i == size)
		return;
	print_script();
	fail_msg("script %u: byte %u of %u is %02x, in the kernel %02x", seed, i, size, got[i],
		 out[i]);
}

static bool compare(struct pair *p, u32 seed)
{
	u32 size, expected;

	if (!run_native(p, &expected, &size))
		return false;
	assert_int_equal(run_hosted(p), expected);
	if (memcmp(&native, &hosted, sizeof(native)))
		explain(seed);
	compare_packets(p, seed, size);
	return true;
}

static void scripts(struct pair *p, struct script_op (*any)(void), u32 most)
{
	u32 compared = 0;

	if (missing[0]) {
		print_message("# SKIP %s\n", missing);
		skip();
	}
	for (u32 seed = 1; seed <= SCRIPTS; seed++) {
		random_state = seed;
		make_script(any, most);
		compared += compare(p, seed);
	}
	assert_true(compared > SCRIPTS / 2);
}

static void tc_scripts(void **state)
{
	(void)state;
	scripts(&tc, tc_op, PACKET_TC);
}

static void xdp_scripts(void **state)
{
	(void)state;
	scripts(&xdp, xdp_op, PACKET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tc_scripts),
					   cmocka_unit_test(xdp_scripts)};

	return cmocka_run_group_tests_name("helpers as in the kernel", tests, setup, teardown);
}
