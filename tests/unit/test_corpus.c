/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The corpus of packets: what it promises about sizes, checksums and kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "corpus.h"

#define PACKETS 20000

static u32 word(const u8 *at)
{
	return (u32)(at[0] << 8 | at[1]);
}

static u32 sum(const u8 *at, u32 size, u32 before)
{
	for (u32 i = 0; i < size; i++)
		before += i & 1 ? at[i] : (u32)at[i] << 8;
	while (before >> 16)
		before = (before & 0xffff) + (before >> 16);
	return before;
}

/* The IPv4 header of packet `n` if it is one of the whole ones without tags; else NULL. */
static const u8 *whole_ip4(u64 n, const u8 *data, u32 size)
{
	if (n % 8 > 2 || word(data + 12) != 0x800)
		return NULL;
	assert_true(size >= 34);
	return data + 14;
}

static void test_sizes(void **state)
{
	u8 data[BPFVM_CORPUS_MAX + 1];
	u32 least = ~0u, most = 0;

	(void)state;
	for (u64 n = 0; n < PACKETS; n++) {
		u32 size;

		data[BPFVM_CORPUS_MAX] = 0xa5;
		size = bpfvm_corpus__packet(1, n, data);
		assert_int_equal(data[BPFVM_CORPUS_MAX], 0xa5);
		least = size < least ? size : least;
		most = size > most ? size : most;
	}
	assert_int_equal(least, BPFVM_CORPUS_MIN);
	assert_int_equal(most, BPFVM_CORPUS_MAX);
}

static void test_same_seed(void **state)
{
	u8 one[BPFVM_CORPUS_MAX], other[BPFVM_CORPUS_MAX];
	u32 same = 0;

	(void)state;
	for (u64 n = 0; n < 1000; n++) {
		u32 size = bpfvm_corpus__packet(7, n, one);

		assert_int_equal(bpfvm_corpus__packet(7, n, other), size);
		assert_memory_equal(one, other, size);
		same += bpfvm_corpus__packet(8, n, other) == size && !memcmp(one, other, size);
	}
	assert_true(same < 10);
}

static void test_checksums(void **state)
{
	u32 headers = 0, tcp = 0, udp = 0, icmp = 0;
	u8 data[BPFVM_CORPUS_MAX];

	(void)state;
	for (u64 n = 0; n < PACKETS; n++) {
		u32 size = bpfvm_corpus__packet(1, n, data), len, pseudo;
		const u8 *ip = whole_ip4(n, data, size), *l4;

		if (!ip)
			continue;
		len = (ip[0] & 15) * 4u;
		l4 = ip + len;
		assert_int_equal(word(ip + 2), size - 14);
		assert_int_equal(sum(ip, len, 0), 0xffff);
		headers++;
		pseudo = sum(ip + 12, 8, ip[9] + size - 14 - len);
		size -= 14 + len;
		if (ip[9] == 6 && ++tcp)
			assert_int_equal(sum(l4, size, pseudo), 0xffff);
		if (ip[9] == 17 && word(l4 + 6) && ++udp)
			assert_int_equal(sum(l4, size, pseudo), 0xffff);
		if (ip[9] == 1 && ++icmp)
			assert_int_equal(sum(l4, size, 0), 0xffff);
	}
	assert_true(headers > 1000 && tcp > 300 && udp > 100 && icmp > 100);
}

/* TCP, UDP and ICMPv6 without extension headers. */
static void test_checksums_ip6(void **state)
{
	u8 data[BPFVM_CORPUS_MAX];
	u32 packets = 0;

	(void)state;
	for (u64 n = 0; n < PACKETS; n++) {
		u32 size = bpfvm_corpus__packet(1, n, data);
		const u8 *ip = data + 14;

		if (n % 8 > 2 || word(data + 12) != 0x86dd)
			continue;
		assert_int_equal(word(ip + 4), size - 54);
		if (ip[6] != 6 && ip[6] != 17 && ip[6] != 58)
			continue;
		assert_int_equal(sum(ip + 40, size - 54, sum(ip + 8, 32, ip[6] + size - 54)),
				 0xffff);
		packets++;
	}
	assert_true(packets > 500);
}

/* Each eighth packet is cut: 160 lengths, then another packet. */
static void test_cut_everywhere(void **state)
{
	u8 data[BPFVM_CORPUS_MAX], longer[BPFVM_CORPUS_MAX];
	u32 sizes[BPFVM_CORPUS_MAX + 1] = {0};

	(void)state;
	for (u64 n = 4; n < PACKETS; n += 8) {
		u32 size = bpfvm_corpus__packet(1, n, data);

		sizes[size]++;
		if (n / 8 % 160 != 159 && bpfvm_corpus__packet(1, n + 8, longer) > size)
			assert_memory_equal(data, longer, size);
	}
	for (u32 size = BPFVM_CORPUS_MIN; size < BPFVM_CORPUS_MIN + 160; size++)
		assert_true(sizes[size]);
}

static void test_kinds(void **state)
{
	u32 arp = 0, tags = 0, stacked = 0, options = 0, fragments = 0, extensions = 0;
	u8 data[BPFVM_CORPUS_MAX];

	(void)state;
	for (u64 n = 0; n < PACKETS; n++) {
		u32 size = bpfvm_corpus__packet(1, n, data), proto = word(data + 12);

		if (size < 54)
			continue;
		arp += proto == 0x806;
		tags += proto == 0x8100 || proto == 0x88a8;
		stacked += proto == 0x8100 && word(data + 16) == 0x88a8;
		options += proto == 0x800 && data[14] == 0x4f;
		fragments += proto == 0x800 && word(data + 20) & 0x1fff;
		extensions += proto == 0x86dd && (data[20] == 0 || data[20] == 44);
	}
	assert_true(arp > 100 && tags > 1000 && stacked > 500 && options > 30 &&
		    fragments > 300 && extensions > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_checksums_ip6),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
