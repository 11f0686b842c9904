/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine in two flavours from one text. The portable one turns a bpf_loop and loads from 5.18
 * on. The other one is a loop held by may_goto: no call and return per turn, which some processors
 * make expensive; from 6.9 on. The loader loads the one that the kernel takes.
 */
#include "machine.h"
#include "map_call.h"

char LICENSE[] SEC("license") = "GPL";

#define NAME(name) name
#define SPIN spin_loop
#include "entry.h"

#undef NAME
#undef SPIN
#define NAME(name) name##_goto
#define SPIN spin_goto
#include "entry.h"
