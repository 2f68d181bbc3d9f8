/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-peers.h"
#include "bench-report.h"
#include "bench-rr.h"

#include <stdlib.h>

/* with fewer connections they are in the cache */
#define PREFETCH_MIN 4096
/* connections that are opened at a time */
#define MAX_OPENING 64

typedef struct _Client Client;

typedef struct {
  Client *client;
  DpdkTcpSocket *socket;
  guint index;
  guint n_bytes;
} End;

struct _Client {
  BenchLoad *load;
  BenchPeers *peers;
  GSocketAddress **addresses;
  End *ends;
  End *server_ends;
  guint n_accepted;
  guint n_wanted;
  guint n_open;
};

static void
write_message (End *end)
{
  static const guint8 message[BENCH_MESSAGE_SIZE];
  g_autoptr (GError) error = NULL;
  gsize n;

  if (dpdk_tcp_socket_try_write (end->socket, message, sizeof message, &n, &error) ==
      G_POLLABLE_RETURN_FAILED)
    bench_die (error);
  if (n != sizeof message)
    g_error ("only %" G_GSIZE_FORMAT " bytes were written", n);
}

/* TRUE if a whole message is there */
static gboolean
read_message (End *end)
{
  guint8 message[BENCH_MESSAGE_SIZE];
  g_autoptr (GError) error = NULL;
  gsize n;

  if (dpdk_tcp_socket_try_read (end->socket, message, BENCH_MESSAGE_SIZE - end->n_bytes, &n,
                                &error) == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
  end->n_bytes += (guint) n;
  if (end->n_bytes < BENCH_MESSAGE_SIZE)
    return FALSE;
  end->n_bytes = 0;
  return TRUE;
}

static void
on_request (DpdkTcpSocket *socket, gpointer user_data)
{
  End *end = user_data;

  if (read_message (end))
    write_message (end);
}

static void
on_response (DpdkTcpSocket *socket, gpointer user_data)
{
  End *end = user_data;

  if (read_message (end))
    bench_load_respond (end->client->load, end->index);
}

static void
open_end (End *end, DpdkTcpSocket *socket, DpdkTcpReadyFunc func)
{
  g_autoptr (GError) error = NULL;

  end->socket = g_object_ref (socket);
  dpdk_tcp_socket_set_nodelay (end->socket, TRUE);
  if (!dpdk_tcp_socket_set_readable_callback (end->socket, func, end, NULL, &error))
    bench_die (error);
}

static void
on_accepted (DpdkTcpListener *listener, DpdkTcpSocket *socket, gpointer user_data)
{
  Client *self = user_data;

  open_end (&self->server_ends[self->n_accepted++], socket, on_request);
}

static void
listen_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Client *self = user_data;
  guint n = bench_rr_get_n_ports (self->load);
  g_autoptr (GError) error = NULL;

  self->addresses = g_new0 (GSocketAddress *, n);
  for (guint i = 0; i < n; i++)
    {
      DpdkTcpListener *listener =
          bench_peers_listen (self->peers, (guint16) (BENCH_RR_FIRST_PORT + i));

      self->addresses[i] = dpdk_socket_get_local_address (DPDK_SOCKET (listener), NULL);
      if (!dpdk_tcp_listener_set_accept_callback (listener, on_accepted, self, NULL, &error))
        bench_die (error);
    }
  bench_peers_set_done (self->peers);
}

static void open_next (Client *self);

static void
on_connected (DpdkTcpSocket *socket, const GError *error, gpointer user_data)
{
  End *end = user_data;
  Client *self = end->client;

  if (error != NULL)
    bench_die (error);
  open_end (end, socket, on_response);
  if (++self->n_open == self->load->n_connections)
    bench_peers_set_done (self->peers);
  else
    open_next (self);
}

static void
open_next (Client *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  End *end;

  if (self->n_wanted == self->load->n_connections)
    return;
  end = &self->ends[self->n_wanted];
  end->client = self;
  end->index = self->n_wanted++;
  socket = dpdk_tcp_socket_new (bench_peers_get_runtime (self->peers, BENCH_PEERS_CLIENT),
                                G_SOCKET_FAMILY_IPV4, &error);
  if (socket == NULL)
    bench_die (error);
  if (!dpdk_tcp_socket_begin_connect (socket, self->addresses[end->index / BENCH_RR_PER_PORT],
                                      on_connected, end, NULL, &error))
    bench_die (error);
}

static void
connect_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Client *self = user_data;

  for (guint i = 0; i < MAX_OPENING; i++)
    open_next (self);
}

static void
send_request (gpointer client, guint connection)
{
  write_message (&((Client *) client)->ends[connection]);
}

static void
prefetch (gpointer client, const guint *connections, guint n)
{
  Client *self = client;
  DpdkTcpSocket *sockets[BENCH_LOAD_AHEAD];

  for (guint i = 0; i < n; i++)
    __builtin_prefetch (&self->ends[connections[i]]);
  for (guint i = 0; i < n; i++)
    sockets[i] = self->ends[connections[i]].socket;
  dpdk_tcp_socket_prefetch (sockets, n);
}

static gpointer
start (BenchLoad *load)
{
  Client *self = g_new0 (Client, 1);

  self->load = load;
  self->peers = bench_peers_new_with (&(BenchPeersSettings){ .tcp = load->tcp });
  self->ends = g_new0 (End, load->n_connections);
  self->server_ends = g_new0 (End, load->n_connections);
  load->own_memory += 2 * load->n_connections * sizeof (End);
  load->client = self;
  load->send = send_request;
  if (load->n_connections >= PREFETCH_MIN)
    load->prefetch = prefetch;
  bench_peers_invoke (self->peers, BENCH_PEERS_SERVER, listen_on_worker, self);
  bench_peers_wait_done (self->peers);
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, connect_on_worker, self);
  bench_peers_wait_done (self->peers);
  return self;
}

static void
begin_on_worker (DpdkWorker *worker, gpointer user_data)
{
  bench_load_begin (user_data);
}

static void
begin (gpointer client)
{
  Client *self = client;

  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, begin_on_worker, self->load);
}

static guint64
count_packets (gpointer client)
{
  Client *self = client;
  guint64 n = 0;

  for (guint peer = 0; peer < 2; peer++)
    {
      g_autoptr (DpdkWorker) worker =
          dpdk_runtime_dup_worker (bench_peers_get_runtime (self->peers, peer), 0);
      DpdkWorkerStatistics statistics;

      dpdk_worker_get_statistics (worker, &statistics);
      n += statistics.tx_packets;
    }
  return n;
}

const BenchRrKind bench_rr_ours = { "ours", start, begin, count_packets };
