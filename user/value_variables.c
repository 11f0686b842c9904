/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The variables of a guest by their names, which BTF lists for each section. */
#include <errno.h>
#include <string.h>

#include "value_part.h"

/* The section's type, if the linker has said where its variables lie; else NULL. */
static const struct btf_type *section_type(const struct bpfvm_image *image,
					   const struct bpfvm_variables *section)
{
	s32 id = image->btf ? btf__find_by_name_kind(image->btf, section->name, BTF_KIND_DATASEC)
			    : 0;
	const struct btf_type *type = id > 0 ? btf__type_by_id(image->btf, (u32)id) : NULL;

	return type && type->size == section->size && btf_vlen(type) ? type : NULL;
}

/* What a name of a section's item says, or NULL if it cannot be a variable of the section. */
static const char *variable_name(const struct bpfvm_image *image,
				 const struct bpfvm_variables *section,
				 const struct btf_var_secinfo *info)
{
	const struct btf_type *of = btf__type_by_id(image->btf, info->type);
	const char *name = btf__name_by_offset(image->btf, of->name_off);

	if (info->size > section->size || info->offset > section->size - info->size)
		return NULL;
	return btf_is_var(of) && *name && value_printable(name, strlen(name)) ? name : NULL;
}

int bpfvm_variable__get(const struct bpfvm_image *image, const struct bpfvm_variables *section,
			u32 n, struct bpfvm_variable *variable)
{
	const struct btf_type *type = section_type(image, section);
	const struct btf_var_secinfo *info = type ? btf_var_secinfos(type) : NULL;
	const char *name;

	*variable = (struct bpfvm_variable){.name = section->name, .size = section->size};
	if (!type)
		return n ? -ENOENT : 0;
	for (u32 i = 0; i < btf_vlen(type); i++, info++) {
		name = variable_name(image, section, info);
		if (!name || n--)
			continue;
		*variable = (struct bpfvm_variable){
		    name, btf__type_by_id(image->btf, info->type)->type, info->offset, info->size};
		return 0;
	}
	return -ENOENT;
}
