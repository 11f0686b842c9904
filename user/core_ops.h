/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a core is to the library: a table of functions. Private to it. */
#ifndef BPFVM_CORE_OPS_H
#define BPFVM_CORE_OPS_H

#include "bpfvm.h"

/*
 * The operations of bpfvm.h on one core; `run` with times above 1 repeats, with `resume` goes on.
 */
struct bpfvm_core_ops {
	int (*load)(struct bpfvm_core *, const struct bpfvm_image *, struct bpfvm_error *);
	int (*packet)(struct bpfvm_core *, const u8 *, u32, struct bpfvm_error *);
	int (*run)(struct bpfvm_core *, u64 budget, u32 times, bool resume, struct bpfvm_result *,
		   struct bpfvm_error *);
	const u8 *(*region)(struct bpfvm_core *, u32 number, u32 *size);
	/* NULL: what region() says of VM_REGION_PACKET and VM_REGION_CTX */
	const u8 *(*output)(struct bpfvm_core *, u32 *size);
	const void *(*context)(struct bpfvm_core *, u32 *size);
	/* the index of the map is one that the loaded image has, or a key-value store */
	u32 (*cpus)(struct bpfvm_core *);
	int (*map_lookup)(struct bpfvm_core *, u32 map, const void *key, void *value);
	int (*map_update)(struct bpfvm_core *, u32 map, const void *key, const void *value,
			  u64 flags);
	int (*map_delete)(struct bpfvm_core *, u32 map, const void *key);
	int (*map_next)(struct bpfvm_core *, u32 map, const void *key, void *next);
	int (*map_read)(struct bpfvm_core *, u32 map, void *data, u32 size);
	int (*map_used)(struct bpfvm_core *, u32 map, u32 *used);
	int (*usage)(struct bpfvm_core *, struct bpfvm_usage *, u32 max);
	void (*close)(struct bpfvm_core *);
};

struct bpfvm_core {
	const struct bpfvm_core_ops *ops;
	bool loaded;
	u32 maps; /* of the loaded image */
};

/* The CPU that flags of an update name, or VM_MAP_ALL; and the rest of them. */
u32 bpfvm_flags__cpu(u64 *flags);

/* Copies what a stopped state tells. `budget` is what the run, or all its slices, were given. */
void bpfvm_result__from_state(struct bpfvm_result *result, const struct vm_state *st, u64 budget);

/* bpfvm_core__map_used of the map at an offset of a memory. */
u32 bpfvm_memory__used(u8 *memory, u32 map);

/* Nanoseconds of the monotonic clock. */
u64 bpfvm_clock(void);

/* The makers behind bpfvm_core__open. */
int bpfvm_core__open_host(const char *name, struct bpfvm_core **core, struct bpfvm_error *err);
int bpfvm_core__open_kernel(const char *name, struct bpfvm_core **core, struct bpfvm_error *err);

#endif
