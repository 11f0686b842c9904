/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who has which slot and which part of the memory of a machine. Nothing is noted elsewhere: a slot
 * whose length is 0 is free; one that a row of the hooks names, or that the session holds, is in
 * use; another one was, and may still be running somewhere. Private to the library.
 */
#ifndef BPFVM_SLOTS_H
#define BPFVM_SLOTS_H

#include "session.h"

/*
 * A free slot, which is the caller's from now on: of `len` instructions, with a new version and
 * without memory. Waits if none is free but some have been used. -ENOSPC.
 */
int bpfvm_slots__take(struct bpfvm_session *s, u32 len, u32 *slot, struct bpfvm_error *err);

/*
 * A piece of the memory that no slot has, aligned for maps; it is the caller's once a slot says so.
 * Waits if there is no room but slots can be freed. -ENOSPC.
 */
int bpfvm_slots__memory(struct bpfvm_session *s, u64 bytes, u32 *at, struct bpfvm_error *err);

/* Frees a slot in which nothing runs any more. */
void bpfvm_slots__free(struct bpfvm_session *s, u32 slot);

/* Returns when every run has ended that was going on in the machine. */
void bpfvm_slots__wait(const struct bpfvm_session *s);

#endif
