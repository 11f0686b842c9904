/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The linker: starts from one function and takes in whatever it reaches, in the order of reaching.
 * Functions are numbered as they come, so a place in the code is known as soon as it is asked for;
 * the same holds for data sections and their offset in a memory area.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "object.h"

/* Where a data section went. */
struct place {
	u32 region; /* 0: nowhere yet */
	u32 offset;
};

struct linker {
	struct object *object;
	struct bpfvm_image *image;
	struct bpfvm_error *err;
	struct object_function **function; /* reached; image->functions of them */
	struct place *place;		   /* of each section */
	u32 *data;			   /* reached data sections */
	u32 datas;
	const char *from; /* what refers, for messages: a function or a section */
};

static int fail(struct linker *l, int code, const char *hint, const char *what, const char *name)
{
	return bpfvm_error__set(l->err, code, hint, "%s: %s: %s%s", l->object->path, l->from, what,
				name);
}

static int no_memory(struct linker *l)
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
		return fail(l, -EINVAL, "compile it again",
			    "not made of whole instructions, in section ", s->name);
	if (!fn->size)
		return fail(l, -EINVAL, "compile it again", "has no instructions, in section ",
			    s->name);
	if (fn->offset > s->size || fn->size > s->size - fn->offset)
		return fail(l, -EINVAL, "the symbol table is damaged; compile it again",
			    "lies outside of its section ", s->name);
	if (fn->size / slot > BPFVM_CODE - l->image->len)
		return bpfvm_error__set(l->err, -E2BIG,
					"make the guest smaller, or build with a higher BPFVM_CODE",
					"%s: too many instructions: more than %u with function %s",
					l->object->path, BPFVM_CODE, fn->name);
	return 0;
}

/* Gives a function its place at the end of the code; its calls and data are looked at later. */
static int reach_function(struct linker *l, struct object_function *fn)
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
		return no_memory(l);
	image->code = code;
	memcpy(code + image->len, l->object->section[fn->section].data + fn->offset, fn->size);
	fn->start = image->len;
	fn->linked = 1;
	image->function[image->functions].name = strdup(fn->name);
	image->function[image->functions].start = fn->start;
	image->function[image->functions].len = len;
	l->function[image->functions] = fn;
	image->len += len;
	return image->function[image->functions++].name ? 0 : no_memory(l);
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
	if (!strcmp(s->name, ".maps") || !strcmp(s->name, "maps"))
		return fail(l, -EOPNOTSUPP, "guests have no maps yet; use a global variable",
			    "uses map ", symbol);
	return bpfvm_error__set(l->err, -EOPNOTSUPP, "use .rodata, .data or .bss",
				"%s: %s: uses %s in section %s, which is no memory of a guest",
				l->object->path, l->from, symbol, s->name);
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
		return fail(l, -E2BIG, "a memory area holds 16 MiB at most",
			    "too much data, with section ", s->name);
	data = realloc(area->data, start + s->size + 1);
	if (!data)
		return no_memory(l);
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
	return area->name ? 0 : no_memory(l);
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
		return fail(l, -EOPNOTSUPP, "compile it with -fno-common",
			    "uses a symbol that is in no section: ", sym->name);
	if (object__is_ksym(l->object, sym->name))
		return fail(l, -EOPNOTSUPP,
			    "guests cannot reach into the kernel; `loader info` lists the helpers",
			    call ? "calls a kernel function (kfunc): " : "uses a kernel symbol: ",
			    sym->name);
	return fail(l, -EOPNOTSUPP, "define it in this file, or join the files: bpftool gen object",
		    call ? "calls a function that is not in the object: "
			 : "uses a variable that is not in the object: ",
		    sym->name);
}

static int find_function(struct linker *l, u32 section, u64 offset, u32 *start)
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
	ret = reach_function(l, fn);
	*start = fn->start;
	l->from = from;
	return ret;
}

/* The symbol of a relocation, which has to be within a section. */
static int find_symbol(struct linker *l, const struct object_reloc *r,
		       const struct object_symbol **found)
{
	const struct object_symbol *sym = &l->object->symbol[r->symbol];
	u64 size;

	if (sym->section == SHN_UNDEF || sym->section >= SHN_LORESERVE)
		return refuse_symbol(l, sym, r->type == OBJECT_RELOC_CALL);
	size = l->object->section[sym->section].size;
	if (sym->value > size || sym->size > size - sym->value)
		return fail(l, -EINVAL, "the symbol table is damaged; compile it again",
			    "uses a symbol outside of its section: ", sym->name);
	*found = sym;
	return 0;
}

/* The guest address of symbol plus addend. */
static int find_address(struct linker *l, const struct object_reloc *r, u64 addend, u64 *address)
{
	const struct object_symbol *sym = NULL;
	const struct place *place;
	u32 start = 0;
	int ret = find_symbol(l, r, &sym);

	if (ret)
		return ret;
	if (object__is_code(l->object, sym->section)) {
		ret = find_function(l, sym->section, sym->value + addend, &start);
		*address = VM_CODE_BASE + start * sizeof(struct vm_insn);
		return ret;
	}
	ret = reach_section(l, sym->section, sym->name);
	place = &l->place[sym->section];
	if (!ret)
		*address = VM_ADDRESS(place->region, place->offset) + sym->value + addend;
	return ret;
}

/* --- changing code and data ------------------------------------------------------------------ */

static int bad_reloc(struct linker *l, const struct object_reloc *r)
{
	return bpfvm_error__set(l->err, -EOPNOTSUPP,
				"compile with clang 14 or later and -target bpf",
				"%s: %s: relocation of unknown type %u at %s+0x%llx",
				l->object->path, l->from, r->type,
				l->object->section[r->section].name, (unsigned long long)r->offset);
}

/* `imm` + 1 counts from the symbol of the relocation; without one, from the call itself. */
static int link_call(struct linker *l, const struct object_function *fn, u32 pc,
		     const struct object_reloc *r)
{
	struct vm_insn *in = &l->image->code[pc];
	u64 base = fn->offset + (pc - fn->start) * sizeof(*in);
	const struct object_symbol *sym = NULL;
	u32 section = fn->section, start = 0;
	int ret;

	if (r) {
		ret = find_symbol(l, r, &sym);
		if (ret)
			return ret;
		section = sym->section;
		base = sym->value;
		if (!object__is_code(l->object, section))
			return fail(l, -EINVAL, NULL, "calls what is no function: ", sym->name);
	}
	ret = find_function(l, section, base + (u64)((s64)in->imm + 1) * sizeof(*in), &start);
	in = &l->image->code[pc]; /* may have moved */
	in->regs = VM_CALL_LOCAL << 4;
	in->imm = (s32)(start - (pc + 1));
	return ret;
}

static int link_lddw(struct linker *l, u32 pc, const struct object_reloc *r)
{
	u64 address = 0;
	int ret = find_address(l, r, (u64)(s64)l->image->code[pc].imm, &address);
	struct vm_insn *in = &l->image->code[pc];

	in->regs &= 0x0f;
	in[0].imm = (s32)(u32)address;
	in[1].imm = (s32)(u32)(address >> 32);
	return ret;
}

/* clang before 19 put the register of a callx into `imm`; RFC 9669 says the destination. */
static void modernize_callx(struct vm_insn *in)
{
	if (in->regs || in->imm < 1 || in->imm > 10)
		return;
	in->regs = (u8)in->imm;
	in->imm = 0;
}

static int link_insn(struct linker *l, const struct object_function *fn, u32 pc, u32 end,
		     const struct object_reloc *r)
{
	struct vm_insn *in = &l->image->code[pc];
	const struct bpfvm_isa *form = bpfvm_isa__find(in);
	enum bpfvm_isa_kind kind = form ? form->kind : ISA_EXIT;

	if (kind == ISA_CALL && (r ? r->type == OBJECT_RELOC_CALL : vm_src(in) == VM_CALL_LOCAL))
		return link_call(l, fn, pc, r);
	if (kind == ISA_CALLX)
		modernize_callx(in);
	if (!r)
		return 0;
	if (kind == ISA_LDDW && pc + 1 < end && r->type == OBJECT_RELOC_INSN_64)
		return link_lddw(l, pc, r);
	if (r->type != OBJECT_RELOC_CALL && r->type != OBJECT_RELOC_INSN_64)
		return bad_reloc(l, r);
	return bpfvm_error__set(l->err, -EINVAL, "the file is damaged; compile it again",
				"%s: %s: relocation of what takes none, at %s+0x%llx",
				l->object->path, l->from, l->object->section[r->section].name,
				(unsigned long long)r->offset);
}

/* Number of the first relocation of a section at or behind `offset`. */
static size_t first_reloc(const struct object_section *s, u64 offset)
{
	size_t low = 0, high = s->relocs;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->reloc[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int link_function(struct linker *l, const struct object_function *fn, u32 len)
{
	const struct object_section *s = &l->object->section[fn->section];
	u64 offset = fn->offset, slot = sizeof(struct vm_insn);
	size_t i = first_reloc(s, fn->offset);
	int ret = 0;

	l->from = fn->name;
	for (u32 pc = fn->start; !ret && pc < fn->start + len; pc++, offset += slot) {
		_Bool here = i < s->relocs && s->reloc[i].offset < offset + slot;

		if (here && s->reloc[i].offset != offset)
			return fail(l, -EINVAL, "the file is damaged; compile it again",
				    "relocation within an instruction of ", s->name);
		ret = link_insn(l, fn, pc, fn->start + len, here ? &s->reloc[i] : NULL);
		while (i < s->relocs && s->reloc[i].offset <= offset)
			i++;
	}
	return ret;
}

/* Eight bytes of data that hold an address. */
static int link_pointer(struct linker *l, const struct place *place,
			const struct object_section *s, const struct object_reloc *r)
{
	const struct bpfvm_memory_area *area = &l->image->area[place->region];
	u64 address = 0, addend;
	int ret;

	if (r->type != OBJECT_RELOC_DATA_64)
		return bad_reloc(l, r);
	if (s->size - r->offset < sizeof(address))
		return fail(l, -EINVAL, "the file is damaged; compile it again",
			    "relocation reaches behind its section ", s->name);
	memcpy(&addend, area->data + place->offset + r->offset, sizeof(addend));
	ret = find_address(l, r, addend, &address);
	/* area->data may have moved */
	memcpy(area->data + place->offset + r->offset, &address, sizeof(address));
	return ret;
}

static int link_data(struct linker *l, u32 section)
{
	const struct object_section *s = &l->object->section[section];
	int ret = 0;

	l->from = s->name;
	for (size_t i = 0; !ret && i < s->relocs; i++)
		ret = link_pointer(l, &l->place[section], s, &s->reloc[i]);
	return ret;
}

/* Looks through what was reached until nothing new comes. */
static int link_all(struct linker *l)
{
	u32 function = 0, data = 0;
	int ret = 0;

	while (!ret && (function < l->image->functions || data < l->datas)) {
		if (function < l->image->functions) {
			u32 i = function++;

			ret = link_function(l, l->function[i], l->image->function[i].len);
		} else {
			ret = link_data(l, l->data[data++]);
		}
	}
	return ret;
}

int object__link(struct object *object, struct object_function *fn, struct bpfvm_image *image,
		 struct bpfvm_error *err)
{
	struct linker l = {.object = object, .image = image, .err = err};
	int ret;

	l.function = calloc(object->functions, sizeof(*l.function));
	l.place = calloc(object->sections, sizeof(*l.place));
	l.data = calloc(object->sections, sizeof(*l.data));
	image->function = calloc(object->functions, sizeof(*image->function));
	if (!l.function || !l.place || !l.data || !image->function)
		ret = no_memory(&l);
	else
		ret = reach_function(&l, object__function_at(object, fn->section, fn->offset));
	if (!ret)
		ret = link_all(&l);
	free(l.function);
	free(l.place);
	free(l.data);
	return ret;
}
