/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-accept.h"
#include "bench-peers.h"
#include "bench-rate.h"
#include "bench-report.h"

#include <stdlib.h>

/* it must be faster than TIME-WAIT is short */
#define FILL_TIMEOUT_US (60 * G_TIME_SPAN_SECOND)

typedef struct {
  guint n_time_waits;
  BenchPeers *peers;
  GSocketAddress *addresses[BENCH_ACCEPT_N_PORTS];
  /* of the client's thread */
  guint next_port;
  guint n_open;
  guint64 n_done;
  /* of all */
  gint is_running;
} Contender;

typedef struct {
  Contender *contender;
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  guint n_bytes;
} End;

static const guint8 message[BENCH_ACCEPT_MESSAGE_SIZE];

static void
write_message (DpdkTcpSocket *socket)
{
  g_autoptr (GError) error = NULL;
  gsize n;

  if (dpdk_tcp_socket_try_write (socket, message, sizeof message, &n, &error) ==
      G_POLLABLE_RETURN_FAILED)
    bench_die (error);
  if (n != sizeof message)
    g_error ("only %" G_GSIZE_FORMAT " bytes were written", n);
}

/* FALSE: no more is there; at the end it gives 0 bytes */
static gboolean
read_some (End *end, gsize *n)
{
  guint8 buffer[2 * BENCH_ACCEPT_MESSAGE_SIZE];
  g_autoptr (GError) error = NULL;
  GPollableReturn result = dpdk_tcp_socket_try_read (end->socket, buffer, sizeof buffer, n, &error);

  if (result == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
  end->n_bytes += (guint) *n;
  return result == G_POLLABLE_RETURN_OK;
}

static void
free_end (gpointer data)
{
  End *end = data;

  g_clear_object (&end->connection);
  g_free (end);
}

static void
close_end (End *end)
{
  dpdk_socket_close (DPDK_SOCKET (end->socket));
  dpdk_tcp_socket_set_readable_callback (end->socket, NULL, NULL, NULL, NULL);
}

static void
on_request (DpdkTcpSocket *socket, gpointer user_data)
{
  End *end = user_data;
  gsize n;

  if (!read_some (end, &n) || end->n_bytes < sizeof message)
    return;
  write_message (socket);
  close_end (end);
}

static void
attend (End *end, DpdkTcpConnection *connection, DpdkTcpReadyFunc func)
{
  g_autoptr (GError) error = NULL;

  end->connection = g_object_ref (connection);
  end->socket = dpdk_tcp_connection_get_socket (connection);
  if (!dpdk_tcp_socket_set_readable_callback (end->socket, func, end, free_end, &error))
    bench_die (error);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  attend (g_new0 (End, 1), connection, on_request);
}

static void
listen_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  for (guint i = 0; i < BENCH_ACCEPT_N_PORTS; i++)
    {
      guint16 port = (guint16) (BENCH_ACCEPT_FIRST_PORT + i);

      g_signal_connect (bench_peers_listen (self->peers, port), "incoming",
                        G_CALLBACK (on_incoming), NULL);
      self->addresses[i] = bench_peers_new_address (port);
    }
  bench_peers_set_done (self->peers);
}

static void open_next (Contender *self);

static void
on_response (DpdkTcpSocket *socket, gpointer user_data)
{
  End *end = user_data;
  Contender *self = end->contender;
  gsize n;

  while (read_some (end, &n))
    if (n == 0)
      {
        if (end->n_bytes != sizeof message)
          g_error ("a response of %u bytes", end->n_bytes);
        close_end (end);
        __atomic_store_n (&self->n_done, self->n_done + 1, __ATOMIC_RELAXED);
        self->n_open--;
        if (g_atomic_int_get (&self->is_running))
          open_next (self);
        return;
      }
}

static void
on_connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpConnection) connection =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (object), result, &error);
  End *end;

  if (connection == NULL)
    bench_die (error);
  end = g_new0 (End, 1);
  end->contender = user_data;
  attend (end, connection, on_response);
  write_message (end->socket);
}

static void
open_next (Contender *self)
{
  g_autoptr (DpdkTcpSocket) socket = bench_peers_connect (
      self->peers, self->addresses[self->next_port++ % BENCH_ACCEPT_N_PORTS], on_connected, self);

  self->n_open++;
}

static void
begin_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  while (self->n_open < BENCH_ACCEPT_WINDOW)
    open_next (self);
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);
  g_autofree char *tcp = NULL;

  self->n_time_waits = (guint) atoi (argument);
  tcp = g_strdup_printf ("{ \"max_time_wait\": %u }", self->n_time_waits);
  self->peers = bench_peers_new_with (&(BenchPeersSettings){ .tcp = tcp });
  bench_peers_invoke (self->peers, BENCH_PEERS_SERVER, listen_on_worker, self);
  bench_peers_wait_done (self->peers);
  return self;
}

static void
fill (Contender *self)
{
  gint64 deadline = g_get_monotonic_time () + FILL_TIMEOUT_US;
  guint64 n;

  while ((n = bench_peers_count (self->peers, BENCH_PEERS_SERVER,
                                 DPDK_STACK_COUNTER_TCP_TIME_WAIT)) < self->n_time_waits)
    {
      if (g_get_monotonic_time () > deadline)
        {
          g_printerr ("%s: no more than %" G_GUINT64_FORMAT " in TIME-WAIT\n", g_get_prgname (), n);
          exit (1);
        }
      g_usleep (1000);
    }
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;

  g_atomic_int_set (&self->is_running, TRUE);
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, begin_on_worker, self);
  fill (self);
  values[0] = bench_rate_measure (&self->n_done, (guint) atoi (command));
  g_atomic_int_set (&self->is_running, FALSE);
  return 1;
}

const BenchContender bench_accept_ours = { "ours", start, run };
