/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of a loaded guest against a plain model, by each core: in the kernel and on the host. */
#include <errno.h>

#include "bpfvm.h"
#include "map_model.h"

static struct bpfvm_core *core_of(struct twin *t)
{
	return t->data;
}

static long core_lookup(struct twin *t, const void *key, void *value)
{
	return bpfvm_core__map_lookup(core_of(t), 0, key, value);
}

static long core_update(struct twin *t, const void *key, const void *value, u64 flags)
{
	return bpfvm_core__map_update(core_of(t), 0, key, value, flags);
}

static long core_delete(struct twin *t, const void *key)
{
	return bpfvm_core__map_delete(core_of(t), 0, key);
}

static long core_next(struct twin *t, const void *key, void *next)
{
	return bpfvm_core__map_next(core_of(t), 0, key, next);
}

/* A guest that does nothing and has this map. */
static struct bpfvm_image *guest(const struct vm_map_decl *d)
{
	static const struct vm_insn code[] = {{.code = 0xb7}, {.code = 0x95}};
	struct bpfvm_image *image;

	assert_int_equal(bpfvm_image__from_code(code, COUNT(code), &image), 0);
	image->map = calloc(1, sizeof(*image->map));
	assert_non_null(image->map);
	*image->map = (struct bpfvm_map){
		.name = strdup("map"), .type = d->type, .key_size = d->key_size,
		.value_size = d->value_size, .max_entries = d->max_entries,
		.region = VM_REGION_FREE,
	};
	image->maps = 1;
	return image;
}

static void random_operations(struct bpfvm_core *core, struct vm_map_decl *d, u32 keys, u32 count)
{
	u32 stride = (d->value_size + 7) & ~7u, value = d->value_size;
	struct bpfvm_image *image = guest(d);
	struct bpfvm_error err;
	struct twin t;

	if (vm_map_traits(d->type) & VM_MAP_PERCPU)
		value = stride * bpfvm_core__cpus(core);
	t = (struct twin){
		.d = *d, .value_bytes = value, .lookup = core_lookup, .update = core_update,
		.delete = core_delete, .next = core_next, .data = core,
	};
	assert_int_equal(bpfvm_core__load(core, image, &err), 0);
	against_model(&t, keys, count);
	bpfvm_image__free(image);
}

static void test_core(const char *name)
{
	static const u32 hashes[] = {VM_MAP_HASH, VM_MAP_PERCPU_HASH};
	static const u32 keys[] = {4, 8, 13, 40, 64};
	static const u32 values[] = {8, 1, 100, 64, 4096};
	struct bpfvm_core *core;
	struct bpfvm_error err;

	if (bpfvm_core__open(name, &core, &err)) {
		print_message("# skipped: %s\n", err.text);
		skip();
	}
	for (u32 i = 0; i < COUNT(keys) * 2; i++) {
		struct vm_map_decl d = {
			.type = hashes[i % 2], .key_size = keys[i / 2],
			.value_size = values[i / 2], .max_entries = 40,
		};

		random_operations(core, &d, 60, 1000);
		d.type = i % 2 ? VM_MAP_ARRAY : VM_MAP_PERCPU_ARRAY;
		d.key_size = 4;
		random_operations(core, &d, 43, 500);
	}
	for (u32 size = 5; size < 40; size += 3) {
		struct vm_map_decl d = {
			.type = VM_MAP_LPM_TRIE, .key_size = size, .value_size = 12,
			.max_entries = 100,
		};

		random_operations(core, &d, 150, 1500);
	}
	bpfvm_core__close(core);
}

static void test_kernel(void **state)
{
	(void)state;
	test_core("kernel");
}

static void test_host(void **state)
{
	(void)state;
	for (u32 i = 0; bpfvm_core_names[i]; i++)
		if (strcmp(bpfvm_core_names[i], "kernel"))
			test_core(bpfvm_core_names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests_name("maps of loaded guests", tests, NULL, NULL);
}
