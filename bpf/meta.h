/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes before a packet (data_meta), at the end of VM_REGION_META. Few guests use them, so the
 * ACL forbids the region, and an access that it stopped is looked at again here.
 */
#ifndef BPFVM_META_H
#define BPFVM_META_H

#include "context.h"

#define META_MASK 0xff /* Linux leaves less room than that */

#define META_SIZE(type, signed_type)                                                               \
	case sizeof(type): {                                                                       \
		type *p = (type *)place;                                                           \
		if ((u8 *)(p + 1) > data)                                                          \
			return VM_TRAP_BOUNDS;                                                     \
		if (class == 1)                                                                    \
			m->st.reg[insn >> 8 & 15] =                                                \
				mode == 0x80 ? (u64)(s64)(signed_type)*p : *p;                     \
		else                                                                               \
			*p = (type)value;                                                          \
		return VM_STOP_NONE;                                                               \
	}

/* Does the load or store `insn` if that is where it reaches; else VM_TRAP_BOUNDS. */
static __always_inline u32 meta_access(struct bpfvm_machine *m, u8 *meta, u8 *data, u64 insn)
{
	u32 class = insn & 7, mode = insn & 0xe0, size = insn & 0x18;
	u32 base = class == 1 ? insn >> 12 & 15 : insn >> 8 & 15;
	u64 addr = m->st.reg[base] + (u64)((s64)(insn << 32) >> 48);
	u64 value = class == 2 ? (u64)((s64)insn >> 32) : m->st.reg[insn >> 12 & 15];
	u64 before = VM_ADDRESS(VM_REGION_PACKET, 0) - addr, o;
	u8 *place;

	if (addr >> VM_OFFSET_BITS != VM_REGION_META || class > 3 ||
	    (mode != 0x60 && (mode != 0x80 || class != 1)) ||
	    before > VM_META_SIZE(m->row))
		return VM_TRAP_BOUNDS;
	o = VM_META_SIZE(m->row) - before;
	VM_BOUND(o, META_MASK);
	place = meta + o;
	switch (size == 0x18 ? 8 : 4 >> (size >> 3)) {
	META_SIZE(u8, s8)
	META_SIZE(u16, s16)
	META_SIZE(u32, s32)
	META_SIZE(u64, s64)
	}
	return VM_TRAP_BOUNDS;
}

#endif
