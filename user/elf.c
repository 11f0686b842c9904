/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads an ELF object into struct object; everything that the linker indexes by is checked here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "object.h"

#define OBJECT_NAME 256 /* bytes of a name */

static int damaged(const struct object *object, struct bpfvm_error *err, const char *what)
{
	return bpfvm_error__set(err, -EINVAL, HINT_DAMAGED, "%s: damaged: %s", object->path, what);
}

static int check_header(const struct object *object, const GElf_Ehdr *head,
			struct bpfvm_error *err)
{
	const char *path = object->path;

	if (head->e_machine != EM_BPF)
		return bpfvm_error__set(err, -ENOEXEC, HINT_COMPILE,
					"%s: not for BPF, but for ELF machine %u", path,
					head->e_machine);
	if (head->e_ident[EI_DATA] != ELFDATA2LSB)
		return bpfvm_error__set(err, -ENOEXEC, "compile it with -target bpfel",
					"%s: big-endian BPF, which no machine here runs",
					path);
	if (head->e_ident[EI_CLASS] != ELFCLASS64)
		return bpfvm_error__set(err, -ENOEXEC, HINT_COMPILE, "%s: not a 64-bit object",
					path);
	if (head->e_type != ET_REL)
		return bpfvm_error__set(err, -ENOEXEC, HINT_COMPILE " (and do not link it)",
					"%s: not a relocatable object (ELF type %u)", path,
					head->e_type);
	if (head->e_shoff > object->size)
		return damaged(object, err, "its section table lies behind its end");
	return 0;
}

static int open_elf(struct object *object, GElf_Ehdr *head, struct bpfvm_error *err)
{
	size_t n;
	int ret;

	if (object->size < SELFMAG || memcmp(object->bytes, ELFMAG, SELFMAG))
		return bpfvm_error__set(err, -ENOEXEC, HINT_COMPILE, "%s: not an ELF file",
					object->path);
	if (object->size < sizeof(Elf64_Ehdr))
		return damaged(object, err, "it ends within its first header");
	elf_version(EV_CURRENT);
	object->elf = elf_memory((char *)object->bytes, object->size);
	if (!object->elf || elf_kind(object->elf) != ELF_K_ELF || !gelf_getehdr(object->elf, head))
		return damaged(object, err, "libelf cannot read its header");
	ret = check_header(object, head, err);
	if (ret)
		return ret;
	if (elf_getshdrnum(object->elf, &n) || !n)
		return damaged(object, err, "it has no section table");
	if (n > (object->size - head->e_shoff) / sizeof(Elf64_Shdr))
		return damaged(object, err, "its section table reaches behind its end");
	object->section = calloc(n, sizeof(*object->section));
	object->sections = n;
	return object->section ? 0 : bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory",
						      object->path);
}

/* A name that is safe to print: no control characters, not endless. */
static const char *string_at(const struct object *object, size_t table, size_t offset)
{
	const char *s = elf_strptr(object->elf, table, offset);
	size_t n = 0;

	while (s && n < OBJECT_NAME && (u8)s[n] >= ' ' && s[n] != 0x7f)
		n++;
	return s && n < OBJECT_NAME && !s[n] ? s : "(no name)";
}

static int read_sections(struct object *object, struct bpfvm_error *err)
{
	size_t names;

	if (elf_getshdrstrndx(object->elf, &names))
		return damaged(object, err, "its sections have no names");
	for (size_t i = 1; i < object->sections; i++) {
		struct object_section *s = &object->section[i];
		GElf_Shdr head;

		if (!gelf_getshdr(elf_getscn(object->elf, i), &head))
			return damaged(object, err, "libelf cannot read its section table");
		*s = (struct object_section){.name = string_at(object, names, head.sh_name),
					     .size = head.sh_size,
					     .align = head.sh_addralign,
					     .flags = head.sh_flags,
					     .type = head.sh_type};
		if (s->type == SHT_NOBITS || s->type == SHT_NULL)
			continue;
		if (head.sh_offset > object->size || s->size > object->size - head.sh_offset)
			return bpfvm_error__set(err, -EINVAL, HINT_DAMAGED,
						"%s: damaged: section %s lies behind its end",
						object->path, s->name);
		s->data = object->bytes + head.sh_offset;
	}
	return 0;
}

/* The section of that type behind `from`, or 0. */
static size_t next_of_type(const struct object *object, size_t from, u32 type)
{
	for (size_t i = from + 1; i < object->sections; i++)
		if (object->section[i].type == type)
			return i;
	return 0;
}

/* The entries of a table section, `*n` of them, each `size` bytes; NULL if libelf refuses. */
static Elf_Data *table_of(const struct object *object, size_t section, size_t size, size_t *n)
{
	Elf_Data *data = elf_getdata(elf_getscn(object->elf, section), NULL);

	*n = data ? data->d_size / size : 0;
	return data;
}

static int read_symbols(struct object *object, size_t table, struct bpfvm_error *err)
{
	size_t n, i;
	Elf_Data *data = table_of(object, table, sizeof(Elf64_Sym), &n);
	GElf_Shdr head;
	GElf_Sym sym;

	if (!data || !gelf_getshdr(elf_getscn(object->elf, table), &head))
		return damaged(object, err, "libelf cannot read its symbol table");
	object->symbol = calloc(n + 1, sizeof(*object->symbol));
	if (!object->symbol)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", object->path);
	for (i = 0; i < n && gelf_getsym(data, (int)i, &sym); i++) {
		struct object_symbol *s = &object->symbol[i];

		*s = (struct object_symbol){.value = sym.st_value,
					    .size = sym.st_size,
					    .section = sym.st_shndx,
					    .type = GELF_ST_TYPE(sym.st_info),
					    .bind = GELF_ST_BIND(sym.st_info)};
		if (s->section >= object->sections && s->section < SHN_LORESERVE)
			return damaged(object, err, "a symbol is in a section that it has not");
		s->name = s->type == STT_SECTION && s->section < object->sections
				  ? object->section[s->section].name
				  : string_at(object, head.sh_link, sym.st_name);
	}
	object->symbols = i;
	return 0;
}

/* Appends the relocations in section `table`, which change section `target`. */
static int read_reloc_table(struct object *object, size_t table, u32 target,
			    struct bpfvm_error *err)
{
	size_t n;
	Elf_Data *data = table_of(object, table, sizeof(Elf64_Rel), &n);
	struct object_reloc *r = realloc(object->reloc, (object->relocs + n + 1) * sizeof(*r));
	GElf_Rel rel;

	if (!r)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", object->path);
	object->reloc = r;
	if (!data)
		return damaged(object, err, "libelf cannot read its relocations");
	for (size_t i = 0; i < n && gelf_getrel(data, (int)i, &rel); i++) {
		if (rel.r_offset >= object->section[target].size)
			return damaged(object, err, "a relocation lies outside of its section");
		if (GELF_R_SYM(rel.r_info) >= object->symbols)
			return damaged(object, err, "a relocation names a symbol that it has not");
		r[object->relocs++] =
			(struct object_reloc){.section = target,
					      .type = (u32)GELF_R_TYPE(rel.r_info),
					      .symbol = (u32)GELF_R_SYM(rel.r_info),
					      .offset = rel.r_offset};
	}
	return 0;
}

static int reloc_compare(const void *a, const void *b)
{
	const struct object_reloc *l = a, *r = b;

	if (l->section != r->section)
		return l->section < r->section ? -1 : 1;
	return l->offset < r->offset ? -1 : l->offset > r->offset;
}

/* The relocations of sections that are in memory, not those of debug information. */
static int read_relocs(struct object *object, struct bpfvm_error *err)
{
	int ret = 0;

	for (size_t i = 1; !ret && i < object->sections; i++) {
		struct object_section *s = &object->section[i];
		GElf_Shdr head;

		if (s->type != SHT_REL && s->type != SHT_RELA)
			continue;
		if (!gelf_getshdr(elf_getscn(object->elf, i), &head) || !head.sh_info ||
		    head.sh_info >= object->sections)
			return damaged(object, err, "relocations for a section that it has not");
		if (!(object->section[head.sh_info].flags & SHF_ALLOC))
			continue;
		if (s->type == SHT_RELA)
			return bpfvm_error__set(err, -ENOEXEC, HINT_COMPILE,
						"%s: %s: RELA relocations, which BPF has not",
						object->path, s->name);
		ret = read_reloc_table(object, i, head.sh_info, err);
	}
	if (ret || !object->relocs)
		return ret;
	qsort(object->reloc, object->relocs, sizeof(*object->reloc), reloc_compare);
	for (size_t i = 0; i < object->relocs; i++) {
		struct object_section *s = &object->section[object->reloc[i].section];

		s->reloc = s->relocs++ ? s->reloc : &object->reloc[i];
	}
	return 0;
}

_Bool object__is_code(const struct object *object, u32 section)
{
	return section && section < object->sections &&
	       object->section[section].type == SHT_PROGBITS &&
	       object->section[section].flags & SHF_EXECINSTR;
}

static int function_compare(const void *a, const void *b)
{
	const struct object_function *l = a, *r = b;

	if (l->section != r->section)
		return l->section < r->section ? -1 : 1;
	return l->offset < r->offset ? -1 : l->offset > r->offset;
}

static int read_functions(struct object *object, struct bpfvm_error *err)
{
	object->function = calloc(object->symbols + 1, sizeof(*object->function));
	if (!object->function)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", object->path);
	for (size_t i = 0; i < object->symbols; i++) {
		const struct object_symbol *s = &object->symbol[i];

		if (s->type != STT_FUNC || !object__is_code(object, s->section))
			continue;
		object->function[object->functions++] = (struct object_function){
			.name = s->name,
			.offset = s->value,
			.size = s->size,
			.section = s->section,
			.program = s->bind != STB_LOCAL &&
				   strcmp(object->section[s->section].name, ".text")};
	}
	qsort(object->function, object->functions, sizeof(*object->function), function_compare);
	return 0;
}

struct object_function *object__function_at(const struct object *object, u32 section, u64 offset)
{
	const struct object_function key = {.section = section, .offset = offset};
	size_t low = 0, high = object->functions;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (function_compare(&object->function[middle], &key) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (!low || object->function[low - 1].section != section)
		return NULL;
	return &object->function[low - 1];
}

static int read_elf(struct object *object, struct bpfvm_error *err)
{
	GElf_Ehdr head;
	size_t table;
	int ret = open_elf(object, &head, err);

	if (!ret)
		ret = read_sections(object, err);
	if (ret)
		return ret;
	table = next_of_type(object, 0, SHT_SYMTAB);
	if (!table)
		return bpfvm_error__set(err, -EINVAL, "strip no more than: llvm-strip -g",
					"%s: it has no symbol table", object->path);
	ret = read_symbols(object, table, err);
	if (!ret)
		ret = read_relocs(object, err);
	if (!ret)
		ret = read_functions(object, err);
	if (!ret)
		ret = object__read_btf(object, err);
	return ret;
}

int object__open(const struct bpfvm_file *file, struct object **out, struct bpfvm_error *err)
{
	struct object *object = calloc(1, sizeof(*object));
	int ret;

	if (!object)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", file->path);
	object->path = file->path;
	object->bytes = file->bytes;
	object->size = file->size;
	ret = read_elf(object, err);
	if (ret) {
		object__close(object);
		return ret;
	}
	*out = object;
	return 0;
}
