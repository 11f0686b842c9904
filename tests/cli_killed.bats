#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Commands for attached guests that are killed at a system call, any of them: the traffic is as before
# or as after, and the next command repairs.

load cli
load net

setup_file() {
	export GUESTS
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	GUESTS=$(object guests <"$BATS_TEST_DIRNAME/objects/attach.c")
}

setup() {
	needs_net
	command -v strace >/dev/null || skip "no strace"
	net_open
}

teardown() {
	net_close
}

# killed CALL N COMMAND...: lets the loader be killed at the Nth time of a system call; false if it ended before.
killed() {
	local call=$1 n=$2 command=$3 code=0

	shift 3
	strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" \
		"$LOADER" "$command" --netns "$FAR" --pin-dir "$PINS" "$@" >/dev/null 2>&1 || code=$?
	[ "$code" -eq 137 ] || [ "$code" -eq 0 ] || { echo "$command: exit code $code"; return 2; }
	[ "$code" -eq 137 ]
}

# names: of the attached guests.
names() {
	at_far list -j
	[ "$status" -eq 0 ] || show
	json "' '.join(g['name'] for g in d['guests'])"
}

# sweep CALL STEP CHECK COMMAND...: kills it at each STEPth call; CHECK follows each time.
sweep() {
	local call=$1 step=$2 check=$3 n

	shift 3
	for ((n = 1; ; n += step)); do
		if ! killed "$call" "$n" "$@"; then
			$check || { echo "not killed at $call $n"; return 1; }
			return 0
		fi
		$check || { echo "killed at $call $n"; return 1; }
	done
}

# The first guest, `drop`: with it comes the machine, which the check takes away again.
first_check() {
	local before after

	before=$(answered 1)
	[ "$(names)" = "$([ "$before" = 1 ] || echo drop)" ] || { echo "answered: $before"; show; return 1; }
	after=$(answered 1)
	[ "$before" = "$after" ] || { echo "the repair changed the traffic"; return 1; }
	[ "$before" = 0 ] || { nothing_left; return; }
	at_far detach far
	exits 0 && nothing_left
}

@test "attach, with the machine" {
	sweep bpf 6 first_check attach far "$GUESTS" --prog drop
	for call in mkdir flock; do
		sweep $call 1 first_check attach far "$GUESTS" --prog drop
	done
}

@test "attach to tc, with the machine and a queue" {
	attach="attach far $GUESTS --prog ingress --hook tc-ingress -m clsact --name drop"
	for call in sendto recvmsg; do
		# shellcheck disable=SC2086
		sweep $call 1 first_check $attach
	done
}

# A further guest, `drop`, behind `pass`.
second_check() {
	local before list

	before=$(answered 1)
	list=$(names)
	case $before:$list in
	"1:pass") ;;
	"0:pass drop")
		at_far detach far --name drop
		exits 0 || return 1
		;;
	*)
		echo "answered: $before, attached: $list"
		return 1
		;;
	esac
	[ "$(answered 1)" = 1 ] || { echo "not as before"; return 1; }
}

@test "attach, behind another guest" {
	at_far attach far "$GUESTS" --prog pass
	exits 0
	for call in bpf munmap; do
		sweep $call 2 second_check attach far "$GUESTS" --prog drop
	done
	at_far detach far
	nothing_left
}

# `it` is the old guest, which drops, or the new one, which does not; it is the old one again after it.
swap_check() {
	local before program

	before=$(answered 1)
	names >/dev/null
	program=$(json "d['guests'][0]['program']")
	case $before:$program in
	0:drop | 1:pass) ;;
	*)
		echo "answered: $before, attached: $program"
		return 1
		;;
	esac
	at_far swap far "$GUESTS" --prog drop
	exits 0
}

@test "swap" {
	at_far attach far "$GUESTS" --prog drop --name it
	exits 0
	for call in bpf munmap; do
		sweep $call 2 swap_check swap far "$GUESTS" --prog pass --keep-maps
	done
	at_far detach far
	nothing_left
}

# `drop` was to be detached, in front of `pass` or alone; it is there again after the check.
detach_check() {
	local before list

	before=$(answered 1)
	list=$(names)
	case $before:$list in
	"0:drop$rest") ;;
	"1:${rest# }") at_far attach far "$GUESTS" --prog drop --priority -1 && exits 0 || return 1 ;;
	*)
		echo "answered: $before, attached: $list"
		return 1
		;;
	esac
	[ "$(answered 1)" = 0 ] || { echo "not as before"; return 1; }
}

@test "detach of one of two" {
	at_far attach far "$GUESTS" --prog drop --priority -1
	at_far attach far "$GUESTS" --prog pass
	rest=" pass"
	for call in bpf membarrier munmap; do
		sweep $call 2 detach_check detach far --name drop
	done
	at_far detach far --all
	nothing_left
}

@test "detach of the last one, with the machine" {
	at_far attach far "$GUESTS" --prog drop --priority -1
	rest=""
	sweep bpf 3 detach_check detach far
	for call in unlink unlinkat rmdir membarrier; do
		sweep $call 3 detach_check detach far
	done
	at_far detach far
	nothing_left
}

@test "a command that repairs is killed, too" {
	for n in 1 5 13 30 45; do
		killed bpf $((n + 24)) attach far "$GUESTS" --prog drop || true
		killed unlinkat 3 list || true
		killed bpf $n list || true
		killed flock 1 detach far --all || true
		first_check
	done
}
