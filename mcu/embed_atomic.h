/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The atomic operations of the machine of include/embed.h, small rather than quick. */
#ifndef EMBED_ATOMIC_H
#define EMBED_ATOMIC_H

#include "isa.def" /* VM_FETCH */

/* On one CPU it is enough that nothing interrupts what happens between these two. */
static __attribute__((noinline, cold)) u32 step_atomic(struct bpfvm *vm, u32 w, u32 key)
{
	u32 size = w & 0x18 ? 8 : 4;
	u64 *reg = vm->st.reg, *src = &reg[w >> 12 & 15], *old = key & VM_FETCH ? src : (void *)0;
	u64 addr = reg[w >> 8 & 15] + (u64)(s64)((s32)w >> 16);
	u8 *p = find(addr, vm, size << 3 | VM_READ | VM_WRITE | VM_ATOMIC);
	u64 d = 0, s = *src, r0 = reg[0], value;
	VM_LOCK_T lock = VM_LOCK();

	if (!NOWHERE(p))
		d = size == 8 ? VM_LOAD(u64, p) : VM_LOAD(u32, p);
	if (size != 8)
		s = (u32)s, r0 = (u32)r0;
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
		old = reg;                                                                       \
		break;
#include "isa.def"
	default:
		VM_UNLOCK(lock);
		return VM_TRAP_ILLEGAL;
	}
	if (!NOWHERE(p) && size == 8)
		VM_STORE(u64, p, value);
	else if (!NOWHERE(p))
		VM_STORE(u32, p, value);
	VM_UNLOCK(lock);
	if (NOWHERE(p))
		return WHY_NOT(p);
	if (old)
		*old = d;
	return VM_STOP_NONE;
}

#endif
