#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Files that are no guests: one clear error from every command that reads one.

load cli

# bad FILE STATUS WHAT [FAILS]: run, check, dis and info all refuse it alike.
bad() {
	for command in "run --core table" check dis info; do
		loader $command "$1"
		"${4:-fails}" "$2" "$3" || { echo "loader $command"; return 1; }
	done
}

copy() {
	cp "$PROGS/fib.o" "$BATS_TEST_TMPDIR/$1"
	echo "$BATS_TEST_TMPDIR/$1"
}

# patch FILE OFFSET BYTES
patch() {
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a file that is not there, a folder, an empty file" {
	bad "$BATS_TEST_TMPDIR/nothing.o" 1 "nothing.o: "
	bad "$BATS_TEST_TMPDIR" 1 "$BATS_TEST_TMPDIR: Is a directory" fails_plainly
	: >"$BATS_TEST_TMPDIR/empty.o"
	bad "$BATS_TEST_TMPDIR/empty.o" 1 "empty.o: "
}

@test "a file that may not be read" {
	needs_root
	file=$(copy secret.o)
	chmod 0 "$file"
	chmod 755 "$BATS_TEST_TMPDIR"
	within setpriv --reuid 65534 --regid 65534 --clear-groups "$LOADER" check "$file"
	fails_plainly 1 "secret.o: Permission denied"
}

@test "not an ELF file" {
	head -c 4096 /dev/urandom >"$BATS_TEST_TMPDIR/noise.o"
	patch "$BATS_TEST_TMPDIR/noise.o" 0 'text'
	bad "$BATS_TEST_TMPDIR/noise.o" 1 "noise.o: "
	echo "int main;" >"$BATS_TEST_TMPDIR/source.c"
	bad "$BATS_TEST_TMPDIR/source.c" 1 "source.c: "
}

@test "an ELF file for another machine" {
	bad "$LOADER" 1 "loader: "
	file=$(copy arm.o)
	patch "$file" 18 '\267\0'
	bad "$file" 1 "arm.o: "
	[[ "$stderr" == *[Bb][Pp][Ff]* ]]
}

@test "a big-endian object" {
	file=$(object big -target bpfeb <"$ROOT/progs/fib.c")
	bad "$file" 1 "big.o: "
	[[ "$stderr" == *endian* ]]
}

@test "a 32-bit ELF file" {
	file=$(copy short.o)
	patch "$file" 4 '\1'
	bad "$file" 1 "short.o: "
}

@test "truncated objects, at any length" {
	size=$(stat -c %s "$PROGS/fib.o")
	for ((length = 1; length < size; length += size / 40)); do
		head -c "$length" "$PROGS/fib.o" >"$BATS_TEST_TMPDIR/cut.o"
		loader run --core table "$BATS_TEST_TMPDIR/cut.o"
		fails 1 "cut.o: " || { echo "length $length"; return 1; }
	done
}

@test "an object without a program" {
	file=$(object data <<<'int variable = 1;')
	bad "$file" 1 "data.o: "
	file=$(object text <"$ROOT/tests/objects/text.c")
	bad "$file" 1 "text.o: "
}

@test "programs that cannot be linked, each by the name of what is in the way" {
	file=$(object refused <"$ROOT/tests/objects/refused.c")
	for case in core: kfunc:kernel_function ksym:kernel_variable function:missing_function \
		variable:missing_variable map:some_map section:; do
		loader run "$file" --core table --prog "${case%%:*}"
		fails 1 "${case#*:}" || { echo "program ${case%%:*}"; return 1; }
	done
	loader run "$file" --core table --prog fine
	exits 0
	prints "R0 = 1 (0x1)"
}

@test "CO-RE is named" {
	file=$(object refused <"$ROOT/tests/objects/refused.c")
	loader check "$file" --prog core
	fails 1 "CO-RE"
}

@test "an unknown relocation" {
	command -v readelf >/dev/null || skip "no readelf"
	file=$(object link <"$ROOT/tests/objects/link.c")
	at=$(readelf -SW "$file" | awk '$0 ~ / \.relxdp / { sub(/.*\]/, ""); print $4 }')
	patch "$file" $((16#$at + 8)) '\143'
	loader run "$file" --core table
	fails 1 "link.o: "
	[[ "$stderr" == *relocation* && "$stderr" == *99* ]]
}

@test "programs that are too long, or just fit" {
	file=$(object fits -DLENGTH=4096 <"$ROOT/tests/objects/long.c")
	loader run "$file" --core table
	prints "R0 = 7 (0x7)"
	file=$(object long -DLENGTH=4097 <"$ROOT/tests/objects/long.c")
	loader run "$file" --core table
	[ "$status" -eq 1 ] || [ "$status" -eq 4 ]
	tells "long.o: " "4096" "hint: "
	loader run "$file" --core table --unchecked
	fails 1 "4096"
}

@test "a program that is not in the file" {
	for command in "run --core table" check dis info; do
		loader $command "$PROGS/fib.o" --prog nobody
		fails 1 "nobody"
	done
}

@test "every bit flipped in turn in the headers: an answer, never a crash" {
	for ((offset = 0; offset < 64; offset++)); do
		file=$(copy flip.o)
		byte=$(od -An -tu1 -j "$offset" -N 1 "$file")
		patch "$file" "$offset" "\\$(printf %o $((byte ^ 1 << offset % 8)))"
		loader run "$file" --core table --steps 1M
		[ "$status" -le 4 ] || { echo "offset $offset"; show; }
	done
}
