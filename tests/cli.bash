# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the tests of the command line share; each .bats file loads it.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
LOADER=${LOADER:-$ROOT/loader}
PROGS=${PROGS:-$ROOT/progs}
CLANG=${CLANG:-$(command -v clang-19 || command -v clang)}

# loader ARGUMENT...: runs it; then $status, $output (stdout) and $stderr are there.
loader() {
	run --separate-stderr timeout -k 5 60 "$LOADER" "$@"
}

# within COMMAND...: the same, with the loader named by $LOADER somewhere in the command.
within() {
	run --separate-stderr timeout -k 5 60 "$@"
}

show() {
	echo "status $status"
	echo "stdout: $output"
	echo "stderr: $stderr"
	return 1
}

exits() {
	[ "$status" -eq "$1" ] || show
}

prints() {
	[ "$output" = "$1" ] || show
}

# says TEXT...: each is somewhere on stdout.
says() {
	for text; do
		[[ "$output" == *"$text"* ]] || { echo "missing on stdout: $text"; show; return 1; }
	done
}

# tells TEXT...: each is somewhere on stderr.
tells() {
	for text; do
		[[ "$stderr" == *"$text"* ]] || { echo "missing on stderr: $text"; show; return 1; }
	done
}

silent() {
	[ -z "$stderr" ] || show
}

# fails STATUS WHAT: one error in the form of the house, WHAT in its first line, a hint, nothing on stdout.
fails() {
	local lines

	exits "$1" || return 1
	mapfile -t lines <<<"$stderr"
	[ -z "$output" ] || show || return 1
	[[ "${lines[0]}" == "loader: "*"$2"* ]] || { echo "not the error: $2"; show; return 1; }
	[[ "${lines[-1]}" == "  hint: "?* ]] || { echo "no hint"; show; return 1; }
	[ "$(grep -c '^loader: ' <<<"$stderr")" -eq 1 ] || { echo "more than one error"; show; }
}

# fails_plainly STATUS WHAT: the same for what needs no hint: "No such file or directory".
fails_plainly() {
	exits "$1" || return 1
	[ -z "$output" ] || show || return 1
	[[ "$stderr" == "loader: "*"$2"* ]] || { echo "not the error: $2"; show; return 1; }
	[ "$(grep -c '^loader: ' <<<"$stderr")" -eq 1 ] || { echo "more than one error"; show; }
}

# json EXPRESSION: its value, `d` being what was printed.
json() {
	python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"
}

# holds EXPRESSION: it is true of the JSON that was printed.
holds() {
	[ "$(json "$1")" = True ] || { echo "not true: $1"; show; }
}

# object NAME [FLAG...]: compiles C from stdin to a guest in the test's folder and prints its path.
object() {
	local name=$1

	shift
	"$CLANG" -O2 -g -target bpf -mcpu=v3 -I"/usr/include/$(uname -m)-linux-gnu" -xc - "$@" -c \
		-o "$BATS_TEST_TMPDIR/$name.o" || return 1
	echo "$BATS_TEST_TMPDIR/$name.o"
}

# raw NAME: assembles instructions from stdin as the only program of an object.
raw() {
	{
		printf 'asm(".section xdp, \\"ax\\", @progbits\\n.globl %s\\n.type %s, @function\\n%s:\\n"\n' \
			"$1" "$1" "$1"
		sed 's/.*/"&\\n"/'
		printf '".size %s, . - %s\\n");\n' "$1" "$1"
	} | object "$1"
}

# kernel_unusable: why guests cannot run in this kernel, if it is the system's fault and not ours; asked once a file.
kernel_unusable() {
	local known=$BATS_FILE_TMPDIR/kernel

	[ -e "$known" ] || "$LOADER" run "$PROGS/fib.o" >/dev/null 2>"$known" || true
	grep -E "CAP_|too old|not permitted" "$known" | grep -v "warning: "
}

# needs_kernel: skips where guests cannot run in the kernel, and says why.
needs_kernel() {
	local why

	why=$(kernel_unusable) && skip "$why"
	return 0
}

# without CAPABILITY...: a command's beginning that drops them; CAP_SYS_ADMIN, which stands for all, goes too.
without() {
	local list=-sys_admin

	for name; do
		list+=,-$name
	done
	echo "setpriv --bounding-set $list --inh-caps $list --"
}

needs_root() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	command -v setpriv >/dev/null || skip "no setpriv"
}
