/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An image as a header of C. */
#ifndef BPFVM_CLI_C_ARRAY_H
#define BPFVM_CLI_C_ARRAY_H

#include "cli_output.h"

/* The text of a header that defines the bytes of an image as PROGRAM_image; freed by the caller. */
char *cli_c_array(const struct bpfvm_image *image, const u8 *bytes, u32 size);

#endif
