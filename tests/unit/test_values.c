/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and values as text: what is written is what the compiler lays out, and is read again. */
#include "../objects/values.h"
#include "objects.h"
#include "values.h"

static struct bpfvm_image *image;

static int setup(void **state)
{
	struct bpfvm_error err;

	if (make_folder(state))
		return -1;
	compile("values", "values.o", "-g");
	if (bpfvm_image__open(path_of("values.o"), "first", &image, &err))
		fail_msg("%s", err.text);
	return 0;
}

static int teardown(void **state)
{
	bpfvm_image__free(image);
	return remove_folder(state);
}

static u32 map_named(const char *name)
{
	u32 i = 0;

	while (i < image->maps && strcmp(image->map[i].name, name))
		i++;
	assert_true(i < image->maps);
	return i;
}

static u32 all_type(void)
{
	u32 size, type = bpfvm_value__find_struct(image->btf, "all", &size);

	assert_int_equal(size, sizeof(struct all));
	return type;
}

static void parse_all(const char *text, struct all *value)
{
	struct bpfvm_error err = {0};

	if (bpfvm_value__parse(image->btf, all_type(), "value", text, value, sizeof(*value), &err))
		fail_msg("%s", err.text);
}

/* Valid until the next call. */
static const char *show_all(const struct all *value)
{
	static char *text;

	free(text);
	text = bpfvm_value__text(image->btf, all_type(), value, sizeof(*value));
	assert_non_null(text);
	return text;
}

/* Each kind of field: the text, and what the compiler makes of the same. */
static void fields(void **state)
{
	static const struct {
		const char *text;
		struct all value;
	} rows[] = {
	    {"{}", {0}},
	    {" { u8 = 255 , s8 = -128 } ", {.u8 = 255, .s8 = -128}},
	    {"{s8=127,u16=0xffff,s32=-2147483648}", {.s8 = 127, .u16 = 65535, .s32 = INT32_MIN}},
	    {"{u16=be:80,u64=be:1}", {.u16 = 0x5000, .u64 = 1ull << 56}},
	    {"{u64=18446744073709551615,yes=true}", {.u64 = ~0ull, .yes = true}},
	    {"{name=abc,yes=1}", {.name = "abc", .yes = true}},
	    {"{name=\"a\\\"b, c}\"}", {.name = "a\"b, c}"}},
	    {"{name=12345678}", {.name = {'1', '2', '3', '4', '5', '6', '7', '8'}}},
	    {"{color=BLUE,level=LOW,large=LARGE}", {.color = BLUE, .level = LOW, .large = LARGE}},
	    {"{color=5,level=-7}", {.color = 5, .level = -7}},
	    {"{point={y=2}}", {.point = {.y = 2}}},
	    {"{word=0x01020304}", {.word = 0x01020304}},
	    {"{byte=[4,3]}", {.byte = {4, 3}}},
	    {"{low=7,high=511,below=-16,tint=BLUE}",
	     {.low = 7, .high = 511, .below = -16, .tint = BLUE}},
	    {"{high=1,below=15,tint=1}", {.high = 1, .below = 15, .tint = GREEN}},
	    {"{pointer=0x12345678}", {.pointer = (void *)0x12345678}},
	    {"{real=-1.5,narrow=0.25}", {.real = -1.5, .narrow = 0.25f}},
	    {"{v4=10.0.0.1}", {.v4 = {0x0100000a}}},
	    {"{word=10.0.0.1,s32=10.0.0.1}", {.word = 0x0100000a, .s32 = 0x0100000a}},
	    {"{v6=2001:db8::1}", {.v6.s6_addr = {0x20, 1, 0xd, 0xb8, [15] = 1}}},
	    {"{v6=hex:000102030405060708090a0b0c0d0e0f}",
	     {.v6.s6_addr = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}},
	    {"{v6={in6_u={u6_addr8=[1,2]}}}", {.v6.s6_addr = {1, 2}}},
	    {"{grid=[[1],[2,3]]}", {.grid = {{1}, {2, 3}}}},
	    {"u8=1 s8=-1", {.u8 = 1, .s8 = -1}},
	    {" u8=1, name=abc,u16=be:80 ", {.u8 = 1, .name = "abc", .u16 = 0x5000}},
	    {"point={x=1,y=2}\tv4=10.0.0.1", {.point = {1, 2}, .v4 = {0x0100000a}}},
	    {"{grid=hex:010002000300040005000600}", {.grid = {{1, 2, 3}, {4, 5, 6}}}},
	    {"{wide=0xfEdcba98765432100}",
	     {.wide = ((unsigned __int128)15 << 64) + 0xedcba98765432100}},
	    {"{wide=::1}", {.wide = (unsigned __int128)1 << 120}},
	    {"{\"u8\": 1, \"color\": \"GREEN\", \"byte\": [1, 2], \"v4\": \"1.2.3.4\", "
	     "\"u64\": \"18446744073709551615\", \"yes\": true}",
	     {.u8 = 1,
	      .color = GREEN,
	      .byte = {1, 2},
	      .v4 = {0x04030201},
	      .u64 = ~0ull,
	      .yes = true}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct all value, again;

		memset(&value, 0xff, sizeof(value));
		parse_all(rows[i].text, &value);
		if (memcmp(&value, &rows[i].value, sizeof(value)))
			fail_msg("%s becomes %s", rows[i].text, show_all(&value));
		parse_all(show_all(&value), &again);
		if (memcmp(&value, &again, sizeof(value)))
			fail_msg("%s is read as something else", rows[i].text);
	}
}

/* The same the other way: values as text. */
static void texts(void **state)
{
	struct all value = {0};

	(void)state;
	assert_string_equal(
	    show_all(&value),
	    "{u8=0, s8=0, u16=0, s32=0, u64=0, yes=false, name=\"\", color=RED, level=0, large=0, "
	    "point={x=0, y=0}, word=0, byte=[0, 0, 0, 0], low=0, high=0, below=0, tint=RED, "
	    "pointer=0x0, real=0, narrow=0, v4=0.0.0.0, v6=::, grid=[[0, 0, 0], [0, 0, 0]], "
	    "wide=0x00000000000000000}");
	value = (struct all){.s8 = -1,
			     .yes = true,
			     .name = "a b",
			     .color = BLUE,
			     .level = LOW,
			     .large = LARGE,
			     .high = 300,
			     .below = -3,
			     .tint = GREEN,
			     .real = 0.1,
			     .v4 = {0x0100000a},
			     .wide = ((unsigned __int128)0xab << 64) + 1};
	assert_string_equal(
	    show_all(&value),
	    "{u8=0, s8=-1, u16=0, s32=0, u64=0, yes=true, name=\"a b\", color=BLUE, level=LOW, "
	    "large=LARGE, point={x=0, y=0}, word=0, byte=[0, 0, 0, 0], low=0, high=300, "
	    "below=-3, tint=GREEN, pointer=0x0, real=0.10000000000000001, narrow=0, "
	    "v4=10.0.0.1, v6=::, grid=[[0, 0, 0], [0, 0, 0]], wide=0xab0000000000000001}");
	/* What is not text stays numbers; behind its end there is nothing. */
	memcpy(value.name, "a\nb", 4);
	assert_non_null(strstr(show_all(&value), ", name=[97, 10, 98, 0, 0, 0, 0, 0], "));
	memcpy(value.name, "a\0b", 4);
	assert_non_null(strstr(show_all(&value), ", name=[97, 0, 98, 0, 0, 0, 0, 0], "));
	memset(value.name, '~', sizeof(value.name));
	assert_non_null(strstr(show_all(&value), ", name=~~~~~~~~, "));
	memset(&value.yes, 2, 1);
	assert_non_null(strstr(show_all(&value), ", yes=2, "));
}

/* What cannot be: which part, and why. */
static void refusals(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
	    {"", "value: no value is given"},
	    {"5", "value: it has fields, {field=value,...}, and cannot be 5"},
	    {"{", "value: no such field: "},
	    {"{u8}", "value: no value follows the field u8"},
	    {"{u8=}", "value.u8: no value is given"},
	    {"{u8=1", "value: no , or } at: "},
	    {"{u8=1;s8=2}", "value.u8: not a number: 1;s8=2"},
	    {"{u8=1 s8=2}", "value: no , or } at: s8=2}"},
	    {"{u8=1}}", "value: something follows it: }"},
	    {"u8=1 s8", "value: no value follows the field s8"},
	    {"u8=1,", "value: no such field: "},
	    {"u8=1}", "value: no such field: "},
	    {"nothing=1", "value: no such field: nothing"},
	    {"{u8=256}", "value.u8: it can be from 0 to 255, not 256"},
	    {"{u8=-1}", "value.u8: it can be from 0 to 255, not -1"},
	    {"{s8=128}", "value.s8: it can be from -128 to 127, not 128"},
	    {"{s8=-129}", "value.s8: it can be from -128 to 127, not -129"},
	    {"{u64=18446744073709551616}",
	     "value.u64: it can be from 0 to 18446744073709551615, not 18446744073709551616"},
	    {"{u64=99999999999999999999x}", "value.u64: not a number: 99999999999999999999x"},
	    {"{color=-99999999999999999999}", "value.color: it can be from 0 to 4294967295"},
	    {"{u64=-1}", "value.u64: it can be from 0 to 18446744073709551615, not -1"},
	    {"{u16=be:65536}", "value.u16: no number that it can hold in network order"},
	    {"{low=8}", "value.low: it can be from 0 to 7, not 8"},
	    {"{below=16}", "value.below: it can be from -16 to 15, not 16"},
	    {"{high=be:1}", "value.high: no number that it can hold in network order"},
	    {"{u8=0x}", "value.u8: not a number: 0x"},
	    {"{u8=1x}", "value.u8: not a number: 1x"},
	    {"{u8=--1}", "value.u8: not a number: --1"},
	    {"{u8=10.0.0.1}", "value.u8: not a number: 10.0.0.1"},
	    {"{v4=10.0.0}", "value.v4: not an IPv4 address: 10.0.0"},
	    {"{v6=10.0.0.1}", "value.v6: not an IPv6 address: 10.0.0.1"},
	    {"{color=PINK}", "value.color: no such name: PINK"},
	    {"{yes=maybe}", "value.yes: not a number: maybe"},
	    {"{real=x}", "value.real: not a number: x"},
	    {"{wide=1}", "value.wide: not a number that it can be: 1"},
	    {"{name=123456789}", "value.name: the text is longer than it"},
	    {"{name=\"x}", "value.name: the text has no end"},
	    {"{byte=[1,2,3,4,5]}", "value.byte: more elements than it has"},
	    {"{byte=[1,2", "value.byte: no , or ] at: "},
	    {"{byte=5}", "value.byte: an array is written as [1,2,...], not as 5"},
	    {"{byte=hex:010203}", "value.byte: 3 bytes given; it has 4"},
	    {"{byte=hex:0102030}", "value.byte: not pairs of hex digits"},
	    {"{grid=[[1,2],[300000]]}", "value.grid[1][0]: it can be from 0 to 65535"},
	    {"{point={z=1}}", "value.point: no such field: z"},
	    {"{v6={in6_u={nothing=1}}}", "value.v6.in6_u: no such field: nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bpfvm_error err = {0};
		struct all value;

		if (bpfvm_value__parse(image->btf, all_type(), "value", rows[i].text, &value,
				       sizeof(value), &err) != -EINVAL)
			fail_msg("%s is accepted", rows[i].text);
		if (strncmp(err.text, rows[i].why, strlen(rows[i].why)))
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, err.text, rows[i].why);
	}
}

/* A hint names what there is. */
static void hints(void **state)
{
	struct bpfvm_error err = {0};
	struct all value;

	(void)state;
	bpfvm_value__parse(image->btf, all_type(), "value", "{color=PINK}", &value, sizeof(value),
			   &err);
	assert_string_equal(err.hint, "there are RED, GREEN, BLUE");
	bpfvm_value__parse(image->btf, all_type(), "value", "{point=1}", &value, sizeof(value),
			   &err);
	assert_string_equal(err.hint, "there are x, y");
	bpfvm_value__parse(image->btf, all_type(), "value", "{z=1}", &value, sizeof(value), &err);
	assert_memory_equal(err.hint, "there are u8, s8, ", 18);
}

static void assert_key(const char *map, const char *text, const void *bytes, u32 size)
{
	struct bpfvm_error err = {0};
	u8 key[64];

	assert_int_equal(image->map[map_named(map)].key_size, size);
	if (bpfvm_map__parse_key(image, map_named(map), text, key, &err))
		fail_msg("%s: %s", map, err.text);
	if (memcmp(key, bytes, size))
		fail_msg("%s: %s becomes something else", map, text);
}

static void assert_bad_key(const char *map, const char *text, const char *why)
{
	struct bpfvm_error err = {0};
	u8 key[64];

	assert_int_equal(bpfvm_map__parse_key(image, map_named(map), text, key, &err), -EINVAL);
	assert_string_equal(err.text, why);
}

/* What a type of map allows beside its types in BTF, and what maps without BTF do. */
static void keys(void **state)
{
	(void)state;
	assert_key("typed", "10.0.0.1", "\x0a\0\0\1", 4);
	assert_key("typed", "0a 00 00 01", "\x0a\0\0\1", 4);
	assert_key("typed", "hex a 0 0x0 1", "\x0a\0\0\1", 4);
	assert_key("typed", " hex:0a000001 ", "\x0a\0\0\1", 4);
	assert_key("typed", "{s_addr=1}", "\1\0\0\0", 4);
	assert_key("plain", "01 02 ff", "\1\2\xff", 3);
	assert_key("plain", "hex:0102ff", "\1\2\xff", 3);
	assert_key("trie4", "10.0.0.0/8", "\x08\0\0\0\x0a\0\0\0", 8);
	assert_key("trie4", "10.0.0.1", "\x20\0\0\0\x0a\0\0\1", 8);
	assert_key("trie4", "bits=8 address=10.0.0.0", "\x08\0\0\0\x0a\0\0\0", 8);
	assert_key("trie4", "hex:080000000a000000", "\x08\0\0\0\x0a\0\0\0", 8);
	assert_key("trie4", "0.0.0.0/0", "\0\0\0\0\0\0\0\0", 8);
	assert_key("trie4", "{bits=8,address=10.0.0.0}", "\x08\0\0\0\x0a\0\0\0", 8);
	assert_key("trie6", "2001:db8::/32", "\x20\0\0\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0",
		   20);
	assert_bad_key("typed", "0a 00 00", "key: too short: 3 bytes given; it has 4");
	assert_bad_key("typed", "hex 0a", "key: too short: 1 byte given; it has 4");
	assert_bad_key("typed", "1 2 3 4 5", "key: too long: 5 bytes given; it has 4");
	assert_bad_key("typed", "10.0.0.0/8",
		       "key: not an IPv4 address: 10.0.0.0/8");
	assert_bad_key("plain", "5", "key: nothing tells its type: 5");
	assert_bad_key("plain", "hex:01", "key: 1 byte given; it has 3");
	assert_bad_key("trie4", "10.0.0.0/33", "key: 10.0.0.0/33: /0 to /32 are possible");
	assert_bad_key("trie4", "10.0.0.0/", "key: 10.0.0.0/: /0 to /32 are possible");
	assert_bad_key("trie4", "10.0.0.0/4294967304",
		       "key: 10.0.0.0/4294967304: /0 to /32 are possible");
	assert_bad_key("trie4", "10.0.0", "key: 10.0.0: not a prefix of an IPv4 address");
	assert_bad_key("trie4", "10.0.0.0/8x", "key: 10.0.0.0/8x: /0 to /32 are possible");
	assert_bad_key("trie4", "10.0.0/8", "key: 10.0.0/8: not a prefix of an IPv4 address");
	assert_bad_key("trie4", "::/8", "key: ::/8: not a prefix of an IPv4 address");
	assert_bad_key("trie6", "10.0.0.0/8", "key: 10.0.0.0/8: not a prefix of an IPv6 address");
	assert_bad_key("trie6", "::/129", "key: ::/129: /0 to /128 are possible");
}

static void values(void **state)
{
	struct bpfvm_error err = {0};
	char text[BPFVM_PREFIX_TEXT];
	u32 n, start;
	char six[6];

	(void)state;
	assert_int_equal(bpfvm_map__parse_value(image, map_named("plain"), "-1", &n, &err), 0);
	assert_int_equal(n, ~0u);
	assert_int_equal(bpfvm_map__parse_value(image, map_named("plain"), "4294967295", &n, &err),
			 0);
	assert_int_equal(n, ~0u);
	assert_int_equal(bpfvm_map__parse_value(image, map_named("plain"), "4294967296", &n, &err),
			 -EINVAL);
	assert_int_equal(bpfvm_map__parse_value(image, map_named("trie6"), "abc", six, &err), 0);
	assert_memory_equal(six, "abc\0\0\0", 6);
	assert_int_equal(bpfvm_map__parse_value(image, map_named("jumps"), "second", &n, &err), 0);
	assert_int_equal(bpfvm_image__program(image, "second", &start), 0);
	assert_int_equal(n, start + 1);
	assert_string_equal(bpfvm_map__program(image, &n), "second");
	n = 0;
	assert_null(bpfvm_map__program(image, &n));
	assert_int_equal(bpfvm_map__parse_value(image, map_named("jumps"), "third", &n, &err),
			 -ENOENT);
	assert_string_equal(err.text, "value: third: no such program");
	assert_string_equal(err.hint, "there are first, second");
	assert_true(
	    bpfvm_prefix__text(&image->map[map_named("trie4")], "\x08\0\0\0\x0a\0\0\0", text));
	assert_string_equal(text, "10.0.0.0/8");
	assert_false(
	    bpfvm_prefix__text(&image->map[map_named("typed")], "\x08\0\0\0\x0a\0\0\0", text));
}

/* The variable of that name in section .data, as text. */
static void assert_variable(const struct bpfvm_image *guest, const char *name, const char *wanted)
{
	const struct bpfvm_variables *section = guest->variable;
	struct bpfvm_variable v;
	char *text;
	u32 n = 0;

	assert_int_equal(guest->variables, 1);
	assert_string_equal(section->name, ".data");
	while (!bpfvm_variable__get(guest, section, n, &v) && strcmp(v.name, name))
		n++;
	assert_string_equal(v.name, name);
	assert_in_range(v.offset, 0, section->size - v.size);
	text = bpfvm_value__text(guest->btf, v.type,
				 guest->area[section->region].data + section->offset + v.offset,
				 v.size);
	assert_string_equal(text, wanted);
	free(text);
}

/* Where the compiler put them, also those with no name outside, and also once they were packed. */
static void variables(void **state)
{
	struct bpfvm_image *guest = image;
	struct bpfvm_error err = {0};
	struct bpfvm_variable v;
	u32 size;
	u8 *bytes;

	(void)state;
	for (u32 round = 0; round < 2; round++) {
		assert_variable(guest, "shown", "10.0.0.1");
		assert_variable(guest, "hidden", "[1, 2, 3]");
		assert_variable(guest, "first.own", "BLUE");
		assert_int_equal(bpfvm_variable__get(guest, guest->variable, 3, &v), -ENOENT);
		if (round)
			break;
		assert_int_equal(bpfvm_image__pack(image, &bytes, &size), 0);
		assert_int_equal(bpfvm_image__unpack(bytes, size, &guest, &err), 0);
		free(bytes);
	}
	bpfvm_image__strip(guest);
	assert_int_equal(bpfvm_variable__get(guest, guest->variable, 0, &v), 0);
	assert_string_equal(v.name, ".data");
	assert_int_equal(v.size, guest->variable->size);
	assert_int_equal(bpfvm_variable__get(guest, guest->variable, 1, &v), -ENOENT);
	bpfvm_image__free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields), cmocka_unit_test(texts), cmocka_unit_test(refusals),
	    cmocka_unit_test(hints),  cmocka_unit_test(keys),  cmocka_unit_test(values),
	    cmocka_unit_test(variables),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
