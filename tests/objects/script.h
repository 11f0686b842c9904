/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A script of helper calls, for the guests of script.c and those who write scripts for them. */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#define SCRIPT_OPS 12
#define SCRIPT_MEMORY 128 /* bytes */

enum script_verb {
	/* of tc guests */
	TC_LOAD, TC_STORE, TC_L3_CSUM, TC_L4_CSUM, TC_VLAN_PUSH, TC_VLAN_POP, TC_PROTO, TC_TYPE,
	TC_TAIL, TC_PULL, TC_CSUM_UPDATE, TC_HASH_INVALID, TC_HEAD, TC_HASH, TC_ROOM, TC_CSUM_DIFF,
	TC_SET_TUNNEL, TC_GET_TUNNEL, TC_REDIRECT, TC_PEER, TC_NEIGH, TC_CONTEXT, TC_DIRECT,
	TC_VERBS,
	/* of XDP guests */
	XDP_HEAD = 0, XDP_TAIL, XDP_META, XDP_LOAD, XDP_STORE, XDP_LEN, XDP_CSUM_DIFF, XDP_GO,
	XDP_DIRECT, XDP_META_WRITE,
	XDP_VERBS,
};

struct script_op {
	unsigned int verb, reserved;
	unsigned long long a, b, c, d;
};

/* What a call returned, and what the guest saw of its packet afterwards. */
struct script_result {
	long long r0;
	unsigned int len, linear, meta, protocol, vlan_present, vlan_tci, vlan_proto, pkt_type;
	unsigned int hash, mark, priority, queue_mapping, tc_index, tc_classid, cb0, reserved;
	unsigned long long tstamp;
};

struct script {
	unsigned int count, verdict;
	struct script_op op[SCRIPT_OPS];
	struct script_result result[SCRIPT_OPS];
	unsigned char memory[SCRIPT_MEMORY];
};

#endif
