/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The embeddable machine in all its builds at once: one core each, and with parts left out. The
 * functions of include/embed.h, by build.
 */
#ifndef TEST_EMBEDDED_H
#define TEST_EMBEDDED_H

#include "embed.h"

struct embedded {
	const char *name;
	_Bool whole; /* nothing is left out */
	__typeof__(bpfvm_init) *init;
	__typeof__(bpfvm_init_image) *init_image;
	__typeof__(bpfvm_image_check) *image_check;
	__typeof__(bpfvm_image_memory) *image_memory;
	__typeof__(bpfvm_add_region) *add_region;
	__typeof__(bpfvm_remove_region) *remove_region;
	__typeof__(bpfvm_execute) *execute;
	__typeof__(bpfvm_execute_ctx) *execute_ctx;
	__typeof__(bpfvm_start) *start;
	__typeof__(bpfvm_resume) *resume;
	__typeof__(bpfvm_where) *where;
	__typeof__(bpfvm_kv_set) *kv_set;
	__typeof__(bpfvm_kv_get) *kv_get;
	__typeof__(bpfvm_check) *check;
	__typeof__(bpfvm_trap_name) *trap_name;
	__typeof__(bpfvm_setup_text) *setup_text;
};

/* `least` has nothing but what every build has: small, and every option off. */
extern const struct embedded embedded_table, embedded_switch, embedded_small, embedded_least;

#endif
