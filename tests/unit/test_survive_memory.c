/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory: the ACL to the byte, atomics, and helpers that follow pointers of the guest. */
#include "survive.h"

#define CTX VM_ADDRESS(VM_REGION_CTX, 0)
#define RODATA VM_ADDRESS(VM_REGION_RODATA, 0)
#define DATA VM_ADDRESS(VM_REGION_DATA, 0)
#define FREE VM_ADDRESS(VM_REGION_FREE, 0)
#define STACK VM_ADDRESS(VM_REGION_STACK, 0)

/* r1 = an address, and one access to it. */
#define LOAD8(addr, off) CODE(LDDW(1, addr), I(0x79, 0, 1, off, 0), EXIT_)
#define LOAD1(addr, off) CODE(LDDW(1, addr), I(0x71, 0, 1, off, 0), EXIT_)
#define STORE8(addr, off) CODE(LDDW(1, addr), I(0x7a, 1, 0, off, -1), MOV(0), EXIT_)
#define STORE1(addr, off) CODE(LDDW(1, addr), I(0x72, 1, 0, off, -1), MOV(0), EXIT_)
#define BAD_LOAD8(addr, off)                                                                       \
	FAULTS(BOUNDS, 2, (u64)(addr) + (u64)(s64)(off), 8, VM_READ), LOAD8(addr, off)
#define BAD_LOAD1(addr, off)                                                                       \
	FAULTS(BOUNDS, 2, (u64)(addr) + (u64)(s64)(off), 1, VM_READ), LOAD1(addr, off)
#define BAD_STORE8(addr, off)                                                                      \
	FAULTS(BOUNDS, 2, (u64)(addr) + (u64)(s64)(off), 8, VM_WRITE), STORE8(addr, off)

static const struct survivor bounds[] = {
	{"NULL", BAD_LOAD1(0, 0)},
	{"store to NULL", BAD_STORE8(0, 0)},
	{"last byte of all", BAD_LOAD1(~0ull, 0)},
	{"8 bytes that wrap at UINT64_MAX", BAD_LOAD8(~0ull - 3, 0)},
	{"store that wraps at UINT64_MAX", BAD_STORE8(~0ull - 3, 0)},
	{"offset that wraps at UINT64_MAX", BAD_LOAD8(~0ull, 1)},
	{"offset that wraps into a region", RETURNS(0, 3), LOAD8(CTX - 32767ull, 32767)},
	{"INTPTR_MAX", BAD_LOAD8((1ull << 63) - 1, 0)},
	{"offset that wraps at INTPTR_MAX", BAD_LOAD8((1ull << 63) - 1, 1)},
	{"INTPTR_MIN", BAD_STORE8(1ull << 63, 0)},
	{"offset that wraps at INTPTR_MIN", BAD_STORE8(1ull << 63, -1)},
	{"INT32_MAX", BAD_LOAD8(0x7fffffff, 0)},
	{"UINT32_MAX", BAD_LOAD8(0xffffffff, 0)},
	{"offset that leaves 32 bits", BAD_LOAD8(0xffffffff, 1)},
	{"a good address and bit 32", BAD_LOAD8(1ull << 32 | CTX, 0)},
	{"a good address and bit 63", BAD_LOAD8(1ull << 63 | CTX, 0)},
	{"a good address, sign-extended", BAD_LOAD8(0xffffffff00000000 | CTX, 0)},
	{"end of a region's 16 MiB", BAD_LOAD8(CTX + VM_OFFSET_MASK, 0)},
	{"region above the last row", BAD_LOAD1(VM_ADDRESS(VM_REGIONS, 0), 0)},
	{"a good region, and the number of rows",
	 BAD_LOAD1(VM_ADDRESS(VM_REGIONS + VM_REGION_CTX, 0), 0)},
	{"code", BAD_LOAD8(VM_CODE_BASE, 0)},
	{"region of length 0", BAD_LOAD1(VM_ADDRESS(VM_REGION_FREE + 1, 0), 0)},
	{"store to a region of length 0", BAD_STORE8(VM_ADDRESS(VM_REGION_FREE + 1, 0), 0)},
	{"packet that is not there", BAD_LOAD1(VM_ADDRESS(VM_REGION_PACKET, 0), 0)},
	{"offset -1 of a region", BAD_LOAD1(FREE, -1)},
	{"offset -8 of a region", BAD_STORE8(FREE, -8)},
	{"offset -32768", BAD_LOAD8(FREE, -32768)},
	{"offset -8 to the first byte", RETURNS(0, 3), LOAD8(FREE + 8, -8)},
	{"byte 255", RETURNS(0, 3), LOAD1(FREE, 255)},
	{"byte 256", RETURNS(0, 3), LOAD1(FREE, 256)},
	{"store to .rodata", FAULTS(READONLY, 2, RODATA, 8, VM_WRITE), STORE8(RODATA, 0)},
	{"store across the end of .rodata", FAULTS(BOUNDS, 2, RODATA + 1, 8, VM_WRITE),
	 STORE8(RODATA, 1)},
	{"load from a write-only region", FAULTS(WRITEONLY, 2, DATA, 8, VM_READ), LOAD8(DATA, 0)},
	{"store to a write-only region", RETURNS(0, 4), STORE8(DATA, 0)},
	{"top of the stack", BAD_LOAD1(STACK + VM_FRAME_SIZE, 0)},
	{"across the top of the stack", BAD_STORE8(STACK + VM_FRAME_SIZE, -4)},
	{"last bytes of the stack", RETURNS(0, 4), STORE8(STACK + VM_FRAME_SIZE, -8)},
	{"lowest bytes of the stack", RETURNS(0, 4), STORE8(STACK + VM_FRAME_SIZE, -VM_FRAME_SIZE)},
	{"below the stack", BAD_LOAD1(STACK, -1)},
	{"the next frame, before it is there", BAD_LOAD8(STACK + VM_FRAME_SIZE, VM_FRAME_SIZE)},
};

#define ATOMIC_AT(code, addr, off, imm)                                                            \
	CODE(LDDW(1, addr), I(0xb7, 2, 0, 0, 5), MOV(0), I(code, 1, 2, off, imm), GIVE(2), EXIT_)
#define BAD_ATOMIC(trap, code, addr, off, imm)                                                     \
	FAULTS(trap, 4, (u64)(addr) + (u64)(s64)(off), (code) == 0xdb ? 8 : 4, RW | VM_ATOMIC),    \
		ATOMIC_AT(code, addr, off, imm)
#define NO_ATOMIC(code, imm)                                                                       \
	REFUSED(VARIANT, 4), TRAPS(ILLEGAL, 4), ATOMIC_AT(code, FREE, 0, imm)

static const struct survivor atomics[] = {
	{"xchg", RETURNS(0, 6), ATOMIC_AT(0xdb, FREE, 0, 0xe1)},
	{"cmpxchg", RETURNS(5, 6), ATOMIC_AT(0xdb, FREE, 0, 0xf1)},
	{"xchg without fetch", NO_ATOMIC(0xdb, 0xe0)},
	{"xchg32 without fetch", NO_ATOMIC(0xc3, 0xe0)},
	{"cmpxchg without fetch", NO_ATOMIC(0xdb, 0xf0)},
	{"cmpxchg32 without fetch", NO_ATOMIC(0xc3, 0xf0)},
	{"atomic subtraction", NO_ATOMIC(0xdb, 0x10)},
	{"fetch of nothing known", NO_ATOMIC(0xc3, 0x11)},
	{"imm 0x02", NO_ATOMIC(0xdb, 0x02)},
	{"imm 0x100, add if cut", NO_ATOMIC(0xdb, 0x100)},
	{"imm 0x1e1, xchg if cut", NO_ATOMIC(0xc3, 0x1e1)},
	{"imm 0x1800, another opcode's arm if shifted", NO_ATOMIC(0xc3, 0x1800)},
	{"imm -1", NO_ATOMIC(0xdb, -1)},
	{"imm -256", NO_ATOMIC(0xdb, -256)},
	{"atomic of two bytes", REFUSED(OPCODE, 4), TRAPS(ILLEGAL, 4), ATOMIC_AT(0xcb, FREE, 0, 0)},
	{"atomic of one byte", REFUSED(OPCODE, 4), TRAPS(ILLEGAL, 4), ATOMIC_AT(0xd3, FREE, 0, 0)},
	{"atomic at NULL", BAD_ATOMIC(BOUNDS, 0xdb, 0, 0, 0)},
	{"atomic at UINT64_MAX - 7", BAD_ATOMIC(BOUNDS, 0xdb, ~0ull - 7, 0, 1)},
	{"atomic beyond the end", BAD_ATOMIC(BOUNDS, 0xdb, CTX, 16, 0xe1)},
	{"atomic across the end", BAD_ATOMIC(BOUNDS, 0xdb, CTX, 12, 0xf1)},
	{"atomic32 before a region", BAD_ATOMIC(BOUNDS, 0xc3, CTX, -4, 0x41)},
	{"atomic in no region", BAD_ATOMIC(BOUNDS, 0xc3, VM_ADDRESS(VM_REGION_FREE + 1, 0), 0, 0)},
	{"atomic at 4 of 8", BAD_ATOMIC(ATOMIC, 0xdb, FREE, 4, 0)},
	{"atomic at 1", BAD_ATOMIC(ATOMIC, 0xdb, FREE, 1, 0xf1)},
	{"atomic32 at 2 of 4", BAD_ATOMIC(ATOMIC, 0xc3, FREE, 2, 0xe1)},
	{"atomic32 at 4", RETURNS(0, 6), ATOMIC_AT(0xc3, FREE, 4, 1)},
	{"atomic32 of the last bytes", RETURNS(0, 6), ATOMIC_AT(0xc3, FREE, SPAN - 4, 1)},
	{"atomic of a read-only region", BAD_ATOMIC(READONLY, 0xdb, RODATA, 0, 0)},
	{"atomic of a write-only region", BAD_ATOMIC(WRITEONLY, 0xdb, DATA, 0, 1)},
	{"xchg of a write-only region", BAD_ATOMIC(WRITEONLY, 0xdb, DATA, 0, 0xe1)},
};

/* strtol(buf, len, 10, result); r0 is what it returns. */
#define NUMBER(helper, buf, len, result)                                                           \
	CODE(LDDW(1, buf), LDDW(2, len), I(0xb7, 3, 0, 0, 10), LDDW(4, result),                    \
	     I(0x85, 0, 0, 0, helper), EXIT_)
#define STRTOL(buf, len, result) NUMBER(105, buf, len, result)
#define BAD_BUF(buf, len)                                                                          \
	FAULTS(ARGUMENT, 7, buf, (u32)(len), VM_READ), STRTOL(buf, len, FREE)
#define BAD_RESULT(result) FAULTS(ARGUMENT, 7, result, 8, VM_WRITE), STRTOL(RODATA, 8, result)

static const struct survivor helpers[] = {
	{"strtol of -1234", RETURNS(5, 8), STRTOL(RODATA, 8, FREE)},
	{"strtoul of -1234", RETURNS(-EINVAL, 8), NUMBER(106, RODATA, 8, FREE)},
	{"strtol, result in the last 8 bytes", RETURNS(5, 8), STRTOL(RODATA, 8, FREE + SPAN - 8)},
	{"strtol, result not aligned", RETURNS(5, 8), STRTOL(RODATA, 8, FREE + 3)},
	{"strtol, result in a write-only region", RETURNS(5, 8), STRTOL(RODATA, 8, DATA)},
	{"strtol, result in its own text", RETURNS(-EINVAL, 8), STRTOL(CTX, 16, CTX)},
	{"strtol, up to the last byte", RETURNS(1, 8), STRTOL(RODATA + 4, 1, FREE)},
	{"strtol, one beyond the last byte", BAD_BUF(RODATA + 7, 2)},
	{"strtol of the whole region", RETURNS(-EINVAL, 8), STRTOL(FREE, SPAN, FREE)},
	{"strtol of the region and one byte", BAD_BUF(FREE, SPAN + 1)},
	{"strtol of 512 bytes of stack", RETURNS(-EINVAL, 8), STRTOL(STACK, 512, FREE)},
	{"strtol of 513 bytes", BAD_BUF(STACK, 513)},
	{"strtol of size 0", BAD_BUF(RODATA, 0)},
	{"strtol of size -1", BAD_BUF(RODATA, ~0ull)},
	{"strtol of a size of 2^32 + 1", BAD_BUF(RODATA, (1ull << 32) + 1)},
	{"strtol of a size of 2^63", BAD_BUF(RODATA, 1ull << 63)},
	{"strtol of NULL", BAD_BUF(0, 8)},
	{"strtol at UINT64_MAX", BAD_BUF(~0ull, 8)},
	{"strtol at INTPTR_MAX", BAD_BUF((1ull << 63) - 1, 8)},
	{"strtol of a good address and bit 32", BAD_BUF(1ull << 32 | RODATA, 8)},
	{"strtol in no region", BAD_BUF(VM_ADDRESS(VM_REGIONS, 0), 1)},
	{"strtol of code", BAD_BUF(VM_CODE_BASE, 8)},
	{"strtol of a write-only region", BAD_BUF(DATA, 8)},
	{"strtol, result at NULL", BAD_RESULT(0)},
	{"strtol, result at UINT64_MAX - 3", BAD_RESULT(~0ull - 3)},
	{"strtol, result read-only", BAD_RESULT(RODATA)},
	{"strtol, result across the end", BAD_RESULT(FREE + SPAN - 7)},
	{"strtol, result before a region", BAD_RESULT(FREE - 8)},
	{"strtol, result above the stack", BAD_RESULT(STACK + VM_FRAME_SIZE)},
	{"strtol, unknown flags", RETURNS(-EINVAL, 8),
	 CODE(LDDW(1, RODATA), I(0xb7, 2, 0, 0, 8), LDDW(3, 1ull << 32 | 10), LDDW(4, FREE),
	      I(0x85, 0, 0, 0, 105), EXIT_)},
};

/*
 * Helper numbers that no guest may call: 105 is there, these are around it or become it when cut.
 */
static void helper_numbers(void **state)
{
	static const u32 numbers[] = {0, 4, 104, 107, 124, 126, 211, 212, 255, 256, 256 + 1,
				      256 + 105, 65536 + 105, 1u << 24, 0x7fffffff, 0x80000000,
				      0xffffffff};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct survivor s[] = {
			{"call by number", REFUSED(HELPER, 0), TRAPS(HELPER, 0),
			 CODE(I(0x85, 0, 0, 0, numbers[i]), EXIT_)},
			{"callx of a number", TRAPS(HELPER, 1),
			 CODE(I(0xb4, 1, 0, 0, numbers[i]), I(0x8d, 1, 0, 0, 0), EXIT_)},
		};

		if (numbers[i] >> VM_OFFSET_BITS) /* to callx that is an address */
			s[1].stop = VM_TRAP_JUMP;
		survive_all(s, COUNT(s));
	}
}

/* An image whose region `number` is `size` bytes of `access`. */
static struct bpfvm_image *with_region(const struct survivor *s, u32 number, u32 access, u32 size)
{
	struct bpfvm_image *image;
	struct bpfvm_error err;

	assert_int_equal(bpfvm_image__from_code(s->code, s->len, &image), 0);
	assert_int_equal(bpfvm_image__add_area(image, number, "region", access, NULL, size, &err),
			 number);
	return image;
}

/* One access of `width` bytes that ends `beyond` bytes behind a region's last one. */
static void touch(u32 number, u32 size, u8 code, u32 width, u32 beyond)
{
	u32 addr = VM_ADDRESS(number, size - width + beyond);
	u32 access = (code & 7) == 1 ? VM_READ : VM_WRITE;
	struct survivor s = {"an end of a region", RETURNS(0, 3),
			     CODE(MOV(0), I(0xb4, 1, 0, 0, addr), I(code, 1, 0, 0, 0), EXIT_)};
	struct bpfvm_image *image;

	if (access == VM_READ)
		s.code[2] = (struct vm_insn)I(code, 0, 1, 0, 0);
	if (beyond)
		s.stop = VM_TRAP_BOUNDS, s.pc = 2, s.value = addr, s.size = width,
		s.access = access;
	image = with_region(&s, number, access, size);
	survives(&s, image);
	bpfvm_image__free(image);
}

/* The last byte is part of a region, whatever its size, and the one behind it is not. */
static void ends_of_regions(void **state)
{
	static const u32 sizes[] = {1, 2, 7, 8, 255, 256, 257, 263, 65535, 65536, 65537, 70000};
	static const u32 numbers[] = {VM_REGION_CTX, VM_REGION_FREE, VM_REGIONS - 1};
	static const u8 loads[] = {0x71, 0x69, 0x61, 0x79}, stores[] = {0x72, 0x6a, 0x62, 0x7a};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes) * COUNT(numbers); i++) {
		u32 size = sizes[i % COUNT(sizes)], number = numbers[i / COUNT(sizes)];

		for (u32 w = 0; w < 4; w++) {
			if (1u << w > size)
				continue;
			touch(number, size, loads[w], 1u << w, 0);
			touch(number, size, loads[w], 1u << w, 1);
			touch(number, size, stores[w], 1u << w, 0);
			touch(number, size, stores[w], 1u << w, 1u << w);
		}
	}
}

SURVIVE(bounds)
SURVIVE(atomics)
SURVIVE(helpers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_takes_part), cmocka_unit_test(survive_bounds),
		cmocka_unit_test(ends_of_regions),   cmocka_unit_test(survive_atomics),
		cmocka_unit_test(survive_helpers),   cmocka_unit_test(helper_numbers),
	};

	return cmocka_run_group_tests_name("inputs that broke others: memory", tests, open_cores,
					   close_cores);
}
