/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rings of samples, from guests to user space. Positions count bytes since ever, as in Linux: a
 * sample takes 8 bytes and itself, rounded up to 8. One that begins before the end of the ring goes
 * on behind it. The headers lie apart, where no guest writes.
 */
#ifndef BPFVM_MAP_RING_H
#define BPFVM_MAP_RING_H

#include "map_memory.h"

#define VM_MAP_NONE (-1L)
#define VM_SAMPLE_BUSY ((u32)1 << 31) /* in the header of a sample, above its size */
#define VM_SAMPLE_DROPPED ((u32)1 << 30)
#define VM_SAMPLE_LENGTH (VM_SAMPLE_DROPPED - 1)
#define VM_WAKE_FLAGS 3u /* BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP: user space polls */

enum { VM_RING_AVAILABLE, VM_RING_SIZE, VM_RING_CONSUMED, VM_RING_PRODUCED }; /* BPF_RB_... */

/* Bytes of the ring that a sample takes; 16 at least, so that each has a header of its own. */
VM_INLINE u32 vm_sample_room(u32 size)
{
	return size ? (size + 15) & ~(u32)7 : 16;
}

VM_INLINE u32 *vm_sample_header(u8 *mem, const struct vm_map *map, u64 position)
{
	u32 n = (u32)position & (map->max_entries - 1);

	return VM_AT(mem, map->elems + (n >> 4) * 4, u32);
}

/* Returns the offset of the sample from the values on, or VM_MAP_NONE. */
VM_INLINE long vm_ring_reserve(u8 *mem, u32 map_at, u32 size, u64 flags)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	u32 ring = map->max_entries, room = vm_sample_room(size);
	long sample = VM_MAP_NONE;
	u64 position;

	if (!vm_is(map, VM_MAP_RING) || flags || size > VM_SAMPLE_SIZE - 8 || room >= ring)
		return VM_MAP_NONE;
	if (!vm_lock(&map->lock))
		return VM_MAP_NONE;
	position = VM_PEEK(&map->produced);
	if (position + room - VM_ATOMIC_GET(&map->consumed) < ring) {
		VM_POKE(vm_sample_header(mem, map, position), size | VM_SAMPLE_BUSY);
		VM_ATOMIC_PUT(&map->produced, position + room);
		sample = (long)((position & (ring - 1)) + 8);
	}
	vm_unlock(&map->lock);
	return sample;
}

/*
 * Gives a reserved sample to user space, or drops it; 0, or -VM_EINVAL for one that is not
 * reserved. `sample` is what vm_ring_reserve returned.
 */
VM_INLINE long vm_ring_commit(u8 *mem, u32 map_at, u32 sample, u32 drop)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	u32 *header, was;

	if (!vm_is(map, VM_MAP_RING) || sample < 8 || sample - 8 >= map->max_entries)
		return -VM_EINVAL;
	header = vm_sample_header(mem, map, sample - 8);
	was = VM_PEEK(header);
	if (!(was & VM_SAMPLE_BUSY))
		return -VM_EINVAL;
	VM_ATOMIC_PUT(header, (was & ~VM_SAMPLE_BUSY) | (drop ? VM_SAMPLE_DROPPED : 0));
	return 0;
}

/* A sample in one go: 0, -VM_EINVAL (flags), -VM_EAGAIN (no room). */
VM_INLINE long vm_ring_output(u8 *mem, u32 map_at, vm_from_t from, u32 size, u64 flags)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	long sample;

	if (!vm_is(map, VM_MAP_RING) || flags & ~(u64)VM_WAKE_FLAGS)
		return -VM_EINVAL;
	sample = vm_ring_reserve(mem, map_at, size, 0);
	if (sample < 0)
		return -VM_EAGAIN;
	vm_copy_value(mem, map->values + (u32)sample, from, size);
	return vm_ring_commit(mem, map_at, (u32)sample, 0);
}

/* What bpf_ringbuf_query says. */
VM_INLINE u64 vm_ring_query(u8 *mem, u32 map_at, u64 what)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);
	u64 consumed = VM_ATOMIC_GET(&map->consumed);

	if (!vm_is(map, VM_MAP_RING))
		return 0;
	switch (what) {
	case VM_RING_AVAILABLE:
		return VM_ATOMIC_GET(&map->produced) - consumed;
	case VM_RING_SIZE:
		return map->max_entries;
	case VM_RING_CONSUMED:
		return consumed;
	case VM_RING_PRODUCED:
		return VM_ATOMIC_GET(&map->produced);
	}
	return 0;
}

/* Reads bytes that others may write meanwhile; `at` is a multiple of 8. Not in the kernel build. */
static inline void vm_memory_read(u8 *mem, u32 at, void *data, u32 size)
{
	for (u32 n = 0; n < size; n += 8) {
		u64 v = VM_PEEK(VM_AT(mem, at + n, u64));

		__builtin_memcpy((u8 *)data + n, &v, size - n < 8 ? size - n : 8);
	}
}

/*
 * User space takes the oldest sample: at most `size` bytes into `data`. Returns its full length, or
 * -VM_ENOENT if there is none or it is not ready. Each sample goes to one of those who ask.
 */
static inline long vm_ring_take(u8 *mem, u32 map_at, void *data, u32 size)
{
	struct vm_map *map = VM_AT(mem, map_at, struct vm_map);

	while (vm_is(map, VM_MAP_RING)) {
		u64 position = VM_ATOMIC_GET(&map->consumed), next;
		u64 produced = VM_ATOMIC_GET(&map->produced);
		u32 header, len;

		if (position == produced)
			break;
		header = VM_ATOMIC_GET(vm_sample_header(mem, map, position));
		if (header & VM_SAMPLE_BUSY)
			break;
		len = header & VM_SAMPLE_LENGTH;
		next = position + vm_sample_room(len);
		if (len > VM_SAMPLE_SIZE - 8 || produced - position >= map->max_entries ||
		    next - position > produced - position) {
			len = 0; /* not a header, or not a position: leave all of it */
			header = VM_SAMPLE_DROPPED;
			next = produced;
		}
		vm_memory_read(mem, map->values + ((u32)position & (map->max_entries - 1)) + 8,
			       data, len < size ? len : size);
		if (VM_ATOMIC_CAS(&map->consumed, position, next) == position &&
		    !(header & VM_SAMPLE_DROPPED))
			return (long)len;
	}
	return -VM_ENOENT;
}

#endif
