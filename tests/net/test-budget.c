/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the memory budget of a worker: those who are connected go on, others wait, nothing is lost */
#include "net-pair.h"
#include "net-udp.h"

#include <string.h>

#define N_CONNECTIONS 100
#define SIZE (128 * 1024)
#define BUDGET (4 * 1024 * 1024)
#define ANSWER 10000
#define DATAGRAM 1000

#define SERVER(pair, counter) net_pair_get_counter (pair, 1, DPDK_STACK_COUNTER_##counter)

typedef struct {
  DpdkTcpConnection *client;
  DpdkTcpConnection *server;
  gsize n_written;
  gsize n_read;
  gsize n_answered;
  gsize n_answer_read;
} Exchange;

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  *(DpdkTcpConnection **) user_data =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);
  g_assert_no_error (error);
}

static void
assert_cannot_connect (NetPair *pair)
{
  g_autoptr (GSocketAddress) address = net_address (net_pair_get_host (0), 80);
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket = dpdk_tcp_socket_new (pair->runtimes[1], G_SOCKET_FAMILY_IPV4, &error);

  g_assert_no_error (error);
  g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpstr (error->message, ==,
                   "Cannot connect to 198.18.1.1:80: the memory budget of worker 0, 4194304 bytes, "
                   "is spent (lwIP error -1)");
  net_release (socket);
}

/* gives whether there is something left to do */
static gboolean
exchange (Exchange *self, gboolean server_reads)
{
  self->n_written += net_try_write_pattern (self->client, self->n_written, SIZE - self->n_written);
  if (!server_reads)
    return TRUE;
  self->n_read += net_try_read_pattern (self->server, self->n_read, SIZE - self->n_read);
  self->n_answered +=
      net_try_write_pattern (self->server, self->n_answered, ANSWER - self->n_answered);
  self->n_answer_read +=
      net_try_read_pattern (self->client, self->n_answer_read, ANSWER - self->n_answer_read);
  return self->n_read < SIZE || self->n_answer_read < ANSWER;
}

static gboolean
exchange_all (Exchange *exchanges, guint n, gboolean server_reads)
{
  gboolean more = FALSE;

  for (guint i = 0; i < n; i++)
    more = exchange (&exchanges[i], server_reads) || more;
  return more;
}

/* the server does not read, until its memory is spent */
static void
test_receive (void)
{
  enum {
    N = N_CONNECTIONS
  };
  NetPair pair;
  DpdkTcpConnection *clients[N], *servers[N], *late = NULL, *late_server;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  Exchange exchanges[N] = { 0 };
  DpdkTcpListener *listener;
  DpdkTcpSocket *socket;
  gsize n;

  net_pair_start (&pair, 0, BUDGET);
  g_assert_cmpuint (SERVER (&pair, MEMORY_LIMIT), ==, BUDGET);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), ==, 0);
  listener = net_listen (pair.runtimes[1], net_pair_get_host (1), 0);
  net_pair_connect (&pair, listener, clients, servers, N);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), >, N * 200);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), <, N * 4096);
  g_assert_cmpuint (SERVER (&pair, MEMORY_REACHED), ==, 0);
  for (guint i = 0; i < N; i++)
    exchanges[i] = (Exchange){ .client = clients[i], .server = servers[i] };
  DPDK_TEST_WAIT_UNTIL (exchange_all (exchanges, N, FALSE) &&
                        SERVER (&pair, DROPPED_TCP_MEMORY_DATA) > N);
  g_assert_cmpuint (SERVER (&pair, MEMORY_REACHED), >=, 1);
  /* for each connection a packet of its own, and those that were on their way */
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), >=, BUDGET / 8 * 7);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), <, BUDGET + N * 4096 + 1024 * 1024);

  /* new ones wait, or are refused */
  assert_cannot_connect (&pair);
  address = net_address (net_pair_get_host (1), net_listener_get_port (listener));
  socket = dpdk_tcp_socket_new (pair.runtimes[0], G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected, &late);
  DPDK_TEST_WAIT_UNTIL (SERVER (&pair, DROPPED_TCP_MEMORY_SYN) > 0);
  g_assert_null (late);
  g_assert_cmpuint (SERVER (&pair, TCP_CONNECTIONS), ==, N);

  /* who is connected may still write, a little at a time */
  n = net_try_write_pattern (servers[0], 0, ANSWER);
  g_assert_cmpuint (n, >, 0);
  g_assert_cmpuint (n, <, ANSWER);
  exchanges[0].n_answered = n;
  DPDK_TEST_WAIT_UNTIL ((exchanges[0].n_answered +=
                         net_try_write_pattern (servers[0], exchanges[0].n_answered,
                                                ANSWER - exchanges[0].n_answered)) == ANSWER);
  net_read_pattern (clients[0], 0, ANSWER);
  exchanges[0].n_answer_read = ANSWER;

  /* everything that was written arrives, and then the one that waits */
  DPDK_TEST_WAIT_UNTIL (!exchange_all (exchanges, N, TRUE));
  DPDK_TEST_WAIT_UNTIL (late != NULL);
  late_server = net_accept (listener);
  net_write_pattern (late, 0, 1000);
  net_read_pattern (late_server, 0, 1000);

  net_pair_abort (&late, 1);
  net_release (socket);
  net_pair_abort (&late_server, 1);
  net_pair_abort (clients, N);
  net_pair_abort (servers, N);
  net_release (listener);
  net_pair_stop (&pair);
}

/* the client does not read, until the server has no memory for what it writes */
static void
test_send (void)
{
  enum {
    N = N_CONNECTIONS
  };
  NetPair pair;
  DpdkTcpConnection *clients[N], *servers[N];
  gsize n_written[N] = { 0 }, n_read[N] = { 0 };
  DpdkTcpListener *listener;
  gsize total = 0, before;
  gboolean more;

  net_pair_start (&pair, 0, BUDGET);
  listener = net_listen (pair.runtimes[1], net_pair_get_host (1), 0);
  net_pair_connect (&pair, listener, clients, servers, N);
  do
    {
      before = total;
      for (guint i = 0; i < N; i++)
        {
          gsize n = net_try_write_pattern (servers[i], n_written[i], 8192);

          n_written[i] += n;
          total += n;
        }
    }
  while (SERVER (&pair, MEMORY_USED) < BUDGET || total > before);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), <, BUDGET + N * 8192);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (n_written[i], >, 0);
  /* reading gives it back */
  do
    {
      more = FALSE;
      for (guint i = 0; i < N; i++)
        {
          n_written[i] += net_try_write_pattern (servers[i], n_written[i], 2 * SIZE - n_written[i]);
          n_read[i] += net_try_read_pattern (clients[i], n_read[i], 2 * SIZE - n_read[i]);
          more = more || n_read[i] < 2 * SIZE;
        }
    }
  while (more);
  net_pair_abort (servers, N);
  net_pair_abort (clients, N);
  net_release (listener);
  net_pair_stop (&pair);
}

static guint64
count_dropped (DpdkUdpSocket **sockets, guint n)
{
  guint64 sum = 0;

  for (guint i = 0; i < n; i++)
    sum += net_udp_get_statistics (sockets[i]).receive_dropped;
  return sum;
}

static gboolean
send_to_all (DpdkUdpSocket *socket, DpdkUdpSocket **receivers, guint n)
{
  for (guint i = 0; i < n; i++)
    net_udp_send (socket, net_pair_get_host (1), net_udp_get_port (receivers[i]), net_pattern (i),
                  DATAGRAM);
  return TRUE;
}

/* datagrams that nobody reads are dropped before the receive buffers are full */
static void
test_datagrams (void)
{
  enum {
    N = N_CONNECTIONS
  };
  NetPair pair;
  DpdkUdpSocket *sender, *receivers[N];
  guint8 buffer[DATAGRAM];

  net_pair_start (&pair, 0, BUDGET);
  sender = net_udp_new (pair.runtimes[0], net_pair_get_host (0), 0);
  for (guint i = 0; i < N; i++)
    receivers[i] = net_udp_new (pair.runtimes[1], net_pair_get_host (1), 0);
  DPDK_TEST_WAIT_UNTIL (send_to_all (sender, receivers, N) && count_dropped (receivers, N) > N);
  g_assert_cmpuint (SERVER (&pair, MEMORY_REACHED), >=, 1);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), >=, BUDGET / 8 * 7);
  g_assert_cmpuint (SERVER (&pair, MEMORY_USED), <, BUDGET + 1024 * 1024);
  for (guint i = 0; i < N; i++)
    {
      guint64 n = net_udp_get_statistics (receivers[i]).received;

      g_assert_cmpuint (n, >, 0);
      g_assert_cmpuint (n * DATAGRAM, <,
                        dpdk_udp_socket_get_receive_buffer_size (receivers[i]) / 2);
      for (; n > 0; n--)
        {
          g_assert_cmpuint (net_udp_receive (receivers[i], buffer, DATAGRAM, NULL), ==, DATAGRAM);
          g_assert_cmpmem (buffer, DATAGRAM, net_pattern (i), DATAGRAM);
        }
    }
  DPDK_TEST_WAIT_UNTIL (SERVER (&pair, MEMORY_USED) < BUDGET / 2);
  send_to_all (sender, receivers, 1);
  g_assert_cmpuint (net_udp_receive (receivers[0], buffer, DATAGRAM, NULL), ==, DATAGRAM);
  for (guint i = 0; i < N; i++)
    net_release (receivers[i]);
  net_release (sender);
  net_pair_stop (&pair);
}

static void
test_settings (void)
{
  static const char json[] = "{\"dpdk_cores\": [0], \"memory_budget\": 8589934592}";
  g_autoptr (DpdkConfig) config = NULL;
  g_autoptr (DpdkEal) eal = NULL;
  g_autoptr (GError) error = NULL;
  DpdkRuntimeBuilder *builder = dpdk_runtime_builder_new ();
  DpdkRuntime *runtime;
  guint64 budget;

  config = dpdk_config_new_from_data (json, -1, &error);
  g_assert_no_error (error);
  g_object_get (config, "memory-budget", &budget, NULL);
  g_assert_cmpuint (budget, ==, G_GUINT64_CONSTANT (8589934592));
  dpdk_runtime_builder_set_memory_budget (builder, 1000);
  g_assert_null (net_build_with (builder, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "a memory budget of 1000 bytes: must be between"));
  g_clear_error (&error);

  /* what the configuration says, unless the builder knows better */
  eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  for (guint64 wanted = 0; wanted <= 2000000; wanted += 2000000)
    {
      g_autoptr (DpdkStackCounters) counters = NULL;
      DpdkWorker *worker;

      dpdk_runtime_builder_set_memory_budget (builder, wanted);
      dpdk_runtime_builder_set_config (builder, config);
      runtime = dpdk_runtime_builder_build (builder, &error);
      g_assert_no_error (error);
      worker = dpdk_runtime_dup_worker (runtime, 0);
      counters = dpdk_worker_dup_stack_counters (worker);
      g_assert_cmpuint (dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_MEMORY_LIMIT),
                        ==, wanted != 0 ? wanted : budget);
      dpdk_runtime_shutdown (runtime, 10000, &error);
      g_assert_no_error (error);
      net_release (worker);
      net_release (runtime);
    }
  net_release (builder);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/budget/receive", DPDK_TEST_FLAGS_NONE, test_receive);
  dpdk_test_add_func ("/net/budget/send", DPDK_TEST_FLAGS_NONE, test_send);
  dpdk_test_add_func ("/net/budget/datagrams", DPDK_TEST_FLAGS_NONE, test_datagrams);
  dpdk_test_add_func ("/net/budget/settings", DPDK_TEST_FLAGS_NONE, test_settings);
  return g_test_run ();
}
