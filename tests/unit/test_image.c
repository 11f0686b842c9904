/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Images: what the linker makes of good objects, what it refuses by name, and added memory. */
#include "objects.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("link", "link.o", "-g");
	compile("link", "bare.o", "");
	compile("refused", "refused.o", "-g");
	compile("text", "text.o", "-g");
	return 0;
}

static struct bpfvm_image *open_image(const char *name, const char *prog)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err;

	if (bpfvm_image__open(path_of(name), prog, &image, &err))
		fail_msg("%s", err.text);
	return image;
}

static u32 start_of(const struct bpfvm_image *image, const char *name)
{
	for (u32 i = 0; i < image->functions; i++)
		if (!strcmp(image->function[i].name, name))
			return image->function[i].start;
	fail_msg("no function %s", name);
	return 0;
}

static void opens_first_program(void **state)
{
	struct bpfvm_image *image = open_image("link.o", NULL);
	struct bpfvm_fault fault;
	u32 next = 0;

	(void)state;
	assert_string_equal(image->path, path_of("link.o"));
	assert_string_equal(image->name, "everything");
	assert_string_equal(image->section, "xdp");
	assert_int_equal(image->kind, BPFVM_KIND_XDP);
	assert_int_equal(image->entry, 0);
	assert_int_equal(image->functions, 4);
	for (u32 i = 0; i < image->functions; i++) {
		assert_int_equal(image->function[i].start, next);
		next += image->function[i].len;
	}
	assert_int_equal(next, image->len);
	assert_int_equal(bpfvm_image__check(image, &fault), 0);
	bpfvm_image__free(image);
}

/* Each call of the linked code leads to the start of a function; three of them by name. */
static void links_calls(void **state)
{
	struct bpfvm_image *image = open_image("link.o", NULL);
	u32 triple = start_of(image, "local_triple"), next = start_of(image, "global_next");
	u32 from_entry = 0, from_next = 0;

	(void)state;
	for (u32 pc = 0; pc < image->len; pc++) {
		const struct vm_insn *in = &image->code[pc];
		u32 to = pc + 1 + (u32)in->imm;

		if (in->code != 0x85)
			continue;
		assert_int_equal(vm_src(in), VM_CALL_LOCAL);
		assert_true(to == triple || to == next);
		from_entry += pc < image->function[0].len;
		from_next += pc >= next && pc < next + 3 && to == triple;
	}
	assert_int_equal(from_entry, 2);
	assert_int_equal(from_next, 1);
	bpfvm_image__free(image);
}

/* Whether an lddw of the code gives `value`. */
static _Bool loads(const struct bpfvm_image *image, u64 value)
{
	for (u32 pc = 0; pc + 1 < image->len; pc++) {
		const struct vm_insn *in = &image->code[pc];

		if (in->code != 0x18)
			continue;
		assert_int_equal(vm_src(in), 0);
		if (((u64)(u32)in[1].imm << 32 | (u32)in->imm) == value)
			return 1;
		pc++;
	}
	return 0;
}

/* The offset at which the area holds these bytes, which have to be there once, aligned. */
static u32 offset_of(const struct bpfvm_memory_area *area, const void *bytes, u32 size)
{
	u32 found = UINT32_MAX;

	for (u32 at = 0; at + size <= area->size; at += 8)
		if (!memcmp(area->data + at, bytes, size))
			found = found == UINT32_MAX ? at : UINT32_MAX - 1;
	assert_true(found < area->size);
	return found;
}

static u64 code_address(const struct bpfvm_image *image, const char *name)
{
	return VM_CODE_BASE + 8ull * start_of(image, name);
}

static void links_data(void **state)
{
	static const u64 constants[4] = {11, 12, 13, 14}, data[3] = {7, 8, 9};
	struct bpfvm_image *image = open_image("link.o", NULL);
	const struct bpfvm_memory_area *ro = &image->area[VM_REGION_RODATA];
	const struct bpfvm_memory_area *rw = &image->area[VM_REGION_DATA];
	const u64 functions[3] = {code_address(image, "local_triple"),
				  code_address(image, "global_next"),
				  code_address(image, "local_fivefold")};
	u32 constant = offset_of(ro, constants, sizeof(constants));
	u32 datum = offset_of(rw, data, sizeof(data));
	const u64 pointers[2] = {VM_ADDRESS(VM_REGION_RODATA, constant + 8),
				 VM_ADDRESS(VM_REGION_DATA, datum + 16)};
	const u64 word = VM_ADDRESS(VM_REGION_RODATA, offset_of(ro, "hello", 6));
	u32 table = offset_of(ro, functions, sizeof(functions)), pointer;

	(void)state;
	assert_int_equal(ro->access, VM_READ);
	assert_int_equal(rw->access, VM_READ | VM_WRITE);
	assert_string_equal(ro->name, ".rodata");
	assert_string_equal(rw->name, ".data");
	pointer = offset_of(rw, pointers, sizeof(pointers));
	assert_true(loads(image, VM_ADDRESS(VM_REGION_RODATA, constant)));
	assert_true(loads(image, VM_ADDRESS(VM_REGION_RODATA, table)));
	assert_true(loads(image, VM_ADDRESS(VM_REGION_DATA, datum)));
	assert_true(loads(image, VM_ADDRESS(VM_REGION_DATA, pointer)));
	assert_true(loads(image, VM_ADDRESS(VM_REGION_DATA, offset_of(rw, &word, sizeof(word)))));
	assert_true(loads(image, functions[2]));
	for (u32 i = 0; i < VM_REGIONS; i++)
		assert_true(i == VM_REGION_RODATA || i == VM_REGION_DATA || !image->area[i].size);
	bpfvm_image__free(image);
}

/* A section that asks for 64-byte alignment gets it. */
static void aligns_data(void **state)
{
	struct bpfvm_image *image = open_image("link.o", NULL);
	const struct bpfvm_memory_area *area = &image->area[VM_REGION_DATA];
	u32 found = 0;

	(void)state;
	for (u32 at = 0; at + 8 <= area->size; at += 64)
		if (area->data[at] == 64 && loads(image, VM_ADDRESS(VM_REGION_DATA, at)))
			found++;
	assert_int_equal(found, 1);
	bpfvm_image__free(image);
}

static void has_lines(void **state)
{
	struct bpfvm_image *image = open_image("link.o", NULL);
	_Bool first = 0, called = 0;

	(void)state;
	assert_true(image->lines > 10);
	for (u32 i = 0; i < image->lines; i++) {
		const struct bpfvm_line *line = &image->line[i];

		assert_true(line->insn < image->len);
		assert_true(!i || line[-1].insn <= line->insn);
		assert_non_null(strstr(line->file, "tests/objects/link.c"));
		first |= !line->insn && strstr(line->text, "everything(u64 index, u64 n)");
		called |= line->insn >= start_of(image, "local_fivefold") &&
			  strstr(line->text, "return n * 5;") && line->line == 23;
	}
	assert_true(first && called);
	bpfvm_image__free(image);
}

static void without_btf(void **state)
{
	struct bpfvm_image *image = open_image("bare.o", NULL);

	(void)state;
	assert_int_equal(image->functions, 4);
	assert_int_equal(image->lines, 0);
	assert_null(image->btf);
	bpfvm_image__free(image);
}

static void chooses_by_name(void **state)
{
	static const struct {
		const char *name, *section;
		enum bpfvm_kind kind;
		u32 functions;
	} programs[] = {
		{"everything", "xdp", BPFVM_KIND_XDP, 4},
		{"second", "xdp", BPFVM_KIND_XDP, 2},
		{"third", "tc/ingress", BPFVM_KIND_TC, 4},
		{"fourth", "tc", BPFVM_KIND_TC, 1},
		{"fifth", "other", BPFVM_KIND_PLAIN, 1},
	};
	struct bpfvm_program *list;
	u32 count;

	(void)state;
	assert_int_equal(bpfvm_programs__read(path_of("link.o"), &list, &count, NULL), 0);
	assert_int_equal(count, 5);
	for (u32 i = 0; i < count; i++) {
		struct bpfvm_image *image = open_image("link.o", programs[i].name);
		struct bpfvm_fault fault;

		assert_string_equal(list[i].name, programs[i].name);
		assert_string_equal(list[i].section, programs[i].section);
		assert_int_equal(list[i].len, image->function[0].len);
		assert_string_equal(image->name, programs[i].name);
		assert_string_equal(image->section, programs[i].section);
		assert_int_equal(image->kind, programs[i].kind);
		assert_int_equal(image->functions, programs[i].functions);
		assert_int_equal(bpfvm_image__check(image, &fault), 0);
		bpfvm_image__free(image);
	}
	bpfvm_programs__free(list, count);
}

static void refuses_by_name(void **state)
{
	static const struct {
		const char *prog, *what;
	} refused[] = {
		{"core", "core: CO-RE relocation of type foreign"},
		{"kfunc", "kfunc: calls a kernel function (kfunc): kernel_function"},
		{"ksym", "ksym: uses a kernel symbol: kernel_variable"},
		{"function", "calls a function that is not in the object: missing_function"},
		{"variable", "uses a variable that is not in the object: missing_variable"},
		{"common", "common: uses a symbol that is in no section: common_variable"},
		{"map", "map some_map: no maps of type stack_trace (7)"},
		{"old", "old: uses a map declared in the old way, in SEC(\"maps\"): old_map"},
		{"kconfig", "kconfig: uses a kernel configuration value (__kconfig): CONFIG_HZ"},
		{"section", "section: uses elsewhere in section somewhere"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_refused(path_of("refused.o"), refused[i].prog, -EOPNOTSUPP, refused[i].what);
	bpfvm_image__free(open_image("refused.o", "fine"));
}

static void no_such_program(void **state)
{
	struct bpfvm_image *image;
	struct bpfvm_error err;

	(void)state;
	assert_refused(path_of("link.o"), "nope", -ENOENT, "no program named nope");
	assert_refused(path_of("link.o"), "local_triple", -ENOENT, "no program named local_triple");
	assert_refused(path_of("text.o"), NULL, -ENOENT, "all functions are in .text");
	assert_int_equal(bpfvm_image__open(path_of("link.o"), "nope", &image, &err), -ENOENT);
	assert_string_equal(err.hint, "there are everything, second, third, fourth, fifth");
}

static int add_area(struct bpfvm_image *image, u32 number, u32 access, u32 size)
{
	static const u8 bytes[8] = {1, 2, 3, 4};
	struct bpfvm_error err = {0};
	int ret = bpfvm_image__add_area(image, number, "mine", access, size > 8 ? NULL : bytes,
					size, &err);

	assert_int_equal(ret < 0, *err.text != 0);
	return ret;
}

static void adds_areas(void **state)
{
	struct bpfvm_image *image;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(NULL, 0, &image), 0);
	assert_int_equal(add_area(image, VM_REGION_CTX, VM_READ, 4), VM_REGION_CTX);
	assert_memory_equal(image->area[VM_REGION_CTX].data, "\1\2\3\4", 4);
	assert_string_equal(image->area[VM_REGION_CTX].name, "mine");
	assert_int_equal(add_area(image, VM_REGION_CTX, VM_READ, 4), -ENOSPC);
	assert_int_equal(add_area(image, VM_REGION_STACK, VM_READ, 4), -EINVAL);
	assert_int_equal(add_area(image, 0, VM_READ, 0), -EINVAL);
	assert_int_equal(add_area(image, 0, 8, 4), -EINVAL);
	assert_int_equal(add_area(image, 0, VM_READ, (1 << 24) + 1), -E2BIG);
	assert_int_equal(add_area(image, VM_REGIONS, VM_READ, 4), -ENOSPC);
	for (int i = VM_REGION_FREE; i < VM_REGIONS; i++)
		assert_int_equal(add_area(image, 0, VM_WRITE, 16), i);
	assert_int_equal(image->area[VM_REGION_FREE].data[15], 0);
	assert_int_equal(add_area(image, 0, VM_READ, 8), -ENOSPC);
	bpfvm_image__free(image);
	bpfvm_image__free(NULL);
}

static void copies_code(void **state)
{
	struct vm_insn code[2] = {{0xb7, 0, 0, 5}, {0x95, 0, 0, 0}};
	struct bpfvm_image *image;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(code, 2, &image), 0);
	code[0].imm = 6;
	assert_int_equal(image->len, 2);
	assert_int_equal(image->code[0].imm, 5);
	assert_int_equal(image->kind, BPFVM_KIND_PLAIN);
	bpfvm_image__free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_first_program), cmocka_unit_test(links_calls),
		cmocka_unit_test(links_data),	       cmocka_unit_test(aligns_data),
		cmocka_unit_test(has_lines),	       cmocka_unit_test(without_btf),
		cmocka_unit_test(chooses_by_name),     cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(no_such_program),     cmocka_unit_test(adds_areas),
		cmocka_unit_test(copies_code),
	};

	return cmocka_run_group_tests_name("image", tests, setup, remove_folder);
}
