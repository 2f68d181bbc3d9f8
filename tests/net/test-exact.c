/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many connections at once, of which every byte is compared */
#include "net-fixture.h"
#include "net-kernel.h"

#define N_CONNECTIONS 200
#define MAX_SIZE (512 * 1024)
#define MAX_OPERATION 50000

typedef struct {
  DpdkTcpSocket *socket;
  DpdkTcpConnection *connection;
  GRand *random;
  guint64 size;
  guint64 n_written;
  guint64 n_read;
  /* whether the end is told by us before all is read */
  gboolean half_close;
  gboolean write_is_over;
  guint8 buffer[MAX_OPERATION];
  GChecksum *sent;
  GChecksum *received;
  guint *n_done;
} Client;

static void client_read (Client *self);
static void client_write (Client *self);

static void
client_check_end (Client *self)
{
  if (!self->write_is_over || self->n_read < self->size)
    return;
  g_assert_cmpstr (g_checksum_get_string (self->sent), ==, g_checksum_get_string (self->received));
  net_close (self->connection);
  net_release (g_steal_pointer (&self->connection));
  g_checksum_free (self->sent);
  g_checksum_free (self->received);
  g_rand_free (self->random);
  (*self->n_done)++;
}

/* sometimes at once, sometimes later */
static void
client_continue (Client *self, GSourceOnceFunc func)
{
  if (g_rand_int_range (self->random, 0, 20) == 0)
    g_timeout_add_once ((guint) g_rand_int_range (self->random, 0, 30), func, self);
  else
    func (self);
}

static void
client_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  if (n == 0)
    {
      g_assert_true (self->half_close);
      g_assert_cmpuint (self->n_read, ==, self->size);
      client_check_end (self);
      return;
    }
  g_checksum_update (self->received, self->buffer, n);
  self->n_read += (guint64) n;
  g_assert_cmpuint (self->n_read, <=, self->size);
  /* without a half-close the other end never ends */
  if (self->n_read == self->size && !self->half_close)
    client_check_end (self);
  else
    client_continue (self, (GSourceOnceFunc) client_read);
}

static void
client_read (Client *self)
{
  gsize size = (gsize) g_rand_int_range (self->random, 1, MAX_OPERATION);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                             self->buffer, size, G_PRIORITY_DEFAULT, NULL, client_on_read, self);
}

static void
client_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
  g_checksum_update (self->sent, net_pattern (self->n_written), n);
  self->n_written += (guint64) n;
  client_continue (self, (GSourceOnceFunc) client_write);
}

static void
client_write (Client *self)
{
  gsize size = (gsize) g_rand_int_range (self->random, 1, MAX_OPERATION);
  g_autoptr (GError) error = NULL;

  if (self->n_written < self->size)
    {
      g_output_stream_write_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                   net_pattern (self->n_written),
                                   MIN (size, self->size - self->n_written), G_PRIORITY_DEFAULT,
                                   NULL, client_on_written, self);
      return;
    }
  if (self->half_close)
    dpdk_tcp_connection_shutdown (self->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  self->write_is_over = TRUE;
  if (!self->half_close)
    client_check_end (self);
}

static void
client_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;

  self->connection = dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);
  g_assert_no_error (error);
  g_clear_object (&self->socket);
  client_read (self);
  client_write (self);
}

static void
client_start (Client *self, DpdkRuntime *runtime, GRand *random, GSocketAddress *address,
              guint *n_done)
{
  g_autoptr (GError) error = NULL;

  self->random = g_rand_new_with_seed (g_rand_int (random));
  self->size = (guint64) g_rand_int_range (self->random, 1, MAX_SIZE);
  self->half_close = g_rand_boolean (self->random);
  self->sent = g_checksum_new (G_CHECKSUM_SHA256);
  self->received = g_checksum_new (G_CHECKSUM_SHA256);
  self->n_done = n_done;
  self->socket = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
  g_assert_no_error (error);
  dpdk_tcp_socket_connect_async (self->socket, address, NULL, client_on_connected, self);
}

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
  Client *clients = g_new0 (Client, n);
  guint n_done = 0;

  for (guint i = 0; i < n; i++)
    client_start (&clients[i], runtime, random, i % 2 == 0 ? v4 : v6, &n_done);
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

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/exact/clients", DPDK_TEST_FLAGS_NETWORK, test_clients);
  dpdk_test_add_func ("/net/exact/servers", DPDK_TEST_FLAGS_NETWORK, test_servers);
  return g_test_run ();
}
