/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the BTF of an object says about a map in its section .maps. */
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "object.h"

#define DEPTH	    32	   /* of types within types: more is a circle */
#define MEMBERS_MAX 100000 /* looked at in one value */
#define HINT_DECLARE                                                                               \
	"declare it as libbpf has it: struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, "      \
	"...); "                                                                                   \
	"... } name SEC(\".maps\")"

struct declaration {
	const struct object *object;
	struct bpfvm_map *map;
	struct bpfvm_error *err;
	u32 values;  /* offset of the initial values in the variable, 0: it has none */
	u32 members; /* of its values, looked at so far */
};

static int refuse(const struct declaration *d, int code, const char *hint, const char *what,
		  const char *name)
{
	return bpfvm_error__set(d->err, code, hint, "%s: map %s: %s%s", d->object->path,
				d->map->name, what, name);
}

/* A name of the BTF that is safe to print. */
static const char *name_at(const struct btf *btf, u32 offset)
{
	const char *name = btf__name_by_offset(btf, offset);
	size_t n = 0;

	while (name && n < 128 && (u8)name[n] >= ' ' && name[n] != 0x7f)
		n++;
	return name && n && n < 128 && !name[n] ? name : "(no name)";
}

/* The type behind typedefs and qualifiers, `*id` then being its number; NULL for a circle. */
static const struct btf_type *plain_type(const struct btf *btf, u32 *id)
{
	const struct btf_type *type = btf__type_by_id(btf, *id);

	for (u32 i = 0; type && (btf_is_mod(type) || btf_is_typedef(type)); i++) {
		if (i == DEPTH)
			return NULL;
		*id = type->type;
		type = btf__type_by_id(btf, *id);
	}
	return type;
}

/* The structure that a variable of section .maps is, or NULL. */
static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	s32 section = btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC);
	const struct btf_type *maps = section > 0 ? btf__type_by_id(btf, (u32)section) : NULL;

	for (u32 i = 0; maps && i < btf_vlen(maps); i++) {
		const struct btf_type *var = btf__type_by_id(btf, btf_var_secinfos(maps)[i].type);
		u32 id;

		if (!var || !btf_is_var(var) || strcmp(name_at(btf, var->name_off), name))
			continue;
		id = var->type;
		var = plain_type(btf, &id);
		return var && btf_is_struct(var) ? var : NULL;
	}
	return NULL;
}

/* --- the fields of a declaration ------------------------------------------------------------- */

/* __uint(): a pointer to an array of that length. __ulong(): an enumeration of one value. */
static int read_number(const struct declaration *d, const struct btf_member *m, u64 *value)
{
	const struct btf *btf = d->object->btf;
	u32 id = m->type;
	const struct btf_type *type = plain_type(btf, &id);

	if (type && btf_is_ptr(type)) {
		id = type->type;
		type = plain_type(btf, &id);
		if (type && btf_is_array(type)) {
			*value = btf_array(type)->nelems;
			return 0;
		}
	}
	if (type && btf_is_enum(type) && btf_vlen(type) == 1) {
		*value = (u32)btf_enum(type)->val;
		return 0;
	}
	if (type && btf_is_enum64(type) && btf_vlen(type) == 1) {
		*value = btf_enum64_value(btf_enum64(type));
		return 0;
	}
	return refuse(d, -EINVAL, HINT_DECLARE, "no number in its field ",
		      name_at(btf, m->name_off));
}

static int read_u32(const struct declaration *d, const struct btf_member *m, u32 *value)
{
	u64 number = 0;
	int ret = read_number(d, m, &number);

	if (!ret && number > UINT32_MAX)
		return refuse(d, -EINVAL, HINT_DECLARE, "more than 32 bits in its field ",
			      name_at(d->object->btf, m->name_off));
	*value = (u32)number;
	return ret;
}

static int read_size(const struct declaration *d, const struct btf_member *m, u32 *size)
{
	u32 number = 0;
	int ret = read_u32(d, m, &number);

	if (!ret && *size && *size != number)
		return refuse(d, -EINVAL, HINT_DECLARE, "two sizes that differ, with ",
			      name_at(d->object->btf, m->name_off));
	*size = number;
	return ret;
}

/* __type(): a pointer to the type. */
static int read_type(const struct declaration *d, const struct btf_member *m, u32 *type, u32 *size)
{
	const struct btf *btf = d->object->btf;
	u32 id = m->type;
	const struct btf_type *pointer = plain_type(btf, &id);
	s64 bytes = pointer && btf_is_ptr(pointer) ? btf__resolve_size(btf, pointer->type) : -1;

	if (bytes < 0 || bytes > UINT32_MAX)
		return refuse(d, -EINVAL, HINT_DECLARE, "no type of known size in its field ",
			      name_at(btf, m->name_off));
	if (*size && *size != bytes)
		return refuse(d, -EINVAL, HINT_DECLARE, "two sizes that differ, with ",
			      name_at(btf, m->name_off));
	*type = pointer->type;
	*size = (u32)bytes;
	return 0;
}

static int read_field(struct declaration *d, const struct btf_member *m, u32 offset)
{
	static const char *const ignored[] = {"numa_node", "pinning", "map_extra"};
	const char *name = name_at(d->object->btf, m->name_off);
	struct bpfvm_map *map = d->map;

	if (!strcmp(name, "type"))
		return read_u32(d, m, &map->type);
	if (!strcmp(name, "max_entries"))
		return read_u32(d, m, &map->max_entries);
	if (!strcmp(name, "map_flags"))
		return read_u32(d, m, &map->flags);
	if (!strcmp(name, "key_size"))
		return read_size(d, m, &map->key_size);
	if (!strcmp(name, "value_size"))
		return read_size(d, m, &map->value_size);
	if (!strcmp(name, "key"))
		return read_type(d, m, &map->key_type, &map->key_size);
	if (!strcmp(name, "value"))
		return read_type(d, m, &map->value_type, &map->value_size);
	if (!strcmp(name, "values")) {
		d->values = offset;
		return 0;
	}
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		if (!strcmp(name, ignored[i]))
			return 0;
	return refuse(d, -EOPNOTSUPP, HINT_DECLARE, "unknown field ", name);
}

/* --- what values may not hold ---------------------------------------------------------------- */

/* Objects that the kernel would look after. A struct bpf_spin_lock is fine. */
static const char *const kernels_own[] = {
	"bpf_timer",   "bpf_wq",     "bpf_list_head", "bpf_list_node",	   "bpf_rb_root",
	"bpf_rb_node", "bpf_dynptr", "bpf_refcount",  "bpf_res_spin_lock",
};

static int check_pointer(const struct declaration *d, const struct btf_type *pointer)
{
	const struct btf_type *tag = btf__type_by_id(d->object->btf, pointer->type);
	const char *name =
		tag && btf_is_type_tag(tag) ? name_at(d->object->btf, tag->name_off) : "";

	return strstr(name, "kptr") ? refuse(d, -EOPNOTSUPP, "guests cannot reach into the kernel",
					     "its values hold a pointer of the kernel: ", name)
				    : 0;
}

static int check_value(struct declaration *d, u32 id, u32 depth)
{
	const struct btf_type *type = plain_type(d->object->btf, &id);
	int ret = 0;

	if (!type || depth > DEPTH || d->members > MEMBERS_MAX)
		return refuse(d, -EINVAL, "compile it again", "the type of its values is damaged",
			      "");
	if (btf_is_ptr(type))
		return check_pointer(d, type);
	if (btf_is_array(type))
		return check_value(d, btf_array(type)->type, depth + 1);
	if (!btf_is_composite(type))
		return 0;
	for (size_t i = 0; i < sizeof(kernels_own) / sizeof(*kernels_own); i++)
		if (!strcmp(name_at(d->object->btf, type->name_off), kernels_own[i]))
			return refuse(d, -EOPNOTSUPP, "guests have no such objects of the kernel",
				      "its values hold a struct ", kernels_own[i]);
	for (u32 i = 0; !ret && i < btf_vlen(type); i++, d->members++)
		ret = check_value(d, btf_members(type)[i].type, depth + 1);
	return ret;
}

int object__read_map(const struct object *object, const char *name, struct bpfvm_map *map,
		     u32 *values, struct bpfvm_error *err)
{
	struct declaration d = {.object = object, .map = map, .err = err};
	const struct btf_type *type = object->btf ? find_struct(object->btf, name) : NULL;
	int ret = 0;

	if (!object->btf)
		return refuse(&d, -EINVAL,
			      "compile it with -g, and strip no more than: "
			      "llvm-strip -g",
			      "there is no BTF that describes it", "");
	if (!type)
		return refuse(&d, -EINVAL, HINT_DECLARE, "its BTF describes no such map", "");
	for (u32 i = 0; !ret && i < btf_vlen(type); i++)
		ret = read_field(&d, &btf_members(type)[i], btf_member_bit_offset(type, i) / 8);
	if (!ret && map->value_type)
		ret = check_value(&d, map->value_type, 0);
	*values = d.values;
	return ret;
}
