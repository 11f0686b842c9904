/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A guest that packets are replayed to, perhaps beside the same object in the kernel itself. */
#ifndef BPFVM_CLI_REPLAY_H
#define BPFVM_CLI_REPLAY_H

#include <linux/bpf.h>

#include "cli_capture.h"

/* What a run on one packet came to, on either side. */
struct replay_outcome {
	u32 verdict;
	u32 size;
	const u8 *data; /* the packet afterwards; valid until the next run */
	struct __sk_buff skb; /* of tc guests, what test runs tell of it */
};

/* What a guest wrote into a RINGBUF or PERF_EVENT_ARRAY map. */
struct replay_record {
	u32 map; /* index in the image */
	u32 size;
	u8 *data;
};
struct replay_records {
	struct replay_record *record;
	u32 count, room;
};
void replay_records_add(struct replay_records *records, u32 map, const void *data, u32 size);
void replay_records_clear(struct replay_records *records);

/* The object as the kernel verified and compiled it. */
struct replay_native;

/* CLI_OK, or CLI_FAILED after saying why the kernel does not take it. */
int replay_native_open(const struct bpfvm_image *image, struct replay_native **native);
void replay_native_close(struct replay_native *native);

/* 0, or -errno if the kernel makes no test run with such a packet. */
int replay_native_run(struct replay_native *native, const struct cli_packet *packet,
		      struct replay_outcome *outcome);

/* The fd of a map by its index in the image; that of a section of variables by its name, or -1. */
int replay_native_map(const struct replay_native *native, u32 map);
int replay_native_variables(const struct replay_native *native, const char *section);

/* All records since the last call; `records` is cleared first. */
void replay_native_records(struct replay_native *native, struct replay_records *records);

#define REPLAY_VERDICTS 16 /* more than there are */

/* What is being replayed, what came of it, and how the two sides differ. */
struct replay {
	const struct bpfvm_image *image;
	struct bpfvm_core *core;
	struct replay_native *native; /* NULL: there is only one side */
	struct cli_capture_file *changed_file; /* for packets that the guest changed, or NULL */
	u64 budget; /* instructions for a packet */
	const char *const *ignored; /* maps and sections that may differ; NULL at the end */
	u64 packets, skipped, changed, insns;
	u64 verdict[REPLAY_VERDICTS]; /* packets; what is no verdict is what the kernel makes of it */
	struct {
		u64 packets, first; /* the latter is a number of a packet */
		u32 insn;	    /* of that one */
	} trap[VM_STOPS];
	json_t *differences; /* the first ones: packet or null, what, machine, native */
	u64 differing;	     /* all of them */
	u64 records, entries; /* that were compared: of rings, of maps */
};

/*
 * Shows it to the guest, counts, and compares. CLI_OK, or CLI_FAILED if there is no going on. A
 * packet that cannot be run is skipped.
 */
int replay_packet(struct replay *r, const struct cli_packet *packet);

/* Notes a difference, of packet `number` or, 0, at the end. Takes both values. */
void replay_differ(struct replay *r, u64 number, json_t *what, json_t *machine, json_t *native);

/* "hex:00ff..." of bytes, shortened if there are many. */
json_t *replay_hex(const u8 *data, u32 size);

/* What a packet's runs wrote into rings; then the contents of all maps and variables. */
void replay_compare_records(struct replay *r, u64 number);
void replay_compare_maps(struct replay *r);

/* Does what the lines of a file say, see cli_lines_do(), on both sides; an exit code. */
int replay_setup(struct replay *r, const char *path);

#endif
