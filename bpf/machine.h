/* SPDX-License-Identifier: GPL-2.0-only */
/* The in-kernel core: four instructions per turn of a bpf_loop, state in locals, everything else in map values. */
#ifndef BPFVM_MACHINE_H
#define BPFVM_MACHINE_H

#include "helpers.h"
#include "hot.h"
#include "memory.h"

#ifndef STEPS
#define STEPS 4
#endif

/* The fields are taken out of one 64-bit load with fewer instructions than loads of their own would need. */
#define OP(name, n) case n:
#define NEXT goto next;
#define R(n) m->st.reg[n]
#define DSTN (insn >> 8 & 15)
#define SRCN (insn >> 12 & 15)
/* Scaled by shifts of their own: the offset of a register in the machine, which begins with them. */
#define DST (*(u64 *)((char *)m + (insn >> 5 & 0x78)))
#define SRC (*(u64 *)((char *)m + (insn >> 9 & 0x78)))
#define OFF ((s32)insn >> 16)
#define IMM ({ s64 imm_ = insn; asm volatile("%0 s>>= 32" : "+r"(imm_)); imm_; })
#define JUMP(n)                                                                                    \
	do {                                                                                       \
		pc += (u64)(s64)(n); /* 64 bits: a jump to 0 passes through -1 */                 \
		goto next;                                                                         \
	} while (0)
#define ADDRESS(a, n, access) AT(r, m, memory, packet, a, n, access, STOP(VM_TRAP_BOUNDS))
#define TRAP_HERE(name) STOP(VM_TRAP_##name)
#define ENTER(n) STOP(SHARED_ENTER | (u64)(n) << 32)
#define HELPER(n) STOP(SHARED_HELPER | (u64)(n) << 32)
#define LEAVE STOP(SHARED_LEAVE)
#define GO_FORK(n) STOP(SHARED_FORK | (u64)(n) << 32)
#define SECOND slot_after(code, pc, r->len)

/* Reasons to leave the steps for the one shared place behind them, where rare things are served. */
enum {
	SHARED_FORK = VM_STOPS,
	SHARED_ENTER,
	SHARED_HELPER,
	SHARED_LEAVE,
};

/* The slot of a checked pc; computed once, which clang needs to be told. */
static __always_inline struct vm_insn *slot_at(struct vm_insn *code, u64 pc)
{
	struct vm_insn *in;

	VM_BOUND(pc, BPFVM_CODE - 1);
	in = code + pc;
	asm volatile("" : "+r"(in));
	return in;
}

#define NEVER 0x100 /* no opcode: an arm that belongs to the other switch */

static __always_inline struct vm_insn *slot_after(struct vm_insn *code, u64 pc, u32 len)
{
	return pc + 1 < len ? slot_at(code, pc + 1) : NULL;
}

#define STOP(n) return n

/* The instructions that `off` or `imm` tells apart: rarer, so verified once and not in every step. */
static __always_inline u32 forks(struct run *r, u64 insn, u32 key, const _Bool packet)
{
	struct bpfvm_machine *m = r->m;
	u8 *memory = r->memory;

	if (key > 0xff)
		return VM_TRAP_ILLEGAL;
	switch (VM_FORK((u8)insn, key)) {
#define STEP_FORKS
#include "step.h"
	default:
		return VM_TRAP_ILLEGAL;
	}
next:
	return VM_STOP_NONE;
}

#undef STOP

/* Opaque, so that clang does not keep the constants of every exit in registers on the way there. */
#define STOP(n)                                                                                    \
	do {                                                                                       \
		stop = (n);                                                                        \
		done = i + 1;                                                                      \
		asm volatile("" : "+r"(stop), "+r"(done));                                         \
		goto out;                                                                          \
	} while (0)

static __noinline u32 forks_packet(struct run *r, u64 insn, u32 key)
{
	return forks(r, insn, key, 1);
}

static __noinline u32 forks_memory(struct run *r, u64 insn, u32 key)
{
	return forks(r, insn, key, 0);
}

/* A few guest instructions; the callback of bpf_loop. Returns 1 when the run is over. */
static __always_inline long turn(struct run *r, struct bpfvm_machine *m, struct vm_insn *code, u8 *memory, u64 *pcp,
				 u64 *leftp, const int steps, const _Bool packet)
{
	u64 pc = *pcp, insn, left = *leftp;
	u64 stop, done, one = m->one; /* so that no pc the verifier meets is known better than another */
	struct vm_insn *in;
	u32 key, op;

#pragma unroll
	for (int i = 0; i < steps; i++) {
		if (left <= (u64)i)
			STOP(VM_TRAP_STEPS);
		if (pc >= BPFVM_CODE)
			STOP(VM_TRAP_JUMP);
		in = slot_at(code, pc);
		op = *(volatile u8 *)&in->code; /* a load of its own is shorter than a cut of the other */
		insn = *(u64 *)in;
#undef OP
#define OP(name, n) case HOT(name) ? n : NEVER | (n):
		switch (op) {
#include "step.h"
		}
		asm volatile("" : "+r"(op)); /* or clang makes one switch of the two again */
#undef OP
#define OP(name, n) case HOT(name) ? NEVER | (n) : n:
		switch (op) {
#include "step.h"
		default:
			STOP(VM_TRAP_ILLEGAL);
		}
next:
		pc += one;
	}
	*pcp = pc;
	*leftp = left - steps;
	return 0;

out:
	*leftp = left - done;
	key = stop >> 32;
	stop = (u32)stop;
	if (stop == VM_TRAP_STEPS || (stop == VM_TRAP_JUMP && pc >= BPFVM_CODE)) {
		++*leftp;
		goto end;
	}
	insn = *(u64 *)slot_at(code, pc);
	switch (stop) {
	case SHARED_FORK:
		stop = packet ? forks_packet(r, insn, key) : forks_memory(r, insn, key);
		pc += !stop;
		break;
	case SHARED_ENTER:
		stop = vm_frame_push(&m->st, m->row, pc + 1) ? VM_STOP_NONE : VM_TRAP_FRAMES;
		if (!stop)
			pc = key;
		break;
	case SHARED_LEAVE:
		stop = m->st.depth ? VM_STOP_NONE : VM_STOP_EXIT;
		if (!stop)
			pc = vm_frame_pop(&m->st, m->row);
		break;
	case SHARED_HELPER:
		stop = helper(r, key);
		pc += !stop;
		break;
	case VM_TRAP_ILLEGAL:
		if (pc >= r->len) { /* the zeros behind a guest are not instructions of it */
			stop = VM_TRAP_JUMP;
			++*leftp;
		}
		break;
	}
	if (stop == VM_TRAP_BOUNDS)
		stop = vm_fault(&m->st, m->row, (struct vm_insn *)&insn);
end:
	*pcp = pc;
	m->st.stop = stop; /* not in r: the verifier would tell the callbacks apart by it */
	return stop != VM_STOP_NONE;
}
#endif
