/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps that objects declare: what the linker makes of good ones, and which it refuses, and how. */
#include <linux/bpf.h>

#include "objects.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("maps", "maps.o", "-g");
	compile("maps", "bare.o", "");
	compile("tails", "tails.o", "-g");
	compile("bad_maps", "bad_maps.o", "-g");
	return 0;
}

static struct bpfvm_image *open_image(const char *name, const char *prog)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err;
	struct bpfvm_fault fault;

	if (bpfvm_image__open(path_of(name), prog, &image, &err))
		fail_msg("%s", err.text);
	if (bpfvm_image__check(image, &fault))
		fail_msg("%s: insn %u: %s", prog, fault.pc, fault.reason);
	return image;
}

static const struct bpfvm_map *find_map(const struct bpfvm_image *image, const char *name)
{
	for (u32 i = 0; i < image->maps; i++)
		if (!strcmp(image->map[i].name, name))
			return &image->map[i];
	fail_msg("no map %s", name);
	return NULL;
}

/* How many lddw of the code give `value`. */
static u32 loads(const struct bpfvm_image *image, u64 value)
{
	u32 n = 0;

	for (u32 pc = 0; pc + 1 < image->len; pc++) {
		const struct vm_insn *in = &image->code[pc];

		if (in->code != 0x18)
			continue;
		assert_int_equal(vm_src(in), 0);
		n += ((u64)(u32)in[1].imm << 32 | (u32)in->imm) == value;
		pc++;
	}
	return n;
}

static void assert_map(const struct bpfvm_image *image, const char *name, u32 type, u32 key,
		       u32 value, u32 entries, u32 flags)
{
	const struct bpfvm_map *map = find_map(image, name);

	assert_int_equal(map->type, type);
	assert_int_equal(map->key_size, key);
	assert_int_equal(map->value_size, value);
	assert_int_equal(map->max_entries, entries);
	assert_int_equal(map->flags, flags);
	assert_null(map->first);
	assert_int_equal(loads(image, VM_MAP_HANDLE(map->region)), 1);
}

static void every_type(void **state)
{
	struct bpfvm_image *image = open_image("maps.o", "all_maps");

	(void)state;
	assert_int_equal(image->maps, 7);
	assert_map(image, "hash", BPF_MAP_TYPE_HASH, 4, 32, 1000, BPF_F_NO_PREALLOC);
	assert_map(image, "array", BPF_MAP_TYPE_ARRAY, 4, 12, 7, 0);
	assert_map(image, "lru", BPF_MAP_TYPE_LRU_HASH, 8, 1, 99, 0);
	assert_map(image, "ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 8192, 0);
	assert_map(image, "events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0);
	assert_map(image, "trie", BPF_MAP_TYPE_LPM_TRIE, 20, 4, 10, BPF_F_NO_PREALLOC);
	assert_map(image, "ports", BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 4, 0);
	assert_true(find_map(image, "hash")->key_type && find_map(image, "hash")->value_type);
	assert_false(find_map(image, "array")->key_type || find_map(image, "array")->value_type);
	bpfvm_image__free(image);
}

/* One region each, from the first free one on, and not for areas any more. */
static void regions_of_maps(void **state)
{
	struct bpfvm_image *image = open_image("maps.o", "all_maps");
	u32 seen = 0;

	(void)state;
	for (u32 i = 0; i < image->maps; i++)
		seen |= 1u << image->map[i].region;
	assert_int_equal(seen, 0x7f << VM_REGION_FREE);
	assert_int_equal(bpfvm_image__add_area(image, 0, "a", VM_READ, NULL, 8, NULL),
			 VM_REGION_FREE + 7);
	assert_int_equal(bpfvm_image__add_area(image, VM_REGION_FREE, "a", VM_READ, NULL, 8, NULL),
			 -ENOSPC);
	bpfvm_image__free(image);
}

/* Where the area holds these bytes, plus 1; or 0. */
static u32 holds(const struct bpfvm_memory_area *area, const void *bytes, u32 size)
{
	for (u32 at = 0; at + size <= area->size; at++)
		if (!memcmp(area->data + at, bytes, size))
			return at + 1;
	return 0;
}

/* A program gets the maps that it refers to, and no other; also by a pointer in its data. */
static void only_what_is_used(void **state)
{
	struct bpfvm_image *image = open_image("maps.o", "by_pointer");
	u64 pointers[2];

	(void)state;
	assert_int_equal(image->maps, 2);
	pointers[0] = VM_MAP_HANDLE(find_map(image, "array")->region);
	pointers[1] = VM_MAP_HANDLE(find_map(image, "hash")->region);
	assert_true(holds(&image->area[VM_REGION_RODATA], pointers, sizeof(pointers)));
	bpfvm_image__free(image);
	image = open_image("maps.o", "loops");
	assert_int_equal(image->maps, 0);
	bpfvm_image__free(image);
}

static void formats_and_strings(void **state)
{
	struct bpfvm_image *image = open_image("maps.o", "prints");
	const struct bpfvm_memory_area *ro = &image->area[VM_REGION_RODATA];
	u32 format = holds(ro, "%s of %d", 9), name = holds(ro, "second", 7);
	u64 pointer = VM_ADDRESS(VM_REGION_RODATA, name - 1);

	(void)state;
	assert_true(format && name);
	assert_int_equal(loads(image, VM_ADDRESS(VM_REGION_RODATA, format - 1)), 1);
	assert_true(holds(ro, &pointer, sizeof(pointer)));
	bpfvm_image__free(image);
}

static void callbacks(void **state)
{
	struct bpfvm_image *image = open_image("maps.o", "loops");

	(void)state;
	assert_int_equal(image->functions, 2);
	assert_string_equal(image->function[1].name, "each");
	assert_true(image->function[0].program && !image->function[1].program);
	assert_int_equal(loads(image, VM_CODE_BASE + 8 * image->function[1].start), 1);
	bpfvm_image__free(image);
}

/* --- tail calls ------------------------------------------------------------------------------ */

static void links_all_programs(void **state)
{
	struct bpfvm_image *image = open_image("tails.o", "first");
	const struct bpfvm_map *jumps = find_map(image, "jumps");
	u32 second, third, start;

	(void)state;
	assert_int_equal(image->entry, 0);
	assert_int_equal(image->functions, 4);
	assert_int_equal(image->maps, 2);
	assert_int_equal(bpfvm_image__program(image, "second", &second), 0);
	assert_int_equal(bpfvm_image__program(image, "third", &third), 0);
	assert_true(second && third && second != third);
	assert_int_equal(bpfvm_image__program(image, "filter", &start), -ENOENT);
	assert_int_equal(bpfvm_image__program(image, "not_a_program", &start), -ENOENT);
	assert_int_equal(jumps->type, BPF_MAP_TYPE_PROG_ARRAY);
	assert_int_equal(jumps->max_entries, 4);
	assert_int_equal(jumps->value_size, 4);
	assert_int_equal(jumps->first[0], 0);
	assert_int_equal(jumps->first[1], second + 1);
	assert_int_equal(jumps->first[2], 0);
	assert_int_equal(jumps->first[3], second + 1);
	assert_int_equal(find_map(image, "seen")->max_entries, 1);
	bpfvm_image__free(image);
}

/* From another entry the same programs, in another order; without a PROG_ARRAY only one. */
static void links_from_any(void **state)
{
	struct bpfvm_image *image = open_image("tails.o", "second");
	u32 start = 1;

	(void)state;
	assert_int_equal(image->functions, 4);
	assert_int_equal(bpfvm_image__program(image, "second", &start), 0);
	assert_int_equal(start, 0);
	assert_int_equal(find_map(image, "jumps")->first[1], 1);
	assert_true(image->map[0].region != image->map[1].region);
	bpfvm_image__free(image);
	image = open_image("tails.o", "third");
	assert_int_equal(image->functions, 1);
	assert_int_equal(image->maps, 0);
	bpfvm_image__free(image);
}

static void bad_values(void **state)
{
	static const struct {
		const char *options, *what;
	} bad[] = {
		{"-g -DBAD=filter -DBAD_INDEX=0",
		 "bad: holds what cannot follow this program: filter"},
		{"-g -DBAD=not_a_program -DBAD_INDEX=0",
		 "bad: holds what cannot follow this program: not_a_program"},
		{"-g -DBAD=jumps -DBAD_INDEX=0", "bad: holds what is no function: jumps"},
		{"-g -DBAD=second -DBAD_INDEX=4",
		 "initial values at and beyond max_entries of map bad"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		compile("tails", "bad_tails.o", bad[i].options);
		assert_refused(path_of("bad_tails.o"), "use_bad", -EINVAL, bad[i].what);
		bpfvm_image__free(open_image("bad_tails.o", "third"));
	}
}

/* --- what is refused ------------------------------------------------------------------------- */

static void refuses_by_name(void **state)
{
	static const struct {
		const char *prog;
		int code;
		const char *what;
	} refused[] = {
		{"long_key", -EINVAL, "map map_long_key: its key is 65 bytes"},
		{"long_value", -EINVAL, "map map_long_value: its value is 4097 bytes"},
		{"no_value", -EINVAL, "map map_no_value: its value is 0 bytes"},
		{"no_entries", -EINVAL, "map map_no_entries: max_entries is 0"},
		{"many_entries", -E2BIG, "map map_many_entries: 2097153 entries are too many"},
		{"four_billion", -E2BIG, "map map_four_billion: 4294967295 entries are too many"},
		{"four_billion_programs", -E2BIG, "4294967295 entries are too many"},
		{"large_ring", -E2BIG, "map map_large_ring: 16777217 entries are too many"},
		{"ring_key", -EINVAL, "map map_ring_key: its key is 4 bytes"},
		{"array_key", -EINVAL, "map map_array_key: its key is 8 bytes"},
		{"trie_key", -EINVAL, "map map_trie_key: its key is 4 bytes"},
		{"stack_trace", -EOPNOTSUPP,
		 "map map_stack_trace: no maps of type stack_trace (7)"},
		{"xskmap", -EOPNOTSUPP, "map map_xskmap: no maps of type xskmap (17)"},
		{"array_of_maps", -EOPNOTSUPP, "no maps of type array_of_maps (12)"},
		{"hash_of_maps", -EOPNOTSUPP, "no maps of type hash_of_maps (13)"},
		{"bloom", -EOPNOTSUPP, "no maps of type bloom_filter (30)"},
		{"no_such_type", -EOPNOTSUPP, "no maps of type unknown (12345)"},
		{"no_type", -EOPNOTSUPP, "map map_no_type: no maps of type unspec (0)"},
		{"timed", -EOPNOTSUPP, "map map_timed: its values hold a struct bpf_timer"},
		{"pointing", -EOPNOTSUPP, "its values hold a pointer of the kernel: kptr"},
		{"two_sizes", -EINVAL, "map map_two_sizes: two sizes that differ, with key"},
		{"unknown_field", -EOPNOTSUPP, "map map_unknown_field: unknown field color"},
		{"no_number", -EINVAL, "map map_no_number: no number in its field map_flags"},
		{"no_size", -EINVAL, "map map_no_size: no type of known size in its field value"},
		{"no_struct", -EINVAL, "map map_no_struct: its BTF describes no such map"},
		{"behind", -EINVAL, "refers to where no map begins, in section .maps"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_refused(path_of("bad_maps.o"), refused[i].prog, refused[i].code,
			       refused[i].what);
	bpfvm_image__free(open_image("bad_maps.o", "inside"));
}

static void without_btf(void **state)
{
	(void)state;
	assert_refused(path_of("bare.o"), "all_maps", -EINVAL, "there is no BTF that describes it");
	bpfvm_image__free(open_image("bare.o", "loops"));
}

/* 25 maps have a region each; one more is too many. */
static void too_many_maps(void **state)
{
	const int most = VM_REGIONS - VM_REGION_FREE;
	struct bpfvm_image *image;

	(void)state;
	compile("many_maps", "most.o", "-g");
	image = open_image("most.o", NULL);
	assert_int_equal(image->maps, most);
	assert_int_equal(bpfvm_image__add_area(image, 0, "a", VM_READ, NULL, 8, NULL), -ENOSPC);
	bpfvm_image__free(image);
	compile("many_maps", "more.o", "-g -DMORE");
	assert_refused(path_of("more.o"), NULL, -ENOSPC,
		       "all: uses map map_z, but has 25 maps, which are all that it can have");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type),	     cmocka_unit_test(regions_of_maps),
		cmocka_unit_test(only_what_is_used), cmocka_unit_test(formats_and_strings),
		cmocka_unit_test(callbacks),	     cmocka_unit_test(links_all_programs),
		cmocka_unit_test(links_from_any),    cmocka_unit_test(bad_values),
		cmocka_unit_test(refuses_by_name),   cmocka_unit_test(without_btf),
		cmocka_unit_test(too_many_maps),
	};

	return cmocka_run_group_tests_name("maps_elf", tests, setup, remove_folder);
}
