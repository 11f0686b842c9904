/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The helpers of the host cores. The includer's vm_base_t is a pointer. */
#ifndef BPFVM_HELPERS_HOST_H
#define BPFVM_HELPERS_HOST_H

#include "core.h"

/* Serves helper `number` with r1 to r5; the result goes to r0. Returns a trap or VM_STOP_NONE. */
u32 bpfvm_helper_host(struct vm *vm, u32 number);

#endif
