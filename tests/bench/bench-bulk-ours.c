/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-bulk.h"
#include "bench-peers.h"
#include "bench-rate.h"
#include "bench-report.h"

#include <stdlib.h>

/* a few MiB for what lies in buffers of 2 KiB or 9 KiB */
#define MEMPOOL_SIZE 8191

typedef struct {
  BenchBulkSettings settings;
  BenchPeers *peers;
  GSocketAddress *address;
  DpdkTcpListener *listener;
  /* of the client's thread */
  DpdkTcpSocket *sender;
  DpdkTcpConnection *connection;
  GBytes *bytes;
  /* of the server's */
  DpdkTcpConnection *receiver;
  guint64 n_bytes;
  /* of all */
  gint is_running;
} Contender;

static guint8 data[BENCH_BULK_CHUNK_SIZE];

/* the kernel makes its own as large as it takes */
static const char buffers[] = "{ \"send_buffer_size\": 1048576, \"receive_buffer_size\": 1048576 }";

static void
count (Contender *self, gsize n)
{
  __atomic_store_n (&self->n_bytes, self->n_bytes + n, __ATOMIC_RELAXED);
}

static void
on_readable (DpdkTcpSocket *socket, gpointer user_data)
{
  static guint8 buffer[BENCH_BULK_CHUNK_SIZE];
  g_autoptr (GError) error = NULL;
  GPollableReturn result;
  gsize n;

  while ((result = dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, &error)) ==
         G_POLLABLE_RETURN_OK)
    count (user_data, n);
  if (result == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
}

static void
on_readable_bytes (DpdkTcpSocket *socket, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GPollableReturn result;
  GBytes *bytes;

  while ((result = dpdk_tcp_socket_try_read_bytes (socket, BENCH_BULK_CHUNK_SIZE, &bytes,
                                                   &error)) == G_POLLABLE_RETURN_OK)
    {
      count (user_data, g_bytes_get_size (bytes));
      g_bytes_unref (bytes);
    }
  if (result == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Contender *self = user_data;
  g_autoptr (GError) error = NULL;

  self->receiver = g_object_ref (connection);
  if (!dpdk_tcp_socket_set_readable_callback (
          dpdk_tcp_connection_get_socket (connection),
          self->settings.has_bytes ? on_readable_bytes : on_readable, self, NULL, &error))
    bench_die (error);
}

static void
listen_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  self->listener = bench_peers_listen (self->peers, BENCH_BULK_PORT);
  g_signal_connect (self->listener, "incoming", G_CALLBACK (on_incoming), self);
  bench_peers_set_done (self->peers);
}

static void
on_writable (DpdkTcpSocket *socket, gpointer user_data)
{
  Contender *self = user_data;
  g_autoptr (GError) error = NULL;
  GPollableReturn result = G_POLLABLE_RETURN_OK;
  gsize n = BENCH_BULK_CHUNK_SIZE;

  while (g_atomic_int_get (&self->is_running) && result == G_POLLABLE_RETURN_OK &&
         n == BENCH_BULK_CHUNK_SIZE)
    result = self->settings.has_bytes
                 ? dpdk_tcp_socket_try_write_bytes (socket, self->bytes, 0, &n, &error)
                 : dpdk_tcp_socket_try_write (socket, data, sizeof data, &n, &error);
  if (result == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
}

static void
on_connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Contender *self = user_data;
  g_autoptr (GError) error = NULL;

  self->connection = dpdk_tcp_socket_connect_finish (self->sender, result, &error);
  if (self->connection == NULL ||
      !dpdk_tcp_socket_set_writable_callback (self->sender, on_writable, self, NULL, &error))
    bench_die (error);
  bench_peers_set_done (self->peers);
}

static void
connect_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  self->sender = bench_peers_connect (self->peers, self->address, on_connected, self);
}

static void
write_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  on_writable (self->sender, self);
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);

  self->settings = bench_bulk_settings_parse (argument);
  self->bytes = g_bytes_new_static (data, sizeof data);
  self->peers = bench_peers_new_with (&(BenchPeersSettings){
      .mtu = self->settings.mtu,
      .is_virtio = !self->settings.has_checksums,
      .mempool_size = MEMPOOL_SIZE,
      .tcp = buffers,
  });
  self->address = bench_peers_new_address (BENCH_BULK_PORT);
  bench_peers_invoke (self->peers, BENCH_PEERS_SERVER, listen_on_worker, self);
  bench_peers_wait_done (self->peers);
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, connect_on_worker, self);
  bench_peers_wait_done (self->peers);
  bench_peers_set_priority (self->peers);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;

  g_atomic_int_set (&self->is_running, TRUE);
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, write_on_worker, self);
  values[0] = bench_rate_measure (&self->n_bytes, (guint) atoi (command)) * 8;
  g_atomic_int_set (&self->is_running, FALSE);
  return 1;
}

const BenchContender bench_bulk_ours = { "ours", start, run };
