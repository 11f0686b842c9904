/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the machine of include/embed.h says to people; included by embed.c alone. */
#ifndef EMBED_TEXT_H
#define EMBED_TEXT_H

/* The memory that the instruction at fault wanted; its opcode, RFC 9669 section 5, tells. */
static void where_memory(const struct bpfvm *vm, u32 w, struct bpfvm_where *where)
{
	_Bool load = (w & 7) == 1;

	where->addr = vm->st.reg[load ? SRCN : DSTN] + (u64)(s64)OFF;
	where->size = 8 >> (((w >> 3) + 1) & 3); /* 4, 2, 1, 8 */
	where->access = load ? VM_READ : VM_WRITE;
	if (vm_is_atomic((u8)w))
		where->access = VM_READ | VM_WRITE | VM_ATOMIC;
}

/* The first argument of a call that is not as it should be. */
static void where_argument(struct bpfvm *vm, u32 number, struct bpfvm_where *where)
{
	const struct bpfvm_helper *h = helper_of(vm, number);
	const u64 *arg = &vm->st.reg[1];
	u32 args = h ? h->args : 0;
	void *at;

	for (; args; args >>= 4, arg++) {
		if (!is_wrong(vm, args, arg, &at))
			continue;
		where->addr = *arg;
		where->access = args & 3 ? args & 3 : VM_READ;
		if (args & BPFVM_ARG_FIXED && args & 3)
			where->size = BPFVM_FIXED_SIZE(args & 3);
		else if (args & 3)
			where->size = (u32)arg[1];
		return;
	}
}

void bpfvm_where(struct bpfvm *vm, struct bpfvm_where *where)
{
	u32 w;

	__builtin_memset(where, 0, sizeof(*where));
	where->pc = vm->st.pc;
	where->stop = vm->st.stop;
	if (where->pc >= vm->len)
		return;
	w = VM_WORD(VM_SLOT(vm->code, where->pc));
	if (where->stop >= VM_TRAP_BOUNDS && where->stop <= VM_TRAP_ATOMIC)
		where_memory(vm, w, where);
	else if (where->stop == VM_TRAP_ARGUMENT)
		where_argument(vm,
			       (u8)w == OPCODE_CALL ? (u32)VM_IMM(VM_SLOT(vm->code, where->pc)) :
						      (u32)vm->st.reg[DSTN],
			       where);
}

const char *bpfvm_trap_name(u32 stop)
{
	static const char *const names[VM_STOPS] = {
		"NONE", "EXIT",
#define TRAP(name, sentence, hint) #name,
#include "traps.def"
	};

	return stop < VM_STOPS ? names[stop] : "?";
}

const char *bpfvm_trap_text(u32 stop)
{
	static const char *const texts[VM_STOPS] = {
		"has not stopped", "has left by EXIT",
#define TRAP(name, sentence, hint) sentence,
#include "traps.def"
	};

	return stop < VM_STOPS ? texts[stop] : "?";
}

const char *bpfvm_setup_text(enum bpfvm_setup setup)
{
	static const char *const texts[BPFVM_SETUPS] = {
		"ready",
#define SETUP(name, sentence) sentence,
#include "setup.def"
	};

	return (u32)setup < BPFVM_SETUPS ? texts[setup] : "?";
}

#endif
