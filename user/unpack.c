/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads an image from the bytes that include/image.h describes. They may come from anybody: what is
 * not as it should be is refused by name, before anything follows it.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "file.h"
#include "image.h"
#include "map_layout.h"
#include "object.h"

#define HINT_PACK "make it again: loader pack"

struct reader {
	const char *from; /* for messages */
	const u8 *bytes;
	u32 size;
	struct vm_image head;
	struct bpfvm_image *image;
	struct bpfvm_error *err;
	_Bool no_memory;
};

static int damaged(const struct reader *r, const char *what)
{
	if (r->no_memory)
		return bpfvm_error__set(r->err, -ENOMEM, NULL, "%s: no memory", r->from);
	return bpfvm_error__set(r->err, -EINVAL, HINT_PACK, "%s: damaged: %s", r->from, what);
}

/* A part's records of `record` bytes each; how many there are. */
static const void *part_of(const struct reader *r, enum vm_image_number number, u32 record, u32 *n)
{
	const struct vm_image_part *part = &r->head.part[number];

	*n = part->size / record;
	return r->bytes + part->offset;
}

/* Copies string `offset` into `*text`; false if there is none, or if it is not fit to print. */
static _Bool take_string(struct reader *r, u32 offset, char **text)
{
	u32 size;
	const char *strings = part_of(r, VM_IMAGE_STRINGS, 1, &size);

	if (offset >= size)
		return 0;
	for (const char *s = strings + offset; *s; s++)
		if ((u8)*s < ' ' || *s == 0x7f)
			return 0;
	*text = strdup(strings + offset);
	r->no_memory |= !*text;
	return *text != NULL;
}

/* --- the header ------------------------------------------------------------------------------ */

static int check_parts(const struct reader *r)
{
	static const struct {
		const char *name;
		u32 record;
	} parts[VM_IMAGE_PARTS] = {
		[VM_IMAGE_CODE] = {"code", sizeof(struct vm_insn)},
		[VM_IMAGE_DATA] = {"data", 1},
		[VM_IMAGE_STRINGS] = {"strings", 1},
		[VM_IMAGE_AREAS] = {"areas", sizeof(struct vm_image_area)},
		[VM_IMAGE_MAPS] = {"maps", sizeof(struct vm_image_map)},
		[VM_IMAGE_FIRSTS] = {"programs of maps", sizeof(struct vm_image_first)},
		[VM_IMAGE_VARIABLES] = {"variables", sizeof(struct vm_image_variables)},
		[VM_IMAGE_FUNCTIONS] = {"functions", sizeof(struct vm_image_function)},
		[VM_IMAGE_LINES] = {"lines", sizeof(struct vm_image_line)},
		[VM_IMAGE_BTF] = {"BTF", 1},
	};
	const struct vm_image_part *strings = &r->head.part[VM_IMAGE_STRINGS];

	for (u32 i = 0; i < VM_IMAGE_PARTS; i++)
		if (!vm_image_holds(&r->head.part[i], r->size, parts[i].record))
			return damaged(r, parts[i].name);
	if (!strings->size || r->bytes[strings->offset] ||
	    r->bytes[strings->offset + strings->size - 1])
		return damaged(r, parts[VM_IMAGE_STRINGS].name);
	return 0;
}

static int read_header(struct reader *r)
{
	const u32 crc_from = offsetof(struct vm_image, size);
	struct vm_image *head = &r->head;

	if (r->size < sizeof(head->magic) || memcmp(r->bytes, VM_IMAGE_MAGIC, sizeof(head->magic)))
		return bpfvm_error__set(r->err, -ENOEXEC, HINT_PACK, "%s: not an image", r->from);
	if (r->size < sizeof(*head))
		return damaged(r, "it is cut off");
	memcpy(head, r->bytes, sizeof(*head));
	if (head->version != VM_IMAGE_VERSION)
		return bpfvm_error__set(
			r->err, -ENOTSUP, HINT_PACK " with this build's loader",
			"%s: an image of version %u, and this build reads version %u", r->from,
			head->version, VM_IMAGE_VERSION);
	if (head->size != r->size)
		return bpfvm_error__set(r->err, -EINVAL, HINT_PACK,
					"%s: damaged: it is %u bytes, not %u", r->from, r->size,
					head->size);
	if (head->crc != vm_crc32(0, r->bytes + crc_from, r->size - crc_from))
		return damaged(r, "its checksum is wrong");
	if (head->header != sizeof(*head) || head->kind >= VM_IMAGE_KINDS)
		return damaged(r, "header");
	return check_parts(r);
}

/* --- the parts ------------------------------------------------------------------------------- */

static int read_code(struct reader *r)
{
	static const enum bpfvm_kind kinds[VM_IMAGE_KINDS] = {
		[VM_IMAGE_PLAIN] = BPFVM_KIND_PLAIN,
		[VM_IMAGE_XDP] = BPFVM_KIND_XDP,
		[VM_IMAGE_TC] = BPFVM_KIND_TC,
	};
	struct bpfvm_image *image = r->image;
	const void *code = part_of(r, VM_IMAGE_CODE, sizeof(*image->code), &image->len);

	image->kind = kinds[r->head.kind];
	image->entry = r->head.entry;
	memcpy(image->arg, r->head.arg, sizeof(image->arg));
	if (image->len > BPFVM_CODE)
		return bpfvm_error__set(
			r->err, -E2BIG, "make the guest smaller, or build with a higher BPFVM_CODE",
			"%s: too many instructions: more than %u", r->from, BPFVM_CODE);
	if (!take_string(r, r->head.name, &image->name) ||
	    !take_string(r, r->head.section, &image->section) ||
	    (r->head.path && !take_string(r, r->head.path, &image->path)))
		return damaged(r, "names");
	image->code = malloc((image->len + 1ull) * sizeof(*image->code));
	r->no_memory |= !image->code;
	if (!image->code || (image->entry && image->entry >= image->len))
		return damaged(r, "entry");
	if (image->len)
		memcpy(image->code, code, image->len * sizeof(*image->code));
	return 0;
}

static int read_areas(struct reader *r)
{
	u32 n, bytes;
	const struct vm_image_area *rows = part_of(r, VM_IMAGE_AREAS, sizeof(*rows), &n);
	const u8 *data = part_of(r, VM_IMAGE_DATA, 1, &bytes);

	for (u32 i = 0; i < n; i++) {
		const struct vm_image_area *row = &rows[i];
		struct bpfvm_error err;
		char *name = NULL;
		int ret;

		if (!row->region || !vm_image_stores(row, bytes) ||
		    !take_string(r, row->name, &name))
			return damaged(r, "areas");
		ret = bpfvm_image__add_area(r->image, row->region, name, row->access, NULL,
					    row->size, &err);
		free(name);
		r->no_memory |= ret == -ENOMEM;
		if (ret < 0)
			return damaged(r, err.text);
		memcpy(r->image->area[row->region].data, data + row->data, row->stored);
	}
	return 0;
}

static int read_map(struct reader *r, const struct vm_image_map *row, u32 types)
{
	struct bpfvm_image *image = r->image;
	struct bpfvm_map *map = &image->map[image->maps];
	struct bpfvm_error err;

	if (row->region < VM_REGION_FREE || row->region >= VM_REGIONS ||
	    bpfvm_image__is_taken(image, row->region))
		return damaged(r, "a map without a region of its own");
	*map = (struct bpfvm_map){.type = row->type,
				  .key_size = row->key_size,
				  .value_size = row->value_size,
				  .max_entries = row->max_entries,
				  .flags = row->flags,
				  .region = row->region,
				  .key_type = row->key_type,
				  .value_type = row->value_type};
	if (row->key_type >= types || row->value_type >= types)
		return damaged(r, "types of maps");
	if (!take_string(r, row->name, &map->name))
		return damaged(r, "names of maps");
	image->maps++;
	if (!*map->name)
		return damaged(r, "names of maps");
	if (object__check_map(r->from, map, &err))
		return damaged(r, err.text);
	if (map->type != VM_MAP_PROG_ARRAY)
		return 0;
	map->first = calloc(map->max_entries, sizeof(*map->first));
	r->no_memory |= !map->first;
	return map->first ? 0 : damaged(r, "");
}

static int read_maps(struct reader *r)
{
	u32 n, firsts, types = r->image->btf ? btf__type_cnt(r->image->btf) : 1;
	const struct vm_image_map *rows = part_of(r, VM_IMAGE_MAPS, sizeof(*rows), &n);
	const struct vm_image_first *first = part_of(r, VM_IMAGE_FIRSTS, sizeof(*first), &firsts);
	int ret = 0;

	r->image->map = calloc(VM_REGIONS, sizeof(*r->image->map));
	r->no_memory |= !r->image->map;
	if (!r->image->map || n > VM_REGIONS - VM_REGION_FREE)
		return damaged(r, "more maps than there can be");
	for (u32 i = 0; !ret && i < n; i++)
		ret = read_map(r, &rows[i], types);
	for (u32 i = 0; !ret && i < firsts; i++) {
		const struct bpfvm_map *map =
			first[i].map < n ? &r->image->map[first[i].map] : NULL;

		if (!map || !map->first || first[i].index >= map->max_entries || !first[i].first ||
		    first[i].first > r->image->len)
			return damaged(r, "programs of maps");
		map->first[first[i].index] = first[i].first;
	}
	return ret;
}

static int read_variables(struct reader *r)
{
	struct bpfvm_image *image = r->image;
	u32 n;
	const struct vm_image_variables *rows = part_of(r, VM_IMAGE_VARIABLES, sizeof(*rows), &n);

	image->variable = calloc(n + 1ull, sizeof(*image->variable));
	r->no_memory |= !image->variable;
	if (!image->variable)
		return damaged(r, "");
	for (u32 i = 0; i < n; i++) {
		struct bpfvm_variables *v = &image->variable[i];
		u32 room = rows[i].region < VM_REGIONS ? image->area[rows[i].region].size : 0;

		if (rows[i].offset > room || rows[i].size > room - rows[i].offset ||
		    !take_string(r, rows[i].name, &v->name))
			return damaged(r, "variables");
		v->region = rows[i].region;
		v->offset = rows[i].offset;
		v->size = rows[i].size;
		image->variables++;
	}
	return 0;
}

static int read_functions(struct reader *r)
{
	struct bpfvm_image *image = r->image;
	u32 n, end = 0;
	const struct vm_image_function *rows = part_of(r, VM_IMAGE_FUNCTIONS, sizeof(*rows), &n);

	image->function = calloc(n + 1ull, sizeof(*image->function));
	r->no_memory |= !image->function;
	if (!image->function)
		return damaged(r, "");
	for (u32 i = 0; i < n; i++) {
		struct bpfvm_function *fn = &image->function[i];

		if (rows[i].start < end || rows[i].start > image->len ||
		    rows[i].len > image->len - rows[i].start || rows[i].program > 1 ||
		    !take_string(r, rows[i].name, &fn->name))
			return damaged(r, "functions");
		fn->start = rows[i].start;
		fn->len = rows[i].len;
		fn->program = rows[i].program;
		end = fn->start + fn->len;
		image->functions++;
	}
	return 0;
}

static int read_btf(struct reader *r)
{
	u32 size;
	const void *raw = part_of(r, VM_IMAGE_BTF, 1, &size);

	if (!size)
		return 0;
	r->image->btf = object__new_btf(raw, size);
	return r->image->btf ? 0 : damaged(r, "BTF");
}

static int read_lines(struct reader *r)
{
	struct bpfvm_image *image = r->image;
	u32 n;
	const struct vm_image_line *rows = part_of(r, VM_IMAGE_LINES, sizeof(*rows), &n);

	image->line = calloc(n + 1ull, sizeof(*image->line));
	r->no_memory |= !image->line;
	if (!image->line || (n && !image->btf))
		return damaged(r, "lines");
	for (u32 i = 0; i < n; i++) {
		struct bpfvm_line *line = &image->line[i];

		line->insn = rows[i].insn;
		line->file = btf__name_by_offset(image->btf, rows[i].file);
		line->text = btf__name_by_offset(image->btf, rows[i].text);
		line->line = rows[i].line;
		if (line->insn >= image->len || (i && line->insn < line[-1].insn) || !line->file ||
		    !line->text)
			return damaged(r, "lines");
		image->lines++;
	}
	return 0;
}

/* --- all together ---------------------------------------------------------------------------- */

static int unpack(const char *from, const void *bytes, u32 size, struct bpfvm_image **image,
		  struct bpfvm_error *err)
{
	static int (*const steps[])(struct reader *) = {
		read_header, read_code,	     read_btf,	     read_areas,
		read_maps,   read_variables, read_functions, read_lines,
	};
	struct reader r = {.from = from, .bytes = bytes, .size = size, .err = err};
	int ret = 0;

	r.image = calloc(1, sizeof(*r.image));
	if (!r.image)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", from);
	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(*steps); i++)
		ret = steps[i](&r);
	if (ret) {
		bpfvm_image__free(r.image);
		return ret;
	}
	*image = r.image;
	return 0;
}

int bpfvm_image__unpack(const void *bytes, u32 size, struct bpfvm_image **image,
			struct bpfvm_error *err)
{
	return unpack("image", bytes, size, image, err);
}

bool bpfvm_file__is_image(const struct bpfvm_file *file)
{
	const size_t n = sizeof(VM_IMAGE_MAGIC);

	return file->size >= n && !memcmp(file->bytes, VM_IMAGE_MAGIC, n);
}

static void read_packed(const struct bpfvm_file *file, struct bpfvm_image *image)
{
	struct vm_image head;

	memcpy(&head, file->bytes, sizeof(head));
	image->packed.version = head.version;
	image->packed.bytes = head.size;
	image->packed.crc = head.crc;
}

int bpfvm_file__unpack(const struct bpfvm_file *file, struct bpfvm_image **image,
		       struct bpfvm_error *err)
{
	char *path = strdup(file->path);
	int ret;

	if (!path)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", file->path);
	ret = unpack(file->path, file->bytes, (u32)file->size, image, err);
	if (ret) {
		free(path);
		return ret;
	}
	free((*image)->path);
	(*image)->path = path;
	read_packed(file, *image);
	return 0;
}
