/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many connections at once, of which every byte is compared */
#include "net-exact.h"
#include "net-kernel.h"

#define N_CONNECTIONS 200
#define MAX_SIZE (512 * 1024)
#define MAX_OPERATION 50000
#define N_THREADS 8
#define N_THREAD_CONNECTIONS 1000

/* all in one thread of ours, asynchronously */
static void
test_clients (void)
{
  const guint n = dpdk_test_scale (N_CONNECTIONS);
  DpdkRuntime *runtime = net_start ();
  NetKernelServer *server = net_kernel_server_new ("::", net_kernel_serve_echo, NULL);
  guint16 port = net_kernel_server_get_port (server);
  g_autoptr (GSocketAddress) v4 = net_address (NET_KERNEL_V4, port);
  g_autoptr (GSocketAddress) v6 = net_address (NET_KERNEL_V6, port);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  NetExact *clients = g_new0 (NetExact, n);
  guint n_done = 0;

  for (guint i = 0; i < n; i++)
    net_exact_start (&clients[i], runtime, random, i % 2 == 0 ? v4 : v6, MAX_SIZE, &n_done);
  DPDK_TEST_WAIT_UNTIL (n_done == n);
  g_free (clients);
  net_kernel_server_free (server);
  net_stop (runtime);
}

static gpointer
echo_thread (gpointer data)
{
  DpdkTcpConnection *connection = data;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GError) error = NULL;

  g_output_stream_splice (output, input, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
  g_assert_no_error (error);
  net_close (connection);
  net_release (connection);
  return NULL;
}

typedef struct {
  GRand *random;
  const char *host;
  guint16 port;
  int fd;
  guint64 offset;
  guint64 size;
} KernelClient;

static gpointer
kernel_writer_thread (gpointer data)
{
  KernelClient *self = data;

  for (guint64 done = 0, n; done < self->size; done += n)
    {
      n = (guint64) g_rand_int_range (self->random, 1, MAX_OPERATION);
      n = MIN (n, self->size - done);
      net_kernel_write (self->fd, net_pattern (self->offset + done), n);
      if (g_rand_int_range (self->random, 0, 10) == 0)
        g_usleep ((gulong) g_rand_int_range (self->random, 0, 5000));
    }
  net_kernel_finish (self->fd);
  return NULL;
}

static gpointer
kernel_client_thread (gpointer data)
{
  KernelClient *self = data;
  GThread *thread;

  self->fd = net_kernel_connect (self->host, self->port);
  thread = g_thread_new ("write", kernel_writer_thread, self);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (self->fd, self->offset), ==, self->size);
  g_thread_join (thread);
  net_kernel_close (self->fd);
  return NULL;
}

/* the other way round, with a thread of ours for each */
static void
test_servers (void)
{
  const guint n = dpdk_test_scale (N_CONNECTIONS);
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, "0.0.0.0", 0);
  DpdkTcpListener *v6 = net_listen (runtime, "::", 0);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  KernelClient *clients = g_new0 (KernelClient, n);

  for (guint i = 0; i < n; i++)
    {
      clients[i].random = g_rand_new_with_seed (g_rand_int (random));
      clients[i].host = i % 2 == 0 ? NET_OUR_V4 : NET_OUR_V6;
      clients[i].port = net_listener_get_port (i % 2 == 0 ? v4 : v6);
      clients[i].offset = g_rand_int (clients[i].random);
      clients[i].size = (guint64) g_rand_int_range (clients[i].random, 1, MAX_SIZE);
      g_ptr_array_add (threads, g_thread_new ("client", kernel_client_thread, &clients[i]));
    }
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (threads,
                     g_thread_new ("echo", echo_thread, net_accept (i % 2 == 0 ? v4 : v6)));
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  for (guint i = 0; i < n; i++)
    g_rand_free (clients[i].random);
  g_free (clients);
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

/* many threads of ours at one end of a link, a native server on the worker at the other */
typedef struct {
  DpdkTestPair *pair;
  DpdkTcpListener *listeners[2];
  gint n_echoed;
  gint n_open;
} Echo;

typedef struct {
  Echo *echo;
  GByteArray *pending;
  gboolean is_at_end;
} EchoConnection;

static void
free_echo (gpointer data)
{
  EchoConnection *self = data;

  g_atomic_int_inc (&self->echo->n_echoed);
  g_byte_array_unref (self->pending);
  g_free (self);
}

static void
echo_some (DpdkTcpSocket *socket, gpointer user_data)
{
  EchoConnection *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 buffer[16384];
  gsize n;

  /* what is held here does not grow without a limit, so what is not read stays in the window */
  while (!self->is_at_end && self->pending->len < sizeof buffer &&
         dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, &error) ==
             G_POLLABLE_RETURN_OK)
    {
      self->is_at_end = n == 0;
      g_byte_array_append (self->pending, buffer, (guint) n);
      if (self->pending->len > 0 &&
          dpdk_tcp_socket_try_write (socket, self->pending->data, self->pending->len, &n, &error) ==
              G_POLLABLE_RETURN_OK)
        g_byte_array_remove_range (self->pending, 0, (guint) n);
      g_assert_no_error (error);
    }
  g_assert_no_error (error);
  if (self->pending->len > 0 &&
      dpdk_tcp_socket_try_write (socket, self->pending->data, self->pending->len, &n, &error) ==
          G_POLLABLE_RETURN_OK)
    g_byte_array_remove_range (self->pending, 0, (guint) n);
  g_assert_no_error (error);
  if (self->is_at_end && self->pending->len == 0)
    dpdk_socket_close (DPDK_SOCKET (socket));
}

static void
on_accepted (DpdkTcpListener *listener, DpdkTcpSocket *socket, gpointer user_data)
{
  EchoConnection *connection = g_new0 (EchoConnection, 1);
  g_autoptr (GError) error = NULL;

  connection->echo = user_data;
  connection->pending = g_byte_array_new ();
  dpdk_tcp_socket_set_readable_callback (socket, echo_some, connection, free_echo, &error);
  g_assert_no_error (error);
  dpdk_tcp_socket_set_writable_callback (socket, echo_some, connection, NULL, &error);
  g_assert_no_error (error);
}

static void
begin_accepting (DpdkWorker *worker, gpointer user_data)
{
  Echo *self = user_data;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    dpdk_tcp_listener_set_accept_callback (self->listeners[i], on_accepted, self, NULL, &error);
  g_assert_no_error (error);
  g_atomic_int_inc (&self->n_open);
}

typedef struct {
  Echo *echo;
  GSocketAddress *addresses[2];
  GRand *random;
  guint n;
  guint max_size;
} ClientThread;

static gpointer
run_clients (gpointer data)
{
  ClientThread *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  NetExact *clients = g_new0 (NetExact, self->n);
  guint n_done = 0;

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < self->n; i++)
    net_exact_start (&clients[i], dpdk_test_pair_get_runtime (self->echo->pair, 0), self->random,
                     self->addresses[i % 2], self->max_size, &n_done);
  while (n_done < self->n)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  g_free (clients);
  return NULL;
}

static void
check_threads (DpdkTestImpairment *impairment, guint max_size)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4, G_SOCKET_FAMILY_IPV6 };
  const guint n = MAX (dpdk_test_scale (N_THREAD_CONNECTIONS) / N_THREADS, 4);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkTestLink) link = NULL;
  g_autoptr (DpdkWorker) worker = NULL;
  ClientThread threads[N_THREADS];
  GThread *handles[N_THREADS];
  Echo echo = { 0 };

  g_assert_no_error (error);
  link = impairment != NULL ? dpdk_test_link_new_impaired (eal, 1, impairment, &error)
                            : dpdk_test_link_new (eal, 1, &error);
  g_assert_no_error (error);
  echo.pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    echo.listeners[i] = net_listen (dpdk_test_pair_get_runtime (echo.pair, 1),
                                    dpdk_test_pair_get_address (echo.pair, 1, families[i]), 7000);
  worker = dpdk_runtime_dup_worker (dpdk_test_pair_get_runtime (echo.pair, 1), 0);
  dpdk_worker_invoke (worker, begin_accepting, &echo, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&echo.n_open) == 1);
  for (guint t = 0; t < N_THREADS; t++)
    {
      threads[t] = (ClientThread){ .echo = &echo, .n = n, .max_size = max_size };
      for (guint i = 0; i < 2; i++)
        threads[t].addresses[i] =
            net_address (dpdk_test_pair_get_address (echo.pair, 1, families[i]), 7000);
      threads[t].random = g_rand_new_with_seed (g_rand_int (random));
      handles[t] = g_thread_new ("clients", run_clients, &threads[t]);
    }
  for (guint t = 0; t < N_THREADS; t++)
    {
      g_thread_join (handles[t]);
      g_rand_free (threads[t].random);
      g_object_unref (threads[t].addresses[0]);
      g_object_unref (threads[t].addresses[1]);
    }
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&echo.n_echoed) == (gint) (n * N_THREADS));
  for (guint i = 0; i < 2; i++)
    net_release (echo.listeners[i]);
  g_clear_object (&worker);
  dpdk_test_pair_assert_shutdown (echo.pair, 0);
  dpdk_test_pair_assert_shutdown (echo.pair, 1);
  dpdk_test_assert_finalize (echo.pair);
}

static void
test_threads (void)
{
  check_threads (NULL, 64 * 1024);
}

/* 1 % of the packets are lost, some come twice, some out of order, and each takes 20 ms */
static void
test_threads_lossy (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_loss (impairment, 0.01);
  dpdk_test_impairment_set_reorder (impairment, 0.01);
  dpdk_test_impairment_set_duplicate (impairment, 0.01);
  dpdk_test_impairment_set_delay (impairment, 20000);
  check_threads (impairment, 32 * 1024);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/exact/clients", DPDK_TEST_FLAGS_NETWORK, test_clients);
  dpdk_test_add_func ("/net/exact/servers", DPDK_TEST_FLAGS_NETWORK, test_servers);
  dpdk_test_add_func ("/net/exact/threads", DPDK_TEST_FLAGS_NONE, test_threads);
  dpdk_test_add_func ("/net/exact/threads-lossy", DPDK_TEST_FLAGS_NONE, test_threads_lossy);
  return g_test_run ();
}
