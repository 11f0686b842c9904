/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The machine's programs on an interface: links that are pinned beside the machine, or a filter of
 * tc where the kernel has no such links.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clsact.h"
#include "interface.h"

/* Of enum bpf_attach_type, since Linux 6.6. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47

#define MODE 0xffu	      /* of struct bpfvm_point's mode: enum bpfvm_mode */
#define MADE_QUEUE 0x100u     /* and whether the clsact queue is the machine's own */

const char *bpfvm_hook_kind__name(u32 kind)
{
	static const char *const names[] = {
		[BPFVM_HOOK_XDP] = "xdp",
		[BPFVM_HOOK_TC] = "tc-ingress",
		[BPFVM_HOOK_EGRESS] = "tc-egress",
	};

	return kind < BPFVM_HOOK_KINDS ? names[kind] : "unknown";
}

const char *bpfvm_mode__name(u32 mode)
{
	static const char *const names[] = {
		[BPFVM_MODE_ANY] = "any",   [BPFVM_MODE_NATIVE] = "native",
		[BPFVM_MODE_SKB] = "skb",   [BPFVM_MODE_TCX] = "tcx",
		[BPFVM_MODE_CLSACT] = "clsact",
	};

	return mode < sizeof(names) / sizeof(*names) ? names[mode] : "unknown";
}

u32 bpfvm_point_mode(const struct bpfvm_point *point)
{
	return point->mode & MODE;
}

static int entry_of(const struct bpfvm_session *s, u32 kind)
{
	return s->entry_fd[kind == BPFVM_HOOK_XDP ? BPFVM_XDP :
			   kind == BPFVM_HOOK_TC  ? BPFVM_TC :
						    BPFVM_EGRESS];
}

static void link_path(const struct bpfvm_session *s, const struct bpfvm_point *point, char *path)
{
	snprintf(path, PATH_MAX, "%s/" BPFVM_LINK_PREFIX "%u-%s", s->dir, point->ifindex,
		 bpfvm_hook_kind__name(point->kind));
}

/* Keeps a link beyond this process; takes its file descriptor. */
static int pin_link(struct bpfvm_session *s, const struct bpfvm_point *point, int fd,
		    struct bpfvm_error *err)
{
	char path[PATH_MAX];
	int ret;

	link_path(s, point, path);
	ret = bpf_obj_pin(fd, path);
	close(fd);
	return ret ? bpfvm_error__set(err, ret, NULL, "%s: cannot be pinned: %s", path,
				      strerror(-ret)) :
		     0;
}

/* --- XDP --- */

static int refuse_other(const char *name, const struct bpf_xdp_query_opts *there,
			struct bpfvm_error *err)
{
	static const char *const words[] = {
		[XDP_ATTACHED_DRV] = "xdpdrv",
		[XDP_ATTACHED_SKB] = "xdpgeneric",
		[XDP_ATTACHED_HW] = "xdpoffload",
	};
	u32 mode = there->attach_mode < sizeof(words) / sizeof(*words) ? there->attach_mode : 0;
	u32 id = there->prog_id ? there->prog_id : there->drv_prog_id;
	char hint[128];

	snprintf(hint, sizeof(hint), "ip link set dev %s %s off, or bpftool link detach; or use "
				     "--hook tc-ingress", name, words[mode] ? words[mode] : "xdp");
	return bpfvm_error__set(err, -EBUSY, hint, "%s: another XDP program is attached, id %u",
				name, id);
}

static int attach_xdp(struct bpfvm_session *s, struct bpfvm_point *point, const char *name,
		      u32 mode, struct bpfvm_error *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, there);
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd = -1;

	if (!bpf_xdp_query((int)point->ifindex, 0, &there) && there.attach_mode)
		return refuse_other(name, &there, err);
	point->mode = BPFVM_MODE_NATIVE;
	if (mode != BPFVM_MODE_SKB)
		fd = bpf_link_create(s->entry_fd[BPFVM_XDP], (int)point->ifindex, BPF_XDP, &opts);
	if (fd < 0 && mode != BPFVM_MODE_NATIVE) {
		opts.flags = XDP_FLAGS_SKB_MODE;
		point->mode = BPFVM_MODE_SKB;
		fd = bpf_link_create(s->entry_fd[BPFVM_XDP], (int)point->ifindex, BPF_XDP, &opts);
	}
	if (fd >= 0)
		return pin_link(s, point, fd, err);
	return bpfvm_error__set(err, fd,
				mode == BPFVM_MODE_NATIVE ? "-m skb works on any interface" : NULL,
				"%s: XDP in %s mode: %s", name, bpfvm_mode__name(point->mode),
				strerror(-fd));
}

/* --- tc --- */

/* Whether the queue of the interface was made for another hook of it. */
static bool made_before(const struct bpfvm_session *s, const struct bpfvm_point *point)
{
	for (u32 i = 0; i < BPFVM_POINTS; i++)
		if (&s->point[i] != point && s->point[i].ifindex == point->ifindex &&
		    s->point[i].mode & MADE_QUEUE)
			return true;
	return false;
}

static int attach_filter(struct bpfvm_session *s, struct bpfvm_point *point, const char *name,
			 struct bpfvm_error *err)
{
	bool made;
	int ret;

	point->mode = BPFVM_MODE_CLSACT | MADE_QUEUE;
	ret = bpfvm_clsact__attach(point->ifindex, point->kind, entry_of(s, point->kind), &made);
	if (!made && !made_before(s, point))
		point->mode = BPFVM_MODE_CLSACT;
	if (ret == -EEXIST) {
		char hint[128];

		snprintf(hint, sizeof(hint), "tc filter del dev %s %s pref %u", name,
			 point->kind == BPFVM_HOOK_EGRESS ? "egress" : "ingress",
			 BPFVM_CLSACT_PRIORITY);
		return bpfvm_error__set(err, -EBUSY, hint, "%s: %s: a filter stands in its place",
					name, bpfvm_hook_kind__name(point->kind));
	}
	return ret ? bpfvm_error__set(err, ret,
				      "it takes tcx (Linux 6.6), or CONFIG_NET_SCH_INGRESS and "
				      "CONFIG_NET_CLS_BPF",
				      "%s: %s: this kernel has no such hook: %s", name,
				      bpfvm_hook_kind__name(point->kind), strerror(-ret)) :
		     0;
}

static int attach_tc(struct bpfvm_session *s, struct bpfvm_point *point, const char *name,
		     u32 mode, struct bpfvm_error *err)
{
	int type = point->kind == BPFVM_HOOK_EGRESS ? TCX_EGRESS : TCX_INGRESS, fd;

	if (mode == BPFVM_MODE_CLSACT)
		return attach_filter(s, point, name, err);
	point->mode = BPFVM_MODE_TCX;
	fd = bpf_link_create(entry_of(s, point->kind), (int)point->ifindex,
			     (enum bpf_attach_type)type, NULL);
	if (fd >= 0)
		return pin_link(s, point, fd, err);
	if (fd == -EINVAL && mode != BPFVM_MODE_TCX) /* it does not know the type */
		return attach_filter(s, point, name, err);
	return bpfvm_error__set(err, fd, "tcx is there from Linux 6.6 on; -m clsact works before",
				"%s: %s: tcx: %s", name, bpfvm_hook_kind__name(point->kind),
				strerror(-fd));
}

/* --- both --- */

int bpfvm_interface__attach(struct bpfvm_session *s, struct bpfvm_point *point, const char *name,
			    u32 mode, struct bpfvm_error *err)
{
	return point->kind == BPFVM_HOOK_XDP ? attach_xdp(s, point, name, mode, err) :
					       attach_tc(s, point, name, mode, err);
}

static u32 program_id(int fd)
{
	struct bpf_prog_info info;
	u32 size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* In links of tcx the field is in the same place. */
u32 bpfvm_interface__of_link(const char *path)
{
	struct bpf_link_info info;
	u32 size = sizeof(info);
	int fd = bpf_obj_get(path);

	memset(&info, 0, sizeof(info));
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		info.xdp.ifindex = 0;
	if (fd >= 0)
		close(fd);
	return info.xdp.ifindex;
}

bool bpfvm_interface__alive(struct bpfvm_session *s, const struct bpfvm_point *point)
{
	char path[PATH_MAX], name[IF_NAMESIZE];
	u32 id = program_id(entry_of(s, point->kind));

	if (!if_indextoname(point->ifindex, name))
		return false;
	if (bpfvm_point_mode(point) == BPFVM_MODE_CLSACT)
		return bpfvm_clsact__program(point->ifindex, point->kind) == id;
	link_path(s, point, path);
	return bpfvm_interface__of_link(path) == point->ifindex;
}

void bpfvm_interface__detach(struct bpfvm_session *s, const struct bpfvm_point *point)
{
	char path[PATH_MAX];

	link_path(s, point, path);
	bpfvm_pin__drop_link(path);
	if (bpfvm_point_mode(point) != BPFVM_MODE_CLSACT)
		return;
	if (bpfvm_clsact__program(point->ifindex, point->kind) ==
	    program_id(entry_of(s, point->kind)))
		bpfvm_clsact__detach(point->ifindex, point->kind);
	if (point->mode & MADE_QUEUE)
		bpfvm_clsact__remove_queue(point->ifindex);
}
