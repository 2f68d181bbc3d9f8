/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int
bench_socket_check (int result, const char *what)
{
  if (result >= 0)
    return result;
  g_printerr ("%s: %s: %s\n", g_get_prgname (), what, g_strerror (errno));
  exit (1);
}

static struct sockaddr_in
get_address (const char *address, guint16 port)
{
  struct sockaddr_in result = { .sin_family = AF_INET, .sin_port = htons (port) };

  inet_pton (AF_INET, address, &result.sin_addr);
  return result;
}

static int
new_socket (void)
{
  return bench_socket_check (socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                             "socket");
}

int
bench_socket_listen (const char *address, guint16 port, int backlog)
{
  struct sockaddr_in at = get_address (address, port);
  int fd = new_socket ();

  bench_socket_set (fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  bench_socket_check (bind (fd, (struct sockaddr *) &at, sizeof at), "bind");
  bench_socket_check (listen (fd, backlog), "listen");
  return fd;
}

int
bench_socket_connect (const char *address, guint16 port)
{
  struct sockaddr_in to = get_address (address, port);
  int fd = new_socket ();

  if (connect (fd, (struct sockaddr *) &to, sizeof to) != 0 && errno != EINPROGRESS)
    bench_socket_check (-1, "connect");
  return fd;
}

int
bench_socket_accept (int listener)
{
  int fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  /* one that was reset while it waited is none */
  if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
    return -1;
  return bench_socket_check (fd, "accept");
}

void
bench_socket_set (int fd, int level, int option, int value, const char *what)
{
  bench_socket_check (setsockopt (fd, level, option, &value, sizeof value), what);
}

void
bench_socket_reset (int fd)
{
  const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  bench_socket_check (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), "SO_LINGER");
  close (fd);
}

void
bench_socket_watch (int epoll, int fd, guint32 events, gpointer data)
{
  struct epoll_event event = { .events = events, .data.ptr = data };

  bench_socket_check (epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}
