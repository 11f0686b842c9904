/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interfaces and packets for the live tests, in a network namespace of this process alone. The
 * kernel removes it with the process, however that ends; no packet leaves it or comes from outside.
 */
#ifndef LIVE_NET_H
#define LIVE_NET_H

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "live_machine.h"

/* A pair of veth interfaces: what is sent into tx arrives at rx. */
struct live_pair {
	u32 tx, rx;
	int sender; /* socket on tx */
	int passed; /* socket on rx, which only counts what the hooks let through */
};

#define LIVE_PAIRS 2

/* Why there is no network to test with, or NULL. */
static const char *live_no_network;

static inline bool live_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Takes this thread, and those it starts, into a new network with LIVE_PAIRS pairs that are up. */
static inline void live_enter_network(void)
{
	char command[256];

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL)) {
		live_no_network = "no network namespace of its own";
		return;
	}
	live_write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1"); /* it sends by itself */
	live_write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	for (u32 i = 0; i < LIVE_PAIRS; i++) {
		snprintf(command, sizeof(command),
			 "(ip link add tx%u type veth peer name rx%u && ip link set tx%u up && "
			 "ip link set rx%u up) >/dev/null 2>&1", i, i, i, i);
		if (system(command))
			live_no_network = "no veth interfaces (ip link add ... type veth)";
	}
}

static inline int live_socket(u32 ifindex)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(LIVE_ETHERTYPE),
				 .sll_ifindex = (int)ifindex};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/*
 * Takes the receiving end up or down. When it is down, all that it will ever do with packets sent
 * before is done: else they would pass it once no program is there any more.
 */
static inline void live_receive(u32 ifindex, bool up)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	assert_non_null(if_indextoname(ifindex, request.ifr_name));
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* Waits until the kernel has noticed that the other end is up: before, what is sent gets lost. */
static inline void live_wait_for_carrier(u32 ifindex)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	u64 end = live_seconds() + LIVE_PATIENCE;
	struct ifreq request = {0};

	assert_non_null(if_indextoname(ifindex, request.ifr_name));
	do {
		usleep(1000);
		assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	} while (!(request.ifr_flags & IFF_RUNNING) && live_seconds() < end);
	assert_true(request.ifr_flags & IFF_RUNNING);
	close(fd);
}

/* Returns when every program that was running in the kernel has ended. */
static inline void live_wait_for_programs(void)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static inline struct live_pair live_pair(u32 i)
{
	struct live_pair pair;
	char name[16];

	snprintf(name, sizeof(name), "tx%u", i);
	pair.tx = if_nametoindex(name);
	snprintf(name, sizeof(name), "rx%u", i);
	pair.rx = if_nametoindex(name);
	assert_true(pair.tx && pair.rx);
	live_receive(pair.rx, true);
	live_wait_for_carrier(pair.tx);
	pair.sender = live_socket(pair.tx);
	pair.passed = live_socket(pair.rx);
	return pair;
}

static inline void live_pair_close(struct live_pair *pair)
{
	close(pair->sender);
	close(pair->passed);
}

/* Packets that came through since the last call, with those for which the socket had no room. */
static inline u64 live_passed(const struct live_pair *pair)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	assert_int_equal(getsockopt(pair->passed, SOL_PACKET, PACKET_STATISTICS, &stats, &size), 0);
	return stats.tp_packets;
}

/* A thread that sends packets of one salt from one CPU. */
struct live_flood {
	struct live_pair *pair;
	u64 salt;
	u32 cpu;
	u64 count;	  /* packets that the other end is to take */
	const bool *stop; /* that ends it earlier, or NULL */
	u64 taken;	  /* those that it took; there is no room for others */
	pthread_t thread;
};

static inline void *live_flooding(void *arg)
{
	enum { BATCH = 32 };
	struct live_flood *f = arg;
	u8 packet[LIVE_PACKET];
	struct iovec iov = {packet, sizeof(packet)};
	struct mmsghdr batch[BATCH] = {0};

	live_stay(f->cpu);
	live_packet(packet, f->salt);
	for (u32 i = 0; i < BATCH; i++) {
		batch[i].msg_hdr.msg_iov = &iov;
		batch[i].msg_hdr.msg_iovlen = 1;
	}
	while (f->taken < f->count && !(f->stop && __atomic_load_n(f->stop, __ATOMIC_RELAXED))) {
		u64 left = f->count - f->taken;
		int n = sendmmsg(f->pair->sender, batch, left < BATCH ? (u32)left : BATCH, 0);

		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			break;
		__atomic_store_n(&f->taken, f->taken + (n < 0 ? 0 : (u32)n), __ATOMIC_RELAXED);
		if (n < 0)
			sched_yield();
	}
	return NULL;
}

static inline void live_flood_start(struct live_flood *f)
{
	assert_int_equal(pthread_create(&f->thread, NULL, live_flooding, f), 0);
}

static inline void live_flood_wait(struct live_flood *f)
{
	pthread_join(f->thread, NULL);
}

/* Waits until the guest of a hook has met so many packets, if it ever does. */
static inline void live_wait_for_runs(const struct live *l, const struct bpfvm_hook *hook, u64 runs)
{
	u64 end = live_seconds() + LIVE_PATIENCE;

	while (live_count(l, hook).runs < runs && live_seconds() < end)
		usleep(500);
}

#endif
