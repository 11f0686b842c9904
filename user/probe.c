/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel that runs here has of what guests may ask for. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>

#include "session.h"

int bpfvm_helper__in_kernel(u32 number)
{
	u32 where = bpfvm_helper__where(number);
	libbpf_print_fn_t print;
	int ret;

	if (!where || number >= __BPF_FUNC_MAX_ID)
		return where != 0; /* the machine's own */
	if (bpfvm_machine__permitted(NULL)) /* libbpf takes a refusal to load for a yes */
		return -EPERM;
	print = libbpf_set_print(NULL);
	ret = libbpf_probe_bpf_helper(where & VM_WHERE_XDP ? BPF_PROG_TYPE_XDP
							   : BPF_PROG_TYPE_SCHED_CLS,
				      (enum bpf_func_id)number, NULL);
	libbpf_set_print(print);
	return ret;
}
