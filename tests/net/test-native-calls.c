/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* native calls are for the thread of the worker: every one of them is refused on all others, where the
   call of GIO that does the same works */
#include "net-calls.h"
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>

static gboolean
is_ok (GPollableReturn result)
{
  return result != G_POLLABLE_RETURN_FAILED;
}

static gboolean
call_try_read (NetCalls *self, GError **error)
{
  guint8 byte;
  gsize n;

  return is_ok (dpdk_tcp_socket_try_read (self->socket, &byte, 1, &n, error));
}

static gboolean
call_try_read_nothing (NetCalls *self, GError **error)
{
  gsize n;

  return is_ok (dpdk_tcp_socket_try_read (self->socket, NULL, 0, &n, error));
}

static gboolean
call_try_peek (NetCalls *self, GError **error)
{
  guint8 byte;
  gsize n;

  return is_ok (dpdk_tcp_socket_try_peek (self->socket, &byte, 1, &n, error));
}

static gboolean
call_try_read_bytes (NetCalls *self, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  return is_ok (dpdk_tcp_socket_try_read_bytes (self->socket, 1, &bytes, error));
}

static gboolean
call_try_read_vectors (NetCalls *self, GError **error)
{
  guint8 byte;
  const GInputVector vector = { &byte, 1 };
  gsize n;

  return is_ok (dpdk_tcp_socket_try_read_vectors (self->socket, &vector, 1, &n, error));
}

static gboolean
call_try_write (NetCalls *self, GError **error)
{
  gsize n;

  return is_ok (dpdk_tcp_socket_try_write (self->socket, "x", 1, &n, error));
}

static gboolean
call_try_write_bytes (NetCalls *self, GError **error)
{
  gsize n;

  return is_ok (dpdk_tcp_socket_try_write_bytes (self->socket, self->bytes, 0, &n, error));
}

static gboolean
call_try_write_vectors (NetCalls *self, GError **error)
{
  const GOutputVector vector = { "x", 1 };
  gsize n;

  return is_ok (dpdk_tcp_socket_try_write_vectors (self->socket, &vector, 1, &n, error));
}

static void
ignore_ready (DpdkTcpSocket *socket, gpointer user_data)
{
}

static gboolean
call_set_readable (NetCalls *self, GError **error)
{
  return dpdk_tcp_socket_set_readable_callback (self->socket, ignore_ready, NULL, NULL, error) &&
         dpdk_tcp_socket_set_readable_callback (self->socket, NULL, NULL, NULL, error);
}

static gboolean
call_set_writable (NetCalls *self, GError **error)
{
  return dpdk_tcp_socket_set_writable_callback (self->socket, ignore_ready, NULL, NULL, error) &&
         dpdk_tcp_socket_set_writable_callback (self->socket, NULL, NULL, NULL, error);
}

static void
ignore_connected (DpdkTcpSocket *socket, const GError *error, gpointer user_data)
{
}

static gboolean
call_begin_connect (NetCalls *self, GError **error)
{
  return dpdk_tcp_socket_begin_connect (self->fresh, self->address, ignore_connected, NULL, NULL,
                                        error);
}

static gboolean
call_udp_try_receive (NetCalls *self, GError **error)
{
  DpdkUdpMessage message;

  return dpdk_udp_socket_try_receive (self->udp, &message, 1, error) >= 0;
}

static gboolean
call_udp_set_readable (NetCalls *self, GError **error)
{
  return dpdk_udp_socket_set_readable_callback (self->udp, NULL, NULL, NULL, error);
}

static gboolean
call_udp_try_receive_bytes (NetCalls *self, GError **error)
{
  g_autoptr (GBytes) bytes = dpdk_udp_socket_try_receive_bytes (self->udp, NULL, error);

  if (bytes == NULL && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (error);
      return TRUE;
    }
  return bytes != NULL;
}

static gboolean
call_udp_try_send (NetCalls *self, GError **error)
{
  DpdkUdpMessage message = { 0 };
  g_autoptr (GSocketAddress) peer = net_address (NET_KERNEL_V4, net_kernel_get_port (self->udp_fd));
  gint n;

  message.packet = dpdk_mempool_acquire (self->pool, error);
  if (message.packet == NULL ||
      !dpdk_packet_append (message.packet, (const guint8 *) "x", 1, error) ||
      !dpdk_udp_address_init (&message.address, peer, error))
    return FALSE;
  n = dpdk_udp_socket_try_send (self->udp, &message, 1, error);
  /* what was refused still belongs to the caller */
  if (n != 1)
    dpdk_packet_unref (message.packet);
  return n == 1;
}

static void
ignore_accepted (DpdkTcpListener *listener, DpdkTcpSocket *socket, gpointer user_data)
{
}

static gboolean
call_set_accept (NetCalls *self, GError **error)
{
  return dpdk_tcp_listener_set_accept_callback (self->listener, ignore_accepted, NULL, NULL,
                                                error) &&
         dpdk_tcp_listener_set_accept_callback (self->listener, NULL, NULL, NULL, error);
}

static gboolean
gio_read (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  guint8 byte;

  return g_input_stream_read (input, &byte, 1, NULL, error) == 1;
}

static gboolean
gio_peek (NetCalls *self, GError **error)
{
  g_autoptr (GBytes) bytes = dpdk_tcp_connection_peek_bytes (self->connection, 1, NULL, error);

  return bytes != NULL && g_bytes_get_size (bytes) == 1;
}

static gboolean
gio_read_bytes (NetCalls *self, GError **error)
{
  g_autoptr (GBytes) bytes = dpdk_tcp_connection_read_bytes (self->connection, 1, NULL, error);

  return bytes != NULL && g_bytes_get_size (bytes) == 1;
}

static gboolean
gio_read_vectors (NetCalls *self, GError **error)
{
  guint8 byte;
  const GInputVector vector = { &byte, 1 };

  return dpdk_tcp_connection_read_vectors (self->connection, &vector, 1, NULL, error) == 1;
}

static gboolean
gio_write (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  return g_output_stream_write (output, "x", 1, NULL, error) == 1;
}

static gboolean
gio_write_bytes (NetCalls *self, GError **error)
{
  return dpdk_tcp_connection_write_bytes (self->connection, self->bytes, NULL, error);
}

static gboolean
gio_write_vectors (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  const GOutputVector vector = { "x", 1 };
  gsize n;

  return g_output_stream_writev (output, &vector, 1, &n, NULL, error) && n == 1;
}

static gboolean
on_condition (gpointer object, GIOCondition condition, gpointer user_data)
{
  *(GIOCondition *) user_data = condition;
  return G_SOURCE_REMOVE;
}

/* takes over the source */
static gboolean
wait_for (GSource *source, GIOCondition wanted)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GIOCondition condition = 0;

  g_source_set_callback (source, G_SOURCE_FUNC (on_condition), &condition, NULL);
  g_source_attach (source, context);
  while (condition == 0)
    g_main_context_iteration (context, TRUE);
  g_source_unref (source);
  return (condition & wanted) != 0;
}

static gboolean
gio_readable (NetCalls *self, GError **error)
{
  return wait_for (dpdk_tcp_connection_create_source (self->connection, G_IO_IN, NULL), G_IO_IN);
}

static gboolean
gio_writable (NetCalls *self, GError **error)
{
  return wait_for (dpdk_tcp_connection_create_source (self->connection, G_IO_OUT, NULL), G_IO_OUT);
}

static gboolean
gio_connect (NetCalls *self, GError **error)
{
  g_autoptr (DpdkTcpSocket) socket =
      dpdk_tcp_socket_new (self->runtime, G_SOCKET_FAMILY_IPV4, error);
  g_autoptr (DpdkTcpConnection) connection = NULL;

  if (socket == NULL)
    return FALSE;
  connection = dpdk_tcp_socket_connect (socket, self->address, NULL, error);
  if (connection == NULL)
    return FALSE;
  net_kernel_close (net_kernel_accept (self->kernel_listener));
  return TRUE;
}

static gboolean
gio_accept (NetCalls *self, GError **error)
{
  int fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (self->listener));
  g_autoptr (DpdkTcpConnection) connection = dpdk_tcp_listener_accept (self->listener, NULL, error);

  net_kernel_close (fd);
  return connection != NULL;
}

static void
send_to_us (NetCalls *self)
{
  net_kernel_udp_send (self->udp_fd, NET_OUR_V4, net_udp_get_port (self->udp), "x", 1);
}

static gboolean
gio_udp_receive (NetCalls *self, GError **error)
{
  guint8 byte;
  GInputVector vector = { &byte, 1 };
  GInputMessage message = { .vectors = &vector, .num_vectors = 1 };

  send_to_us (self);
  return g_datagram_based_receive_messages (G_DATAGRAM_BASED (self->udp), &message, 1, 0, -1, NULL,
                                            error) == 1;
}

static gboolean
gio_udp_receive_bytes (NetCalls *self, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  send_to_us (self);
  bytes = dpdk_udp_socket_receive_bytes (self->udp, NULL, -1, NULL, error);
  return bytes != NULL;
}

static gboolean
gio_udp_send (NetCalls *self, GError **error)
{
  g_autoptr (GSocketAddress) peer = net_address (NET_KERNEL_V4, net_kernel_get_port (self->udp_fd));
  GOutputVector vector = { "x", 1 };
  GOutputMessage message = { .address = peer, .vectors = &vector, .num_vectors = 1 };

  return g_datagram_based_send_messages (G_DATAGRAM_BASED (self->udp), &message, 1, 0, -1, NULL,
                                         error) == 1;
}

static gboolean
gio_udp_readable (NetCalls *self, GError **error)
{
  send_to_us (self);
  if (!wait_for (g_datagram_based_create_source (G_DATAGRAM_BASED (self->udp), G_IO_IN, NULL),
                 G_IO_IN))
    return FALSE;
  g_bytes_unref (dpdk_udp_socket_receive_bytes (self->udp, NULL, 0, NULL, error));
  return *error == NULL;
}

typedef struct {
  const char *name;
  NetCall call;
  /* what does the same anywhere else, and may wait */
  NetCall gio;
  /* how many bytes of TCP and how many datagrams each sends, and how many bytes the other one reads */
  guint n_written;
  guint n_sent;
  guint n_read;
} Case;

static const Case cases[] = {
  { "dpdk_tcp_socket_try_read", call_try_read, gio_read, 0, 0, 1 },
  { "dpdk_tcp_socket_try_read", call_try_read_nothing, NULL, 0, 0, 0 },
  { "dpdk_tcp_socket_try_peek", call_try_peek, gio_peek, 0, 0, 0 },
  { "dpdk_tcp_socket_try_read_bytes", call_try_read_bytes, gio_read_bytes, 0, 0, 1 },
  { "dpdk_tcp_socket_try_read_vectors", call_try_read_vectors, gio_read_vectors, 0, 0, 1 },
  { "dpdk_tcp_socket_try_write", call_try_write, gio_write, 1, 0, 0 },
  { "dpdk_tcp_socket_try_write_bytes", call_try_write_bytes, gio_write_bytes, 1, 0, 0 },
  { "dpdk_tcp_socket_try_write_vectors", call_try_write_vectors, gio_write_vectors, 1, 0, 0 },
  { "dpdk_tcp_socket_set_readable_callback", call_set_readable, gio_readable, 0, 0, 0 },
  { "dpdk_tcp_socket_set_writable_callback", call_set_writable, gio_writable, 0, 0, 0 },
  { "dpdk_tcp_socket_begin_connect", call_begin_connect, gio_connect, 0, 0, 0 },
  { "dpdk_tcp_listener_set_accept_callback", call_set_accept, gio_accept, 0, 0, 0 },
  { "dpdk_udp_socket_set_readable_callback", call_udp_set_readable, gio_udp_readable, 0, 0, 0 },
  { "dpdk_udp_socket_try_receive", call_udp_try_receive, gio_udp_receive, 0, 0, 0 },
  { "dpdk_udp_socket_try_receive_bytes", call_udp_try_receive_bytes, gio_udp_receive_bytes, 0, 0,
    0 },
  { "dpdk_udp_socket_try_send", call_udp_try_send, gio_udp_send, 0, 1, 0 },
};

/* whatever is exported and looks like one of them is in the table */
static void
test_table (void)
{
  g_auto (GStrv) symbols = net_calls_read_symbols ();
  guint n_found = 0;

  for (guint i = 0; symbols[i] != NULL; i++)
    {
      gboolean is_in_table = FALSE;

      if (!g_regex_match_simple ("^dpdk_(tcp|udp)_.*_(try_|begin_|set_.*_callback)", symbols[i], 0,
                                 0))
        continue;
      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        is_in_table |= g_str_equal (cases[j].name, symbols[i]);
      if (!is_in_table)
        g_error ("%s is not in the table", symbols[i]);
      n_found++;
    }
  /* one is there twice */
  g_assert_cmpuint (n_found, ==, G_N_ELEMENTS (cases) - 1);
}

static void
assert_all_refused (NetCalls *self, const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      if (cases[i].call (self, &error))
        g_error ("%s succeeded", cases[i].name);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
      if (!g_str_has_prefix (error->message, cases[i].name) ||
          strstr (error->message, text) == NULL)
        g_error ("%s: %s", cases[i].name, error->message);
    }
}

/* the listener is of all workers of the runtime */
static void
on_other_worker (NetCalls *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      if (cases[i].call (self, &error) != (cases[i].call == call_set_accept))
        g_error ("%s: %s", cases[i].name, error != NULL ? error->message : "it succeeded");
      if (cases[i].call == call_set_accept)
        continue;
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
      if (!g_str_has_prefix (error->message, cases[i].name) ||
          strstr (error->message, "belongs to worker 0, and this is worker 1") == NULL)
        g_error ("%s: %s", cases[i].name, error->message);
    }
}

static void
on_no_worker (NetCalls *self)
{
  assert_all_refused (self, "this thread is no worker");
}

static void
on_own_worker (NetCalls *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      if (!cases[i].call (self, &error))
        g_error ("%s: %s", cases[i].name, error != NULL ? error->message : "failed");
    }
}

static void
by_gio (NetCalls *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      if (cases[i].gio != NULL && !cases[i].gio (self, &error))
        g_error ("instead of %s: %s", cases[i].name, error != NULL ? error->message : "failed");
    }
}

/* nothing more and nothing less has arrived than what was not refused */
static void
assert_sent (NetCalls *self, guint n_times)
{
  guint n_written = 0, n_sent = 0;
  guint8 data[64];
  gssize n;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      n_written += n_times * cases[i].n_written;
      n_sent += n_times * cases[i].n_sent;
    }
  g_assert_cmpuint (n_written, <=, sizeof data);
  net_kernel_read (self->fd, data, n_written);
  for (guint i = 0; i < n_sent; i++)
    g_assert_cmpuint (net_kernel_udp_receive (self->udp_fd, data, sizeof data, NULL), ==, 1);
  g_assert_false (net_kernel_is_readable (self->fd));
  g_assert_false (net_kernel_udp_try_receive (self->udp_fd, data, sizeof data, &n));
}

static void
test_refused (void)
{
  NetCalls calls;

  net_calls_start (&calls);
  on_no_worker (&calls);
  net_calls_run_on_thread (&calls, on_no_worker);
  net_calls_run_on_worker (&calls, 1, on_other_worker);
  assert_sent (&calls, 0);
  net_calls_run_on_worker (&calls, 0, on_own_worker);
  assert_sent (&calls, 1);
  net_calls_stop (&calls);
}

static void
test_gio (void)
{
  NetCalls calls;
  guint n_read = 0;

  net_calls_start (&calls);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    n_read += cases[i].n_read;
  /* one stays, so that it can be seen to be there */
  net_kernel_write_pattern (calls.fd, 0, 2 * n_read + 1);
  by_gio (&calls);
  assert_sent (&calls, 1);
  net_calls_run_on_thread (&calls, by_gio);
  assert_sent (&calls, 1);
  net_read_pattern (calls.connection, 2 * n_read, 1);
  net_calls_stop (&calls);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/native-calls/table", DPDK_TEST_FLAGS_NONE, test_table);
  dpdk_test_add_func ("/net/native-calls/refused", DPDK_TEST_FLAGS_NETWORK, test_refused);
  dpdk_test_add_func ("/net/native-calls/gio", DPDK_TEST_FLAGS_NETWORK, test_gio);
  return g_test_run ();
}
