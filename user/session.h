/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The machine loaded into the kernel, and its maps as memory of this process. Private to the
 * library.
 */
#ifndef BPFVM_SESSION_H
#define BPFVM_SESSION_H

#include "bpfvm.h"

struct bpf_object;

enum { BPFVM_XDP, BPFVM_TC, BPFVM_EGRESS, BPFVM_CALL, BPFVM_MAP, BPFVM_ENTRIES };
extern const char *const bpfvm_machine_entries[BPFVM_ENTRIES];

enum bpfvm_session_map {
	BPFVM_MAP_CODE,
	BPFVM_MAP_SLOTS,
	BPFVM_MAP_MACHINES,
	BPFVM_MAP_POINTS,
	BPFVM_MAP_HOOKS,
	BPFVM_MAP_COUNTS,
	BPFVM_MAP_MEMORY,
	BPFVM_MAP_CONSTANTS,
	BPFVM_MAP_CPUS,
	BPFVM_MAPS,
};

struct bpfvm_session {
	struct bpf_object *object; /* NULL if the machine was pinned before */
	char *dir;		   /* where it is pinned, or NULL */
	int lock;		   /* on that directory, else -1 */
	int map_fd[BPFVM_MAPS];
	struct bpfvm_code *code;	/* BPFVM_SLOTS of BPFVM_CODE instructions */
	struct bpfvm_slot *slot;	/* BPFVM_SLOTS */
	struct bpfvm_machine *machine;	/* one per possible CPU, then BPFVM_SPARES */
	struct bpfvm_point *point;	/* BPFVM_POINTS */
	struct bpfvm_hook *hook;	/* BPFVM_HOOKS */
	struct bpfvm_count *count;	/* by BPFVM_COUNT */
	u8 *memory;			/* BPFVM_MEMORY bytes */
	const struct bpfvm_constants *constants;
	u32 cpus;
	u32 machines;
	u32 desk;   /* offset of BPFVM_DESK bytes of `memory` for the operations of user space */
	u32 guests; /* offset of the first byte of `memory` that guests can have */
	u32 held;   /* slot that this session runs without a hook, or BPFVM_SLOTS */
	int entry_fd[BPFVM_ENTRIES];
};

/*
 * Loads the machine, in the fastest flavour that this kernel takes, and maps its memory. Names a
 * missing capability before the kernel would only say EPERM. With `pinned` NULL the machine is gone
 * when the session is closed or the process ends. Else it is taken from that directory of a bpf
 * file system, or loaded and pinned there if there is none or only part of one; one session at a
 * time has it, others wait.
 */
int bpfvm_session__open(const char *pinned, struct bpfvm_session **session,
			struct bpfvm_error *err);
void bpfvm_session__close(struct bpfvm_session *session);

/* The same; with `make` false, -ENOENT if there is none. */
int bpfvm_session__open_at(const char *dir, bool make, struct bpfvm_session **session,
			   struct bpfvm_error *err);

/*
 * Kernel memory of each map; see bpfvm_core__usage. `guest` is what the present guest uses of each,
 * by map name.
 */
int bpfvm_session__usage(struct bpfvm_session *session, const struct bpfvm_slot *guest,
			 u32 guest_bytes, struct bpfvm_usage *rows, u32 max);

/* Name and size in bytes of map `i`; the size of one that has no memory to map is 0. */
const char *bpfvm_session__map(const struct bpfvm_session *session, size_t i, size_t *size);

/*
 * What bpf/run.h does for a hook: makes a machine that the caller holds ready to run the guest in
 * slot `n` from its entry, for up to `budget` instructions.
 */
void bpfvm_session__prepare(struct bpfvm_session *session, struct bpfvm_machine *machine, u32 n,
			    u64 budget);

/* Where the memory of a machine for so many CPUs has the key-value store of all guests. */
u32 bpfvm_session__global(u32 cpus);

/*
 * machine.c: 0 or -EPERM with the capability that is missing; how many CPUs there may be; a number
 * that tells this build of the machine from others; the load itself.
 */
int bpfvm_machine__permitted(struct bpfvm_error *err);
u32 bpfvm_machine__cpus(void);
u64 bpfvm_machine__build(void);
int bpfvm_machine__load(struct bpfvm_session *session, struct bpfvm_error *err);

/*
 * pin.c: locks the directory `dir`, made if need be, and takes the machine that is pinned in it;
 * -ENOENT if there is none, what is left of one being removed. Pins a loaded machine; closes one
 * that was taken; removes all that is pinned, and the directory.
 */
int bpfvm_pin__find(struct bpfvm_session *session, const char *dir, bool make,
		    struct bpfvm_error *err);
int bpfvm_pin__set(struct bpfvm_session *session, struct bpfvm_error *err);
void bpfvm_pin__close(struct bpfvm_session *session);
void bpfvm_pin__remove(struct bpfvm_session *session);

/* The pins of links begin so; removes one, with what it attaches, if it is there. */
#define BPFVM_LINK_PREFIX "link-"
void bpfvm_pin__drop_link(const char *path);

#endif
