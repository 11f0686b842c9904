/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is rare in a guest: calls, returns, helpers, atomics, traps, the end of a run. The steps
 * leave it to global functions, which the verifier walks once each, whoever calls them.
 */
#ifndef BPFVM_RARE_H
#define BPFVM_RARE_H

#include "helpers_tc.h"
#include "helpers_text.h"
#include "helpers_xdp.h"
#include "meta.h"
#include "run.h"
#include "words.h"

/* What a run is for: which context it has, which helpers, and whether there is a packet. */
enum kind {
	KIND_XDP,
	KIND_TC,
	KIND_CALL, /* by user space, without a packet */
};

/* The instruction at which a step left the turn. */
static __always_inline u64 insn_of(struct bpfvm_machine *m)
{
	struct vm_insn *slots = all_slots();

	return slots ? *(u64 *)slot_at(code_of(slots, m->slot), m->st.pc) : 0;
}

#define OP(name, n) case n:
#define STOP(n) return n

/* The instructions that `off` or `imm` tells apart. Atomic operations do not reach packets. */
__noinline u32 bpfvm_fork(u32 index, u32 key)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u8 *memory = memory_map();
	const _Bool packet = 1;
	struct run *r = NULL;
	u64 insn;

	if (!m || !memory || key > 0xff)
		return VM_TRAP_ILLEGAL;
	insn = insn_of(m);
	switch (VM_FORK((u8)insn, key)) {
#define STEP_FORKS
#include "step.h"
	default:
		return VM_TRAP_ILLEGAL;
	}
next:
	m->st.pc++;
	return VM_STOP_NONE;
}

#undef OP
#undef STOP

/* Fills in what the memory instruction tried, and says which trap it deserves. */
__noinline u32 bpfvm_fault(u32 index)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	u64 insn;

	if (!m)
		return VM_TRAP_BOUNDS;
	insn = insn_of(m);
	return vm_fault(&m->st, m->row, (struct vm_insn *)&insn);
}

static __always_inline u32 enter(struct bpfvm_machine *m, u32 pc)
{
	if (!vm_frame_push(&m->st, m->row, m->st.pc + 1))
		return VM_TRAP_FRAMES;
	m->st.pc = pc;
	return VM_STOP_NONE;
}

static __always_inline u32 leave(struct bpfvm_machine *m, u32 index)
{
	if (!m->st.depth)
		return VM_STOP_EXIT;
	m->st.pc = vm_frame_pop(&m->st, m->row);
	return m->st.pc == VM_PC_EACH ? bpfvm_each_next(index) : VM_STOP_NONE;
}

/* The zeros behind a guest are not instructions of it. */
static __always_inline u32 illegal(struct bpfvm_machine *m)
{
	if (m->st.pc < m->len)
		return VM_TRAP_ILLEGAL;
	m->st.left++;
	return VM_TRAP_JUMP;
}

/*
 * Does what a step at m->st.pc left the turn for: `why` is an enum vm_stop, or one of enum rare with
 * its operand in the upper half. Returns why the guest stops, or VM_STOP_NONE; also when the next
 * guest of the hook, in another slot, goes on.
 */
#define SERVE(HELP, BEFORE_PACKET)                                                                 \
	({                                                                                         \
		u32 stop_ = (u32)why, operand_ = why >> 32;                                        \
		switch (stop_) {                                                                   \
		case RARE_FORK:                                                                    \
			stop_ = bpfvm_fork(index, operand_);                               \
			break;                                                                     \
		case RARE_ENTER: /* the turn itself enters where there is a frame */               \
			stop_ = VM_TRAP_FRAMES;                                                    \
			break;                                                                     \
		case RARE_LEAVE: /* and leaves all but the outermost one */                        \
			stop_ = VM_STOP_EXIT;                                                      \
			break;                                                                     \
		case RARE_HELPER:                                                                  \
			NUMBER = operand_;                                                         \
			m->st.pc++; /* some helpers go on elsewhere */                             \
			stop_ = HELP;                                                              \
			m->st.pc -= !!stop_;                                                       \
			break;                                                                     \
		case VM_TRAP_ILLEGAL:                                                              \
			stop_ = illegal(m);                                                        \
			break;                                                                     \
		case VM_TRAP_BOUNDS:                                                               \
			stop_ = BEFORE_PACKET;                                                     \
			m->st.pc += !stop_;                                                        \
			break;                                                                     \
		}                                                                                  \
		if (stop_ == VM_TRAP_BOUNDS)                                                       \
			stop_ = bpfvm_fault(index);                                         \
		m->st.stop = stop_;                                                                \
	})

/*
 * A helper call of a guest with a packet: at one level with what it calls, since BPF has 512 bytes
 * of stack for all levels.
 */
/* Not kept in a register or on the stack. */
#define NUMBER (*(volatile u32 *)&m->call.number)
#define HELP(kind, where)                                                                          \
	({                                                                                         \
		u32 help_ = bpfvm_arguments(index, NUMBER, where);                               \
		if (!help_) {                                                                      \
			if (m->call.copies)                                                        \
				kind##_copies(ctx, index, 0);                                      \
			help_ = bpfvm_helper_map(index, NUMBER); /* the most frequent ones */    \
			if (help_ == VM_TRAP_HELPER)                                               \
				help_ = bpfvm_helper_##kind(ctx, index, NUMBER);                 \
			if (help_ == VM_TRAP_HELPER)                                               \
				help_ = bpfvm_helper_any(index, NUMBER);                         \
			if (help_ == VM_TRAP_HELPER)                                               \
				help_ = bpfvm_send_##kind(ctx, index, NUMBER);                   \
			if (help_ == VM_TRAP_HELPER)                                               \
				help_ = bpfvm_helper_text(index, NUMBER);                        \
			if (m->call.copies)                                                        \
				kind##_copies(ctx, index, 1);                                      \
		}                                                                                  \
		help_;                                                                             \
	})

#define RARE_HOOK(kind, context, where, pass, pass_too)                                            \
	__noinline u32 bpfvm_meta_##kind(struct context *ctx, u32 index)                           \
	{                                                                                          \
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);                          \
                                                                                                   \
		return m ? meta_access(m, (void *)(long)ctx->data_meta, (void *)(long)ctx->data,   \
				       insn_of(m)) :                                               \
			   VM_TRAP_BOUNDS;                                                         \
	}                                                                                          \
                                                                                                   \
	__noinline u32 bpfvm_rare_##kind(struct context *ctx, u32 index, u64 why)                  \
	{                                                                                          \
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);                          \
                                                                                                   \
		if (!m)                                                                            \
			return VM_TRAP_EMPTY;                                                      \
		if (SERVE(HELP(kind, where),                                                       \
			  bpfvm_meta_##kind(ctx, index)))                                          \
			return m->next ? bpfvm_next(index, pass, (u32)(pass_too)) : m->st.stop;                                 \
		return VM_STOP_NONE;                                                               \
	}
RARE_HOOK(xdp, xdp_md, VM_WHERE_XDP, XDP_PASS, XDP_PASS)
RARE_HOOK(tc, __sk_buff, VM_WHERE_TC, TC_ACT_OK, TC_ACT_UNSPEC)

static __always_inline u32 help_call(u32 index, u32 number)
{
	u32 stop = bpfvm_arguments(index, number, VM_WHERE_PLAIN);

	if (number == BPF_FUNC_ktime_get_coarse_ns) /* which this entry point does not have */
		number = BPF_FUNC_ktime_get_ns;
	if (!stop)
		stop = bpfvm_helper_map(index, number);
	if (stop == VM_TRAP_HELPER)
		stop = bpfvm_helper_any(index, number);
	return stop == VM_TRAP_HELPER ? bpfvm_helper_text(index, number) : stop;
}

__noinline u32 bpfvm_rare_call(u32 index, u64 why)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);

	return m ? SERVE(help_call(index, NUMBER), VM_TRAP_BOUNDS) : VM_TRAP_EMPTY;
}

#endif
