/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records that guests hand to user space, as `loader map read` shows them. */
#ifndef BPFVM_CLI_MAP_READ_H
#define BPFVM_CLI_MAP_READ_H

#include "cli_output.h"

/* Of a PERF_EVENT_ARRAY it has the CPU where it was written. */
struct cli_record {
	const u8 *data; /* valid until the next one is taken */
	u32 size;
	bool has_cpu;
	u32 cpu;
};

/* Takes the next record out of a RINGBUF or PERF_EVENT_ARRAY; 0, -ENOENT if there is none. */
int cli_record_take(struct bpfvm_core *core, const struct bpfvm_image *image, u32 map,
		    struct cli_record *record);

/* A map that is read from, perhaps in several rounds. */
struct cli_reader {
	const struct bpfvm_image *image;
	u32 map;	     /* a RINGBUF or PERF_EVENT_ARRAY of it */
	u32 type, type_size; /* in its BTF, of what a record begins with; 0: bytes */
	u64 count, done;     /* most records that are wanted, and those that came */
};

/* Takes and prints the records that are there; 0 or -errno. */
int cli_read_records(struct cli_reader *reader, struct bpfvm_core *core);

#endif
