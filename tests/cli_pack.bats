#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Images: written by `pack`, taken by the other commands, and what is wrong with damaged ones.

load cli

# pack FILE [OPTION...]: into $image.
pack() {
	image=$BATS_TEST_TMPDIR/guest.img
	loader pack "$@" -o "$image"
}

@test "pack: an image runs like its object" {
	pack "$PROGS/fib.o"
	exits 0
	silent
	prints "$image: fib, 12 instructions, 0 maps, $(stat -c %s "$image") bytes"
	loader run "$image" --core table
	prints "R0 = 55 (0x37)"
	loader "$image" --core small
	prints "R0 = 55 (0x37)"
	loader check "$image"
	prints "$image: fib: ok, 12 instructions"
	[ "$("$LOADER" dis -l "$image")" = "$("$LOADER" dis -l "$PROGS/fib.o")" ]
}

@test "pack: maps, data and functions stay what they were" {
	for file in firewall data several; do
		pack "$PROGS/$file.o"
		"$LOADER" info "$image" -j >"$BATS_TEST_TMPDIR/packed"
		loader info "$PROGS/$file.o" -j
		holds "json.load(open('$BATS_TEST_TMPDIR/packed'))['programs'] == d['programs'][:1]"
	done
}

@test "pack: one program of several" {
	pack "$PROGS/several.o" --prog second
	says "guest.img: second, "
	loader info "$image" -j
	holds '[x["program"] for x in d["programs"]] == ["second"]'
	loader check "$image" --prog second
	exits 0
	loader check "$image" --prog first
	fails 1 "guest.img: no program named first"
	tells "it is the image of second alone"
}

@test "pack --strip: no source lines, fewer bytes" {
	pack "$PROGS/firewall.o" -j
	whole=$(json 'd["bytes"]')
	holds 'd["debug"] and d["program"] == "firewall" and d["kind"] == "xdp" and d["maps"] == 5'
	pack "$PROGS/firewall.o" -j --strip
	holds "d['bytes'] * 2 < $whole and not d['debug']"
	loader dis -l "$image"
	[[ "$output" != *firewall.c* ]]
}

@test "pack: where it goes when nobody says" {
	cp "$PROGS/fib.o" "$BATS_TEST_TMPDIR/a.o"
	loader pack "$BATS_TEST_TMPDIR/a.o"
	says "$BATS_TEST_TMPDIR/a.img: fib, "
	cp "$PROGS/fib.o" "$BATS_TEST_TMPDIR/b"
	loader pack "$BATS_TEST_TMPDIR/b"
	[ -s "$BATS_TEST_TMPDIR/b.img" ]
	[ -z "$(find "$BATS_TEST_TMPDIR" -name '*.img.*')" ]
	within sh -c '"$1" pack "$2" -o /dev/stdout | "$1" run --core table /dev/stdin' . "$LOADER" \
		"$PROGS/fib.o"
	prints "R0 = 55 (0x37)"
	"$LOADER" pack "$PROGS/fib.o" -o /dev/stdout >"$BATS_TEST_TMPDIR/new.img"
	[ -L /dev/stdout ]
	loader check "$BATS_TEST_TMPDIR/new.img"
	says "fib: ok"
	ln -s new.img "$BATS_TEST_TMPDIR/link"
	loader pack "$PROGS/fib2.o" -o "$BATS_TEST_TMPDIR/link"
	exits 0
	[ -L "$BATS_TEST_TMPDIR/link" ]
	loader check "$BATS_TEST_TMPDIR/new.img"
	says "fib2: ok"
	within sh -c '"$1" pack --c-array "$2" -o /dev/stdout | tail -n 1' . "$LOADER" "$PROGS/fib.o"
	prints "};"
}

@test "pack: an image can be packed again, without its lines" {
	pack "$PROGS/fib.o"
	first=$image
	loader pack "$first" --strip -o "$BATS_TEST_TMPDIR/small.img"
	exits 0
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/small.img")" -lt "$(stat -c %s "$first")" ]
	loader run "$BATS_TEST_TMPDIR/small.img" --core switch
	prints "R0 = 55 (0x37)"
}

@test "pack: what the checker refuses is not packed, unless it has to be" {
	pack "$PROGS/bad_jump.o" --prog jump_out
	fails 4 "jump_out: insn 0: a jump that leaves the program"
	[ ! -e "$image" ]
	pack "$PROGS/tick.o" --prog blink
	fails 4 "a call of helper 301, which guests do not have"
	pack "$PROGS/tick.o" --prog blink --unchecked
	exits 0
	loader info "$image"
	says "unknown#301 (missing)"
}

@test "pack --c-array: the bytes of the image, as C" {
	pack "$PROGS/data.o" --strip
	loader pack "$PROGS/data.o" --c-array -o "$BATS_TEST_TMPDIR/data.h"
	exits 0
	cat >"$BATS_TEST_TMPDIR/main.c" <<-'END'
		#include <stdio.h>
		#include "data.h"
		int main(void)
		{
			fwrite(data_image, 1, sizeof(data_image), stdout);
			return (unsigned long)data_image % 8 != 0;
		}
	END
	cc -Wall -Wextra -Werror -pedantic -o "$BATS_TEST_TMPDIR/main" "$BATS_TEST_TMPDIR/main.c"
	"$BATS_TEST_TMPDIR/main" | cmp - "$image"
	cp "$PROGS/fib.o" "$BATS_TEST_TMPDIR"
	loader pack --c-array "$BATS_TEST_TMPDIR/fib.o"
	says "$BATS_TEST_TMPDIR/fib.h: fib, "
	grep -q "^static const unsigned char fib_image\[" "$BATS_TEST_TMPDIR/fib.h"
}

@test "info: size, checksum and needs of an image" {
	pack "$PROGS/sample.o" --strip
	loader info "$image" -j
	holds "d['image']['version'] == 1 and d['image']['bytes'] == $(stat -c %s "$image")"
	crc=$(json "d['image']['crc']")
	[ "$crc" = "$(python3 -c 'import sys, zlib
print(hex(zlib.crc32(open(sys.argv[1], "rb").read()[16:])))' "$image")" ]
	loader info "$image"
	says "guest.img: image of version 1, $(stat -c %s "$image") bytes, CRC $crc" \
		"bpf_kv_fetch#241, bpf_kv_store#240"
	pack "$PROGS/data.o"
	loader info "$image"
	says ".rodata" ".data"
	loader info "$PROGS/data.o" -j
	holds "d['image'] is None"
}

@test "pack: objects and images from a pipe, for every command" {
	pack "$PROGS/fib.o"
	for file in "$image" "$PROGS/fib.o"; do
		for command in check dis info "run --core table" "pack -o $BATS_TEST_TMPDIR/new.img"; do
			within sh -c 'file=$1; shift; cat "$file" | "$@" /dev/stdin' . "$file" \
				"$LOADER" $command
			exits 0 && silent || return 1
			[[ "$output" == *fib* || "$output" == "R0 = 55 (0x37)" ]] || show
		done
	done
	within sh -c 'cat "$1" | "$2" check /dev/stdin' . "$PROGS/several.o" "$LOADER"
	says "/dev/stdin: first: ok" "/dev/stdin: second: ok"
	within sh -c 'cat "$1" | "$2" info -j /dev/stdin' . "$image" "$LOADER"
	holds "d['image']['version'] == 1 and d['image']['bytes'] == $(stat -c %s "$image")"
}

@test "pack: the kernel runs images as it runs objects" {
	needs_kernel
	for file in fib data calls bad_memory; do
		pack "$PROGS/$file.o"
		loader run "$PROGS/$file.o" --core kernel
		whole="$status $output"
		loader run "$image" --core kernel
		[ "$status $output" = "$whole" ] || show || return 1
	done
}

@test "pack: wrong usage, and files that cannot be written" {
	loader pack
	exits 2
	loader pack "$PROGS/fib.o" "$PROGS/fib2.o"
	exits 2
	loader pack "$PROGS/fib.o" -o "$BATS_TEST_TMPDIR/no/folder.img"
	fails 1 "no/folder.img: No such file or directory"
	loader pack "$PROGS/fib.o" -o "$BATS_TEST_TMPDIR"
	fails 1 "$BATS_TEST_TMPDIR: Is a directory"
	loader pack "$PROGS/fib.o" --c-array -o "$BATS_TEST_TMPDIR/no/folder.h"
	fails 1 "no/folder.h: No such file or directory"
	loader pack "$PROGS/fib.o" --c-array -o "$PROGS/fib.o/fib.h"
	fails 1 "fib.h: Not a directory"
	[ ! -e /dev/full ] || { loader pack "$PROGS/fib.o" -o /dev/full; fails 1 "No space left"; }
	loader pack "$BATS_TEST_TMPDIR/nothing.o"
	fails 1 "nothing.o: "
}

@test "pack: damaged images are refused by every command" {
	pack "$PROGS/fib.o"
	size=$(stat -c %s "$image")
	bad=$BATS_TEST_TMPDIR/bad.img
	for ((length = 8; length < size; length += size / 20)); do
		head -c "$length" "$image" >"$bad"
		loader run --core table "$bad"
		fails 1 "bad.img: " || { echo "length $length"; return 1; }
	done
	for ((offset = 8; offset < size; offset += size / 20)); do
		cp "$image" "$bad"
		printf '\377' | dd of="$bad" bs=1 seek="$offset" conv=notrunc status=none
		cmp -s "$image" "$bad" && continue
		for command in "run --core table" check dis info "pack -o /dev/null"; do
			loader $command "$bad"
			fails 1 "bad.img: " || { echo "offset $offset"; return 1; }
		done
	done
}
