/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The atomic operations of the machine of include/embed.h, small rather than quick. */
#ifndef EMBED_ATOMIC_H
#define EMBED_ATOMIC_H

#include "isa.def" /* VM_FETCH */

/*
 * On one CPU it is enough that nothing interrupts what happens between LOCK and UNLOCK. What cannot
 * be done is done to `none`, so that there is one way through here.
 */
static __attribute__((noinline, cold)) u32 step_atomic(struct bpfvm *vm, u32 w, u32 key)
{
	u32 size = w & 0x18 ? 8 : 4;
	u64 none = 0, *reg = vm->st.reg, *src = &reg[w >> 12 & 15];
	u64 d, s = *src, r0 = reg[0], value, *old = key & VM_FETCH ? src : &none;
	u8 *p = find_dst(w, vm, size << 3 | VM_READ | VM_WRITE | VM_ATOMIC);
	u8 *at = NOWHERE(p) ? (u8 *)&none : p;
	VM_LOCK_T lock = VM_LOCK();

	VM_HIDE(at);
	d = VM_LOAD(u32, at);
	if (size == 8)
		d = VM_LOAD(u64, at);
	else
		s = (u32)s, r0 = (u32)r0;
	VM_HIDE(size);
	switch (key) {
#define ATOMIC(name, imm, text, verb, builtin, effect)                                             \
	case imm:                                                                                  \
	case imm | VM_FETCH:                                                                       \
		value = (effect);                                                                  \
		break;
#define ATOMIC_XCHG(name, imm, verb, builtin, effect)                                              \
	case imm:                                                                                  \
		value = (effect);                                                                  \
		break;
#define ATOMIC_CMPXCHG(name, imm, verb, builtin, effect)                                           \
	case imm:                                                                                  \
		value = (effect);                                                                  \
		old = reg;                                                                         \
		break;
#include "isa.def"
	default:
		VM_UNLOCK(lock);
		return VM_TRAP_ILLEGAL;
	}
	if (size == 8)
		VM_STORE(u64, at, value);
	else
		VM_STORE(u32, at, value);
	VM_UNLOCK(lock);
	if (NOWHERE(p))
		return WHY_NOT(p);
	*old = d;
	return VM_STOP_NONE;
}

#endif
