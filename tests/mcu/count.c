/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A plugin of QEMU's: counts the instructions that the emulated processor executes from each
 * arrival at address `begin` to the next one at address `end`.
 *
 *	-plugin count.so,begin=0x...,end=0x...,to=FILE[,trace=FILE]
 *
 * The first file gets a line `span N` for each of these stretches, in their order, and in the end a
 * line `at 0xADDRESS N` for each address that was executed in any of them; the second one, these
 * addresses in the order in which they were executed.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What is used of QEMU's plugin interface, version 1 (QEMU 4.2 to 8.2). Debian has no package with
 * its header.
 */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

extern __attribute__((visibility("default"))) int qemu_plugin_version;
int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu, void *data),
					    enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data), void *data);
__attribute__((visibility("default"))) int
qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

/* An instruction of the emulated program; the same one again if it is translated again. */
struct place {
	struct place *next;
	uint64_t at, count;
};

static struct place *places;
static uint64_t begin, end, span;
static bool counting;
static FILE *to, *trace;

static void executed(unsigned int vcpu, void *data)
{
	struct place *p = data;

	(void)vcpu;
	if (p->at == begin) {
		counting = true;
		span = 0;
	} else if (p->at == end && counting) {
		counting = false;
		fprintf(to, "span %" PRIu64 "\n", span);
	} else if (counting) {
		p->count++;
		span++;
		if (trace)
			fprintf(trace, "0x%" PRIx64 "\n", p->at);
	}
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct place *p = calloc(1, sizeof(*p));

		if (!p)
			abort();
		p->at = qemu_plugin_insn_vaddr(insn);
		p->next = places;
		places = p;
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, p);
	}
}

static void finish(uint64_t id, void *data)
{
	(void)id, (void)data;
	for (struct place *p = places; p; p = p->next)
		if (p->count)
			fprintf(to, "at 0x%" PRIx64 " %" PRIu64 "\n", p->at, p->count);
	fclose(to);
	if (trace)
		fclose(trace);
}

static bool option(const char *text)
{
	if (!strncmp(text, "begin=", 6))
		begin = strtoull(text + 6, NULL, 0);
	else if (!strncmp(text, "end=", 4))
		end = strtoull(text + 4, NULL, 0);
	else if (!strncmp(text, "to=", 3))
		return (to = fopen(text + 3, "w")) != NULL;
	else if (!strncmp(text, "trace=", 6))
		return (trace = fopen(text + 6, "w")) != NULL;
	else
		return false;
	return true;
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!option(argv[i])) {
			fprintf(stderr, "count: %s: no such option, or no such file\n"
					"  hint: begin=ADDRESS,end=ADDRESS,to=FILE\n", argv[i]);
			return 1;
		}
	}
	if (!begin || !end || !to) {
		fprintf(stderr, "count: begin, end or a file to write to is missing\n"
				"  hint: begin=ADDRESS,end=ADDRESS,to=FILE\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
