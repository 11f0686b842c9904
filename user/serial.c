/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A serial port: a terminal device, or the socket by which an emulator offers one. */
#define _GNU_SOURCE /* cfmakeraw */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "serial.h"

#define WRITE_MS 5000 /* a port that takes nothing for so long is stuck */

static const struct {
	u32 baud;
	speed_t speed;
} speeds[] = {{9600, B9600},	 {19200, B19200},   {38400, B38400},   {57600, B57600},
	      {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600}};

static int set_speed(struct termios *t, u32 baud)
{
	for (u32 i = 0; i < sizeof(speeds) / sizeof(*speeds); i++)
		if (speeds[i].baud == baud)
			return cfsetspeed(t, speeds[i].speed);
	errno = EINVAL;
	return -1;
}

/* As bytes are: no echo, no line ends of its own; and for this process alone. */
static int open_tty(const char *port, u32 baud)
{
	struct termios t;
	int fd = open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = flock(fd, LOCK_EX | LOCK_NB) ? -EBUSY : 0;
	if (!ret && tcgetattr(fd, &t))
		ret = -errno;
	if (!ret) {
		cfmakeraw(&t);
		t.c_cflag |= CLOCAL | CREAD;
		if (set_speed(&t, baud) || tcsetattr(fd, TCSANOW, &t))
			ret = -errno;
	}
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int open_unix(const char *port)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd, ret;

	if (strlen(port) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, port);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd < 0 ? -errno : fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int connect_any(const struct addrinfo *at)
{
	int fd, ret = -EHOSTUNREACH;

	for (; at; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
		if (fd >= 0 && !connect(fd, at->ai_addr, at->ai_addrlen))
			return fd;
		ret = -errno;
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

/* "HOST:PORT" */
static int open_tcp(const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char *host = strdup(port), *colon = host ? strrchr(host, ':') : NULL;
	struct addrinfo *found = NULL;
	int ret = host ? -ENOENT : -ENOMEM;

	if (colon) {
		*colon = 0;
		if (!getaddrinfo(host, colon + 1, &hints, &found))
			ret = connect_any(found);
	}
	if (found)
		freeaddrinfo(found);
	free(host);
	return ret;
}

static int open_port(const char *port, u32 baud)
{
	struct stat st;

	if (stat(port, &st))
		return errno == ENOENT && strchr(port, ':') ? open_tcp(port) : -errno;
	if (S_ISSOCK(st.st_mode))
		return open_unix(port);
	return S_ISCHR(st.st_mode) ? open_tty(port, baud) : -ENOTTY;
}

int bpfvm_serial__open(struct bpfvm_serial *serial, const char *port, u32 baud,
		       struct bpfvm_error *err)
{
	const char *hint = "a port is a terminal device like /dev/ttyACM0, a unix socket, or "
			   "HOST:PORT";
	const char *why;
	int fd = open_port(port, baud);

	serial->filled = 0;
	serial->fd = fd;
	if (fd >= 0)
		return 0;
	why = strerror(-fd);
	if (fd == -ENOTTY)
		why = "neither a terminal device nor a socket";
	else if (fd == -EBUSY)
		why = "another process has this port", hint = "end it, or wait for it";
	else if (fd == -EACCES)
		hint = "be a member of the group that it belongs to, often `dialout`";
	else if (fd == -EINVAL)
		why = "it has no such speed", hint = "--baud takes 9600 to 921600";
	return bpfvm_error__set(err, fd, hint, "%s: %s", port, why);
}

void bpfvm_serial__close(struct bpfvm_serial *serial)
{
	close(serial->fd);
}

/* Waits until the port is ready for `events`. */
static int wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

int bpfvm_serial__write(struct bpfvm_serial *serial, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		int ret = wait_for(serial->fd, POLLOUT, WRITE_MS);
		ssize_t n = ret ? 0 : write(serial->fd, at, size);

		if (ret)
			return ret;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

/* Takes a line out of what has come, if there is a whole one; a full buffer is one, too. */
static bool take_line(struct bpfvm_serial *s, char *line)
{
	char *end = memchr(s->bytes, '\n', s->filled);
	u32 len = end ? (u32)(end - s->bytes) : s->filled, used = end ? len + 1 : len;

	if (!end && s->filled < sizeof(s->bytes) - 1)
		return false;
	memcpy(line, s->bytes, len);
	memmove(s->bytes, s->bytes + used, s->filled - used);
	s->filled -= used;
	while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	line[len] = 0;
	return true;
}

static int read_more(struct bpfvm_serial *s)
{
	ssize_t n = read(s->fd, s->bytes + s->filled, sizeof(s->bytes) - 1 - s->filled);

	if (!n)
		return -EPIPE;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	s->filled += (u32)n;
	return 0;
}

int bpfvm_serial__line(struct bpfvm_serial *serial, char line[BPFVM_SERIAL_LINE], u32 timeout_ms)
{
	u64 now = now_ms(), end = now + timeout_ms;
	int ret;

	for (;; now = now_ms()) {
		while (take_line(serial, line))
			if (*line)
				return 0;
		ret = wait_for(serial->fd, POLLIN, now < end ? (int)(end - now) : 0);
		if (!ret)
			ret = read_more(serial);
		if (ret)
			return ret;
	}
}
