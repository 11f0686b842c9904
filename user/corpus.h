/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets to try guests with: what a network carries, and what it should not. */
#ifndef BPFVM_CORPUS_H
#define BPFVM_CORPUS_H

#include <stdbool.h>

#include "types.h"

#define BPFVM_CORPUS_MIN 14 /* bytes: an Ethernet header */
#define BPFVM_CORPUS_MAX 1514

/*
 * Writes packet `number` of the corpus with this seed into `data`, which has room for
 * BPFVM_CORPUS_MAX bytes, and returns its size. The same numbers give the same bytes everywhere.
 */
u32 bpfvm_corpus__packet(u64 seed, u64 number, u8 *data);

#endif
