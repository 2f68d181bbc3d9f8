/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many connections, opened, used and closed: everything comes back */
#include "net-pair.h"

#define N_CONNECTIONS 100000
#define N_AT_ONCE 500
/* each has ports enough for those of half a minute */
#define N_LISTENERS 4
#define TIME_WAIT_US (30 * G_TIME_SPAN_SECOND)
#define REQUEST 100
#define ANSWER 3000

typedef struct {
  DpdkTcpSocket *socket;
  DpdkTcpConnection *client;
  /* not of this client: all of them say the same */
  DpdkTcpConnection *server;
  gsize n_written;
  gsize n_read;
  gsize n_answered;
  gsize n_answer_read;
} Conn;

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Conn *self = user_data;
  g_autoptr (GError) error = NULL;

  self->client = dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);
  g_assert_no_error (error);
  g_clear_object (&self->socket);
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Conn *self = user_data;
  g_autoptr (GError) error = NULL;

  self->server = dpdk_tcp_listener_accept_finish (DPDK_TCP_LISTENER (source), result, &error);
  g_assert_no_error (error);
}

static guint
count_open (Conn *conns, guint n)
{
  guint n_open = 0;

  for (guint i = 0; i < n; i++)
    n_open += conns[i].client != NULL && conns[i].server != NULL;
  return n_open;
}

static gboolean
use_all (Conn *conns, guint n)
{
  guint n_done = 0;

  for (guint i = 0; i < n; i++)
    {
      Conn *self = &conns[i];

      self->n_written +=
          net_try_write_pattern (self->client, self->n_written, REQUEST - self->n_written);
      self->n_read += net_try_read_pattern (self->server, self->n_read, REQUEST - self->n_read);
      if (self->n_read == REQUEST)
        self->n_answered +=
            net_try_write_pattern (self->server, self->n_answered, ANSWER - self->n_answered);
      self->n_answer_read +=
          net_try_read_pattern (self->client, self->n_answer_read, ANSWER - self->n_answer_read);
      n_done += self->n_answer_read == ANSWER;
    }
  return n_done == n;
}

static void
run_batch (NetPair *pair, DpdkTcpListener *listener, guint n, guint round)
{
  g_autofree Conn *conns = g_new0 (Conn, n);
  g_autoptr (GSocketAddress) address =
      net_address (net_pair_get_host (1), net_listener_get_port (listener));
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      conns[i].socket = dpdk_tcp_socket_new (pair->runtimes[0], G_SOCKET_FAMILY_IPV4, &error);
      g_assert_no_error (error);
      dpdk_tcp_listener_accept_async (listener, NULL, on_accepted, &conns[i]);
      dpdk_tcp_socket_connect_async (conns[i].socket, address, NULL, on_connected, &conns[i]);
    }
  DPDK_TEST_WAIT_UNTIL (count_open (conns, n) == n);
  DPDK_TEST_WAIT_UNTIL (use_all (conns, n));
  /* in every way that there is */
  for (guint i = 0; i < n; i++)
    switch ((i + round) % 4)
      {
      case 0:
        net_close (conns[i].client);
        net_close (conns[i].server);
        break;
      case 1:
        dpdk_tcp_connection_abort (conns[i].client);
        break;
      case 2:
        dpdk_tcp_connection_abort (conns[i].server);
        break;
      default:
        /* dropped */
        break;
      }
  for (guint i = 0; i < n; i++)
    {
      net_release (conns[i].client);
      net_release (conns[i].server);
    }
}

static void
test_many (void)
{
  const guint n =
      dpdk_test_is_long () ? dpdk_test_scale (N_CONNECTIONS) : dpdk_test_scale (N_CONNECTIONS / 10);
  g_autoptr (DpdkTestUsage) before = NULL;
  DpdkTcpListener *listeners[N_LISTENERS];
  gint64 deadline;
  NetPair pair;

  net_pair_start (&pair, 0, 0);
  for (guint i = 0; i < N_LISTENERS; i++)
    listeners[i] = net_listen (pair.runtimes[1], net_pair_get_host (1), 0);
  for (guint done = 0, round = 0; done < n; done += N_AT_ONCE, round++)
    {
      run_batch (&pair, listeners[round % N_LISTENERS], MIN (N_AT_ONCE, n - done), round);
      if (round == 3)
        before = dpdk_test_usage_new ();
    }
  for (guint i = 0; i < N_LISTENERS; i++)
    net_release (listeners[i]);
  /* those in TIME-WAIT go in half a minute; all else must have gone */
  for (guint end = 0; end < 2; end++)
    {
      guint64 time_wait;

      DPDK_TEST_WAIT_UNTIL (net_pair_get_counter (&pair, end, DPDK_STACK_COUNTER_TCP_CONNECTIONS) ==
                            net_pair_get_counter (&pair, end, DPDK_STACK_COUNTER_TCP_TIME_WAIT));
      time_wait = net_pair_get_counter (&pair, end, DPDK_STACK_COUNTER_TCP_TIME_WAIT);
      g_test_message ("end %u: %" G_GUINT64_FORMAT " in TIME-WAIT, %" G_GUINT64_FORMAT " bytes",
                      end, time_wait,
                      net_pair_get_counter (&pair, end, DPDK_STACK_COUNTER_MEMORY_USED));
      g_assert_cmpuint (net_pair_get_counter (&pair, end, DPDK_STACK_COUNTER_MEMORY_USED), <=,
                        1000 * time_wait + 1000);
    }
  if (before != NULL)
    dpdk_test_usage_assert_same (before, 64 * 1024 * 1024 + NET_MEMORY_SLACK);
  if (!dpdk_test_is_long ())
    {
      net_pair_end (&pair);
      return;
    }
  deadline = dpdk_test_get_deadline () + TIME_WAIT_US;
  while (net_pair_get_counter (&pair, 0, DPDK_STACK_COUNTER_TCP_TIME_WAIT) +
                 net_pair_get_counter (&pair, 1, DPDK_STACK_COUNTER_TCP_TIME_WAIT) >
             0 &&
         dpdk_test_wait_a_little (deadline))
    ;
  net_pair_stop (&pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_set_timeout (dpdk_test_is_long () ? 600 : 120);
  dpdk_test_add_func ("/net/many/all-back", DPDK_TEST_FLAGS_NONE, test_many);
  return g_test_run ();
}
