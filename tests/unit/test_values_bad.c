/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values whose types in BTF are damaged, endless or not theirs: shown and read within bounds. */
#include <bpf/btf.h>
#include <limits.h>

#include "object.h"
#include "objects.h"
#include "random.h"
#include "values.h"

static u32 parts;

static void count_part(void *arg, const struct bpfvm_shown *part)
{
	(void)arg;
	for (u32 i = 0; i < part->length; i++) /* a sanitizer looks at what is not to be read */
		assert_in_range(part->text[i], ' ', '~');
	if (part->name)
		assert_non_null(memchr(part->name, 0, 1 << 16));
	parts++;
}

/* Shows bytes that are all that may be read. */
static int show(const struct btf *btf, s32 type, u32 size)
{
	u8 *data = calloc(1, size ? size : 1);
	int ret;

	assert_true(type > 0);
	parts = 0;
	ret = bpfvm_value__show(btf, (u32)type, data, size, count_part, NULL);
	if (ret)
		assert_int_equal(parts, 0);
	free(data);
	return ret;
}

/* An integer of four bytes is type 1 of each of these. */
static struct btf *new_btf(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
	return btf;
}

/* Of a type there is only what its size holds. */
static void sizes(void **state)
{
	struct btf *btf = new_btf();
	s32 s = btf__add_struct(btf, "s", 8);

	(void)state;
	assert_int_equal(btf__add_field(btf, "a", 1, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "b", 1, 48, 0), 0);
	assert_int_equal(show(btf, s, 8), -EINVAL); /* b ends behind it */
	assert_int_equal(show(btf, 1, 4), 0);
	assert_int_equal(show(btf, 1, 3), -EINVAL);
	assert_int_equal(show(btf, 1, 8), -EINVAL);
	assert_int_equal(show(btf, s + 1, 4), -EINVAL); /* no such type */
	assert_int_equal(show(btf, INT_MAX, 4), -EINVAL);
	assert_int_equal(bpfvm_value__show(NULL, 1, "", 1, count_part, NULL), -EINVAL);
	assert_int_equal(bpfvm_value__show(btf, 0, "1234", 4, count_part, NULL), -EINVAL);
	btf__free(btf);
}

/* Bits that lie across bytes, and such as are not there. */
static void bits(void **state)
{
	struct btf *btf = new_btf();
	s32 good = btf__add_struct(btf, "good", 8), wide, late;
	char *text;

	(void)state;
	assert_int_equal(btf__add_field(btf, "a", 1, 5, 6), 0);
	assert_int_equal(btf__add_field(btf, "b", 1, 31, 32), 0);
	wide = btf__add_struct(btf, "wide", 8);
	assert_int_equal(btf__add_field(btf, "a", 1, 0, 33), 0);
	late = btf__add_struct(btf, "late", 8);
	assert_int_equal(btf__add_field(btf, "a", 1, 60, 5), 0);
	assert_int_equal(show(btf, wide, 8), -EINVAL);
	assert_int_equal(show(btf, late, 8), -EINVAL);
	text = bpfvm_value__text(btf, (u32)good, "\xe0\x07\0\x80\xfe\xff\xff\x7f", 8);
	assert_string_equal(text, "{a=-1, b=-3}");
	free(text);
	btf__free(btf);
}

/* What is not a value. */
static void kinds(void **state)
{
	struct btf *btf = new_btf();
	s32 proto = btf__add_func_proto(btf, 1), fwd = btf__add_fwd(btf, "f", BTF_FWD_STRUCT);
	s32 func = btf__add_func(btf, "f", BTF_FUNC_STATIC, proto);
	s32 odd = btf__add_float(btf, "long double", 16), pointer = btf__add_ptr(btf, 0);
	s32 wide = btf__add_int(btf, "wide", 16, 0);
	struct btf_type *type = (struct btf_type *)btf__type_by_id(btf, (u32)wide);

	(void)state;
	assert_int_equal(show(btf, wide, 16), 0);
	type->size = 25;
	*(u32 *)(type + 1) = 200; /* bits */
	assert_int_equal(show(btf, wide, 25), -EINVAL);
	assert_int_equal(show(btf, proto, 0), -EINVAL);
	assert_int_equal(show(btf, fwd, 0), -EINVAL);
	assert_int_equal(show(btf, func, 4), -EINVAL);
	assert_int_equal(show(btf, odd, 16), -EINVAL);
	assert_int_equal(show(btf, pointer, 8), 0);
	assert_int_equal(show(btf, btf__add_const(btf, 0), 0), -EINVAL); /* const void */
	btf__free(btf);
}

/* Types within themselves. */
static void circles(void **state)
{
	struct btf *btf = new_btf();
	s32 own = btf__add_struct(btf, "own", 4), array, first, second;
	struct bpfvm_error err;
	u32 value;

	(void)state;
	assert_int_equal(btf__add_field(btf, "own", own, 0, 0), 0);
	assert_int_equal(show(btf, own, 4), -EINVAL);
	assert_int_equal(bpfvm_value__parse(btf, (u32)own, "v", "{own={own={own=1}}}", &value,
					    sizeof(value), &err),
			 -EINVAL);
	array = btf__add_array(btf, 1, btf__type_cnt(btf), 1); /* of itself */
	assert_int_equal(show(btf, array, 4), -EINVAL);
	first = btf__add_typedef(btf, "first", (int)btf__type_cnt(btf) + 1);
	second = btf__add_typedef(btf, "second", first);
	assert_int_equal(show(btf, second, 4), -EINVAL);
	btf__free(btf);
}

/* Few bytes, or none, with parts without end. */
static void floods(void **state)
{
	struct btf *btf = new_btf();
	s32 empty = btf__add_struct(btf, "empty", 0), array, four, tree;
	struct bpfvm_error err;
	u8 none[1];

	(void)state;
	array = btf__add_array(btf, 1, empty, 0x7fffffff);
	assert_int_equal(show(btf, array, 0), -E2BIG);
	four = btf__add_array(btf, 1, empty, 4);
	assert_int_equal(show(btf, four, 0), 0);
	assert_int_equal(parts, 10);
	/* Each has the one before twice, without a name. */
	for (u32 i = 0; i < 30; i++) {
		s32 before = (s32)btf__type_cnt(btf) - 1;

		tree = btf__add_union(btf, NULL, 0);
		assert_int_equal(btf__add_field(btf, NULL, i ? before : empty, 0, 0), 0);
		assert_int_equal(btf__add_field(btf, NULL, i ? before : empty, 0, 0), 0);
	}
	assert_int_equal(show(btf, tree, 0), -E2BIG);
	assert_int_equal(bpfvm_value__parse(btf, (u32)tree, "v", "{x=1}", none, 0, &err), -EINVAL);
	btf__free(btf);
}

/* Large arrays take what time they take; nothing is left out. */
static void large(void **state)
{
	struct btf *btf = new_btf();
	s32 array = btf__add_array(btf, 1, 1, 1 << 20);

	(void)state;
	assert_int_equal(show(btf, array, 1 << 22), 0);
	assert_int_equal(parts, (1 << 20) + 2);
	assert_int_equal(show(btf, array, (1 << 22) - 4), -EINVAL);
	btf__free(btf);
}

/* Names are not written to a terminal as they are. */
static void names(void **state)
{
	struct btf *btf = new_btf();
	s32 s = btf__add_struct(btf, "s", 4);
	char *text;

	(void)state;
	assert_int_equal(btf__add_field(btf, "\033[2J", 1, 0, 0), 0);
	text = bpfvm_value__text(btf, (u32)s, "\1\0\0\0", 4);
	assert_string_equal(text, "{?=1}");
	free(text);
	text = bpfvm_value__text(btf, 77, "\1\0\xff", 3);
	assert_string_equal(text, "hex:0100ff");
	free(text);
	btf__free(btf);
}

/* A section's items are variables of it, or are left out. */
static void sections(void **state)
{
	struct bpfvm_variables section = {".data", VM_REGION_DATA, 0, 8};
	struct bpfvm_image image = {.btf = new_btf()};
	s32 inside = btf__add_var(image.btf, "inside", BTF_VAR_STATIC, 1);
	s32 rude = btf__add_var(image.btf, "\033[2J", BTF_VAR_STATIC, 1);
	s32 data = btf__add_datasec(image.btf, ".data", 8);
	struct bpfvm_variable v;

	(void)state;
	assert_true(inside > 0 && rude > 0 && data > 0);
	assert_int_equal(btf__add_datasec_var_info(image.btf, 1, 0, 4), 0); /* a type */
	assert_int_equal(btf__add_datasec_var_info(image.btf, rude, 0, 4), 0);
	assert_int_equal(btf__add_datasec_var_info(image.btf, inside, 8, 1), 0);
	assert_int_equal(btf__add_datasec_var_info(image.btf, inside, 0, 9), 0);
	assert_int_equal(btf__add_datasec_var_info(image.btf, inside, ~0u, 4), 0);
	assert_int_equal(btf__add_datasec_var_info(image.btf, inside, 4, 4), 0);
	assert_int_equal(bpfvm_variable__get(&image, &section, 0, &v), 0);
	assert_string_equal(v.name, "inside");
	assert_int_equal(v.offset, 4);
	assert_int_equal(v.size, 4);
	assert_int_equal(v.type, 1);
	assert_int_equal(bpfvm_variable__get(&image, &section, 1, &v), -ENOENT);
	section.size = 4; /* BTF of another one */
	assert_int_equal(bpfvm_variable__get(&image, &section, 0, &v), 0);
	assert_string_equal(v.name, ".data");
	assert_int_equal(v.type, 0);
	btf__free(image.btf);
}

/* Texts that go on from what is right with what is not. */
static const char *const attempts[] = {
    "{",
    "{u8=1,",
    "[",
    "[[[[",
    "[1,2,3,4,5,6,7,8,9]",
    "\"",
    "1",
    "-1",
    "be:1",
    "1.1.1.1",
    "::1",
    "hex:00000000",
    "{point={x=1}}",
    "{grid=[[1]]}",
    "{byte=[1]}",
    "{high=1,tint=BLUE,below=-1}",
    "{name=\"x\"}",
    "{v6=::1,wide=0x12,narrow=1}",
    "{in6_u={u6_addr32=[1]}}",
};

static void try_type(const struct btf *btf, s32 type)
{
	s64 size = btf__resolve_size(btf, (u32)type);
	struct bpfvm_error err;
	u8 *data;

	if (size < 0 || size > 1024)
		size = 16;
	show(btf, type, (u32)size);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		data = malloc((size_t)size + !size);
		bpfvm_value__parse(btf, (u32)type, "v", attempts[i], data, (u32)size, &err);
		free(data);
	}
}

/* BTF of a compiler with random bytes in it, as far as it is accepted. */
static void mutations(void **state)
{
	struct bpfvm_image *image;
	struct bpfvm_error err;
	u32 size, accepted = 0;
	const u8 *raw;

	compile("values", "values.o", "-g");
	assert_int_equal(bpfvm_image__open(path_of("values.o"), "first", &image, &err), 0);
	raw = btf__raw_data(image->btf, &size);
	(void)state;
	for (u32 i = 0; i < 300; i++) {
		u8 *copy = malloc(size);
		struct btf *btf;

		memcpy(copy, raw, size);
		for (u32 n = 1 + random_u32() % 3; n; n--)
			copy[sizeof(struct btf_header) + random_u32() % (size / 2)] =
			    (u8)random_u32();
		btf = object__new_btf(copy, size);
		free(copy);
		for (u32 t = 1; btf && t < btf__type_cnt(btf); t++)
			try_type(btf, (s32)t);
		accepted += btf != NULL;
		btf__free(btf);
	}
	assert_in_range(accepted, 30, 300);
	bpfvm_image__free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(bits),
	    cmocka_unit_test(kinds),
	    cmocka_unit_test(circles),
	    cmocka_unit_test(floods),
	    cmocka_unit_test(large),
	    cmocka_unit_test(names),
	    cmocka_unit_test(sections),
	    cmocka_unit_test_setup_teardown(mutations, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
