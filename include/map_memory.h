/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What all maps do with the memory: copy values and take locks, both in a bounded time. */
#ifndef BPFVM_MAP_MEMORY_H
#define BPFVM_MAP_MEMORY_H

#include "map_layout.h"

#define VM_COPY_WORDS 8 /* at a time */

struct vm_copy {
	u8 *mem;
	vm_from_t from;
	u32 to;	  /* offset, a multiple of 8 */
	u32 size; /* bytes; whole words are written, with zeros behind the last byte */
	u32 zero; /* write nothing but zeros */
};

VM_INLINE long vm_copy_some(u32 i, struct vm_copy *c)
{
	u32 at = i * VM_COPY_WORDS * 8;

	VM_UNROLL
	for (u32 w = 0; w < VM_COPY_WORDS; w++, at += 8) {
		u32 left = c->size - at;
		u64 v = 0;

		if (at >= c->size)
			return 1;
		if (!c->zero)
			v = VM_GET(VM_FROM(c->mem, c->from, at), 0, left < 8 ? left : 8);
		if (left < 8)
			v &= VM_LEADING(left * 8);
		VM_POKE(VM_AT(c->mem, c->to + at, u64), v);
	}
	return 0;
}

static inline long vm_copy_turn(u32 i, struct vm_copy *c)
{
	return vm_copy_some(i, c);
}

/* VM_COPY and VM_ZERO: a function of their own where that is verified sooner. */
VM_INLINE void vm_copy(u8 *mem, u32 to, vm_from_t from, u32 size, u32 zero)
{
	struct vm_copy c = { mem, from, to, size, zero };

	if (size <= VM_ROW_SIZE)
		VM_REPEAT(size / (VM_COPY_WORDS * 8) + 1, vm_copy_turn, &c);
}
#ifndef VM_COPY
#define VM_COPY(mem, to, from, size) vm_copy(mem, to, from, size, 0)
#define VM_ZERO(mem, to, size) vm_copy(mem, to, 0, size, 1)
#endif

/* The first words without a loop: most values are short. */
VM_INLINE void vm_copy_value(u8 *mem, u32 to, vm_from_t from, u32 size)
{
	const u8 *p = VM_FROM(mem, from, 0);
	u64 *words = VM_AT(mem, to, u64);

	if (size > VM_COPY_WORDS * 8) {
		VM_COPY(mem, to, from, size);
		return;
	}
	VM_UNROLL
	for (u32 w = 0; w < VM_COPY_WORDS; w++) {
		u32 left = size - w * 8;

		if (left < 8) {
			if (left)
				VM_POKE(words + w, VM_GET(p, w * 8, left) & VM_LEADING(left * 8));
			return;
		}
		VM_POKE(words + w, VM_GET(p, w * 8, 8));
	}
}

struct vm_lock {
	u32 *word;
	u32 owner;
	u32 was;
};

static inline long vm_lock_turn(u32 i, struct vm_lock *l)
{
	(void)i;
	VM_PAUSE();
	l->was = VM_PEEK(l->word);
	if (!l->was)
		l->was = VM_ATOMIC_CAS(l->word, 0, l->owner);
	return !l->was || l->was == l->owner;
}

/* Takes the lock, unless it is this owner's already or others keep it for too long. */
VM_INLINE _Bool vm_lock(u32 *word)
{
	struct vm_lock l = { .word = word, .owner = VM_OWNER() };

	l.was = VM_ATOMIC_CAS(word, 0, l.owner);
	if (!l.was)
		return 1;
	if (l.was == l.owner)
		return 0;
	VM_REPEAT(VM_SPINS, vm_lock_turn, &l);
	return !l.was;
}

VM_INLINE void vm_unlock(u32 *word)
{
	VM_ATOMIC_PUT(word, 0);
}

#endif
