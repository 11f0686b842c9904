/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types that keys and values of maps can have: for the compiler of guests and for test_values. */
#ifndef TEST_OBJECTS_VALUES_H
#define TEST_OBJECTS_VALUES_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <stdbool.h>

enum color { RED, GREEN, BLUE = 7 };
enum level { LOW = -1, HIGH = 1 };
enum large { LARGE = 0x123456789abcull };

typedef __u16 port;

struct all {
	__u8 u8;
	__s8 s8;
	volatile port u16;
	__s32 s32;
	__u64 u64;
	bool yes;
	char name[8];
	enum color color;
	enum level level;
	enum large large;
	struct {
		__u32 x, y;
	} point;
	union {
		__u32 word;
		__u8 byte[4];
	};
	__u32 low : 3, : 4, high : 9;
	__s32 below : 5;
	enum color tint : 4;
	void *pointer;
	double real;
	float narrow;
	struct in_addr v4;
	struct in6_addr v6;
	__u16 grid[2][3];
	unsigned __int128 wide;
};

#endif
