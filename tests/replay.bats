#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# loader replay: captures, verdicts, output, and the guests of progs/ beside the kernel's own runs.

load cli

packets=${REPLAY_PACKETS:-6000} # to each guest; with fewer not all kinds of things happen

# One machine for all tests; those of a run that was killed are swept.
setup_file() {
	local dir

	export BATS_FILE_TMPDIR MACHINE=/sys/fs/bpf/bpfvm-replay-$$
	for dir in /sys/fs/bpf/bpfvm-replay-*; do
		kill -0 "${dir##*-}" 2>/dev/null || rm -rf "$dir"
	done
}

teardown_file() {
	rm -rf "$MACHINE"
}

# core NAME: the options for it.
core() {
	echo "--core $1$([ "$1" != kernel ] || echo " --pinned $MACHINE")"
}

setup() {
	out=$BATS_TEST_TMPDIR/out.pcap
}

# capture NAME FORMAT FRAME...: a capture in the test's folder; prints its path.
capture() {
	local path=$BATS_TEST_TMPDIR/$1

	shift
	python3 "$ROOT/tests/replay/frames.py" make "$path" "$@" && echo "$path"
}

# changed WHAT: the packets that were written with -w "$out".
changed() {
	python3 "$ROOT/tests/replay/frames.py" "$1" "$out"
}

# same CORE OBJECT [OPTION...]: the guest and the kernel's own run do the same, packet for packet.
same() {
	local core=$1 guest=$2

	shift 2
	# shellcheck disable=SC2046 # several words
	loader replay --generate $packets,7 $(core "$core") --compare-native -j "$PROGS/$guest.o" "$@"
	exits 0 || return 1
	holds "d['summary']['differences'] == 0 and d['differences'] == [] and d['traps'] == []" &&
		holds "d['summary']['packets'] + d['summary']['skipped'] == $packets"
}

needs_compare() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	needs_kernel
}

verdicts() {
	json "' '.join(sorted(v['verdict'] for v in d['verdicts']))"
}

# Each guest of progs/ for a network on the core $1; the counts say that something happened to packets.
all_the_same() {
	local core=$1

	same "$core" parser
	[ "$(verdicts)" = "XDP_DROP XDP_PASS" ]
	holds "d['summary']['map_entries'] == 12"
	same "$core" counters
	holds "d['summary']['map_entries'] == 512"
	same "$core" firewall --setup "$ROOT/tests/replay/firewall.maps"
	[ "$(verdicts)" = "XDP_DROP XDP_PASS" ]
	holds "d['summary']['map_entries'] == 15"
	same "$core" echo
	[ "$(verdicts)" = "XDP_PASS XDP_TX" ]
	holds "d['summary']['changed'] > 100"
	same "$core" balancer --setup "$ROOT/tests/replay/balancer.maps"
	[ "$(verdicts)" = "XDP_PASS XDP_TX" ]
	holds "d['summary']['changed'] > 50"
	grep ^services "$ROOT/tests/replay/balancer.maps" >"$BATS_TEST_TMPDIR/services"
	same "$core" balancer --setup "$BATS_TEST_TMPDIR/services"
	[ "$(verdicts)" = "XDP_DROP XDP_PASS" ]
	same "$core" syn
	[ "$(verdicts)" = "XDP_DROP XDP_PASS" ]
	holds "d['summary']['map_entries'] > 100"
	same "$core" pipeline
	[ "$(verdicts)" = "XDP_DROP XDP_PASS" ]
	same "$core" sampler
	holds "d['summary']['records'] == $packets / 4"
	same "$core" sampler --prog perf
	holds "d['summary']['records'] == $packets / 4"
	same "$core" loop
	same "$core" marker
	[ "$(verdicts)" = "TC_ACT_OK TC_ACT_SHOT" ]
	same "$core" marker --prog push
	holds "d['summary']['changed'] == d['summary']['packets']"
	same "$core" marker --prog pop
	holds "d['summary']['changed'] > 100"
	# Of the limiter's buckets only when they were filled may differ, and no clock may matter.
	same "$core" limiter --setup "$ROOT/tests/replay/limiter.maps" --ignore-map buckets
	[ "$(verdicts)" = "XDP_DROP XDP_PASS" ]
}

@test "every guest does what the kernel's own run does: the kernel core" {
	needs_compare
	all_the_same kernel
}

@test "every guest does what the kernel's own run does: the table core" {
	needs_compare
	all_the_same table
}

# programs OBJECT: the names of its programs.
programs() {
	"$LOADER" info -j "$1" | python3 -c 'import json, sys
print(*(p["program"] for p in json.load(sys.stdin)["programs"]))'
}

# helpers_same CORE SOURCE COUNT [EXCEPTION]: each of COUNT programs of tests/replay/SOURCE.c does
# what the kernel's own run does, but one that cannot.
helpers_same() {
	local guest count=0

	guest=$(object "$2" -I"$ROOT/tests/replay" <"$ROOT/tests/replay/$2.c")
	for prog in $(programs "$guest"); do
		[ "$prog" != "${4:-}" ] || continue
		# shellcheck disable=SC2046 # several words
		loader replay $(core "$1") --generate 2000,3 --compare-native -j --prog "$prog" "$guest"
		exits 0 || { echo "$2.c: $prog"; return 1; }
		holds "d['summary']['differences'] == 0 and d['summary']['packets'] > 1900"
		count=$((count + 1))
	done
	[ $count -eq "$3" ]
}

@test "XDP helpers do what they do in the kernel: the kernel core" {
	needs_compare
	helpers_same kernel xdp 10
}

@test "tc helpers and fields do what they do in the kernel: the kernel core" {
	needs_compare
	helpers_same kernel tc 12
}

@test "maps of all types do what they do in the kernel: the kernel core" {
	needs_compare
	helpers_same kernel maps 7
}

@test "the same on the table core, but for the kernel's hash of a packet" {
	needs_compare
	helpers_same table xdp 10
	helpers_same table tc 11 hashes
	helpers_same table maps 7
}

@test "a capture: verdicts are counted, nothing was changed" {
	for format in pcap pcapng; do
		in=$(capture in $format udp:9 udp:53 udp:9)
		loader replay --core table "$in" "$PROGS/packet.o" -w "$out" -j
		exits 0
		silent
		holds "d['verdicts'] == [{'verdict': 'XDP_DROP', 'packets': 2},
			{'verdict': 'XDP_PASS', 'packets': 1}]"
		holds "d['summary']['packets'] == 3 and d['summary']['changed'] == 0"
		holds "d['traps'] == [] and d['differences'] == [] and 'differences' not in d['summary']"
		[ -z "$(changed hex)" ]
	done
}

@test "text: verdicts, then the rest" {
	loader replay --core table "$(capture in pcap udp:9 udp:53 udp:9)" "$PROGS/packet.o"
	exits 0
	says "VERDICT  PACKETS" "XDP_DROP       2" "XDP_PASS       1" "changed                 0"
}

@test "--count stops early, captures have numbers from 1 on" {
	loader replay --core table --count 2 "$(capture in pcap udp:9 udp:9 udp:9)" "$PROGS/packet.o" -j
	exits 0
	holds "d['summary']['packets'] == 2"
	loader replay --core table --count 100 --generate 10 "$PROGS/packet.o" -j
	holds "d['summary']['packets'] == 10"
}

@test "--generate: the same seed the same packets, another one others" {
	for seed in 1 1 2; do
		loader replay --core table --generate 300,$seed "$PROGS/packet.o" -v -j
		echo "$output" >>"$BATS_TEST_TMPDIR/seeds"
	done
	[ "$(uniq "$BATS_TEST_TMPDIR/seeds" | wc -l)" -eq 2 ]
}

@test "pings are turned around, with their time and right checksums" {
	needs_kernel
	loader replay "$(capture in pcap udp:9 ping4 ping6)" "$PROGS/echo.o" -w "$out" -j
	exits 0
	holds "d['summary']['changed'] == 2"
	[ "$(changed read)" = "020000000002 020000000001 192.168.1.1 10.0.0.1 1 right
020000000002 020000000001 2001:db8:1::1 2001:db8::1 58 right" ]
	[ "$(changed hex | cut -d " " -f 1)" = "1700000001
1700000002" ]
}

@test "the balancer's packets have right checksums, or none as before" {
	needs_kernel
	loader replay "$(capture in pcap tcp:443 udp:53 udp0:53 tcp:80 tcp:22)" "$PROGS/balancer.o" \
		--setup "$ROOT/tests/replay/balancer.maps" -w "$out" -j
	exits 0
	[ "$(changed read | cut -d " " -f 3,5,6)" = "10.0.0.1 6 right
10.0.0.1 17 right
10.0.0.1 17 none
10.0.0.1 6 right" ]
	[ -z "$(changed read | cut -d " " -f 4 | grep -v '^172\.16\.0\.[123]$')" ]
}

@test "traps are counted, with the packet that was the first; exit code 3" {
	loader replay --core table --generate 20 --prog endless --steps 1000 "$PROGS/bad_loop.o" -j
	exits 3
	holds "[t['packets'] for t in d['traps'] if t['trap'] == 'STEPS'] == [20]"
	holds "len(d['traps']) == 1 and d['traps'][0]['first'] == 1 and d['traps'][0]['insn'] == 0"
	holds "d['verdicts'] == [] and d['summary']['instructions_per_packet'] == 1000"
	loader replay --core table --generate 2 --prog load_null "$PROGS/bad_memory.o"
	exits 3
	says "TRAP" "BOUNDS" "memory access outside of every region"
}

@test "packets that are too short or too long are skipped, -v says why" {
	in=$(capture in pcap zeros:13 udp:9 zeros:32769 zeros:0)
	loader replay --core table "$in" "$PROGS/packet.o" -v
	exits 0
	tells "packet 1: skipped, 13 bytes" "packet 3: skipped, 32769 bytes" "packet 4: skipped, 0 bytes"
	says "skipped                 3" "packets                 1"
	loader replay --core table "$(capture short pcap zeros:13)" "$PROGS/packet.o"
	fails 1 "short: no packet to replay"
}

@test "what is no capture" {
	loader replay --core table "$BATS_TEST_TMPDIR/none.pcap" "$PROGS/packet.o"
	fails 1 "none.pcap: No such file or directory"
	: >"$BATS_TEST_TMPDIR/nothing.pcap"
	loader replay --core table "$BATS_TEST_TMPDIR/nothing.pcap" "$PROGS/packet.o"
	fails 1 "nothing.pcap: truncated dump file"
	loader replay --core table "$PROGS/packet.o" "$PROGS/packet.o"
	fails 1 "packet.o: unknown file format"
	loader replay --core table "$(capture in raw zeros:40)" "$PROGS/packet.o"
	fails 1 "in: packets are of link type RAW, not EN10MB"
	loader replay --core table "$(capture empty pcap)" "$PROGS/packet.o"
	fails_plainly 1 "empty: no packet to replay"
}

@test "a capture that was cut off: an error, no counts" {
	in=$(capture in pcap udp:9 udp:9)
	truncate -s -3 "$in"
	loader replay --core table "$in" "$PROGS/packet.o"
	fails 1 "in: truncated dump file"
}

@test "an output that cannot be written" {
	loader replay --core table --generate 3 "$PROGS/packet.o" -w "$BATS_TEST_TMPDIR/no/out.pcap"
	fails_plainly 1 "no/out.pcap: No such file or directory"
	needs_kernel
	loader replay --generate 3000 "$PROGS/marker.o" --prog push -w /dev/full
	fails_plainly 1 "/dev/full: No space left on device"
}

@test "wrong usage" {
	loader replay
	fails 2 "no FILE given"
	loader replay "$PROGS/packet.o"
	fails 2 "no guest given behind the capture"
	loader replay --generate 3
	fails 2 "no FILE given"
	loader replay --generate 3 in.pcap "$PROGS/packet.o"
	fails 2 "in.pcap: with --generate there is no capture"
	loader replay --generate 0 "$PROGS/packet.o"
	fails 2 "--generate 0: must be from 1"
	loader replay --generate 3,x "$PROGS/packet.o"
	fails 2 "--generate N,SEED: x: not a number"
	loader replay --generate 3 "$PROGS/packet.o" --ignore-map x
	fails 2 "--ignore-map: only with --compare-native"
	loader replay --generate 3 "$PROGS/packet.o" --core small --pinned /sys/fs/bpf/x
	fails 2 "--pinned: only the kernel core can be pinned"
	loader replay --generate 3 "$PROGS/ctx.o"
	fails 2 "neither an XDP nor a tc program"
	loader replay --generate 3 "$PROGS/packet.o" a b
	fails 2 "b: one argument too many"
}

@test "a guest that the checker refuses, one that is none" {
	loader replay --generate 3 --prog jump_out "$PROGS/bad_jump.o"
	exits 4
	loader replay --generate 3 /nonexistent.o
	fails 1 "/nonexistent.o: No such file"
}

@test "setup: lines that cannot be meant" {
	rules=$BATS_TEST_TMPDIR/rules
	while IFS='|' read -r line what; do
		printf '# a comment\n\n%s\n' "$line" >"$rules"
		loader replay --core table --generate 3 "$PROGS/firewall.o" --setup "$rules"
		fails 1 "rules: line 3: $what" || { echo "$line"; return 1; }
	done <<'EOF'
nomap hex:00 hex:00|nomap: the guest uses no such map
ports hex:00170600|hex:00170600: it must begin with a key
ports|no key is given
ports key hex:00170600|ports: no value is given
ports key|ports: no value is given
ports key hex:00170600 value|value: no value is given
ports hex:001706 hex:0000000000000000|key: 3 bytes given; it has 4
ports hex:00170600 hex:00|value: 1 byte given; it has 8
ports hex:0017060 hex:0000000000000000|key: not pairs of hex digits: hex:0017060
ports 00170600 0|key: it has fields
ports hex:00170600 0 more|hex:00170600: it must begin with a key
ports key port=be:23 proto=6 value 0 more|value: something follows it: more
ports key port=65536 value 0|key.port: it can be from 0 to 65535, not 65536
ports key port=1 value 0 exist|map ports: key {port=1, proto=0, zero=0}: there is no such key
ports key port=1 cpu 0 value 0|cpu 0: map ports has one value for all CPUs
reasons key 1 cpu 1 value 0|cpu 1: there are 0 to 0
reasons key 1 cpu x value 0|x: not the number of a CPU
reasons 9 0|map reasons: key 9: there is no such index
blocked4 10.0.0.1/33 0|key: 10.0.0.1/33: /0 to /32 are possible
blocked4 hex:210000000a000001 hex:0000000000000000|map blocked4: key 10.0.0.1/33: no prefix is that long
EOF
	loader replay --core table --generate 3 "$PROGS/firewall.o" --setup /nonexistent
	fails_plainly 1 "/nonexistent: No such file"
}

@test "setup: both sides have it before the first packet" {
	needs_compare
	printf 'packets hex:06000000 hex:e803000000000000 # 1000\nbytes key 6 cpu 0 value 1\nbytes 7 0x7' \
		>"$BATS_TEST_TMPDIR/rules"
	loader replay "$(capture in pcap tcp:80)" "$PROGS/counters.o" --compare-native -j \
		--setup "$BATS_TEST_TMPDIR/rules"
	exits 0
	loader replay "$(capture in pcap tcp:80)" "$PROGS/packet.o" --compare-native -j
	exits 0
}

@test "the kernel may not take a guest as its own" {
	needs_compare
	loader replay --generate 3 --prog endless --steps 10 --compare-native "$PROGS/bad_loop.o"
	fails 1 "bad_loop.o: endless: the kernel does not take it as its own"
	loader replay --generate 3 --prog endless --steps 10 --compare-native -vv "$PROGS/bad_loop.o"
	exits 1
	tells "infinite loop detected"
}

# random BODY [DECLARATIONS]: an XDP guest whose runs differ: BODY has a `number` that nobody can tell before.
random() {
	object random <<EOF
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
$2
SEC("${3:-xdp}") int random(struct ${4:-xdp_md} *ctx)
{
	__u32 number = bpf_get_prandom_u32(), zero = 0;
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 14 > end)
		return 0;
	$1
	return 0;
}
char _license[] SEC("license") = "GPL";
EOF
}

# differs WHAT ARGUMENT...: differences are found in what is called so, and only there; exit code 1.
differs() {
	local what=$1

	shift
	loader replay --generate 40 --compare-native --pinned "$MACHINE" -j "$@"
	exits 1 || return 1
	holds "d['summary']['differences'] > 0 and len(d['differences']) > 0" &&
		holds "all(x['what'].startswith('$what') for x in d['differences'])" &&
		holds "all(x['machine'] != x['native'] for x in d['differences'])"
}

@test "each kind of difference is found" {
	needs_compare
	differs verdict "$(random 'return number & 0xffff;')"
	differs "bytes at 3" "$(random 'data[3] = number;')"
	differs length "$(random 'bpf_xdp_adjust_tail(ctx, number & 0x7f);')"
	differs mark "$(random 'ctx->mark = number;' "" tc __sk_buff)"
	differs "cb[4]" "$(random 'ctx->cb[4] = number;' "" tc __sk_buff)"
	differs "section .bss at offset 0" "$(random 'last = number;' '__u64 last;')"
	differs "section .data at offset 8" "$(random 'last[1] = number;' '__u64 last[2] = {1};')"
	for type in ARRAY PERCPU_ARRAY HASH PERCPU_HASH LRU_HASH; do
		map="struct { __uint(type, BPF_MAP_TYPE_$type); __type(key, __u32);
			__type(value, __u32); __uint(max_entries, 4); } values SEC(\".maps\");"
		guest=$(random 'bpf_map_update_elem(&values, &zero, &number, 0);' "$map")
		differs "map values[hex:00000000]" "$guest"
		loader replay --generate 40 --compare-native --pinned "$MACHINE" "$guest" --ignore-map values
		exits 0
	done
	map='struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32);
		__type(value, __u32); __uint(max_entries, 64); } keys SEC(".maps");'
	differs "map keys[hex:" "$(random 'bpf_map_update_elem(&keys, &number, &zero, 0);' "$map")"
	map='struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");'
	guest=$(random 'bpf_ringbuf_output(&ring, &number, 4, 0);' "$map")
	differs "record of map ring" "$guest"
	loader replay --generate 40 --compare-native --pinned "$MACHINE" "$guest" --ignore-map ring
	exits 0
	differs "record of map ring" \
		"$(random 'if (number & 1) bpf_ringbuf_output(&ring, &zero, 4, 0);' "$map")"
	map='struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4);
		__uint(value_size, 4); } events SEC(".maps");'
	differs "record of map events" "$(random \
		'bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &number, 4);' "$map")"
}
