/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inputs that broke other machines, as a table: what the checker says of each, and what every core
 * does with it when nobody asked the checker.
 */
#ifndef TEST_SURVIVE_H
#define TEST_SURVIVE_H

#include "checks.h"
#include "embedded_core.h"

#define BUDGET 1000 /* instructions */
#define SPAN 300    /* bytes of VM_REGION_FREE */

struct survivor {
	const char *name;
	u32 verdict, at; /* enum vm_check_reason and the instruction it names */
	u32 stop, pc;	 /* how every core ends, and where */
	u64 value;	 /* r0 after EXIT; the address after a memory trap */
	u32 size;	 /* after a memory trap: bytes */
	u32 access;	 /* and enum vm_access */
	u32 len;
	struct vm_insn code[16];
};

#define REFUSED(reason, at_) .verdict = VM_CHECK_##reason, .at = at_
#define RETURNS(r0, pc_) .stop = VM_STOP_EXIT, .pc = (u32)(pc_), .value = (u64)(r0)
#define TRAPS(name, pc_) .stop = VM_TRAP_##name, .pc = (u32)(pc_)
#define FAULTS(name, pc_, addr, size_, access_)                                                    \
	TRAPS(name, pc_), .value = (u64)(addr), .size = size_, .access = access_
#define CODE(...)                                                                                  \
	.len = sizeof((struct vm_insn[]){__VA_ARGS__}) / sizeof(struct vm_insn), .code =           \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* Two slots; mov of a guest address; r0 = a register. */
#define LDDW(dst, value)                                                                           \
	I(0x18, dst, 0, 0, (u32)(value)), I(0, 0, 0, 0, (u64)(value) >> 32)
#define POINT(dst, region, offset) I(0xb4, dst, 0, 0, VM_ADDRESS(region, offset))
#define GIVE(src) I(0xbf, 0, src, 0, 0)
#define RW (VM_READ | VM_WRITE)

/* The cores that this system has; the kernel's may be missing. */
struct cores {
	struct bpfvm_core *core[8];
	const char *name[8];
	u32 count;
	struct bpfvm_error kernel; /* why it is missing */
	bool has_kernel;
};
static struct cores cores;

/* The machines of firmware, too. */
static inline int open_embedded(void)
{
	static const struct embedded *const builds[] = {&embedded_table, &embedded_switch,
							&embedded_small};

	for (u32 i = 0; i < COUNT(builds); i++) {
		cores.core[cores.count] = embedded_open(builds[i]);
		if (!cores.core[cores.count])
			return -1;
		cores.name[cores.count++] = builds[i]->name;
	}
	return 0;
}

static inline int open_cores(void **state)
{
	struct bpfvm_error err;

	(void)state;
	for (u32 i = 0; bpfvm_core_names[i]; i++) {
		const char *name = bpfvm_core_names[i];
		bool kernel = !strcmp(name, "kernel");

		if (!bpfvm_core__open(name, &cores.core[cores.count], &err)) {
			cores.name[cores.count++] = name;
			cores.has_kernel |= kernel;
		} else if (!kernel) {
			return -1;
		} else {
			cores.kernel = err;
		}
	}
	return open_embedded();
}

static inline int close_cores(void **state)
{
	(void)state;
	while (cores.count)
		bpfvm_core__close(cores.core[--cores.count]);
	return 0;
}

/* Says whether the kernel's core takes part, as a test of its own that can be skipped. */
static inline void kernel_takes_part(void **state)
{
	(void)state;
	if (cores.has_kernel)
		return;
	print_message("without the kernel core: %s\n", cores.kernel.text);
	skip();
}

/*
 * A guest with a region of each permission: ctx 16 bytes, .rodata "-1234 7", .data write-only, and
 * SPAN bytes.
 */
static inline struct bpfvm_image *surround(const struct vm_insn *code, u32 len)
{
	struct bpfvm_image *image;
	struct bpfvm_error err;

	assert_int_equal(bpfvm_image__from_code(code, len, &image), 0);
	assert_int_equal(bpfvm_image__add_area(image, VM_REGION_CTX, "ctx", RW, NULL, 16, &err),
			 VM_REGION_CTX);
	assert_int_equal(bpfvm_image__add_area(image, VM_REGION_RODATA, ".rodata", VM_READ,
					       "-1234 7", 8, &err),
			 VM_REGION_RODATA);
	assert_int_equal(bpfvm_image__add_area(image, VM_REGION_DATA, ".data", VM_WRITE, NULL, 8,
					       &err),
			 VM_REGION_DATA);
	assert_int_equal(bpfvm_image__add_area(image, VM_REGION_FREE, "rw", RW, NULL, SPAN, &err),
			 VM_REGION_FREE);
	image->arg[0] = VM_ADDRESS(VM_REGION_CTX, 0);
	image->arg[1] = 16;
	return image;
}

static inline void expect(const struct survivor *s, const char *core, const struct bpfvm_result *r)
{
	u64 value = s->stop == VM_STOP_EXIT ? r->r0 : r->fault_addr;

	if (r->stop != s->stop || r->pc != s->pc)
		fail_msg("%s, %s: %s at %u, not %s at %u", s->name, core, bpfvm_stop__name(r->stop),
			 r->pc, bpfvm_stop__name(s->stop), s->pc);
	if (value != s->value || r->fault_size != s->size || r->fault_access != s->access)
		fail_msg("%s, %s: %s of 0x%llx, size %u, access %u, not of 0x%llx, %u, %u", s->name,
			 core, bpfvm_stop__name(r->stop), (unsigned long long)value, r->fault_size,
			 r->fault_access, (unsigned long long)s->value, s->size, s->access);
}

/* All registers and counts have to be the first core's, too. */
static inline void same_as_first(const char *name, const char *core, struct bpfvm_result *first,
			  struct bpfvm_result *r)
{
	first->ns = r->ns = 0;
	if (memcmp(first, r, sizeof(*r)))
		fail_msg("%s: %s and %s leave other registers", name, cores.name[0], core);
}

/* The guest on every core, the checker not asked. */
static inline void survives(const struct survivor *s, const struct bpfvm_image *image)
{
	struct bpfvm_result first, r;
	struct bpfvm_error err;

	for (u32 i = 0; i < cores.count; i++) {
		assert_int_equal(bpfvm_core__load(cores.core[i], image, &err), 0);
		assert_int_equal(bpfvm_core__run(cores.core[i], BUDGET, &r, &err), 0);
		expect(s, cores.name[i], &r);
		if (!i)
			first = r;
		same_as_first(s->name, cores.name[i], &first, &r);
	}
}

static inline void verdict(const struct survivor *s)
{
	u32 pc, reason = check(s->code, s->len, BPFVM_CODE, 0, &pc);

	if (reason != s->verdict || (reason && pc != s->at))
		fail_msg("%s: the checker says %u at %u, not %u at %u", s->name, reason, pc,
			 s->verdict, s->at);
}

static inline void survive_all(const struct survivor *s, size_t count)
{
	for (; count--; s++) {
		struct bpfvm_image *image = surround(s->code, s->len);

		verdict(s);
		survives(s, image);
		bpfvm_image__free(image);
	}
}

/* A test of all rows of a table. */
#define SURVIVE(table)                                                                             \
	static void survive_##table(void **state)                                                  \
	{                                                                                          \
		(void)state;                                                                       \
		survive_all(table, COUNT(table));                                                  \
	}

#endif
