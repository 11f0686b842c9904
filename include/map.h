/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of guests in a flat memory: one text for the kernel, the host and devices. */
#ifndef BPFVM_MAP_H
#define BPFVM_MAP_H

#include "vm.h"

#endif
