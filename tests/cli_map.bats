#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `map`: the maps of guests that real packets meet, shown and changed meanwhile.

load cli
load net
load maps

@test "list: maps and variables, and how much is in them" {
	attaches "$GUEST"
	map list far
	exits 0
	silent
	says "MAP     TYPE        KEY VALUE MAX ENTRIES USED" \
		"hosts   hash          4    32           4    0" \
		".bss    variables     -     -           2    2"
	does map update far hosts key 10.0.0.1 value level=1
	map list far -j
	holds "{m['map']: (m['type'], m['key'], m['value'], m['max_entries'], m['used'])
		for m in d['maps']} == {
		'hosts': ('hash', 4, 32, 4, 1), 'sizes': ('percpu_hash', 2, 8, 4, 0),
		'bytes': ('lru_hash', 3, 5, 16, 0), 'large': ('array', 4, 70000, 1, 1),
		'.bss': ('variables', None, None, 2, 2), '.data': ('variables', None, None, 1, 1),
		'.rodata': ('variables', None, None, 1, 1)}"
	map list far -p
	exits 0
	holds "all(m['bytes'] > 0 for m in d['maps'])"
}

@test "a firewall's rules, while packets arrive" {
	attaches "$PROGS/firewall.o"
	answers 2 2
	gives "" map dump far blocked4
	does map update far blocked4 key 10.9.0.0/24 value 0
	answers 3 0
	gives "key 10.9.0.0/24 value 3" map dump far blocked4
	gives '{"map":"blocked4","entries":[{"key":"10.9.0.0/24","value":3}]}' \
		map dump far blocked4 -j
	gives 3 map lookup far blocked4 key 10.9.0.0/24
	gives 3 map lookup far blocked4 key 10.9.0.1 # the longest prefix counts
	gives '{"key":"10.9.0.0/24","value":3}' map lookup far blocked4 key 10.9.0.0/24 -j
	does map delete far blocked4 key 10.9.0.0/24
	answers 2 2
	does map update far blocked6 key 2001:db8::/32 value 0
	does map update far blocked6 key ::1 value 1
	gives "$(printf 'key 2001:db8::/32 value 0\nkey ::1/128 value 1')" map dump far blocked6
	does map update far ports key port=be:80 proto=6 value 2
	does map update far ports key '{"port": 23, "proto": 17}' value 3
	does map update far ports key 00 19 06 00 value 4
	gives "$(for p in 20480:6:2 23:17:3 6400:6:4; do
		IFS=: read -r port proto value <<<"$p"
		echo "key {port=$port, proto=$proto, zero=0} value $value"
	done | sort -t= -k3n -k2n)" map dump far ports
	flow='source=::ffff:10.9.0.1 dest=::ffff:10.9.0.2 proto=1'
	does map update far blocked4 key 10.9.0.1 value 0
	does map update far allowed key $flow value 0
	answers 3 3
	gives 3 map lookup far allowed key $flow
}

@test "any, exist, noexist; a map that is full" {
	attaches "$GUEST"
	does map update far hosts key 10.0.0.1 value level=1 noexist
	does map update far hosts key 10.0.0.1 value level=2 exist
	does map update far hosts key 10.0.0.2 value level=3 any
	refused 1 "map hosts: key 10.0.0.1: there is such a key" "without noexist" \
		map update far hosts key 10.0.0.1 value level=4 noexist
	refused 1 "map hosts: key 10.0.0.3: there is no such key" "loader map dump" \
		map update far hosts key 10.0.0.3 value level=4 exist
	refused 1 "there is no such key" "loader map dump" map lookup far hosts key 10.0.0.3
	refused 1 "there is no such key" "loader map dump" map delete far hosts key 10.0.0.3
	does map update far hosts key 10.0.0.3 value level=5
	does map update far hosts key 10.0.0.4 value level=6
	refused 1 "map hosts: key 10.0.0.5: it is full" "delete makes room" \
		map update far hosts key 10.0.0.5 value level=7
	does map update far hosts key 10.0.0.4 value level=8
	does map delete far hosts key 10.0.0.1
	does map update far hosts key 10.0.0.5 value level=7
	map dump far hosts -j
	holds "{e['key']: e['value']['level'] for e in d['entries']} == {
		'10.0.0.2': 3, '10.0.0.3': 5, '10.0.0.4': 8, '10.0.0.5': 7}"
}

@test "arrays: their indices are there, and stay" {
	attaches "$PROGS/counters.o"
	answers 4 4
	gives 4 map lookup far packets key 1
	does map update far packets key 1 value 1000
	answers 1 1
	gives 1001 map lookup far packets key 1
	map dump far packets
	[ "$(wc -l <<<"$output")" -eq 256 ]
	refused 1 "map packets: key 256: there is no such index" "max_entries" \
		map lookup far packets key 256
	refused 1 "map packets: key 256: there is no such index" "max_entries" \
		map update far packets key 256 value 1
	refused 1 "there is such a key" "without noexist" \
		map update far packets key 1 value 1 noexist
	refused 1 "keys of an array come and go with it" "zeros" map delete far packets key 1
	gives 1001 map lookup far packets key 0x1
}

@test "per-CPU maps: each CPU's value, one or all of them changed" {
	attaches "$PROGS/counters.o"
	answers 3 3
	map lookup far bytes key 1 -j
	holds "d['key'] == 1 and sum(v['value'] for v in d['values']) == 3 * 98"
	holds "[v['cpu'] for v in d['values']] == list(range($(cpus)))"
	does map update far bytes key 1 value 5
	for ((i = 0; i < $(cpus); i++)); do
		gives 5 map lookup far bytes key 1 cpu $i
	done
	does map update far bytes key 1 cpu 0 value 7
	gives "$(for ((i = 0; i < $(cpus); i++)); do echo "cpu $i value $((i ? 5 : 7))"; done)" \
		map lookup far bytes key 1
	gives '{"key":1,"values":[{"cpu":0,"value":7}]}' map lookup far bytes key 1 cpu 0 -j
	map dump far bytes
	says "$(for ((i = 0; i < $(cpus); i++)); do echo "key 1 cpu $i value $((i ? 5 : 7))"; done)"
	refused 2 "cpu $(cpus): there are 0 to" "" map update far bytes key 1 cpu "$(cpus)" value 1
	refused 2 "cpu 0: map packets has one value for all CPUs" "leave it out" \
		map lookup far packets key 1 cpu 0
	refused 2 "one: not the number of a CPU" "" map lookup far bytes key 1 cpu one
	refused 2 "a key goes for all CPUs" "" map delete far bytes key 1 cpu 0
	at_far detach far
	attaches "$GUEST"
	does map update far sizes key 98 cpu 0 value 9
	map lookup far sizes key 98 -j
	holds "[v['value'] for v in d['values']] == [9] + [0] * ($(cpus) - 1)"
}

@test "programs of a PROG_ARRAY go by their names" {
	attaches "$PROGS/pipeline.o"
	gives "$(printf 'key %s\n' "0 value pipeline" "1 value network4" "2 value network6" \
		"3 value transport" "4 value verdict")" map dump far stages
	answers 2 2
	does map delete far stages key 4
	refused 1 "map stages: key 4: nothing is there" "loader map dump" \
		map lookup far stages key 4
	answers 1 1 # a stage that is missing lets it pass
	map lookup far works key 0 -j
	holds "sum(v['value']['packets'][4] for v in d['values']) == 3"
	holds "sum(v['value']['bytes'] for v in d['values']) == 2 * 98"
	does map update far stages key 4 value verdict
	gives verdict map lookup far stages key 4
	refused 2 "value: nosuch: no such program" "there are pipeline, network4" \
		map update far stages key 4 value nosuch
	refused 1 "there is no such index" "" map update far stages key 5 value verdict
	refused 1 "exist and noexist are not for it" "" \
		map update far stages key 4 value verdict exist
}

@test "a swap keeps the maps, or begins with new ones" {
	attaches "$GUEST" --name it
	does map update far hosts key 10.9.0.1 value name=me
	does map update far .bss key requests value 50
	does kv set far 5 6
	answers 2 2
	at_far swap far "$GUEST" --keep-maps
	exits 0
	answers 3 3
	map lookup far hosts key 10.9.0.1 -j
	holds "d['value']['name'] == 'me' and d['value']['requests'] == 5"
	gives 3 map lookup far .bss key requests # variables begin anew
	gives 6 kv get far 5
	at_far swap far "$PROGS/firewall.o"
	refused 1 "hosts: no such map" "there are reasons, allowed, blocked4" map dump far hosts
	at_far swap far "$GUEST"
	gives "" map dump far hosts
	gives "" kv list far
}

@test "what dump prints is what load and replay --setup take" {
	attaches "$GUEST"
	answers 3 3
	does map update far hosts key 10.0.0.1 value 'name="a # b" mac=[1,2,3]'
	does map update far bytes key 0 0 0 value 1 2 3 4 5
	map dump far
	exits 0
	host='{state=NEW, name="a # b", level=0, mac=[1, 2, 3, 0, 0, 0], requests=0}'
	says "hosts key 10.0.0.1 value $host" "bytes key hex:000000 value hex:0102030405" \
		"sizes key 98 cpu 0 value " 'large key 0 value ""'
	rules=$BATS_TEST_TMPDIR/rules
	echo "$output" >"$rules"
	map dump far -j
	holds "{m['map']: len(m['entries']) for m in d['maps']} == {
		'hosts': 1, 'bytes': 1, 'sizes': 1, 'large': 1}"
	at_far swap far "$GUEST"
	gives "" map dump far hosts
	does map load far "$rules"
	gives "$(cat "$rules")" map dump far
	loader replay --generate 3 "$GUEST" --setup "$rules"
	exits 0
}

@test "load: many entries at once; a line that is wrong" {
	attaches "$PROGS/syn.o"
	many=$BATS_TEST_TMPDIR/many
	awk 'BEGIN { for (i = 1; i <= 10000; i++) printf "syns key ::%x value %d\n", i, i }' \
		>"$many"
	does map load far "$many"
	"$LOADER" map dump far --netns "$FAR" --pin-dir "$PINS" >"$many.dumped"
	cmp "$many" "$many.dumped" # also in the order of their keys
	gives 9999 map lookup far syns key ::270f
	at_far detach far
	attaches "$PROGS/firewall.o"
	rules=$BATS_TEST_TMPDIR/rules
	printf '# rules\n\nblocked4 10.0.0.0/8 7 # all\nports key port=1 proto=6 value 1 noexist\n' \
		>"$rules"
	within sh -c "'$LOADER' map load far - --netns '$FAR' --pin-dir '$PINS' <'$rules'"
	exits 0
	silent
	gives "key 10.0.0.0/8 value 7" map dump far blocked4
	printf 'blocked4 10.0.0.0/8 8\nports key port=1 proto=6 value 1 noexist\n' >"$rules"
	refused 1 "rules: line 2: map ports: key {port=1, proto=6, zero=0}: there is such a key" \
		"noexist" map load far "$rules"
	gives "key 10.0.0.0/8 value 8" map dump far blocked4 # the line before it was done
	echo 'nosuch 1 2' >"$rules"
	refused 1 "rules: line 1: nosuch: the guest uses no such map" "MAP KEY VALUE" \
		map load far "$rules"
	map load far /nonexistent
	fails_plainly 1 "/nonexistent: No such file"
	map load far /
	fails_plainly 1 "/: Is a directory"
}

@test "redirect maps: interfaces and CPUs" {
	attaches "$GUEST" --prog send
	map list far -j
	holds "{m['map']: (m['type'], m['used']) for m in d['maps']} == {
		'devices': ('devmap', 0), 'processors': ('cpumap', 0)}"
	does map update far devices key 1 value 2
	does map update far devices key 3 value 5
	gives "$(printf 'key 1 value 2\nkey 3 value 5')" map dump far devices
	refused 1 "map devices: key 0: nothing is there" "loader map dump" \
		map lookup far devices key 0
	refused 1 "map devices: key 4: there is no such index" "" \
		map update far devices key 4 value 2
	refused 1 "there is such a key" "" map update far devices key 1 value 2 noexist
	does map delete far devices key 1
	gives "key 3 value 5" map dump far devices
	does map update far processors key 0 value 192
	gives '{"map":"processors","entries":[{"key":0,"value":192}]}' map dump far processors -j
	refused 1 "there is no such CPU" "queue" map update far processors key 1000 value 192
	refused 1 "map processors: key 1024: there is no such index" "" \
		map update far processors key 1024 value 192
	refused 1 "the queue is too long" "packets" map update far processors key 0 value 99999999
}

@test "commands at once, while packets arrive: no update is lost" {
	attaches "$PROGS/counters.o"
	answered 200 >"$BATS_TEST_TMPDIR/answered" &
	for i in 1 2 3 4; do
		for k in 1 2 3 4 5; do
			"$LOADER" map update far packets key $((100 + i * 10 + k)) \
				value $((i * k)) --netns "$FAR" --pin-dir "$PINS"
			"$LOADER" map dump far packets --netns "$FAR" --pin-dir "$PINS" >/dev/null
		done &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR/answered")" -eq 200 ]
	map dump far packets -j
	holds "{e['key']: e['value'] for e in d['entries'] if e['value'] and e['key'] != 1} == {
		100 + 10 * i + k: i * k for i in range(1, 5) for k in range(1, 6)}"
	gives 200 map lookup far packets key 1
}

@test "no such thing" {
	refused 1 "nosuch: no such interface" "ip link" map list nosuch
	refused 1 "far: no guest is attached" "loader attach" map list far
	refused 1 "far: no such interface" "ip link" loader map list far --netns "$NEAR"
	refused 1 "near: no guest is attached" "loader attach" \
		loader map list near --netns "$NEAR" \
		--pin-dir "$PINS"
	refused 1 "--netns nosuch: No such file" "ip netns" loader map list far --netns nosuch
	attaches "$PROGS/firewall.o"
	refused 1 "far: no such guest is attached" "--hook xdp --name firewall" \
		map list far --name nosuch
	refused 1 "nosuch: no such map" "there are reasons, allowed, blocked4, blocked6, ports" \
		map dump far nosuch
	at_far detach far
	attaches "$PROGS/fib.o"
	refused 1 "nosuch: no such map" "the guest has none" map dump far nosuch
	gives "" map list far
	gives "" map dump far
}

@test "nobody, and missing capabilities" {
	attaches "$PROGS/firewall.o"
	cp "$LOADER" "$BATS_TEST_TMPDIR/loader"
	chmod -R a+rX "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_RUN_TMPDIR"
	nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
	within nsenter "--net=/run/netns/$FAR" $nobody "$BATS_TEST_TMPDIR/loader" map list far \
		--pin-dir "$PINS"
	fails 1 "CAP_BPF is missing"
	tells "run it as root"
	within $nobody "$BATS_TEST_TMPDIR/loader" kv list --global --netns "$FAR" --pin-dir "$PINS"
	fails 1 "--netns $FAR: Operation not permitted"
	within nsenter "--net=/run/netns/$FAR" $(without net_admin) "$LOADER" map update far \
		blocked4 key 10.0.0.0/8 value 0 --pin-dir "$PINS"
	fails 1 "CAP_NET_ADMIN is missing"
	gives "" map dump far blocked4
}

@test "a full disk is an error" {
	attaches "$PROGS/counters.o"
	within sh -c "'$LOADER' map dump far --netns '$FAR' --pin-dir '$PINS' >/dev/full"
	fails_plainly 1 "stdout: No space left on device"
}

@test "wrong usage" {
	while IFS='|' read -r what args; do
		# shellcheck disable=SC2086
		loader $args
		fails 2 "$what" || { echo "$args"; return 1; }
	done <<'EOT'
map: neither list, dump, load, lookup, update, delete nor read|map
map get: neither list, dump|map get far
map list: no IFACE given|map list
map lookup: no MAP given|map lookup far
map read: no MAP given|map read far
map load: no FILE given|map load far
m: one argument too many|map list far m
k: one argument too many|map dump far m k
map lookup: no key is given|map lookup far m
map update: 5: it must begin with a key|map update far m 5
map update: no value is given|map update far m key 5
map lookup: a value is given|map lookup far m key 5 value 6
map delete: a value is given|map delete far m key 5 value 6
map delete: a key goes for all CPUs|map delete far m key 5 cpu 0
map dump: --follow, --count and --type are for map read|map dump far m --count 1
--count 0: must be from 1|map read far m --count 0
--hook nosuch: there are xdp|map list far --hook nosuch
--frobnicate: no such option of map|map list far --frobnicate
kv: neither list, get, set nor delete|kv
kv read: neither list, get, set nor delete|kv read far
kv list: neither IFACE nor --global is given|kv list
kv get: no KEY given|kv get far
kv set: no KEY given|kv set far
kv set: no VALUE given|kv set far 1
kv set: no VALUE given|kv set --global 1
3: one argument too many|kv set far 1 2 3
--global: not with an IFACE|kv set --global 1 2 3
2: one argument too many|kv get far 1 2
1: one argument too many|kv list far 1
key: not a number: x|kv get far x
value: it can be from -9223372036854775808 to 18446744073709551615, not 18446744073709551616|kv set far 1 18446744073709551616
EOT
}
