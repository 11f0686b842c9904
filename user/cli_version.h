/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The version of the loader; a build may name another. */
#ifndef BPFVM_VERSION
#define BPFVM_VERSION "0.1.0"
#endif
