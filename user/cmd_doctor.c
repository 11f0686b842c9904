/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `loader doctor`: says what this system has of what the machine needs, what each costs, and what
 * to do.
 */
#include <linux/bpf.h>

#include "cli_checks.h"
#include "cli_machine.h"
#include "cli_options.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key == ARGP_KEY_ARG)
		cli_usage(&cmd_doctor, "%s: doctor takes no argument", arg);
	return ARGP_ERR_UNKNOWN;
}

static void add_row(json_t *rows, const char *name, const struct cli_finding *f)
{
	static const char *const words[] = {
		[CLI_FINE] = "ok", [CLI_WARNING] = "warning", [CLI_MISSING] = "missing"};
	bool fine = f->status == CLI_FINE;

	cli_append(rows, cli_pack("{s:s, s:s, s:o, s:o, s:o}", "status", words[f->status], "check",
				  name, "found", cli_string(f->found), "cost",
				  cli_string(fine ? NULL : f->cost), "advice",
				  cli_string(fine ? NULL : f->advice)));
}

/* Loads the machine and runs the smallest guest in it. */
static int try_guest(struct bpfvm_core *core, struct bpfvm_error *err)
{
	static const struct vm_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 42},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct bpfvm_image *image;
	struct bpfvm_result r = {0};
	int failed;

	if (bpfvm_image__from_code(code, sizeof(code) / sizeof(code[0]), &image))
		cli_no_memory();
	failed = bpfvm_core__load(core, image, err) || bpfvm_core__run(core, 100, &r, err);
	bpfvm_image__free(image);
	if (!failed && (r.stop != VM_STOP_EXIT || r.r0 != 42))
		failed = bpfvm_error__set(err, -1, NULL,
					  "a guest that returns 42 ended with %s, R0 = %llu",
					  bpfvm_stop__name(r.stop), (unsigned long long)r.r0);
	return failed;
}

/* The check that all others lead to. */
static bool look_machine(json_t *rows)
{
	struct cli_finding f = {.cost = "guests run on the host cores only (--core table)"};
	struct bpfvm_error err = {.text = ""};
	struct bpfvm_core *core;
	bool failed = bpfvm_core__open("kernel", &core, &err);

	if (!failed) {
		failed = try_guest(core, &err);
		bpfvm_core__close(core);
	}
	f.advice = err.hint;
	if (failed)
		cli_found(&f, CLI_MISSING, "%s", err.text);
	else
		cli_found(&f, CLI_FINE, "a guest ran in the kernel");
	add_row(rows, "machine", &f);
	return !failed;
}

static int run(int argc, char **argv)
{
	static const struct cli_column columns[] = {
		{"status", "STATUS", 0},
		{"check", "CHECK", 0},
		{"found", "FOUND", CLI_WRAP},
		{"cost", "WITHOUT IT", CLI_WRAP},
		{"advice", "WHAT TO DO", CLI_WRAP},
		{NULL, NULL, 0},
	};
	static const struct cli_section sections[] = {
		{"checks", NULL, columns},
		{"entry_points", "Loading the machine, once:", cli_cost_columns},
		{"memory", "Kernel memory of the machine, bytes:", cli_memory_columns},
		{NULL, NULL, NULL},
	};
	json_t *rows = cli_pack("[]");
	bool usable;

	cli_parse(&cmd_doctor, argc, argv, NULL);
	for (u32 i = 0; cli_system_checks[i].name; i++) {
		struct cli_finding f = {.status = CLI_FINE};

		cli_system_checks[i].look(&f);
		add_row(rows, cli_system_checks[i].name, &f);
	}
	usable = look_machine(rows);
	cli_document(cli_pack("{s:b, s:o, s:o, s:o}", "usable", usable, "checks", rows,
			      "entry_points", usable ? cli_machine_cost() : json_null(), "memory",
			      usable ? cli_machine_memory() : json_null()),
		     sections);
	return usable ? CLI_OK : CLI_FAILED;
}

const struct cli_command cmd_doctor = {
	.name = "doctor",
	.arguments = "",
	.summary = "Say what this system has of what the machine needs",
	.details = "Exit code: 0 guests can run in the kernel; 1 they cannot, and the rows that "
		   "are missing say why.\n\n"
		   "Examples:\n"
		   "  sudo loader doctor\n"
		   "  sudo loader doctor -j",
	.data = true,
	.parse = parse,
	.run = run,
};
