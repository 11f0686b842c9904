/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Guests for a device: each tick they count in a store of their own, and in the one of all guests.
 * `blink` also drives the output, which not every tenant may.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../mcu/firmware/contexts.h"

#define KEY_TICKS 1
#define KEY_ALL 7

static long (*const kv_store)(__u64 key, __u64 value) = (void *)BPFVM_NUMBER_kv_store;
static long (*const kv_fetch)(__u64 key, __u64 *value) = (void *)BPFVM_NUMBER_kv_fetch;
static long (*const global_store)(__u64 key, __u64 value) = (void *)BPFVM_NUMBER_kv_store_global;
static long (*const global_fetch)(__u64 key, __u64 *value) = (void *)BPFVM_NUMBER_kv_fetch_global;
static long (*const say)(const char *text, __u64 size) = (void *)HELPER_SAY;
static long (*const set_output)(__u64 value) = (void *)HELPER_OUTPUT;

static __always_inline __u64 count_one(void)
{
	__u64 ticks = 0, all = 0;

	kv_fetch(KEY_TICKS, &ticks);
	kv_store(KEY_TICKS, ticks + 1);
	global_fetch(KEY_ALL, &all);
	global_store(KEY_ALL, all + 1);
	return ticks + 1;
}

SEC("tick")
__u64 count(struct tick *t)
{
	static const char first[] = "my first tick";
	__u64 ticks = count_one();

	if (ticks == 1 && t->number)
		say(first, sizeof(first));
	return ticks;
}

SEC("tick")
__u64 blink(struct tick *t)
{
	set_output(t->number & 1);
	return count_one();
}
