/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The embeddable machine of include/embed.h, whole: a firmware compiles this one file. Build option
 * VM_CORE: table (the fastest, the default), switch, or small.
 */
#include "embed.h"

#ifndef VM_CORE
#define VM_CORE table
#endif
/* Whether that is `small`, which leaves out what only makes a core faster. */
#define VM_IS_small 1
#define VM_CORE_IS_1(name) VM_IS_##name
#define VM_CORE_IS(name) VM_CORE_IS_1(name)
#if VM_CORE_IS(VM_CORE)
#define VM_SMALL
#endif
/* Whether speed counts before bytes: everywhere but in a `small` made for size. */
#if !defined(VM_SMALL) || !defined(__OPTIMIZE_SIZE__)
#define VM_QUICK 1
#else
#define VM_QUICK 0
#endif
#define INLINE static inline __attribute__((always_inline))
#define COLD __attribute__((cold))
/* What is used twice: a function where size counts, else a part of both. */
#ifdef __OPTIMIZE_SIZE__
#define TWICE static __attribute__((noinline))
#else
#define TWICE INLINE
#endif
/* Passes of gcc that cost an interpreter registers, bytes, or instructions never executed. */
#if defined(__GNUC__) && !defined(__clang__)
#define VM_GCC
#pragma GCC optimize("no-schedule-insns", "no-if-conversion", "no-if-conversion2")
#pragma GCC optimize("no-tree-vrp", "no-tree-pre", "no-tree-loop-distribute-patterns")
#ifdef __OPTIMIZE_SIZE__
#pragma GCC optimize("no-schedule-insns2", "no-guess-branch-probability")
#pragma GCC optimize("live-range-shrinkage")
#endif
#pragma GCC push_options
#pragma GCC optimize("no-move-loop-invariants")
/* All but the core is made small, whatever the options; what it keeps in registers is stack. */
#pragma GCC push_options
#pragma GCC optimize("Os")
#endif

#define ADDRESS_OF(p) ((bpfvm_addr_t)(__UINTPTR_TYPE__)(p))
#define PLACE(addr) ((u8 *)(__UINTPTR_TYPE__)(addr))

/* --- memory ---------------------------------------------------------------------------------- */

/* By what a region allows there, a trap says why not: find() adds the one to the other. */
_Static_assert(VM_TRAP_BOUNDS + VM_READ == VM_TRAP_READONLY, "order of traps.def");
_Static_assert(VM_TRAP_BOUNDS + VM_WRITE == VM_TRAP_WRITEONLY, "order of traps.def");
_Static_assert(VM_TRAP_BOUNDS + (VM_READ | VM_WRITE) == VM_TRAP_ATOMIC, "order of traps.def");

INLINE _Bool covers(const struct bpfvm_region *r, bpfvm_addr_t at, u32 size)
{
	u32 len = r->span >> 2;

	return size <= len && at - r->start <= len - size;
}

/*
 * The place of memory at guest address `addr`; or no place, but why not, which is a trap. `need` is
 * how many bytes, 1 to VM_HELPER_SPAN, times 8, plus a mask of enum vm_access.
 */
static __attribute__((noinline)) u8 *search(u64 addr, struct bpfvm *vm, u32 need)
{
	u32 size = need >> 3, why = VM_TRAP_BOUNDS;
	bpfvm_addr_t at = (bpfvm_addr_t)addr;
	const struct bpfvm_region *r;

	if (at != addr)
		return PLACE(why);
	for (r = &vm->stack; r; r = r->next) {
		if (!covers(r, at, size))
			continue;
		if (!(need & ~r->span & 3) &&
		    !(need & VM_ATOMIC && (at + r->shift) & (size - 1))) {
#if VM_QUICK
			if (!(~r->span & (need | VM_READ) & 3)) /* a write may become a change */
				vm->hit[need >> 1 & 1] = r;
#endif
			if (r == &vm->stack && vm->st.dirty < r->span)
				vm->st.dirty = r->span;
			return PLACE(at + r->shift);
		}
		why = VM_TRAP_BOUNDS + (r->span & 3);
	}
	return PLACE(why);
}

/* The same, which looks first where the last access was. */
#if VM_QUICK
static __attribute__((noinline)) u8 *find(u64 addr, struct bpfvm *vm, u32 need)
{
	const struct bpfvm_region *r = vm->hit[need >> 1 & 1];
	bpfvm_addr_t at = (bpfvm_addr_t)addr;

	if (at == addr && covers(r, at, need >> 3) && !(need & VM_ATOMIC))
		return PLACE(at + r->shift);
	return search(addr, vm, need);
}
#else
#define find(addr, vm, need) search(addr, vm, need)
#endif

/* The same for the memory that an instruction names, `w` being its first half. */
static __attribute__((noinline, unused)) u8 *find_src(u32 w, struct bpfvm *vm, u32 need)
{
	return find(vm->st.reg[w >> 12 & 15] + (u64)(s64)((s32)w >> 16), vm, need);
}

static __attribute__((noinline, unused)) u8 *find_dst(u32 w, struct bpfvm *vm, u32 need)
{
	return find(vm->st.reg[w >> 8 & 15] + (u64)(s64)((s32)w >> 16), vm, need);
}

#define NOWHERE(place) ((__UINTPTR_TYPE__)(place) < VM_STOPS)
#define WHY_NOT(place) ((u32)(__UINTPTR_TYPE__)(place))

/* --- frames ---------------------------------------------------------------------------------- */

_Static_assert(VM_FRAMES > 0 && VM_FRAMES < 256, "st.frames is a u8");
_Static_assert(VM_FRAME_SIZE % 8 == 0, "frames are cleared by eight bytes");
_Static_assert((u64)VM_FRAMES * VM_FRAME_SIZE <= BPFVM_REGION_MAX, "a stack is a region");

/* Gives the stack region the frames down to number `depth`, and r10 its top. */
TWICE void open_frame(struct bpfvm *vm, u32 depth)
{
	u32 size = (depth + 1) * VM_FRAME_SIZE;

	vm->st.depth = (u8)depth;
	vm->stack.span = size << 2 | VM_READ | VM_WRITE;
	vm->st.reg[10] = vm->stack.start + size;
#if VM_QUICK
	/* find() has to see the first access of each frame. */
	vm->hit[0] = vm->hit[1] = &vm->ctx;
#endif
}

/*
 * Enters a function that returns to `back`, or leaves one, `back` being 0 and depth not. Returns
 * where that one goes on, or 0 if there is no frame left.
 */
#if VM_FRAMES > 1 && VM_LOCAL_CALLS
static __attribute__((noinline)) u32 change_frame(struct bpfvm *vm, u32 back)
{
	u32 depth = vm->st.depth;
	struct bpfvm_frame *f;
	const u64 *from;
	u64 *to = &vm->st.reg[6];

	if (!back)
		depth--;
	f = &vm->frame[depth];
	VM_HIDE(f);
	from = f->saved;
	if (back) {
		if (++depth == vm->st.frames)
			return 0;
		from = to;
		to = f->saved;
		f->back = back;
	}
	for (u32 i = 0; i < 4; i++)
		to[i] = from[i];
	open_frame(vm, depth);
	return f->back;
}
#else
static inline u32 change_frame(struct bpfvm *vm, u32 back)
{
	(void)vm, (void)back;
	return 0;
}
#endif

#include "embed_helpers.h"

/* --- the core -------------------------------------------------------------------------------- */

#if VM_ATOMICS
#include "embed_atomic.h"
#else
#define step_atomic(vm, w, key) VM_TRAP_ILLEGAL
#endif

#define VM_CORE_FILE_2(name) #name
#define VM_CORE_FILE_1(name) VM_CORE_FILE_2(core_##name.c)
#define VM_CORE_FILE(name) VM_CORE_FILE_1(name)
#define VM_PORT_WORDS "embed_words.h"
#if !VM_CORE_IS(VM_CORE)
#include "step_other.h"
#endif
#ifdef VM_GCC
#pragma GCC pop_options
#endif
#include VM_CORE_FILE(VM_CORE)
#ifdef VM_GCC
#pragma GCC pop_options
#endif

/* --- set-up ---------------------------------------------------------------------------------- */

static void set_region(struct bpfvm_region *r, bpfvm_addr_t start, const void *at, u32 len,
		       u32 access)
{
	r->start = start;
	r->shift = ADDRESS_OF(at) - start;
	r->span = len << 2 | (access & (VM_READ | VM_WRITE));
}

static void insert(struct bpfvm *vm, struct bpfvm_region *r)
{
	r->next = vm->ctx.next;
	vm->ctx.next = r;
}

COLD void bpfvm_add_region(struct bpfvm *vm, struct bpfvm_region *region, void *start, u32 len,
			   u32 access)
{
	set_region(region, ADDRESS_OF(start), start, len, access);
	insert(vm, region);
}

COLD void bpfvm_remove_region(struct bpfvm *vm, struct bpfvm_region *region)
{
	struct bpfvm_region *r = &vm->ctx;

	while (r->next && r->next != region)
		r = r->next;
	if (r->next)
		r->next = region->next;
	vm->hit[0] = vm->hit[1] = &vm->ctx; /* it may have been one of these */
}

/* Of a pointer, or of what a port has instead. */
#define ALIGNED(p, to) (!((__UINTPTR_TYPE__)(p) & ((to) - 1)))

COLD enum bpfvm_setup bpfvm_init(struct bpfvm *vm, const struct bpfvm_config *config,
			    vm_code_t code, u32 count, void *stack, u32 stack_size)
{
	u32 frames = stack_size / VM_FRAME_SIZE;

	if (!code || !count || count > BPFVM_CODE_MAX || !ALIGNED(code, 4))
		return BPFVM_BAD_CODE;
	if (!stack || !frames || !ALIGNED(stack, 8))
		return BPFVM_BAD_STACK;
	__builtin_memset(vm, 0, sizeof(*vm));
	vm->config = config;
	vm->code = code;
	vm->len = count;
	vm->st.frames = frames < VM_FRAMES ? (u8)frames : VM_FRAMES;
	vm->st.dirty = (u32)vm->st.frames * VM_FRAME_SIZE << 2;
	vm->st.stop = VM_TRAP_EMPTY;
#ifndef VM_SMALL
	vm->st.mask = vm_never_goes_on((u8)VM_WORD(VM_SLOT(code, count - 1))) ? 0xff : 0;
#endif
	vm->stack.start = ADDRESS_OF(stack);
	vm->stack.next = &vm->ctx;
	return BPFVM_READY;
}

/* --- runs ------------------------------------------------------------------------------------ */

TWICE void clear(void *at, u32 count)
{
	for (u64 *p = at; count; count--)
		*p++ = 0;
}

#if defined(__thumb2__) && VM_QUICK
/* Eight words at a time, which the compiler does not think of. */
#define EIGHT_WORDS "{r4, r5, r6, r8, r9, r10, r11, r12}\n\t"
static inline void clear_registers(u64 *reg)
{
	static const u32 zeros[8];

	_Static_assert(VM_REGISTERS == 16, "four times eight words");
	__asm__ volatile("ldmia %1, " EIGHT_WORDS
			 "stmia %0!, " EIGHT_WORDS "stmia %0!, " EIGHT_WORDS
			 "stmia %0!, " EIGHT_WORDS "stmia %0!, " EIGHT_WORDS
			 : "+r"(reg)
			 : "r"(zeros)
			 : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "memory");
}
#else
static inline void clear_registers(u64 *reg)
{
	clear(reg, VM_REGISTERS);
}
#endif

/* Registers, stack and frames as a run begins with them, but for r1 and r2. */
TWICE void begin(struct bpfvm *vm)
{
	/* No guest reads what another one, or another run, left behind. */
	if (vm->st.dirty)
		clear(PLACE(vm->stack.start + vm->stack.shift), vm->st.dirty >> 5);
	clear_registers(vm->st.reg);
	vm->st.pc = vm->entry;
	open_frame(vm, 0);
}

void bpfvm_start(struct bpfvm *vm, u64 r1, u64 r2)
{
	vm->ctx.start = vm->ctx.span = 0; /* the memory of an earlier one may be gone */
	begin(vm);
	vm->st.reg[1] = r1;
	vm->st.reg[2] = r2;
	vm->st.dirty = vm->st.steps = 0;
	vm->st.stop = VM_TRAP_STEPS;
}

u32 bpfvm_resume(struct bpfvm *vm, u32 budget, u64 *result)
{
	if (vm->st.stop != VM_TRAP_STEPS) {
		*result = vm->st.reg[0];
		return vm->st.stop;
	}
	vm->st.steps += budget;
	return run(vm, budget, result);
}

u32 bpfvm_execute_ctx(struct bpfvm *vm, void *ctx, u32 size, u64 *result)
{
	u32 budget;

	vm->ctx.start = ADDRESS_OF(ctx);
	vm->ctx.span = size << 2 | VM_READ | VM_WRITE;
	begin(vm);
	vm->st.reg[1] = vm->ctx.start;
	vm->st.reg[2] = size;
	budget = vm->config->budget;
	vm->st.dirty = 0;
	vm->st.steps = budget;
	return run(vm, budget, result);
}

#include "embed_image.h"
#include "embed_text.h"
