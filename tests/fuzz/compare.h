/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs a sample on every core in every way and finds the first difference. */
#ifndef FUZZ_COMPARE_H
#define FUZZ_COMPARE_H

#include "forms.h"
#include "helpers.h"
#include "sample.h"

#define CORES 8
#define SLICES 12 /* most pieces that a run is cut into */

enum mode { ONCE, AGAIN, SLICED, MODES };
static const char *const mode_names[MODES] = {"in one go", "a second time", "in slices"};

/* All that a guest can leave behind. */
struct outcome {
	struct bpfvm_result result;
	u32 start[VM_REGIONS + 1]; /* of each region in `memory` */
	u8 *memory;
	size_t size; /* of the buffer */
};

struct cores {
	struct bpfvm_core *core[CORES];
	const char *name[CORES];
	u32 count;
	struct bpfvm_core *tracer; /* a host core that runs step by step */
};

/* Where two runs of a sample differ; `text` is empty as long as they do not. */
struct difference {
	char text[256];
	char first_name[48], second_name[48]; /* which runs these are */
	struct outcome first, second;
};

/* Copies what the guest left in its memory. */
static int keep_memory(struct bpfvm_core *core, struct outcome *o)
{
	u32 used = 0;

	for (u32 i = 0; i < VM_REGIONS; i++) {
		u32 size;
		const u8 *data = bpfvm_core__region(core, i, &size);

		o->start[i] = used;
		if (used + (size_t)size > o->size) {
			u8 *more = realloc(o->memory, used + size);

			if (!more)
				return -ENOMEM;
			o->memory = more;
			o->size = used + size;
		}
		if (size)
			memcpy(o->memory + used, data, size);
		used += size;
	}
	o->start[VM_REGIONS] = used;
	return 0;
}

static int run_sliced(struct bpfvm_core *core, const struct sample *s, struct bpfvm_result *result,
		      struct bpfvm_error *err)
{
	struct rng rng = s->slices;
	u64 left = s->budget;
	int ret = 0;

	for (u32 i = 0; i < SLICES && !ret; i++) {
		u32 most = rng_chance(&rng, 1, 2) ? 20 : (u32)left;
		u64 piece = i + 1 < SLICES ? rng_below(&rng, most + 1) : left;

		if (piece > left)
			piece = left;
		ret = i ? bpfvm_core__resume(core, piece, result, err) :
			  bpfvm_core__run(core, piece, result, err);
		left -= piece;
		if (!left || result->stop != VM_TRAP_STEPS)
			break;
	}
	return ret;
}

static int execute(struct bpfvm_core *core, const struct sample *s, enum mode mode,
		   struct outcome *o, struct bpfvm_error *err)
{
	int ret = 0;

	if (mode != AGAIN)
		ret = bpfvm_core__load(core, s->image, err);
	if (!ret && mode != AGAIN && s->packet_size)
		ret = bpfvm_core__packet(core, s->packet, s->packet_size, err);
	if (!ret)
		ret = mode == SLICED ? run_sliced(core, s, &o->result, err) :
				       bpfvm_core__run(core, s->budget, &o->result, err);
	o->result.ns = 0;
	return ret ? ret : keep_memory(core, o);
}

/* Names the first thing in which two outcomes differ; false if there is none. */
static bool differ(const struct outcome *a, const struct outcome *b, char *text, size_t size)
{
	u32 i = 0;

	if (memcmp(&a->result, &b->result, sizeof(a->result))) {
		snprintf(text, size, "the results differ");
		return true;
	}
	if (memcmp(a->start, b->start, sizeof(a->start))) {
		snprintf(text, size, "the regions have other sizes");
		return true;
	}
	if (!memcmp(a->memory, b->memory, a->start[VM_REGIONS]))
		return false;
	while (a->memory[i] == b->memory[i])
		i++;
	for (u32 r = 0; r < VM_REGIONS; r++)
		if (i >= a->start[r] && i < a->start[r + 1])
			snprintf(text, size, "region %u differs at offset %u: 0x%02x and 0x%02x", r,
				 i - a->start[r], a->memory[i], b->memory[i]);
	return true;
}

/* One way to run the sample, on every core; the first core's outcome stays in d->first. */
static bool agree_mode(const struct cores *c, const struct sample *s, enum mode mode,
		       struct difference *d)
{
	struct bpfvm_error err;

	for (u32 i = 0; i < c->count; i++) {
		bool reference = !i && mode != SLICED;
		struct outcome *o = reference ? &d->first : &d->second;
		char *name = reference ? d->first_name : d->second_name;

		snprintf(name, sizeof(d->first_name), "%s, %s", c->name[i], mode_names[mode]);
		if (execute(c->core[i], s, mode, o, &err)) {
			snprintf(d->text, sizeof(d->text), "%.60s: %.180s", name, err.text);
			return false;
		}
		if (!reference && differ(&d->first, &d->second, d->text, sizeof(d->text)))
			return false;
	}
	return true;
}

/*
 * Every way on every core. A run on a packet cannot be suspended. The second run goes last, since
 * it begins with other memory; d->first is put back for the caller's statistics.
 */
static bool agree(const struct cores *c, const struct sample *s, struct difference *d)
{
	struct bpfvm_result result;
	bool same;

	d->text[0] = 0;
	same = agree_mode(c, s, ONCE, d) && (s->packet_size || agree_mode(c, s, SLICED, d));
	if (!same || !s->again)
		return same;
	result = d->first.result;
	/* each core still has its guest, and the memory that one go and slices leave alike */
	if (!agree_mode(c, s, AGAIN, d))
		return false;
	d->first.result = result;
	return true;
}

/* What a run step by step saw. */
struct trace {
	struct bpfvm_result result; /* how it ended, or where it was left */
	bool varies;		    /* called a helper whose result cannot be compared */
};

static bool trace_step(const struct sample *s, const u16 *form_at, struct trace *t, u32 pc)
{
	const struct vm_insn *in = &s->image->code[pc];
	struct form *form = &forms[form_at[pc]];

	if (in->code == 0x8d && vm_dst(in) <= 10)
		t->varies |= helper_varies(t->result.reg[vm_dst(in)]);
	if (form_at[pc] == form_count)
		return !t->varies;
	form->executed++;
	form->accepted += s->accepted;
	return !t->varies;
}

/* Runs a sample one instruction at a time, at most `steps`, and counts the forms. */
static int trace(const struct cores *c, const struct sample *s, u64 steps, struct trace *t,
		 struct bpfvm_error *err)
{
	static u16 form_at[BPFVM_CODE];
	int ret = bpfvm_core__load(c->tracer, s->image, err);

	memset(t, 0, sizeof(*t));
	for (u32 i = 0; i < s->image->len; i++)
		form_at[i] = (u16)form_of(&s->image->code[i]);
	if (!ret && s->packet_size)
		ret = bpfvm_core__packet(c->tracer, s->packet, s->packet_size, err);
	if (!ret)
		ret = bpfvm_core__run(c->tracer, 0, &t->result, err);
	for (u64 i = 0; i < steps && !ret && t->result.stop == VM_TRAP_STEPS; i++) {
		u32 pc = t->result.pc;

		if (pc < s->image->len && !trace_step(s, form_at, t, pc))
			break;
		ret = bpfvm_core__resume(c->tracer, 1, &t->result, err);
	}
	t->result.ns = 0;
	return ret;
}

#endif
