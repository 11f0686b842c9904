/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_elf: a program of LENGTH instructions. */
#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

asm(".section xdp, \"ax\", @progbits\n"
    ".globl long_program\n"
    ".type long_program, @function\n"
    "long_program:\n"
    ".rept " NUMBER(LENGTH) " - 1\n"
    "r0 = 7\n"
    ".endr\n"
    "exit\n"
    ".size long_program, . - long_program\n");
