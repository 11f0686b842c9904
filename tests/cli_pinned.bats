#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `run --pinned`: a machine that stays loaded between commands.

load cli

fib=$PROGS/fib2.o
pins="bpfvm_call bpfvm_code bpfvm_constants bpfvm_counts bpfvm_cpus bpfvm_egress bpfvm_hooks"
pins+=" bpfvm_machines bpfvm_map bpfvm_memory bpfvm_points bpfvm_slots bpfvm_tc bpfvm_xdp"

setup() {
	needs_root
	needs_kernel
	[ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ] || skip "no bpf file system"
	rm -rf /sys/fs/bpf/bpfvm_test_pin_* # of a test that was killed
	dir=/sys/fs/bpf/bpfvm_test_pin_$$
}

teardown() {
	rm -rf /sys/fs/bpf/bpfvm_test_pin_*
}

# Kernel id of a pinned program, to tell a machine from another one.
machine_id() {
	bpftool prog show pinned "$dir/bpfvm_call" -j | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'
}

@test "the first run loads and pins the machine, the next ones use it" {
	command -v bpftool >/dev/null || skip "no bpftool"
	loader run --pinned "$dir" "$fib"
	exits 0
	prints "R0 = 55 (0x37)"
	[ "$(ls "$dir" | xargs)" = "$pins" ]
	id=$(machine_id)
	loader run --pinned "$dir" "$PROGS/siphash.o"
	exits 0
	private=$("$LOADER" run "$PROGS/siphash.o")
	prints "$private"
	loader run --pinned "$dir" --repeat 100 "$fib"
	prints "R0 = 55 (0x37)"
	[ "$(machine_id)" = "$id" ]
}

@test "what a trap leaves behind does not reach the next guest" {
	loader run --pinned "$dir" --unchecked --prog endless --steps 1000 "$PROGS/bad_loop.o"
	exits 3
	loader run --pinned "$dir" "$fib"
	exits 0
	prints "R0 = 55 (0x37)"
}

@test "a machine that is there in part is made anew" {
	loader run --pinned "$dir" "$fib"
	exits 0
	rm "$dir/bpfvm_hooks"
	loader run --pinned "$dir" "$fib"
	exits 0
	prints "R0 = 55 (0x37)"
	[ "$(ls "$dir" | xargs)" = "$pins" ]
}

@test "several at once wait for each other" {
	for i in 1 2 3 4; do
		"$LOADER" run --pinned "$dir" "$fib" >"$BATS_TEST_TMPDIR/$i" &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/[1-4] | sort -u)" = "R0 = 55 (0x37)" ]
	[ "$(cat "$BATS_TEST_TMPDIR"/[1-4] | wc -l)" -eq 4 ]
}

@test "another build's machine is left alone" {
	command -v bpftool >/dev/null || skip "no bpftool"
	loader run --pinned "$dir" "$fib"
	exits 0
	rm "$dir/bpfvm_code"
	bpftool map create "$dir/bpfvm_code" type array key 4 value 8 entries 1 name other
	loader run --pinned "$dir" "$fib"
	fails 1 "another build"
	[ "$(ls "$dir" | xargs)" = "$pins" ]
}

@test "not in a bpf file system: one error, nothing made" {
	loader run --pinned "$BATS_TEST_TMPDIR/pin" "$fib"
	fails 1 "not in a bpf file system"
	[ ! -e "$BATS_TEST_TMPDIR/pin" ]
	loader run --pinned /sys/fs/bpf/bpfvm_test_pin_no/such/place "$fib"
	fails 1 "No such file or directory"
}

@test "only the kernel core can be pinned" {
	loader run --pinned "$dir" --core table "$fib"
	fails 2 "--pinned"
	[ ! -e "$dir" ]
}
