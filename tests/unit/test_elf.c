/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that are no objects, damaged objects, and a few thousand mutations of a good one. */
#include <sys/stat.h>

#include "damage.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("link", "link.o", "-g");
	compile("text", "big.o", "-target bpfeb");
	return 0;
}

static int begin(void **state)
{
	(void)state;
	load_good("link.o");
	return 0;
}

static void assert_bad(int code, const char *what)
{
	assert_refused(write_object("bad.o", good.bytes, good.size), NULL, code, what);
}

/* --- files that are no objects --------------------------------------------------------------- */

static void no_files(void **state)
{
	(void)state;
	assert_refused(path_of("missing.o"), NULL, -ENOENT, "No such file or directory");
	assert_refused(folder, NULL, -EISDIR, "Is a directory");
	assert_refused("/dev/zero", NULL, -EFBIG, "larger than 32 MiB");
	assert_refused("/dev/null", NULL, -ENOEXEC, "not an ELF file");
	assert_refused("tests/objects/link.c", NULL, -ENOEXEC, "not an ELF file");
}

static void unreadable_file(void **state)
{
	const char *path = write_object("secret.o", good.bytes, good.size);

	(void)state;
	chmod(path, 0);
	if (!geteuid() && seteuid(65534)) /* root may read anything */
		skip();
	assert_refused(path, NULL, -EACCES, "Permission denied");
	if (!getuid())
		assert_int_equal(seteuid(0), 0);
}

static void other_machines(void **state)
{
	(void)state;
	assert_refused(path_of("big.o"), NULL, -ENOEXEC, "big-endian");
	header()->e_machine = EM_X86_64;
	assert_bad(-ENOEXEC, "not for BPF, but for ELF machine 62");
	header()->e_machine = EM_BPF;
	header()->e_type = ET_EXEC;
	assert_bad(-ENOEXEC, "not a relocatable object");
	header()->e_type = ET_REL;
	header()->e_ident[EI_CLASS] = ELFCLASS32;
	assert_refused(write_object("bad.o", good.bytes, good.size), NULL, -ENOEXEC, "");
}

/* The section table is the last thing in the file, so every cut is seen. */
static void truncated_files(void **state)
{
	(void)state;
	for (size_t size = 0; size < good.size; size += size < 128 ? 1 : 53) {
		struct bpfvm_image *image = NULL;
		struct bpfvm_error err = {0};
		int ret;

		write_object("cut.o", good.bytes, size);
		ret = bpfvm_image__open(path_of("cut.o"), NULL, &image, &err);
		assert_true(ret == -EINVAL || (size < 4 && ret == -ENOEXEC));
		assert_non_null(strstr(err.text, size < 4 ? "not an ELF" : "damaged"));
	}
}

/* --- damaged tables -------------------------------------------------------------------------- */

static void damaged_sections(void **state)
{
	Elf64_Shdr *code = section("xdp"), *rel = section(".relxdp");
	Elf64_Shdr *symbols = section(".symtab"), before = *code;

	(void)state;
	code->sh_size = UINT64_MAX - 7;
	assert_bad(-EINVAL, "section xdp lies behind its end");
	code->sh_size = 0;
	assert_bad(-EINVAL, "a relocation lies outside of its section");
	code->sh_size = 16;
	code->sh_flags &= ~(u64)SHF_ALLOC;
	assert_bad(-EINVAL, "everything: lies outside of its section xdp");
	*code = before;
	code->sh_size -= 4;
	assert_bad(-EINVAL, "everything: not made of whole instructions");
	*code = before;
	code->sh_offset = UINT64_MAX;
	assert_bad(-EINVAL, "section xdp lies behind its end");
	*code = before;
	rel->sh_info = 1000;
	assert_bad(-EINVAL, "relocations for a section that it has not");
	rel->sh_info = (u32)(code - good.section);
	rel->sh_type = SHT_RELA;
	assert_bad(-ENOEXEC, ".relxdp: RELA relocations");
	rel->sh_type = SHT_REL;
	symbols->sh_type = SHT_PROGBITS;
	assert_bad(-EINVAL, "it has no symbol table");
}

static void huge_zeros(void **state)
{
	Elf64_Shdr *zeros = section(".bss");

	(void)state;
	zeros->sh_size = 1ull << 40;
	assert_bad(-E2BIG, "everything: too much data, with section .bss");
	zeros->sh_size = UINT64_MAX;
	assert_bad(-E2BIG, "too much data");
	zeros->sh_size = 0;
	assert_bad(-EINVAL, "uses a symbol outside of its section: ");
}

static void damaged_functions(void **state)
{
	Elf64_Sym *sym = symbol("everything"), before = *sym;

	(void)state;
	sym->st_size = 0;
	assert_bad(-EINVAL, "everything: has no instructions");
	sym->st_size = before.st_size - 4;
	assert_bad(-EINVAL, "everything: not made of whole instructions");
	sym->st_size = before.st_size + 4096;
	assert_bad(-EINVAL, "everything: lies outside of its section xdp");
	sym->st_size = (u64)-8;
	assert_bad(-EINVAL, "everything: lies outside of its section xdp");
	*sym = before;
	sym->st_shndx = 999;
	assert_bad(-EINVAL, "a symbol is in a section that it has not");
}

/* Names go to terminals, so that no escape sequence may come with them. */
static void unprintable_names(void **state)
{
	const Elf64_Shdr *names = &good.section[section(".symtab")->sh_link];
	char *name = (char *)good.bytes + names->sh_offset + symbol("everything")->st_name;
	Elf64_Sym *sym = symbol("everything");

	(void)state;
	sym->st_size = 0;
	name[3] = 27;
	assert_bad(-EINVAL, "(no name): has no instructions");
	name[3] = '\n';
	assert_bad(-EINVAL, "(no name): has no instructions");
	name[3] = (char)0xc3;
	name[4] = (char)0xa9;
	assert_bad(-EINVAL, "eve\303\251thing: has no instructions");
	sym->st_name = UINT32_MAX;
	assert_bad(-EINVAL, "(no name): has no instructions");
}

static void missing_subprogram(void **state)
{
	(void)state;
	symbol("local_triple")->st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
	assert_bad(-EINVAL, "where no function begins");
}

static void damaged_relocations(void **state)
{
	Elf64_Rel *rel = reloc(".relxdp", 10), before = *rel;

	(void)state;
	rel->r_info = ELF64_R_INFO(ELF64_R_SYM(before.r_info), 99);
	assert_bad(-EOPNOTSUPP, "everything: relocation of unknown type 99 at xdp+0x");
	rel->r_info = ELF64_R_INFO(ELF64_R_SYM(before.r_info), 3);
	assert_bad(-EOPNOTSUPP, "everything: relocation of unknown type 3 at xdp+0x");
	rel->r_info = ELF64_R_INFO(ELF64_R_SYM(before.r_info), 1);
	assert_bad(-EINVAL, "everything: relocation of what takes none, at xdp+0x");
	rel->r_info = ELF64_R_INFO(100000, 10);
	assert_bad(-EINVAL, "a relocation names a symbol that it has not");
	*rel = before;
	rel->r_offset = 1 << 20;
	assert_bad(-EINVAL, "a relocation lies outside of its section");
	rel->r_offset = before.r_offset + 4;
	assert_bad(-EINVAL, "everything: relocation within an instruction of xdp");
}

static void misplaced_relocation(void **state)
{
	(void)state;
	reloc(".relxdp", 1)->r_offset = symbol("everything")->st_size - 8;
	assert_bad(-EINVAL, "everything: relocation of what takes none, at xdp+0x");
}

static void damaged_symbols(void **state)
{
	(void)state;
	symbol("data")->st_value = 4096;
	assert_bad(-EINVAL, "uses a symbol outside of its section: data");
	symbol("data")->st_value = UINT64_MAX;
	assert_bad(-EINVAL, "uses a symbol outside of its section: data");
	symbol("data")->st_value = 0;
	symbol("global_next")->st_shndx = (u16)(section(".data") - good.section);
	assert_bad(-EINVAL, "everything: calls what is no function: global_next");
	symbol("global_next")->st_shndx = SHN_ABS;
	assert_bad(-EOPNOTSUPP, "everything: uses a symbol that is in no section: global_next");
}

static void damaged_pointers(void **state)
{
	Elf64_Rel *rel = reloc(".rel.data", 2), before = *rel;

	(void)state;
	rel->r_info = ELF64_R_INFO(ELF64_R_SYM(before.r_info), 3);
	assert_bad(-EOPNOTSUPP, ".data: relocation of unknown type 3 at .data+0x");
	*rel = before;
	rel->r_offset = section(".data")->sh_size - 4;
	assert_bad(-EINVAL, ".data: relocation reaches behind its section");
}

static void damaged_btf(void **state)
{
	u8 *btf = good.bytes + section(".BTF")->sh_offset;
	u8 *ext = good.bytes + section(".BTF.ext")->sh_offset;

	(void)state;
	btf[0] ^= 1;
	assert_bad(-EINVAL, "damaged: section .BTF");
	btf[0] ^= 1;
	ext[0] ^= 1;
	assert_bad(-EINVAL, "damaged: section .BTF.ext");
	ext[0] ^= 1;
	memset(ext + 20, 0xff, 4); /* length of the line information */
	assert_bad(-EINVAL, "damaged: section .BTF.ext");
	section(".BTF")->sh_size = 3;
	assert_bad(-EINVAL, "damaged: section .BTF");
}

/* --- lengths --------------------------------------------------------------------------------- */

static void program_lengths(void **state)
{
	struct bpfvm_image *image;
	char option[32];

	(void)state;
	snprintf(option, sizeof(option), "-DLENGTH=%u", BPFVM_CODE);
	compile("long", "longest.o", option);
	assert_int_equal(bpfvm_image__open(path_of("longest.o"), NULL, &image, NULL), 0);
	assert_int_equal(image->len, BPFVM_CODE);
	assert_int_equal(bpfvm_image__check(image, &(struct bpfvm_fault){0}), 0);
	bpfvm_image__free(image);
	snprintf(option, sizeof(option), "-DLENGTH=%u", BPFVM_CODE + 1);
	compile("long", "longer.o", option);
	assert_refused(path_of("longer.o"), NULL, -E2BIG, "too many instructions");
}

/* clang before 19 wrote the register of a callx into `imm`. */
static void old_callx(void **state)
{
	struct vm_insn *code = (void *)(good.bytes + section("xdp")->sh_offset);
	struct bpfvm_image *image;
	u32 reg = 0, seen = 0;

	(void)state;
	for (u32 i = 0; i < section("xdp")->sh_size / 8; i++) {
		if (code[i].code != 0x8d)
			continue;
		reg = code[i].regs ? code[i].regs : (u32)code[i].imm;
		code[i].regs = 0;
		code[i].imm = (s32)reg;
	}
	write_object("old.o", good.bytes, good.size);
	assert_int_equal(bpfvm_image__open(path_of("old.o"), NULL, &image, NULL), 0);
	for (u32 i = 0; i < image->len; i++)
		if (image->code[i].code == 0x8d) {
			assert_true(image->code[i].regs && !image->code[i].imm);
			seen++;
		}
	assert_int_equal(seen, 2);
	bpfvm_image__free(image);
}

/* --- mutations ------------------------------------------------------------------------------- */

/* A place to damage: anywhere, or in one of the tables that others rely on. */
static u8 *random_place(void)
{
	static const char *const tables[] = {".symtab", ".relxdp", ".rel.data", ".rel.rodata",
					     ".strtab", ".BTF",	   ".BTF.ext",  "xdp"};
	u32 choice = random_u32() % 16;
	const Elf64_Shdr *table;

	if (choice < 3)
		return good.bytes + random_u32() % good.size;
	if (choice < 5)
		return good.bytes + random_u32() % sizeof(Elf64_Ehdr);
	if (choice < 8)
		return (u8 *)good.section + random_u32() % (good.sections * sizeof(Elf64_Shdr));
	table = section(tables[choice - 8]);
	return good.bytes + table->sh_offset + random_u32() % table->sh_size;
}

static void open_all_programs(const char *path, u32 *opened)
{
	static const char *const programs[] = {NULL, "third"};
	struct bpfvm_program *list;
	struct bpfvm_error err;
	u32 count;

	if (!bpfvm_programs__read(path, &list, &count, &err))
		bpfvm_programs__free(list, count);
	for (u32 i = 0; i < 2; i++) {
		struct bpfvm_image *image = NULL;

		if (!bpfvm_image__open(path, programs[i], &image, &err)) {
			use_image(image);
			(*opened)++;
		} else {
			assert_null(image);
			assert_true(*err.text);
		}
	}
}

static void mutations(void **state)
{
	u32 opened = 0;

	(void)state;
	random_state = 11;
	for (u32 round = 0; round < 6000; round++) {
		struct damage damage;

		make_damage(&damage, random_place);
		open_all_programs(write_object("mutant.o", good.bytes, good.size), &opened);
		repair_damage(&damage);
	}
	assert_true(opened > 1000 && opened < 11000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_files), TEST(unreadable_file), TEST(other_machines),
		TEST(truncated_files), TEST(damaged_sections), TEST(huge_zeros),
		TEST(damaged_functions), TEST(unprintable_names), TEST(missing_subprogram),
		TEST(damaged_relocations), TEST(misplaced_relocation), TEST(damaged_symbols),
		TEST(damaged_pointers), TEST(damaged_btf), TEST(program_lengths),
		TEST(old_callx), TEST(mutations),
	};

	return cmocka_run_group_tests_name("elf", tests, setup, remove_folder);
}
