#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Wrong command lines: one error, a hint, exit code 2; and the help that the hints point to.

load cli

fib=$PROGS/fib.o
commands=(run replay check dis info pack bench conformance doctor attach detach list stat swap map kv help
	version)

# refused WHAT ARGUMENT...
refused() {
	local what=$1

	shift
	loader "$@"
	fails 2 "$what"
}

@test "no arguments: the usage, on stderr" {
	loader
	exits 2
	prints ""
	tells "Usage: loader FILE" "hint: "
}

@test "unknown commands and options" {
	refused "frobnicate: neither a command nor a file" frobnicate
	refused "--frobnicate: no such option of run" --frobnicate
	refused "--frobnicate: no such option of run" run "$fib" --frobnicate
	refused "-x: no such option of run" run "$fib" -x
	refused "-xj: no such option of run" run -xj "$fib"
	refused "-xj: no such option of run" run -p "$fib" -xj
	refused "--json=yes: takes no value" run "$fib" --json=yes
	refused "--core: no such option of check" check "$fib" --core table
	refused "-j: no such option of help" help -j
	refused "frobnicate: no such command" help frobnicate
}

@test "missing and surplus arguments" {
	refused "run: no FILE given" run
	refused "run: no FILE given" -v --core table
	refused "check: no FILE given" check
	refused "dis: no FILE given" dis
	refused "one argument too many" run "$fib" other.o
	refused "one argument too many" check "$fib" other.o
	refused "one argument too many" dis "$fib" other.o
	refused "one argument too many" info "$fib" other.o
	refused "one argument too many" help run check
	refused "takes no argument" doctor now
	refused "takes no argument" version 2
	refused "--steps: a value is missing" run "$fib" --steps
	refused "no FILE given" info --prog fib
}

@test "numbers are checked" {
	for steps in 0 -1 +1 " 1" 1x K 1KK 1.5 0x10 "" 18446744073709551616 99999999999G $'5 ' 1k; do
		refused "--steps $steps: " run "$fib" --core table --steps "$steps"
	done
	refused "--steps 18446744073709551615: must be from 1 to 18446744073709551614" run "$fib" \
		--steps 18446744073709551615
	refused "--repeat 0: must be from 1" run "$fib" --repeat 0
	refused "--repeat 2G: must be from 1" run "$fib" --repeat 2G
	refused "--repeat often: not a number" run "$fib" --repeat often
	refused "--rounds 100: must be from 1 to 99" bench "$fib" --rounds 100
	refused "--steps unlimited: not a number" conformance --steps unlimited
	loader run "$fib" --core table --steps 1K
	exits 0
	loader run "$fib" --core table --steps 18446744073709551614
	exits 0
}

@test "cores are checked" {
	refused "--core fast: no such core; there are kernel, switch, table, small" run "$fib" --core fast
	refused "--core fast: no such core" bench --core fast
	refused "--core fast: no such core" conformance --core fast
}

@test "regions are checked" {
	refused "--region rw: 0: must be from 1 to 16777216" run "$fib" --region rw:0
	refused "--region rw: 17M: must be from 1" run "$fib" --region rw:17M
	refused "--region rw: many: not a number" run "$fib" --region rw:many
	refused "--region wo:4: neither rw:SIZE nor ro:FILE" run "$fib" --region wo:4
	refused "--region ro:: neither rw:SIZE nor ro:FILE" run "$fib" --region ro:
	loader run "$fib" --core table --region ro:/nonexistent
	fails 1 "--region /nonexistent: No such file or directory"
	loader run "$fib" --core table $(printf -- '--region rw:1 %.0s' {1..26})
	fails 1 ""
	loader run "$fib" --core table $(printf -- '--region rw:1 %.0s' {1..33})
	fails 2 "no more than 32 regions"
}

@test "packets and contexts are checked" {
	refused "--packet hex:zz: not pairs of hex digits" run "$fib" --core table --packet hex:zz
	refused "--packet hex:123: not pairs of hex digits" run "$fib" --core table --packet hex:123
	refused "--packet hex:: not pairs of hex digits" run "$fib" --core table --packet hex:
	refused "--ctx hex:0: not pairs of hex digits" run "$fib" --core table --ctx hex:0
	refused "neither an XDP nor a tc program" run "$PROGS/ctx.o" --packet hex:00112233445566778899aabbccddee
	refused "--ctx: " run "$fib" --core table --ctx hex:00 --packet hex:00112233445566778899aabbccddee
	loader run "$fib" --core table --packet hex:00
	fails 1 "packet: "
	head -c 32769 /dev/zero >"$BATS_TEST_TMPDIR/long"
	loader run "$fib" --core table --packet "$BATS_TEST_TMPDIR/long"
	fails 1 "packet: "
	loader run "$fib" --core table --packet /nonexistent
	fails 1 "--packet /nonexistent: No such file or directory"
	: >"$BATS_TEST_TMPDIR/nothing"
	loader run "$fib" --core table --ctx "$BATS_TEST_TMPDIR/nothing"
	fails 1 "the file is empty"
	truncate -s 17M "$BATS_TEST_TMPDIR/huge"
	loader run "$fib" --core table --ctx "$BATS_TEST_TMPDIR/huge"
	fails 1 "File too large"
	loader run "$fib" --core table --ctx "$BATS_TEST_TMPDIR"
	fails 1 "Is a directory"
}

@test "help lists every command, the simplest use first" {
	loader help
	exits 0
	silent
	[[ "$(head -4 <<<"$output")" == *"loader fib.o"* ]]
	for command in "${commands[@]}"; do
		grep -Eq "^  $command +[A-Z]" <<<"$output"
	done
	list=$output
	loader --help
	prints "$list"
	loader -h
	prints "$list"
}

@test "every command has help with usage, options and an example" {
	for command in "${commands[@]}"; do
		loader help "$command"
		exits 0
		silent
		says "Usage: loader $command" "Example" "--help"
		long=$output
		loader "$command" --help
		exits 0
		prints "$long"
	done
	loader help run
	says --prog= --core= --packet= --ctx= --region= --repeat= --steps= --unchecked --json --pretty --verbose
}

@test "version, as text and as JSON, from anywhere" {
	loader version
	exits 0
	[[ "$output" =~ ^loader\ [0-9]+\.[0-9]+\.[0-9]+,\ libbpf ]]
	text=$output
	loader --version
	prints "$text"
	loader version -j
	holds 'd["version"].count(".") == 2'
	compact=$output
	loader -j version
	prints "$compact"
}

@test "a full disk is an error" {
	within sh -c "'$LOADER' version >/dev/full"
	exits 1
	tells "loader: stdout: No space left on device"
	within sh -c "'$LOADER' dis -p '$fib' >/dev/full"
	exits 1
}
