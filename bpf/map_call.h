/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry point for user space's own operations on the maps of guests. As a program of XDP, since
 * those run to their end on one CPU: a lock is held for as short as by a guest.
 */
#include "guest_maps.h"

/* The packet is a struct bpfvm_map_call; returns what the function of map.h returns. */
SEC("xdp")
int bpfvm_map(struct xdp_md *ctx)
{
	struct bpfvm_map_call *call = (void *)(long)ctx->data;

	if ((void *)(call + 1) > (void *)(long)ctx->data_end)
		return -EINVAL;
	switch (call->verb) {
	case BPFVM_MAP_LOOKUP:
		return bpfvm_map_lookup(call->map, call->key, call->cpu);
	case BPFVM_MAP_UPDATE:
		return bpfvm_map_update(call->map, call->key, call->value, call->flags, call->cpu);
	case BPFVM_MAP_DELETE:
		return bpfvm_map_delete(call->map, call->key);
	case BPFVM_MAP_NEXT:
		return bpfvm_map_next(call->map, call->key, call->first, call->value);
	}
	return -EINVAL;
}
