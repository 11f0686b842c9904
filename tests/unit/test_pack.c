/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Images as bytes: there and back, in files, stripped. */
#include <bpf/btf.h>

#include "packed.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("link", "link.o", "-g");
	compile("maps", "maps.o", "-g");
	compile("tails", "tails.o", "-g");
	return 0;
}

static void assert_same_text(const char *a, const char *b)
{
	if (a)
		assert_string_equal(a, b);
	else
		assert_null(b);
}

static void assert_same_maps(const struct bpfvm_image *a, const struct bpfvm_image *b)
{
	assert_int_equal(a->maps, b->maps);
	for (u32 i = 0; i < a->maps; i++) {
		struct bpfvm_map x = a->map[i], y = b->map[i];

		assert_string_equal(x.name, y.name);
		assert_int_equal(!x.first, !y.first);
		if (x.first)
			assert_memory_equal(x.first, y.first, x.max_entries * sizeof(*x.first));
		x.name = y.name = NULL;
		x.first = y.first = NULL;
		assert_memory_equal(&x, &y, sizeof(x));
	}
}

static void assert_same_lines(const struct bpfvm_image *a, const struct bpfvm_image *b)
{
	const void *raw[2];
	u32 size[2];

	assert_int_equal(a->lines, b->lines);
	for (u32 i = 0; i < a->lines; i++) {
		assert_int_equal(a->line[i].insn, b->line[i].insn);
		assert_int_equal(a->line[i].line, b->line[i].line);
		assert_string_equal(a->line[i].file, b->line[i].file);
		assert_string_equal(a->line[i].text, b->line[i].text);
	}
	assert_int_equal(!a->btf, !b->btf);
	if (!a->btf)
		return;
	raw[0] = btf__raw_data(a->btf, &size[0]);
	raw[1] = btf__raw_data(b->btf, &size[1]);
	assert_int_equal(size[0], size[1]);
	assert_memory_equal(raw[0], raw[1], size[0]);
}

static void assert_same(const struct bpfvm_image *a, const struct bpfvm_image *b)
{
	assert_same_text(a->path, b->path);
	assert_same_text(a->name, b->name);
	assert_same_text(a->section, b->section);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->entry, b->entry);
	assert_memory_equal(a->code, b->code, a->len * sizeof(*a->code));
	assert_memory_equal(a->arg, b->arg, sizeof(a->arg));
	for (u32 i = 0; i < VM_REGIONS; i++) {
		assert_int_equal(a->area[i].size, b->area[i].size);
		assert_int_equal(a->area[i].access, b->area[i].access);
		if (!a->area[i].size)
			continue;
		assert_string_equal(a->area[i].name, b->area[i].name);
		assert_memory_equal(a->area[i].data, b->area[i].data, a->area[i].size);
	}
	assert_int_equal(a->variables, b->variables);
	for (u32 i = 0; i < a->variables; i++) {
		struct bpfvm_variables x = a->variable[i], y = b->variable[i];

		assert_string_equal(x.name, y.name);
		assert_true(x.region == y.region && x.offset == y.offset && x.size == y.size);
	}
	assert_int_equal(a->functions, b->functions);
	for (u32 i = 0; i < a->functions; i++) {
		assert_string_equal(a->function[i].name, b->function[i].name);
		assert_int_equal(a->function[i].start, b->function[i].start);
		assert_int_equal(a->function[i].len, b->function[i].len);
		assert_int_equal(a->function[i].program, b->function[i].program);
	}
	assert_same_maps(a, b);
	assert_same_lines(a, b);
}

/* Packs, unpacks, packs again: the same image, the same bytes. Frees the image. */
static void there_and_back(struct bpfvm_image *image)
{
	struct packed p = pack(image), q;
	struct bpfvm_image *copy = unpack(p);

	assert_same(image, copy);
	q = pack(copy);
	assert_int_equal(p.size, q.size);
	assert_memory_equal(p.bytes, q.bytes, p.size);
	bpfvm_image__free(image);
	bpfvm_image__free(copy);
	free(p.bytes);
	free(q.bytes);
}

static void objects(void **state)
{
	static const char *const files[] = {"link.o", "maps.o", "tails.o"};

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		struct bpfvm_program *list;
		u32 count;

		assert_int_equal(bpfvm_programs__read(path_of(files[i]), &list, &count, NULL), 0);
		assert_true(count >= 4);
		for (u32 n = 0; n < count; n++)
			there_and_back(open_image(files[i], list[n].name));
		bpfvm_programs__free(list, count);
	}
}

static void without_an_object(void **state)
{
	static const struct vm_insn code[2] = {{0xb7, 0, 0, 5}, {0x95, 0, 0, 0}};
	struct bpfvm_image *image;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(NULL, 0, &image), 0);
	there_and_back(image);
	assert_int_equal(bpfvm_image__from_code(code, 2, &image), 0);
	image->kind = BPFVM_KIND_TC;
	image->entry = 1;
	image->arg[0] = 1ull << 40;
	image->arg[1] = ~0ull;
	assert_true(bpfvm_image__add_area(image, 0, "mine", VM_WRITE, "abc", 3, NULL) > 0);
	there_and_back(image);
}

static void strips(void **state)
{
	struct packed full = pack_tails(0), bare = pack_tails(1);
	struct bpfvm_image *image = unpack(bare);

	(void)state;
	assert_true(bare.size * 2 < full.size);
	assert_null(image->btf);
	assert_int_equal(image->lines, 0);
	assert_int_equal(image->maps, 2);
	assert_int_equal(image->map[1].key_type, 0);
	there_and_back(image);
	free(full.bytes);
	free(bare.bytes);
}

/* Sixteen MiB of zeros take no bytes; code lies where it can be executed. */
static void layout(void **state)
{
	struct bpfvm_image *image;
	struct packed p;
	struct vm_image head;

	(void)state;
	assert_int_equal(vm_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(vm_crc32(vm_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(bpfvm_image__from_code((struct vm_insn[]){{0x95, 0, 0, 0}}, 1, &image), 0);
	assert_true(bpfvm_image__add_area(image, 0, ".bss", VM_READ | VM_WRITE, NULL, 1 << 24, NULL) >
		    0);
	p = pack(image);
	assert_true(p.size < 300);
	memcpy(&head, p.bytes, sizeof(head));
	assert_int_equal(head.size, p.size);
	assert_int_equal(head.part[VM_IMAGE_CODE].offset, sizeof(head));
	assert_int_equal(head.part[VM_IMAGE_CODE].size, 8);
	assert_int_equal(p.bytes[sizeof(head)], 0x95);
	bpfvm_image__free(image);
	free(p.bytes);
}

/* What cannot be written is there to its last byte, so that a device uses it in place. */
static void whole(void **state)
{
	static const u8 text[32] = {1};
	struct vm_image_area area;
	struct bpfvm_image *image;
	struct vm_image head;
	struct packed p;

	(void)state;
	assert_int_equal(bpfvm_image__from_code((struct vm_insn[]){{0x95, 0, 0, 0}}, 1, &image), 0);
	assert_true(bpfvm_image__add_area(image, 0, ".rodata", VM_READ, text, 32, NULL) > 0);
	p = pack(image);
	memcpy(&head, p.bytes, sizeof(head));
	assert_int_equal(head.part[VM_IMAGE_AREAS].size, sizeof(area));
	memcpy(&area, p.bytes + head.part[VM_IMAGE_AREAS].offset, sizeof(area));
	assert_int_equal(area.size, 32);
	assert_int_equal(area.stored, 32);
	assert_true(area.data + 32 <= head.part[VM_IMAGE_DATA].size);
	bpfvm_image__free(image);
	free(p.bytes);
}

static void files(void **state)
{
	struct packed p = pack_tails(0);
	const char *path = write_object("tails.img", p.bytes, p.size);
	struct bpfvm_image *image = open_image("tails.img", "first");
	struct bpfvm_program *list;
	struct bpfvm_error err;
	u32 count;

	(void)state;
	assert_string_equal(image->path, path);
	assert_string_equal(image->name, "first");
	assert_int_equal(bpfvm_programs__read(path, &list, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list->name, "first");
	assert_string_equal(list->section, "xdp");
	bpfvm_programs__free(list, count);
	bpfvm_image__free(image);
	assert_refused(path_of("tails.img"), "second", -ENOENT, "no program named second");
	assert_refused(write_object("cut.img", p.bytes, p.size - 8), NULL, -EINVAL, "damaged");
	assert_int_equal(bpfvm_programs__read(path_of("cut.img"), &list, &count, &err), -EINVAL);
	free(p.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects),
		cmocka_unit_test(without_an_object),
		cmocka_unit_test(strips),
		cmocka_unit_test(layout),
		cmocka_unit_test(whole),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("pack", tests, setup, remove_folder);
}
