/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that the kernel itself verifies, compiles and runs: what guests are compared with. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli_native.h"

#define PACKET 64 /* bytes; XDP wants 14 at least */

bool cli_native_open(struct cli_native *native, const struct bpfvm_image *image)
{
	struct bpf_program *prog, *wanted = NULL;

	native->fd = -1;
	native->object = bpf_object__open_file(image->path, NULL);
	if (!native->object)
		return false;
	bpf_object__for_each_program(prog, native->object) {
		bool this = !strcmp(bpf_program__name(prog), image->name);

		bpf_program__set_autoload(prog, this);
		bpf_program__set_type(prog, BPF_PROG_TYPE_XDP);
		bpf_program__set_expected_attach_type(prog, 0);
		wanted = this ? prog : wanted;
	}
	if (wanted && !bpf_object__load(native->object))
		native->fd = bpf_program__fd(wanted);
	return native->fd >= 0;
}

bool cli_native_code(struct cli_native *native, const struct bpf_insn *code, u32 len)
{
	native->object = NULL;
	native->fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bpfvm_bench", "GPL", code, len, NULL);
	return native->fd >= 0;
}

int cli_native_repeat(const struct cli_native *native, const u8 *packet, u32 size, u32 times,
		      u32 *r0, double *ns)
{
	static const u8 nothing[PACKET];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet ? packet : nothing,
		    .data_size_in = packet ? size : sizeof(nothing), .repeat = (int)times);

	if (bpf_prog_test_run_opts(native->fd, &opts))
		return -errno;
	*r0 = opts.retval;
	*ns = opts.duration;
	return 0;
}

void cli_native_close(struct cli_native *native)
{
	if (native->object)
		bpf_object__close(native->object);
	else if (native->fd >= 0)
		close(native->fd);
	native->object = NULL;
	native->fd = -1;
}
