/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and values of maps: what their type of map allows beside their types in BTF. */
#define _GNU_SOURCE /* strchrnul */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

/* The family of the addresses that a trie may be for, or 0. */
static int prefix_family(const struct bpfvm_map *map)
{
	if (map->type != BPF_MAP_TYPE_LPM_TRIE)
		return 0;
	return map->key_size == 8 ? AF_INET : map->key_size == 20 ? AF_INET6 : 0;
}

bool bpfvm_prefix__text(const struct bpfvm_map *map, const void *key, char *text)
{
	int family = prefix_family(map);
	char address[INET6_ADDRSTRLEN];
	u32 bits;

	memcpy(&bits, key, sizeof(bits));
	if (!family || !inet_ntop(family, (const u8 *)key + sizeof(bits), address, sizeof(address)))
		return false;
	snprintf(text, BPFVM_PREFIX_TEXT, "%s/%u", address, bits);
	return true;
}

/* Whether a text is an address with or without a length behind it; it is then the key, or wrong. */
static bool is_prefix(const struct bpfvm_map *map, const char *text)
{
	return prefix_family(map) && !strchr("{[\"", *text) && strpbrk(text, "/.:") &&
	       !strpbrk(text, " \t=") && strncmp(text, "hex:", 4);
}

/* The number behind the slash, or `most` if there is none; above `most` if it is wrong. */
static u32 prefix_bits(const char *slash, u32 most)
{
	unsigned long bits;
	char *end;

	if (!*slash)
		return most;
	if (!isdigit((u8)slash[1]))
		return most + 1;
	bits = strtoul(slash + 1, &end, 10);
	return *end || bits > most ? most + 1 : (u32)bits;
}

static int parse_prefix(const struct bpfvm_map *map, const char *text, void *key,
			struct bpfvm_error *err)
{
	const char *slash = strchrnul(text, '/');
	u32 most = (map->key_size - 4) * 8, bits = prefix_bits(slash, most);
	char address[INET6_ADDRSTRLEN] = "";

	if ((size_t)(slash - text) < sizeof(address))
		memcpy(address, text, (size_t)(slash - text));
	if (inet_pton(prefix_family(map), address, (u8 *)key + sizeof(bits)) != 1)
		return bpfvm_error__set(
		    err, -EINVAL, most == 32 ? "such as 10.0.0.0/8" : "such as 2001:db8::/32",
		    "key: %s: not a prefix of an IPv%d address", text, most == 32 ? 4 : 6);
	if (bits > most)
		return bpfvm_error__set(err, -EINVAL, NULL, "key: %s: /0 to /%u are possible", text,
					most);
	memcpy(key, &bits, sizeof(bits));
	return 0;
}

/*
 * Bytes by themselves, as bpftool takes them: after "hex", or two and more of them. Returns how
 * many there are, at most `size` of which are stored; -EINVAL if they are none.
 */
static long parse_bare(const char *text, u8 *data, u32 size)
{
	bool marked = !strncmp(text, "hex", 3) && isspace((u8)text[3]);
	const char *c = text + (marked ? 4 : 0);
	long n = 0;

	for (c += strspn(c, " \t"); *c; c += strspn(c, " \t")) {
		char *end;
		unsigned long byte = isxdigit((u8)*c) ? strtoul(c, &end, 16) : 256;

		if (byte > 255 || (*end && !isspace((u8)*end)))
			return -EINVAL;
		if (n < size)
			data[n] = (u8)byte;
		n++;
		c = end;
	}
	return marked || n > 1 ? n : -EINVAL;
}

static int parse_text(const struct bpfvm_image *image, u32 type, const char *what, const char *text,
		      void *data, u32 size, struct bpfvm_error *err)
{
	long bytes = parse_bare(text, data, size);

	if (bytes < 0)
		return bpfvm_value__parse(image->btf, type, what, text, data, size, err);
	if (bytes == size)
		return 0;
	return bpfvm_error__set(err, -EINVAL, NULL, "%s: too %s: %ld byte%s given; it has %u", what,
				bytes < size ? "short" : "long", bytes, bytes == 1 ? "" : "s",
				size);
}

int bpfvm_map__parse_key(const struct bpfvm_image *image, u32 number, const char *text, void *key,
			 struct bpfvm_error *err)
{
	const struct bpfvm_map *map = &image->map[number];

	text += strspn(text, " \t");
	if (is_prefix(map, text))
		return parse_prefix(map, text, key, err);
	return parse_text(image, map->key_type, "key", text, key, map->key_size, err);
}

/* What the machine finds in a PROG_ARRAY: the first instruction plus 1. */
static int parse_program(const struct bpfvm_image *image, const char *name, void *value,
			 struct bpfvm_error *err)
{
	char hint[256] = "";
	size_t used = 0;
	u32 start;

	if (!bpfvm_image__program(image, name, &start)) {
		start++;
		memcpy(value, &start, sizeof(start));
		return 0;
	}
	for (u32 i = 0; i < image->functions && used < sizeof(hint); i++)
		if (image->function[i].program)
			used +=
			    (size_t)snprintf(hint + used, sizeof(hint) - used, "%s%s",
					     used ? ", " : "there are ", image->function[i].name);
	return bpfvm_error__set(err, -ENOENT, hint, "value: %s: no such program", name);
}

int bpfvm_map__parse_value(const struct bpfvm_image *image, u32 number, const char *text,
			   void *value, struct bpfvm_error *err)
{
	const struct bpfvm_map *map = &image->map[number];

	text += strspn(text, " \t");
	if (map->type == BPF_MAP_TYPE_PROG_ARRAY)
		return parse_program(image, text, value, err);
	return parse_text(image, map->value_type, "value", text, value, map->value_size, err);
}

const char *bpfvm_map__program(const struct bpfvm_image *image, const void *value)
{
	u32 first;

	memcpy(&first, value, sizeof(first));
	for (u32 i = 0; i < image->functions; i++)
		if (image->function[i].program && image->function[i].start == first - 1)
			return image->function[i].name;
	return NULL;
}
