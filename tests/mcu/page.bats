#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# mcu/README.md does what it says: its files are written into an empty folder, its commands are run
# there, and have to print what stands below them, where `...` stands for any text.

LOADER=${LOADER:-$BATS_TEST_DIRNAME/../../loader}
load ../cli

BPFVM=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
export BPFVM
PAGE=$BPFVM/mcu/README.md

# file NAME: a block of the page that is a file.
file() {
	awk -v fence='```c '"$1" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' "$PAGE"
}

# joined: the page, each command in one line.
joined() {
	sed -e ':a' -e '/\\$/{N;s/\\\n[[:space:]]*//;ba}' "$PAGE"
}

commands() {
	joined | sed -n 's/^\$ //p'
}

# wanted COMMAND: what has to be printed by it.
wanted() {
	joined | awk -v command="\$ $1" \
		'/^```/ || /^\$ / { inside = 0 } inside; $0 == command { inside = 1 }'
}

# each PATTERN: runs the commands that match it, at least one.
each() {
	local command got seen=0

	while read -r command; do
		[[ $command =~ $1 ]] || continue
		got=$(eval "$command" 2>&1 </dev/null) || { echo "$command: $got"; return 1; }
		# shellcheck disable=SC2053,SC2254
		case $got in
		$(wanted "$command" | sed 's/\.\.\./*/g')) ;;
		*) echo "not as on the page: $command: $got"; return 1 ;;
		esac
		seen=$((seen + 1))
	done < <(commands)
	[ $seen -gt 0 ]
}

setup() {
	cd "$BATS_FILE_TMPDIR"
	file sum.c >sum.c
	file main.c >main.c
	if [ "$BATS_TEST_NUMBER" -gt 1 ]; then
		each "^clang|loader pack"
	fi
}

@test "page: 20 lines of C" {
	[ "$(wc -l <main.c)" -gt 10 ] && [ "$(wc -l <main.c)" -le 20 ]
	[ "$(commands | wc -l)" -eq 9 ]
}

@test "page: a guest in an empty project, on the host" {
	each "^gcc|^./sum"
}

@test "page: and on a Cortex-M4" {
	command -v arm-none-eabi-gcc >/dev/null || skip "no arm-none-eabi-gcc"
	command -v qemu-system-arm >/dev/null || skip "no qemu-system-arm"
	each "^arm-none-eabi-gcc|^qemu"
}

@test "page: a pointer in a context" {
	each "^printf|loader run"
}

@test "page: what is wrong would be noticed" {
	sed 's/^6$/7/' "$PAGE" >wrong.md
	each "^gcc"
	PAGE=$BATS_FILE_TMPDIR/wrong.md
	run each "^./sum"
	[ "$status" -eq 1 ]
	[[ "$output" == *"not as on the page"* ]]
}
