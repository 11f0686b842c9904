/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A guest for a device: drops samples that are far from those before. The context has a pointer in
 * it, 64 bits wide for every machine, so that this one object runs on a Cortex-M and on the host.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../mcu/firmware/contexts.h"

#define FAR 100
#define KEY_DROPPED 1

static long (*const kv_store)(__u64 key, __u64 value) = (void *)BPFVM_NUMBER_kv_store;
static long (*const kv_fetch)(__u64 key, __u64 *value) = (void *)BPFVM_NUMBER_kv_fetch;

SEC("sample")
__u64 outliers(struct sample *s)
{
	__s64 sum = 0, distance;
	__u64 dropped = 0;

	if (s->count < 4)
		return 0;
	for (__u32 i = 0; i < s->count; i++)
		sum += s->history[i];
	distance = s->value * (__s64)s->count - sum;
	if (distance <= FAR * (__s64)s->count && -distance <= FAR * (__s64)s->count)
		return 0;
	kv_fetch(KEY_DROPPED, &dropped);
	kv_store(KEY_DROPPED, dropped + 1);
	return 1;
}
