/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The compiled machine, bpf/bpfvm.bpf.c, as bytes of the library. */
	.section .rodata
	.globl machine_object, machine_object_end
	.balign 8
machine_object:
	.incbin OBJECT
machine_object_end:
	.section .note.GNU-stack, "", @progbits
