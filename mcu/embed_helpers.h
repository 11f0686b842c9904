/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Helpers of the machine of include/embed.h, and its stores; included by embed.c alone. */
#ifndef EMBED_HELPERS_H
#define EMBED_HELPERS_H

/* --- key-value stores ------------------------------------------------------------------------ */

#define KV_E2BIG (-7)
#define KV_ENOENT (-2)

/* `key` is in memory, as arguments of helpers are: registers would be C stack. */
INLINE struct bpfvm_kv_row *kv_find(const struct bpfvm_kv *kv, const u64 *key)
{
	struct bpfvm_kv_row *row, *end;

	if (!kv)
		return (void *)0;
	for (row = kv->row, end = row + kv->used; row < end; row++)
		if (row->key == *key)
			return row;
	return (void *)0;
}

static u64 kv_store(struct bpfvm_kv *kv, const u64 *pair)
{
	struct bpfvm_kv_row *row = kv_find(kv, pair);

	if (!row) {
		if (!kv || kv->used >= kv->size)
			return (u64)(s64)KV_E2BIG;
		row = &kv->row[kv->used++];
		row->key = pair[0];
	}
	row->value = pair[1];
	return 0;
}

static u64 kv_fetch(const struct bpfvm_kv *kv, const u64 *key, void *to)
{
	const struct bpfvm_kv_row *row = kv_find(kv, key);

	if (!row) {
		__builtin_memset(to, 0, sizeof(row->value));
		return (u64)(s64)KV_ENOENT;
	}
	__builtin_memcpy(to, &row->value, sizeof(row->value));
	return 0;
}

_Bool bpfvm_kv_set(struct bpfvm_kv *kv, u64 key, u64 value)
{
	const u64 pair[] = {key, value};

	return !kv_store(kv, pair);
}

_Bool bpfvm_kv_get(const struct bpfvm_kv *kv, u64 key, u64 *value)
{
	return !kv_fetch(kv, &key, value);
}

#if VM_KV
#define KV_BODY(name, effect)                                                                      \
	static u64 name(struct bpfvm *vm, const u64 *arg, void *const *at)                         \
	{                                                                                          \
		(void)at;                                                                          \
		return effect;                                                                     \
	}
KV_BODY(store_local, kv_store(vm->config->kv, arg))
KV_BODY(fetch_local, kv_fetch(vm->config->kv, arg, at[1]))
KV_BODY(store_global, kv_store(vm->config->kv_global, arg))
KV_BODY(fetch_global, kv_fetch(vm->config->kv_global, arg, at[1]))

static const struct bpfvm_helper kv_helpers[] = {
	BPFVM_KNOWN(kv_store, store_local),
	BPFVM_KNOWN(kv_fetch, fetch_local),
	BPFVM_KNOWN(kv_store_global, store_global),
	BPFVM_KNOWN(kv_fetch_global, fetch_global),
};
#define KV_HELPERS (sizeof(kv_helpers) / sizeof(kv_helpers[0]))
#define KV_HELPERS_END (kv_helpers + KV_HELPERS)
#else
#define KV_HELPERS 0
#define KV_HELPERS_END (const struct bpfvm_helper *)0
#endif

/* --- helpers --------------------------------------------------------------------------------- */

static const struct bpfvm_helper *helper_of(const struct bpfvm *vm, u32 number)
{
	const struct bpfvm_helper *h = vm->config->helpers;
	u32 n = vm->config->helper_count;

	for (;; n--, h++) {
		if (!n) {
			if (!VM_KV || h == KV_HELPERS_END)
				return (void *)0;
			h = KV_HELPERS_END - KV_HELPERS;
			n = KV_HELPERS;
		}
		if (h->number == number)
			return h;
	}
}

/* Whether an argument is not of its kind (enum bpfvm_arg); if it is, *at is what is behind it. */
INLINE _Bool is_wrong(struct bpfvm *vm, u32 kind, const u64 *arg, void **at)
{
	u32 access = kind & 3, size = BPFVM_FIXED_SIZE(access);
	u8 *p = (void *)0;

	if (!access) {
		if (kind & 15 && ((kind & 15) != BPFVM_ARG_CTX || *arg != vm->ctx.start))
			return 1;
	} else {
		if (!(kind & BPFVM_ARG_FIXED))
			size = arg[1] >> 32 ? ~0u : (u32)arg[1];
		if (size - 1 < VM_HELPER_SPAN) {
			p = find(*arg, vm, size << 3 | access);
			if (NOWHERE(p))
				return 1;
		} else if (size || !(kind & BPFVM_ARG_OPEN)) {
			return 1;
		}
	}
	*at = p;
	return 0;
}

/*
 * Serves helper `number`; returns a trap or VM_STOP_NONE. A bit above the arguments ends the loop,
 * and the compiler is not to keep where the loop began: each register kept is stack.
 */
static __attribute__((noinline)) u32 call_helper(struct bpfvm *vm, u32 number)
{
	const struct bpfvm_helper *h = helper_of(vm, number);
	const u64 *arg = &vm->st.reg[1];
	void *at[5], **to = at;
	u32 args;

	if (!h)
		return VM_TRAP_HELPER;
	for (args = h->args | (u32)1 << 20; args > 1; args >>= 4) {
		if (is_wrong(vm, args, arg, to))
			return VM_TRAP_ARGUMENT;
		arg++, to++;
		VM_HIDE(arg);
		VM_HIDE(to);
	}
	vm->st.stop = VM_STOP_NONE;
	vm->st.reg[0] = h->body(vm, arg - 5, to - 5);
	return vm->st.stop;
}

#endif
