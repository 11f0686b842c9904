/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads BTF that a stranger may have written: libbpf before 1.3 looks at sizes only, so what types
 * refer to is checked here before anybody follows it.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "object.h"

/* What the `n`th item of a type refers to: 0 is void, ~0 is behind the last item. */
static u32 item_type(const struct btf_type *type, u32 n)
{
	u32 items = btf_vlen(type);

	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		return n ? ~0u : type->type;
	case BTF_KIND_ARRAY:
		return n > 1 ? ~0u : n ? btf_array(type)->index_type : btf_array(type)->type;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n < items ? btf_members(type)[n].type : ~0u;
	case BTF_KIND_FUNC_PROTO:
		return n < items ? btf_params(type)[n].type : n == items ? type->type : ~0u;
	case BTF_KIND_DATASEC:
		return n < items ? btf_var_secinfos(type)[n].type : ~0u;
	}
	return ~0u;
}

/* The name of the `n`th item, likewise. */
static u32 item_name(const struct btf_type *type, u32 n)
{
	if (n >= btf_vlen(type))
		return ~0u;
	switch (btf_kind(type)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_members(type)[n].name_off;
	case BTF_KIND_ENUM:
		return btf_enum(type)[n].name_off;
	case BTF_KIND_ENUM64:
		return btf_enum64(type)[n].name_off;
	case BTF_KIND_FUNC_PROTO:
		return btf_params(type)[n].name_off;
	}
	return ~0u;
}

static _Bool is_sound(const struct btf *btf, const struct btf_type *type)
{
	u32 types = btf__type_cnt(btf), at;

	if (!btf__name_by_offset(btf, type->name_off))
		return 0;
	for (u32 n = 0; (at = item_type(type, n)) != ~0u; n++)
		if (at >= types)
			return 0;
	for (u32 n = 0; (at = item_name(type, n)) != ~0u; n++)
		if (!btf__name_by_offset(btf, at))
			return 0;
	return 1;
}

struct btf *object__new_btf(const void *data, u32 size)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* one error is enough, and it is ours */
	struct btf *btf = btf__new(data, size);

	libbpf_set_print(print);
	for (u32 i = 1; btf && i < btf__type_cnt(btf); i++) {
		if (is_sound(btf, btf__type_by_id(btf, i)))
			continue;
		btf__free(btf);
		btf = NULL;
	}
	return btf;
}
