/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Images as bytes: there and back, and every kind of damage on the way. */
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "crc32.h"
#include "damage.h"
#include "image.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("link", "link.o", "-g");
	compile("maps", "maps.o", "-g");
	compile("tails", "tails.o", "-g");
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

struct packed {
	u8 *bytes;
	u32 size;
};

static struct packed pack(const struct bpfvm_image *image)
{
	struct packed p;

	assert_int_equal(bpfvm_image__pack(image, &p.bytes, &p.size), 0);
	return p;
}

/* The bytes of a program with maps and tail calls, which fits the tests of damage. */
static struct packed pack_tails(_Bool strip)
{
	struct bpfvm_image *image = open_image("tails.o", "first");
	struct packed p;

	if (strip)
		bpfvm_image__strip(image);
	p = pack(image);
	bpfvm_image__free(image);
	return p;
}

static struct bpfvm_image *unpack(struct packed p)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err;

	if (bpfvm_image__unpack(p.bytes, p.size, &image, &err))
		fail_msg("%s", err.text);
	return image;
}

/* --- there and back -------------------------------------------------------------------------- */

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
	assert_true(bpfvm_image__add_area(image, 0, ".bss", VM_READ, NULL, 1 << 24, NULL) > 0);
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

/* --- damage ---------------------------------------------------------------------------------- */

static int try_unpack(struct packed p, struct bpfvm_error *err)
{
	struct bpfvm_image *image = NULL;
	int ret = bpfvm_image__unpack(p.bytes, p.size, &image, err);

	if (!ret) {
		use_image(image);
		return 0;
	}
	assert_null(image);
	assert_true(!strncmp(err->text, "image: ", 7) && *err->hint);
	assert_null(strpbrk(err->text, "\n\033"));
	return ret;
}

/* Every length, in memory of just that length. */
static void truncations(void **state)
{
	struct packed p = pack_tails(0), cut;
	struct bpfvm_error err;

	(void)state;
	for (cut.size = 0; cut.size < p.size; cut.size++) {
		cut.bytes = malloc(cut.size + !cut.size);
		memcpy(cut.bytes, p.bytes, cut.size);
		assert_int_equal(try_unpack(cut, &err),
				 cut.size < sizeof(struct vm_image) ? -ENOEXEC : -EINVAL);
		free(cut.bytes);
	}
	free(p.bytes);
}

static void trailing_bytes(void **state)
{
	struct packed p = pack_tails(0);
	struct bpfvm_error err;

	(void)state;
	p.bytes = realloc(p.bytes, p.size + 8);
	p.size += 8;
	assert_int_equal(try_unpack(p, &err), -EINVAL);
	free(p.bytes);
}

/* Every byte, changed in every bit of it. */
static void flips(void **state)
{
	struct packed p = pack_tails(0);
	struct bpfvm_error err;

	(void)state;
	for (u32 i = 0; i < p.size; i++) {
		for (u32 bit = 0; bit < 9; bit++) {
			u8 mask = bit < 8 ? (u8)(1u << bit) : 0xff;

			p.bytes[i] ^= mask;
			assert_true(try_unpack(p, &err) < 0);
			p.bytes[i] ^= mask;
		}
	}
	free(p.bytes);
}

static void repair_crc(struct packed p)
{
	const u32 from = offsetof(struct vm_image, size);
	u32 crc = vm_crc32(0, p.bytes + from, p.size - from);

	memcpy(p.bytes + offsetof(struct vm_image, crc), &crc, sizeof(crc));
}

/* The same by somebody who knows the checksum: no crash, and never what use_image() refuses. */
static void flips_with_checksum(void **state)
{
	static const u8 masks[] = {0x01, 0x10, 0x80, 0xff};
	struct packed p = pack_tails(0);
	struct bpfvm_error err;
	u32 opened = 0;

	(void)state;
	for (u32 i = 0; i < p.size; i++) {
		for (u32 n = 0; n < 4; n++) {
			p.bytes[i] ^= masks[n];
			repair_crc(p);
			opened += !try_unpack(p, &err);
			p.bytes[i] ^= masks[n];
		}
	}
	assert_true(opened > p.size / 2 && opened < p.size * 4);
	free(p.bytes);
}

static void words_with_checksum(void **state)
{
	static const u32 words[] = {0, 1, 7, 8, 0x1000, 0xffffff, 0x7fffffff, 0x80000000, ~0u};
	struct packed p = pack_tails(1);
	struct bpfvm_error err;
	u32 old, other;

	(void)state;
	random_state = 3;
	for (u32 i = 0; i < p.size; i += 4) {
		memcpy(&old, p.bytes + i, 4);
		for (u32 n = 0; n < 20; n++) {
			other = n < 9 ? words[n] : n < 14 ? old + n - 11 : random_u32();
			memcpy(p.bytes + i, &other, 4);
			repair_crc(p);
			try_unpack(p, &err);
		}
		memcpy(p.bytes + i, &old, 4);
	}
	free(p.bytes);
}

/* Changes a word at `offset` of a part, the header being part VM_IMAGE_PARTS, and says why not. */
static void assert_refusal(u32 number, u32 offset, u32 value, int code, const char *what)
{
	struct packed p = pack_tails(0);
	struct vm_image *head = (struct vm_image *)p.bytes;
	u32 from = number == VM_IMAGE_PARTS ? 0 : head->part[number].offset;
	struct bpfvm_error err;

	assert_true(number == VM_IMAGE_PARTS || offset < head->part[number].size);
	memcpy(p.bytes + from + offset, &value, sizeof(value));
	if (offset != offsetof(struct vm_image, crc) || from)
		repair_crc(p);
	if (try_unpack(p, &err) != code || !strstr(err.text, what))
		fail_msg("\"%s\", not \"%s\"", err.text, what);
	free(p.bytes);
}

#define HEAD(field)	VM_IMAGE_PARTS, offsetof(struct vm_image, field)
#define MAP(field)	VM_IMAGE_MAPS, offsetof(struct vm_image_map, field)
#define FUNCTION(field) VM_IMAGE_FUNCTIONS, offsetof(struct vm_image_function, field)

static void names_the_damage(void **state)
{
	(void)state;
	assert_refusal(HEAD(magic), 1, -ENOEXEC, "not an image");
	assert_refusal(HEAD(version), 2, -ENOTSUP,
		       "an image of version 2, and this build reads version 1");
	assert_refusal(HEAD(crc), 1, -EINVAL, "damaged: its checksum is wrong");
	assert_refusal(HEAD(size), 8, -EINVAL, "not 8");
	assert_refusal(HEAD(header), 8, -EINVAL, "damaged: header");
	assert_refusal(HEAD(kind), VM_IMAGE_KINDS, -EINVAL, "damaged: header");
	assert_refusal(HEAD(entry), 100000, -EINVAL, "damaged: entry");
	assert_refusal(HEAD(name), 100000, -EINVAL, "damaged: names");
	assert_refusal(HEAD(part[VM_IMAGE_CODE].offset), ~0u, -EINVAL, "damaged: code");
	assert_refusal(HEAD(part[VM_IMAGE_CODE].size), 12, -EINVAL, "damaged: code");
	assert_refusal(HEAD(part[VM_IMAGE_STRINGS].size), 0, -EINVAL, "damaged: strings");
	assert_refusal(HEAD(part[VM_IMAGE_STRINGS].size), 2, -EINVAL, "damaged: strings");
	assert_refusal(HEAD(part[VM_IMAGE_BTF].size), 10, -EINVAL, "damaged: BTF");
	assert_refusal(HEAD(part[VM_IMAGE_BTF].size), 0, -EINVAL, "damaged: types of maps");
	assert_refusal(VM_IMAGE_STRINGS, 1, 0x1b1b1b1b, -EINVAL, "damaged: names");
	assert_refusal(MAP(type), BPF_MAP_TYPE_XSKMAP, -EINVAL,
		       "damaged: image: map jumps: no maps of type xskmap (17)");
	assert_refusal(MAP(max_entries), ~0u, -EINVAL, "4294967295 entries are too many");
	assert_refusal(MAP(region), 0, -EINVAL, "a map without a region of its own");
	assert_refusal(MAP(region), VM_REGION_FREE + 1, -EINVAL, "a map without a region");
	assert_refusal(MAP(key_type), ~0u, -EINVAL, "types of maps");
	assert_refusal(VM_IMAGE_FIRSTS, 0, 1, -EINVAL, "programs of maps");
	assert_refusal(VM_IMAGE_FIRSTS, 4, 4, -EINVAL, "programs of maps");
	assert_refusal(VM_IMAGE_FIRSTS, 8, 0, -EINVAL, "programs of maps");
	assert_refusal(VM_IMAGE_FIRSTS, 8, 100000, -EINVAL, "programs of maps");
	assert_refusal(VM_IMAGE_VARIABLES, 4, VM_REGION_RODATA + 100, -EINVAL, "variables");
	assert_refusal(VM_IMAGE_VARIABLES, 8, ~0u, -EINVAL, "damaged: variables");
	assert_refusal(VM_IMAGE_VARIABLES, 12, 100000, -EINVAL, "damaged: variables");
	assert_refusal(FUNCTION(len), 100000, -EINVAL, "damaged: functions");
	assert_refusal(FUNCTION(program), 2, -EINVAL, "damaged: functions");
	assert_refusal(VM_IMAGE_LINES, 0, 100000, -EINVAL, "damaged: lines");
	assert_refusal(VM_IMAGE_LINES, 4, ~0u, -EINVAL, "damaged: lines");
}

/* Rows of areas, which the object above has none of. */
static void areas(void **state)
{
	static const struct vm_image_area bad[] = {
		{0, 0, VM_READ, 8, 0, 8},
		{0, VM_REGION_STACK, VM_READ, 8, 0, 8},
		{0, VM_REGION_META, VM_READ, 8, 0, 8},
		{0, VM_REGION_FREE, 8, 8, 0, 8},
		{0, VM_REGION_FREE, VM_READ, 0, 0, 0},
		{0, VM_REGION_FREE, VM_READ, 8, 0, 9},
		{0, VM_REGION_FREE, VM_READ, 8, 1, 8},
		{0, VM_REGION_FREE, VM_READ, 8, ~0u, 8},
		{0, VM_REGION_FREE, VM_READ, ~0u, 0, 8},
		{0, VM_REGIONS, VM_READ, 8, 0, 8},
		{~0u, VM_REGION_FREE, VM_READ, 8, 0, 8},
		{0, ~0u, VM_READ, 8, 0, 8},
		{0, VM_REGION_FREE + 1, VM_READ, 8, 0, 8},
	};
	struct bpfvm_image *image;
	struct bpfvm_error err;
	struct packed p;
	u8 *rows;

	(void)state;
	assert_int_equal(bpfvm_image__from_code(NULL, 0, &image), 0);
	assert_true(bpfvm_image__add_area(image, 0, "", VM_READ, "12345678", 8, NULL) > 0);
	assert_true(bpfvm_image__add_area(image, 0, "", VM_READ, NULL, 8, NULL) > 0);
	p = pack(image);
	rows = p.bytes + ((struct vm_image *)p.bytes)->part[VM_IMAGE_AREAS].offset;
	assert_int_equal(try_unpack(p, &err), 0);
	for (u32 i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memcpy(rows, &bad[i], sizeof(bad[i]));
		repair_crc(p);
		assert_int_equal(try_unpack(p, &err), -EINVAL);
		assert_non_null(strstr(err.text, "image: damaged: "));
	}
	bpfvm_image__free(image);
	free(p.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects),
		cmocka_unit_test(without_an_object),
		cmocka_unit_test(strips),
		cmocka_unit_test(layout),
		cmocka_unit_test(files),
		cmocka_unit_test(truncations),
		cmocka_unit_test(trailing_bytes),
		cmocka_unit_test(flips),
		cmocka_unit_test(flips_with_checksum),
		cmocka_unit_test(words_with_checksum),
		cmocka_unit_test(names_the_damage),
		cmocka_unit_test(areas),
	};

	return cmocka_run_group_tests_name("pack", tests, setup, remove_folder);
}
