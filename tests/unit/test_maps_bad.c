/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Damaged declarations of maps: sections cut, relocations astray, types in circles, mutations. */
#define _GNU_SOURCE /* memmem */
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "damage.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("tails", "tails.o", "-g");
	compile("maps", "maps.o", "-g");
	return 0;
}

static int begin_tails(void **state)
{
	(void)state;
	load_good("tails.o");
	return 0;
}

static int begin_maps(void **state)
{
	(void)state;
	load_good("maps.o");
	return 0;
}

static void assert_bad(const char *prog, int code, const char *what)
{
	assert_refused(write_object("bad.o", good.bytes, good.size), prog, code, what);
}

/* The type in the object, to be damaged. */
static struct btf_type *type_named(const char *name, u32 kind)
{
	const Elf64_Shdr *s = section(".BTF");
	struct btf *btf = btf__new(good.bytes + s->sh_offset, (u32)s->sh_size);
	s32 id = btf__find_by_name_kind(btf, name, kind);
	const u8 *raw, *type;
	size_t offset;
	u32 size;

	assert_true(id > 0);
	raw = btf__raw_data(btf, &size);
	type = (const u8 *)btf__type_by_id(btf, (u32)id);
	offset = s->sh_offset + (size_t)(type - raw);
	btf__free(btf);
	return (struct btf_type *)(good.bytes + offset);
}

static u32 id_named(const char *name, u32 kind)
{
	const Elf64_Shdr *s = section(".BTF");
	struct btf *btf = btf__new(good.bytes + s->sh_offset, (u32)s->sh_size);
	s32 id = btf__find_by_name_kind(btf, name, kind);

	btf__free(btf);
	assert_true(id > 0);
	return (u32)id;
}

static void cut_section(void **state)
{
	Elf64_Shdr *maps = section(".maps"), *rel = section(".rel.maps"), before = *rel;

	(void)state;
	maps->sh_size = 8;
	assert_bad("first", -EINVAL, "a relocation lies outside of its section");
	rel->sh_size = 0;
	assert_bad("first", -EINVAL, "uses a symbol outside of its section: jumps");
	maps->sh_size = 0;
	assert_bad("first", -EINVAL, "uses a symbol outside of its section: jumps");
	maps->sh_type = SHT_NOBITS;
	maps->sh_size = 1ull << 40;
	*rel = before;
	assert_bad("first", -EINVAL, "jumps: damaged initial values in section .maps");
}

static void stray_relocations(void **state)
{
	Elf64_Rel *rel = reloc(".rel.maps", 2), before = *rel;

	(void)state;
	rel->r_offset = section(".maps")->sh_size;
	assert_bad("first", -EINVAL, "a relocation lies outside of its section");
	rel->r_offset = section(".maps")->sh_size - 4;
	symbol("jumps")->st_value = 0;
	symbol("jumps")->st_size = section(".maps")->sh_size;
	assert_bad("first", -EINVAL, "damaged initial values in section .maps");
	*rel = before;
	rel->r_offset++;
	assert_bad("first", -EINVAL, "jumps: damaged initial values in section .maps");
	*rel = before;
	rel->r_info = ELF64_R_INFO(ELF64_R_SYM(before.r_info), 1);
	assert_bad("first", -EINVAL, "jumps: damaged initial values in section .maps");
	*rel = before;
	rel->r_info = ELF64_R_INFO(0, 2);
	assert_bad("first", -EOPNOTSUPP, "uses a variable that is not in the object");
}

static void map_without_symbol(void **state)
{
	(void)state;
	symbol("jumps")->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	assert_bad("first", -EINVAL, "first: refers to where no map begins, in section .maps");
}

static void map_without_type(void **state)
{
	struct btf_type *var = type_named("jumps", BTF_KIND_VAR);

	(void)state;
	var->type = 0;
	assert_bad("first", -EINVAL, "map jumps: its BTF describes no such map");
	var->type = 1 << 20;
	assert_bad("first", -EINVAL, "damaged: section .BTF");
	var->type = id_named("jumps", BTF_KIND_VAR);
	assert_bad("first", -EINVAL, "map jumps: its BTF describes no such map");
	type_named(".maps", BTF_KIND_DATASEC)->name_off = 0;
	assert_bad("first", -EINVAL, "map jumps: its BTF describes no such map");
}

static void types_in_circles(void **state)
{
	struct btf_type *number = type_named("number", BTF_KIND_TYPEDEF);
	struct btf_type *value = type_named("value", BTF_KIND_STRUCT);
	u32 id = id_named("value", BTF_KIND_STRUCT), before = number->type;

	(void)state;
	number->type = id_named("number", BTF_KIND_TYPEDEF);
	assert_bad("all_maps", -EINVAL, "map hash: no type of known size in its field key");
	number->type = before;
	for (u32 i = 0; i < btf_vlen(value); i++)
		btf_members(value)[i].type = id;
	assert_bad("all_maps", -EINVAL, "map hash: the type of its values is damaged");
	btf_members(value)[0].name_off = 1 << 30;
	assert_bad("all_maps", -EINVAL, "damaged: section .BTF");
}

/* A control sequence in the name of a field is not for the terminal. */
static void unprintable_field(void **state)
{
	const Elf64_Shdr *s = section(".BTF");
	char *name = memmem(good.bytes + s->sh_offset, s->sh_size, "map_flags", 10);

	(void)state;
	assert_non_null(name);
	name[3] = 27;
	assert_bad("all_maps", -EOPNOTSUPP, "map hash: unknown field (no name)");
}

static u8 *random_place(void)
{
	static const char *const tables[] = {".BTF",	  ".BTF",  ".BTF",   ".symtab",
					     ".rel.maps", ".maps", ".relxdp"};
	const Elf64_Shdr *table = section(tables[random_u32() % 7]);

	return good.bytes + table->sh_offset + random_u32() % table->sh_size;
}

static void mutations(void **state)
{
	u32 opened = 0;

	(void)state;
	random_state = 5;
	for (u32 round = 0; round < 6000; round++) {
		struct bpfvm_image *image = NULL;
		struct bpfvm_error err = {0};
		struct damage damage;
		const char *path;

		make_damage(&damage, random_place);
		path = write_object("mutant.o", good.bytes, good.size);
		if (!bpfvm_image__open(path, "first", &image, &err))
			use_image(image), opened++;
		else
			assert_true(!image && *err.text);
		repair_damage(&damage);
	}
	assert_true(opened > 500 && opened < 3000);
}

#define TAILS(name) cmocka_unit_test_setup_teardown(name, begin_tails, end)
#define MAPS(name)  cmocka_unit_test_setup_teardown(name, begin_maps, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TAILS(cut_section),	 TAILS(stray_relocations), TAILS(map_without_symbol),
		TAILS(map_without_type), MAPS(types_in_circles),   MAPS(unprintable_field),
		TAILS(mutations),
	};

	return cmocka_run_group_tests_name("maps_bad", tests, setup, remove_folder);
}
