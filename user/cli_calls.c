/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest calls: helpers, and its own functions how deep. */
#include <stdlib.h>

#include "cli_calls.h"
#include "cli_guest.h"
#include "isa.h"

#define MAX_DEPTH (4 * VM_FRAMES) /* nobody can run what nests deeper */

/* The next call of kind `src` at or behind *i, which moves there; false if there is none. */
static bool next_call(const struct bpfvm_image *image, u32 src, u32 *i)
{
	for (; *i < image->len; ++*i) {
		const struct bpfvm_isa *form = bpfvm_isa__find(&image->code[*i]);

		if (form && form->kind == ISA_CALL && vm_src(&image->code[*i]) == src)
			return true;
		if (form && form->kind == ISA_LDDW)
			++*i;
	}
	return false;
}

static bool listed(const json_t *rows, json_int_t number)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (json_integer_value(json_object_get(row, "number")) == number)
			return true;
	return false;
}

/* What the kernel says of a helper: true, false, or null where it would not tell. */
static json_t *in_kernel(u32 number)
{
	int ret = bpfvm_helper__in_kernel(number);

	return ret < 0 ? json_null() : json_boolean(ret);
}

json_t *cli_helper_guests(u32 number)
{
	static const enum bpfvm_kind kinds[] = {BPFVM_KIND_PLAIN, BPFVM_KIND_XDP, BPFVM_KIND_TC};
	json_t *names = cli_pack("[]");

	for (u32 i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (bpfvm_helper__where(number) & bpfvm_kind__where(kinds[i]))
			cli_append(names, cli_string(cli_kind_name(kinds[i])));
	return names;
}

json_t *cli_helpers(const struct bpfvm_image *image)
{
	json_t *rows = cli_pack("[]");

	for (u32 i = 0; next_call(image, VM_CALL_HELPER, &i); i++) {
		u32 number = (u32)image->code[i].imm;
		bool there = bpfvm_helper__where(number) & bpfvm_kind__where(image->kind);

		if (!listed(rows, number))
			cli_append(rows, cli_pack("{s:I, s:o, s:b, s:o, s:o}", "number",
						  (json_int_t)number, "name",
						  cli_string(bpfvm_helper__linux_name(number)),
						  "available", there, "guests",
						  cli_helper_guests(number), "kernel",
						  in_kernel(number)));
	}
	return rows;
}

/* What is to be said of a helper beside its name. */
static const char *lack(const json_t *helper)
{
	if (!json_array_size(json_object_get(helper, "guests")))
		return " (missing)";
	if (!json_is_true(json_object_get(helper, "available")))
		return " (not for guests of this kind)";
	return json_is_false(json_object_get(helper, "kernel")) ? " (not in this kernel)" : "";
}

json_t *cli_helper_names(const json_t *helpers)
{
	json_t *names = cli_pack("[]");
	const json_t *row;
	size_t i;

	json_array_foreach(helpers, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		long number = (long)json_integer_value(json_object_get(row, "number"));
		char text[96];

		snprintf(text, sizeof(text), "%s#%ld%s", name ? name : "unknown", number,
			 lack(row));
		cli_append(names, cli_string(text));
	}
	return names;
}

/*
 * One look at all local calls: a caller is one deeper than whom it calls. True if something
 * changed.
 */
static bool deepen(const struct bpfvm_image *image, u32 *depth)
{
	bool changed = false;

	for (u32 i = 0; next_call(image, VM_CALL_LOCAL, &i); i++) {
		const struct bpfvm_function *from = cli_function(image, i);
		const struct bpfvm_function *to =
			cli_function(image, i + 1 + (u32)image->code[i].imm);
		u32 *caller = from ? &depth[from - image->function] : NULL;
		u32 below = to ? depth[to - image->function] + 1 : 1;

		if (caller && *caller < below) {
			*caller = below;
			changed = true;
		}
	}
	return changed;
}

u32 cli_call_depth(const struct bpfvm_image *image)
{
	const struct bpfvm_function *entry = cli_function(image, image->entry);
	u32 rounds = 0, frames = 1;
	u32 *depth;

	if (!entry)
		return 1;
	depth = calloc(image->functions, sizeof(*depth));
	if (!depth)
		cli_no_memory();
	while (rounds <= MAX_DEPTH && deepen(image, depth))
		rounds++;
	frames += depth[entry - image->function];
	free(depth);
	return rounds > MAX_DEPTH ? 0 : frames;
}
