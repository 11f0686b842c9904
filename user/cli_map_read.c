/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records that guests hand to user space: taken from a map, shown as bytes or by a type. */
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "cli_map_read.h"
#include "cli_maps.h"
#include "values.h"

#define RECORD_MAX 65536
#define LINE	   16 /* bytes in a line of a dump */

/* What the machine puts before a perf event. */
struct perf_header {
	u32 cpu;
	u32 size; /* of what the guest wrote; bytes of the packet follow */
};

/* False if it cannot be one: a guest wrote there what it liked. */
static bool split_header(struct cli_record *record)
{
	struct perf_header header;

	if (record->size < sizeof(header))
		return false;
	memcpy(&header, record->data, sizeof(header));
	record->cpu = header.cpu;
	record->has_cpu = true;
	record->data += sizeof(header);
	record->size -= sizeof(header);
	return true;
}

int cli_record_take(struct bpfvm_core *core, const struct bpfvm_image *image, u32 map,
		    struct cli_record *record)
{
	static u8 room[RECORD_MAX];
	int size;

	do {
		*record = (struct cli_record){0};
		size = bpfvm_core__map_read(core, map, room, sizeof(room));
		if (size < 0)
			return size;
		*record = (struct cli_record){
		    .data = room, .size = (u32)size < sizeof(room) ? (u32)size : sizeof(room)};
	} while (image->map[map].type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !split_header(record));
	return 0;
}

static void print_bytes(const u8 *data, u32 from, u32 size)
{
	for (u32 at = from; at < size; at += LINE) {
		u32 n = size - at < LINE ? size - at : LINE;

		printf("  %04x:", at);
		for (u32 i = 0; i < n; i++)
			printf(" %02x", data[at + i]);
		printf("%*s  ", (int)(LINE - n) * 3, "");
		for (u32 i = 0; i < n; i++)
			putchar(isprint(data[at + i]) && data[at + i] < 0x7f ? data[at + i] : '.');
		putchar('\n');
	}
}

/* Bytes of the record that are of the type that was asked for. */
static u32 typed_bytes(const struct cli_reader *r, const struct cli_record *record)
{
	return r->type && record->size >= r->type_size ? r->type_size : 0;
}

static void print_text(const struct cli_reader *r, const struct cli_record *record)
{
	u32 typed = typed_bytes(r, record);
	char *text;

	if (record->has_cpu)
		printf("cpu %u, ", record->cpu);
	printf("%u byte%s", record->size, record->size == 1 ? "" : "s");
	if (typed) {
		text = bpfvm_value__text(r->image->btf, r->type, record->data, typed);
		if (!text)
			cli_no_memory();
		printf(": %s", text);
		free(text);
	}
	putchar('\n');
	print_bytes(record->data, typed, record->size);
}

static void print_json(const struct cli_reader *r, const struct cli_record *record)
{
	u32 typed = typed_bytes(r, record);
	json_t *o = cli_pack("{s:o, s:I}", "map", cli_string(r->image->map[r->map].name), "size",
			     (json_int_t)record->size);

	if (record->has_cpu)
		cli_set(o, "cpu", cli_pack("I", (json_int_t)record->cpu));
	if (typed)
		cli_set(o, "value", cli_value(r->image->btf, r->type, record->data, typed));
	if (!typed || record->size > typed)
		cli_set(o, typed ? "rest" : "data",
			cli_value(NULL, 0, record->data + typed, record->size - typed));
	cli_json(o);
}

int cli_read_records(struct cli_reader *r, struct bpfvm_core *core)
{
	struct cli_record record;
	int ret = 0;

	while (r->done < r->count) {
		ret = cli_record_take(core, r->image, r->map, &record);
		if (ret)
			break;
		if (cli.format == CLI_TEXT)
			print_text(r, &record);
		else
			print_json(r, &record);
		r->done++;
	}
	fflush(stdout);
	return ret == -ENOENT ? 0 : ret;
}
