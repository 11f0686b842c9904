/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sample of a seed: how it comes to be is drawn, then its program. */
#ifndef FUZZ_MAKE_H
#define FUZZ_MAKE_H

#include "generate.h"

/* The program of a seed, with what surrounds it. */
static int make_sample(u64 seed, struct sample *s, struct bpfvm_error *err)
{
	static const u32 shares[ORIGINS] = {50, 65, 90, 97, 100}; /* percent, summed up */
	static struct gen g;
	struct rng rng = {seed};
	u32 percent = rng_below(&rng, 100);
	int ret = sample_begin(&rng, s, err);

	if (ret)
		return ret;
	s->seed = seed;
	while (percent >= shares[s->origin])
		s->origin++;
	g.rng = &rng;
	memset(g.start, 0, sizeof(g.start));
	if (s->origin == SOUP)
		generate_soup(&g, &rng);
	else if (s->origin == BYTES)
		generate_bytes(&g, &rng);
	else
		generate(&g, &rng, s, s->origin == CLEAN ? 0 : rng_below(&rng, 30));
	if (s->origin == MUTATED)
		mutate(&g);
	tame(&g, &rng, sample_where(s));
	sample_programs(&g, s->image);
	if (s->origin == MUTATED && rng_chance(&rng, 1, 32))
		s->image->entry = rng_below(&rng, g.len);
	return sample_code(s, g.code, g.len);
}

#endif
