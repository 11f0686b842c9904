/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the cores for the machine of include/embed.h; included by embed.c alone. */
#ifndef EMBED_WORDS_H
#define EMBED_WORDS_H

#define VM_RUN(name) static u32 run(struct bpfvm *vm)
#define VM_RUN_ENDS(n, left_, stop)                                                                \
	do {                                                                                       \
		vm->st.pc = (n);                                                                   \
		vm->st.left = (left_);                                                             \
		return stop;                                                                       \
	} while (0)
#define VM_ALL_ARMS 0
#define VM_COUNT_T u32 /* counts instructions */
#define VM_SLACK_T s32

/*
 * Registers of 64 bits on a machine of 32: one instruction moves both halves, if their address is
 * computed first. The compiler would rather compute it twice, or move the halves apart.
 */
#ifdef __thumb2__
static inline u64 *both_halves(struct bpfvm *vm, u32 n)
{
	u64 *reg = &vm->st.reg[n];

	VM_HIDE(reg);
	return reg;
}

static inline u64 load_both(const u64 *reg)
{
	u32 low, high;

	__asm__("ldrd %0, %1, %2" : "=r"(low), "=r"(high) : "m"(*reg));
	return (u64)high << 32 | low;
}

static inline void store_both(u64 *reg, u64 v)
{
	__asm__("strd %1, %2, %0" : "=m"(*reg) : "r"((u32)v), "r"((u32)(v >> 32)));
}

#define SRC_64 load_both(both_halves(vm, SRCN))
#define SRC_32 SRC
#define DST_64 load_both(both_halves(vm, DSTN))
#define DST_32 DST
#define TAKE_DST u64 *to_ = both_halves(vm, DSTN)
#define TAKEN_64 load_both(to_)
#define TAKEN_32 ((u32)*to_)
#define GIVE_DST(v) store_both(to_, v)
#endif

/*
 * The region of the last access of this kind is tried first, without a call. `n` is a constant but
 * in the small core, which does without.
 */
#define ADDRESS_ANY(a, bits, access) CHECKED(find(a, vm, (bits) | (access)))
#ifdef VM_SMALL
#define ADDRESS(a, n, access) ADDRESS_ANY(a, (n) << 3, access)
#else
#define ADDRESS(a, n, access)                                                                      \
	({                                                                                         \
		u64 a_ = (a);                                                                      \
		const struct bpfvm_region *r_ = vm->hit[(access) != VM_READ];                      \
		bpfvm_addr_t at_ = (bpfvm_addr_t)a_, o_ = at_ - r_->start;                         \
		u32 len_ = r_->span >> 2;                                                          \
		u8 *p_;                                                                            \
		if (a_ == at_ && len_ >= (n) && o_ <= len_ - (n) && !((access) & VM_ATOMIC))       \
			p_ = PLACE(at_ + r_->shift);                                               \
		else                                                                               \
			p_ = CHECKED(find(a_, vm, (n) << 3 | (access)));                           \
		p_;                                                                                \
	})
#endif
#define CHECKED(place)                                                                             \
	({                                                                                         \
		u8 *at_ = (place);                                                                 \
		if (NOWHERE(at_)) {                                                                \
			stop = WHY_NOT(at_);                                                       \
			goto out;                                                                  \
		}                                                                                  \
		at_;                                                                               \
	})
#define ENTER(n)                                                                                   \
	do {                                                                                       \
		u32 target_ = (n);                                                                 \
		if (!push_frame(vm, PC + 1))                                                       \
			STOP(VM_TRAP_FRAMES);                                                      \
		CONTINUE_AT(target_);                                                              \
	} while (0)
#define LEAVE                                                                                      \
	do {                                                                                       \
		if (!vm->st.depth)                                                                 \
			STOP(VM_STOP_EXIT);                                                        \
		CONTINUE_AT(pop_frame(vm));                                                        \
	} while (0)
#define HELPER(n)                                                                                  \
	do {                                                                                       \
		stop = call_helper(vm, n);                                                         \
		if (stop == VM_TRAP_STEPS)                                                         \
			STOP_BEHIND;                                                               \
		if (stop)                                                                          \
			goto out;                                                                  \
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
