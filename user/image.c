/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Images: opened from a file, made from bare instructions, given memory, freed. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "object.h"

void object__close(struct object *object)
{
	if (!object)
		return;
	btf__free(object->btf);
	elf_end(object->elf);
	free(object->section);
	free(object->symbol);
	free(object->reloc);
	free(object->function);
	free(object);
}

/* --- programs of an object ------------------------------------------------------------------- */

/* libbpf's "?" before a name means: not to be loaded unasked. */
static const char *section_name(const struct object *object, const struct object_function *fn)
{
	const char *name = object->section[fn->section].name;

	return name + (*name == '?');
}

static _Bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

enum bpfvm_kind object__kind(const struct object *object, const struct object_function *fn)
{
	const char *section = section_name(object, fn);

	if (begins(section, "xdp"))
		return BPFVM_KIND_XDP;
	if (!strcmp(section, "tc") || begins(section, "tc/") || begins(section, "tcx/") ||
	    begins(section, "classifier") || begins(section, "action"))
		return BPFVM_KIND_TC;
	return BPFVM_KIND_PLAIN;
}

/* Writes the names of the programs there are, as far as there is room. */
static void list_programs(const struct object *object, char *text, size_t size)
{
	size_t used = 0;

	*text = 0;
	for (size_t i = 0; i < object->functions && used < size; i++)
		if (object->function[i].program)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 object->function[i].name);
}

static int no_program(const struct object *object, const char *prog, struct bpfvm_error *err)
{
	static const char sections[] =
		"give the function that is to run a section: __attribute__((section(\"xdp\")))";
	char hint[256];

	if (!object->functions)
		return bpfvm_error__set(err, -ENOENT, sections, "%s: no program: no functions",
					object->path);
	list_programs(object, hint, sizeof(hint));
	if (!*hint)
		return bpfvm_error__set(err, -ENOENT, sections,
					"%s: no program: all functions are in .text or static (%s)",
					object->path, object->function[0].name);
	memmove(hint + 10, hint, sizeof(hint) - 10);
	memcpy(hint, "there are ", 10);
	hint[sizeof(hint) - 1] = 0;
	return bpfvm_error__set(err, -ENOENT, hint, "%s: no program named %s", object->path, prog);
}

static struct object_function *find_program(const struct object *object, const char *prog)
{
	for (size_t i = 0; i < object->functions; i++) {
		struct object_function *fn = &object->function[i];

		if (fn->program && (!prog || !strcmp(fn->name, prog)))
			return fn;
	}
	return NULL;
}

static int list_object(const struct object *object, struct bpfvm_program **programs, u32 *count,
		       struct bpfvm_error *err)
{
	struct bpfvm_program *list = calloc(object->functions + 1, sizeof(*list));
	u32 n = 0;

	for (size_t i = 0; list && i < object->functions; i++) {
		const struct object_function *fn = &object->function[i];

		if (!fn->program)
			continue;
		list[n].name = strdup(fn->name);
		list[n].section = strdup(section_name(object, fn));
		list[n].len = (u32)(fn->size / sizeof(struct vm_insn));
		if (!list[n].name || !list[n].section) {
			bpfvm_programs__free(list, n + 1);
			list = NULL;
		}
		n++;
	}
	if (!list)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", object->path);
	*programs = list;
	*count = n;
	return 0;
}

/* An image has one. */
static int list_image(const struct bpfvm_file *file, struct bpfvm_program **programs, u32 *count,
		      struct bpfvm_error *err)
{
	struct bpfvm_image *image;
	int ret = bpfvm_file__unpack(file, &image, err);

	if (ret)
		return ret;
	*programs = calloc(1, sizeof(**programs));
	if (*programs) {
		**programs = (struct bpfvm_program){image->name, image->section, image->len};
		image->name = image->section = NULL;
		*count = 1;
	} else {
		ret = bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", file->path);
	}
	bpfvm_image__free(image);
	return ret;
}

static int list(const struct bpfvm_file *file, struct bpfvm_program **programs, u32 *count,
		struct bpfvm_error *err)
{
	struct object *object;
	int ret;

	if (bpfvm_file__is_image(file))
		return list_image(file, programs, count, err);
	ret = object__open(file, &object, err);
	if (!ret) {
		ret = list_object(object, programs, count, err);
		object__close(object);
	}
	return ret;
}

int bpfvm_programs__read(const char *path, struct bpfvm_program **programs, u32 *count,
			 struct bpfvm_error *err)
{
	struct bpfvm_file file;
	int ret = bpfvm_file__read(&file, path, err);

	if (ret)
		return ret;
	ret = list(&file, programs, count, err);
	free(file.bytes);
	return ret;
}

void bpfvm_programs__free(struct bpfvm_program *programs, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		free(programs[i].name);
		free(programs[i].section);
	}
	free(programs);
}

/* --- making an image ------------------------------------------------------------------------- */

static int fill_image(struct object *object, const char *prog, struct bpfvm_image *image,
		      struct bpfvm_error *err)
{
	struct object_function *fn = find_program(object, prog);
	int ret;

	if (!fn)
		return no_program(object, prog, err);
	image->path = strdup(object->path);
	image->name = strdup(fn->name);
	image->section = strdup(section_name(object, fn));
	if (!image->path || !image->name || !image->section)
		return bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", object->path);
	image->kind = object__kind(object, fn);
	ret = object__link(object, fn, image, err);
	if (!ret)
		ret = object__refuse_core(object, err);
	if (!ret)
		ret = object__read_lines(object, image, err);
	if (ret)
		return ret;
	image->btf = object->btf; /* the lines point into it */
	object->btf = NULL;
	return 0;
}

static int open_object(const struct bpfvm_file *file, const char *prog, struct bpfvm_image **out,
		       struct bpfvm_error *err)
{
	struct bpfvm_image *image;
	struct object *object;
	int ret = object__open(file, &object, err);

	if (ret)
		return ret;
	image = calloc(1, sizeof(*image));
	ret = image ? fill_image(object, prog, image, err)
		    : bpfvm_error__set(err, -ENOMEM, NULL, "%s: no memory", file->path);
	object__close(object);
	if (ret) {
		bpfvm_image__free(image);
		return ret;
	}
	*out = image;
	return 0;
}

static int open_image(const struct bpfvm_file *file, const char *prog, struct bpfvm_image **out,
		      struct bpfvm_error *err)
{
	struct bpfvm_image *image;
	char hint[256];
	int ret = bpfvm_file__unpack(file, &image, err);

	if (ret)
		return ret;
	if (!prog || !strcmp(prog, image->name)) {
		*out = image;
		return 0;
	}
	snprintf(hint, sizeof(hint), "it is the image of %s alone", image->name);
	bpfvm_image__free(image);
	return bpfvm_error__set(err, -ENOENT, hint, "%s: no program named %s", file->path, prog);
}

static int open_program(const struct bpfvm_file *file, const char *prog,
			struct bpfvm_image **image, struct bpfvm_error *err)
{
	return bpfvm_file__is_image(file) ? open_image(file, prog, image, err)
					  : open_object(file, prog, image, err);
}

int bpfvm_image__open(const char *path, const char *prog, struct bpfvm_image **image,
		      struct bpfvm_error *err)
{
	struct bpfvm_file file;
	int ret = bpfvm_file__read(&file, path, err);

	if (ret)
		return ret;
	ret = open_program(&file, prog, image, err);
	free(file.bytes);
	return ret;
}

/* Shows one of a file's programs, or why it cannot be opened. */
static void show(const struct bpfvm_file *file, const char *prog, bpfvm_visit_t *visit, void *arg)
{
	struct bpfvm_image *image = NULL;
	struct bpfvm_error err = {0};

	if (open_program(file, prog, &image, &err))
		image = NULL;
	visit(image, &err, arg);
	bpfvm_image__free(image);
}

int bpfvm_images__visit(const char *path, bpfvm_visit_t *visit, void *arg, struct bpfvm_error *err)
{
	struct bpfvm_program *programs;
	struct bpfvm_file file;
	u32 count;
	int ret = bpfvm_file__read(&file, path, err);

	if (ret)
		return ret;
	ret = list(&file, &programs, &count, err);
	if (!ret) {
		if (!count) /* why there is none is known to who opens one */
			show(&file, NULL, visit, arg);
		for (u32 i = 0; i < count; i++)
			show(&file, programs[i].name, visit, arg);
		bpfvm_programs__free(programs, count);
	}
	free(file.bytes);
	return ret;
}

int bpfvm_image__from_code(const struct vm_insn *code, u32 len, struct bpfvm_image **out)
{
	struct bpfvm_image *image = calloc(1, sizeof(*image));

	if (!image)
		return -ENOMEM;
	image->name = strdup("code");
	image->section = strdup("");
	image->code = calloc((size_t)len + 1, sizeof(*code));
	if (!image->name || !image->section || !image->code) {
		bpfvm_image__free(image);
		return -ENOMEM;
	}
	if (len)
		memcpy(image->code, code, len * sizeof(*code));
	image->len = len;
	*out = image;
	return 0;
}

int bpfvm_image__program(const struct bpfvm_image *image, const char *name, u32 *start)
{
	for (u32 i = 0; i < image->functions; i++) {
		if (!image->function[i].program || strcmp(image->function[i].name, name))
			continue;
		*start = image->function[i].start;
		return 0;
	}
	return -ENOENT;
}

void bpfvm_image__free(struct bpfvm_image *image)
{
	if (!image)
		return;
	for (u32 i = 0; i < VM_REGIONS; i++) {
		free(image->area[i].name);
		free(image->area[i].data);
	}
	for (u32 i = 0; i < image->functions; i++)
		free(image->function[i].name);
	free(image->function);
	for (u32 i = 0; i < image->maps; i++) {
		free(image->map[i].name);
		free(image->map[i].first);
	}
	free(image->map);
	for (u32 i = 0; i < image->variables; i++)
		free(image->variable[i].name);
	free(image->variable);
	free(image->line);
	btf__free(image->btf);
	free(image->code);
	free(image->path);
	free(image->name);
	free(image->section);
	free(image);
}

_Bool bpfvm_image__is_taken(const struct bpfvm_image *image, u32 region)
{
	for (u32 i = 0; i < image->maps; i++)
		if (image->map[i].region == region)
			return 1;
	return image->area[region].size != 0;
}

static u32 first_free_area(const struct bpfvm_image *image)
{
	u32 number = VM_REGION_FREE;

	while (number < VM_REGIONS && bpfvm_image__is_taken(image, number))
		number++;
	return number;
}

int bpfvm_image__add_area(struct bpfvm_image *image, u32 number, const char *name, u32 access,
			  const void *data, u32 size, struct bpfvm_error *err)
{
	struct bpfvm_memory_area area = {.size = size, .access = access};

	if (!number)
		number = first_free_area(image);
	if (number >= VM_REGIONS || bpfvm_image__is_taken(image, number))
		return bpfvm_error__set(err, -ENOSPC, "a guest has no more regions than that",
					"region %s: all %u are taken", name, VM_REGIONS);
	if (size > VM_OFFSET_MASK + 1u)
		return bpfvm_error__set(err, -E2BIG, "a region holds 16 MiB at most",
					"region %s: %u bytes are too many", name, size);
	if (!size || access & ~(u32)(VM_READ | VM_WRITE) || number == VM_REGION_STACK ||
	    number == VM_REGION_META || number == VM_REGION_PACKET)
		return bpfvm_error__set(err, -EINVAL, "give it a size and read or write access",
					"region %s: no such region is possible", name);
	area.name = strdup(name);
	area.data = calloc(size, 1);
	if (!area.name || !area.data) {
		free(area.name);
		free(area.data);
		return bpfvm_error__set(err, -ENOMEM, NULL, "region %s: no memory", name);
	}
	if (data)
		memcpy(area.data, data, size);
	image->area[number] = area;
	return (int)number;
}
