/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* calls that wait are refused on the thread of a worker, wherever their object belongs to, and each says
   what to call instead */
#include "net-calls.h"
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>

static gboolean
call_tcp_socket_connect (NetCalls *self, GError **error)
{
  return dpdk_tcp_socket_connect (self->fresh, self->address, NULL, error) != NULL;
}

static gboolean
call_tcp_socket_bind_to_host (NetCalls *self, GError **error)
{
  return dpdk_tcp_socket_bind_to_host (self->fresh, NET_OUR_V4, 0, NULL, NULL, error);
}

static gboolean
call_udp_socket_bind_to_host (NetCalls *self, GError **error)
{
  return dpdk_udp_socket_bind_to_host (self->fresh_udp, NET_OUR_V4, 0, NULL, NULL, error);
}

static gboolean
call_tcp_client_connect (NetCalls *self, GError **error)
{
  return dpdk_tcp_client_connect (self->client, G_SOCKET_CONNECTABLE (self->address), NULL,
                                  error) != NULL;
}

static gboolean
call_tcp_client_connect_to_host (NetCalls *self, GError **error)
{
  return dpdk_tcp_client_connect_to_host (self->client, NET_KERNEL_V4, 80, NULL, error) != NULL;
}

static gboolean
call_tcp_client_connect_to_uri (NetCalls *self, GError **error)
{
  return dpdk_tcp_client_connect_to_uri (self->client, "http://" NET_KERNEL_V4, 80, NULL, error) !=
         NULL;
}

static gboolean
call_tcp_listener_accept (NetCalls *self, GError **error)
{
  return dpdk_tcp_listener_accept (self->listener, NULL, error) != NULL;
}

static gboolean
call_tcp_listener_new_for_host (NetCalls *self, GError **error)
{
  return dpdk_tcp_listener_new_for_host (self->runtime, "localhost", 1, 1, NULL, NULL, error) !=
         NULL;
}

static gboolean
call_input_stream_read (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  guint8 byte;

  return g_input_stream_read (input, &byte, 1, NULL, error) >= 0;
}

static gboolean
call_input_stream_read_all (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  guint8 byte;
  gsize n;

  return g_input_stream_read_all (input, &byte, 1, &n, NULL, error);
}

static gboolean
call_input_stream_read_bytes (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes (input, 1, NULL, error);

  return bytes != NULL;
}

static gboolean
call_input_stream_skip (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));

  return g_input_stream_skip (input, 1, NULL, error) >= 0;
}

static gboolean
call_pollable_stream_read (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  guint8 byte;

  return g_pollable_stream_read (input, &byte, 1, TRUE, NULL, error) >= 0;
}

static gboolean
call_tcp_connection_read_bytes (NetCalls *self, GError **error)
{
  return dpdk_tcp_connection_read_bytes (self->connection, 1, NULL, error) != NULL;
}

static gboolean
call_tcp_connection_read_vectors (NetCalls *self, GError **error)
{
  guint8 byte;
  const GInputVector vector = { &byte, 1 };

  return dpdk_tcp_connection_read_vectors (self->connection, &vector, 1, NULL, error) >= 0;
}

static gboolean
call_tcp_connection_peek_bytes (NetCalls *self, GError **error)
{
  return dpdk_tcp_connection_peek_bytes (self->connection, 1, NULL, error) != NULL;
}

static gboolean
call_output_stream_write (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  return g_output_stream_write (output, "x", 1, NULL, error) >= 0;
}

static gboolean
call_output_stream_write_all (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  return g_output_stream_write_all (output, "x", 1, NULL, NULL, error);
}

static gboolean
call_output_stream_write_bytes (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  return g_output_stream_write_bytes (output, self->bytes, NULL, error) >= 0;
}

static gboolean
call_output_stream_writev (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  const GOutputVector vector = { "x", 1 };

  return g_output_stream_writev (output, &vector, 1, NULL, NULL, error);
}

static gboolean
call_output_stream_splice (NetCalls *self, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  return g_output_stream_splice (output, input, G_OUTPUT_STREAM_SPLICE_NONE, NULL, error) >= 0;
}

static gboolean
call_pollable_stream_write (NetCalls *self, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  return g_pollable_stream_write (output, "x", 1, TRUE, NULL, error) >= 0;
}

static gboolean
call_tcp_connection_write_bytes (NetCalls *self, GError **error)
{
  return dpdk_tcp_connection_write_bytes (self->connection, self->bytes, NULL, error);
}

static gboolean
call_tcp_connection_condition_wait (NetCalls *self, GError **error)
{
  return dpdk_tcp_connection_condition_wait (self->connection, G_IO_IN, -1, NULL, error);
}

static gboolean
call_udp_socket_receive_bytes (NetCalls *self, GError **error)
{
  return dpdk_udp_socket_receive_bytes (self->udp, NULL, -1, NULL, error) != NULL;
}

static gboolean
call_udp_socket_receive_bytes_for_a_while (NetCalls *self, GError **error)
{
  return dpdk_udp_socket_receive_bytes (self->udp, NULL, 1000, NULL, error) != NULL;
}

static gboolean
call_udp_socket_send_bytes (NetCalls *self, GError **error)
{
  return dpdk_udp_socket_send_bytes (self->udp, self->address, self->bytes, -1, NULL, error);
}

static gboolean
call_datagram_based_receive_messages (NetCalls *self, GError **error)
{
  guint8 byte;
  GInputVector vector = { &byte, 1 };
  GInputMessage message = { .vectors = &vector, .num_vectors = 1 };

  return g_datagram_based_receive_messages (G_DATAGRAM_BASED (self->udp), &message, 1, 0, -1, NULL,
                                            error) >= 0;
}

static gboolean
call_datagram_based_send_messages (NetCalls *self, GError **error)
{
  GOutputVector vector = { "x", 1 };
  GOutputMessage message = { .address = self->address, .vectors = &vector, .num_vectors = 1 };

  return g_datagram_based_send_messages (G_DATAGRAM_BASED (self->udp), &message, 1, 0, -1, NULL,
                                         error) >= 0;
}

static gboolean
call_datagram_based_condition_wait (NetCalls *self, GError **error)
{
  return g_datagram_based_condition_wait (G_DATAGRAM_BASED (self->udp), G_IO_IN, -1, NULL, error);
}

static gboolean
call_resolver_lookup_by_name (NetCalls *self, GError **error)
{
  return g_resolver_lookup_by_name (G_RESOLVER (self->resolver), "name.test", NULL, error) != NULL;
}

static gboolean
call_resolver_lookup_by_name_with_flags (NetCalls *self, GError **error)
{
  return g_resolver_lookup_by_name_with_flags (G_RESOLVER (self->resolver), "name.test",
                                               G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY, NULL,
                                               error) != NULL;
}

static gboolean
call_resolver_lookup_by_address (NetCalls *self, GError **error)
{
  GInetAddress *address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (self->address));

  return g_resolver_lookup_by_address (G_RESOLVER (self->resolver), address, NULL, error) != NULL;
}

static gboolean
call_resolver_lookup_records (NetCalls *self, GError **error)
{
  return g_resolver_lookup_records (G_RESOLVER (self->resolver), "name.test", G_RESOLVER_RECORD_TXT,
                                    NULL, error) != NULL;
}

static gboolean
call_resolver_lookup_service (NetCalls *self, GError **error)
{
  return g_resolver_lookup_service (G_RESOLVER (self->resolver), "http", "tcp", "name.test", NULL,
                                    error) != NULL;
}

static gboolean
call_mempool_acquire_sync (NetCalls *self, GError **error)
{
  return dpdk_mempool_acquire_sync (self->pool, NULL, error) != NULL;
}

static gboolean
call_runtime_run (NetCalls *self, GError **error)
{
  return dpdk_runtime_run (self->runtime, error);
}

static gboolean
call_runtime_shutdown (NetCalls *self, GError **error)
{
  return dpdk_runtime_shutdown (self->runtime, 1000, error);
}

static gboolean
call_eal_shutdown (NetCalls *self, GError **error)
{
  return dpdk_eal_shutdown (self->eal, 1000, error);
}

typedef struct {
  const char *name;
  /* what the error says to call */
  const char *instead;
  NetCall call;
} Case;

static const Case cases[] = {
  { "dpdk_tcp_socket_connect", "dpdk_tcp_socket_connect_async()", call_tcp_socket_connect },
  { "dpdk_tcp_socket_bind_to_host", "dpdk_tcp_socket_bind_to_host_async()",
    call_tcp_socket_bind_to_host },
  { "dpdk_udp_socket_bind_to_host", "dpdk_udp_socket_bind_to_host_async()",
    call_udp_socket_bind_to_host },
  { "dpdk_tcp_client_connect", "dpdk_tcp_client_connect_async()", call_tcp_client_connect },
  { "dpdk_tcp_client_connect_to_host", "dpdk_tcp_client_connect_to_host_async()",
    call_tcp_client_connect_to_host },
  { "dpdk_tcp_client_connect_to_uri", "dpdk_tcp_client_connect_to_uri_async()",
    call_tcp_client_connect_to_uri },
  { "dpdk_tcp_listener_accept", "dpdk_tcp_listener_accept_async()", call_tcp_listener_accept },
  { "dpdk_tcp_listener_new_for_host", "dpdk_tcp_listener_new_for_host_async()",
    call_tcp_listener_new_for_host },
  { "g_input_stream_read", "read_async()", call_input_stream_read },
  { "g_input_stream_read_all", "read_async()", call_input_stream_read_all },
  { "g_input_stream_read_bytes", "read_async()", call_input_stream_read_bytes },
  { "g_input_stream_skip", "read_async()", call_input_stream_skip },
  { "g_pollable_stream_read", "read_async()", call_pollable_stream_read },
  { "dpdk_tcp_connection_read_bytes", "read_async()", call_tcp_connection_read_bytes },
  { "dpdk_tcp_connection_read_vectors", "read_async()", call_tcp_connection_read_vectors },
  { "dpdk_tcp_connection_peek_bytes", "read_async()", call_tcp_connection_peek_bytes },
  { "g_output_stream_write", "write_async()", call_output_stream_write },
  { "g_output_stream_write_all", "write_async()", call_output_stream_write_all },
  { "g_output_stream_write_bytes", "write_async()", call_output_stream_write_bytes },
  { "g_output_stream_writev", "write_async()", call_output_stream_writev },
  { "g_output_stream_splice", "read_async()", call_output_stream_splice },
  { "g_pollable_stream_write", "write_async()", call_pollable_stream_write },
  { "dpdk_tcp_connection_write_bytes", "write_async()", call_tcp_connection_write_bytes },
  { "dpdk_tcp_connection_condition_wait", "dpdk_tcp_connection_create_source()",
    call_tcp_connection_condition_wait },
  { "dpdk_udp_socket_receive_bytes", "dpdk_udp_socket_set_readable_callback()",
    call_udp_socket_receive_bytes },
  { "dpdk_udp_socket_receive_bytes", "a timeout of 0", call_udp_socket_receive_bytes_for_a_while },
  { "dpdk_udp_socket_send_bytes", "a timeout of 0", call_udp_socket_send_bytes },
  { "g_datagram_based_receive_messages", "a timeout of 0", call_datagram_based_receive_messages },
  { "g_datagram_based_send_messages", "a timeout of 0", call_datagram_based_send_messages },
  { "g_datagram_based_condition_wait", "a source", call_datagram_based_condition_wait },
  { "g_resolver_lookup_by_name", "g_resolver_lookup_by_name_async()",
    call_resolver_lookup_by_name },
  { "g_resolver_lookup_by_name_with_flags", "g_resolver_lookup_by_name_with_flags_async()",
    call_resolver_lookup_by_name_with_flags },
  { "g_resolver_lookup_by_address", "g_resolver_lookup_by_address_async()",
    call_resolver_lookup_by_address },
  { "g_resolver_lookup_records", "g_resolver_lookup_records_async()",
    call_resolver_lookup_records },
  { "g_resolver_lookup_service", "g_resolver_lookup_records_async()",
    call_resolver_lookup_service },
  { "dpdk_mempool_acquire_sync", "dpdk_mempool_acquire_async()", call_mempool_acquire_sync },
  { "dpdk_runtime_run", "call it from another thread", call_runtime_run },
  { "dpdk_runtime_shutdown", "dpdk_runtime_shutdown_async()", call_runtime_shutdown },
  { "dpdk_eal_shutdown", "dpdk_eal_shutdown_async()", call_eal_shutdown },
};

static gboolean
is_symbol (char **symbols, const char *name)
{
  return g_strv_contains ((const char *const *) symbols, name);
}

/* whatever has an asynchronous form that is exported is in the table */
static void
test_table (void)
{
  g_auto (GStrv) symbols = net_calls_read_symbols ();
  guint n_found = 0;

  for (guint i = 0; symbols[i] != NULL; i++)
    {
      g_autofree char *name = NULL;
      g_autofree char *other = NULL;
      gboolean is_in_table = FALSE;

      if (!g_str_has_suffix (symbols[i], "_async"))
        continue;
      name = g_strndup (symbols[i], strlen (symbols[i]) - strlen ("_async"));
      other = g_strconcat (name, "_sync", NULL);
      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        is_in_table |= g_str_equal (cases[j].name, is_symbol (symbols, other) ? other : name);
      if (!is_in_table && is_symbol (symbols, name))
        g_error ("%s is not in the table", name);
      n_found++;
    }
  g_assert_cmpuint (n_found, >, 10);
}

/* none of them may wait: the test would not end */
static void
assert_all_refused (NetCalls *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      if (cases[i].call (self, &error))
        g_error ("%s succeeded", cases[i].name);
      if (!g_error_matches (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK) ||
          strstr (error->message, cases[i].instead) == NULL)
        g_error ("%s: %s", cases[i].name, error->message);
    }
}

/* what does not wait is allowed there, and is what was meant by the errors */
static void
call_others (NetCalls *self)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GSocketAddress) peer = net_address (NET_KERNEL_V4, net_kernel_get_port (self->udp_fd));
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), &byte,
                                                             1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                               "y", 1, NULL, &error),
                   ==, 1);
  g_assert_no_error (error);
  /* there is nothing that it could wait for */
  g_assert_true (g_output_stream_flush (output, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (dpdk_tcp_listener_accept_nonblocking (self->listener, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_null (dpdk_udp_socket_receive_bytes (self->udp, NULL, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_true (dpdk_udp_socket_send_bytes (self->udp, peer, self->bytes, 0, NULL, &error));
  g_assert_no_error (error);
}

static void
on_own_worker (NetCalls *self)
{
  assert_all_refused (self);
  call_others (self);
}

/* nor does closing wait */
static void
close_there (NetCalls *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_io_stream_close (G_IO_STREAM (self->connection), NULL, &error));
  g_assert_no_error (error);
  dpdk_socket_close (DPDK_SOCKET (self->listener));
  dpdk_socket_close (DPDK_SOCKET (self->udp));
}

static void
test_refused (void)
{
  NetCalls calls;
  char data[8];

  net_calls_start (&calls);
  for (guint worker = 0; worker < 2; worker++)
    {
      net_calls_run_on_worker (&calls, worker, on_own_worker);
      /* what was refused has sent nothing */
      net_kernel_read (calls.fd, data, 1);
      g_assert_cmpint (data[0], ==, 'y');
      g_assert_false (net_kernel_is_readable (calls.fd));
      g_assert_cmpuint (net_kernel_udp_receive (calls.udp_fd, data, sizeof data, NULL), ==, 1);
      g_assert_cmpint (data[0], ==, 'x');
    }
  net_calls_run_on_worker (&calls, 1, close_there);
  net_kernel_assert_at_end (calls.fd);
  net_calls_stop (&calls);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/blocking-calls/table", DPDK_TEST_FLAGS_NONE, test_table);
  dpdk_test_add_func ("/net/blocking-calls/refused", DPDK_TEST_FLAGS_NETWORK, test_refused);
  return g_test_run ();
}
