/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of maps as people write and read them, by their types in BTF. No input or output;
 * BTF that a stranger wrote is not trusted: it is never followed out of the value.
 */
#ifndef BPFVM_VALUES_H
#define BPFVM_VALUES_H

#include "bpfvm.h"

/* --- reading --- */

enum bpfvm_shown_kind {
	BPFVM_SHOWN_UNSIGNED,
	BPFVM_SHOWN_SIGNED,
	BPFVM_SHOWN_BOOL,
	BPFVM_SHOWN_REAL,
	BPFVM_SHOWN_TEXT,   /* a name of an enumeration, characters, an address, a pointer */
	BPFVM_SHOWN_STRUCT, /* its fields follow, up to its END */
	BPFVM_SHOWN_ARRAY,  /* its elements follow, up to its END */
	BPFVM_SHOWN_END,
};

/* A part of a value; texts are valid until the visitor returns. */
struct bpfvm_shown {
	enum bpfvm_shown_kind kind;
	const char *name; /* of the field, or NULL */
	u64 number;	  /* UNSIGNED, BOOL; SIGNED: in two's complement */
	double real;
	const char *text; /* `length` bytes, all of them printable ASCII */
	u32 length;
};
typedef void bpfvm_shown_visit(void *arg, const struct bpfvm_shown *part);

/*
 * Shows a value of type `type` of `btf` (a struct btf) part by part. -EINVAL, and nothing is shown,
 * if the type does not describe `size` bytes or is not known; -E2BIG if it has too many parts.
 */
int bpfvm_value__show(const void *btf, u32 type, const void *data, u32 size,
		      bpfvm_shown_visit *visit, void *arg);

/* The same as text that bpfvm_value__parse reads, of no known type as "hex:..."; freed by the
 * caller. */
char *bpfvm_value__text(const void *btf, u32 type, const void *data, u32 size);

/* The number of a structure of that name in `btf`, and its size; 0: there is none. */
u32 bpfvm_value__find_struct(const void *btf, const char *name, u32 *size);

/* A key of an LPM_TRIE as "10.0.0.0/8" or "2001:db8::/32"; false if it can be neither. */
#define BPFVM_PREFIX_TEXT 64
bool bpfvm_prefix__text(const struct bpfvm_map *map, const void *key, char *text);

/* The program that a value of a PROG_ARRAY means, or NULL. */
const char *bpfvm_map__program(const struct bpfvm_image *image, const void *value);

/* A variable within a section of them. */
struct bpfvm_variable {
	const char *name;
	u32 type; /* in the image's BTF, or 0 */
	u32 offset, size;
};

/*
 * Variable number `n` of a section of the image, as BTF has them; a section that BTF does not know
 * is one variable of its name. -ENOENT behind the last one.
 */
int bpfvm_variable__get(const struct bpfvm_image *image, const struct bpfvm_variables *section,
			u32 n, struct bpfvm_variable *variable);

/* --- writing --- */

/*
 * Fills in `size` bytes at `data` with what `text` says of the type, or of an integer if the type
 * is 0. `what` names the value in errors.
 *   12, -1, 0x1f, be:80 (in network order)	numbers; true and false; names of an enumeration
 *   10.0.0.1, 2001:db8::1	anything of 4 or 16 bytes
 *   {port=80, proto=6}		a structure or union; what is left out is 0. The outermost one
 *				goes without the braces, and then without the commas
 *   [1, 2, 3]			an array; likewise
 *   "text" or text		an array of characters
 *   hex:0a000001		anything
 * JSON with the same contents is accepted, too. -EINVAL.
 */
int bpfvm_value__parse(const void *btf, u32 type, const char *what, const char *text, void *data,
		       u32 size, struct bpfvm_error *err);

/*
 * The same for a key or a value of map number `map` of an image. Bytes can also stand alone ("0a 00
 * 00 01", "hex 0a"), a key of an LPM_TRIE as prefix ("10.0.0.0/8") or as address, which is the
 * longest prefix, and a program of a PROG_ARRAY goes by its name. The value is that of one CPU.
 * -EINVAL, -ENOENT (no such program).
 */
int bpfvm_map__parse_key(const struct bpfvm_image *image, u32 map, const char *text, void *key,
			 struct bpfvm_error *err);
int bpfvm_map__parse_value(const struct bpfvm_image *image, u32 map, const char *text, void *value,
			   struct bpfvm_error *err);

/*
 * Hex digits in pairs, blanks between them being fine, until `end`. `data` has room for half of
 * them, or is NULL; returns how many bytes they are, or -EINVAL.
 */
long bpfvm_hex__parse(const char *text, const char *end, u8 *data);

#endif
