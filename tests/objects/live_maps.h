/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the guests of live_maps.c count, and the sizes of their maps. */
#ifndef OBJECTS_LIVE_MAPS_H
#define OBJECTS_LIVE_MAPS_H

#define ARRAY_KEYS 16
#define HASH_KEYS 256
#define CHURN_KEYS 128	/* of guests; user space has others */
#define CHURN_ROOM 512
#define RECENT_KEYS 1024
#define RECENT_ROOM 64
#define RING_BYTES 65536

/* Added up by all runs at once. */
struct tally {
	unsigned long long runs;
	unsigned long long missed[3];	  /* of hash, percpu_hash, recent: no element */
	unsigned long long made, removed; /* keys of churn */
	unsigned long long dropped;	 /* samples that the ring had no room for */
	unsigned long long wrong;	 /* what must not be */
	unsigned long long recent;
};

/* Two numbers that change together, under a lock. */
struct twins {
	unsigned int lock;
	unsigned int reserved;
	unsigned long long a, b;
};

struct sample {
	unsigned long long number, complement;
};

struct prefix {
	unsigned int len;
	unsigned char address[4];
};

#endif
