/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program in the making: single instructions, constants, and addresses of memory that the guest
 * has.
 */
#ifndef FUZZ_EMIT_H
#define FUZZ_EMIT_H

#include "forms.h"
#include "sample.h"

#define FUNCTIONS 4 /* besides the outermost one; the last one is recursive */
#define CALLS 512
#define FUNCTION_ROOM 80 /* instructions that a function is given */
#define ADD_MAX 0x7fffffff /* what one addition can add */

struct gen {
	struct rng *rng;
	const struct sample *sample;
	struct vm_insn code[BPFVM_CODE];
	u32 len;
	u32 max;      /* no block begins beyond this length */
	u32 hazard;   /* of 1000 chances to make a mistake, how many are taken */
	u32 loops;    /* that enclose the present place; loop n counts in r6 + n */
	u32 function; /* being written; 0: the outermost */
	u32 start[FUNCTIONS + 1];
	struct {
		u32 at;	      /* the instruction whose `imm` leads to */
		u32 function; /* this one */
	} call[CALLS];
	u32 calls;
};

static bool mistake(struct gen *g)
{
	return rng_chance(g->rng, g->hazard, 1000);
}

static bool has_room(const struct gen *g, u32 insns)
{
	return g->len + insns <= g->max;
}

static void emit(struct gen *g, struct vm_insn in)
{
	if (g->len < COUNT(g->code))
		g->code[g->len++] = in;
}

static void emit_raw(struct gen *g, u32 code, u32 dst, u32 src, s32 off, s32 imm)
{
	emit(g, (struct vm_insn){(u8)code, (u8)(dst | src << 4), (s16)off, imm});
}

/* r0 to r5 or r9: registers that no block relies on. */
static u32 scratch(struct gen *g)
{
	u32 n = rng_below(g->rng, 7);

	return n == 6 ? 9 : n;
}

static u32 any_register(struct gen *g)
{
	return rng_below(g->rng, 11);
}

/* Register `dst` = value, in one of the ways there are. */
static void emit_constant(struct gen *g, u32 dst, u64 value)
{
	u32 way = rng_below(g->rng, 3);

	if (way == 0 && (u64)(s64)(s32)value == value)
		emit_raw(g, 0xb7, dst, 0, 0, (s32)value); /* r = imm */
	else if (way == 1 && (u32)value == value)
		emit_raw(g, 0xb4, dst, 0, 0, (s32)value); /* w = imm */
	else {
		emit_raw(g, 0x18, dst, 0, 0, (s32)value); /* lddw */
		emit_raw(g, 0, 0, 0, 0, (s32)(value >> 32));
	}
}

/* Register `reg` += value, which may be more than an `imm` holds. */
static void emit_add(struct gen *g, u32 reg, u64 value)
{
	for (; value > ADD_MAX; value -= ADD_MAX)
		emit_raw(g, 0x07, reg, 0, 0, ADD_MAX);
	emit_raw(g, 0x07, reg, 0, 0, (s32)value);
}

/* Which memory is wanted: `size` bytes with `access`, a mask of enum vm_access. */
struct want {
	u32 size, access;
	bool helper; /* for a helper's argument, which may not be much of a packet */
};

static bool region_fits(const struct gen *g, u32 number, const struct want *w, u32 *size)
{
	const struct sample *s = g->sample;
	const struct bpfvm_memory_area *area = &s->image->area[number];
	u32 access = area->access;

	*size = area->size;
	if (number == VM_REGION_STACK) {
		*size = VM_FRAME_SIZE;
		access = VM_READ | VM_WRITE;
	} else if (s->packet_size && number == VM_REGION_CTX) {
		access = s->image->kind == BPFVM_KIND_TC ? VM_READ | VM_WRITE : VM_READ;
		*size = access == VM_READ	? sizeof(struct xdp_md) :
			w->access & VM_WRITE	? BPFVM_CTX_WRITABLE :
						  sizeof(struct __sk_buff);
	} else if (s->packet_size && number == VM_REGION_PACKET) {
		*size = s->packet_size;
		access = w->access & VM_ATOMIC || (w->helper && w->size > VM_PACKET_SPAN) ?
				 0 :
				 VM_READ | VM_WRITE;
	}
	return *size >= w->size && !(w->access & ~access & (VM_READ | VM_WRITE));
}

/* A region that serves, and its size; the stack does if nothing else. */
static u32 pick_region(struct gen *g, const struct want *w, u32 *size)
{
	for (u32 tries = 0; tries < 32; tries++) {
		u32 number = rng_below(g->rng, VM_REGIONS);

		if (region_fits(g, number, w, size))
			return number;
	}
	*size = VM_FRAME_SIZE;
	return VM_REGION_STACK;
}

/*
 * An address near a good one that is not, or not likely to be: beyond an end, of no region, too
 * wide, not aligned.
 */
static u64 spoil(struct gen *g, u64 addr, u32 room, u32 size)
{
	u64 region = addr & ~(u64)VM_OFFSET_MASK;
	u32 other;

	switch (rng_below(g->rng, 10)) {
	case 0:
		return region + room - size + 1 + rng_below(g->rng, size);
	case 1:
		return region - 1 - rng_below(g->rng, 8);
	case 2:
		return (addr & VM_OFFSET_MASK) | (u64)rng_below(g->rng, 256) << VM_OFFSET_BITS;
	case 8:
	case 9: /* a region that may lack the permission */
		other = VM_REGION_RODATA + rng_below(g->rng, 5);
		return VM_ADDRESS(other, rng_below(g->rng, 2) * 8);
	case 3:
		return addr | 1ull << (32 + rng_below(g->rng, 32));
	case 4:
		return -(u64)rng_below(g->rng, 16);
	case 5:
		return addr + 1;
	case 6:
		return region | VM_OFFSET_MASK;
	default:
		return rng_value(g->rng);
	}
}

/*
 * A guest address that the ACL allows; by mistake one that it may not. The last byte of a region
 * comes often.
 */
static u64 pick_address(struct gen *g, const struct want *w)
{
	u32 room, region = pick_region(g, w, &room), last = room - w->size;
	u32 offset = rng_chance(g->rng, 1, 4) ? last : rng_below(g->rng, last + 1);
	u64 addr;

	if (w->access & VM_ATOMIC)
		offset &= ~(w->size - 1);
	addr = VM_ADDRESS(region, offset);
	return mistake(g) ? spoil(g, addr, room, w->size) : addr;
}

/* A register and an `off` that lead to an address. */
struct place {
	u32 reg;
	s32 off;
};

static struct place place_frame(struct gen *g, const struct want *w)
{
	s32 off = -(s32)(w->size + rng_below(g->rng, VM_FRAME_SIZE - w->size + 1));

	if (w->access & VM_ATOMIC)
		off &= -(s32)w->size;
	return (struct place){10, off};
}

/* An address that is computed from a register whose value only the run knows. */
static struct place place_index(struct gen *g, const struct want *w)
{
	u32 room, region = pick_region(g, w, &room), reg = scratch(g), mask = 0;

	while (mask * 2 + 1 + w->size <= room)
		mask = mask * 2 + 1;
	if (w->access & VM_ATOMIC)
		mask &= ~(w->size - 1);
	if (!mistake(g))
		emit_raw(g, 0x57, reg, 0, 0, (s32)mask); /* r &= mask */
	emit_add(g, reg, VM_ADDRESS(region, 0));
	return (struct place){reg, 0};
}

/* Emits what is needed to reach memory that is wanted. */
static struct place emit_place(struct gen *g, const struct want *w)
{
	struct place p = {scratch(g), 0};
	u64 addr;

	switch (rng_below(g->rng, 4)) {
	case 0:
		return place_frame(g, w);
	case 1:
		return place_index(g, w);
	case 2:
		p.off = (s16)rng_value(g->rng);
	}
	addr = pick_address(g, w);
	emit_constant(g, p.reg, addr - (u64)(s64)p.off);
	return p;
}

#endif
