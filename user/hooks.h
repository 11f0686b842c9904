/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The guests at the points where the kernel calls the machine: rows of bpfvm_hooks, chained in the
 * order of their priority. A guest comes and goes by one store, so that each packet meets the chain
 * of before or that of after. A row that no point leads to belongs to a process that was killed.
 * Private to the library.
 */
#ifndef BPFVM_HOOKS_H
#define BPFVM_HOOKS_H

#include "session.h"

/* The point of an interface's hook, or NULL. */
struct bpfvm_point *bpfvm_point__find(const struct bpfvm_session *s, u32 ifindex, u32 kind);

/* A new one, without guests; NULL if there is no place for it. */
struct bpfvm_point *bpfvm_point__add(struct bpfvm_session *s, u32 ifindex, u32 kind);

/* Takes the machine off the interface and forgets the point, which has no guests any more. */
void bpfvm_point__remove(struct bpfvm_session *s, struct bpfvm_point *point);

/* The rows at a point in the order in which they run; returns how many. */
u32 bpfvm_point__rows(const struct bpfvm_session *s, const struct bpfvm_point *point,
		      u32 rows[BPFVM_HOOKS]);

/* An unused row, and an id that was never used; BPFVM_HOOKS if there is none. */
u32 bpfvm_row__unused(const struct bpfvm_session *s, u32 *id);

/* Lets packets come to a row that is filled in, and no longer come to it. */
void bpfvm_row__insert(struct bpfvm_session *s, struct bpfvm_point *point, u32 row);
void bpfvm_row__unlink(struct bpfvm_session *s, struct bpfvm_point *point, u32 row);

/* Frees rows that no packet comes to, and their slots, once all runs have ended. */
void bpfvm_rows__free(struct bpfvm_session *s, const bool row[BPFVM_HOOKS]);

/*
 * Undoes what a killed process left half done, and what belonged to interfaces that are gone; true
 * if guests are attached after it.
 */
bool bpfvm_hooks__repair(struct bpfvm_session *s);

#endif
