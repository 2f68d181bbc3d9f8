/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-bulk.h"
#include "bench-rate.h"
#include "bench-socket.h"
#include "bench-veth.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

typedef struct {
  BenchVeth *veth;
  guint64 n_bytes;
  GMutex lock;
  GCond changed;
  gboolean is_listening;
  gint is_running;
} Contender;

static void
wait_until (int fd, short events)
{
  struct pollfd poll_fd = { .fd = fd, .events = events };

  bench_socket_check (poll (&poll_fd, 1, -1), "poll");
}

/* as iperf3 does it: one call for each chunk, which waits */
static void
set_blocking (int fd)
{
  int flags = bench_socket_check (fcntl (fd, F_GETFL), "F_GETFL");

  bench_socket_check (fcntl (fd, F_SETFL, flags & ~O_NONBLOCK), "F_SETFL");
}

static void
receive (gpointer user_data)
{
  static guint8 buffer[BENCH_BULK_CHUNK_SIZE];
  Contender *self = user_data;
  int listener =
      bench_socket_listen (bench_veth_get_address (BENCH_VETH_SERVER), BENCH_BULK_PORT, 1);
  int fd;

  g_mutex_lock (&self->lock);
  self->is_listening = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  wait_until (listener, POLLIN);
  fd = bench_socket_check (bench_socket_accept (listener), "accept");
  set_blocking (fd);
  while (TRUE)
    {
      int n = bench_socket_check ((int) recv (fd, buffer, sizeof buffer, 0), "recv");

      __atomic_store_n (&self->n_bytes, self->n_bytes + (guint64) n, __ATOMIC_RELAXED);
    }
}

static void
send_all (gpointer user_data)
{
  static const guint8 data[BENCH_BULK_CHUNK_SIZE];
  Contender *self = user_data;
  int fd = bench_socket_connect (bench_veth_get_address (BENCH_VETH_SERVER), BENCH_BULK_PORT);

  wait_until (fd, POLLOUT);
  set_blocking (fd);
  while (TRUE)
    {
      g_mutex_lock (&self->lock);
      while (!g_atomic_int_get (&self->is_running))
        g_cond_wait (&self->changed, &self->lock);
      g_mutex_unlock (&self->lock);
      while (g_atomic_int_get (&self->is_running))
        bench_socket_check ((int) send (fd, data, sizeof data, MSG_NOSIGNAL), "send");
    }
}

static gpointer
start (const char *argument)
{
  const BenchBulkSettings settings = bench_bulk_settings_parse (argument);
  Contender *self = g_new0 (Contender, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->veth = bench_veth_new (settings.mtu);
  if (settings.has_checksums)
    bench_veth_enable_checksums (self->veth);
  bench_veth_run (self->veth, BENCH_VETH_SERVER, receive, self);
  g_mutex_lock (&self->lock);
  while (!self->is_listening)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  bench_veth_run (self->veth, BENCH_VETH_CLIENT, send_all, self);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->is_running, TRUE);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  values[0] = bench_rate_measure (&self->n_bytes, (guint) atoi (command)) * 8;
  g_atomic_int_set (&self->is_running, FALSE);
  return 1;
}

const BenchContender bench_bulk_kernel = { "kernel", start, run };
