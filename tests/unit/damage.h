/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A good object in memory: what tests that damage it have in common. */
#ifndef TEST_DAMAGE_H
#define TEST_DAMAGE_H

#include <elf.h>

#include "objects.h"
#include "random.h"

static struct {
	u8 *bytes;
	size_t size;
	Elf64_Shdr *section;
	u32 sections;
} good;

static inline Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)good.bytes;
}

static inline void load_good(const char *name)
{
	good.bytes = read_object(name, &good.size);
	good.section = (Elf64_Shdr *)(good.bytes + header()->e_shoff);
	good.sections = header()->e_shnum;
}

static inline int end(void **state)
{
	(void)state;
	free(good.bytes);
	return 0;
}

static inline Elf64_Shdr *section(const char *name)
{
	const Elf64_Shdr *names = &good.section[header()->e_shstrndx];

	for (u32 i = 0; i < good.sections; i++)
		if (!strcmp((char *)good.bytes + names->sh_offset + good.section[i].sh_name, name))
			return &good.section[i];
	fail_msg("no section %s", name);
	return NULL;
}

static inline Elf64_Sym *symbol(const char *name)
{
	const Elf64_Shdr *table = section(".symtab");
	const Elf64_Shdr *names = &good.section[table->sh_link];
	Elf64_Sym *sym = (Elf64_Sym *)(good.bytes + table->sh_offset);

	while (strcmp((char *)good.bytes + names->sh_offset + sym->st_name, name))
		sym++;
	return sym;
}

/* The first relocation of a section that has this type. */
static inline Elf64_Rel *reloc(const char *name, u32 type)
{
	Elf64_Rel *rel = (Elf64_Rel *)(good.bytes + section(name)->sh_offset);

	while (ELF64_R_TYPE(rel->r_info) != type)
		rel++;
	return rel;
}

/* Some random bytes of it, changed. */
struct damage {
	u8 *place[8], old[8];
	u32 count;
};

static inline void make_damage(struct damage *d, u8 *(*random_place)(void))
{
	d->count = 1 + random_u32() % 8;
	for (u32 i = 0; i < d->count; i++)
		d->place[i] = random_place();
	for (u32 i = 0; i < d->count; i++) {
		d->old[i] = *d->place[i];
		*d->place[i] = random_u32() % 4 ? (u8)random_u32() : 0xff;
	}
}

static inline void repair_damage(const struct damage *d)
{
	for (u32 i = d->count; i-- > 0;)
		*d->place[i] = d->old[i];
}

/* All that can be done with an image but running it. */
static inline void use_image(struct bpfvm_image *image)
{
	struct bpfvm_fault fault;
	char text[128];

	bpfvm_image__check(image, &fault);
	for (u32 i = 0; i < image->len; i++)
		bpfvm_insn__text(&image->code[i], i + 1 < image->len ? &image->code[i + 1] : NULL,
				 text, sizeof(text));
	for (u32 i = 0; i < image->lines; i++)
		assert_true(image->line[i].insn < image->len && strlen(image->line[i].file) < 4096);
	for (u32 i = 0; i < image->functions; i++)
		assert_true(image->function[i].start + image->function[i].len <= image->len);
	for (u32 i = 0; i < image->maps; i++) {
		const struct bpfvm_map *map = &image->map[i];

		assert_true(*map->name && map->region >= VM_REGION_FREE &&
			    map->region < VM_REGIONS);
		for (u32 n = 0; map->first && n < map->max_entries; n++)
			assert_true(map->first[n] <= image->len);
	}
	bpfvm_image__free(image);
}

#endif
