/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* very many connections, one after the other, and what is left of them */
#include "net-fixture.h"
#include "net-kernel.h"

#include <errno.h>
#include <string.h>

#define MEBIBYTE (1024 * 1024)
#define REQUEST_SIZE 100
#define N_CONNECTIONS 10000
/* the end of a connection whose other end has closed first may stay in TIME_WAIT */
#define MAX_MEMORY (16 * MEBIBYTE + NET_MEMORY_SLACK)

typedef struct {
  DpdkRuntime *runtime;
  DpdkMempool *pool;
  guint pool_in_use;
  DpdkTestUsage *usage;
} Before;

/* the last packets are on their way for a moment */
static guint
wait_until_stable (DpdkMempool *pool)
{
  guint in_use = dpdk_mempool_get_in_use (pool);
  gint64 since = g_get_monotonic_time ();
  gint64 deadline = dpdk_test_get_deadline ();

  while (g_get_monotonic_time () - since < 50 * G_TIME_SPAN_MILLISECOND)
    {
      guint now = dpdk_mempool_get_in_use (pool);

      if (now != in_use)
        since = g_get_monotonic_time ();
      in_use = now;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  return in_use;
}

static void
before_init (Before *self, DpdkRuntime *runtime)
{
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);

  self->runtime = runtime;
  self->pool = g_object_ref (dpdk_port_get_mempool (port));
  /* the device keeps some buffers for what it will receive */
  self->pool_in_use = wait_until_stable (self->pool);
  g_assert_cmpuint (self->pool_in_use + dpdk_mempool_get_available (self->pool), ==,
                    dpdk_mempool_get_capacity (self->pool));
  self->usage = dpdk_test_usage_new ();
}

static void
before_compare (Before *self, guint n)
{
  g_autoptr (DpdkTestUsage) now = NULL;

  DPDK_TEST_WAIT_UNTIL (dpdk_mempool_get_in_use (self->pool) <= self->pool_in_use);
  g_assert_cmpuint (wait_until_stable (self->pool), <=, self->pool_in_use);
  now = dpdk_test_usage_new ();
  g_test_message ("%u connections: memory %+.1f MiB, %u buffers in use, %u before", n,
                  ((double) dpdk_test_usage_get_memory (now) -
                   (double) dpdk_test_usage_get_memory (self->usage)) /
                      MEBIBYTE,
                  dpdk_mempool_get_in_use (self->pool), self->pool_in_use);
  dpdk_test_usage_assert_same (self->usage, MAX_MEMORY);
  g_clear_pointer (&self->usage, dpdk_test_usage_free);
  g_clear_object (&self->pool);
}

/* what the two ends agree on for the n-th connection */
static gboolean
kernel_closes_first (guint n)
{
  return n / 2 % 2 == 0;
}

static guint8
get_first_byte (guint n)
{
  return kernel_closes_first (n) ? 'k' : 'w';
}

typedef struct {
  const char *const *hosts;
  guint16 port;
  guint n;
  gboolean is_done;
} Client;

static gpointer
client_thread (gpointer data)
{
  Client *self = data;

  for (guint i = 0; i < self->n; i++)
    {
      int fd = net_kernel_connect (self->hosts[i % 2], self->port);
      guint8 request[REQUEST_SIZE], answer[REQUEST_SIZE];

      memcpy (request, net_pattern (i), REQUEST_SIZE);
      request[0] = get_first_byte (i);
      net_kernel_write (fd, request, REQUEST_SIZE);
      net_kernel_read (fd, answer, REQUEST_SIZE);
      g_assert_cmpmem (answer, REQUEST_SIZE, request, REQUEST_SIZE);
      if (!kernel_closes_first (i))
        net_kernel_assert_at_end (fd);
      net_kernel_close (fd);
    }
  g_atomic_int_set (&self->is_done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

typedef struct {
  guint8 buffer[REQUEST_SIZE];
} Serving;

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Serving *serving = user_data;
  g_autoptr (GError) error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  g_assert_no_error (error);
  g_free (serving);
  g_object_unref (source);
}

static void
on_end (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GIOStream *stream = g_object_get_data (source, "stream");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error), ==, 0);
  g_assert_no_error (error);
  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, on_closed, user_data);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GIOStream *stream = g_object_get_data (source, "stream");
  Serving *serving = user_data;
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  g_assert_no_error (error);
  if (serving->buffer[0] == 'k')
    g_input_stream_read_async (g_io_stream_get_input_stream (stream), serving->buffer, 1,
                               G_PRIORITY_DEFAULT, NULL, on_end, serving);
  else
    g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, on_closed, serving);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GIOStream *stream = g_object_get_data (source, "stream");
  Serving *serving = user_data;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, REQUEST_SIZE);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), serving->buffer, n,
                                   G_PRIORITY_DEFAULT, NULL, on_written, serving);
}

typedef struct {
  guint n_accepted;
  guint n_open;
} Server;

static void
on_finalized (gpointer user_data, GObject *connection)
{
  ((Server *) user_data)->n_open--;
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  Serving *serving = g_new0 (Serving, 1);
  Server *server = user_data;

  server->n_accepted++;
  server->n_open++;
  g_object_ref (connection);
  g_object_weak_ref (G_OBJECT (connection), on_finalized, server);
  /* the streams do not hold the connection, so these do not make a circle */
  g_object_set_data (G_OBJECT (input), "stream", connection);
  g_object_set_data (G_OBJECT (output), "stream", connection);
  g_input_stream_read_all_async (input, serving->buffer, REQUEST_SIZE, G_PRIORITY_DEFAULT, NULL,
                                 on_read, serving);
}

static void
test_incoming (void)
{
  static const char *const hosts[] = { NET_OUR_V4, NET_OUR_V6 };
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, net_listener_get_port (v4));
  Client client = { .hosts = hosts, .port = net_listener_get_port (v4) };
  Server server = { 0 };
  GThread *thread;
  Before before;

  g_signal_connect (v4, "incoming", G_CALLBACK (on_incoming), &server);
  g_signal_connect (v6, "incoming", G_CALLBACK (on_incoming), &server);
  /* the first ones make what stays: neighbours, caches, GLib's types */
  for (guint round = 0; round < 2; round++)
    {
      if (round == 1)
        before_init (&before, runtime);
      client.n = round == 0 ? 100 : dpdk_test_scale (N_CONNECTIONS);
      client.is_done = FALSE;
      server = (Server){ 0 };
      thread = g_thread_new ("client", client_thread, &client);
      while (!g_atomic_int_get (&client.is_done))
        g_main_context_iteration (NULL, TRUE);
      g_thread_join (thread);
      DPDK_TEST_WAIT_UNTIL (server.n_open == 0);
      g_assert_cmpuint (server.n_accepted, ==, client.n);
    }
  before_compare (&before, client.n);
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

/* the same with us as the client, by blocking calls */
static void
test_outgoing (void)
{
  static const char *const hosts[] = { NET_KERNEL_V4, NET_KERNEL_V6 };
  DpdkRuntime *runtime = net_start ();
  guint n = dpdk_test_scale (2000);
  Before before;

  for (guint i = 0; i < n + 100; i++)
    {
      DpdkTcpConnection *connection;
      int listener, fd;
      guint16 port = 0;

      if (i == 100)
        before_init (&before, runtime);
      listener = net_kernel_listen (hosts[i % 2], 1, &port);
      connection = net_connect (runtime, hosts[i % 2], port);
      fd = net_kernel_accept (listener);
      net_kernel_close (listener);
      net_write_pattern (connection, i, REQUEST_SIZE);
      net_kernel_read_pattern (fd, i, REQUEST_SIZE);
      net_kernel_write_pattern (fd, i, REQUEST_SIZE);
      net_read_pattern (connection, i, REQUEST_SIZE);
      if (kernel_closes_first (i))
        {
          net_kernel_close (fd);
          net_assert_at_end (connection);
          net_close (connection);
        }
      else
        {
          net_close (connection);
          net_kernel_assert_at_end (fd);
          net_kernel_close (fd);
        }
      net_release (connection);
    }
  before_compare (&before, n);
  net_stop (runtime);
}

/* the kernel may use a port again while our end of the old connection is in TIME_WAIT */
static void
test_port_is_used_again (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);

  for (guint i = 0; i < 20; i++)
    {
      DpdkTcpConnection *connection;
      gint64 start = g_get_monotonic_time ();
      int error_number = 0;
      int fd = -1;

      /* the kernel still waits for our last acknowledgement for a moment */
      DPDK_TEST_WAIT_UNTIL (
          (fd = net_kernel_connect_from (NET_KERNEL_V4, 40000, NET_OUR_V4,
                                         net_listener_get_port (listener), &error_number)) >= 0 ||
          error_number != EADDRNOTAVAIL);
      g_assert_cmpint (error_number, ==, 0);
      connection = net_accept (listener);
      net_write_pattern (connection, i, REQUEST_SIZE);
      /* we close first, and have the TIME_WAIT */
      net_close (connection);
      net_release (connection);
      net_kernel_read_pattern (fd, i, REQUEST_SIZE);
      net_kernel_assert_at_end (fd);
      net_kernel_close (fd);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_TIME_SPAN_SECOND);
    }
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/sequential/incoming", DPDK_TEST_FLAGS_NETWORK, test_incoming);
  dpdk_test_add_func ("/net/sequential/outgoing", DPDK_TEST_FLAGS_NETWORK, test_outgoing);
  dpdk_test_add_func ("/net/sequential/port-is-used-again", DPDK_TEST_FLAGS_NETWORK,
                      test_port_is_used_again);
  return g_test_run ();
}
