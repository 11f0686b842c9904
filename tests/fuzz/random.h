/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random numbers of the differential test: a 64-bit state per program, so that any program can be
 * made again alone.
 */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stdbool.h>

#include "types.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct rng {
	u64 state;
};

/*
 * A counter, mixed: close seeds give unlike sequences. Never call it twice in one expression: then
 * the compiler would choose the order, and a seed would mean another program.
 */
static u64 rng_next(struct rng *rng)
{
	u64 z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0 to n - 1; n is above 0. */
static u32 rng_below(struct rng *rng, u32 n)
{
	return (u32)((rng_next(rng) >> 32) * n >> 32);
}

static bool rng_chance(struct rng *rng, u32 n, u32 of)
{
	return rng_below(rng, of) < n;
}

/*
 * Values at which operations change their behaviour, each also off by one, else any of 64 bits or a
 * small one.
 */
static u64 rng_value(struct rng *rng)
{
	static const u64 edges[] = {
		0, 1, 7, 8, 16, 31, 32, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xffffffff00000000, 0xffffffff80000000, 0x00ff00ff00ff00ff,
	};

	u64 value;

	switch (rng_below(rng, 4)) {
	case 0:
		return rng_next(rng);
	case 1:
		return rng_below(rng, 256);
	default:
		value = edges[rng_below(rng, COUNT(edges))] - 1;
		return value + rng_below(rng, 3);
	}
}

#endif
