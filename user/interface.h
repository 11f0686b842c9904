/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The machine's programs on an interface: attached, still there, taken off. What is attached is
 * noted in the point before it happens, so that whoever comes after a killed process finds it.
 * Private to the library.
 */
#ifndef BPFVM_INTERFACE_H
#define BPFVM_INTERFACE_H

#include "session.h"

/* enum bpfvm_mode of a point that is attached. */
u32 bpfvm_point_mode(const struct bpfvm_point *point);

/*
 * Attaches the machine at a point whose `ifindex` and `kind` are filled in; `name` is the
 * interface's, `mode` enum bpfvm_mode. -EBUSY if another XDP program is there; else what the kernel
 * says.
 */
int bpfvm_interface__attach(struct bpfvm_session *s, struct bpfvm_point *point, const char *name,
			    u32 mode, struct bpfvm_error *err);

/* Whether the interface is still in this network and the kernel still calls the machine there. */
bool bpfvm_interface__alive(struct bpfvm_session *s, const struct bpfvm_point *point);

/* The interface of a pinned link; 0 once that is gone, or if there is no such link. */
u32 bpfvm_interface__of_link(const char *path);

/* Nothing of the machine is left there, whatever there was. */
void bpfvm_interface__detach(struct bpfvm_session *s, const struct bpfvm_point *point);

#endif
