/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The embeddable machine of include/embed.h, whole: a firmware compiles this one file. Build option
 * VM_CORE: table (the fastest, the default), switch, or small.
 */
#include "crc32.h"
#include "embed.h"
#include "image.h"

/* --- memory ---------------------------------------------------------------------------------- */

/* How many bytes from `addr` on may be read, or written, if these lie in this region; else 0. */
static u32 room_in(const struct bpfvm_region *r, u64 addr, u32 access)
{
	u32 len = access & VM_WRITE ? r->wlen : r->rlen;
	u64 offset = addr - r->start;

	if (access & VM_READ && r->rlen < len)
		len = r->rlen;
	return addr >= r->start && offset < len ? len - (u32)offset : 0;
}

/* The place of `size` bytes at guest address `addr` if all of `access` is allowed, or NULL. */
static u8 *find(const struct bpfvm *vm, u64 addr, u32 size, u32 access)
{
	const struct bpfvm_region *r;

	if (addr != (bpfvm_addr_t)addr)
		return (void *)0;
	for (r = &vm->stack; r; r = r->next)
		if (room_in(r, addr, access & ~VM_ATOMIC) >= size)
			break;
	if (!r || (access & VM_ATOMIC && addr & (size - 1)))
		return (void *)0;
	return (u8 *)(__UINTPTR_TYPE__)(bpfvm_addr_t)(addr + r->shift);
}

static u8 *place(struct bpfvm *vm, u64 addr, u32 size, u32 access)
{
	return find(vm, addr, size, access);
}

/* --- frames ---------------------------------------------------------------------------------- */

/* Gives the stack region the frames down to the present one, and r10 its top. */
static void open_frame(struct bpfvm *vm)
{
	vm->stack.rlen = vm->stack.wlen = (vm->st.depth + 1u) * BPFVM_FRAME_SIZE;
	vm->st.reg[10] = vm->stack.start + vm->stack.rlen;
	if (vm->st.dirty <= vm->st.depth)
		vm->st.dirty = vm->st.depth + 1;
}

static _Bool push_frame(struct bpfvm *vm, u32 back)
{
#if BPFVM_FRAMES > 1
	struct bpfvm_frame *f = &vm->frame[vm->st.depth];

	if (vm->st.depth + 1 >= vm->st.frames)
		return 0;
	for (u8 i = 0; i < 4; i++)
		f->saved[i] = vm->st.reg[6 + i];
	f->back = back;
	vm->st.depth++;
	open_frame(vm);
	return 1;
#else
	(void)vm, (void)back;
	return 0;
#endif
}

static u32 pop_frame(struct bpfvm *vm)
{
#if BPFVM_FRAMES > 1
	struct bpfvm_frame *f = &vm->frame[--vm->st.depth];

	for (u8 i = 0; i < 4; i++)
		vm->st.reg[6 + i] = f->saved[i];
	open_frame(vm);
	return f->back;
#else
	(void)vm;
	return 0;
#endif
}

/* --- helpers --------------------------------------------------------------------------------- */

/* What an argument that points to memory wants to do with it; 0: it does not point to memory. */
static u32 access_of(u32 kind)
{
	switch (kind) {
	case VM_ARG_READ:
	case VM_ARG_READ0:
	case VM_ARG_TEXT:
		return VM_READ;
	case VM_ARG_WRITE:
	case VM_ARG_WRITE0:
	case VM_ARG_WRITE8:
		return VM_WRITE;
	case VM_ARG_CHANGE:
	case VM_ARG_LOCK:
		return VM_READ | VM_WRITE;
	}
	return 0;
}

static u32 size_of(const struct bpfvm *vm, u32 kind, const u64 *arg)
{
	(void)vm;
	if (kind == VM_ARG_WRITE8)
		return 8;
	if (kind == VM_ARG_LOCK)
		return arg[0] & 3 ? 0 : 4;
	if (kind == VM_ARG_TEXT)
		return 1;
	return arg[1] > 0xffffffffu ? 0 : (u32)arg[1];
}

static _Bool argument(const struct bpfvm *vm, u32 kind, const u64 *arg, void **at)
{
	u32 access = access_of(kind), size;

	*at = (void *)0;
	if (kind == VM_ARG_VALUE)
		return 1;
	if (kind == VM_ARG_CTX)
		return arg[0] == vm->ctx.start && vm->ctx.rlen;
	if (!access)
		return 0;
	size = size_of(vm, kind, arg);
	if (!size)
		return !arg[1] && (kind == VM_ARG_READ0 || kind == VM_ARG_WRITE0);
	*at = find(vm, arg[0], size, access);
	return *at != (void *)0;
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

#if BPFVM_KV
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
#if BPFVM_KV
	if (!h)
		h = helper_in(kv_helpers, sizeof(kv_helpers) / sizeof(*kv_helpers), number);
#endif
	return h;
}

/* Serves helper `number`; returns a trap or VM_STOP_NONE. */
static u32 call_helper(struct bpfvm *vm, u32 number)
{
	const struct bpfvm_helper *h = helper_of(vm, number);
	u64 *arg = &vm->st.reg[1];
	void *at[5];

	if (!h)
		return VM_TRAP_HELPER;
	for (u32 i = 0; i < 5; i++)
		if (!argument(vm, VM_ARG_KIND(h->args, i), &arg[i], &at[i]))
			return VM_TRAP_ARGUMENT;
	vm->st.stop = VM_STOP_NONE;
	vm->st.reg[0] = h->body(vm, arg, at);
	return vm->st.stop;
}

/* --- the core -------------------------------------------------------------------------------- */

static u32 vm_stopped(struct bpfvm *vm, u32 pc, u32 left, u32 stop)
{
	vm->st.pc = pc;
	vm->st.left = left;
	return stop;
}

static u32 step_fork(struct bpfvm *vm, const struct vm_insn *in, u32 key);

#define VM_PORT_WORDS "embed_words.h"
#define VM_CORE_FILE_2(name) #name
#define VM_CORE_FILE_1(name) VM_CORE_FILE_2(core_##name.c)
#define VM_CORE_FILE(name) VM_CORE_FILE_1(name)
#ifndef VM_CORE
#define VM_CORE table
#endif
#include VM_CORE_FILE(VM_CORE)

#undef OP
#undef NEXT
#undef STOP
#define OP(name, n) case n:
#define NEXT return VM_STOP_NONE;
#define STOP(n) return n
static u32 step_fork(struct bpfvm *vm, const struct vm_insn *in, u32 key)
{
	if (key > 0xff)
		return VM_TRAP_ILLEGAL;
	switch (VM_FORK(in->code, key)) {
#define STEP_FORKS
#include "step.h"
	}
	return VM_TRAP_ILLEGAL;
}

/* --- set-up ---------------------------------------------------------------------------------- */

static void set_region(struct bpfvm_region *r, bpfvm_addr_t start, const void *at, u32 len,
		       u32 access)
{
	r->start = start;
	r->shift = (bpfvm_addr_t)(__UINTPTR_TYPE__)at - start;
	r->rlen = access & VM_READ ? len : 0;
	r->wlen = access & VM_WRITE ? len : 0;
}

static void insert(struct bpfvm *vm, struct bpfvm_region *r)
{
	r->next = vm->ctx.next;
	vm->ctx.next = r;
}

void bpfvm_add_region(struct bpfvm *vm, struct bpfvm_region *region, void *start, u32 len,
		      u32 access)
{
	set_region(region, (bpfvm_addr_t)(__UINTPTR_TYPE__)start, start, len, access);
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

enum bpfvm_error bpfvm_init(struct bpfvm *vm, const struct bpfvm_config *config,
			    const struct vm_insn *code, u32 count, void *stack, u32 stack_size)
{
	static const struct bpfvm_config none;
	u32 frames = stack_size / BPFVM_FRAME_SIZE;

	if (!code || !count || !aligned(code, 4))
		return BPFVM_ERROR_CODE;
	if (!stack || !frames || !aligned(stack, 8))
		return BPFVM_ERROR_STACK;
	__builtin_memset(vm, 0, sizeof(*vm));
	vm->config = config ? config : &none;
	vm->code = code;
	vm->len = count;
	vm->st.frames = frames < BPFVM_FRAMES ? (u8)frames : BPFVM_FRAMES;
	vm->st.dirty = vm->st.frames;
	vm->st.stop = VM_TRAP_EMPTY;
	vm->stack.start = (bpfvm_addr_t)(__UINTPTR_TYPE__)stack;
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

static enum bpfvm_error check_parts(const struct vm_image *image)
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
			return BPFVM_ERROR_PART;
	}
	if (image->part[VM_IMAGE_MAPS].size)
		return BPFVM_ERROR_MAPS;
	return image->entry < image->part[VM_IMAGE_CODE].size / sizeof(struct vm_insn) ?
		       BPFVM_READY :
		       BPFVM_ERROR_ENTRY;
}

static enum bpfvm_error check_areas(const struct vm_image *image)
{
	u32 count, stored = image->part[VM_IMAGE_DATA].size, seen = 0;
	const struct vm_image_area *area = part_of(image, VM_IMAGE_AREAS, sizeof(*area), &count);

	for (; count; count--, area++) {
		if ((area->region != VM_REGION_RODATA && area->region != VM_REGION_DATA) ||
		    seen >> area->region & 1 || area->stored > area->size ||
		    area->data % 8 || area->data > stored || area->stored > stored - area->data ||
		    area->size > VM_OFFSET_MASK + 1)
			return BPFVM_ERROR_AREA;
		if (area->region == VM_REGION_RODATA &&
		    (area->access & VM_WRITE || area->stored != area->size))
			return BPFVM_ERROR_AREA; /* it has to be usable where it lies */
		seen |= 1u << area->region;
	}
	return BPFVM_READY;
}

enum bpfvm_error bpfvm_image_check(const void *from, u32 size)
{
	const struct vm_image *image = from;
	const u32 crc_from = __builtin_offsetof(struct vm_image, size);
	enum bpfvm_error error;

	if (!aligned(image, 8))
		return BPFVM_ERROR_ALIGNMENT;
	if (size < sizeof(*image))
		return BPFVM_ERROR_SIZE;
	for (u8 i = 0; i < sizeof(image->magic); i++)
		if (image->magic[i] != VM_IMAGE_MAGIC[i])
			return BPFVM_ERROR_MAGIC;
	if (image->version != VM_IMAGE_VERSION)
		return BPFVM_ERROR_VERSION;
	if (image->size != size)
		return BPFVM_ERROR_SIZE;
	if (image->crc != vm_crc32(0, (const u8 *)from + crc_from, size - crc_from))
		return BPFVM_ERROR_CRC;
	if (image->header != sizeof(*image) || image->kind >= VM_IMAGE_KINDS)
		return BPFVM_ERROR_HEADER;
	error = check_parts(image);
	return error ? error : check_areas(image);
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

static enum bpfvm_error add_areas(struct bpfvm *vm, const struct vm_image *image,
				  struct bpfvm_areas *areas)
{
	const struct vm_image_area *ro = area_of(image, VM_REGION_RODATA);
	const struct vm_image_area *rw = area_of(image, VM_REGION_DATA);
	const u8 *data = (const u8 *)image + image->part[VM_IMAGE_DATA].offset;

	if ((ro || rw) && !areas)
		return BPFVM_ERROR_MEMORY;
	if (ro) {
		set_region(&areas->rodata, VM_ADDRESS(VM_REGION_RODATA, 0), data + ro->data,
			   ro->size, ro->access);
		insert(vm, &areas->rodata);
	}
	if (rw) {
		if (!areas->memory || rw->size > areas->size || !aligned(areas->memory, 8))
			return BPFVM_ERROR_MEMORY;
		__builtin_memset(areas->memory, 0, rw->size);
		__builtin_memcpy(areas->memory, data + rw->data, rw->stored);
		set_region(&areas->data, VM_ADDRESS(VM_REGION_DATA, 0), areas->memory, rw->size,
			   rw->access);
		insert(vm, &areas->data);
	}
	return BPFVM_READY;
}

enum bpfvm_error bpfvm_init_image(struct bpfvm *vm, const struct bpfvm_config *config,
				  const void *from, u32 size, struct bpfvm_areas *areas,
				  void *stack, u32 stack_size)
{
	const struct vm_image *image = from;
	enum bpfvm_error error = bpfvm_image_check(image, size);
	const void *code;
	u32 count;

	if (error)
		return error;
	code = part_of(image, VM_IMAGE_CODE, sizeof(struct vm_insn), &count);
	error = bpfvm_init(vm, config, code, count, stack, stack_size);
	if (error)
		return error;
	vm->entry = image->entry;
	return add_areas(vm, image, areas);
}

/* --- runs ------------------------------------------------------------------------------------ */

void bpfvm_start(struct bpfvm *vm, u64 r1, u64 r2)
{
	__builtin_memset(&vm->st.reg, 0, sizeof(vm->st.reg));
	__builtin_memset((void *)(__UINTPTR_TYPE__)vm->stack.start, 0,
			 (u32)vm->st.dirty * BPFVM_FRAME_SIZE);
	vm->st.dirty = vm->st.depth = 0;
	vm->st.steps = 0;
	vm->st.pc = vm->entry;
	vm->st.stop = VM_TRAP_STEPS;
	open_frame(vm);
	vm->st.reg[1] = r1;
	vm->st.reg[2] = r2;
}

u32 bpfvm_resume(struct bpfvm *vm, u32 budget, u64 *result)
{
	u32 stop = vm->st.stop;

	if (stop == VM_TRAP_STEPS) {
		vm->st.left = budget;
		stop = run(vm);
		vm->st.steps += budget - vm->st.left;
		vm->st.stop = (u8)stop;
	}
	if (stop != VM_STOP_EXIT)
		return stop;
	*result = vm->st.reg[0];
	return BPFVM_DONE;
}

static u32 execute(struct bpfvm *vm, u64 r1, u64 r2, u64 *result)
{
	u32 budget = vm->config->budget;

	bpfvm_start(vm, r1, r2);
	return bpfvm_resume(vm, budget ? budget : BPFVM_BUDGET_MAX, result);
}

u32 bpfvm_execute(struct bpfvm *vm, u64 *result)
{
	vm->ctx.rlen = vm->ctx.wlen = 0;
	return execute(vm, 0, 0, result);
}

u32 bpfvm_execute_ctx(struct bpfvm *vm, void *ctx, u32 size, u64 *result)
{
	bpfvm_addr_t start = (bpfvm_addr_t)(__UINTPTR_TYPE__)ctx;

	set_region(&vm->ctx, start, ctx, size, VM_READ | VM_WRITE);
	return execute(vm, start, size, result);
}

/* --- what there is to say -------------------------------------------------------------------- */

/* What may be done with `size` bytes at `addr`: a mask of VM_READ and VM_WRITE. */
static u32 allowed(const struct bpfvm *vm, u64 addr, u32 size)
{
	return (find(vm, addr, size, VM_READ) ? VM_READ : 0) |
	       (find(vm, addr, size, VM_WRITE) ? VM_WRITE : 0);
}

static void argument_fault(const struct bpfvm *vm, const struct vm_insn *in,
			   struct bpfvm_fault *fault)
{
	u32 number = in->code == 0x85 ? (u32)in->imm : (u32)vm->st.reg[vm_dst(in)];
	const struct bpfvm_helper *h = helper_of(vm, number);
	const u64 *arg = &vm->st.reg[1];
	void *at;

	for (u32 i = 0; i < 5; i++) {
		u32 kind = VM_ARG_KIND(h->args, i);

		if (!argument(vm, kind, &arg[i], &at)) {
			fault->addr = arg[i];
			fault->access = access_of(kind);
			fault->size = fault->access ? size_of(vm, kind, &arg[i]) : 0;
			return;
		}
	}
}

void bpfvm_fault(const struct bpfvm *vm, struct bpfvm_fault *fault)
{
	const struct vm_insn *in = &vm->code[vm->st.pc];

	__builtin_memset(fault, 0, sizeof(*fault));
	fault->pc = vm->st.pc;
	fault->stop = vm->st.stop;
	(void)allowed;
	if (fault->stop == VM_TRAP_ARGUMENT)
		argument_fault(vm, in, fault);
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

const char *bpfvm_error_text(enum bpfvm_error error)
{
	static const char *const texts[BPFVM_ERRORS] = {
		"ready",
#define EMBED_ERROR(name, sentence) sentence,
#include "embed.def"
	};

	return (u32)error < BPFVM_ERRORS ? texts[error] : "?";
}
