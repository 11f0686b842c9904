/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An object file, read and bounds-checked, as the linker sees it. Private to the library. */
#ifndef BPFVM_OBJECT_H
#define BPFVM_OBJECT_H

#include <gelf.h>
#include <libelf.h>

#include "bpfvm.h"

struct btf;
struct bpfvm_file;

/* The relocations of BPF that a linked guest may need; elf.h knows two of them. */
enum object_reloc_type {
	OBJECT_RELOC_INSN_64 = 1,  /* R_BPF_64_64: an lddw */
	OBJECT_RELOC_DATA_64 = 2,  /* R_BPF_64_ABS64: eight bytes of data */
	OBJECT_RELOC_CALL = 10,	   /* R_BPF_64_32: a call */
};

struct object_reloc {
	u32 section; /* that is changed */
	u32 type;
	u32 symbol;
	u64 offset; /* in the section, bytes */
};

struct object_section {
	const char *name;
	const u8 *data; /* NULL: zeros */
	u64 size;
	u64 align;
	u64 flags;
	u32 type;
	const struct object_reloc *reloc; /* sorted by offset */
	size_t relocs;
};

struct object_symbol {
	const char *name;
	u64 value, size;
	u32 section; /* or SHN_UNDEF and its like */
	u8 type;
	u8 bind;
};

struct object_function {
	const char *name;
	u64 offset, size; /* bytes, in its section; `size` may be anything */
	u32 section;
	_Bool program; /* may be run by name */
	_Bool linked;
	u32 start; /* once linked: first instruction in the linked code */
};

struct object {
	const char *path;
	u8 *bytes; /* of the file */
	size_t size;
	Elf *elf;
	struct object_section *section;
	size_t sections;
	struct object_symbol *symbol;
	size_t symbols;
	struct object_reloc *reloc;
	size_t relocs;
	struct object_function *function; /* sorted by section and offset */
	size_t functions;
	struct btf *btf; /* or NULL */
};

/* Reads what is in a file, which has to stay. -ENOEXEC, -EINVAL, -ENOMEM. */
int object__open(const struct bpfvm_file *file, struct object **object, struct bpfvm_error *err);
void object__close(struct object *object);

_Bool object__is_code(const struct object *object, u32 section);

/* What a function was written for, by its section. */
enum bpfvm_kind object__kind(const struct object *object, const struct object_function *fn);

/* The function that begins there, or the last one before; NULL if there is none. */
struct object_function *object__function_at(const struct object *object, u32 section, u64 offset);

/* Source lines of the linked functions, into the image. -EINVAL, -ENOMEM. */
int object__read_lines(const struct object *object, struct bpfvm_image *image,
		       struct bpfvm_error *err);

/* Refuses CO-RE relocations in linked functions. -EOPNOTSUPP, -EINVAL. */
int object__refuse_core(const struct object *object, struct bpfvm_error *err);

/*
 * Whether the object declares `name` as something that the kernel supplies, in this section:
 * ".ksyms" or ".kconfig".
 */
_Bool object__is_extern(const struct object *object, const char *section, const char *name);

/*
 * What BTF says of the variable `name` of section .maps, into `map`, whose name is set. `*values`
 * is the offset of initial values in the variable, or 0. -EINVAL, -EOPNOTSUPP.
 */
int object__read_map(const struct object *object, const char *name, struct bpfvm_map *map,
		     u32 *values, struct bpfvm_error *err);

/*
 * Refuses what guests cannot have; sets sizes that the declaration may leave out. -EOPNOTSUPP for
 * the type, -EINVAL for sizes, -E2BIG.
 */
int object__check_map(const char *path, struct bpfvm_map *map, struct bpfvm_error *err);

/* BTF whose types refer to types and names that are there, or NULL. */
struct btf *object__new_btf(const void *data, u32 size);

/* Takes the type information over from .BTF, if there is any. -EINVAL. */
int object__read_btf(struct object *object, struct bpfvm_error *err);

/* Whether an area or a map of the image has that region. */
_Bool bpfvm_image__is_taken(const struct bpfvm_image *image, u32 region);

/* Links function `fn` with all it reaches into the code and the memory areas of an empty image. */
int object__link(struct object *object, struct object_function *fn, struct bpfvm_image *image,
		 struct bpfvm_error *err);

#endif
