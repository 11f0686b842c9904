# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests of `map` and `kv` share; loaded after cli and net.

# One network for all tests, and one machine: it stays as long as there is a guest, on `lo`.
setup_file() {
	export GUEST NEAR FAR PINS
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	GUEST=$(object cli_map <"$BATS_TEST_DIRNAME/objects/cli_map.c")
	(needs_net && touch "$BATS_FILE_TMPDIR/net") # a skip is for the tests to say
	[ -e "$BATS_FILE_TMPDIR/net" ] || return 0
	net_open
	"$LOADER" attach lo "$PROGS/fib.o" --netns "$FAR" --pin-dir "$PINS" 2>/dev/null
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/net" ] || net_close
}

setup() {
	needs_net
}

teardown() {
	[ -z "$(at_far list far; echo "$output")" ] || at_far detach far --all
}

# map VERB ARGUMENT..., kv VERB ARGUMENT...
map() {
	at_far map "$@"
}

kv() {
	at_far kv "$@"
}

# does COMMAND...: it succeeds without a word.
does() {
	"$@"
	exits 0 || return 1
	silent || return 1
	prints ""
}

# gives TEXT COMMAND...: it succeeds and prints that.
gives() {
	local text=$1

	shift
	"$@"
	exits 0 || return 1
	silent || return 1
	prints "$text"
}

# refused STATUS WHAT HINT COMMAND...
refused() {
	local code=$1 what=$2 hint=$3

	shift 3
	"$@"
	fails "$code" "$what" && tells "$hint"
}

cpus() {
	local path=/sys/devices/system/cpu/possible

	echo $(($(sed 's/.*-//' $path) + 1))
}
