/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The linker: starts from one function and takes in whatever it reaches, in the order of reaching,
 * then changes code and data so that they refer to where that went.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "linker.h"

/* --- changing code and data ------------------------------------------------------------------ */

static int bad_reloc(struct linker *l, const struct object_reloc *r)
{
	return bpfvm_error__set(
		l->err, -EOPNOTSUPP, "compile with clang 14 or later and -target bpf",
		"%s: %s: relocation of unknown type %u at %s+0x%llx", l->object->path, l->from,
		r->type, l->object->section[r->section].name, (unsigned long long)r->offset);
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
		ret = linker__find_symbol(l, r, &sym);
		if (ret)
			return ret;
		section = sym->section;
		base = sym->value;
		if (!object__is_code(l->object, section))
			return linker__fail(l, -EINVAL, NULL,
					    "calls what is no function: ", sym->name);
	}
	ret = linker__find_function(l, section, base + (u64)((s64)in->imm + 1) * sizeof(*in),
				    &start);
	in = &l->image->code[pc]; /* may have moved */
	in->regs = VM_CALL_LOCAL << 4;
	in->imm = (s32)(start - (pc + 1));
	return ret;
}

static int link_lddw(struct linker *l, u32 pc, const struct object_reloc *r)
{
	u64 address = 0;
	int ret = linker__find_address(l, r, (u64)(s64)l->image->code[pc].imm, &address);
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
			return linker__fail(l, -EINVAL, "the file is damaged; compile it again",
					    "relocation within an instruction of ", s->name);
		ret = link_insn(l, fn, pc, fn->start + len, here ? &s->reloc[i] : NULL);
		while (i < s->relocs && s->reloc[i].offset <= offset)
			i++;
	}
	return ret;
}

/* Eight bytes of data that hold an address. */
static int link_pointer(struct linker *l, const struct place *place, const struct object_section *s,
			const struct object_reloc *r)
{
	const struct bpfvm_memory_area *area = &l->image->area[place->region];
	u64 address = 0, addend;
	int ret;

	if (r->type != OBJECT_RELOC_DATA_64)
		return bad_reloc(l, r);
	if (s->size - r->offset < sizeof(address))
		return linker__fail(l, -EINVAL, "the file is damaged; compile it again",
				    "relocation reaches behind its section ", s->name);
	memcpy(&addend, area->data + place->offset + r->offset, sizeof(addend));
	ret = linker__find_address(l, r, addend, &address);
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
	image->map = calloc(VM_REGIONS, sizeof(*image->map));
	if (!l.function || !l.place || !l.data || !image->function || !image->map)
		ret = linker__no_memory(&l);
	else
		ret = linker__reach_function(&l,
					     object__function_at(object, fn->section, fn->offset));
	if (!ret)
		ret = link_all(&l);
	free(l.function);
	free(l.place);
	free(l.data);
	return ret;
}
