/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry points: from a hook of the kernel into a machine, and back with a verdict. Included
 * once per flavour.
 */
#include "spin.h"

/*
 * A hook: `interface` is the field of the context with its number, `pass` the verdict where no
 * guest is, FILL copies the context for the guest, STORE brings back what the guest changed there.
 */
#define HOOK(section, name, type, interface, which, kind, pass, FILL, STORE)                       \
	SEC(section)                                                                               \
	int NAME(name)(struct type *ctx)                                                           \
	{                                                                                          \
		struct run r = {.ctx = ctx};                                                       \
		struct bpfvm_machine *m = arrive(&r, ctx->interface, which, (u32)(pass));          \
                                                                                                   \
		if (!m)                                                                            \
			return r.verdict;                                                          \
		if (m->context)                                                                    \
			FILL(ctx, m, r.memory);                                                    \
		enter_turns(&r, m);                                                                \
		LOCATE(&r, ctx);                                                                   \
		SPIN(&r, kind);                                                                    \
		if (m->context)                                                                    \
			STORE(ctx, m, r.memory);                                                   \
		return depart(&r, m);                                                              \
	}
#define NOTHING(ctx, m, memory)

HOOK("xdp", bpfvm_xdp, xdp_md, ingress_ifindex, BPFVM_HOOK_XDP, KIND_XDP, XDP_PASS, fill_xdp,
     NOTHING)
HOOK("tc", bpfvm_tc, __sk_buff, ifindex, BPFVM_HOOK_TC, KIND_TC, TC_ACT_UNSPEC, fill_tc, store_tc)
HOOK("tc", bpfvm_egress, __sk_buff, ifindex, BPFVM_HOOK_EGRESS, KIND_TC, TC_ACT_UNSPEC, fill_tc,
     store_tc)

/* Runs, or goes on with, a machine that user space claimed and prepared; returns enum vm_stop. */
SEC("syscall")
int NAME(bpfvm_call)(struct bpfvm_call *call)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, call->machine);
	struct run r = {.index = call->machine};

	r.memory = memory_map();
	r.slots = all_slots();
	if (!m || !r.memory || !r.slots || !m->len)
		return VM_TRAP_EMPTY;
	enter_turns(&r, m);
	m->cpu = bpf_get_smp_processor_id();
	SPIN(&r, KIND_CALL);
	m->st.pc = r.pc;
	m->st.left = r.left;
	if (m->held && m->st.stop != VM_TRAP_STEPS)
		let_go(m);
	return m->st.stop;
}

#undef HOOK
#undef NOTHING
