/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Errors as a sentence with a hint, and the words for the ways in which a guest stops. */
#include <stdarg.h>

#include "bpfvm.h"

int bpfvm_error__set(struct bpfvm_error *err, int code, const char *hint, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	snprintf(err->hint, sizeof(err->hint), "%s", hint ? hint : "");
	return code;
}

static const struct stop_text {
	const char *name, *sentence, *hint;
} stops[VM_STOPS] = {
	[VM_STOP_NONE] = {"NONE", "still running, or suspended", ""},
	[VM_STOP_EXIT] = {"EXIT", "the guest ended", ""},
#define TRAP(name, sentence, hint) [VM_TRAP_##name] = {#name, sentence, hint},
#include "traps.def"
};

static const struct stop_text *stop_text(u32 stop)
{
	static const struct stop_text unknown = {"UNKNOWN", "stopped for a reason that has no name",
						 "the machine is newer or older than this tool"};

	return stop < VM_STOPS ? &stops[stop] : &unknown;
}

const char *bpfvm_stop__name(u32 stop)
{
	return stop_text(stop)->name;
}

const char *bpfvm_stop__sentence(u32 stop)
{
	return stop_text(stop)->sentence;
}

const char *bpfvm_stop__hint(u32 stop)
{
	return stop_text(stop)->hint;
}
