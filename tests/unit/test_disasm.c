/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The disassembler: its notation by example, against bpftool where it can be had, and any bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "bpfvm.h"

#define I(code, dst, src, off, imm) {code, (dst) | (src) << 4, off, (s32)(imm)}
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct example {
	const char *text;
	struct vm_insn in, next;
} examples[] = {
	{"(b7) r0 = 1", I(0xb7, 0, 0, 0, 1), {0}},
	{"(b7) r9 = -1", I(0xb7, 9, 0, 0, -1), {0}},
	{"(b4) w0 = 1", I(0xb4, 0, 0, 0, 1), {0}},
	{"(0f) r1 += r2", I(0x0f, 1, 2, 0, 0), {0}},
	{"(04) w1 += -5", I(0x04, 1, 0, 0, -5), {0}},
	{"(bc) w1 = w2", I(0xbc, 1, 2, 0, 0), {0}},
	{"(bf) r1 = (s8)r2", I(0xbf, 1, 2, 8, 0), {0}},
	{"(bf) r1 = (s16)r2", I(0xbf, 1, 2, 16, 0), {0}},
	{"(bf) r1 = (s32)r2", I(0xbf, 1, 2, 32, 0), {0}},
	{"(bc) w1 = (s16)w2", I(0xbc, 1, 2, 16, 0), {0}},
	{"(bc) unknown", I(0xbc, 1, 2, 32, 0), {0}},
	{"(87) r1 = -r1", I(0x87, 1, 0, 0, 0), {0}},
	{"(84) w1 = -w1", I(0x84, 1, 0, 0, 0), {0}},
	{"(37) r1 /= 3", I(0x37, 1, 0, 0, 3), {0}},
	{"(3f) r1 s/= r2", I(0x3f, 1, 2, 1, 0), {0}},
	{"(94) w1 s%= 3", I(0x94, 1, 0, 1, 3), {0}},
	{"(c7) r1 s>>= 3", I(0xc7, 1, 0, 0, 3), {0}},
	{"(dc) r1 = be16 r1", I(0xdc, 1, 0, 0, 16), {0}},
	{"(d4) r1 = le64 r1", I(0xd4, 1, 0, 0, 64), {0}},
	{"(d7) r1 = bswap32 r1", I(0xd7, 1, 0, 0, 32), {0}},
	{"(d7) unknown", I(0xd7, 1, 0, 0, 31), {0}},
	{"(79) r1 = *(u64 *)(r10 -8)", I(0x79, 1, 10, -8, 0), {0}},
	{"(71) r1 = *(u8 *)(r2 +0)", I(0x71, 1, 2, 0, 0), {0}},
	{"(91) r0 = *(s8 *)(r1 +4)", I(0x91, 0, 1, 4, 0), {0}},
	{"(81) r0 = *(s32 *)(r1 -32768)", I(0x81, 0, 1, -32768, 0), {0}},
	{"(7b) *(u64 *)(r10 -8) = r1", I(0x7b, 10, 1, -8, 0), {0}},
	{"(7a) *(u64 *)(r10 -8) = 0", I(0x7a, 10, 0, -8, 0), {0}},
	{"(6a) *(u16 *)(r1 +2) = -2", I(0x6a, 1, 0, 2, -2), {0}},
	{"(db) lock *(u64 *)(r1 +0) += r2", I(0xdb, 1, 2, 0, 0), {0}},
	{"(c3) lock *(u32 *)(r1 +4) ^= r2", I(0xc3, 1, 2, 4, 0xa0), {0}},
	{"(db) r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)", I(0xdb, 1, 2, 0, 1), {0}},
	{"(c3) r2 = atomic_fetch_and((u32 *)(r1 +0), r2)", I(0xc3, 1, 2, 0, 0x51), {0}},
	{"(db) r2 = atomic64_xchg((u64 *)(r1 +0), r2)", I(0xdb, 1, 2, 0, 0xe1), {0}},
	{"(c3) r2 = atomic_xchg((u32 *)(r1 +0), r2)", I(0xc3, 1, 2, 0, 0xe1), {0}},
	{"(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)", I(0xdb, 1, 2, 0, 0xf1), {0}},
	{"(c3) r0 = atomic_cmpxchg((u32 *)(r1 -4), r0, r2)", I(0xc3, 1, 2, -4, 0xf1), {0}},
	{"(db) unknown", I(0xdb, 1, 2, 0, 0xe0), {0}},
	{"(18) r1 = 0x1234", I(0x18, 1, 0, 0, 0x1234), I(0, 0, 0, 0, 0)},
	{"(18) r1 = 0x89abcdeffedcba98", I(0x18, 1, 0, 0, 0xfedcba98), I(0, 0, 0, 0, 0x89abcdef)},
	{"(18) unknown", I(0x18, 1, 1, 0, 1), {0}},
	{"(05) goto pc+3", I(0x05, 0, 0, 3, 0), {0}},
	{"(06) gotol pc-70000", I(0x06, 0, 0, 0, -70000), {0}},
	{"(15) if r1 == 0x5 goto pc+3", I(0x15, 1, 0, 3, 5), {0}},
	{"(1d) if r1 == r2 goto pc-3", I(0x1d, 1, 2, -3, 0), {0}},
	{"(16) if w1 == 0x5 goto pc+0", I(0x16, 1, 0, 0, 5), {0}},
	{"(6e) if w1 s> w2 goto pc+1", I(0x6e, 1, 2, 1, 0), {0}},
	{"(c5) if r1 s< 0xffffffff goto pc+1", I(0xc5, 1, 0, 1, -1), {0}},
	{"(45) if r1 & 0x8 goto pc+1", I(0x45, 1, 0, 1, 8), {0}},
	{"(85) call bpf_ktime_get_ns#5", I(0x85, 0, 0, 0, 5), {0}},
	{"(85) call unknown#-1", I(0x85, 0, 0, 0, -1), {0}},
	{"(85) call pc+3", I(0x85, 0, 1, 0, 3), {0}},
	{"(8d) callx r1", I(0x8d, 1, 0, 0, 0), {0}},
	{"(95) exit", I(0x95, 0, 0, 0, 0), {0}},
	{"(30) r0 = *(u8 *)skb[4]", I(0x30, 0, 0, 0, 4), {0}},
	{"(50) r0 = *(u8 *)skb[r6 + 4]", I(0x50, 0, 6, 0, 4), {0}},
	{"(ff) unknown", I(0xff, 0, 0, 0, 0), {0}},
	{"(00) unknown", I(0x00, 0, 0, 0, 0), {0}},
};

static void by_example(void **state)
{
	char text[96];

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *e = &examples[i];
		u32 slots = bpfvm_insn__text(&e->in, &e->next, text, sizeof(text));

		assert_string_equal(text, e->text);
		assert_int_equal(slots, e->in.code == 0x18 ? 2 : 1);
	}
}

static void cut_off(void **state)
{
	static const struct vm_insn lddw = I(0x18, 1, 0, 0, 1), add = I(0x0f, 1, 2, 0, 0);
	char text[8] = "xxxxxxx";

	(void)state;
	assert_int_equal(bpfvm_insn__text(&lddw, NULL, text, 0), 1);
	assert_string_equal(text, "xxxxxxx");
	assert_int_equal(bpfvm_insn__text(&add, NULL, text, 7), 1);
	assert_string_equal(text, "(0f) r");
	bpfvm_insn__text(&lddw, NULL, text, sizeof(text));
	assert_string_equal(text, "(18) un");
}

/* Every opcode, with fields that select and fields at their limits: one line that fits, always. */
static void any_bytes(void **state)
{
	static const s32 values[] = {0, 1, 8, 16, 0x41, 0xf1, INT32_MAX, INT32_MIN, -1};
	char text[80];

	(void)state;
	for (u32 code = 0; code < 256; code++)
		for (size_t v = 0; v < COUNT(values); v++)
			for (u32 regs = 0; regs < 256; regs += 17) {
				struct vm_insn in[2] = {I(code, regs & 15, regs >> 4,
							  (s16)values[v], values[v]),
							I(code, 0, 0, 0, values[v])};

				bpfvm_insn__text(in, &in[1], text, sizeof(text));
				assert_true(strlen(text) > 7 && strlen(text) < sizeof(text) - 1);
			}
}

/* What the kernel accepts and loads as it is, but for the helper call that makes r0 unknown. */
#define STACK(code, off, imm) I(code, 10, 6, off, imm)
static const struct vm_insn native[] = {
	I(0x85, 0, 0, 0, 7), /* get_prandom_u32 */
	I(0xbf, 6, 0, 0, 0), I(0xbc, 7, 6, 0, 0), I(0xb7, 8, 0, 0, -7), I(0xb4, 9, 0, 0, 7),
	I(0x07, 6, 0, 0, -3), I(0x1f, 6, 7, 0, 0), I(0x2f, 6, 7, 0, 0), I(0x27, 6, 0, 0, 9),
	I(0x37, 6, 0, 0, 3), I(0x4f, 6, 7, 0, 0), I(0x57, 6, 0, 0, 0xff), I(0x67, 6, 0, 0, 3),
	I(0x77, 6, 0, 0, 1), I(0x97, 6, 0, 0, 5), I(0xaf, 6, 7, 0, 0), I(0xc7, 6, 0, 0, 2),
	I(0x04, 6, 0, 0, 3), I(0x0c, 6, 7, 0, 0), I(0x2c, 6, 7, 0, 0), I(0x44, 6, 0, 0, 8),
	I(0x64, 6, 0, 0, 3), I(0x74, 6, 0, 0, 3), I(0xa4, 6, 0, 0, -1), I(0xc4, 6, 0, 0, 3),
	I(0x87, 6, 0, 0, 0), I(0x84, 7, 0, 0, 0), I(0xd4, 6, 0, 0, 16), I(0xd4, 6, 0, 0, 32),
	I(0xdc, 6, 0, 0, 16), I(0xdc, 6, 0, 0, 32), I(0xdc, 6, 0, 0, 64),
	I(0x18, 8, 0, 0, 0x1234), I(0, 0, 0, 0, 0x7fffffff),
	STACK(0x7b, -8, 0), STACK(0x63, -12, 0), STACK(0x6b, -14, 0), STACK(0x73, -15, 0),
	I(0x7a, 10, 0, -24, -2), I(0x62, 10, 0, -28, 5), I(0x6a, 10, 0, -30, 6),
	I(0x72, 10, 0, -31, 7), I(0x79, 6, 10, -8, 0), I(0x61, 6, 10, -12, 0),
	I(0x69, 6, 10, -14, 0), I(0x71, 6, 10, -15, 0),
	STACK(0xdb, -8, 0), STACK(0xdb, -8, 0x40), STACK(0xdb, -8, 0x50), STACK(0xdb, -8, 0xa0),
	STACK(0xdb, -8, 1), STACK(0xdb, -8, 0x41), STACK(0xdb, -8, 0x51), STACK(0xdb, -8, 0xa1),
	STACK(0xdb, -8, 0xe1), STACK(0xdb, -8, 0xf1),
	STACK(0xc3, -12, 0), STACK(0xc3, -12, 1), STACK(0xc3, -12, 0xe1), STACK(0xc3, -12, 0xf1),
	I(0x61, 6, 10, -12, 0), I(0x61, 7, 10, -28, 0), I(0x79, 6, 10, -8, 0),
	I(0x79, 7, 10, -8, 0),
	I(0x15, 6, 0, 1, 5), I(0x07, 6, 0, 0, 1), I(0x1d, 6, 7, 1, 0), I(0x07, 6, 0, 0, 1),
	I(0x25, 6, 0, 1, -5), I(0x07, 6, 0, 0, 1), I(0x3d, 6, 7, 1, 0), I(0x07, 6, 0, 0, 1),
	I(0x45, 6, 0, 1, 5), I(0x07, 6, 0, 0, 1), I(0x5e, 6, 7, 1, 0), I(0x07, 6, 0, 0, 1),
	I(0x66, 6, 0, 1, 5), I(0x07, 6, 0, 0, 1), I(0x7e, 6, 7, 1, 0), I(0x07, 6, 0, 0, 1),
	I(0xa6, 6, 0, 1, 5), I(0x07, 6, 0, 0, 1), I(0xbd, 6, 7, 1, 0), I(0x07, 6, 0, 0, 1),
	I(0xc5, 6, 0, 1, -5), I(0x07, 6, 0, 0, 1), I(0xdd, 6, 7, 1, 0), I(0x07, 6, 0, 0, 1),
	I(0x15, 6, 0, 1, 1), I(0x05, 0, 0, 1, 0), I(0x07, 6, 0, 0, 1), I(0xb7, 0, 0, 0, 0),
	I(0x95, 0, 0, 0, 0),
};

/* bpftool's lines of a loaded program. */
static FILE *dump_native(int fd)
{
	struct bpf_prog_info info = {0};
	u32 size = sizeof(info);
	char command[96];

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin; bpftool prog dump xlated id %u", info.id);
	return popen(command, "r");
}

static void like_bpftool(void **state)
{
	char line[256], text[256];
	u32 pc = 0, number, slots;
	FILE *dump;
	int fd, at;

	(void)state;
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "disasm", "GPL",
			   (const struct bpf_insn *)native, COUNT(native), NULL);
	if (fd < 0 && geteuid())
		skip(); /* loading takes root */
	assert_true(fd >= 0);
	dump = dump_native(fd);
	for (; fgets(line, sizeof(line), dump); pc += slots) {
		assert_true(pc < COUNT(native));
		assert_int_equal(sscanf(line, " %u: %n", &number, &at), 1);
		assert_int_equal(number, pc);
		slots = bpfvm_insn__text(&native[pc], &native[pc + 1], text, sizeof(text));
		line[strcspn(line, "\n")] = 0;
		if (native[pc].code != 0x85) /* the kernel changes the number */
			assert_string_equal(text, line + at);
	}
	close(fd);
	if (pclose(dump) || !pc)
		skip(); /* no bpftool */
	assert_int_equal(pc, COUNT(native));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(bpfvm_helper__name(5), "ktime_get_ns");
	assert_null(bpfvm_helper__name(0));
	assert_null(bpfvm_helper__name(0xffffffff));
	assert_string_equal(bpfvm_stop__name(VM_STOP_EXIT), "EXIT");
	assert_string_equal(bpfvm_stop__name(VM_TRAP_BOUNDS), "BOUNDS");
	assert_string_equal(bpfvm_stop__sentence(VM_TRAP_FRAMES), "too many nested calls");
	for (u32 stop = 0; stop <= VM_STOPS; stop++) {
		assert_true(*bpfvm_stop__name(stop) && *bpfvm_stop__sentence(stop));
		assert_non_null(bpfvm_stop__hint(stop));
	}
	assert_string_equal(bpfvm_stop__name(VM_STOPS), "UNKNOWN");
	assert_string_equal(bpfvm_stop__name(0xffffffff), "UNKNOWN");
}

static void errors(void **state)
{
	struct bpfvm_error err;
	char longer[1000];

	(void)state;
	assert_int_equal(bpfvm_error__set(NULL, -5, NULL, "%s", "no one listens"), -5);
	assert_int_equal(bpfvm_error__set(&err, -7, NULL, "%s: %d", "file", 3), -7);
	assert_string_equal(err.text, "file: 3");
	assert_string_equal(err.hint, "");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	bpfvm_error__set(&err, -1, longer, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_example), cmocka_unit_test(cut_off),
		cmocka_unit_test(any_bytes),  cmocka_unit_test(like_bpftool),
		cmocka_unit_test(names),      cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests_name("disasm", tests, NULL, NULL);
}
