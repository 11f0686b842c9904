#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The example firmware in qemu, and `loader push` at its serial port: one device for all tests, that
# none of them resets. $FIRMWARE is the firmware, $DEVICE the command that runs FIRMWARE.

LOADER=${LOADER:-$BATS_TEST_DIRNAME/../../loader}
PROGS=${PROGS:-$BATS_TEST_DIRNAME/../../progs}
load ../cli

# An IPv4 packet with UDP to the discard port, and one to another port.
DISCARD=ffffffffffffaabbccddeeff080045000020000000004011000000000000000000000000000900000000
OTHER=ffffffffffffaabbccddeeff080045000020000000004011000000000000000000000000000800000000

# device PORT: runs one, its serial line being PORT for qemu; its output and its process id to files.
device() {
	local command=${DEVICE/-serial null/-serial $1}

	${command/FIRMWARE/$FIRMWARE} >"$BATS_FILE_TMPDIR/device.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/device.pid"
}

# missing: what there would have to be to test this.
missing() {
	[ -e "$FIRMWARE" ] || echo "no firmware: arm-none-eabi-gcc is not installed"
	command -v "${DEVICE%% *}" >/dev/null || echo "${DEVICE%% *} is not installed"
}

setup_file() {
	[ -z "$(missing)" ] || return 0
	device "unix:$BATS_FILE_TMPDIR/port,server=on,wait=off"
	for _ in {1..100}; do
		[ ! -S "$BATS_FILE_TMPDIR/port" ] || break
		sleep 0.05
	done
	cp "$BATS_FILE_TMPDIR/device.pid" "$BATS_FILE_TMPDIR/first.pid"
}

teardown_file() {
	[ -n "$(missing)" ] || kill "$(cat "$BATS_FILE_TMPDIR/first.pid")"
}

setup() {
	[ -z "$(missing)" ] || skip "$(missing | head -1)"
	PORT=$BATS_FILE_TMPDIR/port
}

# A test leaves no container behind, and finds the firmware alive.
teardown() {
	[ -S "$PORT" ] || return 0
	for name in $("$LOADER" push --serial "$PORT" -j |
		python3 -c 'import json, sys; print(*(x["name"] for x in json.load(sys.stdin)["answer"]))'); do
		"$LOADER" push --serial "$PORT" --ask "remove $name"
	done
}

push() {
	loader push --serial "$PORT" "$@"
}

ask() {
	push --ask "$@"
}

# value QUESTION EXPRESSION: of the answer, `d` being its rows.
value() {
	ask "$1" -j
	exits 0 || return 1
	json "(lambda d: $2)(d['answer'])"
}

# row QUESTION NAME KEY: a cell of the row that begins with NAME.
row() {
	value "$1" "[r['$3'] for r in d if '$2' in (r.get('name'), r.get('hook'), r.get('key'))][0]"
}

# until_so QUESTION EXPRESSION: waits until it is true; an answer that is none ends it at once.
until_so() {
	local end=$((SECONDS + 20)) so

	while [ $SECONDS -lt $end ]; do
		so=$(value "$@") || break
		[ "$so" != True ] || return 0
		sleep 0.05
	done
	echo "never true of $1: $2"
	show
}

# frames NAME HOOK TENANT IMAGE FAULT...: sends it in frames of its own, with faults.
frames() {
	run python3 "$BATS_TEST_DIRNAME/frames.py" "$PORT" "$@"
}

image() {
	"$LOADER" pack --strip "$PROGS/$1.o" -o "$BATS_TEST_TMPDIR/$1.img" >/dev/null
	echo "$BATS_TEST_TMPDIR/$1.img"
}

@test "push: a guest is installed, runs at its hook, and is listed" {
	push "$PROGS/tick.o" --prog count --tenant user -j
	exits 0
	holds "d['answer'] == [{'name': 'count', 'tenant': 'user', 'hook': 'tick', 'state': 'on',
		'insns': 32, 'bytes': d['answer'][0]['bytes'], 'swaps': 0}]"
	until_so "stat count" "d[0]['runs'] >= 3 and d[0]['traps'] == 0 and d[0]['r0'] >= 3"
	push
	says "NAME" "count" "user"
}

@test "push: run, stop, start, stat and kv on the device" {
	push "$PROGS/tick.o" --prog count --tenant user
	ask "stop count"
	exits 0
	runs=$(row stat count runs)
	ask "run count"
	prints "R0 = $((runs + 1)) (0x$(printf %x $((runs + 1))))"
	sleep 0.3
	[ "$(row stat count runs)" -eq $((runs + 1)) ]
	ask "kv count 99 0x10"
	[ "$(value "kv count" "{r['key']: r['value'] for r in d}[99]")" -eq 16 ]
	ask "start count"
	until_so "stat count" "d[0]['runs'] > $runs + 2"
	ask help
	says "load NAME HOOK TENANT BYTES" "stat [NAME]"
}

@test "push: a swap on the running firmware: time and stores go on" {
	push "$PROGS/tick.o" --prog count
	until_so "stat count" "d[0]['runs'] >= 3"
	before=$(row info uptime_ms value) ticks=$(row hooks tick events)
	counted=$(value "kv count" "d[0]['value']")
	push "$PROGS/tick.o" --prog blink --name count -j
	exits 0
	holds "d['answer'][0]['swaps'] == 1 and d['answer'][0]['insns'] != 32"
	until_so "kv count" "d[0]['value'] > $counted + 2"
	[ "$(row info uptime_ms value)" -gt "$before" ]
	[ "$(row hooks tick events)" -gt "$ticks" ]
	until_so info "{r['key']: r['value'] for r in d}['output'] == 1"
}

@test "push: a damaged image is refused by name, and the old guest stays" {
	push "$PROGS/tick.o" --prog count
	good=$(image fib)
	for fault in damage=0:MAGIC damage=8:VERSION version:VERSION damage=12:CRC damage=16:SIZE \
		damage=20:CRC damage=160:CRC cut=8:SIZE cut=200:SIZE; do
		frames count - - "$good" "${fault%:*}"
		[[ "$output" == "error: ${fault#*:}: "* ]] || { echo "$fault: $output"; return 1; }
	done
	[ "$(row list count insns)" -eq 32 ] && [ "$(row list count swaps)" -eq 0 ]
	runs=$(row stat count runs)
	until_so "stat count" "d[0]['runs'] > $runs"
	cp "$good" "$BATS_TEST_TMPDIR/bad.img"
	printf '\125' | dd of="$BATS_TEST_TMPDIR/bad.img" bs=1 seek=170 conv=notrunc status=none
	push "$BATS_TEST_TMPDIR/bad.img" --hook tick
	fails 1 "bad.img: "
}

@test "push: what does not fit into the device is refused by name" {
	push "$PROGS/counters.o"
	fails 1 "the device says: MAPS: "
	push "$(object large <<<'char big[2000]; __attribute__((section("tick"))) int f(void) { return big[1]; }')"
	fails 1 "the device says: MEMORY: "
	push "$(object long <<<'__attribute__((section("tick"))) int f(void) {
		asm volatile(".rept 600\nr0 = 1\n.endr"); return 0; }')"
	fails 1 "the device says: ROOM: "
	push "$PROGS/fib.o" --hook nowhere
	fails 1 "the device says: HOOK: "
	push "$PROGS/fib.o" --tenant nobody
	fails 1 "the device says: TENANT: "
	push "$PROGS/fib.o" --name "no name"
	fails 1 "the name is empty, or not one word"
	push "$PROGS/fib.o" --name "no/name"
	fails 1 "the device says: NAME: "
	push "$PROGS/fib.o" --name "a.name.of.16.char"
	fails 1 "the device says: NAME: "
	[ "$(value list 'len(d)')" -eq 0 ]
}

@test "push: frames that are damaged, lost, sent twice or amid noise" {
	good=$(image sample)
	for fault in crc=0 lost=0 lost=1 twice=0 noise "crc=0 crc=1 lost=0"; do
		# shellcheck disable=SC2086
		frames frames sample user "$good" $fault
		[ "$output" = ok ] || { echo "$fault: $output"; return 1; }
	done
	[ "$(row list frames swaps)" -eq 5 ]
	frames frames sample user "$good" silent=1
	[[ "$output" == "error: SILENCE: "* ]]
	[ "$(row list frames swaps)" -eq 5 ]
}

@test "push: 100,000 random bytes, as lines and as frames" {
	push "$PROGS/sample.o"
	ticks=$(row hooks tick events)
	frames x - - "$(image sample)" garbage
	[ "$output" = ok ] || { echo "$output"; return 1; }
	frames outliers - - "$(image fib)" rubbish
	[[ "$output" == "error: SILENCE: "* ]] || { echo "$output"; return 1; }
	push --ask stat
	says outliers
	[ "$(row hooks tick events)" -gt "$ticks" ]
	[ "$(row list outliers swaps)" -eq 0 ]
}

@test "push: a sender that goes away does not keep the next one waiting" {
	push "$PROGS/tick.o" --prog count
	for frame in 0 1; do
		frames count - - "$(image sample)" gone=$frame
		push "$PROGS/tick.o" --prog blink --name count
		exits 0
	done
	[ "$(row list count swaps)" -eq 2 ]
}

@test "push: random damage with right checksums: whatever comes in, the firmware goes on" {
	push "$PROGS/tick.o" --prog count --name other --tenant user
	frames random tick maker "$(image sample)" random=60
	[ "$status" -eq 0 ]
	[[ "$output" == *"PART "*"REFUSED "*"ok "* ]] || { echo "$output"; return 1; }
	runs=$(row stat other runs)
	until_so "stat other" "d[0]['runs'] > $runs and d[0]['traps'] == 0"
}

@test "push: a guest that traps is reported and stopped, the others go on" {
	push "$PROGS/tick.o" --prog count
	push "$PROGS/bad_memory.o" --prog load_null --hook tick
	exits 0
	until_so list "[r['state'] for r in d] == ['on', 'off']"
	[ "$(value "stat load_null" "(d[0]['traps'], d[0]['last_trap'], d[0]['address'])")" = \
		"(5, 'BOUNDS', '0x0')" ]
	runs=$(row stat count runs)
	ask "run load_null"
	exits 1
	tells "the device says: TRAPPED: " "device: trap load_null: insn 1: BOUNDS: memory access outside of every region: read of 4 bytes at 0x0"
	until_so "stat count" "d[0]['runs'] > $runs and d[0]['traps'] == 0"
}

@test "push: an endless loop ends with its budget, at each run" {
	push "$PROGS/tick.o" --prog count
	push "$PROGS/bad_loop.o" --prog endless --hook tick --tenant user
	exits 0
	until_so list "[r['state'] for r in d] == ['on', 'off']"
	[ "$(value "stat endless" "(d[0]['instructions'], d[0]['traps'], d[0]['last_trap'])")" = \
		"(25000, 5, 'STEPS')" ]
	push "$PROGS/bad_loop.o" --prog recursion --name endless
	until_so "stat endless" "d[0]['last_trap'] == 'FRAMES'"
	runs=$(row stat count runs)
	until_so "stat count" "d[0]['runs'] > $runs"
}

@test "push: what guests may say is bounded" {
	push "$(object say <<<'static long (*const say)(const char *, long) = (void *)300;
		__attribute__((section("tick"))) long talk(void) {
			static const char text[300] = { [0 ... 299] = 0x1b };
			long done = 0;
			for (long i = 0; i < 100; i++)
				done += !say(text, sizeof(text));
			return done;
		}')"
	exits 0
	ask "stop talk"
	ask "run talk"
	prints "R0 = 2 (0x2)"
	[ "$(grep -cx "device: talk ?\{80\}" <<<"$stderr")" -ge 2 ] || show
	ask "run talk"
	[ "$(grep -c . <<<"$stderr")" -eq 2 ] || show
}

@test "push: tenants: stores, helpers and containers of their own" {
	push "$PROGS/tick.o" --prog count --name mine --tenant maker
	push "$PROGS/tick.o" --prog count --name yours --tenant user
	ask "kv mine 5 1"
	ask "kv yours 5 2"
	ask "kv global 7 0"
	until_so kv "[r['value'] for r in d if r['store'] == 'global' and r['key'] == 7][0] >= 4"
	[ "$(value kv "[(r['store'], r['value']) for r in d if r['key'] == 5]")" = \
		"[('mine', 1), ('yours', 2)]" ]
	push "$PROGS/tick.o" --prog blink --tenant user
	exits 4
	tells "REFUSED: insn " "call unknown#301" "in blink, tick.c:" "set_output"
	push "$PROGS/fib.o" --name mine --tenant user
	fails 1 "the device says: TENANT: "
	push "$PROGS/fib.o" --name third --tenant user
	exits 0
	push "$PROGS/fib.o" --name fourth --tenant user
	fails 1 "the device says: FULL: "
}

# Reads the byte whose address is under key 1 of its store, or writes it, if there is something under 2.
PEEK='static long (*const fetch)(__UINT64_TYPE__, __UINT64_TYPE__ *) = (void *)241;
__attribute__((section("tick"))) long peek(void) {
	__UINT64_TYPE__ at = 0, store = 0;
	fetch(1, &at); fetch(2, &store);
	if (store) *(volatile char *)at = 1;
	return store ? 1 : *(volatile char *)at;
}'

@test "push: no guest reaches the firmware, its devices, or another tenant" {
	command -v arm-none-eabi-nm >/dev/null || skip "no arm-none-eabi-nm to know the addresses"
	push "$PROGS/tick.o" --prog count --tenant maker
	push "$(object peek <<<"$PEEK")" --tenant user
	exits 0
	ask "stop peek"
	for address in 0 0x40004000 0xe000e010 0xffffffff 0x100000000 \
		$(arm-none-eabi-nm "$FIRMWARE" |
			awk '/ (containers|guests|kv_global|global_rows|output|load|line|policies|history|packet)$/ {
				print "0x" $1}'); do
		ask "kv peek 1 $address"
		for store in 0 1; do
			ask "kv peek 2 $store"
			ask "run peek"
			exits 1
			tells "the device says: TRAPPED: " "trap peek: insn " "BOUNDS" \
				" of 1 bytes at 0x" || return 1
		done
		tells "write of 1 bytes at $(printf '0x%x' "$address")"
	done
	until_so "stat count" "d[0]['traps'] == 0 and d[0]['runs'] > 3"
}

@test "push: lines that the shell refuses, by name" {
	push "$PROGS/tick.o" --prog count
	while IFS='|' read -r name line; do
		ask "$line"
		fails 1 "the device says: $name: " || { echo "line: $line"; return 1; }
	done <<-END
		VERB|nosuch
		VERB|LIST
		USAGE|list list
		USAGE|run
		USAGE|run count count
		USAGE|load a tick user
		USAGE|load a tick user 8 8
		USAGE|kv global 1
		CONTAINER|run nobody
		CONTAINER|stat nobody
		CONTAINER|kv nobody
		CONTAINER|remove coun
		NUMBER|kv count x 1
		NUMBER|kv count 0x 1
		NUMBER|kv count 1 -1
		NUMBER|kv count 1 18446744073709551616
		NUMBER|kv count 0x10000000000000000 1
		NUMBER|load a tick user 0
		NUMBER|load a tick user 4294967296
		ROOM|load a tick user 4097
		ROOM|load a tick user 4294967295
		NAME|load global tick user 8
		NAME|load a/b tick user 8
		HOOK|load a nowhere user 8
		HOOK|load a - user 8
		TENANT|load a tick nobody 8
		TENANT|load count tick user 8
		HEX|packet zz
		HEX|packet abc
		HEX|packet $(printf '%258s' '' | tr ' ' a)
		LINE|packet $(printf '%400s' '' | tr ' ' a)
	END
	for key in {10..16}; do
		ask "kv count $key 0xffffffffffffffff"
		exits 0
	done
	[ "$(value "kv count" "[r['value'] for r in d if r['key'] == 16]")" = "[-1]" ]
	ask "kv count 17 1"
	fails 1 "the device says: STORE: "
	ask "packet $(printf '%256s' '' | tr ' ' a)"
	prints "verdict 2"
}

@test "push: an XDP program is a guest of the packet hook, with the verdicts of the host" {
	push "$PROGS/packet.o"
	exits 0
	for packet in $DISCARD $OTHER ffffffffffffaabbccddeeff0806; do
		ask "packet $packet"
		device=$output
		loader run "$PROGS/packet.o" --core table --packet "hex:$packet"
		[[ "$output" == "R0 = ${device#verdict } ("* ]] || show
	done
	push "$PROGS/bad_memory.o" --prog load_null --name packet
	ask "packet $OTHER"
	prints "verdict 1"
	[ "$(row hooks packet stopped)" -ge 2 ]
}

@test "push: a filter that traps lets nothing in, however often it does" {
	push "$PROGS/bad_memory.o" --prog load_null --hook packet
	frames load_null - - "$PROGS/fib.o" packets=300
	[ "$output" = "verdict 1: 300" ] || show
	[ "$(row list load_null state)" = on ]
}

@test "push: a guest with a pointer in its context drops bad samples" {
	push "$PROGS/sample.o" --tenant user
	until_so "kv outliers" "d and d[0]['value'] >= 1"
	[ "$(row hooks sample stopped)" -ge 1 ]
	[ "$(row stat outliers traps)" -eq 0 ]
	stopped=$(row hooks sample stopped)
	push "$PROGS/bad_memory.o" --prog load_null --name outliers
	passed=$(row hooks sample passed)
	until_so hooks "[r['passed'] for r in d if r['hook'] == 'sample'][0] > $passed"
}

@test "push: two at once take turns" {
	"$LOADER" push --serial "$PORT" "$PROGS/fib.o" --name first >/dev/null 3>&- &
	push "$PROGS/tick.o" --prog count --name second
	exits 0
	wait $!
	[ "$(value list "sorted(r['name'] for r in d)")" = "['first', 'second']" ]
}

@test "push: through a pseudo terminal" {
	device pty
	for _ in {1..100}; do
		PORT=$(grep -o '/dev/pts/[0-9]*' "$BATS_FILE_TMPDIR/device.log") && break
		sleep 0.05
	done
	push "$PROGS/tick.o" --prog count
	kill "$(cat "$BATS_FILE_TMPDIR/device.pid")"
	exits 0
	says "count" "tick"
}

@test "push: a speed means nothing to a socket" {
	push "$PROGS/fib.o" --baud 12345
	exits 0
}
