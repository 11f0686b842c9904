# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two network namespaces with a veth pair between them, for tests of attached guests; loaded after cli.
# Nothing but the tests' own packets crosses it: the neighbours are static, IPv6 is off.

net_open() {
	NEAR=bpfvm_near_$$
	FAR=bpfvm_far_$$
	PINS=/sys/fs/bpf/bpfvm_pins_$$
	net_sweep
	net_make
}

# Interface `near` with 10.9.0.1 in namespace $NEAR, `far` with 10.9.0.2 in $FAR, where guests are attached.
net_make() {
	for ns in "$NEAR" "$FAR"; do
		ip netns add "$ns" || return 1
		inside "$ns" sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done'
	done
	ip -n "$NEAR" link add near type veth peer name far netns "$FAR"
	ip -n "$NEAR" link set near address 02:00:00:00:00:01
	ip -n "$FAR" link set far address 02:00:00:00:00:02
	ip -n "$NEAR" addr add 10.9.0.1/24 dev near
	ip -n "$FAR" addr add 10.9.0.2/24 dev far
	ip -n "$NEAR" link set near up
	ip -n "$FAR" link set far up
	ip -n "$NEAR" neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev near
	ip -n "$FAR" neigh add 10.9.0.1 lladdr 02:00:00:00:00:01 dev far
}

# Removes what processes have left that are no more, and what this one has if that is said.
net_sweep() {
	local name pid

	for name in $(ip netns list | cut -d' ' -f1) $(ls /sys/fs/bpf); do
		[[ "$name" =~ ^bpfvm_(near|far|pins)_([0-9]+)(_other)?$ ]] || continue
		pid=${BASH_REMATCH[2]}
		[ "$pid" = "${1:-}" ] || ! kill -0 "$pid" 2>/dev/null || continue
		if [ "${BASH_REMATCH[1]}" = pins ]; then
			rm -rf "/sys/fs/bpf/$name"
		else
			ip netns del "$name"
		fi
	done
}

net_close() {
	net_sweep $$
}

needs_net() {
	needs_root
	needs_kernel
	command -v ip nsenter >/dev/null || skip "no ip, or no nsenter"
	[ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ] || skip "no bpf file system"
	ip link add bpfvm_test_veth type veth peer name bpfvm_test_peer 2>/dev/null ||
		ip link show bpfvm_test_veth >/dev/null 2>&1 || skip "no veth interfaces"
	ip link del bpfvm_test_veth 2>/dev/null || true
}

# inside NAMESPACE COMMAND...: `ip netns exec` would hide /sys/fs/bpf.
inside() {
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# at_far COMMAND ARGUMENT...: the loader, in the far namespace, with pins of its own.
at_far() {
	local command=$1

	shift
	loader "$command" --netns "$FAR" --pin-dir "$PINS" "$@"
}

# attaches OBJECT [ARGUMENT...]: to the far end, without a word.
attaches() {
	at_far attach far "$@"
	exits 0
	silent
}

# answered COUNT [EXPECTED]: sends so many echo requests to the far end and prints how many it answered.
answered() {
	inside "$NEAR" python3 "$ROOT/tests/ping.py" 10.9.0.2 "$@"
}

# answers COUNT ANSWERS: of so many requests.
answers() {
	local got

	got=$(answered "$1" "$2")
	[ "$got" = "$2" ] || { echo "$got of $1 requests were answered, not $2"; return 1; }
}

# Nothing of the machine is left anywhere: pins, links, filters, queues.
nothing_left() {
	[ ! -e "$PINS" ] || { find "$PINS"; return 1; }
	! ip -n "$FAR" link show far | grep -q xdp || { echo "XDP is attached"; return 1; }
	! inside "$FAR" bpftool net show dev far 2>/dev/null | grep -q bpfvm ||
		{ inside "$FAR" bpftool net show dev far; return 1; }
	! tc -n "$FAR" qdisc show dev far | grep -q clsact || { echo "clsact is there"; return 1; }
}
