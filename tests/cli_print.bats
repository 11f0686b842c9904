#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `loader check`, `dis` and `info`: text and JSON from the same rows.

load cli

@test "check: each program of a file" {
	cd "$PROGS"
	loader check fib.o
	exits 0
	silent
	[[ "$output" =~ ^fib\.o:\ fib:\ ok,\ [0-9]+\ instructions$ ]]
	loader check "$PROGS/several.o"
	exits 0
	says "several.o: first: ok, " "several.o: second: ok, "
	loader check "$PROGS/several.o" --prog second
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "check: a refusal names the instruction, the reason and what to do" {
	loader check "$PROGS/bad_jump.o" --prog jump_out
	exits 4
	says "bad_jump.o: jump_out: insn 0: a jump that leaves the program" "goto pc+30000" "in jump_out" "hint: "
	loader check "$PROGS/bad_jump.o" -j
	exits 4
	holds '[x["program"] for x in d if not x["ok"]] == ["call_helper", "jump_out", "jump_back"]'
	holds 'd[4]["fault"]["insn"] == 0 and "leaves" in d[4]["fault"]["reason"] and d[4]["fault"]["hint"] != ""'
	holds 'd[0]["fault"] is None and d[0]["file"].endswith("bad_jump.o")'
}

@test "check: what misbehaves only at run time is accepted" {
	for guest in bad_memory bad_loop bad_divide; do
		loader check "$PROGS/$guest.o"
		exits 0
	done
}

@test "check: errors of some programs do not hide the others" {
	file=$(object refused <"$ROOT/tests/objects/refused.c")
	loader check "$file"
	exits 1
	says "refused.o: fine: ok"
	tells "kernel_function" "some_map"
}

@test "dis: the notation of the kernel, with labels" {
	guest=$(raw words <<<$'r0 = 5 ll\nw1 = w0\nif r0 > 7 goto +1\n*(u32 *)(r10 - 8) = r1\ncall 5\nexit')
	loader dis "$guest" --prog words
	exits 0
	silent
	prints "words:
   0: (18) r0 = 0x5
   2: (bc) w1 = w0
   3: (25) if r0 > 0x7 goto pc+1
   4: (63) *(u32 *)(r10 -8) = r1
   5: (85) call bpf_ktime_get_ns#5
   6: (95) exit"
}

@test "dis: functions that are called follow, every program has its header" {
	loader dis "$PROGS/several.o"
	exits 0
	says "; program first, section xdp, begins at " "; program second, section xdp, begins at " "first:" \
		"second:" "square:" "sum_of_squares:" "call pc+"
}

@test "dis -l: lines of source between the instructions" {
	loader dis "$PROGS/fib.o" --prog fib
	without=$output
	loader dis -l "$PROGS/fib.o" --prog fib
	exits 0
	says "; return a; @ fib.c:" "; int fib(void) @ fib.c:"
	[ "$(grep -v '^;' <<<"$output")" = "$without" ]
}

@test "dis: JSON has bytes, function and source of each instruction" {
	loader dis "$PROGS/fib2.o" -j
	exits 0
	holds 'd[0]["program"] == "fib2" and d[0]["section"] == "xdp" and d[0]["entry"] == 0'
	holds 'd[0]["instructions"][-1]["text"] == "(95) exit"'
	holds 'd[0]["instructions"][-1]["bytes"] == "9500000000000000"'
	holds 'd[0]["instructions"][-1]["function"] == "next"'
	holds 'all(x["file"].endswith("fib2.c") and x["line"] > 0 and x["source"] for x in d[0]["instructions"])'
}

@test "dis: an object without debug information" {
	guest=$(object bare -g0 <"$ROOT/progs/fib.c")
	loader dis -l "$guest"
	exits 0
	says "fib:" "exit"
	loader run "$guest" --core table
	prints "R0 = 55 (0x37)"
}

@test "info FILE: programs, calls, helpers and regions" {
	loader info "$PROGS/helpers.o"
	exits 0
	silent
	says "PROGRAM" "clock" "number" "bpf_ktime_get_ns#5" "bpf_strtol#105"
	loader info "$PROGS/several.o" -j
	holds '[(x["program"], x["frames"], x["kind"]) for x in d["programs"]] == [("first", 2, "xdp"), ("second", 3, "xdp")]'
	loader info "$PROGS/data.o" -j
	holds '[(x["name"], x["access"]) for x in d["programs"][0]["regions"]][:2] == [("stack", "rw"), (".rodata", "ro")]'
	holds 'all(int(x["address"], 16) == x["region"] << 24 and x["size"] > 0 for x in d["programs"][0]["regions"])'
	loader info "$PROGS/data.o"
	says "Regions of data:" "0x5000000" "ADDRESS"
}

@test "info FILE: a recursion, and helpers that guests do not have" {
	loader info "$PROGS/bad_loop.o" -j --prog recursion
	holds 'd["programs"][0]["frames"] is None'
	guest=$(raw missing <<<$'call 84\ncall 9\ncall 9\ncall 1\ncall 999999\nexit')
	loader info "$guest"
	exits 0
	says "bpf_sk_lookup_tcp#84 (missing), bpf_skb_store_bytes#9 (not for guests of this kind)" \
		"bpf_map_lookup_elem#1, unknown#999999 (missing)"
	loader info "$guest" -j
	holds '[x["available"] for x in d["programs"][0]["helpers"]] == [False, False, True, False]'
	holds '[x["guests"] for x in d["programs"][0]["helpers"]] == [[], ["tc"], ["plain", "xdp", "tc"], []]'
	loader check "$guest"
	says "a call of helper bpf_sk_lookup_tcp (84), which guests do not have"
}

@test "info FILE: maps, with regions of their own and what they take" {
	loader info "$PROGS/firewall.o"
	exits 0
	silent
	says "Maps of firewall:" "MAX ENTRIES" "percpu_array" "lpm_trie"
	loader info "$PROGS/firewall.o" -j
	holds 'all(x["bytes"] >= x["value"] * x["max_entries"] for x in d["programs"][0]["maps"])'
	holds 'all(int(x["address"], 16) == x["region"] << 24 for x in d["programs"][0]["maps"])'
	holds 'len(set(x["region"] for x in d["programs"][0]["maps"])) == len(d["programs"][0]["maps"])'
	holds '[(x["map"], x["key"], x["value"], x["max_entries"]) for x in d["programs"][0]["maps"] if x["type"] == "hash"] == [("allowed", 40, 8, 1024), ("ports", 4, 8, 1024)]'
	loader info "$PROGS/fib.o" -j
	holds 'd["programs"][0]["maps"] == []'
}

@test "info FILE: what the kernel has is asked, and not known to everybody" {
	loader info "$PROGS/firewall.o" -j
	holds 'd["programs"][0]["helpers"][0]["kernel"] in (True, None)'
	needs_root
	within setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "$LOADER" info \
		"$PROGS/firewall.o" -j
	holds 'd["programs"][0]["helpers"][0]["kernel"] is None'
}

@test "info: limits, cores and helpers of this build" {
	loader info
	exits 0
	says "loader " "program slots" "instructions per guest" "call frames" "kernel" "table" "ktime_get_ns"
	loader info -j
	holds 'd["limits"]["call_frames"] >= 8 and d["limits"]["instructions_per_guest"] >= 4096'
	holds '[x["core"] for x in d["cores"]] == ["kernel", "switch", "table", "small"]'
	holds 'all(x["usable"] for x in d["cores"][1:])'
	loader info -p
	[ "$(wc -l <<<"$output")" -gt 20 ]
}

@test "info: kernel memory of the machine, at most 20 MiB" {
	needs_kernel
	loader info -j
	holds 'd["cores"][0]["usable"]'
	holds 'd["memory"][-1]["map"] == "total"'
	holds 'd["memory"][-1]["bytes"] == sum(x["bytes"] for x in d["memory"][:-1])'
	holds '0 < d["memory"][-1]["bytes"] <= 20 << 20'
	loader info
	says "Kernel memory of the machine"
}

@test "names that are not UTF-8 do no harm" {
	cp "$PROGS/fib.o" "$BATS_TEST_TMPDIR/fib.o"
	LC_ALL=C sed -i 's/\x00fib\x00/\x00f\xff\x1b\x00/' "$BATS_TEST_TMPDIR/fib.o"
	for command in "run --core table" check dis info; do
		loader $command -j "$BATS_TEST_TMPDIR/fib.o"
		exits 0
		json 'len(str(d))'
	done
}
