/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the linker takes in: functions, data sections and maps get their places as they are asked
 * for, so a place is known before its contents have been looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linker.h"

int linker__fail(struct linker *l, int code, const char *hint, const char *what, const char *name)
{
	return bpfvm_error__set(l->err, code, hint, "%s: %s: %s%s", l->object->path, l->from, what,
				name);
}

int linker__no_memory(struct linker *l)
{
	return bpfvm_error__set(l->err, -ENOMEM, NULL, "%s: no memory", l->object->path);
}

/* --- taking in functions and data ------------------------------------------------------------ */

static int check_function(struct linker *l, const struct object_function *fn)
{
	const struct object_section *s = &l->object->section[fn->section];
	u64 slot = sizeof(struct vm_insn);

	l->from = fn->name;
	if (s->size % slot || fn->size % slot || fn->offset % slot)
		return linker__fail(l, -EINVAL, "compile it again",
				    "not made of whole instructions, in section ", s->name);
	if (!fn->size)
		return linker__fail(l, -EINVAL, "compile it again",
				    "has no instructions, in section ", s->name);
	if (fn->offset > s->size || fn->size > s->size - fn->offset)
		return linker__fail(l, -EINVAL, "the symbol table is damaged; compile it again",
				    "lies outside of its section ", s->name);
	if (fn->size / slot > BPFVM_CODE - l->image->len)
		return bpfvm_error__set(l->err, -E2BIG,
					"make the guest smaller, or build with a higher BPFVM_CODE",
					"%s: too many instructions: more than %u with function %s",
					l->object->path, BPFVM_CODE, fn->name);
	return 0;
}

int linker__reach_function(struct linker *l, struct object_function *fn)
{
	struct bpfvm_image *image = l->image;
	u32 len = (u32)(fn->size / sizeof(struct vm_insn));
	struct vm_insn *code;
	int ret;

	if (fn->linked)
		return 0;
	ret = check_function(l, fn);
	if (ret)
		return ret;
	code = realloc(image->code, (image->len + len) * sizeof(*code));
	if (!code)
		return linker__no_memory(l);
	image->code = code;
	memcpy(code + image->len, l->object->section[fn->section].data + fn->offset, fn->size);
	fn->start = image->len;
	fn->linked = 1;
	image->function[image->functions].name = strdup(fn->name);
	image->function[image->functions].start = fn->start;
	image->function[image->functions].len = len;
	image->function[image->functions].program = fn->program;
	l->function[image->functions] = fn;
	image->len += len;
	return image->function[image->functions++].name ? 0 : linker__no_memory(l);
}

static _Bool has_prefix(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) && (!name[n] || name[n] == '.');
}

/* The region for the variables of a section, or 0. */
static u32 region_of(const struct object_section *s)
{
	if (!(s->flags & SHF_ALLOC) || (s->type != SHT_PROGBITS && s->type != SHT_NOBITS))
		return 0;
	if (has_prefix(s->name, ".rodata"))
		return VM_REGION_RODATA;
	return has_prefix(s->name, ".data") || has_prefix(s->name, ".bss") ? VM_REGION_DATA : 0;
}

static int refuse_section(struct linker *l, const struct object_section *s, const char *symbol)
{
	if (!strcmp(s->name, "maps"))
		return linker__fail(
			l, -EOPNOTSUPP,
			"declare it in SEC(\".maps\"), with __uint(type, ...) and so on",
			"uses a map declared in the old way, in SEC(\"maps\"): ", symbol);
	return bpfvm_error__set(l->err, -EOPNOTSUPP, "use .rodata, .data or .bss",
				"%s: %s: uses %s in section %s, which is no memory of a guest",
				l->object->path, l->from, symbol, s->name);
}

/* Notes where the variables of a section lie. */
static int note_section(struct linker *l, const char *name, u32 region, u32 offset, u32 size)
{
	struct bpfvm_image *image = l->image;
	struct bpfvm_variables *more =
		realloc(image->variable, (image->variables + 1) * sizeof(*more));

	if (!more)
		return linker__no_memory(l);
	image->variable = more;
	more += image->variables;
	*more = (struct bpfvm_variables){strdup(name), region, offset, size};
	image->variables += !!more->name;
	return more->name ? 0 : linker__no_memory(l);
}

/* Appends a section to its memory area, aligned as it asks to be, to 8 bytes at least. */
static int append_section(struct linker *l, u32 section, u32 region)
{
	const struct object_section *s = &l->object->section[section];
	struct bpfvm_memory_area *area = &l->image->area[region];
	u64 align = s->align > 8 && s->align <= 4096 && !(s->align & (s->align - 1)) ? s->align : 8;
	u64 start = (area->size + align - 1) & ~(align - 1);
	u8 *data;

	if (s->size > VM_OFFSET_MASK + 1u || start + s->size > VM_OFFSET_MASK + 1u)
		return linker__fail(l, -E2BIG, "a memory area holds 16 MiB at most",
				    "too much data, with section ", s->name);
	data = realloc(area->data, start + s->size + 1);
	if (!data)
		return linker__no_memory(l);
	area->data = data;
	memset(data + area->size, 0, start + s->size - area->size);
	if (s->data && s->size)
		memcpy(data + start, s->data, s->size);
	area->size = (u32)(start + s->size);
	area->access = region == VM_REGION_RODATA ? VM_READ : VM_READ | VM_WRITE;
	if (!area->name)
		area->name = strdup(region == VM_REGION_RODATA ? ".rodata" : ".data");
	l->place[section] = (struct place){region, (u32)start};
	l->data[l->datas++] = section;
	return area->name ? note_section(l, s->name, region, (u32)start, (u32)s->size) :
			    linker__no_memory(l);
}

static int reach_section(struct linker *l, u32 section, const char *symbol)
{
	const struct object_section *s = &l->object->section[section];
	u32 region = region_of(s);

	if (!region)
		return refuse_section(l, s, symbol);
	return l->place[section].region ? 0 : append_section(l, section, region);
}

/* --- what a relocation refers to ------------------------------------------------------------- */

static int refuse_symbol(struct linker *l, const struct object_symbol *sym, _Bool call)
{
	if (sym->section != SHN_UNDEF)
		return linker__fail(l, -EOPNOTSUPP, "compile it with -fno-common",
				    "uses a symbol that is in no section: ", sym->name);
	if (object__is_extern(l->object, ".kconfig", sym->name))
		return linker__fail(l, -EOPNOTSUPP, "make it a constant, or a variable in .rodata",
				    "uses a kernel configuration value (__kconfig): ", sym->name);
	if (object__is_extern(l->object, ".ksyms", sym->name))
		return linker__fail(
			l, -EOPNOTSUPP,
			"guests cannot reach into the kernel; `loader info` lists the helpers",
			call ? "calls a kernel function (kfunc): " : "uses a kernel symbol: ",
			sym->name);
	return linker__fail(l, -EOPNOTSUPP,
			    "define it in this file, or join the files: bpftool gen object",
			    call ? "calls a function that is not in the object: "
				 : "uses a variable that is not in the object: ",
			    sym->name);
}

int linker__find_function(struct linker *l, u32 section, u64 offset, u32 *start)
{
	struct object_function *fn = object__function_at(l->object, section, offset);
	const char *from = l->from;
	int ret;

	if (!fn || fn->offset != offset)
		return bpfvm_error__set(l->err, -EINVAL,
					"was the symbol table stripped? strip with `llvm-strip -g`",
					"%s: %s: refers to %s+0x%llx, where no function begins",
					l->object->path, l->from, l->object->section[section].name,
					(unsigned long long)offset);
	ret = linker__reach_function(l, fn);
	*start = fn->start;
	l->from = from;
	return ret;
}

int linker__find_symbol(struct linker *l, const struct object_reloc *r,
			const struct object_symbol **found)
{
	const struct object_symbol *sym = &l->object->symbol[r->symbol];
	u64 size;

	if (sym->section == SHN_UNDEF || sym->section >= SHN_LORESERVE)
		return refuse_symbol(l, sym, r->type == OBJECT_RELOC_CALL);
	size = l->object->section[sym->section].size;
	if (sym->value > size || sym->size > size - sym->value)
		return linker__fail(l, -EINVAL, "the symbol table is damaged; compile it again",
				    "uses a symbol outside of its section: ", sym->name);
	*found = sym;
	return 0;
}

int linker__find_address(struct linker *l, const struct object_reloc *r, u64 addend, u64 *address)
{
	const struct object_symbol *sym = NULL;
	const struct place *place;
	u32 start = 0;
	int ret = linker__find_symbol(l, r, &sym);

	if (ret)
		return ret;
	if (object__is_code(l->object, sym->section)) {
		ret = linker__find_function(l, sym->section, sym->value + addend, &start);
		*address = VM_CODE_BASE + start * sizeof(struct vm_insn);
		return ret;
	}
	if (!strcmp(l->object->section[sym->section].name, ".maps"))
		return linker__reach_map(l, sym->section, sym->value + addend, address);
	ret = reach_section(l, sym->section, sym->name);
	place = &l->place[sym->section];
	if (!ret)
		*address = VM_ADDRESS(place->region, place->offset) + sym->value + addend;
	return ret;
}
