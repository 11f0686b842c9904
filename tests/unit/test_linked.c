/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Linked guests give the right result: calls, pointers to functions and data, tables of both. */
#include "objects.h"

static int setup(void **state)
{
	if (make_folder(state))
		return -1;
	compile("link", "v3.o", "-g");
	compile("link", "v2.o", "-mcpu=v2");
	return 0;
}

static u64 result_of(const char *core_name, const char *file, const char *prog, u64 r1, u64 r2)
{
	struct bpfvm_result result = {0};
	struct bpfvm_image *image = NULL;
	struct bpfvm_core *core = NULL;
	struct bpfvm_error err;

	if (bpfvm_image__open(path_of(file), prog, &image, &err) ||
	    bpfvm_core__open(core_name, &core, &err))
		fail_msg("%s", err.text);
	image->arg[0] = r1;
	image->arg[1] = r2;
	if (bpfvm_core__load(core, image, &err) || bpfvm_core__run(core, 10000, &result, &err))
		fail_msg("%s", err.text);
	bpfvm_core__close(core);
	bpfvm_image__free(image);
	if (result.stop != VM_STOP_EXIT)
		fail_msg("%s on %s: %s", prog, core_name, bpfvm_stop__name(result.stop));
	return result.r0;
}

/* What tests/objects/link.c says, worked out by hand. */
static void results(void **state)
{
	static const char *const cores[] = {"switch", "table", "small"};
	static const char *const files[] = {"v3.o", "v2.o"};

	(void)state;
	for (u32 i = 0; i < 6; i++) {
		const char *core = cores[i % 3], *file = files[i / 3];

		/* 31 + 7 + 'e' + 9 + 9 + 10 + 12 + 8 + 64 */
		assert_int_equal(result_of(core, file, "everything", 1, 10), 251);
		/* 1 + 6 + 'l' + 12 + 9 + 10 + 13 + 8 + 64 */
		assert_int_equal(result_of(core, file, "everything", 2, 0), 231);
		assert_int_equal(result_of(core, file, "second", 5, 0), 15);
		assert_int_equal(result_of(core, file, "third", 0, 0), 21);
		assert_int_equal(result_of(core, file, "third", 1, 0), 22);
		assert_int_equal(result_of(core, file, "fifth", 0, 0), 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(results)};

	return cmocka_run_group_tests_name("linked", tests, setup, remove_folder);
}
