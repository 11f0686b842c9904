/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An image as bytes, for files, pinned maps and flash: a header of fixed size, then parts. All is
 * little endian; parts begin at multiples of 8, so that code can be executed where it lies if the
 * image does so, too.
 */
#ifndef BPFVM_IMAGE_H
#define BPFVM_IMAGE_H

#include "types.h"

#define VM_IMAGE_MAGIC	 "vmimage" /* eight bytes with its NUL */
#define VM_IMAGE_VERSION 1	   /* another number for what older readers would misunderstand */

enum vm_image_kind { VM_IMAGE_PLAIN, VM_IMAGE_XDP, VM_IMAGE_TC, VM_IMAGE_KINDS };

/* Arrays of these; the last two are for debugging and may be empty. */
enum vm_image_number {
	VM_IMAGE_CODE,	    /* struct vm_insn */
	VM_IMAGE_DATA,	    /* bytes: first contents of areas */
	VM_IMAGE_STRINGS,   /* bytes, each string with its NUL; the first one is empty */
	VM_IMAGE_AREAS,	    /* struct vm_image_area */
	VM_IMAGE_MAPS,	    /* struct vm_image_map */
	VM_IMAGE_FIRSTS,    /* struct vm_image_first */
	VM_IMAGE_VARIABLES, /* struct vm_image_variables */
	VM_IMAGE_FUNCTIONS, /* struct vm_image_function, by start */
	VM_IMAGE_LINES,	    /* struct vm_image_line, by insn */
	VM_IMAGE_BTF,	    /* bytes: a section .BTF */
	VM_IMAGE_PARTS,
};

/* In bytes, the offset from the beginning of the image. */
struct vm_image_part {
	u32 offset;
	u32 size;
};

struct vm_image {
	char magic[8];
	u32 version;
	u32 crc;    /* CRC-32 of all that follows */
	u32 size;   /* bytes from the magic to the end, a multiple of 8 */
	u32 header; /* sizeof(struct vm_image) */
	u32 kind;   /* enum vm_image_kind */
	u32 entry;  /* first instruction */
	u64 arg[2]; /* r1 and r2 on entry, without a packet */
	u32 name;   /* strings are offsets into VM_IMAGE_STRINGS, 0 being none */
	u32 section;
	u32 path; /* of the object that it was made from */
	u32 reserved;
	struct vm_image_part part[VM_IMAGE_PARTS];
	u64 spare[2];
};
_Static_assert(sizeof(struct vm_image) == 160, "the header has a fixed size");

/* Whether a part of records of `record` bytes lies within an image of `size` bytes. */
static inline _Bool vm_image_holds(const struct vm_image_part *part, u32 size, u32 record)
{
	return !(part->offset % 8) && part->offset <= size && part->size <= size - part->offset &&
	       !(part->size % record);
}

/* Memory beside the stack: row `region` of the ACL. Behind what is stored it is zeros. */
struct vm_image_area {
	u32 name;
	u32 region;
	u32 access; /* VM_READ, VM_WRITE */
	u32 size;   /* bytes */
	u32 data;   /* offset into VM_IMAGE_DATA, a multiple of 8 */
	u32 stored; /* bytes there */
};

/* Whether what is stored of an area lies within VM_IMAGE_DATA, of `size` bytes. */
static inline _Bool vm_image_stores(const struct vm_image_area *area, u32 size)
{
	return area->stored <= area->size && !(area->data % 8) && area->data <= size &&
	       area->stored <= size - area->data;
}

struct vm_image_map {
	u32 name;
	u32 type, key_size, value_size, max_entries, flags;
	u32 region;		  /* of its values */
	u32 key_type, value_type; /* in VM_IMAGE_BTF, or 0 */
	u32 reserved;
};

/* An element of a PROG_ARRAY. */
struct vm_image_first {
	u32 map; /* its number */
	u32 index;
	u32 first; /* instruction, plus 1 */
};

/* A section of variables within an area. */
struct vm_image_variables {
	u32 name;
	u32 region;
	u32 offset, size; /* bytes */
};

struct vm_image_function {
	u32 name;
	u32 start, len; /* instructions */
	u32 program;	/* 1: may be run, or put into a PROG_ARRAY */
};

struct vm_image_line {
	u32 insn;
	u32 file, text; /* offsets into the strings of VM_IMAGE_BTF */
	u32 line;
};

#endif
