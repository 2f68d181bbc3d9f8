/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-rr.h"
#include "bench-veth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096
#define MAX_EVENTS 256

typedef struct {
  int fd;
  guint index;
  guint n_bytes;
  gboolean is_listening;
} End;

typedef struct {
  BenchLoad *load;
  End *ends;
  gint is_listening;
  gint is_open;
  gint is_begun;
} Client;

static int
check (int result, const char *what)
{
  if (result >= 0)
    return result;
  g_printerr ("%s: %s: %s\n", g_get_prgname (), what, g_strerror (errno));
  exit (1);
}

static struct sockaddr_in
get_address (guint i)
{
  struct sockaddr_in address = { .sin_family = AF_INET };

  address.sin_port = htons ((guint16) (BENCH_RR_FIRST_PORT + i));
  inet_pton (AF_INET, bench_veth_get_address (BENCH_VETH_SERVER), &address.sin_addr);
  return address;
}

static void
add (int epoll, End *end)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = end };

  check (epoll_ctl (epoll, EPOLL_CTL_ADD, end->fd, &event), "epoll_ctl");
}

static void
open_end (End *end, int fd)
{
  static const int on = 1;

  end->fd = fd;
  check (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

static void
write_message (End *end)
{
  static const guint8 message[BENCH_MESSAGE_SIZE];

  if (check ((int) send (end->fd, message, sizeof message, 0), "send") != sizeof message)
    g_error ("not all was sent");
}

static gboolean
read_message (End *end)
{
  guint8 message[BENCH_MESSAGE_SIZE];
  ssize_t n = recv (end->fd, message, BENCH_MESSAGE_SIZE - end->n_bytes, MSG_DONTWAIT);

  if (n < 0 && errno == EAGAIN)
    return FALSE;
  end->n_bytes += (guint) check ((int) n, "recv");
  if (end->n_bytes < BENCH_MESSAGE_SIZE)
    return FALSE;
  end->n_bytes = 0;
  return TRUE;
}

static void
accept_one (int epoll, End *listener)
{
  End *end = g_new0 (End, 1);

  open_end (end, check (accept (listener->fd, NULL, NULL), "accept"));
  add (epoll, end);
}

/* both poll, as the workers do */
static void
serve (gpointer user_data)
{
  Client *self = user_data;
  int epoll = check (epoll_create1 (0), "epoll");
  struct epoll_event events[MAX_EVENTS];

  for (guint i = 0; i < bench_rr_get_n_ports (self->load); i++)
    {
      struct sockaddr_in address = get_address (i);
      End *end = g_new0 (End, 1);

      end->is_listening = TRUE;
      end->fd = check (socket (AF_INET, SOCK_STREAM, 0), "socket");
      check (bind (end->fd, (struct sockaddr *) &address, sizeof address), "bind");
      check (listen (end->fd, BACKLOG), "listen");
      add (epoll, end);
    }
  g_atomic_int_set (&self->is_listening, TRUE);
  while (TRUE)
    {
      int n = epoll_wait (epoll, events, MAX_EVENTS, 0);

      for (int i = 0; i < n; i++)
        {
          End *end = events[i].data.ptr;

          if (end->is_listening)
            accept_one (epoll, end);
          else if (read_message (end))
            write_message (end);
        }
    }
}

static void
ask (gpointer user_data)
{
  Client *self = user_data;
  int epoll = check (epoll_create1 (0), "epoll");
  struct epoll_event events[MAX_EVENTS];

  for (guint i = 0; i < self->load->n_connections; i++)
    {
      struct sockaddr_in address = get_address (i / BENCH_RR_PER_PORT);
      int fd = check (socket (AF_INET, SOCK_STREAM, 0), "socket");

      check (connect (fd, (struct sockaddr *) &address, sizeof address), "connect");
      self->ends[i].index = i;
      open_end (&self->ends[i], fd);
      add (epoll, &self->ends[i]);
    }
  g_atomic_int_set (&self->is_open, TRUE);
  while (TRUE)
    {
      int n = epoll_wait (epoll, events, MAX_EVENTS, 0);

      for (int i = 0; i < n; i++)
        {
          End *end = events[i].data.ptr;

          if (read_message (end))
            bench_load_respond (self->load, end->index);
        }
      if (n == 0 && g_atomic_int_compare_and_exchange (&self->is_begun, TRUE, FALSE))
        bench_load_begin (self->load);
    }
}

static void
wait_for (gint *flag)
{
  while (!g_atomic_int_get (flag))
    g_usleep (1000);
}

static void
send_request (gpointer client, guint connection)
{
  write_message (&((Client *) client)->ends[connection]);
}

static gpointer
start (BenchLoad *load)
{
  Client *self = g_new0 (Client, 1);
  BenchVeth *veth = bench_veth_new (1500);
  struct rlimit limit = { 2 * load->n_connections + 256, 2 * load->n_connections + 256 };

  check (setrlimit (RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
  self->load = load;
  self->ends = g_new0 (End, load->n_connections);
  load->client = self;
  load->send = send_request;
  bench_veth_run (veth, BENCH_VETH_SERVER, serve, self);
  wait_for (&self->is_listening);
  bench_veth_run (veth, BENCH_VETH_CLIENT, ask, self);
  wait_for (&self->is_open);
  return self;
}

static void
begin (gpointer client)
{
  g_atomic_int_set (&((Client *) client)->is_begun, TRUE);
}

const BenchRrKind bench_rr_kernel = { "kernel", start, begin };
