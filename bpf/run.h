/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a run: a machine is claimed, the guests of a hook run on it one after the other, and
 * it is released. Global functions are verified once each, apart from their callers.
 */
#ifndef BPFVM_RUN_H
#define BPFVM_RUN_H

#include "maps.h"

/* A machine for this CPU; the spares serve runs that interrupt another one. ~0: all are taken. */
static __always_inline u32 claim(u32 cpu)
{
	for (u32 i = 0; i <= BPFVM_SPARES; i++) {
		u32 index = i ? bpfvm_constants.cpus + i - 1 : cpu;
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);

		if (m && !__sync_lock_test_and_set(&m->busy, 1))
			return index;
	}
	return ~0u;
}

static __always_inline void release(struct bpfvm_machine *m)
{
	__sync_lock_test_and_set(&m->busy, 0);
}

/* What a run may have written to its stack becomes zero again. Returns 0, the new dirty mark. */
static __noinline u32 clear_stack(struct bpfvm_machine *m, u8 *memory)
{
	u32 size = (m->st.deepest + 1) * VM_FRAME_SIZE;

	for (u32 i = 0; i < VM_STACK_SIZE; i += 64) {
		if (i >= size)
			break;
		__builtin_memset(MEMORY(memory, m->memory + i), 0, 64);
	}
	return 0;
}

#define COPY_ROWS(to, from, first, end)                                                            \
	__builtin_memcpy(&(to)[first], &(from)[first], ((end) - (first)) * sizeof(*(to)))

/*
 * Makes a claimed machine ready to run the guest of hook `row` from its entry. The rows are kept
 * from run to run; those of context and packet belong to the hook. Returns VM_STOP_NONE, or
 * VM_TRAP_EMPTY.
 */
static __always_inline u32 start(struct bpfvm_machine *m, u8 *memory, struct bpfvm_hook *hook, u32 row)
{
	u32 n = *(volatile u32 *)&hook->slot;
	struct bpfvm_slot *slot = ELEMENT(bpfvm_slots, n);

	m->hook = row;
	m->context = hook->context;
	m->next = *(volatile u32 *)&hook->next;
	m->verdict = hook->on_trap;
	m->st.left = hook->budget;
	if (!slot || !slot->len)
		return VM_TRAP_EMPTY;
	if (m->slot != n || m->version != slot->version) {
		COPY_ROWS(m->row, slot->row, VM_REGION_RODATA, VM_REGIONS);
		m->slot = n;
		m->len = slot->len;
		m->version = slot->version;
	}
	if (m->row[VM_REGION_STACK].dirty)
		m->row[VM_REGION_STACK].dirty = clear_stack(m, memory);
	__builtin_memset(m->st.reg, 0, sizeof(m->st.reg));
	m->st.depth = m->st.deepest = 0;
	m->tails = 0;
	vm_frame_open(&m->st, m->row);
	if (hook->context) {
		m->st.reg[1] = VM_ADDRESS(VM_REGION_CTX, 0);
	} else {
		COPY_ROWS(m->row, slot->row, VM_REGION_CTX, VM_REGION_RODATA);
		m->st.reg[1] = slot->arg[0];
		m->st.reg[2] = slot->arg[1];
	}
	m->st.pc = slot->entry;
	return VM_STOP_NONE;
}

/* Finds the guests of a hook; its first row plus 1, or 0. */
static __always_inline u32 first_of(u32 ifindex, u32 kind)
{
	for (u32 i = 0; i < BPFVM_PROBES; i++) {
		struct bpfvm_point *point = ELEMENT(bpfvm_points, (BPFVM_POINT(ifindex, kind) + i) %
								  BPFVM_POINTS);

		if (point && point->ifindex == ifindex && point->kind == kind)
			return *(volatile u32 *)&point->first;
	}
	return 0;
}

/* Gives back what a guest held when it ended: a lock, samples that it had reserved. */
static __always_inline void let_go(struct bpfvm_machine *m)
{
	u8 *memory = memory_map();

	m->held = 0;
	if (m->locked && memory) {
		*(volatile u32 *)MEMORY(memory, m->locked & ~3u) = 0;
		m->locked = 0;
	}
	for (u32 i = 0; i < BPFVM_SAMPLES; i++) {
		if (m->sample[i])
			end_sample(m, i, 1);
	}
}

static __always_inline void count_run(u32 index, struct bpfvm_machine *m, struct bpfvm_hook *hook)
{
	struct bpfvm_count *count = ELEMENT(bpfvm_counts, BPFVM_COUNT(index, m->hook));
	u64 verdict = m->verdict + 1, stop = m->st.stop;

	if (!count)
		return;
	if (verdict >= BPFVM_VERDICTS)
		verdict = BPFVM_VERDICTS - 1;
	if (stop >= BPFVM_STOPS)
		stop = 0;
	VM_BOUND(verdict, BPFVM_VERDICTS - 1);
	VM_BOUND(stop, 31);
	count->runs++;
	count->insns += hook->budget - m->st.left;
	count->verdict[verdict]++;
	if (stop < BPFVM_STOPS)
		count->stop[stop]++;
}

/*
 * A packet has come to a hook: its first guest, ready to run on a machine, and what turns need of
 * it in `r`. Returns NULL where there is none, the verdict then being in `r`.
 */
static __always_inline struct bpfvm_machine *arrive(struct run *r, u32 ifindex, u32 kind, u32 pass)
{
	u32 row = first_of(ifindex, kind) - 1, cpu = bpf_get_smp_processor_id();
	struct bpfvm_hook *hook = ELEMENT(bpfvm_hooks, row);
	struct bpfvm_machine *m;

	r->verdict = pass;
	r->memory = memory_map();
	r->slots = all_slots();
	if (!hook || !r->memory || !r->slots)
		return NULL;
	r->verdict = hook->on_trap;
	r->index = claim(cpu);
	m = ELEMENT(bpfvm_machines, r->index);
	if (!m) {
		struct bpfvm_count *count = ELEMENT(bpfvm_counts, BPFVM_COUNT(cpu, BPFVM_HOOKS));

		if (count)
			__sync_fetch_and_add(&count->stop[VM_TRAP_BUSY], 1);
		return NULL;
	}
	m->cpu = cpu;
	m->chained = 0;
	if (!start(m, r->memory, hook, row))
		return m;
	release(m);
	return NULL;
}

/* The guest of `hook` stopped: its verdict is found, the run counted. */
static __always_inline void conclude(u32 index, struct bpfvm_machine *m, struct bpfvm_hook *hook)
{
	m->verdict = m->st.stop == VM_STOP_EXIT ? (u32)m->st.reg[0] : hook->on_trap;
	count_run(index, m, hook);
	if (UNLIKELY(m->held))
		let_go(m);
}

/*
 * A guest with others behind it stopped, m->st.stop says why: makes the next one ready if the
 * verdict lets the packet pass. Returns VM_STOP_NONE to go on, else m->st.stop.
 */
__noinline u32 bpfvm_next(u32 index, u32 pass, u32 pass_too)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, index);
	struct bpfvm_hook *hook = m ? ELEMENT(bpfvm_hooks, m->hook) : NULL;
	struct bpfvm_hook *next = m ? ELEMENT(bpfvm_hooks, m->next - 1) : NULL;
	u8 *memory = memory_map();
	u32 verdict;

	if (!hook || !memory)
		return VM_TRAP_EMPTY;
	verdict = m->st.stop == VM_STOP_EXIT ? (u32)m->st.reg[0] : hook->on_trap;
	if (!next || (verdict != pass && verdict != pass_too) || m->chained >= BPFVM_HOOKS)
		return m->st.stop;
	conclude(index, m, hook);
	m->chained++;
	return m->st.stop = start(m, memory, next, m->next - 1);
}

/* The last guest of a run stopped: the verdict of the hook, and the machine is free. */
static __always_inline u32 depart(struct run *r, struct bpfvm_machine *m)
{
	struct bpfvm_hook *hook = ELEMENT(bpfvm_hooks, m->hook);
	u32 verdict;

	m->st.left = r->left; /* the kernel may have ended the turns */
	if (hook)
		conclude(r->index, m, hook);
	verdict = m->verdict;
	release(m);
	return verdict;
}

/* The state that turns need goes to `r`. */
static __always_inline void enter_turns(struct run *r, struct bpfvm_machine *m)
{
	r->m = m;
	r->pc = m->st.pc;
	r->left = m->st.left;
	m->st.stop = VM_STOP_NONE;
}

#endif
