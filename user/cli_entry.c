/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One entry of a map: what words say of it, and what commands do with it. */
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "cli_maps.h"
#include "values.h"

static const struct {
	const char *word;
	u64 flags;
} flag_words[] = {{"any", BPF_ANY}, {"exist", BPF_EXIST}, {"noexist", BPF_NOEXIST}};

/* Words with a blank between each; freed by the caller. */
static char *join(char *const *word, u32 words)
{
	size_t size = 1;
	char *text;

	for (u32 i = 0; i < words; i++)
		size += strlen(word[i]) + 1;
	text = calloc(1, size);
	if (!text)
		cli_no_memory();
	for (u32 i = 0; i < words; i++) {
		strcat(text, word[i]);
		strcat(text, i + 1 < words ? " " : "");
	}
	return text;
}

static bool take_flags(const char *word, u64 *flags)
{
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(*flag_words); i++) {
		if (strcmp(word, flag_words[i].word))
			continue;
		*flags = flag_words[i].flags;
		return true;
	}
	return false;
}

/* "cpu N" at the end of a key; false if N is none. */
static bool take_cpu(char *const *word, u32 *words, u32 *cpu)
{
	const char *text;
	char *end;

	if (*words < 3 || strcmp(word[*words - 2], "cpu"))
		return true;
	text = word[*words - 1];
	*words -= 2;
	*cpu = (u32)strtoul(text, &end, 10);
	return isdigit((u8)*text) && !*end && strlen(text) < 10;
}

static int refuse(struct bpfvm_error *err, const char *what, const char *why)
{
	return bpfvm_error__set(err, -EINVAL, "key K [cpu N] [value V [any|exist|noexist]]", "%s%s",
				what, why);
}

int cli_words_parse(char *const *word, u32 words, struct cli_words *entry, struct bpfvm_error *err)
{
	u32 middle = 1, key;

	*entry = (struct cli_words){.cpu = CLI_ALL_CPUS, .flags = BPF_ANY};
	if (!words || strcmp(word[0], "key"))
		return refuse(err, words ? word[0] : "no key is given",
			      words ? ": it must begin with a key" : "");
	while (middle < words && strcmp(word[middle], "value"))
		middle++;
	key = middle;
	if (!take_cpu(word, &key, &entry->cpu))
		return refuse(err, word[key + 1], ": not the number of a CPU");
	entry->key = join(word + 1, key - 1);
	if (middle == words)
		return 0;
	if (words - middle > 2 && take_flags(word[words - 1], &entry->flags))
		words--;
	entry->value = join(word + middle + 1, words - middle - 1);
	return 0;
}

void cli_words_free(struct cli_words *entry)
{
	free(entry->key);
	free(entry->value);
}

static int check_cpu(const struct cli_map *m, u32 cpu, struct bpfvm_error *err)
{
	if (cpu == CLI_ALL_CPUS || (cli_map_is_percpu(m->map) && cpu < m->copies))
		return 0;
	if (cli_map_is_percpu(m->map))
		return bpfvm_error__set(err, -EINVAL, NULL, "cpu %u: there are 0 to %u", cpu,
					m->copies - 1);
	return bpfvm_error__set(err, -EINVAL, "leave it out",
				"cpu %u: map %s has one value for all CPUs", cpu, m->map->name);
}

static int parse_value(struct cli_map *m, const struct cli_words *words, struct bpfvm_error *err)
{
	int ret = bpfvm_map__parse_value(m->image, m->number, words->value, m->value, err);

	for (u32 i = 1; i < m->copies && m->cpu == CLI_ALL_CPUS; i++)
		memcpy(m->value + (size_t)i * m->stride, m->value, m->map->value_size);
	return ret;
}

int cli_map_parse(struct cli_map *m, const struct cli_words *words, struct bpfvm_error *err)
{
	int ret = bpfvm_map__parse_key(m->image, m->number, words->key, m->key, err);

	m->cpu = words->cpu;
	m->flags = words->flags;
	if (!ret)
		ret = check_cpu(m, words->cpu, err);
	if (!ret && words->value)
		ret = parse_value(m, words, err);
	if (ret && !*err->hint)
		snprintf(err->hint, sizeof(err->hint), "%s", CLI_VALUE_HINT);
	return ret;
}

/* --- operations --- */

static void print_values(const struct cli_map *m)
{
	bool many = cli_map_is_percpu(m->map) && m->cpu == CLI_ALL_CPUS;

	if (cli.format != CLI_TEXT) {
		cli_json(cli_map_entry(m));
		return;
	}
	for (u32 i = 0; i < m->copies; i++) {
		char *text;

		if (m->cpu != CLI_ALL_CPUS && m->cpu != i)
			continue;
		text = cli_map_value_text(m, i);
		if (many)
			printf("cpu %u value ", i);
		printf("%s\n", text);
		free(text);
	}
}

int cli_map_lookup(struct cli_map *m)
{
	int ret = bpfvm_core__map_lookup(m->core, m->number, m->key, m->value);

	if (ret)
		return cli_map_fail(m, ret);
	print_values(m);
	return CLI_OK;
}

int cli_map_put(struct cli_map *m)
{
	u64 cpu = m->cpu == CLI_ALL_CPUS ? 0 : BPFVM_ON_CPU(m->cpu);

	return bpfvm_core__map_update(m->core, m->number, m->key, m->value, m->flags | cpu);
}

int cli_map_update(struct cli_map *m)
{
	int ret = cli_map_put(m);

	return ret ? cli_map_fail(m, ret) : CLI_OK;
}

int cli_map_delete(struct cli_map *m)
{
	int ret = bpfvm_core__map_delete(m->core, m->number, m->key);

	return ret ? cli_map_fail(m, ret) : CLI_OK;
}
