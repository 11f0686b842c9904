/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loader tells about a guest: places in its code, its regions, why it was refused. */
#include <bpf/libbpf.h>
#include <string.h>

#include "cli_guest.h"

const char *cli_basename(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && slash[1] ? slash + 1 : path;
}

const struct bpfvm_function *cli_function(const struct bpfvm_image *image, u32 insn)
{
	u32 low = 0, high = image->functions;

	while (low < high) { /* the last one that begins at or before it */
		u32 middle = (low + high) / 2;

		if (image->function[middle].start <= insn)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || insn - image->function[low - 1].start >= image->function[low - 1].len)
		return NULL;
	return &image->function[low - 1];
}

const struct bpfvm_line *cli_line(const struct bpfvm_image *image, u32 insn)
{
	const struct bpfvm_function *f = cli_function(image, insn);
	const struct bpfvm_line *found = NULL;

	for (u32 i = 0; i < image->lines && image->line[i].insn <= insn; i++)
		if (!f || image->line[i].insn >= f->start)
			found = &image->line[i];
	return found;
}

const char *cli_source(const struct bpfvm_line *line)
{
	return line->text ? line->text + strspn(line->text, " \t") : "";
}

json_t *cli_place(const struct bpfvm_image *image, u32 insn)
{
	const struct bpfvm_function *f = cli_function(image, insn);
	const struct bpfvm_line *line = cli_line(image, insn);
	const struct vm_insn *in = image->code + (insn < image->len ? insn : 0);
	char text[128];

	if (insn < image->len)
		bpfvm_insn__text(in, insn + 1 < image->len ? in + 1 : NULL, text, sizeof(text));
	return cli_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "insn", (json_int_t)insn, "function",
			cli_string(f ? f->name : NULL), "text",
			cli_string(insn < image->len ? text : NULL), "file",
			cli_string(line ? line->file : NULL), "line",
			line ? cli_pack("i", (int)line->line) : json_null(), "source",
			cli_string(line ? cli_source(line) : NULL));
}

static const char *member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void cli_place_print(FILE *stream, const json_t *place)
{
	const char *function = member(place, "function"), *file = member(place, "file");
	const char *source = member(place, "source"), *text = member(place, "text");
	long line = (long)json_integer_value(json_object_get(place, "line"));

	if (text)
		fprintf(stream, "  %4ld: %s\n",
			(long)json_integer_value(json_object_get(place, "insn")), text);
	if (function)
		fprintf(stream, "  in %s", function);
	if (function && file)
		fprintf(stream, ", %s:%ld: %s", cli_basename(file), line, source ? source : "");
	if (function)
		fputc('\n', stream);
}

const struct cli_column cli_region_columns[] = {
	{"region", "REGION", CLI_RIGHT}, {"name", "NAME", 0},	  {"address", "ADDRESS", 0},
	{"size", "SIZE", CLI_RIGHT},	 {"access", "ACCESS", 0}, {NULL, NULL, 0},
};

static const char *access_name(u32 access)
{
	if (access & VM_READ)
		return access & VM_WRITE ? "rw" : "ro";
	return "wo";
}

static json_t *region(u32 number, const char *name, u32 size, u32 access)
{
	return cli_pack("{s:I, s:o, s:o, s:I, s:s}", "region", (json_int_t)number, "name",
			cli_string(name), "address", cli_hex(VM_ADDRESS(number, 0)), "size",
			(json_int_t)size, "access", access_name(access));
}

json_t *cli_regions(const struct bpfvm_image *image)
{
	json_t *rows = cli_pack("[]");

	cli_append(rows, region(VM_REGION_STACK, "stack", VM_STACK_SIZE, VM_READ | VM_WRITE));
	for (u32 i = VM_REGION_STACK + 1; i < VM_REGIONS; i++)
		if (image->area[i].size)
			cli_append(rows, region(i, image->area[i].name, image->area[i].size,
						image->area[i].access));
	return rows;
}

const struct cli_column cli_map_columns[] = {
	{"map", "MAP", 0},
	{"type", "TYPE", 0},
	{"key", "KEY", CLI_RIGHT},
	{"value", "VALUE", CLI_RIGHT},
	{"max_entries", "MAX ENTRIES", CLI_RIGHT},
	{"region", "REGION", CLI_RIGHT},
	{"address", "ADDRESS", 0},
	{"bytes", "BYTES", CLI_RIGHT},
	{NULL, NULL, 0},
};

json_t *cli_maps(const struct bpfvm_image *image)
{
	int possible = libbpf_num_possible_cpus();
	u32 cpus = possible > 0 ? (u32)possible : 1;
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; i < image->maps; i++) {
		const struct bpfvm_map *map = &image->map[i];

		cli_append(rows, cli_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:I}", "map",
					  cli_string(map->name), "type",
					  cli_string(libbpf_bpf_map_type_str(map->type)), "key",
					  (json_int_t)map->key_size, "value",
					  (json_int_t)map->value_size, "max_entries",
					  (json_int_t)map->max_entries, "region",
					  (json_int_t)map->region, "address",
					  cli_hex(VM_ADDRESS(map->region, 0)), "bytes",
					  (json_int_t)bpfvm_map__bytes(map, cpus)));
	}
	return rows;
}

json_t *cli_refusal(const struct bpfvm_image *image, const struct bpfvm_fault *fault)
{
	return cli_pack("{s:I, s:o, s:o, s:o}", "insn", (json_int_t)fault->pc, "reason",
			cli_string(fault->reason), "hint", cli_string(fault->hint), "place",
			cli_place(image, fault->pc));
}

int cli_check(const struct bpfvm_image *image)
{
	struct bpfvm_fault fault = {0};
	json_t *place;

	if (!bpfvm_image__check(image, &fault))
		return CLI_OK;
	cli_error(NULL, "%s: %s: insn %u: %s", image->path, image->name, fault.pc, fault.reason);
	place = cli_place(image, fault.pc);
	cli_place_print(stderr, place);
	json_decref(place);
	if (*fault.hint)
		fprintf(stderr, "  hint: %s\n", fault.hint);
	return CLI_REFUSED;
}

const char *cli_kind_name(enum bpfvm_kind kind)
{
	switch (kind) {
	case BPFVM_KIND_XDP:
		return "xdp";
	case BPFVM_KIND_TC:
		return "tc";
	case BPFVM_KIND_PLAIN:
		break;
	}
	return "plain";
}

static int visit_program(const char *path, const char *prog,
			 int (*visit)(struct bpfvm_image *, void *), void *arg)
{
	struct bpfvm_error err = {0};
	struct bpfvm_image *image;
	int code;

	if (bpfvm_image__open(path, prog, &image, &err))
		return cli_fail(&err);
	code = visit(image, arg);
	bpfvm_image__free(image);
	return code;
}

struct visit {
	int (*visit)(struct bpfvm_image *image, void *arg);
	void *arg;
	int code; /* the first one that was not CLI_OK */
};

static void visit_one(struct bpfvm_image *image, const struct bpfvm_error *err, void *arg)
{
	struct visit *v = arg;
	int code = image ? v->visit(image, v->arg) : cli_fail(err);

	v->code = v->code ? v->code : code;
}

int cli_programs(const char *path, const char *prog, int (*visit)(struct bpfvm_image *, void *),
		 void *arg)
{
	struct visit all = {visit, arg, CLI_OK};
	struct bpfvm_error err = {0};

	if (prog)
		return visit_program(path, prog, visit, arg);
	return bpfvm_images__visit(path, visit_one, &all, &err) ? cli_fail(&err) : all.code;
}
