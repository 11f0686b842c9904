/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a guest gets into a slot of a machine. Private to the library. */
#ifndef BPFVM_UPLOAD_H
#define BPFVM_UPLOAD_H

#include "session.h"

/*
 * Writes a guest into a free slot, which no hook knows yet: code, memory areas with their first
 * contents, empty maps. Maps that `kept_image`, in the slot `keep`, has with the same name and
 * declaration are shared with it instead, and so is the guest's key-value store; both NULL: none.
 * In a pinned machine the image is left beside it. -E2BIG, -ENOSPC, -EINVAL (a map).
 */
int bpfvm_upload(struct bpfvm_session *s, const struct bpfvm_image *image,
		 const struct bpfvm_slot *keep, const struct bpfvm_image *kept_image, u32 *slot,
		 struct bpfvm_error *err);

/* The key-value store of all guests of a machine: its size; an empty one at s->constants->global. */
u32 bpfvm_store__bytes(void);
void bpfvm_store__make(struct bpfvm_session *s);

#endif
