/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guest of a replay as the kernel itself runs it: loaded by libbpf, run by test runs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_replay.h"

#define OUT_MAX (1u << 17) /* a packet may grow */
#define PERF_PAGES 64

/* Where a map's records go. */
struct tap {
	struct replay_native *native;
	u32 map;
	struct perf_buffer *perf; /* NULL: not of that kind */
};

struct replay_native {
	const struct bpfvm_image *image;
	struct bpf_object *object;
	int prog;
	struct tap *tap; /* by map of the image */
	struct ring_buffer *rings;
	struct replay_records records;
	u8 *out;
};

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (!p)
		cli_no_memory();
	return p;
}

void replay_records_add(struct replay_records *r, u32 map, const void *data, u32 size)
{
	struct replay_record *record;

	if (r->count == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		r->record = realloc(r->record, r->room * sizeof(*r->record));
		if (!r->record)
			cli_no_memory();
	}
	record = &r->record[r->count++];
	record->map = map;
	record->size = size;
	record->data = allocate(size, 1);
	memcpy(record->data, data, size);
}

void replay_records_clear(struct replay_records *r)
{
	for (u32 i = 0; i < r->count; i++)
		free(r->record[i].data);
	free(r->record);
	*r = (struct replay_records){0};
}

static int on_ring(void *arg, void *data, size_t size)
{
	struct tap *tap = arg;

	replay_records_add(&tap->native->records, tap->map, data, (u32)size);
	return 0;
}

static void on_perf(void *arg, int cpu, void *data, u32 size)
{
	(void)cpu;
	on_ring(arg, data, size);
}

/* Begins to listen to the maps that hold records; 0 or -errno. */
static int open_taps(struct replay_native *n)
{
	int err = 0;

	for (u32 i = 0; i < n->image->maps && !err; i++) {
		struct tap *tap = &n->tap[i];
		int fd = replay_native_map(n, i);

		*tap = (struct tap){.native = n, .map = i};
		if (n->image->map[i].type == BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
			tap->perf = perf_buffer__new(fd, PERF_PAGES, on_perf, NULL, tap, NULL);
			err = tap->perf ? 0 : -errno;
		} else if (n->image->map[i].type == BPF_MAP_TYPE_RINGBUF && n->rings) {
			err = ring_buffer__add(n->rings, fd, on_ring, tap);
		} else if (n->image->map[i].type == BPF_MAP_TYPE_RINGBUF) {
			n->rings = ring_buffer__new(fd, on_ring, tap, NULL);
			err = n->rings ? 0 : -errno;
		}
	}
	return err;
}

/* A PROG_ARRAY needs all programs; else the others may be what the kernel refuses. */
static bool all_programs(const struct bpfvm_image *image)
{
	for (u32 i = 0; i < image->maps; i++)
		if (image->map[i].type == BPF_MAP_TYPE_PROG_ARRAY)
			return true;
	return false;
}

static int load(struct replay_native *n)
{
	struct bpf_program *prog, *wanted = NULL;
	bool all = all_programs(n->image);
	int err;

	n->object = bpf_object__open_file(n->image->path, NULL);
	if (!n->object)
		return -errno;
	bpf_object__for_each_program(prog, n->object) {
		bool this = !strcmp(bpf_program__name(prog), n->image->name);

		bpf_program__set_autoload(prog, this || all);
		wanted = this ? prog : wanted;
	}
	if (!wanted)
		return -ENOENT;
	if (!all) /* a section's name need not be one that this libbpf knows */
		bpf_program__set_type(wanted, n->image->kind == BPFVM_KIND_TC ?
						      BPF_PROG_TYPE_SCHED_CLS :
						      BPF_PROG_TYPE_XDP);
	err = bpf_object__load(n->object);
	n->prog = bpf_program__fd(wanted);
	return err ? err : open_taps(n);
}

int replay_native_open(const struct bpfvm_image *image, struct replay_native **native)
{
	struct replay_native *n = allocate(1, sizeof(*n));
	int err;

	n->image = image;
	n->tap = allocate(image->maps, sizeof(*n->tap));
	n->out = allocate(OUT_MAX, 1);
	err = load(n);
	if (err) {
		cli_error("-vv shows what the kernel says; as a guest it runs without it",
			  "%s: %s: the kernel does not take it as its own: %s", image->path,
			  image->name, strerror(-err));
		replay_native_close(n);
		return CLI_FAILED;
	}
	*native = n;
	return CLI_OK;
}

void replay_native_close(struct replay_native *n)
{
	if (!n)
		return;
	for (u32 i = 0; i < n->image->maps; i++)
		if (n->tap[i].perf)
			perf_buffer__free(n->tap[i].perf);
	ring_buffer__free(n->rings);
	bpf_object__close(n->object);
	replay_records_clear(&n->records);
	free(n->tap);
	free(n->out);
	free(n);
}

int replay_native_run(struct replay_native *n, const struct cli_packet *packet,
		      struct replay_outcome *outcome)
{
	bool tc = n->image->kind == BPFVM_KIND_TC;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->data, .data_size_in = packet->size,
		    .data_out = n->out, .data_size_out = OUT_MAX,
		    .ctx_out = tc ? &outcome->skb : NULL,
		    .ctx_size_out = tc ? sizeof(outcome->skb) : 0, .repeat = 1);
	int err;

	memset(outcome, 0, sizeof(*outcome));
	do {
		err = bpf_prog_test_run_opts(n->prog, &opts);
	} while (err == -EINTR || err == -EAGAIN);
	if (err)
		return err;
	outcome->verdict = opts.retval;
	outcome->data = n->out;
	outcome->size = opts.data_size_out;
	return 0;
}

int replay_native_map(const struct replay_native *n, u32 map)
{
	return bpf_object__find_map_fd_by_name(n->object, n->image->map[map].name);
}

/* libbpf puts the beginning of the object's name before that of the section. */
int replay_native_variables(const struct replay_native *n, const char *section)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, n->object) {
		const char *dot = strchr(bpf_map__name(map), '.');

		if (bpf_map__is_internal(map) && dot && !strcmp(dot, section))
			return bpf_map__fd(map);
	}
	return -1;
}

void replay_native_records(struct replay_native *n, struct replay_records *records)
{
	replay_records_clear(records);
	for (u32 i = 0; i < n->image->maps; i++)
		if (n->tap[i].perf)
			perf_buffer__consume(n->tap[i].perf);
	if (n->rings)
		ring_buffer__consume(n->rings);
	*records = n->records;
	n->records = (struct replay_records){0};
}
