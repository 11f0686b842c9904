/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The compiled machine, bpf/bpfvm.bpf.c, as bytes of the library. Private to it. */
#ifndef BPFVM_MACHINE_OBJECT_H
#define BPFVM_MACHINE_OBJECT_H

extern const unsigned char machine_object[], machine_object_end[];
#define machine_object_size ((size_t)(machine_object_end - machine_object))

#endif
