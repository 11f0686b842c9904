/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a packet costs: a guest on the machine beside the same object in the kernel itself. */
#include <stdlib.h>
#include <string.h>

#include "cli_bench.h"
#include "cli_guest.h"

#define TIMES 100000 /* packets per sample */

/* A TCP segment with SYN over IPv4, 60 bytes, which each of the guests follows to its end. */
static const u8 packet[60] = {
	0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,		/* Ethernet */
	0x45, 0, 0, 46, 0, 1, 0, 0, 64, 6, 0x66, 0xc9, 10, 0, 0, 1,	/* IPv4 */
	10, 0, 0, 2,
	0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0x20, 0, /* TCP */
};

struct pair {
	struct bench_samples guest, native;
	u64 steps;
};

/* One round; both have to come to the same verdict. An exit code, the error printed. */
static int sample(struct bpfvm_core *core, const struct cli_native *native, struct pair *p,
		  const char *name)
{
	struct bpfvm_error err = {0};
	struct bpfvm_result r;
	double ns;
	u32 r0;

	if (bpfvm_core__repeat(core, BPFVM_SLICE, TIMES, &r, &err))
		return cli_fail(&err);
	if (r.stop != VM_STOP_EXIT ||
	    cli_native_repeat(native, packet, sizeof(packet), TIMES, &r0, &ns) || r0 != (u32)r.r0) {
		cli_error("`loader replay --compare-native` tells more",
			  "%s: the machine and the kernel differ", name);
		return CLI_FAILED;
	}
	p->steps = r.steps;
	bench_add(&p->guest, (double)r.ns);
	bench_add(&p->native, ns);
	return CLI_OK;
}

static json_t *row(const char *name, const struct pair *p)
{
	double guest = bench_median(&p->guest), native = bench_median(&p->native);

	return cli_pack("{s:s, s:I, s:f, s:f, s:f}", "guest", name, "instructions",
			(json_int_t)p->steps, "guest_ns", guest, "native_ns", native, "overhead_ns",
			guest - native);
}

static int measure(struct bench *b, const struct bpfvm_image *image, const char *name, json_t *rows)
{
	struct bpfvm_error err = {0};
	struct pair p = {.steps = 0};
	struct cli_native native;
	int code = CLI_OK;

	if (bpfvm_core__load(b->core[0], image, &err) ||
	    bpfvm_core__packet(b->core[0], packet, sizeof(packet), &err))
		return cli_fail(&err);
	if (!cli_native_open(&native, image)) {
		cli_native_close(&native);
		return CLI_OK; /* nothing to compare with */
	}
	for (u32 i = 0; !code && i < b->rounds; i++)
		code = sample(b->core[0], &native, &p, name);
	if (!code)
		cli_append(rows, row(name, &p));
	cli_native_close(&native);
	return code;
}

json_t *bench_packets(struct bench *b, const char *const *names)
{
	json_t *rows = cli_pack("[]");

	for (; b->core[0] && *names; names++) {
		struct bpfvm_image *image = NULL;
		struct bpfvm_error err = {0};
		char path[4096], name[64];

		snprintf(name, sizeof(name), "%s.o", *names);
		bench_path(*names, path, sizeof(path));
		if (bpfvm_image__open(path, NULL, &image, &err))
			cli_fail(&err);
		else
			measure(b, image, name, rows);
		bpfvm_image__free(image);
	}
	return rows;
}
