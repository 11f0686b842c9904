/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The variables of an attached guest, shown and changed by their names. */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "cli_variables.h"
#include "values.h"

const struct bpfvm_variables *cli_section_find(const struct bpfvm_image *image, const char *name)
{
	for (u32 i = 0; i < image->variables; i++)
		if (!strcmp(image->variable[i].name, name))
			return &image->variable[i];
	return NULL;
}

void cli_sections_append(json_t *rows, const struct bpfvm_image *image)
{
	struct bpfvm_variable variable;

	for (u32 i = 0; i < image->variables; i++) {
		const struct bpfvm_variables *s = &image->variable[i];
		u32 n = 0;

		while (!bpfvm_variable__get(image, s, n, &variable))
			n++;
		cli_append(rows, cli_pack("{s:o, s:s, s:n, s:n, s:I, s:I, s:o, s:I, s:I}", "map",
					  cli_string(s->name), "type", "variables", "key", "value",
					  "max_entries", (json_int_t)n, "region",
					  (json_int_t)s->region, "address",
					  cli_hex(VM_ADDRESS(s->region, s->offset)), "bytes",
					  (json_int_t)s->size, "used", (json_int_t)n));
	}
}

/* What it holds now; NULL: the machine has another guest than the image says. */
static const u8 *data_of(const struct cli_target *t, const struct bpfvm_variables *section,
			 const struct bpfvm_variable *variable)
{
	u32 size, at = section->offset + variable->offset;
	const u8 *region = bpfvm_core__region(t->core, section->region, &size);

	return region && at <= size && variable->size <= size - at ? region + at : NULL;
}

static char *text_of(const struct cli_target *t, const struct bpfvm_variable *variable,
		     const u8 *data)
{
	char *text =
	    bpfvm_value__text(t->image->btf, variable->type, data, variable->size);

	if (!text)
		cli_no_memory();
	return text;
}

static json_t *json_of(const struct cli_target *t, const struct bpfvm_variable *variable,
		       const u8 *data)
{
	return cli_pack("{s:o, s:o}", "key", cli_string(variable->name), "value",
			cli_value(t->image->btf, variable->type, data, variable->size));
}

int cli_section_dump(const struct cli_target *t, const struct bpfvm_variables *section)
{
	json_t *entries = cli_pack("[]");
	struct bpfvm_variable variable;

	for (u32 n = 0; !bpfvm_variable__get(t->image, section, n, &variable); n++) {
		const u8 *data = data_of(t, section, &variable);
		char *text;

		if (!data)
			continue;
		if (cli.format != CLI_TEXT) {
			cli_append(entries, json_of(t, &variable, data));
			continue;
		}
		text = text_of(t, &variable, data);
		printf("key %s value %s\n", variable.name, text);
		free(text);
	}
	if (cli.format == CLI_TEXT)
		json_decref(entries);
	else
		cli_json(cli_pack("{s:o, s:o}", "map", cli_string(section->name), "entries",
				  entries));
	return CLI_OK;
}

/* Finds the variable that is meant and its bytes, or says which there are. */
static const u8 *find(const struct cli_target *t, const struct bpfvm_variables *section,
		      const char *name, struct bpfvm_variable *variable)
{
	char text[256] = "the section has none";
	size_t n = 0;

	for (u32 i = 0; !bpfvm_variable__get(t->image, section, i, variable); i++) {
		const u8 *data = data_of(t, section, variable);

		if (data && !strcmp(variable->name, name))
			return data;
		if (n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
					      n ? ", " : "there are ", variable->name);
	}
	cli_error(text, "map %s: key %s: no such variable", section->name, name);
	return NULL;
}

int cli_variable_lookup(const struct cli_target *t, const struct bpfvm_variables *section,
			const struct cli_words *words)
{
	struct bpfvm_variable variable;
	const u8 *data = find(t, section, words->key, &variable);
	char *text;

	if (!data)
		return CLI_FAILED;
	if (cli.format != CLI_TEXT) {
		cli_json(json_of(t, &variable, data));
		return CLI_OK;
	}
	text = text_of(t, &variable, data);
	printf("%s\n", text);
	free(text);
	return CLI_OK;
}

static int write_value(const struct cli_target *t, const struct bpfvm_variables *section,
		       const struct bpfvm_variable *variable, const char *text)
{
	u8 *value = calloc(1, variable->size + 1);
	struct bpfvm_error err = {0};
	int ret;

	if (!value)
		cli_no_memory();
	ret = bpfvm_value__parse(t->image->btf, variable->type, "value", text, value,
				 variable->size, &err);
	if (!ret)
		ret = bpfvm_core__write(t->core, section->region,
					section->offset + variable->offset, value, variable->size);
	free(value);
	if (!ret)
		return CLI_OK;
	cli_error(*err.hint ? err.hint : CLI_VALUE_HINT, "%s", err.text);
	return CLI_USAGE;
}

int cli_variable_update(const struct cli_target *t, const struct bpfvm_variables *section,
			const struct cli_words *words)
{
	struct bpfvm_variable variable;

	if (!find(t, section, words->key, &variable))
		return CLI_FAILED;
	if (!(t->image->area[section->region].access & VM_WRITE)) {
		cli_error("what the guest declares const stays as it was when it was attached",
			  "map %s: key %s: it is read-only", section->name, words->key);
		return CLI_FAILED;
	}
	if (words->flags == BPF_NOEXIST) {
		cli_error("without noexist it gets the value",
			  "map %s: key %s: there is such a key", section->name, words->key);
		return CLI_FAILED;
	}
	return write_value(t, section, &variable, words->value);
}
