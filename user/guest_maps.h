/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space does to the maps of guests while they use them. A map is told by the offset of its
 * struct vm_map in the memory of the machine. Private to the library; see bpfvm_core__map_lookup
 * and its like for keys, values and errors.
 */
#ifndef BPFVM_GUEST_MAPS_USER_H
#define BPFVM_GUEST_MAPS_USER_H

#include "session.h"

int bpfvm_guest_map__lookup(struct bpfvm_session *s, u32 map, const void *key, void *value);
int bpfvm_guest_map__update(struct bpfvm_session *s, u32 map, const void *key, const void *value,
			    u64 flags);
int bpfvm_guest_map__delete(struct bpfvm_session *s, u32 map, const void *key);
int bpfvm_guest_map__next(struct bpfvm_session *s, u32 map, const void *key, void *next);
int bpfvm_guest_map__read(struct bpfvm_session *s, u32 map, void *data, u32 size);

#endif
