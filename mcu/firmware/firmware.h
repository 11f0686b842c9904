/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the example firmware share: hooks, tenants, containers, the console. */
#ifndef BPFVM_FIRMWARE_H
#define BPFVM_FIRMWARE_H

#include "board.h"
#include "contexts.h"

#define CONTAINERS 4
#define NAME_SIZE 16	/* bytes, with the NUL */
#define IMAGE_SIZE 4096 /* bytes of an image, which is executed where it was received */
#define DATA_SIZE 512	/* bytes of .data and .bss */
#define STACK_FRAMES 2
#define KV_ROWS 8	/* of each store */
#define LINE_SIZE 320	/* bytes of a line of the shell */
#define PACKET_SIZE 128 /* bytes */
#define HISTORY 8	/* samples */

/* What is printed as an error, by its name; 0 is none. The first are those of enum bpfvm_setup. */
enum answer {
	ANSWER_OK = BPFVM_READY,
#define SETUP(name, sentence) ANSWER_##name,
#include "setup.def"
#define ANSWER(name, sentence) ANSWER_##name,
#include "answers.def"
	ANSWERS,
};

/* --- hooks: policies.c and hooks.c --- */

enum hook { HOOK_TICK, HOOK_SAMPLE, HOOK_PACKET, HOOKS };

/* What a hook does with its containers. */
struct policy {
	const char *name;
	u32 period;   /* milliseconds from one event to the next; 0: they come from elsewhere */
	u32 budget;   /* instructions of one run */
	u64 pass;     /* the verdict that hands the event on */
	u64 on_trap;  /* the verdict that a trap stands for */
	_Bool chain;  /* any verdict but `pass` is the event's; those behind do not see it */
	u8 patience;  /* a container is stopped after so many traps in a row; 0: never */
};
extern const struct policy policies[HOOKS];

/* What happened: a context, and memory beside it that it points to. */
struct event {
	u64 ctx[4];
	u32 ctx_size;
	void *memory;
	u32 size, access;
};

struct hook_count {
	u32 events, passed, stopped;
};
extern struct hook_count hook_counts[HOOKS];

void hooks_start(void);

/* Lets happen what is due. */
void hooks_poll(void);

/* The last event of a hook. */
const struct event *hook_event(enum hook hook);

/* A packet has come; returns the verdict. `size` is at most PACKET_SIZE. */
u64 hook_packet(const u8 *bytes, u32 size);

/* --- time since the start: time.c --- */

void time_start(void);

/* These have to be called more often than board_ticks wraps. */
u64 now_ms(void);
u64 now_ns(void);

/* --- tenants and containers: containers.c --- */

struct tenant {
	const char *name;
	const struct bpfvm_helper *helpers; /* what its guests may call */
	u32 helper_count;
	u8 containers; /* it may have so many */
};
#define TENANTS 2
extern const struct tenant tenants[TENANTS];

/* An image with all the memory that it needs to run. */
struct guest {
	u64 image[IMAGE_SIZE / 8];
	u64 data[DATA_SIZE / 8];
	u64 stack[STACK_FRAMES * VM_FRAME_SIZE / 8];
	u32 size; /* bytes of the image */
	struct bpfvm_areas areas;
	struct bpfvm vm;
};

struct container {
	char name[NAME_SIZE]; /* empty: it is free */
	u8 tenant, hook;
	_Bool on; /* sees the events of its hook */
	u8 in_a_row; /* traps */
	struct guest *guest;
	struct bpfvm_config config;
	struct bpfvm_kv kv; /* stays when the guest is swapped */
	struct bpfvm_kv_row rows[KV_ROWS];
	u32 said; /* lines in this run */
	u32 runs, traps, swaps;
	u64 steps; /* instructions of all runs */
	u64 r0;
	struct bpfvm_where last; /* trap; stop is 0 if there was none */
};
extern struct container containers[CONTAINERS];
extern struct bpfvm_kv kv_global;

/* The console's output of guests that may set it. */
extern u32 output;

/* A guest that is to be put into a container. */
struct request {
	char name[NAME_SIZE];
	u8 tenant, hook;
	u32 size; /* bytes of its image */
};

/* Why a guest was refused. */
struct refusal {
	enum answer answer;
	const char *reason; /* after ANSWER_REFUSED: a sentence, */
	u32 pc;		    /* and the instruction */
};

void containers_start(void);
struct container *container_find(const char *name);

/* Whether there is a place for it. */
enum answer container_ask(const struct request *request);

/* Where its image has to be when container_install is called. */
u8 *container_image(void);

/* Checks and installs it. If it is refused, the guest that was there is untouched. */
struct refusal container_install(const struct request *request);

void container_remove(struct container *c);

/* One run; false, and a report on the console, if the guest trapped. r0 is in c->r0. */
_Bool container_run(struct container *c, const struct event *event);

/* --- the line: shell.c and load.c --- */

void shell_byte(u8 byte);

/* Begins to receive an image. While it is under way, bytes are for load_byte. */
void load_start(const struct request *request);
_Bool load_active(void);
void load_byte(u8 byte);

/* What silence of the line means. */
void load_poll(void);

/* --- words on the line: print.c --- */

void put(const char *text);
void put_number(u64 value);
void put_signed(u64 value);
void put_hex(u64 value);
_Bool same(const char *a, const char *b);

/* A cell of a row, which ends with the last one. */
void cell(const char *text);
void cell_number(u64 value);
void row_end(void);

/* How each answer to a request ends. */
void answer_ok(void);
void answer_error(enum answer answer);

#endif
