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
#include <unistd.h>

#include "core_ops.h"
#include "serial.h"

#define WRITE_MS  5000 /* a port that takes nothing for so long is stuck */
#define CONNECT_S 5

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
static int open_tty(struct bpfvm_serial *serial, const char *port, u32 baud)
{
	struct termios t;
	int fd = open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = flock(fd, LOCK_EX | LOCK_NB) ? -EBUSY : 0;
	if (!ret && tcgetattr(fd, &t))
		ret = -errno;
	if (!ret) {
		serial->before = t;
		cfmakeraw(&t);
		t.c_cflag |= CLOCAL | CREAD;
		if (set_speed(&t, baud) || tcsetattr(fd, TCSANOW, &t))
			ret = -errno;
	}
	serial->is_tty = !ret;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* A socket that is connected, or not within some seconds; what follows does not wait in it. */
static int connect_to(int domain, const void *to, socklen_t size)
{
	const struct timeval limit = {.tv_sec = CONNECT_S};
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	    !connect(fd, to, size) && !fcntl(fd, F_SETFL, O_NONBLOCK))
		return fd;
	ret = errno == EAGAIN || errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	close(fd);
	return ret;
}

static int open_unix(const char *port)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (strlen(port) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, port);
	return connect_to(AF_UNIX, &to, sizeof(to));
}

static int connect_any(const struct addrinfo *at)
{
	int fd = -EHOSTUNREACH;

	for (; at && fd < 0 && fd != -EINTR; at = at->ai_next)
		fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen);
	return fd;
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

static int open_port(struct bpfvm_serial *serial, const char *port, u32 baud)
{
	struct stat st;

	if (stat(port, &st))
		return errno == ENOENT && strchr(port, ':') ? open_tcp(port) : -errno;
	if (S_ISSOCK(st.st_mode))
		return open_unix(port);
	return S_ISCHR(st.st_mode) ? open_tty(serial, port, baud) : -ENOTTY;
}

int bpfvm_serial__open(struct bpfvm_serial *serial, const char *port, u32 baud,
		       struct bpfvm_error *err)
{
	const char *hint = "a port is a terminal device like /dev/ttyACM0, a unix socket, or "
			   "HOST:PORT";
	const char *why;
	int fd;

	*serial = (struct bpfvm_serial){.fd = -1};
	fd = open_port(serial, port, baud);
	serial->fd = fd;
	if (fd >= 0)
		return 0;
	why = strerror(-fd);
	if (fd == -ENOTTY)
		why = "neither a terminal device nor a socket";
	else if (fd == -EBUSY)
		why = "another process has this port", hint = "end it, or wait for it";
	else if (fd == -ENOENT && strchr(port, ':'))
		why = "no such file, and no such host and port";
	else if (fd == -ECONNREFUSED || fd == -ETIMEDOUT)
		hint = "is the device there, is the emulator running?";
	else if (fd == -EACCES)
		hint = "be a member of the group that it belongs to, often `dialout`";
	else if (fd == -EINVAL)
		why = "it has no such speed", hint = "--baud takes 9600 to 921600";
	return bpfvm_error__set(err, fd, hint, "%s: %s", port, why);
}

void bpfvm_serial__close(struct bpfvm_serial *serial)
{
	if (serial->is_tty)
		tcsetattr(serial->fd, TCSANOW, &serial->before);
	close(serial->fd);
}

/* Waits until the port is ready for `events`. A signal that is caught ends it: -EINTR. */
static int wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* Who hung up is an error of ours, no signal. */
static ssize_t put(const struct bpfvm_serial *serial, const void *bytes, size_t size)
{
	return serial->is_tty ? write(serial->fd, bytes, size) :
				send(serial->fd, bytes, size, MSG_NOSIGNAL);
}

int bpfvm_serial__write(struct bpfvm_serial *serial, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		int ret = wait_for(serial->fd, POLLOUT, WRITE_MS);
		ssize_t n = ret ? 0 : put(serial, at, size);

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
	return bpfvm_clock() / 1000000;
}

/* Nothing that a device says may do anything to the terminal where it is shown. */
static void make_printable(char *line)
{
	for (; *line; line++)
		if (*line < ' ' || *line > '~')
			*line = *line == '\t' ? ' ' : '?';
}

/*
 * Takes a line out of what has come, if there is a whole one. Of a line that is too long the
 * beginning is one, and the rest is nothing: else a guest could say what looks like an answer.
 */
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
	line[s->too_long ? 0 : len] = 0;
	s->too_long = !end;
	make_printable(line);
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

u64 bpfvm_serial__after(u32 ms)
{
	return now_ms() + ms;
}

int bpfvm_serial__line(struct bpfvm_serial *serial, char line[BPFVM_SERIAL_LINE], u64 end)
{
	int ret = 0;
	u64 now;

	while (!ret) {
		while (take_line(serial, line))
			if (*line)
				return 0;
		now = now_ms();
		ret = now < end ? wait_for(serial->fd, POLLIN, (int)(end - now)) : -ETIMEDOUT;
		if (!ret)
			ret = read_more(serial);
	}
	return ret;
}
