/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The machine as a filter of the clsact queue, which every kernel has that runs it at all. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clsact.h"

#define HANDLE 1

/* As libbpf checks padding, too, this is no initialiser. */
static void set_hook(struct bpf_tc_hook *hook, u32 ifindex, u32 kind)
{
	memset(hook, 0, sizeof(*hook));
	hook->sz = sizeof(*hook);
	hook->ifindex = (int)ifindex;
	hook->attach_point = kind == BPFVM_HOOK_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

int bpfvm_clsact__attach(u32 ifindex, u32 kind, int prog, bool *made)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog, .handle = HANDLE,
		    .priority = BPFVM_CLSACT_PRIORITY);
	struct bpf_tc_hook hook;
	int ret;

	set_hook(&hook, ifindex, kind);
	ret = bpf_tc_hook_create(&hook);
	*made = !ret;
	if (ret && ret != -EEXIST)
		return ret;
	return bpf_tc_attach(&hook, &opts);
}

u32 bpfvm_clsact__program(u32 ifindex, u32 kind)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = BPFVM_CLSACT_PRIORITY);
	struct bpf_tc_hook hook;

	set_hook(&hook, ifindex, kind);
	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

void bpfvm_clsact__detach(u32 ifindex, u32 kind)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = BPFVM_CLSACT_PRIORITY);
	struct bpf_tc_hook hook;

	set_hook(&hook, ifindex, kind);
	bpf_tc_detach(&hook, &opts);
}

/* Reads the answer to a dump; whether there is anything in it, or it cannot be read. */
static bool answer_has_filter(int fd)
{
	char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool found = false;

	for (;;) {
		ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *message = (struct nlmsghdr *)buffer;

		if (size <= 0)
			return true;
		for (; NLMSG_OK(message, (size_t)size); message = NLMSG_NEXT(message, size)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return found;
			if (message->nlmsg_type == NLMSG_ERROR)
				return true;
			found |= message->nlmsg_type == RTM_NEWTFILTER;
		}
	}
}

/* Whether one side of the queue has a filter. */
static bool has_filter(u32 ifindex, u32 side)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETTFILTER,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.tc = {.tcm_ifindex = (int)ifindex, .tcm_parent = TC_H_MAKE(TC_H_CLSACT, side)},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool found = fd < 0 || send(fd, &request, sizeof(request), 0) < 0 || answer_has_filter(fd);

	if (fd >= 0)
		close(fd);
	return found;
}

void bpfvm_clsact__remove_queue(u32 ifindex)
{
	struct bpf_tc_hook hook;

	if (has_filter(ifindex, TC_H_MIN_INGRESS) || has_filter(ifindex, TC_H_MIN_EGRESS))
		return;
	set_hook(&hook, ifindex, BPFVM_HOOK_TC);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}
