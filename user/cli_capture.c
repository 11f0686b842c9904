/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files of captured packets, by libpcap, and the corpus of packets as if it were one. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* libpcap wants the types of BSD */
#endif
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "cli_capture.h"
#include "corpus.h"

#define SNAPLEN 262144 /* what tcpdump takes for "all of it" */

struct cli_capture {
	const char *path;
	pcap_t *pcap; /* NULL: generated */
	u64 seed, count;
	u64 number; /* packets so far */
	u8 data[BPFVM_CORPUS_MAX];
};

struct cli_capture_file {
	const char *path;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	int err; /* errno of the first write that failed */
};

static struct cli_capture *new_capture(void)
{
	struct cli_capture *c = calloc(1, sizeof(*c));

	if (!c)
		cli_no_memory();
	return c;
}

/* libpcap names the file in some of its messages, but not in all. */
static void complain(const char *path, const char *why, const char *hint)
{
	size_t n = strlen(path);

	if (!strncmp(why, path, n) && !strncmp(why + n, ": ", 2))
		why += n + 2;
	cli_error(hint, "%s: %s", path, why);
}

int cli_capture_open(const char *path, struct cli_capture **capture)
{
	char why[PCAP_ERRBUF_SIZE];
	const char *name;
	pcap_t *pcap;

	pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap) {
		complain(path, why, "a capture of `tcpdump -w`, in pcap or pcapng");
		return CLI_FAILED;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		name = pcap_datalink_val_to_name(pcap_datalink(pcap));
		cli_error("guests see Ethernet frames: capture on an interface that has them",
			  "%s: packets are of link type %s, not EN10MB", path,
			  name ? name : "unknown");
		pcap_close(pcap);
		return CLI_FAILED;
	}
	*capture = new_capture();
	(*capture)->path = path;
	(*capture)->pcap = pcap;
	return CLI_OK;
}

struct cli_capture *cli_capture_generate(u64 count, u64 seed)
{
	struct cli_capture *c = new_capture();

	c->count = count;
	c->seed = seed;
	return c;
}

int cli_capture_next(struct cli_capture *c, struct cli_packet *packet)
{
	struct pcap_pkthdr *header;
	int n;

	if (!c->pcap && c->number == c->count)
		return 0;
	if (!c->pcap) {
		packet->size = bpfvm_corpus__packet(c->seed, c->number, c->data);
		packet->data = c->data;
		packet->time = (struct timeval){0};
	} else {
		n = pcap_next_ex(c->pcap, &header, &packet->data);
		if (n == PCAP_ERROR_BREAK)
			return 0;
		if (n != 1) {
			complain(c->path, pcap_geterr(c->pcap), "was it cut off? capture it again");
			return -1;
		}
		packet->size = header->caplen;
		packet->time = header->ts;
	}
	packet->number = ++c->number;
	return 1;
}

void cli_capture_close(struct cli_capture *c)
{
	if (c && c->pcap)
		pcap_close(c->pcap);
	free(c);
}

int cli_capture_create(const char *path, struct cli_capture_file **file)
{
	struct cli_capture_file *f = calloc(1, sizeof(*f));

	if (!f)
		cli_no_memory();
	f->path = path;
	f->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
						       PCAP_TSTAMP_PRECISION_NANO);
	if (!f->pcap)
		cli_no_memory();
	f->dumper = pcap_dump_open(f->pcap, path);
	if (!f->dumper) {
		complain(path, pcap_geterr(f->pcap), NULL);
		pcap_close(f->pcap);
		free(f);
		return CLI_FAILED;
	}
	*file = f;
	return CLI_OK;
}

void cli_capture_write(struct cli_capture_file *f, const struct timeval *time, const u8 *data,
		       u32 size)
{
	struct pcap_pkthdr header = {.ts = *time, .caplen = size, .len = size};

	pcap_dump((u_char *)f->dumper, &header, data); /* which tells nothing */
	if (!f->err && ferror(pcap_dump_file(f->dumper)))
		f->err = errno;
}

int cli_capture_finish(struct cli_capture_file *f)
{
	int code = CLI_OK;

	if (!f)
		return CLI_OK;
	if (pcap_dump_flush(f->dumper) && !f->err)
		f->err = errno;
	if (f->err) {
		cli_error(NULL, "%s: %s", f->path, strerror(f->err));
		code = CLI_FAILED;
	}
	pcap_dump_close(f->dumper);
	pcap_close(f->pcap);
	free(f);
	return code;
}
