/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_image: programs that cannot be linked, each for a reason of its own, and one that can. */
#define SECTION(name) __attribute__((section(name), used))

struct foreign {
	int a, b;
} __attribute__((preserve_access_index));

extern int kernel_function(int) __attribute__((section(".ksyms")));
extern const int kernel_variable __attribute__((section(".ksyms")));
extern int missing_function(int);
extern int missing_variable;
int common_variable __attribute__((common));
extern int CONFIG_HZ __attribute__((section(".kconfig")));
struct {
	int (*type)[7]; /* STACK_TRACE */
} some_map SECTION(".maps");
struct {
	unsigned int type, key_size, value_size, max_entries, flags;
} old_map SECTION("maps");
int elsewhere SECTION("somewhere");

SECTION("xdp") int fine(void)
{
	return 1;
}

SECTION("xdp") int core(struct foreign *f)
{
	return f->b;
}

SECTION("xdp") int kfunc(void)
{
	return kernel_function(1);
}

SECTION("xdp") int ksym(void)
{
	return kernel_variable;
}

SECTION("xdp") int function(void)
{
	return missing_function(1);
}

SECTION("xdp") int variable(void)
{
	return missing_variable;
}

SECTION("xdp") int common(void)
{
	return common_variable;
}

SECTION("xdp") int map(void)
{
	return (long)&some_map != 0 && ((volatile char *)&some_map)[0];
}

SECTION("xdp") int old(void)
{
	return ((volatile char *)&old_map)[0];
}

SECTION("xdp") int kconfig(void)
{
	return CONFIG_HZ;
}

SECTION("xdp") int section(void)
{
	return elsewhere;
}
