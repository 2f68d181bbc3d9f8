/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* threads, workers, and ends */
#include "net-fixture.h"
#include "net-kernel.h"

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  gssize n;
  GError *error;
  guint n_calls;
} Result;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  out->n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &out->error);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &out->error);
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  g_assert_null (dpdk_tcp_listener_accept_finish (DPDK_TCP_LISTENER (source), result, &out->error));
}

static void
assert_once (Result *result, GIOErrorEnum code)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_error (result->error, G_IO_ERROR, (int) code);
  g_assert_cmpuint (result->n_calls, ==, 1);
  g_clear_error (&result->error);
}

#define LARGE (16 * 1024 * 1024)

/* everything that waits ends once, with G_IO_ERROR_CLOSED, when the runtime is shut down */
static void
test_shutdown_with_pending (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  int fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
  DpdkTcpConnection *connection = net_accept (listener);
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autofree guint8 *data = g_malloc0 (LARGE);
  Result read = { 0 }, written = { 0 }, accepted = { 0 };
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_input_stream_read_async (input, &byte, 1, G_PRIORITY_DEFAULT, NULL, on_read, &read);
  g_output_stream_write_all_async (output, data, LARGE, G_PRIORITY_DEFAULT, NULL, on_written,
                                   &written);
  dpdk_tcp_listener_accept_async (listener, NULL, on_accepted, &accepted);
  DPDK_TEST_WAIT_UNTIL (!g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (output)));
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (read.n_calls > 0 && written.n_calls > 0 && accepted.n_calls > 0);
  assert_once (&read, G_IO_ERROR_CLOSED);
  assert_once (&written, G_IO_ERROR_CLOSED);
  assert_once (&accepted, G_IO_ERROR_CLOSED);

  g_assert_true (dpdk_socket_is_closed (DPDK_SOCKET (listener)));
  g_assert_false (dpdk_tcp_connection_is_connected (connection));
  g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_output_stream_write (output, data, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_kernel_close (fd);
  net_release (connection);
  net_release (listener);
  net_stop (runtime);
}

typedef struct {
  DpdkTcpConnection *connection;
  DpdkTcpListener *listener;
  GIOErrorEnum code;
} Blocked;

static gpointer
blocked_read_thread (gpointer data)
{
  Blocked *self = data;
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), &byte, 1,
                           NULL, &error),
      ==, -1);
  g_assert_error (error, G_IO_ERROR, (int) self->code);
  return NULL;
}

static gpointer
blocked_write_thread (gpointer data)
{
  Blocked *self = data;
  g_autoptr (GError) error = NULL;
  gssize n;

  do
    n = g_output_stream_write (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                               net_pattern (0), NET_PATTERN_SIZE, NULL, &error);
  while (n > 0);
  g_assert_error (error, G_IO_ERROR, (int) self->code);
  return NULL;
}

static gpointer
blocked_accept_thread (gpointer data)
{
  Blocked *self = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_tcp_listener_accept (self->listener, NULL, &error));
  g_assert_error (error, G_IO_ERROR, (int) self->code);
  return NULL;
}

/* threads that block are let go, by a shutdown and by a close of the socket */
static void
test_end_while_blocked (void)
{
  DpdkRuntime *runtime = net_start ();
  Blocked blocked = { .code = G_IO_ERROR_CLOSED };
  g_autoptr (GError) error = NULL;
  GThread *threads[3];
  int fd;

  for (guint round = 0; round < 2; round++)
    {
      blocked.listener = net_listen (runtime, NET_OUR_V4, 0);
      fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (blocked.listener));
      blocked.connection = net_accept (blocked.listener);
      threads[0] = g_thread_new ("read", blocked_read_thread, &blocked);
      threads[1] = g_thread_new ("write", blocked_write_thread, &blocked);
      threads[2] = g_thread_new ("accept", blocked_accept_thread, &blocked);
      /* the writer blocks when the kernel has its window full */
      DPDK_TEST_WAIT_UNTIL (!g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (
          g_io_stream_get_output_stream (G_IO_STREAM (blocked.connection)))));
      if (round == 0)
        {
          dpdk_socket_close (DPDK_SOCKET (dpdk_tcp_connection_get_socket (blocked.connection)));
          dpdk_socket_close (DPDK_SOCKET (blocked.listener));
        }
      else
        dpdk_runtime_shutdown (runtime, 10000, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      net_kernel_close (fd);
      net_release (blocked.connection);
      net_release (blocked.listener);
    }
  net_stop (runtime);
}

/* a close of our own ends what waits on the same connection */
static void
test_close_with_pending (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
      int fd = net_kernel_connect (families[i].ours, net_listener_get_port (listener));
      DpdkTcpConnection *connection = net_accept (listener);
      GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
      Result read = { 0 };
      guint8 byte;

      g_input_stream_read_async (input, &byte, 1, G_PRIORITY_DEFAULT, NULL, on_read, &read);
      dpdk_socket_close (DPDK_SOCKET (dpdk_tcp_connection_get_socket (connection)));
      DPDK_TEST_WAIT_UNTIL (read.n_calls > 0);
      assert_once (&read, G_IO_ERROR_CLOSED);
      net_kernel_assert_at_end (fd);
      net_kernel_close (fd);
      net_release (connection);
      net_release (listener);
    }
  net_stop (runtime);
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
unref_on_worker (DpdkWorker *worker, gpointer user_data)
{
  g_object_unref (user_data);
}

typedef struct {
  guint n;
} Finalized;

static void
on_finalized (gpointer user_data, GObject *object)
{
  g_atomic_int_inc ((gint *) &((Finalized *) user_data)->n);
}

static void
drop (gpointer object, guint how, DpdkWorker *worker)
{
  g_autoptr (GError) error = NULL;

  switch (how % 3)
    {
    case 0:
      g_object_unref (object);
      break;
    case 1:
      g_thread_join (g_thread_new ("unref", unref_thread, object));
      break;
    default:
      dpdk_worker_invoke (worker, unref_on_worker, object, NULL, &error);
      g_assert_no_error (error);
      break;
    }
}

/* any thread may drop the last reference: this one, another one, the worker's */
static void
test_unref_anywhere (void)
{
  const guint n = dpdk_test_scale (90);
  DpdkRuntime *runtime = net_start ();
  DpdkWorker *worker = dpdk_runtime_dup_worker (runtime, 0);
  Finalized finalized = { 0 };

  for (guint i = 0; i < n; i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i % 2].ours, 0);
      int fd = net_kernel_connect (families[i % 2].ours, net_listener_get_port (listener));
      DpdkTcpConnection *connection = net_accept (listener);
      DpdkTcpSocket *socket = g_object_ref (dpdk_tcp_connection_get_socket (connection));

      g_object_weak_ref (G_OBJECT (connection), on_finalized, &finalized);
      g_object_weak_ref (G_OBJECT (listener), on_finalized, &finalized);
      g_object_weak_ref (G_OBJECT (socket), on_finalized, &finalized);
      if (i % 4 == 0)
        net_kernel_write_pattern (fd, 0, 100000);
      drop (connection, i, worker);
      drop (listener, i / 3, worker);
      drop (socket, i / 9, worker);
      net_kernel_close (fd);
    }
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get ((gint *) &finalized.n) == (gint) (3 * n));
  g_object_unref (worker);
  net_stop (runtime);
}

/* the runtime may go first: what is left is closed, but valid */
static void
test_runtime_goes_first (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  int fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
  DpdkTcpConnection *connection = net_accept (listener);
  DpdkTcpSocket *socket = g_object_ref (dpdk_tcp_connection_get_socket (connection));
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;
  guint8 byte;

  g_assert_finalize_object (runtime);
  DPDK_TEST_WAIT_UNTIL (!dpdk_tcp_connection_is_connected (connection));
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                        &byte, 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  local = dpdk_tcp_connection_get_local_address (connection, NULL);
  remote = dpdk_tcp_connection_get_remote_address (connection, NULL);
  g_assert_nonnull (local);
  g_assert_nonnull (remote);
  g_assert_true (DPDK_IS_PORT (dpdk_socket_get_port (DPDK_SOCKET (socket))));
  g_assert_true (DPDK_IS_WORKER (dpdk_socket_get_worker (DPDK_SOCKET (socket))));
  net_release (connection);
  net_release (listener);
  net_release (socket);
  dpdk_test_assert_eal_dead ();
  net_kernel_close (fd);
}

/* data that was not read, in all states, when the runtime ends */
static void
test_stop_with_data (void)
{
  enum {
    N = 60
  };
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpConnection *connections[N];
  int fds[N];

  for (guint i = 0; i < N; i++)
    {
      fds[i] = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
      connections[i] = net_accept (listener);
      net_kernel_write_pattern (fds[i], 0, 50000);
      if (i % 2 == 0)
        net_write_pattern (connections[i], 0, 200000);
      if (i % 3 == 0)
        net_kernel_finish (fds[i]);
      if (i % 5 == 0)
        net_read_pattern (connections[i], 0, 777);
      if (i % 7 == 0)
        net_release (g_steal_pointer (&connections[i]));
    }
  for (guint i = 0; i < N; i++)
    g_clear_object (&connections[i]);
  net_release (listener);
  net_stop (runtime);
  for (guint i = 0; i < N; i++)
    net_kernel_close (fds[i]);
}

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  dpdk_runtime_shutdown_finish (DPDK_RUNTIME (source), result, &out->error);
}

static void
on_running (DpdkRuntime *runtime, GParamSpec *pspec, gpointer user_data)
{
  g_assert_false (dpdk_runtime_is_running (runtime));
  (*(guint *) user_data)++;
}

static void
test_shutdown_async (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, 0);
  g_autoptr (GError) error = NULL;
  Result results[2] = { 0 };
  guint n_notified = 0;

  g_signal_connect (runtime, "notify::running", G_CALLBACK (on_running), &n_notified);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    dpdk_runtime_shutdown_async (runtime, 10000, NULL, on_shut_down, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      DPDK_TEST_WAIT_UNTIL (results[i].n_calls == 1);
      g_assert_no_error (results[i].error);
    }
  DPDK_TEST_WAIT_UNTIL (n_notified > 0);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_null (dpdk_tcp_listener_new (runtime, address, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/life/shutdown-with-pending", DPDK_TEST_FLAGS_NETWORK,
                      test_shutdown_with_pending);
  dpdk_test_add_func ("/net/life/end-while-blocked", DPDK_TEST_FLAGS_NETWORK,
                      test_end_while_blocked);
  dpdk_test_add_func ("/net/life/close-with-pending", DPDK_TEST_FLAGS_NETWORK,
                      test_close_with_pending);
  dpdk_test_add_func ("/net/life/unref-anywhere", DPDK_TEST_FLAGS_NETWORK, test_unref_anywhere);
  dpdk_test_add_func ("/net/life/runtime-goes-first", DPDK_TEST_FLAGS_NETWORK,
                      test_runtime_goes_first);
  dpdk_test_add_func ("/net/life/stop-with-data", DPDK_TEST_FLAGS_NETWORK, test_stop_with_data);
  dpdk_test_add_func ("/net/life/shutdown-async", DPDK_TEST_FLAGS_NETWORK, test_shutdown_async);
  return g_test_run ();
}
