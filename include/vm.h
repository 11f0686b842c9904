/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layouts and numbers that every build of the machine shares, and the few rules about them. */
#ifndef BPFVM_VM_H
#define BPFVM_VM_H

#include "port.h"
#include "types.h"

#ifndef VM_FRAMES
#define VM_FRAMES 8 /* nested functions, the outermost counted; a power of two */
#endif
#ifndef VM_FRAME_SIZE
#define VM_FRAME_SIZE 512 /* bytes of stack in each */
#endif
#define VM_HELPER_SPAN 4096 /* most bytes that one argument of a helper may span; a power of two */
#define VM_PACKET_SPAN 512 /* most packet bytes that are an argument: they are copied */
#define VM_TEXT_MAX 512 /* most bytes of a string that a helper reads, its NUL counted */
#define VM_STACK_SIZE (VM_FRAMES * VM_FRAME_SIZE)
#define VM_REGISTERS 16 /* what four bits can name: no encoding reaches elsewhere */

/* One instruction slot, RFC 9669 section 3; `regs` holds the destination in its low half. */
struct vm_insn {
	u8 code;
	u8 regs;
	s16 off;
	s32 imm;
};
_Static_assert(sizeof(struct vm_insn) == 8, "an instruction slot is eight bytes");
typedef VM_CODE_T vm_code_t;

static inline u32 vm_dst(const struct vm_insn *in)
{
	return in->regs & 15;
}

static inline u32 vm_src(const struct vm_insn *in)
{
	return in->regs >> 4;
}

/* Instruction `i` of some code. */
static inline struct vm_insn vm_insn_at(vm_code_t code, u32 i)
{
	vm_code_t in = VM_SLOT(code, i);
	u32 w = VM_WORD(in);

	return (struct vm_insn){(u8)w, (u8)(w >> 8), (s16)(w >> 16), VM_IMM(in)};
}

/* The values of `src` in calls and lddw (RFC 9669 sections 4.3.1 and 5.4). */
enum {
	VM_CALL_HELPER = 0,
	VM_CALL_LOCAL = 1,
	VM_CALL_BTF = 2,
};

/* Why a machine is not running. */
enum vm_stop {
	VM_STOP_NONE,  /* running, or suspended between two slices */
	VM_STOP_EXIT,
#define TRAP(name, sentence, hint) VM_TRAP_##name,
#include "traps.def"
	VM_STOPS,
};

enum vm_access {
	VM_READ = 1,
	VM_WRITE = 2,
	VM_ATOMIC = 4, /* with both of the above */
};

/* What a call keeps for its return. */
struct vm_frame {
	u64 saved[4]; /* r6..r9 */
	u64 pc;
};

/* The state of one execution, the same in every build. */
struct vm_state {
	u64 reg[VM_REGISTERS];
	struct vm_frame frame[VM_FRAMES]; /* the last one is never filled */
	u64 left;	/* budget: instructions it may still begin */
	u64 fault_addr; /* after a memory trap: what was accessed, how many bytes, enum vm_access */
	u32 fault_size;
	u32 fault_access;
	u32 pc;		/* next instruction; after a trap, the one that trapped */
	u32 depth;	/* nested calls */
	u32 deepest;	/* highest depth of this run: how much stack may be dirty */
	u32 stop;	/* enum vm_stop */
};
_Static_assert(sizeof(struct vm_state) == 128 + 40 * VM_FRAMES + 40, "no hidden padding");

/*
 * The address map of kernel and host builds: a guest address is 32 bits, region:8 | offset:24.
 * Region 0 is never mapped, so NULL traps. A length of 0 means no permission.
 */
#define VM_REGIONS 32 /* rows of the ACL; a power of two */
#define VM_OFFSET_BITS 24
#define VM_OFFSET_MASK 0xffffffu
#define VM_ADDRESS(region, offset) ((u32)(region) << VM_OFFSET_BITS | (offset))

enum vm_region_number {
	VM_REGION_STACK = 1,
	VM_REGION_CTX,
	VM_REGION_META,	  /* the bytes before a packet: its end is where the packet begins */
	VM_REGION_PACKET,
	VM_REGION_RODATA,
	VM_REGION_DATA,
	VM_REGION_FREE,	  /* first one a caller may use */
	VM_REGION_MAPS = 0xfe, /* maps, by the region of their values: names, no memory */
	VM_REGION_CODE = 0xff, /* functions, 8 bytes per instruction: callable, not readable */
};
#define VM_CODE_BASE VM_ADDRESS(VM_REGION_CODE, 0)
#define VM_MAP_HANDLE(region) VM_ADDRESS(VM_REGION_MAPS, region)

struct vm_region {
	vm_base_t base; /* where offset 0 lies; the port says in what */
	u32 rlen;
	u32 wlen;
	u32 dirty; /* was written to */
};

/*
 * How many bytes lie before the packet, at the end of VM_REGION_META. Its row has the lengths 0, so
 * that an access there leaves the fast path, and keeps this instead of a dirty mark.
 */
#define VM_META_SIZE(rows) ((rows)[VM_REGION_META].dirty)

/* What may be done with `size` bytes at `addr`: a mask of VM_READ and VM_WRITE. */
static inline u32 vm_allowed(const struct vm_region *rows, u64 addr, u32 size)
{
	u64 n = addr >> VM_OFFSET_BITS, end = (addr & VM_OFFSET_MASK) + size;

	if (n >= VM_REGIONS)
		return 0;
	if (n == VM_REGION_META)
		return end <= VM_OFFSET_MASK + 1 &&
				       end - size + VM_META_SIZE(rows) > VM_OFFSET_MASK ?
			       VM_READ | VM_WRITE :
			       0;
	VM_BOUND(n, VM_REGIONS - 1);
	return (end <= rows[n].rlen ? VM_READ : 0) | (end <= rows[n].wlen ? VM_WRITE : 0);
}

/* How many bytes from `addr` on may be read. */
static inline u32 vm_readable(const struct vm_region *rows, u64 addr)
{
	u64 n = addr >> VM_OFFSET_BITS;
	u32 o = addr & VM_OFFSET_MASK;

	if (n >= VM_REGIONS)
		return 0;
	VM_BOUND(n, VM_REGIONS - 1);
	return o < rows[n].rlen ? rows[n].rlen - o : 0;
}

/* Gives the stack region the frames down to the present one, and r10 its top. */
static inline void vm_frame_open(struct vm_state *st, struct vm_region *rows)
{
	u32 top = (st->depth + 1) * VM_FRAME_SIZE;

	st->reg[10] = VM_ADDRESS(VM_REGION_STACK, 0) + top;
	rows[VM_REGION_STACK].rlen = rows[VM_REGION_STACK].wlen = top;
}

/* Opens the frame above the present one. */
static inline void vm_frame_enter(struct vm_state *st, struct vm_region *rows)
{
	st->depth++;
	if (st->deepest < st->depth)
		st->deepest = st->depth;
	vm_frame_open(st, rows);
}

/* Enters a function that returns to `pc`; false if there is no frame left. */
static inline _Bool vm_frame_push(struct vm_state *st, struct vm_region *rows, u32 pc)
{
	u64 depth = st->depth;

	if (depth + 1 >= VM_FRAMES)
		return 0;
	VM_BOUND(depth, VM_FRAMES - 1);
	struct vm_frame *f = &st->frame[depth];
	for (u32 i = 0; i < 4; i++)
		f->saved[i] = st->reg[6 + i];
	f->pc = pc;
	vm_frame_enter(st, rows);
	return 1;
}

/*
 * A helper that calls a function of the guest again and again takes two frames: one with the way
 * back, and above it one whose pc has a mark in its upper half, the function in its lower half, and
 * in saved[] what follows here. The stack of the second one is the helper's.
 */
enum {
	VM_TURNS_LOOP = 1, /* turns done, turns to do, context */
	VM_TURNS_EACH,	   /* turns done, where in the map to look on, context, region of the map */
	VM_TURNS_NEXT,	   /* the same, between two turns: helper VM_EACH has to find the element */
};
#define VM_EACH 164	   /* bpf_for_each_map_elem */
#define VM_PC_EACH (~0u) /* no instruction: the core calls helper VM_EACH */

/* Enters function `code` (a code address) so that it turns; the caller gives it r1 to r5. */
static inline _Bool vm_turns_push(struct vm_state *st, struct vm_region *rows, u32 mark, u64 code,
				  u64 second, u64 context, u64 fourth)
{
	u64 depth = st->depth;

	if (depth + 2 >= VM_FRAMES)
		return 0;
	vm_frame_push(st, rows, st->pc);
	depth++;
	VM_BOUND(depth, VM_FRAMES - 1);
	struct vm_frame *f = &st->frame[depth];
	f->saved[0] = 0;
	f->saved[1] = second;
	f->saved[2] = context;
	f->saved[3] = fourth;
	f->pc = (u64)mark << 32 | (code & VM_OFFSET_MASK) >> 3;
	vm_frame_enter(st, rows);
	return 1;
}

/* A turn has ended with r0: whether there is another one, and r1 and r2 for it. */
static inline _Bool vm_turns_again(struct vm_state *st, struct vm_frame *f)
{
	u64 turns = ++f->saved[0];

	if (st->reg[0] || (f->pc >> 32 == VM_TURNS_LOOP && turns >= f->saved[1])) {
		st->reg[0] = turns;
		return 0;
	}
	st->reg[1] = turns;
	st->reg[2] = f->saved[2];
	return 1;
}

/* Leaves the function of frame `depth`, and returns where to go on. */
static inline u32 vm_frame_leave(struct vm_state *st, struct vm_region *rows, u64 depth)
{
	VM_BOUND(depth, VM_FRAMES - 1);
	struct vm_frame *f = &st->frame[depth];
	for (u32 i = 0; i < 4; i++)
		st->reg[6 + i] = f->saved[i];
	st->depth = depth;
	vm_frame_open(st, rows);
	return f->pc;
}

/* Leaves a function, depth being above 0, and returns where to go on, or VM_PC_EACH. */
static inline u32 vm_frame_pop(struct vm_state *st, struct vm_region *rows)
{
	u64 depth = st->depth - 1;

	VM_BOUND(depth, VM_FRAMES - 1);
	struct vm_frame *f = &st->frame[depth];
	if (!(f->pc >> 32))
		return vm_frame_leave(st, rows, depth);
	if (!vm_turns_again(st, f))
		return vm_frame_leave(st, rows, depth - 1);
	vm_frame_open(st, rows);
	if (f->pc >> 32 == VM_TURNS_LOOP)
		return f->pc;
	f->pc = (u64)VM_TURNS_NEXT << 32 | (u32)f->pc;
	return VM_PC_EACH;
}

/* Signed division of section 4.1 by unsigned arithmetic, for targets without the instruction. */
static inline u64 vm_magnitude(s64 v)
{
	return v < 0 ? -(u64)v : (u64)v;
}

static inline u64 vm_sdiv(s64 d, s64 s)
{
	u64 q = s ? (vm_div_t)vm_magnitude(d) / (vm_div_t)vm_magnitude(s) : 0;

	return (d < 0) != (s < 0) ? -q : q;
}

static inline u64 vm_smod(s64 d, s64 s)
{
	u64 r = s ? (vm_div_t)vm_magnitude(d) % (vm_div_t)vm_magnitude(s) : vm_magnitude(d);

	return d < 0 ? -r : r;
}

/* Whether an instruction never goes on to the one after it. */
static inline _Bool vm_never_goes_on(u8 opcode)
{
	switch (opcode) {
#define GOTO(name, code, field, text) case code:
#define EXIT(name, code) case code:
#include "isa.def"
		return 1;
	}
	return 0;
}

/* Whether an opcode is one of the atomic operations. */
static inline _Bool vm_is_atomic(u8 opcode)
{
	return opcode == 0xc3 || opcode == 0xdb;
}

/*
 * Fills in what a memory instruction at `in` tried to access and returns the trap that it deserves.
 * No core records this on its fast path: the instruction and the registers still tell.
 */
static inline u32 vm_fault(struct vm_state *st, const struct vm_region *rows,
			   const struct vm_insn *in)
{
	u32 class = in->code & 7, mode = in->code & 0xe0, allowed;
	u32 base = class == 1 ? vm_src(in) : vm_dst(in);
	u32 size = (in->code & 0x18) == 0x18 ? 8 : 4 >> (in->code >> 3 & 3);

	st->fault_addr = st->reg[base] + (u64)(s64)in->off;
	st->fault_size = size;
	st->fault_access = class == 1   ? VM_READ :
			   mode == 0xc0 ? VM_READ | VM_WRITE | VM_ATOMIC :
					  VM_WRITE;
	allowed = vm_allowed(rows, st->fault_addr, size);
	if ((allowed & st->fault_access) == (st->fault_access & ~VM_ATOMIC))
		return VM_TRAP_ATOMIC;
	return allowed == VM_READ ? VM_TRAP_READONLY : allowed ? VM_TRAP_WRITEONLY : VM_TRAP_BOUNDS;
}

/* How step.h names the arms of forked opcodes, and the types of isa.def's operands. */
#define VM_FORK(code, key) ((u32)(code) << 8 | (key))
#define VM_TYPE_U32 u32
#define VM_TYPE_S32 s32
#define VM_TYPE_U64 u64
#define VM_TYPE_S64 s64

#endif
