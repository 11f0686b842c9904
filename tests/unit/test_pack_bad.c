/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Damaged images: every length, every bit, and the same with a checksum made right again. */
#include <linux/bpf.h>

#include "packed.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("tails", "tails.o", "-g");
	return 0;
}

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
				 cut.size < sizeof(VM_IMAGE_MAGIC) ? -ENOEXEC : -EINVAL);
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
		cmocka_unit_test(truncations),
		cmocka_unit_test(trailing_bytes),
		cmocka_unit_test(flips),
		cmocka_unit_test(flips_with_checksum),
		cmocka_unit_test(words_with_checksum),
		cmocka_unit_test(names_the_damage),
		cmocka_unit_test(areas),
	};

	return cmocka_run_group_tests_name("pack_bad", tests, setup, remove_folder);
}
