/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The embeddable machine: guests in firmware, or in any other C program. Compile mcu/embed.c with
 * it; everything lies in memory that the caller owns, there are no globals, and no libc is needed
 * but memcpy and memset.
 *
 *	static const struct bpfvm_config config = {.budget = 100000};
 *	static u64 stack[VM_FRAME_SIZE / 8];
 *	static struct bpfvm vm;
 *	struct sample ctx = {...};
 *	u64 result;
 *
 *	if (bpfvm_init(&vm, &config, code, count, stack, sizeof(stack)) == BPFVM_READY &&
 *	    bpfvm_execute_ctx(&vm, &ctx, sizeof(ctx), &result) == BPFVM_DONE)
 *		...
 *
 * A guest uses the addresses of the firmware; what it may touch is its stack, the context and the
 * regions that it was given. Addresses are 64 bits for every guest, so a context with pointers in
 * it holds them as BPFVM_POINTER: the same object then runs on 32-bit and on 64-bit machines.
 *
 * An instance is for one thread at a time, and so is a key-value store; a helper's body does not
 * run the instance that called it. Different instances share nothing but what the caller makes them
 * share, so they may run at once. The code must not change as long as an instance of it exists.
 */
#ifndef BPFVM_EMBED_H
#define BPFVM_EMBED_H

/*
 * Build options, the same for mcu/embed.c and for those who include this. BPFVM_PORT names a header
 * with the words of a port, see include/port.h; VM_FRAMES and VM_FRAME_SIZE are in include/vm.h,
 * the parts of the instruction set in include/port.h.
 */
#ifdef BPFVM_PORT
#include BPFVM_PORT
#endif
#include "helper_call.h"

#ifndef VM_KV
#define VM_KV 1 /* key-value stores: helpers 240 to 243 */
#endif

/* A guest address as this machine can use it, that is, one that lies in a region. */
#if __SIZEOF_POINTER__ > 4
typedef u64 bpfvm_addr_t;
#else
typedef u32 bpfvm_addr_t;
#endif

/* A member of a context that holds a pointer, for firmware and guests of any width. */
#define BPFVM_POINTER(type, name)                                                                  \
	union {                                                                                    \
		type *name;                                                                        \
		__UINT64_TYPE__ name##_address; /* clear this one before you set the other */      \
	}

/*
 * Memory that a guest may touch, beside stack and context. It belongs to the caller, for as long as
 * the instance exists; the members are the machine's, set by bpfvm_add_region.
 */
struct bpfvm_region {
	struct bpfvm_region *next;
	bpfvm_addr_t start; /* where the guest sees it */
	bpfvm_addr_t shift; /* where it lies, minus `start`; 0 but for parts of images */
	u32 span;	    /* bytes, times 4, plus VM_READ and VM_WRITE if allowed */
};
#define BPFVM_REGION_MAX 0x3fffffffu /* bytes */
#define BPFVM_CODE_MAX 0x1fffffffu /* instructions: the numbers around 0 stay apart from all */

/*
 * A key-value store. The caller owns the rows and sets `used` to 0 once. Guests that may run at the
 * same time, one of them in an interrupt say, must not share one: nothing is locked.
 */
struct bpfvm_kv_row {
	u64 key, value;
};
struct bpfvm_kv {
	struct bpfvm_kv_row *row;
	u16 size; /* rows that there are */
	u16 used; /* the first so many have a meaning */
};

struct bpfvm;

/*
 * The body of a helper. arg[0] to arg[4] are r1 to r5. Where the helper's row says that an argument
 * is memory, at[i] is the place of it, checked for its size and direction, NULL if it is nothing
 * (READ0 and WRITE0 of 0 bytes); follow this, never a register. It may be misaligned, so memcpy
 * what has more than a byte, and overlap another one. Returns r0. May call bpfvm_trap.
 */
typedef u64 bpfvm_body_t(struct bpfvm *vm, const u64 *arg, void *const *at);

/*
 * A helper: a row of the table in struct bpfvm_config, in any order; of two with the same number
 * the first counts. The kinds of arguments are those of include/helpers.def:
 *
 *	BPFVM_HELPER(300, read_sensor, VALUE, WRITE, SIZE, NONE, NONE)
 *	BPFVM_KNOWN(ktime_get_ns, my_clock)
 *
 * The first makes one of the firmware's own, the second takes number and arguments from
 * include/helpers.def. READ, WRITE and CHANGE are followed by their SIZE, up to VM_HELPER_SPAN
 * bytes. Arguments that are MAP, KEY, ELEM, FUNC or TEXT trap: there are no maps and no callbacks
 * here, and a text is better given with its size.
 */
struct bpfvm_helper {
	u32 number;
	u32 args; /* enum bpfvm_arg, four bits each */
	bpfvm_body_t *body;
};
#define BPFVM_HELPER(number, body, a1, a2, a3, a4, a5)                                             \
	{                                                                                          \
		number, BPFVM_ARGS(a1, a2, a3, a4, a5), body                                       \
	}
#define BPFVM_KNOWN(name, body)                                                                    \
	{                                                                                          \
		BPFVM_NUMBER_##name, BPFVM_ARGS_##name, body                                       \
	}
#define BPFVM_ARGS(a1, a2, a3, a4, a5)                                                             \
	((u32)BPFVM_ARG_##a1 | (u32)BPFVM_ARG_##a2 << 4 | (u32)BPFVM_ARG_##a3 << 8 |               \
	 (u32)BPFVM_ARG_##a4 << 12 | (u32)BPFVM_ARG_##a5 << 16)

/* Kinds of arguments: what is done to memory (VM_READ, VM_WRITE, or nothing), and one of these. */
enum bpfvm_arg {
	BPFVM_ARG_NONE = 0,
	BPFVM_ARG_VALUE = 0,
	BPFVM_ARG_SIZE = 0,
	BPFVM_ARG_OPEN = 1 << 2,  /* its size, the next argument, may be 0 */
	BPFVM_ARG_FIXED = 2 << 2, /* it has a size of its own */
	BPFVM_ARG_CTX = BPFVM_ARG_OPEN,
	BPFVM_ARG_MAP = BPFVM_ARG_FIXED,
	BPFVM_ARG_KEY = BPFVM_ARG_FIXED,
	BPFVM_ARG_ELEM = BPFVM_ARG_FIXED,
	BPFVM_ARG_FUNC = BPFVM_ARG_FIXED,
	BPFVM_ARG_READ = VM_READ,
	BPFVM_ARG_READ0 = VM_READ | BPFVM_ARG_OPEN,
	BPFVM_ARG_WRITE = VM_WRITE,
	BPFVM_ARG_WRITE0 = VM_WRITE | BPFVM_ARG_OPEN,
	BPFVM_ARG_CHANGE = VM_READ | VM_WRITE,
	BPFVM_ARG_TEXT = BPFVM_ARG_FIXED,
	BPFVM_ARG_WRITE8 = VM_WRITE | BPFVM_ARG_FIXED,
	BPFVM_ARG_LOCK = VM_READ | VM_WRITE | BPFVM_ARG_FIXED,
};
#define BPFVM_FIXED_SIZE(access) (16 - 4 * (access)) /* WRITE8 has 8 bytes, LOCK 4 */
enum {
#define HELPER(number, name, where, a1, a2, a3, a4, a5)                                            \
	BPFVM_NUMBER_##name = number,                                                              \
	BPFVM_ARGS_##name = BPFVM_ARGS(a1, a2, a3, a4, a5),
#include "helpers.def"
};

/* What instances may have in common; constant, it can lie in flash. All of it is optional. */
struct bpfvm_config {
	const struct bpfvm_helper *helpers;
	u32 helper_count;
	u32 budget;		    /* instructions of one bpfvm_execute */
	struct bpfvm_kv *kv;	    /* of the guest, or NULL: it has none */
	struct bpfvm_kv *kv_global; /* of all guests, or NULL */
	void *user;		    /* for the helpers: vm->config->user */
};

/* What a call keeps for its return. */
struct bpfvm_frame {
	u64 saved[4]; /* r6..r9 */
	u32 back;     /* where the caller goes on */
};

/* An instance. The members are the machine's; look, but use the functions. */
struct bpfvm {
	vm_code_t code;
	u32 len;   /* instructions */
	u32 entry; /* where execution begins */
	const struct bpfvm_config *config;
	struct bpfvm_region stack; /* the first region: the frames down to the present one */
	struct bpfvm_region ctx;   /* the second; the caller's follow */
	const struct bpfvm_region *hit[2]; /* of the last read, and of the last write */
	struct {
		u32 dirty; /* the largest span of the stack region that a guest has used */
		u32 steps; /* executed since the start, modulo 2^32; during a run, all it may */
		u32 pc;	   /* of the next instruction; after a trap, of the one that trapped */
		u8 depth;  /* nested calls */
		u8 frames; /* that the stack has room for, up to VM_FRAMES */
		u8 stop;   /* enum vm_stop */
		u8 mask;   /* 0xff if the last instruction never goes on to the next one */
		u64 reg[VM_REGISTERS];
	} st;
#if VM_FRAMES > 1
	struct bpfvm_frame frame[VM_FRAMES - 1];
#endif
};

/* What is wrong with an image or an argument; bpfvm_setup_text says it in a sentence. */
enum bpfvm_setup {
	BPFVM_READY,
#define SETUP(name, sentence) BPFVM_BAD_##name,
#include "setup.def"
	BPFVM_SETUPS,
};

#define BPFVM_DONE VM_STOP_EXIT

/*
 * Makes an instance for `count` instructions at `code`, aligned to 4; it begins at the first one.
 * `stack`, aligned to 8, has `stack_size` bytes: as many frames of VM_FRAME_SIZE bytes as fit, up
 * to VM_FRAMES; at least one. `config` is not NULL. All of it stays the caller's, and has to stay.
 * The stack is for this instance: another one there would leave what this one's guest could read.
 */
enum bpfvm_setup bpfvm_init(struct bpfvm *vm, const struct bpfvm_config *config,
			    vm_code_t code, u32 count, void *stack, u32 stack_size);

/*
 * Where the .rodata and .data of an image appear to its guest: they have addresses of their own
 * (VM_REGION_RODATA and VM_REGION_DATA), which are the only ones that are translated. What is only
 * read is used where it lies, the rest is copied to `memory`. Belongs to one instance.
 */
struct bpfvm_areas {
	struct bpfvm_region region[2];
	void *memory; /* aligned to 8; bpfvm_image_memory tells how much */
	u32 size;
};

/*
 * Makes an instance for an image, made by `loader pack`, in `size` bytes at `image`, aligned to 8;
 * it is executed where it lies. `areas` may be NULL for images without .rodata and .data. The image
 * is checked for damage, not whether its guest is well behaved: see bpfvm_check.
 */
enum bpfvm_setup bpfvm_init_image(struct bpfvm *vm, const struct bpfvm_config *config,
				  vm_image_t image, u32 size, struct bpfvm_areas *areas,
				  void *stack, u32 stack_size);

/* Whether `size` bytes at `image` are an image that this build can use. */
enum bpfvm_setup bpfvm_image_check(vm_image_t image, u32 size);

/* Bytes of memory that an image needs for its data; it has passed bpfvm_image_check. */
u32 bpfvm_image_memory(vm_image_t image);

/*
 * Lets the guest use `len` bytes at `start`, up to BPFVM_REGION_MAX; `access` is VM_READ, VM_WRITE
 * or both. `region` is the caller's, in one instance's list at a time. The one that was added last
 * is looked at first. Nothing below address VM_STOPS can be used: such a place stands for a trap.
 */
void bpfvm_add_region(struct bpfvm *vm, struct bpfvm_region *region, void *start, u32 len,
		      u32 access);
void bpfvm_remove_region(struct bpfvm *vm, struct bpfvm_region *region);

/*
 * Run the guest from its entry: registers and stack are zeros but for r1 and r2, which are 0, or
 * `ctx` and its `size`, up to BPFVM_REGION_MAX. Return BPFVM_DONE, *result being r0, or the trap,
 * enum vm_stop, for which bpfvm_where has the details. After VM_TRAP_STEPS, the budget being used
 * up, bpfvm_resume goes on, for up to `budget` instructions more, in the same `ctx`.
 */
u32 bpfvm_execute_ctx(struct bpfvm *vm, void *ctx, u32 size, u64 *result);
static inline u32 bpfvm_execute(struct bpfvm *vm, u64 *result)
{
	return bpfvm_execute_ctx(vm, (void *)0, 0, result);
}
u32 bpfvm_resume(struct bpfvm *vm, u32 budget, u64 *result);

/*
 * The same in two steps, without a context: the first one executes nothing, bpfvm_resume begins.
 * If r1 or r2 is an address, bpfvm_add_region makes it one that the guest may use.
 */
void bpfvm_start(struct bpfvm *vm, u64 r1, u64 r2);

/*
 * For bodies of helpers: stops the guest with a trap when the body returns. With VM_TRAP_STEPS it
 * is suspended: r0 is what the body returns, and bpfvm_resume goes on after the call.
 */
static inline void bpfvm_trap(struct bpfvm *vm, u32 trap)
{
	vm->st.stop = (u8)trap;
}

/* Why and where a guest stopped; to be asked before anything else happens to the instance. */
struct bpfvm_where {
	u64 addr;   /* after a memory trap, or one of an argument: what was accessed, */
	u32 size;   /* how many bytes, 0 if that does not matter, */
	u32 access; /* and how: a mask of enum vm_access */
	u32 pc;	    /* number of the instruction */
	u32 stop;   /* enum vm_stop */
};
void bpfvm_where(struct bpfvm *vm, struct bpfvm_where *where);

/* The name of a trap ("BOUNDS"), its sentence, and the sentence of an enum bpfvm_setup. */
const char *bpfvm_trap_name(u32 stop);
const char *bpfvm_trap_text(u32 stop);
const char *bpfvm_setup_text(enum bpfvm_setup setup);

/* For the firmware: what is in a store. bpfvm_kv_set returns whether there was room. */
_Bool bpfvm_kv_set(struct bpfvm_kv *kv, u64 key, u64 value);
_Bool bpfvm_kv_get(const struct bpfvm_kv *kv, u64 key, u64 *value);

/*
 * The pre-flight check, mcu/embed_check.c: whether include/check.h accepts the guest of an instance
 * that was made, that is, nothing in it can be seen to be wrong. `work` has BPFVM_CHECK_SIZE(count)
 * bytes. Returns VM_CHECK_PASSED or an enum vm_check_reason, the instruction in *pc. Machines do
 * not need it: whatever the code is, they stay within their regions and their budget.
 */
u32 bpfvm_check(const struct bpfvm *vm, void *work, u32 *pc);
#define BPFVM_CHECK_SIZE(count) (2 * (((count) + 7) / 8))

#endif
