/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The disassembler: instructions in the notation of Linux (bpftool prog dump xlated). */
#include <stdarg.h>

#include "bpfvm.h"
#include "isa.h"

/* One line in the making; what does not fit is cut. */
struct line {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	if (line->used >= line->size)
		return;
	va_start(args, format);
	n = vsnprintf(line->text + line->used, line->size - line->used, format, args);
	va_end(args);
	line->used += n > 0 ? (size_t)n : 0;
}

/* The whole register is rN, its lower half wN. */
static char half(const struct bpfvm_isa *form)
{
	return form->bits == 32 ? 'w' : 'r';
}

static void add_alu(struct line *line, const struct bpfvm_isa *form, const struct vm_insn *in)
{
	char r = half(form);

	add(line, "%c%u %s ", r, vm_dst(in), form->text);
	if (form->reg)
		add(line, "%c%u", r, vm_src(in));
	else
		add(line, "%d", in->imm);
}

static void add_jump(struct line *line, const struct bpfvm_isa *form, const struct vm_insn *in)
{
	char r = half(form);

	add(line, "if %c%u %s ", r, vm_dst(in), form->text);
	if (form->reg)
		add(line, "%c%u", r, vm_src(in));
	else
		add(line, "0x%x", (u32)in->imm);
	add(line, " goto pc%+d", in->off);
}

/* A place in memory, `base` being the number of a register. */
static void add_place(struct line *line, const struct bpfvm_isa *form, u32 base,
		      const struct vm_insn *in)
{
	add(line, "(%s *)(r%u %+d)", form->type, base, in->off);
}

static void add_store(struct line *line, const struct bpfvm_isa *form, const struct vm_insn *in)
{
	add(line, "%s*", form->kind == ISA_ATOMIC ? "lock " : "");
	add_place(line, form, vm_dst(in), in);
	add(line, " %s ", form->kind == ISA_ATOMIC ? form->text : "=");
	if (form->kind == ISA_ST)
		add(line, "%d", in->imm);
	else
		add(line, "r%u", vm_src(in));
}

static void add_fetch(struct line *line, const struct bpfvm_isa *form, const struct vm_insn *in)
{
	_Bool compares = form->kind == ISA_CMPXCHG;

	add(line, "r%u = atomic%s_%s%s(", compares ? 0 : vm_src(in), form->bits == 64 ? "64" : "",
	    form->kind == ISA_FETCH ? "fetch_" : "", form->text);
	add_place(line, form, vm_dst(in), in);
	add(line, ", %sr%u)", compares ? "r0, " : "", vm_src(in));
}

static void add_call(struct line *line, const struct vm_insn *in)
{
	const char *name = bpfvm_helper__name((u32)in->imm);

	if (vm_src(in) == VM_CALL_LOCAL)
		add(line, "call pc%+d", in->imm);
	else if (vm_src(in) == VM_CALL_BTF)
		add(line, "call kernel-function#%d", in->imm);
	else if (name)
		add(line, "call bpf_%s#%d", name, in->imm);
	else
		add(line, "call unknown#%d", in->imm);
}

/* LD IND, unlike LD ABS, adds a register (mode bits of the opcode, RFC 9669 section 5.5). */
static void add_legacy(struct line *line, const struct bpfvm_isa *form, const struct vm_insn *in)
{
	add(line, "r0 = *(%s *)skb[", form->type);
	if ((in->code & 0xe0) == 0x40)
		add(line, "r%u + ", vm_src(in));
	add(line, "%d]", in->imm);
}

static void add_insn(struct line *line, const struct bpfvm_isa *form, const struct vm_insn *in,
		     const struct vm_insn *next)
{
	u32 dst = vm_dst(in), src = vm_src(in);

	switch (form->kind) {
	case ISA_ALU:
		return add_alu(line, form, in);
	case ISA_NEG:
		return add(line, "%c%u = -%c%u", half(form), dst, half(form), dst);
	case ISA_MOVSX:
		return add(line, "%c%u = (%s)%c%u", half(form), dst, form->type, half(form), src);
	case ISA_END:
		return add(line, "r%u = %s r%u", dst, form->text, dst);
	case ISA_JMP:
		return add_jump(line, form, in);
	case ISA_GOTO:
		return add(line, "%s pc%+d", form->text,
			   form->target == ISA_OFF ? in->off : in->imm);
	case ISA_CALL:
		return add_call(line, in);
	case ISA_CALLX:
		return add(line, "callx r%u", dst);
	case ISA_EXIT:
		return add(line, "exit");
	case ISA_LDX:
		add(line, "r%u = *", dst);
		return add_place(line, form, src, in);
	case ISA_STX:
	case ISA_ST:
	case ISA_ATOMIC:
		return add_store(line, form, in);
	case ISA_FETCH:
	case ISA_XCHG:
	case ISA_CMPXCHG:
		return add_fetch(line, form, in);
	case ISA_LDDW:
		return add(line, "r%u = 0x%llx", dst,
			   (unsigned long long)((u64)(u32)next->imm << 32 | (u32)in->imm));
	case ISA_LEGACY:
		return add_legacy(line, form, in);
	}
}

u32 bpfvm_insn__text(const struct vm_insn *in, const struct vm_insn *next, char *text, size_t size)
{
	const struct bpfvm_isa *form = bpfvm_isa__find(in);
	_Bool wide = form && form->kind == ISA_LDDW;
	struct line line = {text, size, 0};

	add(&line, "(%02x) ", in->code);
	if (!form || (wide && (!next || vm_src(in))))
		add(&line, "unknown");
	else
		add_insn(&line, form, in, next);
	return wide && next ? 2 : 1;
}
