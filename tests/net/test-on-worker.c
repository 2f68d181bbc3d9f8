/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what runs on the thread of a worker */
#include "net-fixture.h"
#include "net-kernel.h"

/* an echo server that lives on the worker alone */
typedef struct {
  DpdkRuntime *runtime;
  DpdkTcpListener *listener;
  GThread *thread;
  guint16 port;
  gint is_ready;
  gint n_closed;
  gint is_over;
} OnWorker;

typedef struct {
  OnWorker *server;
  DpdkTcpConnection *connection;
  gssize n;
  guint8 buffer[20000];
} Echo;

static void echo_read (Echo *self);

static void
echo_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  g_assert_no_error (error);
  echo_read (user_data);
}

static void
echo_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_thread_self () == self->server->thread);
  self->n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);
  g_assert_no_error (error);
  if (self->n == 0)
    {
      net_close (self->connection);
      g_atomic_int_inc (&self->server->n_closed);
      g_object_unref (self->connection);
      g_free (self);
      return;
    }
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                   self->buffer, (gsize) self->n, G_PRIORITY_DEFAULT, NULL,
                                   echo_on_written, self);
}

static void
echo_read (Echo *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                             self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT, NULL,
                             echo_on_read, self);
}

static void
assert_would_deadlock (GError **error)
{
  g_assert_error (*error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_clear_error (error);
}

/* whatever waits would wait for itself */
static void
assert_may_not_block (OnWorker *self, DpdkTcpConnection *connection)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  guint8 byte = 0;

  g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, -1);
  assert_would_deadlock (&error);
  g_assert_cmpint (g_output_stream_write (output, &byte, 1, NULL, &error), ==, -1);
  assert_would_deadlock (&error);
  g_assert_null (dpdk_tcp_listener_accept (self->listener, NULL, &error));
  assert_would_deadlock (&error);
  socket = dpdk_tcp_socket_new (self->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &error));
  assert_would_deadlock (&error);
  g_assert_false (dpdk_runtime_shutdown (self->runtime, 1000, &error));
  assert_would_deadlock (&error);
}

static void
on_worker_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  OnWorker *self = user_data;
  Echo *echo = g_new0 (Echo, 1);

  g_assert_true (g_thread_self () == self->thread);
  assert_may_not_block (self, connection);
  echo->server = self;
  echo->connection = g_object_ref (connection);
  echo_read (echo);
}

static void
start_on_worker (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (DpdkWorker) current = dpdk_worker_dup_current ();

  g_assert_true (current == worker);
  self->thread = g_thread_self ();
  self->listener = net_listen (self->runtime, NET_OUR_V4, 0);
  self->port = net_listener_get_port (self->listener);
  g_signal_connect (self->listener, "incoming", G_CALLBACK (on_worker_incoming), self);
  g_atomic_int_set (&self->is_ready, TRUE);
}

static void
stop_on_worker (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;

  net_release (g_steal_pointer (&self->listener));
  g_atomic_int_set (&self->is_over, TRUE);
}

static void
test_on_worker (void)
{
  enum {
    N = 20
  };
  OnWorker self = { .runtime = net_start () };
  DpdkWorker *worker = dpdk_runtime_dup_worker (self.runtime, 0);
  g_autoptr (GError) error = NULL;
  int fds[N];

  g_assert_null (dpdk_worker_dup_current ());
  dpdk_worker_invoke (worker, start_on_worker, &self, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.is_ready));
  for (guint i = 0; i < N; i++)
    {
      fds[i] = net_kernel_connect (NET_OUR_V4, self.port);
      net_kernel_write_pattern (fds[i], i, 50000);
    }
  for (guint i = 0; i < N; i++)
    {
      net_kernel_read_pattern (fds[i], i, 50000);
      net_kernel_finish (fds[i]);
      net_kernel_assert_at_end (fds[i]);
      net_kernel_close (fds[i]);
    }
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.n_closed) == N);
  dpdk_worker_invoke (worker, stop_on_worker, &self, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.is_over));
  g_object_unref (worker);
  net_stop (self.runtime);
}

/* functions run in order, each once, and each is destroyed */
typedef struct {
  gint n_run;
  gint n_destroyed;
} Invoked;

static void
count_run (DpdkWorker *worker, gpointer user_data)
{
  g_atomic_int_inc (&((Invoked *) user_data)->n_run);
}

static void
count_destroyed (gpointer data)
{
  g_atomic_int_inc (&((Invoked *) data)->n_destroyed);
}

static void
test_invoke (void)
{
  const gint n = 10000;
  DpdkRuntime *runtime = net_start ();
  DpdkWorker *worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GError) error = NULL;
  Invoked invoked = { 0 };

  for (gint i = 0; i < n; i++)
    g_assert_true (dpdk_worker_invoke (worker, count_run, &invoked, count_destroyed, &error));
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&invoked.n_destroyed) == n);
  g_assert_cmpint (invoked.n_run, ==, n);
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_worker_is_running (worker));
  g_assert_false (dpdk_worker_invoke (worker, count_run, &invoked, count_destroyed, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED);
  g_assert_cmpint (invoked.n_run, ==, n);
  g_assert_cmpint (invoked.n_destroyed, ==, n + 1);
  net_release (worker);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/on-worker/serve", DPDK_TEST_FLAGS_NETWORK, test_on_worker);
  dpdk_test_add_func ("/net/on-worker/invoke", DPDK_TEST_FLAGS_NETWORK, test_invoke);
  return g_test_run ();
}
