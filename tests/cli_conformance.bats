#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `loader conformance`: both protocols, by cases of our own; the suites' vectors are for running by hand.

load cli

exit_=9500000000000000
seven=b700000007000000$exit_
sum=0f12000000000000${exit_/#/bf20000000000000} # r2 += r1; r0 = r2; exit
load=7110000000000000$exit_                      # r0 = *(u8 *)(r1 + 0); exit
divide=$(printf '%s' b700000005000000 3700000000000000 $exit_) # r0 = 5; r0 /= 0; exit
wild=b400000001000000b701000000000000711000000000000$exit_     # an odd number of digits
beyond=7910010000000000$exit_                    # r0 = *(u64 *)(r1 + 1); exit
loop=0500ffff00000000$exit_

# answers CORE: a batch of good and bad vectors, in their order.
answers() {
	run --separate-stderr timeout 60 "$LOADER" conformance --core "$1" <<-EOT
		a $seven -
		b $load 2a
		c $load -
		d $divide -
		e $wild -
		f $beyond 0011223344556677
		g $loop -
		h -  -
		i 9f
		j ff00000000000000 -
		k $sum 0000
		l
		m $load zz
		n $seven
		o ${seven}00 -
	EOT
	exits 0
	silent
	mapfile -t line <<<"$output"
	[ "${line[0]}" = "a 7" ]
	[ "${line[1]}" = "b 2a" ]
	[[ "${line[2]}" == "c !insn 0: memory access"* ]]
	[ "${line[3]}" = "d 0" ]
	[ "${line[4]}" = "e !program: not pairs of hex digits" ]
	[[ "${line[5]}" == "f !insn 0: memory access"* ]]
	[[ "${line[6]}" == "g !insn 0: the step budget ran out"* ]]
	[[ "${line[7]}" == "h !"*"no instructions"* ]]
	[[ "${line[8]}" == "i !program: not a whole number of instructions" ]]
	[[ "${line[9]}" == "j !insn 0: "* ]]
	[ "${line[10]}" = "k 2000002" ]
	[ "${line[11]}" = "l !program: missing" ]
	[ "${line[12]}" = "m !memory: not pairs of hex digits" ]
	[ "${line[13]}" = "n 7" ]
	[ "${line[14]}" = "o !program: not a whole number of instructions" ]
	[ "${#line[@]}" -eq 15 ]
}

@test "batch: every core of the host" {
	for core in switch table small; do
		answers "$core"
	done
}

@test "batch: the kernel core" {
	needs_kernel
	answers kernel
}

@test "batch: several cores have to agree" {
	run --separate-stderr "$LOADER" conformance --core switch --core table --core small <<<"a $seven -"
	exits 0
	prints "a 7"
}

@test "batch: nothing on stdin, nothing on stdout" {
	run --separate-stderr "$LOADER" conformance --core table </dev/null
	exits 0
	prints ""
	silent
}

@test "batch: the last line may lack its end" {
	within sh -c "printf 'a $seven -' | '$LOADER' conformance --core table"
	exits 0
	prints "a 7"
}

@test "batch: thousands of vectors in seconds" {
	for ((i = 0; i < 5000; i++)); do
		echo "$i $load 2a"
	done >"$BATS_TEST_TMPDIR/vectors"
	SECONDS=0
	run timeout 60 "$LOADER" conformance --core table <"$BATS_TEST_TMPDIR/vectors"
	exits 0
	[ "$(grep -c ' 2a$' <<<"$output")" -eq 5000 ]
	[ "$SECONDS" -lt 20 ]
}

@test "--unchecked runs what the checker refuses" {
	tail=b700000003000000${exit_}b700000005000000
	run --separate-stderr "$LOADER" conformance --core table <<<"a $tail -"
	[[ "$output" == "a !insn 2: "* ]]
	run --separate-stderr "$LOADER" conformance --core table --unchecked <<<"a $tail -"
	prints "a 3"
}

@test "--steps bounds a run" {
	run --separate-stderr "$LOADER" conformance --core table --steps 1 <<<"a $seven -"
	[[ "$output" == "a !insn 1: the step budget ran out"* ]]
	run --separate-stderr "$LOADER" conformance --core table --steps 2 <<<"a $seven -"
	prints "a 7"
}

@test "plugin: program on stdin, memory before or behind the word" {
	spaced=$(sed 's/../& /g' <<<"$load")
	run --separate-stderr "$LOADER" conformance --plugin --core table "2a 00" <<<"$spaced"
	exits 0
	prints 2a
	run --separate-stderr "$LOADER" "2a 00" conformance --plugin --core table <<<"$spaced"
	exits 0
	prints 2a
	run --separate-stderr "$LOADER" conformance --plugin --core table <<<"${seven:0:16}
${seven:16}"
	prints 7
}

@test "plugin: errors have an exit code" {
	run --separate-stderr "$LOADER" conformance --plugin --core table <<<"$load"
	fails 3 "memory access outside of every region"
	run --separate-stderr "$LOADER" conformance --plugin --core table <<<"ff00000000000000"
	fails 4 "insn 0: "
	run --separate-stderr "$LOADER" conformance --plugin --core table <<<"hello"
	exits 1
	tells "program: not pairs of hex digits"
	run --separate-stderr "$LOADER" conformance --plugin --core table </dev/null
	fails 1 "stdin: no program"
	run --separate-stderr "$LOADER" conformance --core table "2a" <<<"$seven"
	fails 2 "--plugin only"
}
