/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-flood.h"
#include "bench-peers.h"
#include "bench-report.h"

#include <rte_ethdev.h>

#define BURST 32
/* bursts between two looks at what else there is to do */
#define MAX_BURSTS 32
#define POOL_SIZE 8191
#define CACHE_SIZE 256
#define DATA_SIZE 128

typedef struct {
  BenchPeers *peers;
  GSocketAddress *address;
  /* of the client's thread */
  DpdkMempool *pool;
  struct rte_mempool *native_pool;
  guint16 port_id;
  BenchFlood flood;
  GArray *times;
  gint64 started;
  /* of the round, in monotonic time */
  gint64 end;
} Contender;

static const guint8 server_mac[] = { 2, 0, 0, 0, 0, 1 };

static void
on_end_of_connection (DpdkTcpSocket *socket, gpointer user_data)
{
  dpdk_tcp_socket_set_readable_callback (socket, NULL, NULL, NULL, NULL);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  /* one that is over already needs nobody */
  dpdk_tcp_socket_set_readable_callback (dpdk_tcp_connection_get_socket (connection),
                                         on_end_of_connection, g_object_ref (connection),
                                         g_object_unref, NULL);
}

static void
listen_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  g_signal_connect (bench_peers_listen (self->peers, BENCH_FLOOD_PORT), "incoming",
                    G_CALLBACK (on_incoming), NULL);
  bench_peers_set_done (self->peers);
}

/* beside the stack, on its thread and through its queue */
static gboolean
send_burst (Contender *self, guint n)
{
  struct rte_mbuf *mbufs[BURST];
  guint16 n_taken;

  if (n == 0 || rte_pktmbuf_alloc_bulk (self->native_pool, mbufs, n) != 0)
    return FALSE;
  for (guint i = 0; i < n; i++)
    bench_flood_make (&self->flood, server_mac,
                      (guint8 *) rte_pktmbuf_append (mbufs[i], BENCH_FLOOD_FRAME_SIZE));
  n_taken = rte_eth_tx_burst (self->port_id, 0, mbufs, (guint16) n);
  self->flood.n_sent -= n - n_taken;
  rte_pktmbuf_free_bulk (mbufs + n_taken, n - n_taken);
  return n_taken == n;
}

static gboolean
flood (gpointer user_data)
{
  Contender *self = user_data;

  for (guint i = 0; i < MAX_BURSTS; i++)
    if (!send_burst (self, bench_flood_get_due (&self->flood, BURST)))
      break;
  return g_get_monotonic_time () < self->end ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void open_next (Contender *self);

static void
on_connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Contender *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpConnection) connection =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (object), result, &error);
  gint64 now = g_get_monotonic_time ();
  double ns = (double) (now - self->started) * 1000;

  if (connection == NULL)
    bench_die (error);
  g_array_append_val (self->times, ns);
  dpdk_tcp_connection_abort (connection);
  if (now < self->end)
    open_next (self);
  else
    bench_peers_set_done (self->peers);
}

static void
open_next (Contender *self)
{
  self->started = g_get_monotonic_time ();
  g_object_unref (bench_peers_connect (self->peers, self->address, on_connected, self));
}

static void
begin_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  if (self->flood.rate > 0)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_callback (source, flood, self, NULL);
      g_source_attach (source, dpdk_worker_get_main_context (worker));
    }
  open_next (self);
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);
  DpdkPort *port;
  g_autoptr (DpdkEal) eal = NULL;
  g_autoptr (GError) error = NULL;

  self->times = g_array_new (FALSE, FALSE, sizeof (double));
  self->peers = bench_peers_new_with (&(BenchPeersSettings){ .has_gateway = TRUE });
  self->address = bench_peers_new_address (BENCH_FLOOD_PORT);
  port = dpdk_test_link_get_port (bench_peers_get_link (self->peers), BENCH_PEERS_CLIENT);
  self->port_id = (guint16) dpdk_port_get_id (port);
  /* the same one, as long as there is one */
  eal = dpdk_eal_new (NULL, &error);
  self->pool =
      eal != NULL ? dpdk_mempool_new (eal, POOL_SIZE, CACHE_SIZE, DATA_SIZE, -1, &error) : NULL;
  if (self->pool == NULL)
    bench_die (error);
  self->native_pool = rte_mempool_lookup (dpdk_mempool_get_name (self->pool));
  bench_peers_invoke (self->peers, BENCH_PEERS_SERVER, listen_on_worker, self);
  bench_peers_wait_done (self->peers);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;
  const BenchFloodRound round = bench_flood_round_parse (command);

  g_array_set_size (self->times, 0);
  bench_flood_begin (&self->flood, round.rate);
  self->end = g_get_monotonic_time () + round.ms * G_TIME_SPAN_MILLISECOND;
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, begin_on_worker, self);
  bench_peers_wait_done (self->peers);
  return bench_flood_summarize (&self->flood, self->times, values);
}

const BenchContender bench_flood_ours = { "ours", start, run };
