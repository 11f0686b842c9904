/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Guests that notice foreign state. A run mixes all registers, the stack and seven nested calls
 * into one number, which begins with constants of the guest's own code; another core says what it
 * has to be. The guest itself compares and counts, in memory of its own, and watches another guest
 * that may be running at the same time.
 */
#ifndef LIVE_GUEST_H
#define LIVE_GUEST_H

#include <linux/bpf.h>
#include <string.h>

#include "layout.h"

#define LIVE_CODE 256 /* instructions, at most */
#define LIVE_NOTES VM_REGION_DATA
#define LIVE_BOARD VM_REGION_FREE

/* Memory of one guest. */
struct live_notes {
	u64 expect;	/* digest of a run that nobody disturbed */
	u64 digest;	/* of the last run */
	u64 runs;
	u64 mismatches; /* runs with another digest than expected */
	u64 foreign;	/* packets, or contexts, that were another guest's */
	u64 cpus;	/* bit n + 1: ran on CPU n */
	u64 parallel;	/* runs begun while the peer was running on another CPU */
	u64 interrupts; /* runs begun while a run of the peer was halted on the same CPU */
	u64 ifindex;	/* where packets have to come from */
};

/* Memory that all guests share: CPU + 1 while the guest runs, else 0. */
struct live_board {
	u64 running[8];
};

struct live_guest {
	u64 salt; /* goes into all constants; a packet for the guest holds it at LIVE_MARK */
	u32 turns; /* each takes about 190 instructions */
	u32 me, peer; /* places on the board */
	u32 verdict;
	u32 data, data_end, ifindex; /* offsets in the hook's context */
	struct vm_insn code[LIVE_CODE];
	u32 len;
};

#define LIVE_MARK 16 /* offset in a packet */
#define LIVE_XDP .data = 0, .data_end = 4, .ifindex = 12
#define LIVE_TC .data = 76, .data_end = 80, .ifindex = 40
#define NOTE(field) ((s16)__builtin_offsetof(struct live_notes, field))

/* Appends an instruction and returns its place, for jumps. */
static inline u32 live_put(struct live_guest *g, u8 code, u32 dst, u32 src, s32 off, s32 imm)
{
	g->code[g->len] = (struct vm_insn){code, (u8)(dst | src << 4), (s16)off, imm};
	return g->len++;
}

#define ALU(op, dst, src) live_put(g, BPF_ALU64 | BPF_X | (op), dst, src, 0, 0)
#define ALU_IMM(op, dst, imm) live_put(g, BPF_ALU64 | BPF_K | (op), dst, 0, 0, imm)
#define LOAD64(dst, src, off) live_put(g, BPF_LDX | BPF_MEM | BPF_DW, dst, src, off, 0)
#define LOAD32(dst, src, off) live_put(g, BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STORE64(dst, off, src) live_put(g, BPF_STX | BPF_MEM | BPF_DW, dst, src, off, 0)
#define COUNT_UP(dst, off, src) live_put(g, BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, off, BPF_ADD)
#define JUMP_IF(op, dst, src) live_put(g, BPF_JMP | BPF_X | (op), dst, src, 0, 0)
#define JUMP_IF_ZERO(dst) live_put(g, BPF_JMP | BPF_K | BPF_JEQ, dst, 0, 0, 0)
#define JUMP_BACK(to) live_put(g, BPF_JMP | BPF_JA, 0, 0, (s32)((to) - g->len - 1), 0)
#define CALL_HELPER(number) live_put(g, BPF_JMP | BPF_CALL, 0, 0, 0, number)
#define CALL_LOCAL(to)                                                                             \
	live_put(g, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, (s32)((to) - g->len - 1))
#define LEAVE() live_put(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Lets the jump at `from` go to the next instruction. */
static inline void live_land(struct live_guest *g, u32 from)
{
	g->code[from].off = (s16)(g->len - from - 1);
}

static inline void live_put_constant(struct live_guest *g, u32 dst, u64 value)
{
	live_put(g, BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0, (s32)value);
	live_put(g, 0, 0, 0, 0, (s32)(value >> 32));
}

/*
 * u64 mix(r1 levels, r2..r5): goes `levels` deep. Each level changes r6..r9, keeps them in its
 * frame, and after the level below puts what the frame and the registers then hold into r0. It
 * also reads a word that begins as zero.
 */
static inline u32 live_put_mix(struct live_guest *g)
{
	static const u8 op[] = {BPF_XOR, BPF_ADD, BPF_SUB, BPF_XOR};
	u32 start = g->len, leaf;

	for (u32 i = 0; i < 4; i++) {
		ALU(op[i], 6 + i, 2 + i);
		ALU_IMM(BPF_MUL, 6 + i, (s32)(g->salt >> 8 * i) | 1);
		STORE64(10, -8 - 8 * (s32)i, 6 + i);
	}
	LOAD64(2, 10, -40);
	ALU(BPF_ADD, 0, 2);
	STORE64(10, -40, 0);
	ALU_IMM(BPF_SUB, 1, 1);
	leaf = JUMP_IF_ZERO(1);
	for (u32 i = 0; i < 4; i++)
		ALU(op[i], 5 - i, 6 + i);
	CALL_LOCAL(start);
	live_land(g, leaf);
	for (u32 i = 0; i < 4; i++) {
		LOAD64(1, 10, -8 - 8 * (s32)i);
		ALU(BPF_XOR, 0, 1);
		ALU_IMM(BPF_MUL, 0, 0x01000193);
		ALU(BPF_ADD, 0, 6 + i);
	}
	LEAVE();
	return start;
}

/* u64 work(r0): the loop, with all registers alive in it; its counter is in the frame. */
static inline u32 live_put_work(struct live_guest *g, u32 mix)
{
	u32 start = g->len, loop, done;

	for (u32 i = 1; i <= 9; i++)
		live_put_constant(g, i, g->salt * (0x9e3779b97f4a7c15ull * i | 1));
	live_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, (s32)g->turns);
	loop = g->len;
	for (u32 i = 0; i <= 9; i++)
		ALU(i & 1 ? BPF_XOR : BPF_ADD, i, (i + 1) % 10);
	for (u32 i = 1; i <= 5; i++)
		STORE64(10, -8 - 8 * (s32)i, i);
	ALU_IMM(BPF_MOV, 1, VM_FRAMES - 2);
	CALL_LOCAL(mix);
	for (u32 i = 1; i <= 5; i++)
		LOAD64(i, 10, -8 - 8 * (s32)i);
	STORE64(10, -56, 9);
	LOAD64(9, 10, -8);
	ALU_IMM(BPF_SUB, 9, 1);
	STORE64(10, -8, 9);
	done = JUMP_IF_ZERO(9);
	LOAD64(9, 10, -56);
	JUMP_BACK(loop);
	live_land(g, done);
	for (u32 i = 1; i <= 8; i++)
		ALU(BPF_ADD, 0, i);
	LEAVE();
	return start;
}

/* What must be zero when a guest begins, registers and stack: leaves their union in r0. */
static inline void live_put_remains(struct live_guest *g)
{
	for (u32 i = 3; i <= 9; i++)
		ALU(BPF_OR, 0, i);
	LOAD64(3, 10, -64);
	ALU(BPF_OR, 0, 3);
	STORE64(10, -8, 0);
	live_put_constant(g, 3, g->salt);
	STORE64(10, -64, 3);
}

/* Signs in on the board at r9, and looks there for the peer. */
static inline void live_put_meet(struct live_guest *g)
{
	u32 alone, same, other;

	CALL_HELPER(BPF_FUNC_get_smp_processor_id);
	ALU_IMM(BPF_ADD, 0, 1);
	STORE64(9, 8 * (s32)g->me, 0);
	ALU_IMM(BPF_MOV, 2, 1);
	ALU_IMM(BPF_MOV, 3, 1);
	ALU(BPF_LSH, 3, 0);
	live_put(g, BPF_STX | BPF_ATOMIC | BPF_DW, 8, 3, NOTE(cpus), BPF_OR);
	LOAD64(1, 9, 8 * (s32)g->peer);
	alone = JUMP_IF_ZERO(1);
	same = JUMP_IF(BPF_JEQ, 1, 0);
	COUNT_UP(8, NOTE(parallel), 2);
	other = live_put(g, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	live_land(g, same);
	COUNT_UP(8, NOTE(interrupts), 2);
	live_land(g, other);
	live_land(g, alone);
}

/* Compares packet and interface of the context at r6, if there is one, with the guest's own. */
static inline void live_put_packet(struct live_guest *g)
{
	u32 none = JUMP_IF_ZERO(6), small, wrong, right;

	LOAD32(1, 6, (s32)g->data);
	LOAD32(2, 6, (s32)g->data_end);
	ALU(BPF_MOV, 3, 1);
	ALU_IMM(BPF_ADD, 3, LIVE_MARK + 8);
	small = JUMP_IF(BPF_JGT, 3, 2);
	LOAD64(3, 1, LIVE_MARK);
	live_put_constant(g, 4, g->salt);
	wrong = JUMP_IF(BPF_JNE, 3, 4);
	LOAD32(3, 6, (s32)g->ifindex);
	LOAD64(4, 8, NOTE(ifindex));
	right = JUMP_IF(BPF_JEQ, 3, 4);
	live_land(g, small);
	live_land(g, wrong);
	ALU_IMM(BPF_MOV, 2, 1);
	COUNT_UP(8, NOTE(foreign), 2);
	live_land(g, right);
	live_land(g, none);
}

/* Compares the digest in r0, counts, signs out and leaves with the verdict. */
static inline void live_put_judge(struct live_guest *g)
{
	u32 good;

	STORE64(8, NOTE(digest), 0);
	ALU_IMM(BPF_MOV, 2, 1);
	LOAD64(1, 8, NOTE(expect));
	good = JUMP_IF(BPF_JEQ, 0, 1);
	COUNT_UP(8, NOTE(mismatches), 2);
	live_land(g, good);
	COUNT_UP(8, NOTE(runs), 2);
	live_put(g, BPF_ST | BPF_MEM | BPF_DW, 9, 0, 8 * (s32)g->me, 0);
	ALU_IMM(BPF_MOV, 0, (s32)g->verdict);
	LEAVE();
}

/* Writes the code of a guest whose other fields are filled in; returns where it is entered. */
static inline u32 live_write(struct live_guest *g)
{
	u32 mix, work, entry;

	g->len = 0;
	mix = live_put_mix(g);
	work = live_put_work(g, mix);
	entry = g->len;
	live_put_remains(g);
	ALU(BPF_MOV, 6, 1);
	ALU_IMM(BPF_MOV, 8, VM_ADDRESS(LIVE_NOTES, 0));
	ALU_IMM(BPF_MOV, 9, VM_ADDRESS(LIVE_BOARD, 0));
	live_put_meet(g);
	live_put_packet(g);
	LOAD64(0, 10, -8);
	CALL_LOCAL(work);
	live_put_judge(g);
	return entry;
}

#undef ALU
#undef ALU_IMM
#undef LOAD64
#undef LOAD32
#undef STORE64
#undef COUNT_UP
#undef JUMP_IF
#undef JUMP_IF_ZERO
#undef JUMP_BACK
#undef CALL_HELPER
#undef CALL_LOCAL
#undef LEAVE
#undef NOTE

#endif
