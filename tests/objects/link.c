/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For test_image: an object with all that the linker can link. */
typedef unsigned long long u64;

#define SECTION(name) __attribute__((section(name), used))
#define CALLED __attribute__((noinline))

static CALLED u64 local_triple(u64 n)
{
	asm volatile("");
	return n * 3;
}

CALLED u64 global_next(u64 n)
{
	asm volatile("");
	return local_triple(n) + 1;
}

static CALLED u64 local_fivefold(u64 n)
{
	asm volatile("");
	return n * 5;
}

static u64 (*const functions[])(u64) = {local_triple, global_next, local_fivefold};
static const u64 constants[4] = {11, 12, 13, 14};
u64 data[3] = {7, 8, 9};
u64 zeros[2];
static u64 hidden_zero;
const char *word = "hello";
const u64 *pointers[2] = {&constants[1], &data[2]};
u64 aligned SECTION(".data.aligned") __attribute__((aligned(64))) = 64;

/* What it returns depends on every kind of reference, and on two arguments: r1 and r2. */
SECTION("xdp") u64 everything(u64 index, u64 n)
{
	u64 (*volatile chosen)(u64) = local_fivefold;

	zeros[1] += constants[index & 3];
	hidden_zero += data[1];
	return global_next(n) + functions[index & 1](2) + (u64)word[index & 3] +
	       *pointers[index & 1] + local_triple(3) + chosen(2) + zeros[1] + hidden_zero + aligned;
}

SECTION("xdp") int second(void *context)
{
	return (int)local_triple((u64)context);
}

SECTION("tc/ingress") int third(void *context)
{
	return (int)functions[(u64)context & 1](7);
}

SECTION("?tc") int fourth(void *context)
{
	(void)context;
	return 4;
}

SECTION("other") int fifth(void *context)
{
	(void)context;
	return 5;
}

char _license[] SECTION("license") = "GPL";
