/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files of captured packets (pcap, pcapng), and the corpus of packets as if it were one. */
#ifndef BPFVM_CLI_CAPTURE_H
#define BPFVM_CLI_CAPTURE_H

#include <sys/time.h>

#include "cli_output.h"

struct cli_packet {
	const u8 *data; /* valid until the next one is read */
	u32 size;
	u64 number; /* from 1 on */
	struct timeval time; /* tv_usec in ns; of the capture */
};

/* Where packets come from. */
struct cli_capture;

/* Ethernet captures only. CLI_OK, or CLI_FAILED after printing why. */
int cli_capture_open(const char *path, struct cli_capture **capture);

/* `count` packets of the corpus with this seed. */
struct cli_capture *cli_capture_generate(u64 count, u64 seed);

/* 1: `packet` is filled in; 0: there are no more; -1: the file is damaged, which was printed. */
int cli_capture_next(struct cli_capture *capture, struct cli_packet *packet);
void cli_capture_close(struct cli_capture *capture);

/* Writes packets to a new pcap file. */
struct cli_capture_file;
int cli_capture_create(const char *path, struct cli_capture_file **file);
void cli_capture_write(struct cli_capture_file *file, const struct timeval *time, const u8 *data,
		       u32 size);

/* CLI_OK, or CLI_FAILED after printing why not all of it is written. NULL is fine. */
int cli_capture_finish(struct cli_capture_file *file);

#endif
