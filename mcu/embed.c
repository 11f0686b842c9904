/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The embeddable machine of include/embed.h, whole: a firmware compiles this one file. Build option
 * VM_CORE: table (the fastest, the default), switch, or small.
 */
#include "crc32.h"
#include "embed.h"
#include "image.h"

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

#define ADDRESS_OF(p) ((bpfvm_addr_t)(__UINTPTR_TYPE__)(p))
#define PLACE(addr) ((u8 *)(__UINTPTR_TYPE__)(addr))
#define NOWHERE PLACE(~(__UINTPTR_TYPE__)0)

/* --- memory ---------------------------------------------------------------------------------- */

/* By what a region allows there, a trap says why not: find() adds the one to the other. */
_Static_assert(VM_TRAP_BOUNDS + VM_READ == VM_TRAP_READONLY, "order of traps.def");
_Static_assert(VM_TRAP_BOUNDS + VM_WRITE == VM_TRAP_WRITEONLY, "order of traps.def");
_Static_assert(VM_TRAP_BOUNDS + (VM_READ | VM_WRITE) == VM_TRAP_ATOMIC, "order of traps.def");

/*
 * The place of memory at guest address `addr`, or NOWHERE and the trap in st.stop. `need` is how
 * many bytes, 1 to VM_HELPER_SPAN, times 8, plus a mask of enum vm_access.
 */
static __attribute__((noinline)) u8 *find(u64 addr, struct bpfvm *vm, u32 need)
{
	u32 size = need >> 3, seen = 0;
	const struct bpfvm_region *r;
	bpfvm_addr_t at = (bpfvm_addr_t)addr;

	for (r = &vm->stack; at == addr && r; r = r->next) {
		u32 len = r->span >> 2;

		if (size > len || at - r->start > len - size)
			continue;
		seen = r->span & 3;
		if (need & ~seen & 3 || (need & VM_ATOMIC && (at + r->shift) & (size - 1)))
			continue;
#ifndef VM_SMALL
		vm->hit[(need & VM_WRITE) != 0] = r;
#endif
		if (r == &vm->stack && vm->st.dirty <= vm->st.depth)
			vm->st.dirty = vm->st.depth + 1;
		return PLACE(at + r->shift);
	}
	vm->st.stop = VM_TRAP_BOUNDS + seen;
	return NOWHERE;
}

/* --- frames ---------------------------------------------------------------------------------- */

/* Gives the stack region the frames down to the present one, and r10 its top. */
static void open_frame(struct bpfvm *vm)
{
	u32 size = (vm->st.depth + 1u) * VM_FRAME_SIZE;

	vm->stack.span = size << 2 | VM_READ | VM_WRITE;
	vm->st.reg[10] = vm->stack.start + size;
#ifndef VM_SMALL
	/* find() has to see the first access of each frame. */
	vm->hit[0] = vm->hit[1] = &vm->ctx;
#endif
}

/* Enters a function that returns to `back`; false if there is no frame left. */
static _Bool push_frame(struct bpfvm *vm, u32 back)
{
#if VM_FRAMES > 1 && VM_LOCAL_CALLS
	struct bpfvm_frame *f = &vm->frame[vm->st.depth];

	if (vm->st.depth + 1 >= vm->st.frames)
		return 0;
	vm->st.depth++;
	__builtin_memcpy(f->saved, &vm->st.reg[6], sizeof(f->saved));
	f->back = back;
	open_frame(vm);
	return 1;
#else
	(void)vm, (void)back;
	return 0;
#endif
}

/* Leaves a function, depth being above 0; returns where to go on. */
static u32 pop_frame(struct bpfvm *vm)
{
#if VM_FRAMES > 1 && VM_LOCAL_CALLS
	struct bpfvm_frame *f = &vm->frame[--vm->st.depth];

	__builtin_memcpy(&vm->st.reg[6], f->saved, sizeof(f->saved));
	open_frame(vm);
	return f->back;
#else
	(void)vm;
	return 0;
#endif
}

/* --- key-value stores ------------------------------------------------------------------------ */

static struct bpfvm_kv_row *kv_find(const struct bpfvm_kv *kv, u64 key)
{
	for (u16 i = 0; i < kv->used; i++)
		if (kv->row[i].key == key)
			return &kv->row[i];
	return (void *)0;
}

_Bool bpfvm_kv_set(struct bpfvm_kv *kv, u64 key, u64 value)
{
	struct bpfvm_kv_row *row = kv_find(kv, key);

	if (!row && kv->used < kv->size) {
		row = &kv->row[kv->used++];
		row->key = key;
	}
	if (row)
		row->value = value;
	return row != (void *)0;
}

_Bool bpfvm_kv_get(const struct bpfvm_kv *kv, u64 key, u64 *value)
{
	const struct bpfvm_kv_row *row = kv_find(kv, key);

	*value = row ? row->value : 0;
	return row != (void *)0;
}

#if VM_KV
#define KV_E2BIG (-7)
#define KV_ENOENT (-2)

static u64 kv_store(struct bpfvm_kv *kv, const u64 *arg)
{
	return kv && bpfvm_kv_set(kv, arg[0], arg[1]) ? 0 : (u64)(s64)KV_E2BIG;
}

static u64 kv_fetch(const struct bpfvm_kv *kv, const u64 *arg, void *to)
{
	u64 value = 0;
	_Bool found = kv && bpfvm_kv_get(kv, arg[0], &value);

	__builtin_memcpy(to, &value, sizeof(value));
	return found ? 0 : (u64)(s64)KV_ENOENT;
}

#define KV_BODY(name, effect)                                                                      \
	static u64 name(struct bpfvm *vm, const u64 *arg, void *const *at)                         \
	{                                                                                          \
		(void)at;                                                                          \
		return effect;                                                                     \
	}
KV_BODY(store_local, kv_store(vm->config->kv, arg))
KV_BODY(fetch_local, kv_fetch(vm->config->kv, arg, at[1]))
KV_BODY(store_global, kv_store(vm->config->kv_global, arg))
KV_BODY(fetch_global, kv_fetch(vm->config->kv_global, arg, at[1]))

static const struct bpfvm_helper kv_helpers[] = {
	BPFVM_KNOWN(kv_store, store_local),
	BPFVM_KNOWN(kv_fetch, fetch_local),
	BPFVM_KNOWN(kv_store_global, store_global),
	BPFVM_KNOWN(kv_fetch_global, fetch_global),
};
#endif

/* --- helpers --------------------------------------------------------------------------------- */

static const struct bpfvm_helper *helper_in(const struct bpfvm_helper *h, u32 count, u32 number)
{
	for (; count; count--, h++)
		if (h->number == number)
			return h;
	return (void *)0;
}

static const struct bpfvm_helper *helper_of(const struct bpfvm *vm, u32 number)
{
	const struct bpfvm_helper *h;

	h = helper_in(vm->config->helpers, vm->config->helper_count, number);
#if VM_KV
	if (!h)
		h = helper_in(kv_helpers, sizeof(kv_helpers) / sizeof(*kv_helpers), number);
#endif
	return h;
}

/* What kinds of arguments do with memory, two bits each; 0: they do not point to memory. */
#define ACCESSES                                                                                   \
	((u32)VM_READ << 2 * VM_ARG_READ | (u32)VM_READ << 2 * VM_ARG_READ0 |                      \
	 (u32)VM_WRITE << 2 * VM_ARG_WRITE | (u32)VM_WRITE << 2 * VM_ARG_WRITE0 |                  \
	 (u32)(VM_READ | VM_WRITE) << 2 * VM_ARG_CHANGE | (u32)VM_WRITE << 2 * VM_ARG_WRITE8 |     \
	 (u32)(VM_READ | VM_WRITE) << 2 * VM_ARG_LOCK | (u32)VM_READ << 2 * VM_ARG_TEXT)

/* How much memory an argument that points to some wants, and how: as find() takes it; 0: it must not. */
static u32 need_of(u32 kind, const u64 *arg)
{
	u32 access = ACCESSES >> 2 * kind & 3;

	if (kind == VM_ARG_WRITE8)
		return 8 << 3 | access;
	if (kind == VM_ARG_LOCK)
		return 4 << 3 | access | VM_ATOMIC;
	if (kind == VM_ARG_TEXT)
		return 1 << 3 | access;
	return arg[1] > VM_HELPER_SPAN ? 0 : (u32)arg[1] << 3 | access;
}

/* Checks an argument and says in *at what is behind it; false: it traps. */
static _Bool argument(struct bpfvm *vm, u32 kind, const u64 *arg, void **at)
{
	u32 need;

	*at = (void *)0;
	if (!(ACCESSES >> 2 * kind & 3))
		return kind == VM_ARG_VALUE || (kind == VM_ARG_CTX && *arg == vm->ctx.start);
	need = need_of(kind, arg);
	if (need < 8)
		return !need ? 0 : kind == VM_ARG_READ0 || kind == VM_ARG_WRITE0;
	*at = find(*arg, vm, need);
	return *at != NOWHERE;
}

/* Serves helper `number`; returns a trap or VM_STOP_NONE. */
static __attribute__((noinline)) u32 call_helper(struct bpfvm *vm, u32 number)
{
	const struct bpfvm_helper *h = helper_of(vm, number);
	const u64 *arg = &vm->st.reg[1];
	void *at[5];

	if (!h)
		return VM_TRAP_HELPER;
	for (u32 i = 0; i < 5; i++)
		if (!argument(vm, VM_ARG_KIND(h->args, i), arg + i, &at[i]))
			return VM_TRAP_ARGUMENT;
	vm->st.stop = VM_STOP_NONE;
	vm->st.reg[0] = h->body(vm, arg, at);
	return vm->st.stop;
}

/* --- the core -------------------------------------------------------------------------------- */

#if VM_ATOMICS
static __attribute__((noinline, cold)) u32 step_atomic(struct bpfvm *vm, u32 w, u32 key);
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
#include VM_CORE_FILE(VM_CORE)
#if VM_ATOMICS
#include "embed_atomic.h"
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

void bpfvm_add_region(struct bpfvm *vm, struct bpfvm_region *region, void *start, u32 len,
		      u32 access)
{
	set_region(region, ADDRESS_OF(start), start, len, access);
	insert(vm, region);
}

void bpfvm_remove_region(struct bpfvm *vm, struct bpfvm_region *region)
{
	struct bpfvm_region *r;

	for (r = &vm->ctx; r->next; r = r->next) {
		if (r->next == region) {
			r->next = region->next;
			return;
		}
	}
}

static _Bool aligned(const void *p, u32 to)
{
	return !((__UINTPTR_TYPE__)p & (to - 1));
}

enum bpfvm_setup bpfvm_init(struct bpfvm *vm, const struct bpfvm_config *config,
			    vm_code_t code, u32 count, void *stack, u32 stack_size)
{
	static const struct bpfvm_config none;
	u32 frames = stack_size / VM_FRAME_SIZE;

	if (!code || !count || !aligned(code, 4))
		return BPFVM_BAD_CODE;
	if (!stack || !frames || !aligned(stack, 8))
		return BPFVM_BAD_STACK;
	__builtin_memset(vm, 0, sizeof(*vm));
	vm->config = config ? config : &none;
	vm->code = code;
	vm->len = count;
	vm->st.frames = frames < VM_FRAMES ? (u8)frames : VM_FRAMES;
	vm->st.dirty = vm->st.frames;
	vm->st.stop = VM_TRAP_EMPTY;
	vm->stack.start = ADDRESS_OF(stack);
	vm->stack.next = &vm->ctx;
	return BPFVM_READY;
}

/* --- images ---------------------------------------------------------------------------------- */

static const void *part_of(const struct vm_image *image, u32 number, u32 record, u32 *count)
{
	const struct vm_image_part *part = &image->part[number];

	*count = part->size / record;
	return (const u8 *)image + part->offset;
}

static enum bpfvm_setup check_parts(const struct vm_image *image)
{
	static const u8 record[VM_IMAGE_PARTS] = {
		[VM_IMAGE_CODE] = sizeof(struct vm_insn),
		[VM_IMAGE_AREAS] = sizeof(struct vm_image_area),
	};

	for (u32 i = 0; i < VM_IMAGE_PARTS; i++) {
		const struct vm_image_part *part = &image->part[i];

		if (part->offset % 8 || part->offset > image->size ||
		    part->size > image->size - part->offset ||
		    (record[i] && part->size % record[i]))
			return BPFVM_BAD_PART;
	}
	if (image->part[VM_IMAGE_MAPS].size)
		return BPFVM_BAD_MAPS;
	return image->entry < image->part[VM_IMAGE_CODE].size / sizeof(struct vm_insn) ?
		       BPFVM_READY :
		       BPFVM_BAD_ENTRY;
}

static enum bpfvm_setup check_areas(const struct vm_image *image)
{
	u32 count, stored = image->part[VM_IMAGE_DATA].size, seen = 0;
	const struct vm_image_area *area = part_of(image, VM_IMAGE_AREAS, sizeof(*area), &count);

	for (; count; count--, area++) {
		if ((area->region != VM_REGION_RODATA && area->region != VM_REGION_DATA) ||
		    seen >> area->region & 1 || area->stored > area->size ||
		    area->data % 8 || area->data > stored || area->stored > stored - area->data ||
		    area->size > VM_OFFSET_MASK + 1)
			return BPFVM_BAD_AREA;
		if (area->region == VM_REGION_RODATA &&
		    (area->access & VM_WRITE || area->stored != area->size))
			return BPFVM_BAD_AREA; /* it has to be usable where it lies */
		seen |= 1u << area->region;
	}
	return BPFVM_READY;
}

enum bpfvm_setup bpfvm_image_check(const void *from, u32 size)
{
	const struct vm_image *image = from;
	const u32 crc_from = __builtin_offsetof(struct vm_image, size);
	enum bpfvm_setup bad;

	if (!aligned(image, 8))
		return BPFVM_BAD_ALIGNMENT;
	if (size < sizeof(*image))
		return BPFVM_BAD_SIZE;
	for (u8 i = 0; i < sizeof(image->magic); i++)
		if (image->magic[i] != VM_IMAGE_MAGIC[i])
			return BPFVM_BAD_MAGIC;
	if (image->version != VM_IMAGE_VERSION)
		return BPFVM_BAD_VERSION;
	if (image->size != size)
		return BPFVM_BAD_SIZE;
	if (image->crc != vm_crc32(0, (const u8 *)from + crc_from, size - crc_from))
		return BPFVM_BAD_CRC;
	if (image->header != sizeof(*image) || image->kind >= VM_IMAGE_KINDS)
		return BPFVM_BAD_HEADER;
	bad = check_parts(image);
	return bad ? bad : check_areas(image);
}

static const struct vm_image_area *area_of(const struct vm_image *image, u32 region)
{
	u32 count;
	const struct vm_image_area *area = part_of(image, VM_IMAGE_AREAS, sizeof(*area), &count);

	for (; count; count--, area++)
		if (area->region == region)
			return area;
	return (void *)0;
}

u32 bpfvm_image_memory(const void *image)
{
	const struct vm_image_area *area = area_of(image, VM_REGION_DATA);

	return area ? area->size : 0;
}

static enum bpfvm_setup add_areas(struct bpfvm *vm, const struct vm_image *image,
				  struct bpfvm_areas *areas)
{
	const struct vm_image_area *ro = area_of(image, VM_REGION_RODATA);
	const struct vm_image_area *rw = area_of(image, VM_REGION_DATA);
	const u8 *data = (const u8 *)image + image->part[VM_IMAGE_DATA].offset;

	if ((ro || rw) && !areas)
		return BPFVM_BAD_MEMORY;
	if (ro) {
		set_region(&areas->rodata, VM_ADDRESS(VM_REGION_RODATA, 0), data + ro->data,
			   ro->size, ro->access);
		insert(vm, &areas->rodata);
	}
	if (rw) {
		if (!areas->memory || rw->size > areas->size || !aligned(areas->memory, 8))
			return BPFVM_BAD_MEMORY;
		__builtin_memset(areas->memory, 0, rw->size);
		__builtin_memcpy(areas->memory, data + rw->data, rw->stored);
		set_region(&areas->data, VM_ADDRESS(VM_REGION_DATA, 0), areas->memory, rw->size,
			   rw->access);
		insert(vm, &areas->data);
	}
	return BPFVM_READY;
}

enum bpfvm_setup bpfvm_init_image(struct bpfvm *vm, const struct bpfvm_config *config,
				  const void *from, u32 size, struct bpfvm_areas *areas,
				  void *stack, u32 stack_size)
{
	const struct vm_image *image = from;
	enum bpfvm_setup bad = bpfvm_image_check(image, size);
	const void *code;
	u32 count;

	if (bad)
		return bad;
	code = part_of(image, VM_IMAGE_CODE, sizeof(struct vm_insn), &count);
	bad = bpfvm_init(vm, config, code, count, stack, stack_size);
	if (bad)
		return bad;
	vm->entry = image->entry;
	return add_areas(vm, image, areas);
}

/* --- runs ------------------------------------------------------------------------------------ */

void bpfvm_start(struct bpfvm *vm, u64 r1, u64 r2)
{
	u32 *stack = (u32 *)(void *)PLACE(vm->stack.start + vm->stack.shift);

	for (u32 n = vm->st.dirty * (VM_FRAME_SIZE / 4u); n; n--)
		*stack++ = 0;
	for (u32 i = 0; i < VM_REGISTERS; i++)
		vm->st.reg[i] = 0;
	vm->st.dirty = vm->st.depth = 0;
	vm->st.stop = VM_TRAP_STEPS;
	vm->st.steps = 0;
	vm->st.pc = vm->entry;
	vm->st.reg[1] = r1;
	vm->st.reg[2] = r2;
	open_frame(vm);
}

u32 bpfvm_resume(struct bpfvm *vm, u32 budget, u64 *result)
{
	u32 stop;

	if (vm->st.stop == VM_TRAP_STEPS) {
		if (budget > BPFVM_BUDGET_MAX)
			budget = BPFVM_BUDGET_MAX;
		vm->st.left = budget;
		vm->st.stop = (u8)run(vm);
		vm->st.steps += budget - vm->st.left;
	}
	stop = vm->st.stop;
	if (stop != VM_STOP_EXIT)
		return stop;
	*result = vm->st.reg[0];
	return BPFVM_DONE;
}

static u32 execute(struct bpfvm *vm, void *ctx, u32 size, u64 *result)
{
	u32 budget = vm->config->budget;

	set_region(&vm->ctx, ADDRESS_OF(ctx), ctx, size, VM_READ | VM_WRITE);
	bpfvm_start(vm, ADDRESS_OF(ctx), size);
	return bpfvm_resume(vm, budget ? budget : BPFVM_BUDGET_MAX, result);
}

u32 bpfvm_execute(struct bpfvm *vm, u64 *result)
{
	return execute(vm, (void *)0, 0, result);
}

u32 bpfvm_execute_ctx(struct bpfvm *vm, void *ctx, u32 size, u64 *result)
{
	return execute(vm, ctx, size, result);
}

/* --- what there is to say -------------------------------------------------------------------- */

/* The first argument that is not as it should be. */
static void where_argument(struct bpfvm *vm, u32 w, u32 number, struct bpfvm_where *where)
{
	const struct bpfvm_helper *h = helper_of(vm, number);
	const u64 *arg = &vm->st.reg[1];
	void *at;
	u32 kind;

	(void)w;
	for (u32 i = 0; h && i < 5; i++, arg++) {
		kind = VM_ARG_KIND(h->args, i);
		if (argument(vm, kind, arg, &at))
			continue;
		where->addr = *arg;
		where->access = ACCESSES >> 2 * kind & 3;
		where->size = where->access ? (u32)arg[1] : 0;
		return;
	}
}

void bpfvm_where(const struct bpfvm *vm, struct bpfvm_where *where)
{
	(void)vm;(void)where_argument;
	__builtin_memset(where, 0, sizeof(*where));
	where->pc = vm->st.pc;
	where->stop = vm->st.stop;
}

const char *bpfvm_trap_name(u32 stop)
{
	static const char *const names[VM_STOPS] = {
		"NONE", "EXIT",
#define TRAP(name, sentence, hint) #name,
#include "traps.def"
	};

	return stop < VM_STOPS ? names[stop] : "?";
}

const char *bpfvm_trap_text(u32 stop)
{
	static const char *const texts[VM_STOPS] = {
		"has not stopped", "has left by EXIT",
#define TRAP(name, sentence, hint) sentence,
#include "traps.def"
	};

	return stop < VM_STOPS ? texts[stop] : "?";
}

const char *bpfvm_setup_text(enum bpfvm_setup setup)
{
	static const char *const texts[BPFVM_SETUPS] = {
		"ready",
#define SETUP(name, sentence) sentence,
#include "setup.def"
	};

	return (u32)setup < BPFVM_SETUPS ? texts[setup] : "?";
}
