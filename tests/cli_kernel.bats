#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The loader and the system it runs on: `doctor`, `bench`, missing capabilities, nothing left behind.

load cli

fib=$PROGS/fib.o

# status_of CHECK: "ok", "warning" or "missing", from doctor's JSON.
status_of() {
	json "[x['status'] for x in d['checks'] if x['check'] == '$1'][0]"
}

# Programs and maps of the machine that no process holds, and what is pinned. Other machines may run meanwhile.
kernel_objects() {
	{
		bpftool prog show -j
		echo
		bpftool map show -j
	} | python3 -c '
import glob, json, sys
held = set()
for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
    try:
        held |= {line for line in open(path) if line.startswith(("prog_id:", "map_id:"))}
    except OSError:
        pass
for kind, line in zip(("prog", "map"), sys.stdin):
    for x in json.loads(line) if line.strip() else []:
        known = "%s_id:\t%d\n" % (kind, x["id"]) in held
        if x.get("name", "").startswith("bpfvm") and not known:
            print(kind, x["id"])'
	find /sys/fs/bpf 2>/dev/null
}

# leaves_nothing COMMAND...: what is new to the kernel is gone soon after.
leaves_nothing() {
	local before new

	before=$(kernel_objects)
	"$@" >/dev/null 2>&1 || true
	new=$(grep -vxF "$before" <<<"$(kernel_objects)" || true)
	for ((i = 0; i < ${tries:-10} && ${#new}; i++)); do
		sleep 0.5
		new=$(grep -xF "$new" <<<"$(kernel_objects)" || true)
	done
	[ -z "$new" ] || { echo "left behind by $*: $new"; return 1; }
}

needs_bpftool() {
	command -v bpftool >/dev/null || skip "no bpftool"
}

@test "doctor: every row says what was found; text and JSON agree" {
	loader doctor -j
	[ "$status" -le 1 ]
	usable=$(json 'd["usable"]')
	[ "$status" -eq "$([ "$usable" = True ] && echo 0 || echo 1)" ]
	holds 'all(x["found"] for x in d["checks"]) and len(d["checks"]) >= 15'
	holds 'all(x["status"] in ("ok", "warning", "missing") for x in d["checks"])'
	holds 'all(x["advice"] for x in d["checks"] if x["status"] != "ok")'
	holds 'd["usable"] == (d["checks"][-1]["status"] == "ok") and d["checks"][-1]["check"] == "machine"'
	names=$(json '"\n".join(x["check"] for x in d["checks"])')
	loader doctor
	says "STATUS" "WHAT TO DO"
	while read -r name; do
		says "$name"
	done <<<"$names"
}

@test "doctor: what the machine costs" {
	needs_kernel
	loader doctor -j
	exits 0
	holds '[x["entry"].removesuffix("_goto") for x in d["entry_points"]] == ["bpfvm_xdp", "bpfvm_tc", "bpfvm_egress", "bpfvm_call", "bpfvm_map"]'
	holds 'all(0 < x["verified_insns"] < 400000 and x["load_ms"] > 0 for x in d["entry_points"])'
	holds 'd["memory"][-1]["bytes"] <= 20 << 20'
	loader doctor
	says "VERIFIED INSNS" "bpfvm_xdp" "Kernel memory"
}

@test "doctor: an ordinary user is told about each capability" {
	needs_root
	within setpriv --reuid 65534 --regid 65534 --clear-groups "$LOADER" doctor -j
	exits 1
	[ "$(status_of CAP_BPF)" = missing ]
	[ "$(status_of CAP_NET_ADMIN)" = missing ]
	[ "$(status_of CAP_PERFMON)" = missing ]
	[ "$(status_of bpf_loop)" = warning ]
	[ "$(status_of machine)" = missing ]
	holds 'all("cap_bpf" in x["advice"] for x in d["checks"] if x["check"].startswith("CAP_"))'
}

@test "doctor: no bpf file system" {
	needs_root
	command -v unshare >/dev/null || skip "no unshare"
	within unshare -m sh -c "while umount /sys/fs/bpf 2>/dev/null; do :; done; '$LOADER' doctor -j"
	[ "$(status_of bpffs)" = warning ]
	holds '"mount -t bpf" in [x["advice"] for x in d["checks"] if x["check"] == "bpffs"][0]'
}

@test "doctor: a user namespace" {
	command -v unshare >/dev/null || skip "no unshare"
	unshare -Ur true 2>/dev/null || skip "no user namespaces"
	within unshare -Ur "$LOADER" doctor -j
	exits 1
	[ "$(status_of 'user namespace')" = missing ]
}

@test "without a capability that it needs, the kernel core names it; the host cores do not care" {
	needs_kernel
	needs_root
	for capability in bpf net_admin perfmon; do
		within $(without $capability) "$LOADER" run "$fib"
		fails 1 "CAP_${capability^^}"
		within $(without $capability) "$LOADER" doctor -j
		[ "$(status_of "CAP_${capability^^}")" = missing ]
		within $(without $capability) "$LOADER" run "$fib" --core table
		exits 0
		prints "R0 = 55 (0x37)"
		silent
	done
}

@test "an ordinary user: one error for the kernel core, R0 from the others" {
	needs_root
	user="setpriv --reuid 65534 --regid 65534 --clear-groups"
	cp "$fib" "$BATS_TEST_TMPDIR/fib.o"
	chmod -R a+rX "$BATS_RUN_TMPDIR"
	within $user "$LOADER" run "$BATS_TEST_TMPDIR/fib.o"
	fails 1 "CAP_BPF"
	for core in switch table small; do
		within $user "$LOADER" run "$BATS_TEST_TMPDIR/fib.o" --core $core
		prints "R0 = 55 (0x37)"
	done
	within $user "$LOADER" info -j
	exits 0
	holds '"CAP_BPF" in d["cores"][0]["reason"] and d["memory"] is None'
}

@test "what stays behind would be noticed" {
	needs_root
	needs_bpftool
	[ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ] || skip "no bpf file system"
	pin=/sys/fs/bpf/bpfvm_test_$$
	tries=2 run leaves_nothing bpftool map create "$pin" type array key 4 value 4 entries 1 name bpfvm_test
	rm -f "$pin"
	[ "$status" -eq 1 ]
	[[ "$output" == *"left behind"*"map "* ]]
}

@test "nothing is left behind: a run, a trap, a refusal, an error" {
	needs_kernel
	needs_bpftool
	leaves_nothing "$LOADER" run "$fib"
	leaves_nothing "$LOADER" run "$PROGS/bad_memory.o" --prog load_above
	leaves_nothing "$LOADER" run "$PROGS/bad_jump.o" --prog jump_out
	leaves_nothing "$LOADER" run /nonexistent.o
	leaves_nothing "$LOADER" doctor
	leaves_nothing "$LOADER" info
}

@test "nothing is left behind: a run that is killed" {
	needs_kernel
	needs_bpftool
	leaves_nothing timeout -s INT 1 "$LOADER" run "$PROGS/bad_loop.o" --steps unlimited
	leaves_nothing timeout -s KILL 1 "$LOADER" run "$PROGS/bad_loop.o" --steps unlimited
}

@test "bench: host cores, as text and as JSON" {
	loader bench "$fib" "$PROGS/empty.o" --rounds 2 --core switch --core table --core small
	exits 0
	silent
	says "GUEST" "fib.o" "empty.o" "KERNEL/TABLE"
	loader bench "$fib" --rounds 1 --core table -j
	holds 'd["guests"][0]["table"] > 0 and d["guests"][0]["r0_hex"] == "0x37" and d["rounds"] == 1'
	holds 'd["guests"][0]["kernel"] is None and d["guests"][0]["jit"] is None and d["machine"] is None'
}

@test "bench: kernel core, JIT, and the machine's own costs" {
	needs_kernel
	loader bench "$fib" "$PROGS/table.o" --rounds 3 -j
	exits 0
	silent
	holds 'd["guests"][0]["jit"] > 0 and d["guests"][0]["kernel"] > 0 and d["guests"][0]["kernel_to_table"] > 0'
	holds 'd["guests"][1]["jit"] == "refused"'
	holds 'd["machine"]["upload_4000_us"] > 0 and d["machine"]["kernel_load_4000_us"] > d["machine"]["upload_4000_us"]'
	loader bench "$fib" --rounds 1
	says "refused" || says "JIT"
	says "enter leave ns" "upload 4000 us"
}

@test "bench: the standard guests are found beside the loader" {
	[ -e "$(dirname "$LOADER")/progs/fletcher32.o" ] || skip "the loader stands elsewhere"
	cd /
	within "$LOADER" bench --rounds 1 --core table -j
	exits 0
	holds '[x["guest"] for x in d["guests"]] == [x + ".o" for x in "fletcher32 alu sieve bubble crc32 siphash calls empty".split()]'
}

@test "bench: guests that cannot be measured" {
	loader bench "$PROGS/bad_memory.o" --core table --rounds 1
	fails 3 "bad_memory.o: core table: insn "
	loader bench "$PROGS/bad_loop.o" --core table --rounds 1
	fails 3 "the step budget ran out"
	loader bench /nonexistent.o --core table
	fails 1 "/nonexistent.o"
	guest=$(raw refused <<<$'r0 = r1\ngoto +5\nexit')
	loader bench "$guest" --core table
	fails 4 "insn 1: "
}

@test "bench: without privileges the kernel core is left out, unless it was asked for" {
	needs_root
	cp "$fib" "$BATS_TEST_TMPDIR/fib.o"
	chmod -R a+rX "$BATS_RUN_TMPDIR"
	user="setpriv --reuid 65534 --regid 65534 --clear-groups"
	within $user "$LOADER" bench "$BATS_TEST_TMPDIR/fib.o" --rounds 1 -j
	exits 0
	tells "core kernel left out: "
	holds 'd["guests"][0]["kernel"] is None and d["guests"][0]["small"] > 0'
	within $user "$LOADER" bench "$BATS_TEST_TMPDIR/fib.o" --rounds 1 --core kernel
	fails 1 "CAP_BPF"
}

@test "bench: Ctrl-C ends it" {
	within timeout --preserve-status -s INT 1 "$LOADER" bench --rounds 99 --core small $(printf "$PROGS/alu.o %.0s" {1..9})
	exits 130
	prints ""
}
