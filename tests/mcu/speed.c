/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs images between two marks that count.c watches: receives u32 size, the image; answers u8 enum
 * bpfvm_error, u8 enum vm_stop, u32 instructions that the guest executed, u64 r0. A size of 0 ends
 * it. Before the first of them the marks enclose nothing, and then a known number of instructions:
 * what marking itself costs, and whether it is counted well.
 */
#include "embed.h"
#include "link.h"

#define IMAGE_SIZE 8192
#define DATA_SIZE 4096

static u8 image[IMAGE_SIZE] __attribute__((aligned(8)));
static u64 stack[VM_FRAMES * VM_FRAME_SIZE / 8];
static u64 data[DATA_SIZE / 8];
static const struct bpfvm_config config = {.budget = 100000000};
static struct bpfvm vm;
static struct bpfvm_areas areas = {.memory = data, .size = sizeof(data)};

/* Not to be inlined, nor cloned, nor found to do nothing. */
__attribute__((noipa)) void mark_begin(void)
{
}

__attribute__((noipa)) void mark_end(void)
{
}

static void run(u32 size)
{
	u64 result = 0;
	enum bpfvm_setup error;

	link_bytes(image, size);
	error = bpfvm_init_image(&vm, &config, image, size, &areas, stack, sizeof(stack));
	if (!error) {
		bpfvm_execute(&vm, &result); /* the first run alone clears all of the stack */
		mark_begin();
		bpfvm_execute(&vm, &result);
		mark_end();
	}
	link_put(error, 1);
	link_put(vm.st.stop, 1);
	link_put(vm.st.steps, 4);
	link_put(result, 8);
}

int main(void)
{
	u32 size;

	board_start();
	mark_begin();
	mark_end();
	mark_begin();
	__asm__ volatile(".rept 100\n\tnop\n\t.endr");
	mark_end();
	while ((size = (u32)link_number(4)) != 0 && size <= IMAGE_SIZE)
		run(size);
	board_exit(0);
}
