/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The firmware under test, for every board: receives cases over the line, runs each on the machine,
 * and sends back all that came of it. run.py is at the other end. Numbers are little-endian.
 *
 *	hello	once: HELLO, u8 bytes of a pointer, u8 frames, u16 bytes of a frame, u32
 *		instructions that there is room for, u64 address of the stack, u64 of the arena,
 *		u32 its bytes
 *	case	CASE, u64 r1, r2, u32 budget, u32 slice (0: in one go), u8 regions, u32
 *		instructions; 8 bytes for each of these; for each region u32 offset in the arena,
 *		u32 bytes, u8 enum vm_access, the bytes
 *	image	IMAGE, u32 budget, u32 bytes, the bytes: another kind of case
 *	map	MAP, u64 address of the stack, u64 of the arena: how guests see them from now on,
 *		so that a host can stand in for a device
 *	end	END: the firmware ends with status 0
 *	answer	to a case: u8 enum bpfvm_setup, u8 enum vm_stop, u32 pc, u32 steps, u64 r0 to r10,
 *		u32 digest of r11 to r15 and of the memory; what bpfvm_where says: u64 address,
 *		u32 size, u8 access; what the checker says: u8 reason, u32 pc; u16 bytes of the C
 *		stack that the run took, 0 if that is not known
 */
#include "embed.h"
#include "c_stack.h"
#include "helpers.h"
#include "store.h"

enum { HELLO = 'H', CASE = 'C', IMAGE = 'I', MAP = 'M', END = 'E' };

#ifndef ARENA_SIZE
#define ARENA_SIZE 131072 /* bytes */
#endif
#define REGIONS 12

#define GUEST __attribute__((section(".noinit"), aligned(8)))

/* Both at the beginning of RAM, so that boards with the same RAM have the same addresses. */
static GUEST struct {
	u8 stack[VM_FRAMES * VM_FRAME_SIZE];
	u8 arena[ARENA_SIZE];
} memory;

#if FIRMWARE_CHECKS
static u8 work[BPFVM_CHECK_SIZE(CODE_SIZE)];
#endif
static struct bpfvm_kv_row rows[2];
static struct bpfvm_kv kv = {rows, 1, 0}, kv_global = {rows + 1, 1, 0};
static struct bpfvm_config config = {
	.helpers = helpers,
	.helper_count = sizeof(helpers) / sizeof(*helpers),
	.kv = &kv,
	.kv_global = &kv_global,
};
static struct bpfvm vm;
static struct bpfvm_region region[REGIONS];

/* What a guest's addresses are more than the board's own. */
static u64 stack_moved, arena_moved;

/* A case, but for its regions and its code. */
struct run {
	u64 r1, r2;
	u32 budget, slice, insns;
	u8 regions;
	u16 c_stack; /* of the answer */
};

static u64 address(const void *p)
{
	return (u64)(__UINTPTR_TYPE__)p;
}

static void move(struct bpfvm_region *r, u64 by)
{
	r->start += (bpfvm_addr_t)by;
	r->shift -= (bpfvm_addr_t)by;
}

static void hello(void)
{
	board_put(HELLO);
	link_put(sizeof(void *), 1);
	link_put(VM_FRAMES, 1);
	link_put(VM_FRAME_SIZE, 2);
	link_put(CODE_SIZE, 4);
	link_put(address(memory.stack), 8);
	link_put(address(memory.arena), 8);
	link_put(ARENA_SIZE, 4);
}

static void get_map(void)
{
	stack_moved = link_number(8) - address(memory.stack);
	arena_moved = link_number(8) - address(memory.arena);
}

/* The end of the protocol is out of step: better an end than nonsense. */
static void fits(u32 end, u32 room)
{
	if (end > room)
		board_exit(LINK_ENDED);
}

static void get_region(struct bpfvm_region *r)
{
	u32 offset = (u32)link_number(4), size = (u32)link_number(4), access = link_get();

	fits(offset, ARENA_SIZE);
	fits(size, ARENA_SIZE - offset);
	bpfvm_add_region(&vm, r, memory.arena + offset, size, access);
	move(r, arena_moved);
	link_bytes(memory.arena + offset, size);
}

static enum bpfvm_setup get_case(struct run *c)
{
	enum bpfvm_setup error;

	c->r1 = link_number(8);
	c->r2 = link_number(8);
	c->budget = (u32)link_number(4);
	c->slice = (u32)link_number(4);
	c->regions = link_get();
	c->insns = (u32)link_number(4);
	fits(c->regions, REGIONS);
	fits(c->insns, CODE_SIZE);
	error = bpfvm_init(&vm, &config, store_bytes(c->insns * 8), c->insns, memory.stack,
			   sizeof(memory.stack));
	move(&vm.stack, stack_moved);
	for (u8 i = 0; i < c->regions; i++)
		get_region(&region[i]);
	return error;
}

/* An image, which brings all but the memory for its data. */
static enum bpfvm_setup get_image(struct run *c)
{
	static struct bpfvm_areas areas = {.memory = memory.arena, .size = sizeof(memory.arena)};
	u32 size;
	enum bpfvm_setup error;

	__builtin_memset(c, 0, sizeof(*c));
	c->budget = (u32)link_number(4);
	size = (u32)link_number(4);
	fits(size, CODE_SIZE * 8ul);
	error = bpfvm_init_image(&vm, &config, store_bytes(size), size, &areas, memory.stack,
				 sizeof(memory.stack));
	move(&vm.stack, stack_moved);
	return error;
}

static void run_in_slices(const struct run *c)
{
	u32 left = c->budget, piece;
	u64 result;

	bpfvm_start(&vm, c->r1, c->r2);
	do {
		piece = c->slice && c->slice < left ? c->slice : left;
		left -= piece;
	} while (bpfvm_resume(&vm, piece, &result) == VM_TRAP_STEPS && left);
}

/* The C stack that a helper of the firmware takes is not the machine's. */
static void run(struct run *c)
{
	u64 result;
	volatile u32 *c_stack;

	config.budget = c->budget;
	kv.used = kv_global.used = 0;
	helpers_called = 0;
	c_stack = c_stack_begin();
	if (c->slice || c->r1 || c->r2)
		run_in_slices(c);
	else
		bpfvm_execute(&vm, &result);
	c->c_stack = helpers_called ? 0 : (u16)c_stack_end(c_stack);
}

/* FNV-1a: each byte, and where it is, counts. */
static u32 digest_of(u32 digest, const void *data, u32 size)
{
	for (const u8 *p = data; size--; p++)
		digest = (digest ^ *p) * 0x01000193;
	return digest;
}

/* The bytes of the stack but for the zeros that it ends in. */
static u32 used_stack(void)
{
	const u32 *word = (const u32 *)(const void *)memory.stack;
	u32 count = sizeof(memory.stack) / sizeof(*word);

	while (count && !word[count - 1])
		count--;
	return count * sizeof(*word);
}

static u32 digest(u8 regions)
{
	u32 sum = digest_of(0x811c9dc5, &vm.st.reg[11], 5 * sizeof(u64));

	sum = digest_of(sum, memory.stack, used_stack());
	for (u8 i = 0; i < regions; i++) {
		bpfvm_addr_t at = region[i].start + region[i].shift;

		sum = digest_of(sum, (void *)(__UINTPTR_TYPE__)at, region[i].span >> 2);
	}
	return sum;
}

static void put_fault(void)
{
	struct bpfvm_where fault = {0};
	u32 pc = 0, reason = NOT_CHECKED;

	if (vm.st.stop != VM_STOP_EXIT)
		bpfvm_where(&vm, &fault);
	link_put(fault.addr, 8);
	link_put(fault.size, 4);
	link_put(fault.access, 1);
#if FIRMWARE_CHECKS
	reason = bpfvm_check(&vm, work, &pc);
#endif
	link_put(reason, 1);
	link_put(pc, 4);
}

static void answer(const struct run *c, enum bpfvm_setup error)
{
	link_put(error, 1);
	link_put(vm.st.stop, 1);
	link_put(vm.st.pc, 4);
	link_put(vm.st.steps, 4);
	for (u8 i = 0; i < 11; i++)
		link_put(vm.st.reg[i], 8);
	link_put(digest(c->regions), 4);
	put_fault();
	link_put(c->c_stack, 2);
}

/* What is not there is all 0. */
static void no_answer(enum bpfvm_setup error)
{
	link_put(error, 1);
	for (u8 i = 0; i < 121; i++)
		board_put(0);
}

static void serve(enum bpfvm_setup (*get)(struct run *))
{
	struct run c;
	enum bpfvm_setup error = get(&c);

	if (error)
		return no_answer(error);
	run(&c);
	answer(&c, error);
}

int main(void)
{
	s16 kind;

	board_start();
	hello();
	while ((kind = board_get()) != END) {
		if (kind == MAP)
			get_map();
		else if (kind == CASE)
			serve(get_case);
		else if (kind == IMAGE)
			serve(get_image);
		else
			board_exit(LINK_ENDED);
	}
	board_exit(0);
}
