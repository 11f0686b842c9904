/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The machine as a filter of the clsact queue, for kernels without tcx. Private to the library. */
#ifndef BPFVM_CLSACT_H
#define BPFVM_CLSACT_H

#include "bpfvm.h"

#define BPFVM_CLSACT_PRIORITY 0xbf00 /* before filters that tc numbers itself */

/*
 * Makes `prog` a filter of an interface, for BPFVM_HOOK_TC or BPFVM_HOOK_EGRESS, with a queue if
 * there is none; *made tells. -EEXIST if a filter stands in its place.
 */
int bpfvm_clsact__attach(u32 ifindex, u32 kind, int prog, bool *made);

/* Id of the program in its place; 0 if there is none. */
u32 bpfvm_clsact__program(u32 ifindex, u32 kind);

void bpfvm_clsact__detach(u32 ifindex, u32 kind);

/* Removes the queue if it has no filter. */
void bpfvm_clsact__remove_queue(u32 ifindex);

#endif
