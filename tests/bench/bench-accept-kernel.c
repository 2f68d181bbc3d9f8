/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-accept.h"
#include "bench-rate.h"
#include "bench-socket.h"
#include "bench-veth.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096
#define MAX_EVENTS 256

typedef struct {
  BenchVeth *veth;
  gint is_listening;
  gint is_running;
  /* of the client's thread */
  guint next_port;
  guint n_open;
  guint64 n_done;
} Contender;

static const guint8 message[BENCH_ACCEPT_MESSAGE_SIZE];

static gpointer
to_pointer (int fd, gboolean flag)
{
  return GINT_TO_POINTER (fd << 1 | (flag ? 1 : 0));
}

static int
get_fd (const struct epoll_event *event)
{
  return GPOINTER_TO_INT (event->data.ptr) >> 1;
}

static gboolean
get_flag (const struct epoll_event *event)
{
  return (GPOINTER_TO_INT (event->data.ptr) & 1) != 0;
}

static void
write_message (int fd)
{
  if (bench_socket_check ((int) send (fd, message, sizeof message, MSG_NOSIGNAL), "send") !=
      sizeof message)
    g_error ("not all was sent");
}

/* FALSE: no more is there; a message comes in one piece */
static gboolean
read_some (int fd, gsize *n)
{
  guint8 buffer[2 * BENCH_ACCEPT_MESSAGE_SIZE];
  ssize_t result = recv (fd, buffer, sizeof buffer, 0);

  if (result < 0 && errno == EAGAIN)
    return FALSE;
  *n = (gsize) bench_socket_check ((int) result, "recv");
  return TRUE;
}

static void
accept_all (int epoll, int listener)
{
  int fd;

  while ((fd = bench_socket_accept (listener)) >= 0)
    bench_socket_watch (epoll, fd, EPOLLIN, to_pointer (fd, FALSE));
}

/* both poll, as the workers do */
static void
serve (gpointer user_data)
{
  Contender *self = user_data;
  int epoll = bench_socket_check (epoll_create1 (EPOLL_CLOEXEC), "epoll");
  struct epoll_event events[MAX_EVENTS];

  for (guint i = 0; i < BENCH_ACCEPT_N_PORTS; i++)
    {
      int fd = bench_socket_listen (bench_veth_get_address (BENCH_VETH_SERVER),
                                    (guint16) (BENCH_ACCEPT_FIRST_PORT + i), BACKLOG);

      bench_socket_watch (epoll, fd, EPOLLIN, to_pointer (fd, TRUE));
    }
  g_atomic_int_set (&self->is_listening, TRUE);
  while (TRUE)
    {
      int n = epoll_wait (epoll, events, MAX_EVENTS, 0);

      for (int i = 0; i < n; i++)
        {
          int fd = get_fd (&events[i]);
          gsize size;

          if (get_flag (&events[i]))
            accept_all (epoll, fd);
          else if (read_some (fd, &size))
            {
              write_message (fd);
              close (fd);
            }
        }
    }
}

static void
open_next (Contender *self, int epoll)
{
  guint port = BENCH_ACCEPT_FIRST_PORT + self->next_port++ % BENCH_ACCEPT_N_PORTS;
  int fd = bench_socket_connect (bench_veth_get_address (BENCH_VETH_SERVER), (guint16) port);

  bench_socket_watch (epoll, fd, EPOLLOUT, to_pointer (fd, FALSE));
  self->n_open++;
}

static void
ask (int epoll, int fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = to_pointer (fd, TRUE) };

  write_message (fd);
  bench_socket_check (epoll_ctl (epoll, EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
}

static void
take_response (Contender *self, int fd)
{
  gsize size;

  while (read_some (fd, &size))
    if (size == 0)
      {
        close (fd);
        __atomic_store_n (&self->n_done, self->n_done + 1, __ATOMIC_RELAXED);
        self->n_open--;
        return;
      }
}

static void
connect_all (gpointer user_data)
{
  Contender *self = user_data;
  int epoll = bench_socket_check (epoll_create1 (EPOLL_CLOEXEC), "epoll");
  struct epoll_event events[MAX_EVENTS];

  while (TRUE)
    {
      int n = epoll_wait (epoll, events, MAX_EVENTS, 0);

      for (int i = 0; i < n; i++)
        {
          if (get_flag (&events[i]))
            take_response (self, get_fd (&events[i]));
          else
            ask (epoll, get_fd (&events[i]));
        }
      while (g_atomic_int_get (&self->is_running) && self->n_open < BENCH_ACCEPT_WINDOW)
        open_next (self, epoll);
    }
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);

  self->veth = bench_veth_new (1500);
  bench_veth_run (self->veth, BENCH_VETH_SERVER, serve, self);
  while (!g_atomic_int_get (&self->is_listening))
    g_usleep (1000);
  bench_veth_run (self->veth, BENCH_VETH_CLIENT, connect_all, self);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;

  g_atomic_int_set (&self->is_running, TRUE);
  values[0] = bench_rate_measure (&self->n_done, (guint) atoi (command));
  g_atomic_int_set (&self->is_running, FALSE);
  return 1;
}

const BenchContender bench_accept_kernel = { "kernel", start, run };
