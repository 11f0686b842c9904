/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first instructions of an RV32: a stack, zeroed memory, main. */

#define FAULTED 99 /* status: the firmware itself did what the processor refuses */

	.option arch, +zicsr
	.section .start, "ax"
	.global reset
reset:
	la	sp, stack_top
	la	t0, faulted
	csrw	mtvec, t0
	la	t0, ram_zero_start
	la	t1, ram_zero_end
1:	bgeu	t0, t1, 2f
	sw	zero, 0(t0)
	addi	t0, t0, 4
	j	1b
2:	call	main
	call	board_exit

	.balign 4
faulted:
	li	a0, FAULTED
	call	board_exit
