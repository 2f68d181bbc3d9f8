/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-loss.h"
#include "bench-peers.h"
#include "bench-report.h"

#define CHUNK_SIZE (64 * 1024)

typedef struct _Contender Contender;

typedef struct {
  Contender *contender;
  DpdkTcpSocket *socket;
  /* NULL as long as it is not open */
  DpdkTcpConnection *connection;
} Sender;

struct _Contender {
  BenchLossSettings settings;
  BenchPeers *peers;
  GSocketAddress *address;

  /* of the client's thread */
  Sender *senders;
  guint n_pending;
  gboolean is_over;

  /* of the server's */
  DpdkTcpListener *listener;
  GPtrArray *receivers;
  guint64 n_bytes;
};

static guint8 data[CHUNK_SIZE];

static void
on_readable (DpdkTcpSocket *socket, gpointer user_data)
{
  Contender *self = user_data;
  guint8 buffer[CHUNK_SIZE];
  gsize n;

  /* an error is one of a round that is over */
  while (dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, NULL) ==
             G_POLLABLE_RETURN_OK &&
         n > 0)
    __atomic_store_n (&self->n_bytes, self->n_bytes + n, __ATOMIC_RELAXED);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Contender *self = user_data;

  g_ptr_array_add (self->receivers, g_object_ref (connection));
  dpdk_tcp_socket_set_readable_callback (dpdk_tcp_connection_get_socket (connection), on_readable,
                                         self, NULL, NULL);
}

static void
listen_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  self->listener = bench_peers_listen (self->peers, BENCH_LOSS_PORT);
  g_signal_connect (self->listener, "incoming", G_CALLBACK (on_incoming), self);
  bench_peers_set_done (self->peers);
}

static void
on_writable (DpdkTcpSocket *socket, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GPollableReturn result;
  gsize n;

  do
    result = dpdk_tcp_socket_try_write (socket, data, sizeof data, &n, &error);
  while (result == G_POLLABLE_RETURN_OK && n == sizeof data);
  if (result == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
}

static void
close_sender (Sender *sender)
{
  if (sender->connection != NULL)
    dpdk_tcp_connection_abort (sender->connection);
  else
    dpdk_socket_close (DPDK_SOCKET (sender->socket));
}

static void
on_connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Sender *sender = user_data;
  Contender *self = sender->contender;
  g_autoptr (GError) error = NULL;

  sender->connection = dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (object), result, &error);
  if (sender->connection != NULL && !self->is_over &&
      !dpdk_tcp_socket_set_writable_callback (sender->socket, on_writable, NULL, NULL, &error))
    bench_die (error);
  if (sender->connection == NULL && !self->is_over)
    bench_die (error);
  if (self->is_over)
    close_sender (sender);
  if (--self->n_pending == 0 && self->is_over)
    bench_peers_set_done (self->peers);
}

static void
begin_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  self->is_over = FALSE;
  self->n_pending = self->settings.n_connections;
  for (guint i = 0; i < self->settings.n_connections; i++)
    {
      Sender *sender = &self->senders[i];

      sender->contender = self;
      sender->socket = bench_peers_connect (self->peers, self->address, on_connected, sender);
    }
}

static void
end_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  self->is_over = TRUE;
  for (guint i = 0; i < self->settings.n_connections; i++)
    close_sender (&self->senders[i]);
  if (self->n_pending == 0)
    bench_peers_set_done (self->peers);
}

static void
drop_senders (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  for (guint i = 0; i < self->settings.n_connections; i++)
    {
      g_clear_object (&self->senders[i].connection);
      g_clear_object (&self->senders[i].socket);
    }
  bench_peers_set_done (self->peers);
}

static void
drop_receivers (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;

  for (guint i = 0; i < self->receivers->len; i++)
    dpdk_tcp_connection_abort (g_ptr_array_index (self->receivers, i));
  g_ptr_array_set_size (self->receivers, 0);
  bench_peers_set_done (self->peers);
}

static void
call (Contender *self, guint peer, DpdkWorkerFunc func)
{
  bench_peers_invoke (self->peers, peer, func, self);
  bench_peers_wait_done (self->peers);
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);
  g_autoptr (DpdkTestImpairment) impairment = NULL;
  g_autofree char *tcp =
      g_strdup_printf ("{ \"send_buffer_size\": %u, \"receive_buffer_size\": %u }",
                       BENCH_LOSS_BUFFER_SIZE, BENCH_LOSS_BUFFER_SIZE);

  self->settings = bench_loss_settings_parse (argument);
  impairment = bench_loss_new_impairment (&self->settings);
  self->peers =
      bench_peers_new_with (&(BenchPeersSettings){ .impairment = impairment, .tcp = tcp });
  self->address = bench_peers_new_address (BENCH_LOSS_PORT);
  self->senders = g_new0 (Sender, self->settings.n_connections);
  self->receivers = g_ptr_array_new_with_free_func (g_object_unref);
  call (self, BENCH_PEERS_SERVER, listen_on_worker);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;
  const BenchLossRound round = bench_loss_round_parse (command);
  guint64 retransmitted =
      bench_peers_count (self->peers, BENCH_PEERS_CLIENT, DPDK_STACK_COUNTER_TCP_RETRANSMITTED);
  guint64 timeouts =
      bench_peers_count (self->peers, BENCH_PEERS_CLIENT, DPDK_STACK_COUNTER_TCP_TIMEOUTS);
  guint64 first = __atomic_load_n (&self->n_bytes, __ATOMIC_RELAXED);
  gint64 from = g_get_monotonic_time ();

  bench_loss_set_seed (&self->settings, bench_peers_get_link (self->peers), round.seed);
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, begin_on_worker, self);
  g_usleep (round.ms * 1000);
  values[BENCH_LOSS_RATE] = (double) (__atomic_load_n (&self->n_bytes, __ATOMIC_RELAXED) - first) *
                            8e6 / (double) (g_get_monotonic_time () - from);
  values[BENCH_LOSS_RETRANSMITTED] =
      (double) (bench_peers_count (self->peers, BENCH_PEERS_CLIENT,
                                   DPDK_STACK_COUNTER_TCP_RETRANSMITTED) -
                retransmitted);
  values[BENCH_LOSS_TIMEOUTS] = (double) (bench_peers_count (self->peers, BENCH_PEERS_CLIENT,
                                                             DPDK_STACK_COUNTER_TCP_TIMEOUTS) -
                                          timeouts);
  call (self, BENCH_PEERS_CLIENT, end_on_worker);
  call (self, BENCH_PEERS_CLIENT, drop_senders);
  /* until nothing of theirs is on the link */
  g_usleep (4 * self->settings.delay_us + 10000);
  call (self, BENCH_PEERS_SERVER, drop_receivers);
  return BENCH_LOSS_N_VALUES;
}

const BenchContender bench_loss_ours = { "ours", start, run };
