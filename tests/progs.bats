#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The guests of progs/ on every core: what they return, how those that misbehave are stopped.

load cli

comparison="fib fib2 empty alu fletcher32 sieve bubble crc32 siphash calls"

setup_file() {
	export BATS_FILE_TMPDIR
	echo switch table small >"$BATS_FILE_TMPDIR/cores"
	if ! kernel_unusable >/dev/null; then
		echo kernel >>"$BATS_FILE_TMPDIR/cores"
	fi
}

teardown() {
	rm -f /sys/fs/bpf/bpfvm-test-$$-*
}

cores() {
	cat "$BATS_FILE_TMPDIR/cores"
}

# wanted NAME: what a guest, or OBJECT:PROGRAM, has to return.
wanted() {
	python3 "$ROOT/tests/oracle/guests.py" "$1"
}

# returns VALUE ARGUMENT...: R0 on every core, as a number with a sign; all take as many steps.
returns() {
	local value=$1 core steps= check

	shift
	check="(d['r0'] - $value) % 2**64 == 0, d['steps']"
	for core in $(cores); do
		loader run -j --core "$core" "$@"
		exits 0 || { echo "core $core"; return 1; }
		steps=${steps:-$(json "$check")}
		[[ "$steps" == "(True, "* ]] && [ "$(json "$check")" = "$steps" ] ||
			{ echo "core $core, wanted $value; first core: $steps"; show; return 1; }
	done
}

# sentence TRAP: as include/traps.def words it for a person.
sentence() {
	sed -n "s/^TRAP($1, \"\\(.*\\)\",\$/\\1/p" "$ROOT/include/traps.def"
}

# traps STOP CONDITION ARGUMENT...: exit code 3 on every core, the sentence of that trap, and the
# same record of it from each; CONDITION is about that record, `f` being its "fault".
traps() {
	local stop=$1 condition=$2 core record= said check

	shift 2
	said=$(sentence "$stop")
	[ -n "$said" ] || { echo "traps.def does not know $stop"; return 1; }
	loader run --core switch "$@"
	exits 3 && prints "" && tells "$said" || return 1
	check="(lambda f: [f['reason'] == '$said' and d['stop'] == '$stop' and ($condition),"
	check+=" f, d['pc'], d['steps'], d['regs']])(d['fault'])"
	for core in $(cores); do
		loader run -j --core "$core" "$@"
		exits 3 || { echo "core $core, $*"; return 1; }
		record=${record:-$(json "$check")}
		[[ "$record" == "[True, "* ]] && [ "$(json "$check")" = "$record" ] ||
			{ echo "core $core, $*; first record: $record"; show; return 1; }
	done
}

# at ADDRESS SIZE ACCESS: a condition for traps about memory.
at() {
	printf "int(f['address'], 16) == %s and f['size'] == %s and f['access'] == '%s'" "$@"
}

# refused_then_traps STOP ARGUMENT...: by the checker, or by the machine if nobody asks it.
refused_then_traps() {
	local stop=$1

	shift
	loader check "$@"
	exits 4
	loader run --core table "$@"
	exits 4
	traps "$stop" True --unchecked "$@"
}

stack=0x1000000
top=$stack+512

@test "the kernel's own core takes part" {
	needs_kernel
	[[ "$(cores)" == *kernel* ]]
}

@test "the guests of every comparison return what they are meant to compute" {
	for guest in $comparison; do
		returns "$(wanted "$guest")" "$PROGS/$guest.o"
	done
}

@test "the same sources, compiled for this machine, return the same" {
	printf '%s\n' '#include <stdio.h>' 'unsigned TYPE NAME(void);' \
		'int main(void) { printf("%llu", (unsigned long long)NAME()); }' >"$BATS_TEST_TMPDIR/main.c"
	for guest in $comparison; do
		type=int
		! grep -q "^__u64 $guest(" "$ROOT/progs/$guest.c" || type="long long"
		"$CLANG" -O1 -DNAME="$guest" -DTYPE="$type" -o "$BATS_TEST_TMPDIR/native" \
			"$BATS_TEST_TMPDIR/main.c" "$ROOT/progs/$guest.c"
		run -0 "$BATS_TEST_TMPDIR/native"
		prints "$(wanted "$guest")"
	done
}

@test "what the kernel's verifier accepts of them returns the same under its JIT" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	command -v bpftool >/dev/null || skip "no bpftool"
	head -c 64 /dev/zero >"$BATS_TEST_TMPDIR/packet"
	accepted=
	for guest in $comparison; do
		pin=/sys/fs/bpf/bpfvm-test-$$-$guest
		bpftool prog load "$PROGS/$guest.o" "$pin" 2>/dev/null || continue
		run -0 bpftool -j prog run pinned "$pin" data_in "$BATS_TEST_TMPDIR/packet"
		rm "$pin"
		holds "d['retval'] == $(wanted "$guest") % 2**32"
		accepted+=" $guest"
	done
	# Kernels differ in how much they verify; these are small enough for all of them.
	for guest in fib fib2 empty fletcher32 siphash; do
		[[ "$accepted " == *" $guest "* ]] || { echo "refused: $guest"; return 1; }
	done
}

@test "none of them was folded into its result by the compiler" {
	for guest in fib:40 fib2:60 alu:900000 fletcher32:1000 sieve:50000 bubble:9000 crc32:2000 \
		siphash:500 calls:50000; do
		loader run -j --core table "$PROGS/${guest%:*}.o"
		exits 0
		holds "d['steps'] >= ${guest#*:}"
	done
	loader run -j --core table "$PROGS/empty.o"
	holds "d['steps'] == 2"
}

@test "data: .rodata, .data, .bss and a pointer between them" {
	returns "$(wanted data)" "$PROGS/data.o"
}

@test "data: a second run finds what the first one left in .bss" {
	for core in $(cores); do
		loader run -j --core "$core" --repeat 2 "$PROGS/data.o"
		exits 0
		holds "d['r0'] == 2 * $(wanted data)"
	done
}

@test "several: each program of an object by its name, the first without one" {
	returns "$(wanted several:first)" "$PROGS/several.o"
	returns "$(wanted several:first)" --prog first "$PROGS/several.o"
	returns "$(wanted several:second)" --prog second "$PROGS/several.o"
}

@test "table: functions called through pointers" {
	returns "$(wanted table)" "$PROGS/table.o"
}

@test "helpers: a clock, and a number read from text" {
	returns "$(wanted helpers:clock)" --prog clock "$PROGS/helpers.o"
	returns "$(wanted helpers:number)" --prog number "$PROGS/helpers.o"
}

# udp PORT: an Ethernet frame with a UDP datagram, in hex.
udp() {
	python3 -c 'import struct, sys
ethernet = bytes(12) + b"\x08\x00"
ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0, bytes(4), bytes(4))
print("hex:" + (ethernet + ip + struct.pack(">HHHH", 1, int(sys.argv[1]), 8, 0)).hex())' "$1"
}

@test "packet: reads the packet it was given, up to its end" {
	local frame

	frame=$(udp 9)
	returns 1 --packet "$frame" "$PROGS/packet.o" # XDP_DROP
	returns 2 --packet "$(udp 53)" "$PROGS/packet.o"
	returns 2 --packet "${frame%??}" "$PROGS/packet.o" # one byte short
	returns 2 --packet "${frame/080045/86dd45}" "$PROGS/packet.o"
	returns 1 --packet "${frame}0102030405" "$PROGS/packet.o"
}

@test "ctx: works on the caller's memory" {
	returns 0x0807060504030201 --ctx hex:0102030405060708 "$PROGS/ctx.o"
	returns 0x030201 --ctx hex:010203 "$PROGS/ctx.o"
	returns 0xff --ctx hex:ff "$PROGS/ctx.o"
	returns 0 "$PROGS/ctx.o"
}

@test "division by zero gives 0, modulo keeps the dividend" {
	for prog in divide divide32 modulo modulo32; do
		returns "$(wanted "bad_divide:$prog")" --prog "$prog" "$PROGS/bad_divide.o"
	done
}

@test "loads and stores beyond either end of the stack" {
	traps BOUNDS "$(at $((top - 513)) 8 read)" --prog load_below "$PROGS/bad_memory.o"
	traps BOUNDS "$(at $((top - 7)) 8 read)" --prog load_above "$PROGS/bad_memory.o"
	traps BOUNDS "$(at $((top - 513)) 1 write)" --prog store_below "$PROGS/bad_memory.o"
	traps BOUNDS "$(at $((top)) 1 write)" --prog store_above "$PROGS/bad_memory.o"
}

@test "loads and stores at NULL and at the edges of 32 and 64 bits" {
	traps BOUNDS "$(at 0 4 read)" --prog load_null "$PROGS/bad_memory.o"
	traps BOUNDS "$(at 8 8 write)" --prog store_null "$PROGS/bad_memory.o"
	traps BOUNDS "$(at '2**64 - 4' 8 read)" --prog load_wrap "$PROGS/bad_memory.o"
	traps BOUNDS "$(at "2**32 + $((top - 8))" 8 write)" --prog store_high "$PROGS/bad_memory.o"
}

@test "a write to .rodata, a misaligned atomic" {
	traps READONLY "$(at 0x5000000 8 write)" --prog store_rodata "$PROGS/bad_memory.o"
	traps ATOMIC "$(at $((top - 12)) 8 atomic)" --prog atomic_odd "$PROGS/bad_memory.o"
}

@test "calls through pointers to anything but a function" {
	traps JUMP True --prog call_garbage "$PROGS/bad_jump.o"
	traps JUMP True --prog call_stack "$PROGS/bad_jump.o"
	traps HELPER True --prog call_null "$PROGS/bad_jump.o"
}

@test "jumps out of the program and unknown helpers: refused, and stopped when unchecked" {
	refused_then_traps JUMP --prog jump_out "$PROGS/bad_jump.o"
	refused_then_traps JUMP --prog jump_back "$PROGS/bad_jump.o"
	refused_then_traps HELPER --prog call_helper "$PROGS/bad_jump.o"
}

@test "an endless loop ends with its budget, to the instruction" {
	traps STEPS "d['steps'] == 1000" --steps 1000 --prog endless "$PROGS/bad_loop.o"
	traps STEPS "d['steps'] == 100003" --steps 100003 --prog endless "$PROGS/bad_loop.o"
}

@test "a runaway recursion ends with its frames" {
	traps FRAMES "d['steps'] < 100" --prog recursion "$PROGS/bad_loop.o"
}
