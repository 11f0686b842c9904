#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Guests of progs/ do their work on a real interface: pings that nobody else would answer, a transfer past a firewall.

load cli
load net

setup() {
	needs_net
	net_open
}

teardown() {
	net_close
}

# pinged ADDRESS COUNT ANSWERS
pinged() {
	local got

	got=$(inside "$NEAR" python3 "$ROOT/tests/ping.py" "$1" "$2" "$3")
	[ "$got" = "$3" ] || { echo "$1 answered $got of $2 requests, not $3"; return 1; }
}

# IPv6 at the near end; addresses that no kernel has, .77 and ::77, are reached through the far end.
strangers() {
	inside "$NEAR" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/near/disable_ipv6'
	ip -n "$NEAR" addr add fd09::1/64 dev near nodad
	ip -n "$NEAR" neigh add 10.9.0.77 lladdr 02:00:00:00:00:02 dev near
	ip -n "$NEAR" neigh add fd09::77 lladdr 02:00:00:00:00:02 dev near
}

# echoes MODE: both kinds of pings are answered as long as the guest is there.
echoes() {
	pinged 10.9.0.77 1 0
	pinged fd09::77 1 0
	attaches "$PROGS/echo.o" -m "$1"
	pinged 10.9.0.77 5 5
	pinged fd09::77 5 5
	at_far stat -j
	holds "d['guests'][0]['verdicts']['XDP_TX'] == 10 and d['guests'][0]['traps'] == {}"
	at_far detach far
	exits 0
	pinged 10.9.0.77 1 0
}

@test "echo answers pings of IPv4 and IPv6, native: the other end has XDP, too, and takes what is sent back" {
	strangers
	within "$LOADER" attach near "$PROGS/parser.o" --netns "$NEAR" --pin-dir "$PINS" -m native
	exits 0
	echoes native
	within "$LOADER" detach near --netns "$NEAR" --pin-dir "$PINS"
	exits 0
	nothing_left
}

@test "echo answers pings of IPv4 and IPv6, skb" {
	strangers
	echoes skb
	nothing_left
}

# transfers BYTES: by TCP to the far end, which gets what was sent.
transfers() {
	local sent

	inside "$FAR" python3 "$ROOT/tests/transfer.py" take 10.9.0.2 8000 \
		>"$BATS_TEST_TMPDIR/taken" 3>&- &
	sent=$(inside "$NEAR" python3 "$ROOT/tests/transfer.py" give 10.9.0.2 8000 "$1")
	wait $!
	[ "$sent" = "$(cat "$BATS_TEST_TMPDIR/taken")" ]
}

# hits MAP KEY...: the packets that a rule has counted.
hits() {
	local map=$1

	shift
	at_far map lookup far "$map" key "$@"
	[ "$status" -eq 0 ] || show
	echo "$output"
}

# A transfer, and datagrams to a port that is blocked for them meanwhile.
past_firewall() {
	attaches "$PROGS/firewall.o" "$@"
	at_far map update far ports key port=be:8000 proto=17 value 0
	exits 0
	inside "$NEAR" python3 "$ROOT/tests/transfer.py" knock 10.9.0.2 8000 300 3>&- &
	knocks=$!
	transfers 4000000
	wait $knocks
	[ "$(hits ports port=be:8000 proto=17)" = 300 ]
	at_far stat -j
	holds "(lambda g: g['verdicts']['XDP_DROP'] == 300 and g['traps'] == {} and
		g['verdicts']['XDP_PASS'] == g['runs'] - 300 > 50)(d['guests'][0])"
}

@test "a transfer past a firewall, which counts what it drops; a blocked source" {
	for mode in native skb; do
		past_firewall -m $mode
		at_far map update far blocked4 key 10.9.0.1 value 0
		exits 0
		pinged 10.9.0.2 3 0
		[ "$(hits blocked4 10.9.0.1)" = 3 ]
		at_far map delete far blocked4 key 10.9.0.1
		transfers 100000
		at_far detach far
		exits 0
		nothing_left
	done
}
