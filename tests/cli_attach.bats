#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `attach`, `detach`, `list`, `stat`, `swap`: guests on a real interface, which echo requests arrive at.

load cli
load net

setup_file() {
	export GUESTS
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	GUESTS=$(object guests <"$BATS_TEST_DIRNAME/objects/attach.c")
}

setup() {
	needs_net
	net_open
}

teardown() {
	net_close
}

# guest NAME EXPRESSION: of the guest of this name, in what `stat -j` or `list -j` printed, `g`.
guest() {
	json "[($2) for g in d['guests'] if g['name'] == '$1'][0]"
}

# is NAME EXPRESSION VALUE
is() {
	local value

	value=$(guest "$1" "$2")
	[ "$value" = "$3" ] || { echo "$1: $2 is $value, not $3"; show; }
}

@test "the life of a guest: attached, listed, counted, detached, nothing left" {
	answers 2 2
	attaches "$GUESTS" --prog drop
	prints "far: drop attached to xdp, mode native"
	answers 3 0
	at_far list
	exits 0
	says "INTERFACE" "far" "drop" "native" "XDP_ABORTED" "$GUESTS"
	at_far list far -j
	is drop "g['hook'], g['mode'], g['priority'], g['steps'], g['program']" \
		"('xdp', 'native', 0, 100000, 'drop')"
	at_far stat -j
	is drop "g['runs'], g['verdicts'], g['traps']" "(3, {'XDP_DROP': 3}, {})"
	is drop "g['insns'] == 3 * g['insns_per_run'] > 0" True
	at_far detach far
	exits 0
	prints "far: drop detached from xdp"
	answers 2 2
	nothing_left
	at_far list
	exits 0
	prints ""
}

@test "in skb mode" {
	attaches "$GUESTS" --prog drop -m skb
	prints "far: drop attached to xdp, mode skb"
	ip -n "$FAR" link show far | grep -q xdpgeneric
	answers 2 0
	at_far detach far
	answers 2 2
	nothing_left
}

@test "without a native driver: skb mode, and it says so" {
	at_far attach lo "$GUESTS" --prog drop -m native
	fails 1 "lo: XDP in native mode"
	nothing_left
	at_far attach lo "$GUESTS" --prog drop
	exits 0
	prints "lo: drop attached to xdp, mode skb: its driver does not take the program"
	at_far detach lo
	exits 0
	nothing_left
}

@test "tc, both directions, tcx and clsact" {
	for mode in tcx clsact; do
		for hook in tc-ingress tc-egress; do
			at_far attach far "$GUESTS" --prog "${hook/tc-/}" --hook $hook -m $mode
			[ "$mode$status" != tcx1 ] || [[ "$stderr" != *"tcx: "* ]] || continue 2 # before 6.6
			exits 0
			prints "far: ${hook/tc-/} attached to $hook, mode $mode"
			answers 2 0
			at_far stat -j
			is "${hook/tc-/}" "g['verdicts']" "{'TC_ACT_SHOT': 2}"
			at_far detach far
			exits 0
			answers 2 2
			nothing_left
		done
	done
}

@test "tc: both directions at once, in either order of leaving" {
	for first in tc-ingress tc-egress; do
		attaches "$GUESTS" --prog pass_tc --hook tc-ingress -m clsact
		attaches "$GUESTS" --prog pass_tc --hook tc-egress -m clsact
		answers 2 2
		at_far stat -j
		holds "[g['runs'] for g in d['guests']] == [2, 2]"
		at_far detach far --hook $first
		exits 0
		answers 1 1
		at_far detach far
		exits 0
		nothing_left
	done
}

@test "tc: what others have on the interface stays" {
	tc -n "$FAR" qdisc add dev far clsact
	attaches "$GUESTS" --prog pass_tc -m clsact
	at_far detach far
	exits 0
	tc -n "$FAR" qdisc show dev far | grep -q clsact
	tc -n "$FAR" qdisc del dev far clsact
	attaches "$GUESTS" --prog pass_tc -m clsact
	inside "$FAR" tc filter add dev far egress pref 7 bpf da pinned "$PINS"/net-*/bpfvm_egress
	at_far detach far
	exits 0
	tc -n "$FAR" filter show dev far egress | grep -q "pref 7 bpf"
	tc -n "$FAR" qdisc del dev far clsact
}

@test "several guests in the order of their priority" {
	attaches "$GUESTS" --prog pass --name last --priority 10
	attaches "$GUESTS" --prog drop --name middle
	attaches "$GUESTS" --prog pass --name first --priority -10
	attaches "$GUESTS" --prog pass --name second --priority -10
	at_far list far -j
	holds "[g['name'] for g in d['guests']] == ['first', 'second', 'middle', 'last']"
	answers 4 0
	at_far stat -j
	holds "[g['runs'] for g in d['guests']] == [4, 4, 4, 0]"
	at_far detach far --name middle
	exits 0
	answers 3 3
	at_far stat far -j
	holds "[g['runs'] for g in d['guests']] == [7, 7, 3]"
	at_far detach far --name first
	exits 0
	answers 1 1
	at_far detach far --all
	exits 0
	prints "$(printf 'far: second detached from xdp\nfar: last detached from xdp')"
	nothing_left
}

@test "a guest that traps: what --on-trap says, and the others do not notice" {
	attaches "$GUESTS" --prog endless --steps 1000
	answers 2 0
	at_far stat -j
	is endless "g['verdicts'], g['traps'], g['insns'], g['trapped']" \
		"({'XDP_ABORTED': 2}, {'STEPS': 2}, 2000, 2)"
	at_far detach far
	attaches "$GUESTS" --prog wild --on-trap drop
	answers 2 0
	at_far detach far
	attaches "$GUESTS" --prog wild --on-trap pass
	attaches "$GUESTS" --prog pass --priority 1
	answers 3 3
	at_far stat -j
	is wild "g['verdicts'], g['traps']" "({'XDP_PASS': 3}, {'BOUNDS': 3})"
	is pass "g['runs'], g['verdicts'], g['traps']" "(3, {'XDP_PASS': 3}, {})"
	at_far stat
	says "BOUNDS 3" "XDP_PASS 3"
	at_far detach far --all
	attaches "$GUESTS" --prog wild_tc --on-trap pass
	answers 2 2
	at_far detach far
	attaches "$GUESTS" --prog wild_tc
	answers 2 0
	at_far detach far
	nothing_left
}

@test "swap: another guest in the same place" {
	attaches "$GUESTS" --prog pass --name it --priority 5 --steps 5000
	answers 2 2
	at_far swap far "$GUESTS" --prog drop
	exits 0
	[[ "$output" =~ ^far:\ it\ at\ xdp\ swapped\ in\ [0-9.]+\ us$ ]] || show
	answers 2 0
	at_far list -j
	is it "g['program'], g['priority'], g['steps'], g['id']" "('drop', 5, 5000, 1)"
	at_far stat -j
	is it "g['runs'], g['verdicts']" "(4, {'XDP_DROP': 2, 'XDP_PASS': 2})"
	at_far swap far "$GUESTS" --prog pass --name it -j
	exits 0
	holds "d['name'] == 'it' and 0 < d['us'] < 1e6 and d['maps'] == []"
	answers 2 2
	at_far detach far
	nothing_left
}

@test "swap: with and without the values of maps" {
	attaches "$GUESTS" --prog limit --name it
	answers 5 3 # it counts, and lets three pass
	at_far swap far "$GUESTS" --prog limit
	exits 0
	says "map hits: new" "map other: new"
	answers 5 3
	for i in 1 2 3; do
		at_far swap far "$GUESTS" --prog limit --keep-maps
		exits 0
		says "map hits: kept" "map other: kept"
		answers 2 0
	done
	other=$(object other -DHITS=__u64 <"$BATS_TEST_DIRNAME/objects/attach.c")
	at_far swap far "$other" --prog limit --keep-maps
	exits 0
	says "map hits: new: declared differently" "map other: kept"
	answers 4 3
	at_far swap far "$GUESTS" --prog pass --keep-maps
	exits 0
	says "map hits: gone"
	at_far detach far
	nothing_left
}

@test "swap: a hundred times, and no slot or memory is lost" {
	attaches "$GUESTS" --prog limit --name it
	at_far list -j
	memory=$(guest it "g['memory']")
	for i in $(seq 100); do
		at_far swap far "$GUESTS" --prog limit $([ $((i % 3)) = 0 ] || echo --keep-maps)
		exits 0
	done
	at_far list -j
	is it "g['memory'] <= $memory" True
	answers 4 3
	at_far detach far
	nothing_left
}

@test "what is refused changes nothing" {
	at_far attach nosuch "$GUESTS"
	fails 1 "nosuch: no such interface"
	at_far attach far "$GUESTS" --prog pass_tc --hook xdp
	fails 1 "section tc"
	at_far attach far "$GUESTS" --prog nosuch
	exits 1
	at_far attach far "$PROGS/bad_jump.o" --hook xdp --prog jump_out
	exits 4
	at_far attach far "$GUESTS" --prog drop --name "$(printf 'x%.0s' $(seq 32))"
	fails 1 "not a name"
	nothing_left
	attaches "$GUESTS" --prog pass
	at_far attach far "$GUESTS" --prog pass
	fails 1 "a guest named pass is attached"
	at_far attach far "$GUESTS" --prog drop -m skb
	fails 1 "already attached in mode native"
	at_far swap far "$GUESTS" --prog pass_tc
	fails 1 "section tc"
	at_far swap far "$GUESTS" --prog drop --name nosuch
	fails 1 "no such guest"
	tells "--hook xdp --name pass"
	at_far detach far --hook tc-ingress
	fails 1 "no such guest"
	attaches "$GUESTS" --prog pass --name two
	at_far swap far "$GUESTS" --prog drop
	fails 1 "not clear which guest"
	at_far detach far
	fails 1 "not clear which guest"
	at_far detach near
	fails 1 "near: no such interface"
	at_far list -j
	holds "[g['name'] for g in d['guests']] == ['pass', 'two']"
	answers 2 2
	at_far detach far --all
	nothing_left
	at_far detach far
	fails 1 "far: no guest is attached"
	at_far swap far "$GUESTS"
	fails 1 "far: no guest is attached"
	nothing_left
}

@test "wrong usage" {
	for args in "attach" "attach far" "attach far a b" "attach far a --hook nosuch" \
		"attach far a -m nosuch" "attach far a --on-trap nosuch" "attach far a --priority x" \
		"attach far a --steps 5M" "detach" "detach far --all --name x" "swap far" \
		"stat --watch=0" "list a b"; do
		# shellcheck disable=SC2086
		loader $args
		fails 2 ""
	done
	loader attach far "$GUESTS" --prog pass_tc -m native
	fails 2 "not a mode of tc-ingress"
	loader attach far "$GUESTS" --prog plain
	fails 2 "neither an XDP nor a tc program"
	loader list --netns nosuch
	fails 1 "--netns nosuch: No such file"
	loader list --netns "$PROGS/fib.c"
	fails 1 "not a network namespace"
}

@test "another XDP program on the interface" {
	at_far attach far "$GUESTS" --prog pass --pin-dir "${PINS}_other"
	exits 0
	at_far attach far "$GUESTS" --prog drop
	fails 1 "far: another XDP program is attached"
	tells "--hook tc-ingress"
	[ ! -e "$PINS" ]
	at_far detach far --pin-dir "${PINS}_other"
	exits 0
	nothing_left
}

@test "no capability, no bpf file system, another build" {
	within $(without net_admin) "$LOADER" attach far "$GUESTS" --prog pass
	fails 1 "CAP_NET_ADMIN is missing"
	within $(without bpf) "$LOADER" list
	fails 1 "CAP_BPF is missing"
	loader attach far "$GUESTS" --netns "$FAR" --pin-dir "$BATS_TEST_TMPDIR/pins" --prog pass
	fails 1 "not in a bpf file system"
	[ ! -e "$BATS_TEST_TMPDIR/pins" ]
	command -v bpftool >/dev/null || skip "no bpftool"
	attaches "$GUESTS" --prog pass
	dir=$(echo "$PINS"/net-*)
	rm "$dir/bpfvm_slots"
	bpftool map create "$dir/bpfvm_slots" type array key 4 value 8 entries 1 name other
	at_far attach far "$GUESTS" --prog drop
	fails 1 "another build"
	at_far list
	fails 1 "another build"
	rm -r "$dir"
	at_far list
	exits 0
}

@test "an interface that vanishes takes its guests along" {
	attaches "$GUESTS" --prog pass
	ip -n "$FAR" link add other type veth peer name rehto
	at_far attach other "$GUESTS" --prog drop
	exits 0
	at_far attach other "$GUESTS" --prog pass_tc -m clsact
	exits 0
	ip -n "$FAR" link del other
	at_far list -j
	exits 0
	holds "[(g['interface'], g['name']) for g in d['guests']] == [('far', 'pass')]"
	answers 2 2
	ip -n "$NEAR" link del near
	at_far stat
	exits 0
	prints ""
	[ ! -e "$PINS" ]
}

@test "a network that vanishes is cleaned up by another one's command" {
	attaches "$GUESTS" --prog pass
	ip netns del "$FAR"
	for i in $(seq 50); do
		"$LOADER" list --netns "$NEAR" --pin-dir "$PINS"
		[ -e "$PINS" ] || break
		sleep 0.1
	done
	[ ! -e "$PINS" ]
}

@test "commands at once wait for each other" {
	for i in 1 2 3 4 5 6; do
		"$LOADER" attach far "$GUESTS" --netns "$FAR" --pin-dir "$PINS" --prog pass \
			--name "guest$i" &
	done
	wait
	at_far list -j
	holds "sorted(g['name'] for g in d['guests']) == ['guest%d' % i for i in range(1, 7)]"
	answers 2 2
	for i in 1 2 3 4 5 6; do
		"$LOADER" detach far --netns "$FAR" --pin-dir "$PINS" --name "guest$i" &
	done
	wait
	nothing_left
}

# until CONDITION: a command of bash; looked at for 20 s.
until_() {
	for ((i = 0; i < 200; i++)); do
		! eval "$1" || return 0
		sleep 0.1
	done
	echo "never: $1"
	return 1
}

# watched: the runs in each line that `stat --watch -j` has printed so far, as a list.
watched() {
	python3 -c 'import json, sys
print([json.loads(line)["guests"][0]["runs"] for line in open(sys.argv[1]) if line.endswith("\n")])' \
		"$BATS_TEST_TMPDIR/out"
}

@test "stat --watch: what each interval added, until no guest is left" {
	attaches "$GUESTS" --prog pass
	answers 2 2
	"$LOADER" stat --netns "$FAR" --pin-dir "$PINS" --watch -j >"$BATS_TEST_TMPDIR/out" &
	until_ '[ -s "$BATS_TEST_TMPDIR/out" ]'
	answers 3 3
	until_ '[[ "$(watched)" =~ ^\[2,(\ 0,)*\ [1-3](,|\]) ]]'
	until_ 'watched | python3 -c "import sys; sys.exit(sum(eval(sys.stdin.read())) != 5)"'
	at_far detach far
	wait $!
	nothing_left
}
