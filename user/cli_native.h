/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that the kernel itself verifies, compiles and runs: what guests are compared with. */
#ifndef BPFVM_CLI_NATIVE_H
#define BPFVM_CLI_NATIVE_H

#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "cli_output.h"

/* A loaded XDP program; fd is -1 where the kernel refused it. */
struct cli_native {
	int fd;
	struct bpf_object *object; /* NULL if it was made of bare instructions */
};

/* Loads a guest as an XDP program of the kernel; false if it refuses. */
bool cli_native_open(struct cli_native *native, const struct bpfvm_image *image);

/* The same from bare instructions. */
bool cli_native_code(struct cli_native *native, const struct bpf_insn *code, u32 len);

/*
 * Runs it `times` times on a packet (NULL: 64 zeros) and gives its 32-bit result and the mean time
 * in ns; 0 or -errno.
 */
int cli_native_repeat(const struct cli_native *native, const u8 *packet, u32 size, u32 times,
		      u32 *r0, double *ns);

void cli_native_close(struct cli_native *native);

#endif
