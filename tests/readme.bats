#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What README.md says is so: its transcripts, its exit codes, and the names that it mentions.
#
# A transcript is a fenced block whose first line begins with "$ ": after each such line stands what
# the command prints, on stdout and stderr. `...` in it stands for any text, at least a line if it
# stands alone. Commands that begin with sudo need the kernel core; the others must do without. A block
# that begins with `make` is about devices. A command goes on behind a backslash at the end of a line.

load cli
load net

README=${README:-$ROOT/README.md}

# blocks: the fenced blocks of the README, without fences.
blocks() {
	awk '/^```/ { inside = !inside; next } inside' "$README"
}

# transcripts KIND: one command and its output after the other, each command on a line "$ COMMAND"; of
# blocks about devices, or of the others. The block behind one about devices goes on with it until
# one ends with `kill`.
transcripts() {
	sed -e ':a' -e '/\\$/{N;s/\\\n[[:space:]]*//;ba}' "$README" | awk -v kind="$1" '
		/^```/ { inside = !inside; first = 1; next }
		inside && first { transcript = /^\$ /; first = 0; if (/^\$ make /) device = 1 }
		inside && transcript && (kind == "device") == device
		/^\$ kill / { device = 0 }'
}

# spans: what the README sets as code, one by one.
spans() {
	awk '/^```/ { inside = !inside; next } !inside' "$README" | tr '\n' ' ' |
		grep -o '`[^`]*`' | tr -d '`'
	blocks
}

# pattern TEXT: as a pattern of bash, where ... stands for anything.
pattern() {
	sed -e 's/[][*?\\()|!+@]/\\&/g' -e 's/\.\.\./*/g' <<<"$1"
}

# printed COMMAND: what it prints, stdout before stderr as the README shows both; the exit code that
# a command echoes at its end comes last.
printed() {
	case $1 in
	*'; echo $?') bash -c "$1" 2>&1 ;;
	*) bash -c "$1" 2>"$BATS_TEST_TMPDIR/stderr"; cat "$BATS_TEST_TMPDIR/stderr" ;;
	esac </dev/null
}

# one COMMAND WANTED: whether it prints that.
one() {
	local got

	got=$(printed "$1")
	# shellcheck disable=SC2053
	[[ $got == $(pattern "$2") ]] && return
	echo "not as in the README: $ $1"
	diff <(echo "$2") <(echo "$got")
	return 1
}

# each KIND: runs the transcripts that begin with sudo (kernel) or that do not (other), or those about
# devices (device); all of them, and tells each that differs.
each() {
	local kind=$1 command= wanted= line failed=0 count=0

	cd "$ROOT"
	while IFS= read -r line; do
		case $line in
		'$ '*)
			[ -z "$command" ] || one "$command" "${wanted%$'\n'}" || failed=1
			command=${line#'$ '} wanted=
			case $kind:$command in
			kernel:'sudo '*) command=${command#sudo } ;;
			other:'sudo '* | kernel:*) command= ;;
			esac
			[ -z "$command" ] || count=$((count + 1))
			;;
		*)
			wanted+=$line$'\n'
			;;
		esac
	done < <(transcripts "$kind"; echo '$ ')
	echo "$count transcripts"
	[ $count -gt 0 ] && [ $failed -eq 0 ]
}

# column N TITLE: column N of the table whose first title is TITLE, one cell a line.
column() {
	awk -F ' *\\| *' -v n="$1" -v title="$2" '
		!/^\|/ { inside = 0 }
		inside && !/^\|---/ { print $(n + 1) }
		/^\|/ && $2 == title { inside = 1 }' "$README" | tr -d '`'
}

# end_device: ends the one of a transcript that was not executed to its end; of this run or an earlier.
end_device() {
	local pid

	pid=$(cat "$ROOT/build/device.pid" 2>/dev/null) || return 0
	! grep -q guests.elf "/proc/$pid/cmdline" || kill "$pid"
	rm -f "$ROOT/build/device.pid"
}

teardown_file() {
	end_device
	"$BATS_TEST_DIRNAME/lab" down
}

@test "README: transcripts in the kernel" {
	needs_net
	each kernel
}

@test "README: transcripts without the kernel core" {
	each other
}

@test "README: transcripts with a device" {
	local tool

	for tool in arm-none-eabi-gcc riscv64-unknown-elf-gcc avr-gcc qemu-system-arm; do
		command -v $tool >/dev/null || skip "$tool is not installed"
	done
	unset MAKEFLAGS MAKELEVEL MFLAGS
	end_device
	each device
}

@test "README: a transcript that is wrong would be noticed" {
	README=$BATS_TEST_TMPDIR/wrong.md
	printf '```\n$ echo a; echo b; echo c\na\n...\nc\n```\n' >"$README"
	each other
	printf '```\n$ echo a; echo b\na\n```\n' >"$README"
	run each other
	[ "$status" -eq 1 ]
	[[ "$output" == *"not as in the README"* ]]
	printf 'no transcript\n' >"$README"
	run each other
	[ "$status" -eq 1 ]
}

@test "README: exit codes" {
	local code command seen=0

	cd "$ROOT"
	while read -r code command; do
		# shellcheck disable=SC2086
		run timeout 60 $command
		[ "$status" -eq "$code" ] || { echo "$command: $status, not $code"; return 1; }
		seen=$((seen + 1))
	done < <(paste -d ' ' <(column 1 "Exit code") <(column 3 "Exit code"))
	[ $seen -eq 6 ]
}

@test "README: commands and options are those of the loader" {
	local listed command

	listed=$("$LOADER" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[ "$(column 1 Command)" = "$listed" ]
	column 1 'Option of `run`' | sort >"$BATS_TEST_TMPDIR/told"
	"$LOADER" help run | grep -oE '^ +--[a-z]+' | tr -d ' ' | sort >"$BATS_TEST_TMPDIR/there"
	diff "$BATS_TEST_TMPDIR/told" "$BATS_TEST_TMPDIR/there"
}

@test "README: the targets of make" {
	local target seen=0

	while read -r target; do
		grep -q "^$target:" "$ROOT"/Makefile "$ROOT"/mcu/rules.mk "$ROOT"/mcu/firmware/rules.mk || { echo "no target $target"; return 1; }
		seen=$((seen + 1))
	done < <(spans | grep -oP '\bmake (-s )?\K[a-z]+[a-z-]*')
	[ $seen -gt 2 ]
}

@test "README: the files that it names" {
	local name seen=0

	cd "$ROOT"
	while read -r name; do
		compgen -G "$name" >/dev/null || { echo "no $name"; return 1; }
		seen=$((seen + 1))
	done < <(spans | grep -oE '(^|[ :])(\./)?(\.ci|LICENSES|bpf|include|mcu|progs|tests|user)/[a-zA-Z0-9_./*-]*' |
		tr -d ' :' | grep -v NAME | sort -u)
	[ $seen -gt 20 ]
}

# default NAME: of a build option or of a constant.
default() {
	grep -hoP "^#define $1 \K[0-9]+" "$ROOT/bpf/layout.h" "$ROOT/include/vm.h"
}

@test "README: the limits of this build" {
	local name

	printf -v name "%d frames of %d bytes, %d regions, %d slots of %d instructions, %d MiB" \
		"$(default VM_FRAMES)" "$(default VM_FRAME_SIZE)" "$(default VM_REGIONS)" \
		"$(default BPFVM_SLOTS)" "$(default BPFVM_CODE)" \
		$((1 << $(default BPFVM_MEMORY_BITS) - 20))
	tr '\n' ' ' <"$README" | tr -s ' ' | tr -d , | grep -qF "${name//,/}" ||
		{ echo "not in the README: $name"; return 1; }
	loader info -j
	exits 0
	while read -r name; do
		grep -q "\`$name\`" "$README" || { echo "helper $name is not in the README"; return 1; }
	done <<<"$(json '"\n".join(x["name"] for x in d["helpers"])')"
}

@test "README: the licences that files name are there" {
	local name

	cd "$ROOT"
	for name in $(grep -rhoE 'SPDX-License-Identifier: .*' include bpf mcu user progs tests .ci Makefile |
		grep -oE '(GPL|BSD|MIT|Apache|LGPL)[A-Za-z0-9.-]*' | sort -u); do
		[ -s "LICENSES/$name.txt" ] || { echo "no LICENSES/$name.txt"; return 1; }
	done
}
