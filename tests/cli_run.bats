#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `loader run`: what goes in, what comes out, and how a guest ends.

load cli

# cores: those that can be had here.
cores() {
	echo switch table small
	kernel_unusable >/dev/null || echo kernel
}

# on_all R0 ARGUMENT...: the output is the same from every core.
on_all() {
	local want=$1 core

	shift
	for core in $(cores); do
		loader run --core "$core" "$@"
		exits 0 && prints "$want" || { echo "core $core"; return 1; }
	done
}

@test "fib and fib2 end with R0 = 55, alone on stdout" {
	on_all "R0 = 55 (0x37)" "$PROGS/fib.o"
	silent
	on_all "R0 = 55 (0x37)" "$PROGS/fib2.o"
}

@test "loader FILE is loader run FILE" {
	loader "$PROGS/fib.o" --core table
	exits 0
	prints "R0 = 55 (0x37)"
	loader --core table "$PROGS/fib.o"
	prints "R0 = 55 (0x37)"
	cd "$PROGS"
	loader fib.o --core=small
	prints "R0 = 55 (0x37)"
}

@test "a file whose name is that of no command runs without a dot in it" {
	cp "$PROGS/fib.o" "$BATS_TEST_TMPDIR/guest"
	cd "$BATS_TEST_TMPDIR"
	loader guest --core table
	prints "R0 = 55 (0x37)"
}

@test "the kernel core is the default" {
	needs_kernel
	loader "$PROGS/fib.o" -j
	exits 0
	holds 'd["core"] == "kernel" and d["r0"] == 55'
}

@test "globals, tables of functions, helpers" {
	on_all "R0 = 427 (0x1ab)" "$PROGS/data.o"
	on_all "R0 = 121 (0x79)" "$PROGS/table.o"
	on_all "R0 = 1234 (0x4d2)" "$PROGS/helpers.o" --prog number
}

@test "--prog chooses among several, the first is the default" {
	on_all "R0 = 144 (0x90)" "$PROGS/several.o"
	on_all "R0 = 650 (0x28a)" "$PROGS/several.o" --prog second
	loader run "$PROGS/several.o" --prog third --core table
	fails 1 third
}

@test "R0 has all 64 bits, unsigned" {
	guest=$(raw minus <<<$'r0 = -1\nexit')
	on_all "R0 = 18446744073709551615 (0xffffffffffffffff)" "$guest"
	loader run "$guest" --core table -j
	holds 'd["r0"] == -1 and d["r0_hex"] == "0xffffffffffffffff"'
}

@test "--ctx from hex and from a file is read and written" {
	on_all "R0 = 578437695752307201 (0x807060504030201)" "$PROGS/ctx.o" --ctx hex:0102030405060708
	printf '\1\2\3\4\5\6\7\10' >"$BATS_TEST_TMPDIR/bytes"
	on_all "R0 = 578437695752307201 (0x807060504030201)" "$PROGS/ctx.o" --ctx "$BATS_TEST_TMPDIR/bytes"
	loader run "$PROGS/ctx.o" --core table --ctx "hex:01 02"
	prints "R0 = 513 (0x201)"
}

@test "--packet reaches an XDP guest; the verdict has a name" {
	udp=hex:ffffffffffff00000000000008004500001c00000000401100007f0000017f000001000000090008000000
	on_all "R0 = 1 (0x1)" "$PROGS/packet.o" --packet "${udp}00"
	loader run "$PROGS/packet.o" --core table --packet "${udp}00" -v
	tells "XDP_DROP"
	loader run "$PROGS/packet.o" --core table --packet "${udp/0009/000a}00" -j
	holds 'd["verdict"] == "XDP_PASS"'
	head -c 60 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	on_all "R0 = 2 (0x2)" "$PROGS/packet.o" --packet "$BATS_TEST_TMPDIR/zeros"
}

@test "an XDP guest without its packet traps, and the hint says what it wants" {
	loader run "$PROGS/packet.o" --core table
	fails 3 "memory access outside of every region"
	tells "--packet"
}

@test "--region adds memory at addresses that -v tells" {
	guest=$(raw region <<<$'r1 = 0x7000000 ll\n*(u64 *)(r1 + 1016) = r1\nr2 = 0x8000000 ll\nr0 = *(u8 *)(r2 + 2)\nexit')
	echo abc >"$BATS_TEST_TMPDIR/letters"
	on_all "R0 = 99 (0x63)" "$guest" --region rw:1K --region "ro:$BATS_TEST_TMPDIR/letters"
	loader run "$guest" --core table --region rw:1K --region "ro:$BATS_TEST_TMPDIR/letters" -v
	tells "0x7000000 1024 rw" "0x8000000    4 ro" letters
	loader run "$guest" --core table --region rw:1023 --region "ro:$BATS_TEST_TMPDIR/letters"
	fails 3 "write of 8 bytes at 0x70003f8"
	tells "region 7 is region, 1023 bytes from 0x7000000"
}

@test "a read-only region cannot be written" {
	guest=$(raw readonly <<<$'r1 = 0x7000000 ll\n*(u8 *)(r1 + 1) = r1\nr0 = 0\nexit')
	echo abc >"$BATS_TEST_TMPDIR/letters"
	loader run "$guest" --core table --region "ro:$BATS_TEST_TMPDIR/letters"
	fails 3 "write to a read-only region: write of 1 byte at 0x7000001"
}

@test "a trap names instruction, access, function, source and what to do" {
	loader run "$PROGS/bad_memory.o" --prog store_above --core table
	fails 3 "bad_memory.o: insn "
	tells "memory access outside of every region: write of 1 byte at 0x1000200" "in store_above, bad_memory.c:" \
		"*(u8 *)(r1 +0) = " "r10 = 0x1000200"
	loader run "$PROGS/bad_memory.o" --prog store_rodata --core table -j
	exits 3
	holds 'd["stop"] == "READONLY" and d["fault"]["size"] == 8 and d["fault"]["access"] == "write"'
	holds 'd["fault"]["place"]["function"] == "store_rodata" and d["fault"]["place"]["insn"] == d["pc"]'
	holds 'd["fault"]["address"] == "0x5000000" and len(d["regs"]) == 11'
	loader run "$PROGS/bad_memory.o" --prog atomic_odd --core table
	fails 3 "atomic operation on a misaligned address"
}

@test "a helper's argument that is not the guest's memory" {
	guest=$(raw argument <<<$'r1 = 0x9000000 ll\nr2 = 4\nr3 = 10\nr4 = r10\nr4 += -8\ncall 105\nexit')
	loader run "$guest" --core table
	fails 3 "insn 6: helper argument outside of every region, or without permission: read of 4 bytes at 0x9000000"
	tells "call bpf_strtol#105"
}

@test "recursion ends when the frames do" {
	loader run "$PROGS/bad_loop.o" --prog recursion --core table
	fails 3 "too many nested calls"
}

@test "the budget is exact, and has a default" {
	guest=$(raw five <<<$'r0 = 1\nr0 += 1\nr0 += 1\nr0 += 1\nexit')
	on_all "R0 = 4 (0x4)" "$guest" --steps 5
	loader run "$guest" --steps 4 --core table
	fails 3 "the step budget ran out: after 4 instructions"
	tells "--steps unlimited"
	loader run "$guest" --steps 4 --core table -j
	holds 'd["steps"] == 4 and d["stop"] == "STEPS" and d["pc"] == 4'
	loader run "$PROGS/bad_loop.o" --core table -j
	exits 3
	holds 'd["steps"] == 100000000'
}

@test "a budget of several slices is exact too" {
	for core in $(cores); do
		loader run "$PROGS/bad_loop.o" --core "$core" -j --steps 9000001
		exits 3
		holds 'd["stop"] == "STEPS" and d["steps"] == 9000001'
	done
}

# interrupted CORE SIGNAL STATUS
interrupted() {
	local status output="" stderr

	timeout -k 5 60 "$LOADER" run "$PROGS/bad_loop.o" --core "$1" --steps unlimited \
		2>"$BATS_TEST_TMPDIR/err" >"$BATS_TEST_TMPDIR/out" &
	sleep 1
	kill "-$2" $!
	status=0
	wait $! || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	exits "$3"
	tells "bad_loop.o: ended by a signal: after " " instructions, at insn 0" "r10 = 0x1000200"
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "Ctrl-C and SIGTERM end an unlimited run with what it had reached" {
	interrupted table TERM 143
	interrupted switch INT 130
}

@test "Ctrl-C ends an unlimited run in the kernel" {
	needs_kernel
	interrupted kernel INT 130
}

@test "a terminal sees progress, which is cleared at the end" {
	command -v script >/dev/null || skip "no script"
	run script -qec "timeout -s INT 2.5 '$LOADER' run '$PROGS/bad_loop.o' --core table --steps unlimited" \
		"$BATS_TEST_TMPDIR/typescript"
	[[ "$output" == *" M instructions, "*" M/s"* ]]
	[[ "$output" == *$'\r\e[Kloader: '*'bad_loop.o: ended by a signal'* ]]
}

@test "a run of less than a second shows no progress" {
	command -v script >/dev/null || skip "no script"
	run script -qec "'$LOADER' run '$PROGS/fib.o' --core table" "$BATS_TEST_TMPDIR/typescript"
	[ "$output" = $'R0 = 55 (0x37)\r' ]
}

@test "--repeat runs it N times on the same memory" {
	guest=$(object count <<-'C'
		int runs = 40;
		__attribute__((section("xdp"))) int count(void) { return ++runs; }
	C
	)
	loader run "$guest" --core table --repeat 2
	exits 0
	prints "R0 = 42 (0x2a)"
	tells "2 runs: mean " "ns per run" "ns per instruction"
	for core in $(cores); do
		loader run "$guest" --core "$core" --repeat 1K -j
		exits 0
		holds 'd["r0"] == 1040 and d["repeat"] == 1000 and d["ns"] > 0 and d["ns_per_insn"] > 0'
	done
}

@test "the checker runs before a run; --unchecked does without" {
	guest=$(raw tail <<<$'r0 = 3\nif r0 == 4 goto +1\nexit\nr0 = 5')
	loader run "$guest" --core table
	fails 4 "tail.o: tail: insn 3: a function that runs on past its end"
	tells "(b7) r0 = 5"
	on_all "R0 = 3 (0x3)" "$guest" --unchecked
}

@test "JSON has everything about a run" {
	loader run "$PROGS/fib.o" --core small -p
	exits 0
	holds '(d["r0"], d["r0_hex"], d["stop"], d["core"], d["fault"]) == (55, "0x37", "EXIT", "small", None)'
	holds 'd["program"] == "fib" and d["kind"] == "xdp" and d["steps"] > 10 and d["ns"] >= 0'
	[ "$(wc -l <<<"$output")" -gt 10 ]
	loader run "$PROGS/fib.o" --core small -j
	[ "$(wc -l <<<"$output")" -eq 1 ]
}
