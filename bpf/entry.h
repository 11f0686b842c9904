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
#define HOOK(section, name, type, interface, which, kind, pass, FILL, STORE)                    \
	SEC(section)                                                                               \
	int NAME(name)(struct type *ctx)                                                        \
	{                                                                                          \
		u64 arrived = bpfvm_arrive(ctx->interface, which, (u32)(pass));                    \
		struct run r = {.ctx = ctx, .index = (u32)arrived};                                \
		struct bpfvm_machine *m = ELEMENT(bpfvm_machines, (u32)arrived);                   \
		u32 verdict = arrived >> 32;                                                       \
                                                                                                   \
		if (!m)                                                                            \
			return verdict;                                                            \
		if (m->context)                                                                \
			FILL(ctx, r.index);                                                        \
		if (find(&r, m)) {                                                                 \
			LOCATE(&r, ctx);                                                           \
			SPIN(&r, kind);                                                            \
		}                                                                                  \
		if (m->context)                                                                \
			STORE(ctx, r.index);                                                       \
		verdict = m->verdict;                                                              \
		release(m);                                                                        \
		return verdict;                                                                    \
	}
#define NOTHING(ctx, index)

HOOK("xdp", bpfvm_xdp, xdp_md, ingress_ifindex, BPFVM_HOOK_XDP, KIND_XDP, XDP_PASS, bpfvm_fill_xdp,
     NOTHING)
HOOK("tc", bpfvm_tc, __sk_buff, ifindex, BPFVM_HOOK_TC, KIND_TC, TC_ACT_UNSPEC, bpfvm_fill_tc,
     bpfvm_store_tc)
HOOK("tc", bpfvm_egress, __sk_buff, ifindex, BPFVM_HOOK_EGRESS, KIND_TC, TC_ACT_UNSPEC,
     bpfvm_fill_tc, bpfvm_store_tc)

/* Runs, or goes on with, a machine that user space claimed and prepared; returns enum vm_stop. */
SEC("syscall")
int NAME(bpfvm_call)(struct bpfvm_call *call)
{
	struct bpfvm_machine *m = ELEMENT(bpfvm_machines, call->machine);
	struct run r = {.index = call->machine};

	if (!m || !find(&r, m))
		return VM_TRAP_EMPTY;
	m->cpu = bpf_get_smp_processor_id();
	SPIN(&r, KIND_CALL);
	m->st.pc = r.pc;
	m->st.left = r.left;
	return m->st.stop;
}

#undef HOOK
#undef NOTHING
