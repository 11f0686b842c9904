/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of guests against maps of the kernel that runs: the same operations, the same results. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "map_twin.h"

static int kernel_fd(struct twin *t)
{
	return *(int *)t->data;
}

static long kernel_result(int err)
{
	return err ? -errno : 0;
}

static long kernel_lookup(struct twin *t, const void *key, void *value)
{
	return kernel_result(bpf_map_lookup_elem(kernel_fd(t), key, value));
}

static long kernel_update(struct twin *t, const void *key, const void *value, u64 flags)
{
	return kernel_result(bpf_map_update_elem(kernel_fd(t), key, value, flags));
}

static long kernel_delete(struct twin *t, const void *key)
{
	return kernel_result(bpf_map_delete_elem(kernel_fd(t), key));
}

static long kernel_next(struct twin *t, const void *key, void *next)
{
	return kernel_result(bpf_map_get_next_key(kernel_fd(t), key, next));
}

static long kernel_count(struct twin *t)
{
	u8 key[MOST_KEY], next[MOST_KEY];
	long count = 0, err = kernel_next(t, NULL, key);

	for (; !err; err = kernel_next(t, key, next), memcpy(key, next, MOST_KEY))
		count++;
	return count;
}

/* Makes the kernel's map; skips the test where that is not permitted. */
static void kernel_open(struct twin *t, const struct subject *s, int *fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	bool trie = s->d.type == VM_MAP_LPM_TRIE, array = s->map->traits & VM_MAP_INDEXED;

	opts.map_flags = trie ? BPF_F_NO_PREALLOC : 0;
	*fd = bpf_map_create((enum bpf_map_type)s->d.type, NULL, s->d.key_size, s->d.value_size,
			     s->d.max_entries, &opts);
	if (*fd < 0) {
		print_message("# no map of the kernel: %s\n", strerror(errno));
		assert_true(errno == EPERM || errno == ENOSYS);
		skip();
	}
	*t = (struct twin){
		.d = s->d, .value_bytes = s->value_bytes, .lookup = kernel_lookup,
		.update = kernel_update, .delete = kernel_delete, .count = kernel_count, .data = fd,
		.next = kernel_next, .ordered = array,
	};
}

/*
 * Linux before 6.13 ignores flags of an LPM trie and counts an update as a new key when it is full:
 * the kernel that runs says which one it is.
 */
static bool kernel_is_new(struct twin *t)
{
	u8 key[MOST_KEY] = {0}, *value = calloc(1, t->value_bytes);
	bool new = t->update(t, key, value, VM_OLD_KEY) == -ENOENT;

	t->delete(t, key);
	free(value);
	return new;
}

static void against_kernel(const struct vm_map_decl *d, u32 keys, u32 count)
{
	struct subject s;
	struct twin ours, t;
	int fd;

	subject_open(&s, d);
	kernel_open(&t, &s, &fd);
	ours = twin_subject(&s);
	if (d->type == VM_MAP_LPM_TRIE && !kernel_is_new(&t))
		print_message("# skipped: LPM tries of this kernel ignore flags\n");
	else
		twin_run(&ours, &t, keys, count);
	close(fd);
	subject_close(&s);
}

static void against_kernel_types(u32 first, u32 second)
{
	static const u32 keys[] = {4, 1, 8, 13, 16, 24, 40, 64};
	static const u32 values[] = {8, 1, 12, 64, 100, 20, 4, 300};
	u32 cpus = (u32)libbpf_num_possible_cpus();

	for (u32 i = 0; i < 2 * COUNT(keys); i++) {
		struct vm_map_decl d = {
			.type = i % 2 ? second : first, .key_size = keys[i / 2],
			.value_size = values[i / 2], .max_entries = 40, .cpus = cpus, .seed = i,
		};
		bool array = vm_map_traits(d.type) & VM_MAP_INDEXED;

		if (array)
			d.key_size = 4;
		against_kernel(&d, array ? 43 : 60, 3000);
	}
}

static void test_arrays(void **state)
{
	(void)state;
	against_kernel_types(VM_MAP_ARRAY, VM_MAP_PERCPU_ARRAY);
}

static void test_hashes(void **state)
{
	(void)state;
	against_kernel_types(VM_MAP_HASH, VM_MAP_PERCPU_HASH);
}

static void test_prefixes(void **state)
{
	static const u32 keys[] = {5, 8, 12, 20, 40};

	(void)state;
	for (u32 i = 0; i < COUNT(keys); i++) {
		struct vm_map_decl d = {
			.type = VM_MAP_LPM_TRIE, .key_size = keys[i], .value_size = 8,
			.max_entries = 60, .seed = i,
		};

		against_kernel(&d, 90, 5000);
	}
}

static int setup(void **state)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	(void)state;
	setrlimit(RLIMIT_MEMLOCK, &all);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests_name("maps and the kernel's", tests, setup, NULL);
}
