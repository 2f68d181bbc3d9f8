/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a connection that two workers use by callbacks while other threads look at it */
#include "net-native.h"

#define SIZE (4 * 1024 * 1024)
#define N_OUTSIDERS 2
/* some messages are small, which is another way through the stack than that of large ones */
#define MAX_MESSAGE 3000
/* bytes after which the functions are set anew */
#define RENEWAL (64 * 1024)
#define PAUSE_US 100

typedef struct {
  NetNativeEcho echo;
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  guint32 random;
  guint64 n_sent;
  guint64 n_received;
  guint64 n_received_at_renewal;
  gint has_finished;
  gint has_begun;
  /* functions that were set, and those that were dropped again */
  gint n_set;
  gint n_dropped;
} Side;

static gsize
choose_size (Side *self)
{
  self->random = self->random * 1664525u + 1013904223u;
  return 1 + (self->random >> 8) % ((self->random & 128) != 0 ? MAX_MESSAGE : 100);
}

static void
count_dropped (gpointer user_data)
{
  g_atomic_int_inc (&((Side *) user_data)->n_dropped);
}

static void
set_functions (Side *self, DpdkTcpReadyFunc readable, DpdkTcpReadyFunc writable)
{
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_readable_callback (self->socket, readable, self, count_dropped, &error);
  g_assert_no_error (error);
  dpdk_tcp_socket_set_writable_callback (self->socket, writable, self, count_dropped, &error);
  g_assert_no_error (error);
  g_atomic_int_add (&self->n_set, 2);
}

static void
write_pattern (DpdkTcpSocket *socket, gpointer user_data)
{
  Side *self = user_data;
  GPollableReturn result = G_POLLABLE_RETURN_OK;
  g_autoptr (GError) error = NULL;
  gsize n;

  while (self->n_sent < SIZE && result == G_POLLABLE_RETURN_OK)
    {
      gsize size = choose_size (self);

      size = MIN (size, SIZE - self->n_sent);
      result = dpdk_tcp_socket_try_write (socket, net_pattern (self->n_sent), size, &n, &error);
      g_assert_no_error (error);
      self->n_sent += n;
    }
}

static void read_pattern (DpdkTcpSocket *socket, gpointer user_data);

static void
set_client_functions (Side *self)
{
  set_functions (self, read_pattern, write_pattern);
  self->n_received_at_renewal = self->n_received;
}

static void
read_pattern (DpdkTcpSocket *socket, gpointer user_data)
{
  Side *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 buffer[MAX_MESSAGE];
  gsize n;

  while (dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, &error) ==
         G_POLLABLE_RETURN_OK)
    {
      g_assert_cmpuint (n, >, 0);
      g_assert_cmpmem (buffer, n, net_pattern (self->n_received), n);
      self->n_received += n;
    }
  g_assert_no_error (error);
  if (self->n_received == SIZE)
    g_atomic_int_set (&self->has_finished, TRUE);
  else if (self->n_received - self->n_received_at_renewal >= RENEWAL)
    set_client_functions (self);
}

static void
begin_client (DpdkWorker *worker, gpointer user_data)
{
  set_client_functions (user_data);
}

static void
begin_server (DpdkWorker *worker, gpointer user_data)
{
  Side *self = user_data;

  set_functions (self, net_native_read_echo, net_native_flush_echo);
  g_atomic_int_set (&self->has_begun, TRUE);
}

static void
begin (Side *side, DpdkWorkerFunc func)
{
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (dpdk_socket_get_worker (DPDK_SOCKET (side->socket)), func, side, NULL,
                      &error);
  g_assert_no_error (error);
}

typedef struct {
  Side *sides[2];
  gint n_looks;
} Outsider;

static void
look_at (Side *side)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (side->connection));
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (dpdk_tcp_socket_is_connected (side->socket));
  g_assert_false (dpdk_tcp_socket_get_nodelay (side->socket));
  address = dpdk_tcp_socket_get_remote_address (side->socket, &error);
  g_assert_no_error (error);
  g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (input));
}

static gpointer
look_all_the_time (gpointer data)
{
  Outsider *self = data;

  do
    {
      look_at (self->sides[0]);
      look_at (self->sides[1]);
      self->n_looks++;
      /* who takes a mutex again at once leaves it to nobody */
      g_usleep (PAUSE_US);
    }
  while (!g_atomic_int_get (&self->sides[0]->has_finished));
  return NULL;
}

static void
open_side (Side *self, DpdkTcpConnection *connection)
{
  *self = (Side){ .connection = connection,
                  .socket = dpdk_tcp_connection_get_socket (connection),
                  .random = 1,
                  .echo.pending = g_byte_array_new () };
}

static void
close_side (Side *self)
{
  dpdk_socket_close (DPDK_SOCKET (self->socket));
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self->n_dropped) == g_atomic_int_get (&self->n_set));
  g_assert_finalize_object (self->connection);
  g_byte_array_unref (self->echo.pending);
}

static void
test_outsiders (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkTestLink) link = dpdk_test_link_new (eal, 1, &error);
  DpdkTestPair *pair = dpdk_test_pair_new (link, &error);
  DpdkTcpConnection *connection, *accepted;
  Outsider outsiders[N_OUTSIDERS];
  GThread *threads[N_OUTSIDERS];
  Side client, server;

  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connection, &accepted, &error);
  g_assert_no_error (error);
  open_side (&client, connection);
  open_side (&server, accepted);
  begin (&server, begin_server);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&server.has_begun));
  begin (&client, begin_client);
  for (guint i = 0; i < N_OUTSIDERS; i++)
    {
      outsiders[i] = (Outsider){ { &client, &server }, 0 };
      threads[i] = g_thread_new ("outsider", look_all_the_time, &outsiders[i]);
    }
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&client.has_finished));
  for (guint i = 0; i < N_OUTSIDERS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpint (outsiders[i].n_looks, >, 0);
    }
  close_side (&client);
  close_side (&server);
  g_assert_finalize_object (pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/native-shared/outsiders", DPDK_TEST_FLAGS_NONE, test_outsiders);
  return g_test_run ();
}
