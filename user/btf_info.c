/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What .BTF and .BTF.ext of an object tell: source lines, CO-RE, symbols of the kernel. */
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

/* Layout of .BTF.ext (kernel documentation: bpf/btf.rst); libbpf has it for itself. */
#define EXT_MAGIC 0xeb9f

struct ext_part {
	u32 offset; /* behind the header */
	u32 size;
};

struct ext_header {
	u16 magic;
	u8 version, flags;
	u32 size; /* of this header */
	struct ext_part part[3];
};

enum ext_part_number { EXT_FUNCTIONS, EXT_LINES, EXT_CORE };

/* A part is the size of a record, then groups of records, one group per section. */
struct ext_group {
	u32 section; /* its name: an offset into the strings of .BTF */
	u32 records;
};

/* Called for each record; `section` is its section's number or 0. Nonzero ends the walk. */
typedef int ext_visit(void *arg, u32 section, const void *record);

static u32 section_named(const struct object *object, const char *name)
{
	for (u32 i = 1; name && i < object->sections; i++)
		if (!strcmp(object->section[i].name, name))
			return i;
	return 0;
}

static int walk_groups(const struct object *object, const u8 *at, const u8 *end, u32 record,
		       ext_visit *visit, void *arg)
{
	struct ext_group group;
	int ret = 0;

	while (!ret && at < end) {
		u32 section;

		if ((size_t)(end - at) < sizeof(group))
			return -EINVAL;
		memcpy(&group, at, sizeof(group));
		at += sizeof(group);
		if (!group.records || group.records > (size_t)(end - at) / record)
			return -EINVAL;
		section = section_named(object, btf__name_by_offset(object->btf, group.section));
		for (; !ret && group.records; group.records--, at += record)
			ret = visit(arg, section, at);
	}
	return ret;
}

/* Goes through one part of .BTF.ext; `need`: bytes of a record at least. 0, -EINVAL, or visit's. */
static int walk_ext(const struct object *object, enum ext_part_number number, u32 need,
		    ext_visit *visit, void *arg)
{
	const struct object_section *s = &object->section[section_named(object, ".BTF.ext")];
	struct ext_header head = {0};
	struct ext_part part;
	u32 record;

	if (!object->btf || !s->data)
		return 0;
	memcpy(&head, s->data, s->size < sizeof(head) ? s->size : sizeof(head));
	if (head.magic != EXT_MAGIC || head.size > s->size)
		return -EINVAL;
	part = head.part[number];
	if (head.size < offsetof(struct ext_header, part[number + 1]) || !part.size)
		return 0;
	if (part.offset > s->size - head.size || part.size > s->size - head.size - part.offset ||
	    part.size < sizeof(record))
		return -EINVAL;
	memcpy(&record, s->data + head.size + part.offset, sizeof(record));
	if (record < need || record > part.size)
		return -EINVAL;
	return walk_groups(object, s->data + head.size + part.offset + sizeof(record),
			   s->data + head.size + part.offset + part.size, record, visit, arg);
}

static int damaged(const struct object *object, struct bpfvm_error *err, const char *section)
{
	return bpfvm_error__set(err, -EINVAL, "compile it again, or remove it with `llvm-strip -g`",
				"%s: damaged: section %s", object->path, section);
}

/* --- variables ------------------------------------------------------------------------------- */

/* Offset of the variable `name` of a section, or `otherwise`. */
static u32 variable_offset(const struct object *object, u32 section, const char *name,
			   u32 otherwise)
{
	for (size_t i = 0; i < object->symbols; i++)
		if (object->symbol[i].section == section && !strcmp(object->symbol[i].name, name))
			return (u32)object->symbol[i].value;
	return otherwise;
}

/*
 * clang leaves it to whoever links to say how large a section of variables is and where each of
 * them lies. Damaged files would have it take forever.
 */
static void place_variables(const struct object *object, struct btf_type *type)
{
	struct btf_var_secinfo *info = btf_var_secinfos(type);
	u32 section = section_named(object, btf__name_by_offset(object->btf, type->name_off));

	if (!section || type->size || object->symbols * btf_vlen(type) > 1 << 24)
		return;
	type->size = (u32)object->section[section].size;
	for (u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_type *variable = btf__type_by_id(object->btf, info[i].type);

		info[i].offset = variable_offset(
		    object, section, btf__name_by_offset(object->btf, variable->name_off),
		    type->size); /* outside: it is none */
	}
}

int object__read_btf(struct object *object, struct bpfvm_error *err)
{
	const struct object_section *s = &object->section[section_named(object, ".BTF")];

	if (!s->data)
		return 0;
	object->btf = object__new_btf(s->data, (u32)s->size);
	if (!object->btf)
		return damaged(object, err, s->name);
	for (u32 i = 1; i < btf__type_cnt(object->btf); i++) {
		const struct btf_type *type = btf__type_by_id(object->btf, i);

		if (btf_is_datasec(type)) /* of memory that is the object's own */
			place_variables(object, (struct btf_type *)type);
	}
	return 0;
}

/* --- source lines ---------------------------------------------------------------------------- */

/* The linked function of which this is a part, or NULL. */
static const struct object_function *linked_function(const struct object *object, u32 section,
						     u32 offset)
{
	const struct object_function *fn = object__function_at(object, section, offset);

	return fn && fn->linked && offset - fn->offset < fn->size ? fn : NULL;
}

struct line_walk {
	const struct object *object;
	struct bpfvm_image *image;
};

static int add_line(void *arg, u32 section, const void *record)
{
	struct line_walk *walk = arg;
	struct bpfvm_image *image = walk->image;
	const struct object_function *fn;
	struct bpf_line_info info;
	struct bpfvm_line *line;

	memcpy(&info, record, sizeof(info));
	fn = linked_function(walk->object, section, info.insn_off);
	if (!fn)
		return 0;
	if (!(image->lines & (image->lines - 1))) { /* full at every power of two */
		line = realloc(image->line, (2 * image->lines + 1) * sizeof(*line));
		if (!line)
			return -ENOMEM;
		image->line = line;
	}
	line = &image->line[image->lines];
	line->file = btf__name_by_offset(walk->object->btf, info.file_name_off);
	line->text = btf__name_by_offset(walk->object->btf, info.line_off);
	if (!line->file || !line->text)
		return -EINVAL;
	line->insn = fn->start + (u32)((info.insn_off - fn->offset) / sizeof(struct vm_insn));
	line->line = BPF_LINE_INFO_LINE_NUM(info.line_col);
	image->lines++;
	return 0;
}

static int line_compare(const void *a, const void *b)
{
	const struct bpfvm_line *l = a, *r = b;

	return l->insn < r->insn ? -1 : l->insn > r->insn;
}

int object__read_lines(const struct object *object, struct bpfvm_image *image,
		       struct bpfvm_error *err)
{
	struct line_walk walk = {object, image};
	int ret = walk_ext(object, EXT_LINES, sizeof(struct bpf_line_info), add_line, &walk);

	if (ret == -ENOMEM)
		return bpfvm_error__set(err, ret, NULL, "%s: no memory", object->path);
	if (ret)
		return damaged(object, err, ".BTF.ext");
	if (image->lines)
		qsort(image->line, image->lines, sizeof(*image->line), line_compare);
	return 0;
}

/* --- what the kernel would resolve ----------------------------------------------------------- */

struct core_walk {
	const struct object *object;
	const struct object_function *fn;
	struct bpf_core_relo found;
};

static int find_core(void *arg, u32 section, const void *record)
{
	struct core_walk *walk = arg;

	memcpy(&walk->found, record, sizeof(walk->found));
	walk->fn = linked_function(walk->object, section, walk->found.insn_off);
	return walk->fn != NULL;
}

int object__refuse_core(const struct object *object, struct bpfvm_error *err)
{
	struct core_walk walk = {.object = object};
	int ret = walk_ext(object, EXT_CORE, sizeof(walk.found), find_core, &walk);
	const struct btf_type *type;
	const char *name;

	if (ret < 0)
		return damaged(object, err, ".BTF.ext");
	if (!ret)
		return 0;
	type = btf__type_by_id(object->btf, walk.found.type_id);
	name = type ? btf__name_by_offset(object->btf, type->name_off) : NULL;
	return bpfvm_error__set(err, -EOPNOTSUPP,
				"guests see no types of the kernel: read fields at fixed offsets, "
				"without preserve_access_index and BPF_CORE_READ",
				"%s: %s: CO-RE relocation of type %s", object->path, walk.fn->name,
				name && *name ? name : "(no name)");
}

_Bool object__is_extern(const struct object *object, const char *section, const char *name)
{
	s32 id = object->btf ? btf__find_by_name_kind(object->btf, section, BTF_KIND_DATASEC) : -1;
	const struct btf_type *externs = id > 0 ? btf__type_by_id(object->btf, (u32)id) : NULL;

	for (u32 i = 0; externs && i < btf_vlen(externs); i++) {
		const struct btf_type *type =
			btf__type_by_id(object->btf, btf_var_secinfos(externs)[i].type);
		const char *found = type ? btf__name_by_offset(object->btf, type->name_off) : NULL;

		if (found && !strcmp(found, name))
			return 1;
	}
	return 0;
}
