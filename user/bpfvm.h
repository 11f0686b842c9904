/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libbpfvm: read a guest from an ELF object, check it, run it on a core.
 *
 * Functions return 0 or -errno and, where they take a struct bpfvm_error, leave there what went
 * wrong and what to do next. A guest that traps is no error: it is a result.
 */
#ifndef BPFVM_H
#define BPFVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "layout.h"

/* `text` is "what: why", `hint` the next step, perhaps empty; both without a newline. */
struct bpfvm_error {
	char text[512];
	char hint[256];
};

/*
 * Fills in an error and returns `code` (negative errno), so that a caller can return it. `hint` may
 * be NULL.
 */
int bpfvm_error__set(struct bpfvm_error *err, int code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * --- image: a guest made ready to upload
 * ------------------------------------------------------------------
 */

/* What a program was written for, from the name of its section. */
enum bpfvm_kind {
	BPFVM_KIND_PLAIN, /* anything else: r1, r2 are what the caller says */
	BPFVM_KIND_XDP,	  /* SEC("xdp..."): r1 points to a struct xdp_md */
	BPFVM_KIND_TC,	  /* SEC("tc..."), "classifier", "tcx/...": r1 is a struct __sk_buff */
};

/*
 * Memory that a guest has beside its stack; the row of the same number in the ACL. Unused if size
 * is 0.
 */
struct bpfvm_memory_area {
	char *name;   /* ".rodata", "ctx", ... */
	u8 *data;     /* first contents, `size` bytes */
	u32 size;     /* bytes */
	u32 access;   /* VM_READ | VM_WRITE */
};

struct bpfvm_function {
	char *name;
	u32 start; /* first instruction */
	u32 len;   /* instructions */
	bool program; /* may be run, or put into a PROG_ARRAY */
};

/* Where an instruction came from (.BTF.ext); sorted by insn. */
struct bpfvm_line {
	u32 insn;
	const char *file;
	const char *text;
	u32 line;
};

/* A map that a guest declares (SEC(".maps")), in the order of their declaration. */
struct bpfvm_map {
	char *name;
	u32 type; /* enum bpf_map_type */
	u32 key_size, value_size; /* bytes; of each CPU's value in per-CPU maps */
	u32 max_entries; /* RINGBUF: bytes; 0 in a PERF_EVENT_ARRAY: one for each CPU */
	u32 flags;	/* BPF_F_... of map creation */
	u32 region;	/* of its values; VM_MAP_HANDLE(region) is what the guest calls it */
	u32 key_type, value_type; /* in the image's BTF; 0: not known */
	u32 *first; /* PROG_ARRAY: first instructions of programs by index, plus 1; or NULL */
};

/* A section of variables (".bss", ".data", ".rodata", ".rodata.str1.1"), within its memory area. */
struct bpfvm_variables {
	char *name;
	u32 region;
	u32 offset, size; /* bytes */
};

/* The machine's memory that a map takes where there are that many CPUs, bytes. */
u64 bpfvm_map__bytes(const struct bpfvm_map *map, u32 cpus);

/* Whether two declarations are the same, so that one guest can go on with the map of another. */
bool bpfvm_map__same(const struct bpfvm_map *a, const struct bpfvm_map *b);

struct bpfvm_image {
	char *path;    /* where it was read from, or NULL */
	char *name;    /* of the program */
	char *section; /* "xdp", "tc", ... */
	enum bpfvm_kind kind;
	struct vm_insn *code;
	u32 len;   /* instructions in `code` */
	u32 entry; /* where execution begins */
	u64 arg[2]; /* r1 and r2 on entry when no packet is given */
	struct bpfvm_memory_area area[VM_REGIONS];
	struct bpfvm_map *map;
	u32 maps;
	struct bpfvm_variables *variable;
	u32 variables;
	struct bpfvm_function *function; /* sorted by start */
	u32 functions;
	struct bpfvm_line *line;
	u32 lines;
	void *btf; /* struct btf that lines and maps point into, or NULL */
	struct {
		u32 version, bytes, crc;
	} packed; /* what the file said, if it was one of an image, else zeros */
};

/*
 * Reads program `prog` (a function's name; NULL: the first in the file) of a clang-built BPF object
 * and links it with the functions it calls, the data and the maps it uses; with a PROG_ARRAY come
 * all programs of its kind. Refuses, by name, what cannot be linked: CO-RE, extern and kfunc
 * symbols, maps that guests cannot have, unknown relocations. -EINVAL or -ENOEXEC for a bad file,
 * -ENOENT if there is no such program. -EOPNOTSUPP for what cannot be linked, -E2BIG for too many
 * instructions or too much data, -ENOSPC for too many maps.
 */
int bpfvm_image__open(const char *path, const char *prog, struct bpfvm_image **image,
		      struct bpfvm_error *err);

/*
 * An image as bytes, those of include/image.h, and back. What is packed is the image alone, not
 * what a core made of it. Bytes are aligned to 8, freed by the caller, and may come from anybody:
 * -ENOEXEC if they are no image, -ENOTSUP for one of another version, -EINVAL for a damaged one,
 * -ENOMEM, -E2BIG. bpfvm_image__open() takes files of them, too.
 */
int bpfvm_image__pack(const struct bpfvm_image *image, u8 **bytes, u32 *size);
int bpfvm_image__unpack(const void *bytes, u32 size, struct bpfvm_image **image,
			struct bpfvm_error *err);

/* Drops what is there for people alone: source lines and types. */
void bpfvm_image__strip(struct bpfvm_image *image);

/* An image of bare instructions, copied; nothing is checked. -ENOMEM. */
int bpfvm_image__from_code(const struct vm_insn *code, u32 len, struct bpfvm_image **image);

/* The first instruction of program `name` of an image; -ENOENT. */
int bpfvm_image__program(const struct bpfvm_image *image, const char *name, u32 *start);

/* Frees an image; NULL is fine. */
void bpfvm_image__free(struct bpfvm_image *image);

/* Names and sections of the programs in a file, in file order; free with bpfvm_programs__free. */
struct bpfvm_program {
	char *name;
	char *section;
	u32 len; /* instructions before linking */
};
int bpfvm_programs__read(const char *path, struct bpfvm_program **programs, u32 *count,
			 struct bpfvm_error *err);
void bpfvm_programs__free(struct bpfvm_program *programs, u32 count);

/*
 * Opens all programs of a file, one after another, and shows them to `visit`, or NULL and why one
 * cannot be opened. The file is read once: it may be a pipe. Errors of bpfvm_programs__read.
 */
typedef void bpfvm_visit_t(struct bpfvm_image *image, const struct bpfvm_error *err, void *arg);
int bpfvm_images__visit(const char *path, bpfvm_visit_t *visit, void *arg,
			struct bpfvm_error *err);

/*
 * Gives the guest a further memory area, `data` copied (NULL: zeros). `number` is the region, or 0
 * for the first free one, which is returned. -ENOSPC when all are taken, -E2BIG above 16 MiB.
 */
int bpfvm_image__add_area(struct bpfvm_image *image, u32 number, const char *name, u32 access,
			  const void *data,
			  u32 size, struct bpfvm_error *err);

/* What the checker found first; see include/check.h. */
struct bpfvm_fault {
	u32 pc;
	char reason[128]; /* a sentence */
	char hint[128];
};

/*
 * Whether every instruction is well-formed and control stays inside; -EINVAL with `fault` filled in
 * if not.
 */
int bpfvm_image__check(const struct bpfvm_image *image, struct bpfvm_fault *fault);

/*
 * --- disassembler
 * -----------------------------------------------------------------------------------------
 */

/*
 * One instruction in the kernel's notation into `text`; returns the slots it takes (2 for lddw).
 * `next` is the slot behind it or NULL. Unknown encodings give "(xx) unknown".
 */
u32 bpfvm_insn__text(const struct vm_insn *in, const struct vm_insn *next, char *text, size_t size);

/* Name of helper `number` in Linux ("ktime_get_ns") if a guest may call it, else NULL. */
const char *bpfvm_helper__name(u32 number);

/* Its full name ("bpf_ktime_get_ns"), whether guests may call it or not; NULL if unknown. */
const char *bpfvm_helper__linux_name(u32 number);

/* The guests that may call it: a mask of enum vm_where, or 0; and the bit for a kind of guest. */
u32 bpfvm_helper__where(u32 number);
u32 bpfvm_kind__where(enum bpfvm_kind kind);

/*
 * Whether the kernel that runs here has what a guest's call of it comes to: 1 or 0; -EPERM and its
 * like where it would not tell.
 */
int bpfvm_helper__in_kernel(u32 number);

/*
 * --- core: what executes
 * --------------------------------------------------------------------------------
 */

/* How a run, or a slice of it, ended. */
struct bpfvm_result {
	u32 stop;	  /* enum vm_stop */
	u32 pc;		  /* after a trap: the instruction */
	u64 r0;
	u64 reg[11];
	u64 steps;	  /* instructions begun since the run began */
	u64 fault_addr;	  /* after a memory trap */
	u32 fault_size;	  /* bytes */
	u32 fault_access; /* enum vm_access */
	u64 ns;		  /* time of one run where the core was asked to repeat, else of the slice */
};

#define BPFVM_SLICE (1u << 22) /* most instructions that one slice of a long run takes */
#define BPFVM_UNLIMITED (~0ull)

struct bpfvm_core;

/* "kernel", "switch", "table", "small"; NULL at the end of the list. */
extern const char *const bpfvm_core_names[];

/*
 * Makes a core ready by name. -ENOENT: no such core; for "kernel" what bpf(2) says, named before it
 * is tried.
 */
int bpfvm_core__open(const char *name, struct bpfvm_core **core, struct bpfvm_error *err);

/*
 * The kernel core on a machine that stays loaded between processes: the one pinned in `dir`, a
 * directory of a bpf file system, which is loaded and pinned there first if need be. Waits while
 * another process has it. -EINVAL if `dir` is elsewhere, -ESTALE if another build's machine is
 * there.
 */
int bpfvm_core__open_pinned(const char *dir, struct bpfvm_core **core, struct bpfvm_error *err);
void bpfvm_core__close(struct bpfvm_core *core);

/*
 * Uploads a guest, in place of the one before; memory areas get their first contents. -E2BIG,
 * -ENOSPC.
 */
int bpfvm_core__load(struct bpfvm_core *core, const struct bpfvm_image *image,
		     struct bpfvm_error *err);

/*
 * Gives XDP and tc guests a packet (copied) and a context; later runs begin with it. Length 14 to
 * 32768 bytes. Without one, r1 and r2 are the image's.
 */
int bpfvm_core__packet(struct bpfvm_core *core, const u8 *data, u32 size, struct bpfvm_error *err);

/*
 * Runs the guest from its entry for at most `budget` instructions (up to BPFVM_SLICE), then BOUNDS,
 * STEPS, EXIT, ...
 */
int bpfvm_core__run(struct bpfvm_core *core, u64 budget, struct bpfvm_result *result,
		    struct bpfvm_error *err);

/*
 * Goes on with the same machine where it ran out of steps; result->steps counts from the beginning.
 */
int bpfvm_core__resume(struct bpfvm_core *core, u64 budget, struct bpfvm_result *result,
		       struct bpfvm_error *err);

/*
 * Runs it `times` times from its entry on the same memory and gives the mean time of one run in
 * result->ns.
 */
int bpfvm_core__repeat(struct bpfvm_core *core, u64 budget, u32 times, struct bpfvm_result *result,
		       struct bpfvm_error *err);

/*
 * The present contents of a region and its size (VM_REGION_STACK too), or NULL. Valid until the
 * next call.
 */
const u8 *bpfvm_core__region(struct bpfvm_core *core, u32 number, u32 *size);

/*
 * Changes bytes of a region, also while guests use them: 1, 2, 4 or 8 at an aligned offset all at
 * once, others one after the other. -EINVAL: they are not in it.
 */
int bpfvm_core__write(struct bpfvm_core *core, u32 number, u32 offset, const void *data, u32 size);

/* The packet as the last run left it: longer or shorter perhaps. Valid until the next call. */
const u8 *bpfvm_core__output(struct bpfvm_core *core, u32 *size);

/*
 * The struct xdp_md or struct __sk_buff of the last run on a packet, as the kernel has it after
 * the run (BPF_PROG_TEST_RUN's ctx_out); fields that are addresses mean nothing. NULL: none.
 */
const void *bpfvm_core__context(struct bpfvm_core *core, u32 *size);

/*
 * --- maps of the loaded guest, by their index in the image
 * -----------------------------------------------
 *
 * They work while guests use the maps, too. Keys and values have the sizes of the declaration; the
 * value of a per-CPU map is one value for each of bpfvm_core__cpus(), each rounded up to 8 bytes.
 * Errors are those of bpf(2): -ENOENT, -EEXIST, -E2BIG (index, or full), -EBUSY, -EINVAL. The
 * key-value stores, of the guest and of all guests, are maps of u64 by u64, too.
 */
#define BPFVM_KV_LOCAL VM_REGIONS
#define BPFVM_KV_GLOBAL (VM_REGIONS + 1)
#define BPFVM_KV_ENTRIES 64 /* keys of each */
u32 bpfvm_core__cpus(struct bpfvm_core *core);

/*
 * In the flags of an update of a per-CPU map: `value` is that of this CPU, the others keep theirs,
 * which are zeros under a new key.
 */
#define BPFVM_ON_CPU(cpu) (1ull << 63 | (u64)(cpu) << 32)
int bpfvm_core__map_lookup(struct bpfvm_core *core, u32 map, const void *key, void *value);
int bpfvm_core__map_update(struct bpfvm_core *core, u32 map, const void *key, const void *value,
			   u64 flags);
int bpfvm_core__map_delete(struct bpfvm_core *core, u32 map, const void *key);

/* The key after `key` (NULL: the first one) into `next`; -ENOENT behind the last one. */
int bpfvm_core__map_next(struct bpfvm_core *core, u32 map, const void *key, void *next);

/*
 * Takes the next record of a RINGBUF or PERF_EVENT_ARRAY map: at most `size` bytes into `data`;
 * returns its full length, -ENOENT if there is none.
 */
int bpfvm_core__map_read(struct bpfvm_core *core, u32 map, void *data, u32 size);

/* How many keys a map has, or how many bytes wait in a RINGBUF or PERF_EVENT_ARRAY. */
int bpfvm_core__map_used(struct bpfvm_core *core, u32 map, u32 *used);

/*
 * --- life on an interface
 * -----------------------------------------------------------------------------
 *
 * Each network (namespace) has a machine of its own, pinned below BPFVM_PIN_DIR, as long as guests
 * are attached to its interfaces. One process has it at a time.
 */
#define BPFVM_PIN_DIR "/sys/fs/bpf/bpfvm"

struct bpfvm_session;

/*
 * The machine of the calling thread's network; `parent` NULL: BPFVM_PIN_DIR. Waits while another
 * process has it, and repairs what a killed one left half done. If nothing is attached it is loaded
 * when `load` says so, else -ENOENT. -ESTALE: it is another build's.
 */
int bpfvm_network__open(const char *parent, bool load, struct bpfvm_session **session,
			struct bpfvm_error *err);

/* Gives it back; the machine goes, with all that was pinned, when no guest is attached. */
void bpfvm_network__close(struct bpfvm_session *session);

/* How the kernel is made to call the machine. */
enum bpfvm_mode {
	BPFVM_MODE_ANY,	   /* XDP: native, else skb; tc: tcx, else clsact */
	BPFVM_MODE_NATIVE, /* XDP in the driver */
	BPFVM_MODE_SKB,	   /* XDP on any interface */
	BPFVM_MODE_TCX,	   /* from Linux 6.6 on */
	BPFVM_MODE_CLSACT, /* a filter */
};

/* "xdp", "tc-ingress", "tc-egress" of enum bpfvm_hook_kind; "native" and so on of a mode. */
const char *bpfvm_hook_kind__name(u32 kind);
const char *bpfvm_mode__name(u32 mode);

struct bpfvm_attachment {
	const char *interface;
	u32 kind; /* enum bpfvm_hook_kind */
	u32 mode; /* enum bpfvm_mode */
	const char *name; /* of the guest at this hook; NULL: the program's */
	s32 priority;	  /* lower ones run first */
	u32 on_trap;	  /* verdict */
	u64 budget;	  /* instructions, up to BPFVM_SLICE */
};

/*
 * Attaches a guest: each packet goes the way of before or meets the guest, whenever this is
 * interrupted. `*row` is its row from then on. -ENODEV, -EEXIST (the name), -EBUSY (another XDP
 * program, or another mode), -EINVAL (a guest of another kind), -ENOSPC.
 */
int bpfvm_hook__attach(struct bpfvm_session *session, const struct bpfvm_image *image,
		       const struct bpfvm_attachment *attachment, u32 *row,
		       struct bpfvm_error *err);

/*
 * Puts another guest in the place of one, under the same name: each packet meets the old or the new
 * one. Maps that are declared alike in `kept`, the present image of the row, go on with their
 * values; NULL: none. `*ns` is the time that it took.
 */
int bpfvm_hook__swap(struct bpfvm_session *session, u32 row, const struct bpfvm_image *image,
		     const struct bpfvm_image *kept, u64 *ns, struct bpfvm_error *err);

/* Takes guests off their interfaces, and the machine where it has no guest any more. */
void bpfvm_hook__detach(struct bpfvm_session *session, const u32 *rows, u32 count);

/* An attached guest and what its runs came to. */
struct bpfvm_guest {
	u32 row;
	char interface[16];
	u32 mode; /* enum bpfvm_mode */
	struct bpfvm_hook hook;
	struct bpfvm_slot slot;
	struct bpfvm_count count;
};

/*
 * The guests of an interface (NULL: all), of one hook (BPFVM_HOOK_KINDS: all), of one name (NULL:
 * all), in the order of interfaces, hooks, and their turn. Returns how many.
 */
u32 bpfvm_hook__find(struct bpfvm_session *session, const char *interface, u32 kind,
		     const char *name, struct bpfvm_guest guests[BPFVM_HOOKS]);

/* The image of an attached guest, as it was uploaded; the caller frees it. */
int bpfvm_hook__image(struct bpfvm_session *session, u32 row, struct bpfvm_image **image,
		      struct bpfvm_error *err);

/*
 * A core for the maps and the memory of an attached guest, with its image, which the caller frees;
 * it cannot load or run. Closed before the session is; a swap of the guest ends its use.
 */
int bpfvm_core__open_attached(struct bpfvm_session *session, u32 row, struct bpfvm_core **core,
			      struct bpfvm_image **image, struct bpfvm_error *err);

/* Packets that met no guest because no machine was free. */
u64 bpfvm_network__refused(struct bpfvm_session *session);

/*
 * --- what the machine costs
 * -------------------------------------------------------------------------------
 */

/* One entry point of the machine, as this kernel verified it. */
struct bpfvm_cost {
	const char *entry;  /* "bpfvm_xdp", "bpfvm_tc", "bpfvm_call" */
	u32 verified_insns; /* instructions the verifier walked; 0: the kernel does not tell */
	u32 jited_bytes;
	u64 load_ns;	    /* verification and JIT of this entry point alone */
};

/*
 * Loads entry point `index` alone and measures it; -ENOENT behind the last one. Leaves nothing
 * loaded.
 */
int bpfvm_machine__cost(u32 index, struct bpfvm_cost *cost, struct bpfvm_error *err);

/*
 * Kernel memory of a loaded machine by map; fills at most `max` rows and returns how many there
 * are, or -errno.
 */
struct bpfvm_usage {
	const char *map;
	u64 bytes; /* allocated by the kernel */
	u64 used;  /* by the guest that is loaded, and by machines */
};
int bpfvm_core__usage(struct bpfvm_core *core, struct bpfvm_usage *rows, u32 max);

/*
 * --- ways to stop
 * -----------------------------------------------------------------------------------------
 */

/* Name ("BOUNDS"), sentence and hint of an enum vm_stop. */
const char *bpfvm_stop__name(u32 stop);
const char *bpfvm_stop__sentence(u32 stop);
const char *bpfvm_stop__hint(u32 stop);

#endif
