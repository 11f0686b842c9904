#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `map` and `kv`: keys, values, variables, records and stored integers, as they are written and shown.

load cli
load net
load maps

@test "values by their types; what is written is what the guest sees" {
	attaches "$GUEST"
	does map update far hosts key 10.9.0.1 value \
		'{state=KNOWN, name="a, b", level=-3, mac=[2,0,0,0,0,1], requests=0x10}'
	answers 2 2
	text='{state=KNOWN, name="a, b", level=-3, mac=[2, 0, 0, 0, 0, 1], requests=18}'
	gives "key 10.9.0.1 value $text" map dump far hosts
	gives "key last value $text" map dump far .data # the guest's own copy
	does map update far hosts key hex:0a090001 value "$text"
	gives "$text" map lookup far hosts key '"10.9.0.1"'
	map lookup far hosts key 0a 09 00 01 -j
	holds "d == {'key': '10.9.0.1', 'value': {'state': 'KNOWN', 'name': 'a, b', 'level': -3,
		'mac': [2, 0, 0, 0, 0, 1], 'requests': 18}}"
	does map update far hosts key 10.9.0.1 value "$(json "json.dumps(d['value'])")"
	gives "$text" map lookup far hosts key 10.9.0.1
	does map update far hosts key 10.9.0.1 value state=TRUSTED requests=be:1
	map lookup far hosts key 10.9.0.1 -j
	holds "d['value']['state'] == 'TRUSTED' and d['value']['requests'] == 1 << 56"
	does map update far large key 0 value x
	gives "key 0 value x" map dump far large
	does map update far bytes key 01 02 03 value hex:0102030405
	gives "key hex:010203 value hex:0102030405" map dump far bytes
	does map update far bytes key hex:000000 value 00 00 00 00 07
	answers 2 2
	gives hex:0000000009 map lookup far bytes key 0 0 0
}

@test "keys and values that cannot be" {
	attaches "$GUEST"
	while IFS='|' read -r what hint args; do
		eval "refused 2 '$what' '$hint' map update far $args" || { echo "$args"; return 1; }
	done <<'EOT'
key: not an IPv4 address: 10.0.0|such as 10.0.0.1|hosts key 10.0.0 value level=1
key: not an IPv4 address: ::1|such as|hosts key ::1 value level=1
key: too long: 5 bytes given; it has 4|loader help map|hosts key 0a 00 00 01 02 value level=1
key: too short: 3 bytes given; it has 4|loader help map|hosts key 0a 00 00 value level=1
key: 3 bytes given; it has 4|loader help map|hosts key hex:0a0000 value level=1
key: nothing tells its type: 1|hex:|bytes key 1 value hex:0102030405
key: it can be from 0 to 65535, not 65536|loader help map|sizes key 65536 value 1
key: it can be from 0 to 65535, not -1|loader help map|sizes key -1 value 1
key: not a number: many|numbers|sizes key many value 1
value: it can be from 0 to 18446744073709551615, not 18446744073709551616|loader help map|sizes key 1 value 18446744073709551616
value.level: it can be from -32768 to 32767, not 32768|loader help map|hosts key 10.0.0.1 value level=32768
value.state: no such name: OLD|there are NEW, KNOWN, TRUSTED|hosts key 10.0.0.1 value state=OLD
value.name: the text is longer than it|loader help map|hosts key 10.0.0.1 value name=abcdefghijklm
value.mac: more elements than it has|loader help map|hosts key 10.0.0.1 value mac=[1,2,3,4,5,6,7]
value.mac[1]: it can be from 0 to 255, not 256|loader help map|hosts key 10.0.0.1 value mac=[1,256]
value: no such field: size|there are state, name, level, mac, requests|hosts key 10.0.0.1 value size=1
value: it has fields, {field=value,...}, and cannot be 5|there are state|hosts key 10.0.0.1 value 5
value: no , or } at: |shell|hosts key 10.0.0.1 value "{level=1"
value: something follows it: maybe|numbers|sizes key 1 value 1 maybe
value: no value is given|numbers|sizes key 1 value ""
EOT
	gives "" map dump far hosts
	gives "" map dump far sizes
	gives "" map dump far bytes
	at_far detach far
	attaches "$PROGS/firewall.o"
	refused 2 "key: 10.0.0.0/33: /0 to /32 are possible" "" \
		map update far blocked4 key 10.0.0.0/33 value 0
	refused 2 "key: 10.0.0/8: not a prefix of an IPv4 address" "such as 10.0.0.0/8" \
		map update far blocked4 key 10.0.0/8 value 0
	refused 1 "map blocked4: key 10.0.0.0/33: no prefix is that long" "such as" \
		map update far blocked4 key bits=33 address=10.0.0.0 value 0
	refused 2 "key.source: not an IPv6 address: 10.0.0.1" "::ffff:10.0.0.1" \
		map update far allowed key source=10.0.0.1 value 0
}

@test "variables: .bss and .data as the guest has them, .rodata as it was" {
	attaches "$GUEST"
	answers 3 3
	gives "$(printf 'key requests value 3\nkey refuse value 0')" map dump far .bss
	gives 3 map lookup far .bss key requests
	gives '{"key":"requests","value":3}' map lookup far .bss key requests -j
	gives '{"map":".bss","entries":[{"key":"requests","value":3},{"key":"refuse","value":0}]}' \
		map dump far .bss -j
	does map update far .bss key refuse value 1
	answers 2 0
	does map update far .bss key refuse value 0
	does map update far .bss key requests value 998
	answers 4 2 # the limit is 1000
	gives "key limit value 1000" map dump far .rodata
	gives 1002 map lookup far .bss key requests
	does map update far .data key last value state=NEW name=x
	gives "{state=NEW, name=x, level=0, mac=[0, 0, 0, 0, 0, 0], requests=0}" \
		map lookup far .data key last
	refused 1 "map .rodata: key limit: it is read-only" "const" \
		map update far .rodata key limit value 1
	refused 1 "map .bss: key nosuch: no such variable" "there are requests, refuse" \
		map lookup far .bss key nosuch
	refused 2 "value: it can be from 0 to 255, not 256" "" \
		map update far .bss key refuse value 256
	refused 1 "map .bss: key refuse: there is such a key" "noexist" \
		map update far .bss key refuse value 1 noexist
	refused 1 "map .bss: delete is not for variables" "update" map delete far .bss key refuse
	refused 1 "map .bss: read is not for variables" "dump" map read far .bss
}

@test "variables of a guest without types: bytes" {
	"$LOADER" pack --strip "$GUEST" -o "$BATS_TEST_TMPDIR/plain.img"
	attaches "$BATS_TEST_TMPDIR/plain.img"
	answers 2 2
	gives "key .bss value hex:0200000000" map dump far .bss
	does map update far .bss key .bss value hex:0000000001
	answers 2 0
	gives hex:0200000001 map lookup far .bss key .bss
	does map update far hosts key 10.9.0.1 value hex:"$(printf '00%.0s' {1..32})"
	map dump far hosts
	says "key hex:0a090001 value hex:0000"
}

@test "records: taken once, as bytes or by a type" {
	attaches "$PROGS/sampler.o"
	answers 9 9
	map list far -j
	holds "[m['used'] for m in d['maps'] if m['map'] == 'samples'] == [3 * 88]"
	map read far samples --count 1
	exits 0
	says "80 bytes" "  0000: 00 00 00 00 62 00 00 00 " \
		"  0010: 02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00  ..............E."
	map read far samples --type sample -j
	exits 0
	output="[$(paste -sd, <<<"$output")]"
	holds "[(r['map'], r['size'], r['value']['number'], r['value']['bytes']) for r in d] == [
		('samples', 80, 4, 64), ('samples', 80, 8, 64)]"
	holds "d[0]['value']['data'][12:15] == [8, 0, 0x45] and 'rest' not in d[0]"
	gives "" map read far samples
	refused 1 "--type nosuch: the guest's BTF has no such struct" "global" \
		map read far samples --type nosuch
	refused 1 "map samples: it has records, and no keys" "map read" map dump far samples
	refused 1 "map samples: it has records, and no keys" "map read" map lookup far samples key 1
	at_far detach far
	attaches "$PROGS/sampler.o" --prog perf
	answers 5 5
	map read far events --type sample -j
	exits 0
	output="[$(paste -sd, <<<"$output")]"
	holds "[(r['value']['number'], r['value']['size'], r['size']) for r in d] == [
		(0, 98, 80), (4, 98, 80)]"
	holds "all(0 <= r['cpu'] < $(cpus) for r in d)"
	attaches "$PROGS/counters.o"
	refused 1 "map packets: it has keys, and no records" "map dump" \
		map read far packets --name counters
}

@test "read --follow waits for records, until --count, a signal, or the end of the guest" {
	attaches "$PROGS/sampler.o"
	"$LOADER" map read far samples --follow --count 3 --type sample -j --netns "$FAR" \
		--pin-dir "$PINS" >"$BATS_TEST_TMPDIR/out" &
	answers 5 5
	sleep 0.2
	answers 4 4
	wait $!
	output="[$(paste -sd, "$BATS_TEST_TMPDIR/out")]"
	holds "[r['value']['number'] for r in d] == [0, 4, 8]"
	within timeout --preserve-status -s INT 0.3 "$LOADER" map read far samples --follow \
		--netns "$FAR" --pin-dir "$PINS"
	exits 130
	silent
	"$LOADER" map read far samples --follow --netns "$FAR" --pin-dir "$PINS" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	sleep 0.1
	at_far detach far
	status=0
	wait $! || status=$?
	[ $status -eq 1 ]
	grep -q "far: no guest is attached" "$BATS_TEST_TMPDIR/err"
}

empty_global() {
	local key

	kv list --global
	for key in $(sed 's/key \([0-9]*\) .*/\1/' <<<"$output"); do
		does kv delete --global "$key"
	done
}

@test "kv: a store for each guest, and one for all" {
	empty_global # other tests' guests were there
	attaches "$GUEST"
	attaches "$PROGS/counters.o" --priority 1
	answers 3 3
	gives "key 1 value 3" kv list far --name count
	gives "key 2 value 3" kv list --global
	gives "" kv list far --name counters
	does kv set far 1 100 --name count
	does kv set --global 2 200
	answers 1 1
	gives 101 kv get far 1 --name count
	gives 201 kv get --global 2
	gives '{"key":2,"value":201}' kv get --global 2 -j
	does kv delete --global 2
	does kv set far -1 -2 --name count
	does kv set far 7 0x10 --name count
	gives "$(printf 'key 1 value 101\nkey 7 value 16\nkey %s value %s' \
		18446744073709551615 18446744073709551614)" kv list far --name count
	kv list far --name count -j
	holds "[(e['key'], e['value']) for e in d['entries']] == [
		(1, 101), (7, 16), ('18446744073709551615', '18446744073709551614')]"
	refused 1 "kv: key 2: there is no such key" "loader kv list" kv get --global 2
	refused 1 "kv: key 2: there is no such key" "loader kv list" kv delete --global 2
	for i in $(seq 64); do
		"$LOADER" kv set --global "$i" 1 --netns "$FAR" --pin-dir "$PINS"
	done
	refused 1 "kv: key 65: it is full" "delete" kv set --global 65 1
	does kv set --global 64 2
	refused 1 "far: it is not clear which guest is meant" "--name count" kv list far
	refused 1 "this network: no guest is attached" "loader attach" \
		loader kv list --global --netns "$NEAR" --pin-dir "$PINS"
}
