/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine from its claim to its release. */
#ifndef BPFVM_RUN_H
#define BPFVM_RUN_H

#include "spin.h"

/* Finds code, memory and slot of `index`; NULL when the slot is empty. */
static __always_inline struct bpfvm_slot *find(struct run *r, u32 index)
{
	struct bpfvm_slot *slot = ELEMENT(bpfvm_slots, index);
	struct bpfvm_code *code = ELEMENT(bpfvm_code, index);
	struct bpfvm_memory *memory = ELEMENT(bpfvm_memory, 0);

	if (!slot || !code || !memory || !slot->len)
		return NULL;
	r->code = code->insn;
	r->memory = (u8 *)memory->bytes;
	r->len = slot->len;
	return slot;
}

/* A machine for this CPU; the spares serve runs that interrupt another one. */
static __always_inline struct bpfvm_machine *claim(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	for (u32 i = 0; i <= BPFVM_SPARES; i++) {
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, i ? bpfvm_constants.cpus + i - 1 : cpu);

		if (m && !__sync_lock_test_and_set(&m->busy, 1))
			return m;
	}
	return NULL;
}

static __always_inline void release(struct bpfvm_machine *m)
{
	__sync_lock_test_and_set(&m->busy, 0);
}

/*
 * What a run may have written to its stack becomes zero again. Not inline: what the verifier learns
 * about the number of turns ends with the function. Returns 0, the new dirty mark.
 */
static __noinline u32 clear_stack(struct bpfvm_machine *m, u8 *memory)
{
	u32 size = (m->st.deepest + 1) * VM_FRAME_SIZE;

	for (u32 i = 0; i < VM_STACK_SIZE; i += 64) {
		u64 o = m->memory + i;

		if (i >= size)
			break;
		VM_BOUND(o, BPFVM_MEMORY - 1);
		__builtin_memset(memory + o, 0, 64);
	}
	return 0;
}

/*
 * Makes a claimed machine ready to run the guest of a slot from its entry; the rows are kept from
 * run to run.
 */
static __always_inline void prepare(struct bpfvm_machine *m, struct run *r, struct bpfvm_slot *slot,
				    struct bpfvm_hook *hook)
{
	if (m->slot != hook->slot || m->version != slot->version) {
		__builtin_memcpy(&m->row[VM_REGION_STACK + 1], &slot->row[VM_REGION_STACK + 1],
				 (VM_REGIONS - VM_REGION_STACK - 1) * sizeof(*m->row));
		m->slot = hook->slot;
		m->version = slot->version;
	}
	if (m->row[VM_REGION_STACK].dirty)
		m->row[VM_REGION_STACK].dirty = clear_stack(m, r->memory);
	__builtin_memset(m->st.reg, 0, sizeof(m->st.reg));
	m->st.depth = m->st.deepest = 0;
	vm_frame_open(&m->st, m->row);
	m->st.reg[1] = slot->arg[0];
	m->st.reg[2] = slot->arg[1];
	m->st.pc = slot->entry;
	m->st.left = hook->budget;
}

/*
 * A machine with the guest of a hook, ready to run; NULL if the slot is empty or no machine is
 * free.
 */
static __always_inline struct bpfvm_machine *begin(struct run *r, struct bpfvm_hook *hook)
{
	struct bpfvm_slot *slot = find(r, hook->slot);
	struct bpfvm_machine *m = slot ? claim() : NULL;

	if (m)
		prepare(m, r, slot, hook);
	return m;
}

/*
 * The context of the hook, `size` bytes behind the machine's stack; the guest gets its address in
 * r1.
 */
static __always_inline void *map_context(struct bpfvm_machine *m, struct run *r, u32 size,
					 u32 packet)
{
	u64 o = m->memory + VM_STACK_SIZE;

	m->row[VM_REGION_CTX].base = o;
	m->row[VM_REGION_CTX].rlen = size;
	m->row[VM_REGION_CTX].wlen = 0;
	m->row[VM_REGION_PACKET].rlen = packet < BPFVM_PACKET ? packet : BPFVM_PACKET;
	m->row[VM_REGION_PACKET].wlen = m->row[VM_REGION_PACKET].rlen;
	m->st.reg[1] = VM_ADDRESS(VM_REGION_CTX, 0);
	m->st.reg[2] = 0;
	VM_BOUND(o, BPFVM_MEMORY - 1);
	return r->memory + o;
}

/* The hook that has a guest at interface `ifindex`, or NULL. */
static __always_inline struct bpfvm_hook *hook_of(u32 ifindex, u32 kind)
{
	struct bpfvm_hook *hook = ELEMENT(bpfvm_hooks, BPFVM_HOOK(ifindex, kind));

	return hook && hook->ifindex == ifindex && hook->kind == kind ? hook : NULL;
}

/* Counts the run, frees the machine and returns the verdict. */
static __always_inline u32 finish(struct bpfvm_machine *m, struct bpfvm_hook *hook)
{
	u32 verdict = m->st.stop == VM_STOP_EXIT ? (u32)m->st.reg[0] : hook->on_trap;

	hook->runs++;
	if (m->st.stop != VM_STOP_EXIT)
		hook->traps++;
	release(m);
	return verdict;
}

/* The state that turns need goes to locals, and comes back. */
static __always_inline void enter(struct bpfvm_machine *m, struct run *r)
{
	r->m = m;
	r->pc = m->st.pc;
	r->left = m->st.left;
	m->st.stop = VM_STOP_NONE;
}

static __always_inline void leave(struct bpfvm_machine *m, struct run *r)
{
	m->st.pc = r->pc;
	m->st.left = r->left;
}

#endif
