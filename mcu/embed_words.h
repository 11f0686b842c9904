/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the cores for the machine of include/embed.h; included by embed.c alone. */
#ifndef EMBED_WORDS_H
#define EMBED_WORDS_H

/* The caller has added the budget to the steps; what is left of it is taken away again. */
#define VM_RUN(name) static u32 run(struct bpfvm *vm, u32 budget, u64 *result)
#define VM_BUDGET budget
#define VM_LEFT(n) (vm->st.steps -= (n))
#define VM_RUN_ENDS(n, stop_)                                                                      \
	do {                                                                                       \
		vm->st.pc = (n);                                                                   \
		vm->st.stop = (u8)(stop_);                                                         \
		*result = vm->st.reg[0];                                                           \
		return stop_;                                                                      \
	} while (0)
#define VM_MASK(vm) ((vm)->st.mask)
#define VM_ALL_ARMS 0
#define VM_COUNT_T u32 /* counts instructions */
#define VM_SLACK_T s32

/*
 * Registers of 64 bits on a machine of 32: one instruction moves both halves, if their address is
 * computed first. The compiler would rather compute it twice, or move the halves apart.
 */
#ifdef __thumb2__
#ifdef VM_SMALL /* the offset of the registers costs nothing in ldrd */
#define BOTH_BASE (u8 *)vm
#define BOTH_OFFSET __builtin_offsetof(struct bpfvm, st.reg)
#else
#define BOTH_BASE (u8 *)REGISTERS
#define BOTH_OFFSET 0
#endif
INLINE u64 *both_halves(u8 *p, u32 n)
{
	p += n * sizeof(u64);
	VM_HIDE(p);
	return (u64 *)(void *)(p + BOTH_OFFSET);
}

INLINE u64 load_both(const u64 *reg)
{
	u32 low, high;

	__asm__("ldrd %0, %1, %2" : "=r"(low), "=r"(high) : "m"(*reg));
	return (u64)high << 32 | low;
}

INLINE void store_both(u64 *reg, u64 v)
{
	__asm__("strd %1, %2, %0" : "=m"(*reg) : "r"((u32)v), "r"((u32)(v >> 32)));
}

#define SRC_64 load_both(both_halves(BOTH_BASE, SRCN))
#define SRC_32 SRC
#define DST_64 load_both(both_halves(BOTH_BASE, DSTN))
#define DST_32 DST
#define TAKE_DST u64 *to_ = both_halves(BOTH_BASE, DSTN)
#define TAKEN_64 load_both(to_)
#define TAKEN_32 ((u32)*to_)
#define GIVE_DST(v) store_both(to_, v)
#endif

/*
 * Shifts of 64 bits: gcc spells them out in nine instructions. The run-time library has them, too,
 * for what is small or rare. The arms of other cores shift to the left by a multiplication.
 */
#ifdef __ARM_EABI__
u64 __aeabi_llsl(u64 d, int n);
u64 __aeabi_llsr(u64 d, int n);
s64 __aeabi_lasr(s64 d, int n);
#undef VM_LSH
#undef VM_RSH
#undef VM_ARSH
#define VM_LSH(bits, d, n) __aeabi_llsl(d, (int)(n))
#define VM_RSH(bits, d, n) __aeabi_llsr(d, (int)(n))
#define VM_ARSH(bits, d, n) (u64) __aeabi_lasr(d, (int)(n))
#endif

/* Calls: what would be in each arm is larger than all the rest of it. */
#define AT_SRC(n, access) CHECKED(find_src(w, vm, (n) << 3 | (access)))
#define AT_DST(n, access) CHECKED(find_dst(w, vm, (n) << 3 | (access)))
#define ADDRESS_ANY(a, bits, access) CHECKED(find(a, vm, (bits) | (access)))
#define CHECKED(place)                                                                             \
	({                                                                                         \
		u8 *at_ = (place);                                                                 \
		if (NOWHERE(at_)) {                                                                \
			stop = WHY_NOT(at_);                                                       \
			goto out;                                                                  \
		}                                                                                  \
		at_;                                                                               \
	})
#define PUSH_FRAME(back) change_frame(vm, back)
#define LEAVE                                                                                      \
	do {                                                                                       \
		if (!vm->st.depth)                                                                 \
			STOP(VM_STOP_EXIT);                                                        \
		CONTINUE_AT(change_frame(vm, 0));                                                  \
	} while (0)
#define HELPER(n)                                                                                  \
	do {                                                                                       \
		stop = call_helper(vm, n);                                                         \
		if (stop)                                                                          \
			goto called;                                                               \
		NEXT                                                                               \
	} while (0)
#ifndef GO_FORK
#define GO_FORK(key)                                                                               \
	do {                                                                                       \
		stop = step_atomic(vm, w, key);                                                    \
		if (stop)                                                                          \
			goto out;                                                                  \
		NEXT                                                                               \
	} while (0)
#endif

#endif
