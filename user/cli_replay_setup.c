/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the maps of a replayed guest hold before the first packet, on both sides. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_maps.h"
#include "cli_replay.h"

/* The kernel has no update of one CPU's value: the others' are read before. */
static int update_native(void *arg, const struct cli_map *m)
{
	const struct replay *r = arg;
	u32 cpus = cli_map_is_percpu(m->map) ? (u32)libbpf_num_possible_cpus() : 1;
	u8 *values = calloc(cpus, m->stride + !m->stride);
	int fd = replay_native_map(r->native, m->number), err = 0;

	if (!values)
		cli_no_memory();
	if (m->cpu != CLI_ALL_CPUS && bpf_map_lookup_elem(fd, m->key, values) && errno != ENOENT)
		err = -errno;
	for (u32 i = 0; i < cpus; i++)
		if (m->cpu == CLI_ALL_CPUS || m->cpu == i)
			memcpy(values + (size_t)i * m->stride, m->value, m->map->value_size);
	if (!err && bpf_map_update_elem(fd, m->key, values, m->flags))
		err = -errno;
	free(values);
	return err;
}

int replay_setup(struct replay *r, const char *path)
{
	const struct cli_lines lines = {.image = r->image,
					.core = r->core,
					.also = r->native ? update_native : NULL,
					.arg = r};

	return cli_lines_do(&lines, path);
}
