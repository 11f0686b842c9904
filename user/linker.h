/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of the linker share. Private to them. */
#ifndef BPFVM_LINKER_H
#define BPFVM_LINKER_H

#include "object.h"

/* Where a data section went. */
struct place {
	u32 region; /* 0: nowhere yet */
	u32 offset;
};

struct linker {
	struct object *object;
	struct bpfvm_image *image;
	struct bpfvm_error *err;
	struct object_function **function; /* reached; image->functions of them */
	struct place *place;		   /* of each section */
	u32 *data;			   /* reached data sections */
	u32 datas;
	u64 map[VM_REGIONS]; /* of each of image->map: where .maps declares it */
	const char *from; /* what refers, for messages: a function or a section */
};

int linker__fail(struct linker *l, int code, const char *hint, const char *what, const char *name);
int linker__no_memory(struct linker *l);

/* Gives a function its place at the end of the code; its calls and data are looked at later. */
int linker__reach_function(struct linker *l, struct object_function *fn);

/* First instruction of the function at `offset` of a section, which is reached by that. */
int linker__find_function(struct linker *l, u32 section, u64 offset, u32 *start);

/* The symbol of a relocation, which has to be within a section. */
int linker__find_symbol(struct linker *l, const struct object_reloc *r,
			const struct object_symbol **found);

/* The guest address of the relocation's symbol plus addend. */
int linker__find_address(struct linker *l, const struct object_reloc *r, u64 addend, u64 *address);

/* What a guest calls the map that .maps declares at `offset`. */
int linker__reach_map(struct linker *l, u32 section, u64 offset, u64 *handle);

#endif
