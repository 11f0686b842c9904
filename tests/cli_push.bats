#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `loader push` and ports behind which something is wrong: it says so, soon, and leaves the port as it
# was. tests/mcu/push.bats has it with a firmware that is well.

load cli

# A device that starts says nothing: whoever is there first waits for the other.
device() {
	PORT=$BATS_TEST_TMPDIR/port
	rm -f "$PORT"
	python3 "$BATS_TEST_DIRNAME/fake_device.py" "$1" "$PORT" "${@:2}" 3>&- &
	DEVICE=$!
	for _ in {1..200}; do
		[ ! -e "$PORT" ] || return 0
		sleep 0.05
	done
	return 1
}

teardown() {
	[ -z "$DEVICE" ] || kill "$DEVICE" 2>/dev/null || true
}

# after MODE STATUS WHAT [OPTION...]: what push says to such a device, at each of $KINDS of ports.
after() {
	for kind in ${KINDS:-unix pty}; do
		device "$kind" "$1"
		loader push --serial "$PORT" "${@:4}"
		kill "$DEVICE" 2>/dev/null || true
		fails "$2" "$3" || { echo "mode $1, $kind"; return 1; }
	done
}

@test "push: a device that behaves, at a socket and at a terminal" {
	for kind in unix pty; do
		for mode in "" slow late deaf; do
			device $kind $mode
			loader push --serial "$PORT" "$PROGS/fib.o"
			exits 0 && silent || return 1
			kill "$DEVICE"
		done
	done
}

@test "push: devices that never answer, whatever else they say" {
	for mode in "mute pty" "blank unix" "zeros pty" "random unix"; do
		KINDS=${mode#* }
		after "${mode% *}" 1 "port: no answer from the device"
	done
}

@test "push: a device that is drowned in news" {
	device unix news
	loader push --serial "$PORT"
	exits 1
	tells "device: x" "device: y" "port: no answer from the device"
}

@test "push: an answer without an end" {
	after table 1 "port: an answer of more than 1000 lines"
}

@test "push: an image that never arrives" {
	KINDS=unix
	after plus 1 "port: no answer from the device" "$PROGS/fib.o"
	after minus 1 "port: the device got none of 5 copies of a frame" "$PROGS/fib.o"
	after odd 1 "port: an answer that is none: what?" "$PROGS/fib.o"
}

@test "push: a device that goes away" {
	after bye 1 "port: the device is gone"
	after half 1 "port: the device is gone"
	after cut 1 "port: the device is gone" "$PROGS/firewall.o"
}

@test "push: what a device says cannot do anything to a terminal" {
	device unix escape
	loader push --serial "$PORT"
	exits 0
	says "?]0;title??2J"
	[[ "$output" != *[[:cntrl:]]2J* && "$output" != *$'\e'* ]]
}

@test "push: the rest of a line that is too long is no line" {
	device unix long
	loader push --serial "$PORT" --ask anything
	exits 0
	says last
}

@test "push: a terminal is afterwards what it was, though a signal ends it" {
	device pty
	before=$(stty -a -F "$PORT")
	loader push --serial "$PORT" "$PROGS/fib.o" --baud 9600
	exits 0
	[ "$(stty -a -F "$PORT")" = "$before" ]
	kill "$DEVICE"
	for signal in INT TERM; do
		device pty mute
		before=$(stty -a -F "$PORT")
		within timeout --preserve-status -s $signal 1 "$LOADER" push --serial "$PORT"
		exits $((128 + $(kill -l $signal))) && silent
		[ "$(stty -a -F "$PORT")" = "$before" ]
		kill "$DEVICE"
	done
}

@test "push: one process at a time has a terminal" {
	device pty mute
	python3 -c 'import fcntl, sys, time
with open(sys.argv[1], "rb", 0) as port:
	fcntl.flock(port, fcntl.LOCK_EX)
	open(sys.argv[2], "w").close()
	time.sleep(30)' "$PORT" "$BATS_TEST_TMPDIR/held" 3>&- &
	until [ -e "$BATS_TEST_TMPDIR/held" ]; do sleep 0.05; done
	loader push --serial "$PORT"
	kill %2
	fails 1 "port: another process has this port"
}

@test "push: names and lines that would be something else" {
	device unix
	for option in name hook tenant; do
		for text in "" "two words" $'a\nremove b' $'\e'; do
			loader push --serial "$PORT" "$PROGS/fib.o" --$option "$text"
			fails 1 "the $option is empty, or not one word"
		done
	done
	for text in "" $'list\nremove b' $'\e'; do
		loader push --serial "$PORT" --ask "$text"
		fails 2 "--ask: a line of text is wanted"
	done
	loader push --serial "$PORT" --ask "$(printf '%5000s' x)"
	fails 1 "the device says: VERB:"
}

@test "push: ports that nobody listens at" {
	loader push "$PROGS/fib.o"
	fails 2 "no --serial PORT given"
	loader push --serial "$BATS_TEST_TMPDIR/nothing"
	fails 1 "nothing: No such file or directory"
	loader push --serial no.such.host.invalid:1
	fails 1 "no such file, and no such host and port"
	loader push --serial 127.0.0.1:1
	fails 1 "127.0.0.1:1: Connection refused"
	loader push --serial /dev/null
	fails 1 "/dev/null: neither a terminal device nor a socket"
	loader push --serial "$BATS_TEST_TMPDIR"
	fails 1 "neither a terminal device nor a socket"
	device pty mute
	loader push --serial "$PORT" --baud 12345
	fails 1 "port: it has no such speed"
}

@test "push: what is no guest never reaches the device" {
	device unix
	echo text >"$BATS_TEST_TMPDIR/text"
	loader push --serial "$PORT" "$BATS_TEST_TMPDIR/text"
	fails 1 "text: not an ELF file"
	loader push --serial "$PORT" "$BATS_TEST_TMPDIR/nothing.o"
	fails 1 "nothing.o: No such file or directory"
	loader push --serial "$PORT" "$BATS_TEST_TMPDIR"
	fails_plainly 1 "Is a directory"
	"$LOADER" pack "$PROGS/fib.o" -o "$BATS_TEST_TMPDIR/fib.img"
	head -c 300 "$BATS_TEST_TMPDIR/fib.img" >"$BATS_TEST_TMPDIR/cut.img"
	loader push --serial "$PORT" "$BATS_TEST_TMPDIR/cut.img"
	fails 1 "cut.img: damaged: it is 300 bytes, not "
	within sh -c 'cat "$1" | "$2" push --serial "$3" /dev/stdin' . "$BATS_TEST_TMPDIR/fib.img" \
		"$LOADER" "$PORT"
	exits 0
}
