/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a person gets to see: a failure with all that is needed to run it again, and the figures of
 * a whole run.
 */
#ifndef FUZZ_REPORT_H
#define FUZZ_REPORT_H

#include "compare.h"

struct totals {
	u64 programs, accepted, skipped;
	u64 origin[ORIGINS];
	u64 origin_exit[ORIGINS]; /* of these, how many exited */
	u64 stop[VM_STOPS];
	u64 kind[3]; /* enum bpfvm_kind */
	u64 steps, again, sliced, traced, longest;
	double seconds;
};

#define ULL(n) ((unsigned long long)(n))

static void print_code(FILE *to, const struct bpfvm_image *image)
{
	char text[128];

	for (u32 i = 0; i < image->len; i++) {
		const struct vm_insn *in = &image->code[i];

		bpfvm_insn__text(in, i + 1 < image->len ? in + 1 : NULL, text, sizeof(text));
		fprintf(to, "  %4u: %s\n", i, text);
	}
}

static void print_result(FILE *to, const char *name, const struct bpfvm_result *r)
{
	fprintf(to, "%s: %s at %u after %llu steps\n", name, bpfvm_stop__name(r->stop), r->pc,
		ULL(r->steps));
	for (u32 i = 0; i < 11; i++)
		fprintf(to, "  r%u = 0x%llx%s", i, ULL(r->reg[i]), i % 4 == 3 ? "\n" : "");
	fprintf(to, "\n");
	if (r->fault_size)
		fprintf(to, "  fault: 0x%llx, %u bytes, access %u\n", ULL(r->fault_addr),
			r->fault_size, r->fault_access);
}

static void print_hex(FILE *to, const char *name, const void *data, size_t size)
{
	fprintf(to, "%s ", name);
	for (size_t i = 0; i < size; i++)
		fprintf(to, "%02x", ((const u8 *)data)[i]);
	fprintf(to, "\n");
}

/* All of a sample, in hex, one line each; lines of memory begin with region:access. */
static void print_sample(FILE *to, const struct sample *s)
{
	const struct bpfvm_image *image = s->image;
	char name[32];

	fprintf(to, "# fuzz --seed %llu --count 1 makes this program (%s)\n", ULL(s->seed),
		origin_names[s->origin]);
	fprintf(to, "kind %u\nentry %u\nbudget %llu\nr1 0x%llx\nr2 0x%llx\n", image->kind,
		image->entry, ULL(s->budget), ULL(image->arg[0]), ULL(image->arg[1]));
	print_hex(to, "code", image->code, image->len * sizeof(*image->code));
	if (s->packet_size)
		print_hex(to, "packet", s->packet, s->packet_size);
	for (u32 i = 0; i < VM_REGIONS; i++) {
		snprintf(name, sizeof(name), "region %u:%u", i, image->area[i].access);
		if (image->area[i].size)
			print_hex(to, name, image->area[i].data, image->area[i].size);
	}
}

static void write_reproducer(const struct sample *s)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "fuzz-%llu.hex", ULL(s->seed));
	f = fopen(path, "w");
	if (!f) {
		printf("%s: %s\n", path, strerror(errno));
		return;
	}
	print_sample(f, s);
	fclose(f);
	printf("written to %s\n", path);
}

static void report_failure(const struct sample *s, const struct difference *d)
{
	printf("seed %llu (%s, %s by the checker): %s\n", ULL(s->seed), origin_names[s->origin],
	       s->accepted ? "accepted" : "refused", d->text);
	print_code(stdout, s->image);
	print_result(stdout, d->first_name, &d->first.result);
	print_result(stdout, d->second_name, &d->second.result);
	write_reproducer(s);
}

static void count(struct totals *t, const struct sample *s, const struct bpfvm_result *r)
{
	t->programs++;
	t->accepted += s->accepted;
	t->origin[s->origin]++;
	t->origin_exit[s->origin] += r->stop == VM_STOP_EXIT;
	t->stop[r->stop]++;
	t->kind[s->image->kind]++;
	t->steps += r->steps;
	t->longest += r->steps >= 1000;
	t->again += s->again;
	t->sliced += !s->packet_size;
	t->traced += s->trace;
}

static void print_totals(const struct totals *t, const struct cores *c)
{
	u64 n = t->programs ? t->programs : 1;

	printf("cores     ");
	for (u32 i = 0; i < c->count; i++)
		printf(" %s", c->name[i]);
	printf("\nprograms   %llu: %llu plain, %llu xdp, %llu tc\n", ULL(t->programs),
	       ULL(t->kind[0]), ULL(t->kind[1]), ULL(t->kind[2]));
	printf("checker    accepted %llu, refused %llu\n", ULL(t->accepted),
	       ULL(t->programs - t->accepted));
	for (u32 i = 0; i < ORIGINS; i++)
		printf("  %-8s %llu, %llu exited\n", origin_names[i], ULL(t->origin[i]),
		       ULL(t->origin_exit[i]));
	printf("stops     ");
	for (u32 i = 0; i < VM_STOPS; i++)
		if (t->stop[i])
			printf(" %s %llu", bpfvm_stop__name(i), ULL(t->stop[i]));
	printf("\nsteps      %llu, %llu per program; %llu programs ran for 1000 and more\n",
	       ULL(t->steps), ULL(t->steps / n), ULL(t->longest));
	printf("also run   %llu in slices, %llu a second time, %llu step by step\n", ULL(t->sliced),
	       ULL(t->again), ULL(t->traced));
	if (t->skipped)
		printf("left out   %llu called a clock or the like through a register\n",
		       ULL(t->skipped));
	printf("coverage   %u of %u forms of instructions executed\n", form_count - forms_missed(),
	       form_count);
	printf("rate       %.0f programs/s\n", (double)t->programs / t->seconds);
}

#endif
