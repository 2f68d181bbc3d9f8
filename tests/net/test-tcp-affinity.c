/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* native calls are for the thread of the worker, blocking ones for all others: every one of them */
#include "net-fixture.h"
#include "net-kernel.h"

#include <string.h>

#define PORT 5000

static const char json[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}]}";

/* what the calls are made on; all of the first worker, but for the listener */
typedef struct {
  DpdkRuntime *runtime;
  DpdkEal *eal;
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  DpdkTcpSocket *fresh;
  DpdkTcpListener *listener;
  DpdkUdpSocket *udp;
  GSocketAddress *address;
  GBytes *bytes;
} Things;

typedef gboolean (*TryCall) (Things *things, GError **error);

static gboolean
is_ok (GPollableReturn result)
{
  return result != G_POLLABLE_RETURN_FAILED;
}

static gboolean
call_try_read (Things *things, GError **error)
{
  guint8 byte;
  gsize n;

  return is_ok (dpdk_tcp_socket_try_read (things->socket, &byte, 1, &n, error));
}

static gboolean
call_try_read_nothing (Things *things, GError **error)
{
  gsize n;

  return is_ok (dpdk_tcp_socket_try_read (things->socket, NULL, 0, &n, error));
}

static gboolean
call_try_peek (Things *things, GError **error)
{
  guint8 byte;
  gsize n;

  return is_ok (dpdk_tcp_socket_try_peek (things->socket, &byte, 1, &n, error));
}

static gboolean
call_try_read_bytes (Things *things, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  return is_ok (dpdk_tcp_socket_try_read_bytes (things->socket, 1, &bytes, error));
}

static gboolean
call_try_read_vectors (Things *things, GError **error)
{
  guint8 byte;
  const GInputVector vector = { &byte, 1 };
  gsize n;

  return is_ok (dpdk_tcp_socket_try_read_vectors (things->socket, &vector, 1, &n, error));
}

static gboolean
call_try_write (Things *things, GError **error)
{
  gsize n;

  return is_ok (dpdk_tcp_socket_try_write (things->socket, "x", 1, &n, error));
}

static gboolean
call_try_write_bytes (Things *things, GError **error)
{
  gsize n;

  return is_ok (dpdk_tcp_socket_try_write_bytes (things->socket, things->bytes, 0, &n, error));
}

static gboolean
call_try_write_vectors (Things *things, GError **error)
{
  const GOutputVector vector = { "x", 1 };
  gsize n;

  return is_ok (dpdk_tcp_socket_try_write_vectors (things->socket, &vector, 1, &n, error));
}

static void
ignore_ready (DpdkTcpSocket *socket, gpointer user_data)
{
}

static gboolean
call_set_readable (Things *things, GError **error)
{
  return dpdk_tcp_socket_set_readable_callback (things->socket, ignore_ready, NULL, NULL, error) &&
         dpdk_tcp_socket_set_readable_callback (things->socket, NULL, NULL, NULL, error);
}

static gboolean
call_set_writable (Things *things, GError **error)
{
  return dpdk_tcp_socket_set_writable_callback (things->socket, ignore_ready, NULL, NULL, error) &&
         dpdk_tcp_socket_set_writable_callback (things->socket, NULL, NULL, NULL, error);
}

static void
ignore_connected (DpdkTcpSocket *socket, const GError *error, gpointer user_data)
{
}

static gboolean
call_begin_connect (Things *things, GError **error)
{
  return dpdk_tcp_socket_begin_connect (things->fresh, things->address, ignore_connected, NULL,
                                        NULL, error);
}

static gboolean
call_udp_try_receive (Things *things, GError **error)
{
  DpdkUdpMessage message;

  return dpdk_udp_socket_try_receive (things->udp, &message, 1, error) >= 0;
}

static gboolean
call_udp_set_readable (Things *things, GError **error)
{
  return dpdk_udp_socket_set_readable_callback (things->udp, NULL, NULL, NULL, error);
}

typedef struct {
  const char *name;
  TryCall call;
} Case;

static const Case native_calls[] = {
  { "dpdk_tcp_socket_try_read", call_try_read },
  { "dpdk_tcp_socket_try_read", call_try_read_nothing },
  { "dpdk_tcp_socket_try_peek", call_try_peek },
  { "dpdk_tcp_socket_try_read_bytes", call_try_read_bytes },
  { "dpdk_tcp_socket_try_read_vectors", call_try_read_vectors },
  { "dpdk_tcp_socket_try_write", call_try_write },
  { "dpdk_tcp_socket_try_write_bytes", call_try_write_bytes },
  { "dpdk_tcp_socket_try_write_vectors", call_try_write_vectors },
  { "dpdk_tcp_socket_set_readable_callback", call_set_readable },
  { "dpdk_tcp_socket_set_writable_callback", call_set_writable },
  { "dpdk_tcp_socket_begin_connect", call_begin_connect },
  { "DpdkUdpSocket", call_udp_try_receive },
  { "DpdkUdpSocket", call_udp_set_readable },
};

static gboolean
block_connect (Things *things, GError **error)
{
  return dpdk_tcp_socket_connect (things->fresh, things->address, NULL, error) != NULL;
}

static gboolean
block_read (Things *things, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (things->connection));
  guint8 byte;

  return g_input_stream_read (input, &byte, 1, NULL, error) >= 0;
}

static gboolean
block_read_bytes (Things *things, GError **error)
{
  return dpdk_tcp_connection_read_bytes (things->connection, 1, NULL, error) != NULL;
}

static gboolean
block_read_vectors (Things *things, GError **error)
{
  guint8 byte;
  const GInputVector vector = { &byte, 1 };

  return dpdk_tcp_connection_read_vectors (things->connection, &vector, 1, NULL, error) >= 0;
}

static gboolean
block_peek (Things *things, GError **error)
{
  return dpdk_tcp_connection_peek_bytes (things->connection, 1, NULL, error) != NULL;
}

static gboolean
block_write (Things *things, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (things->connection));

  return g_output_stream_write (output, "x", 1, NULL, error) >= 0;
}

static gboolean
block_writev (Things *things, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (things->connection));
  const GOutputVector vector = { "x", 1 };

  return g_output_stream_writev (output, &vector, 1, NULL, NULL, error);
}

static gboolean
block_write_bytes (Things *things, GError **error)
{
  return dpdk_tcp_connection_write_bytes (things->connection, things->bytes, NULL, error);
}

static gboolean
block_wait (Things *things, GError **error)
{
  return dpdk_tcp_connection_condition_wait (things->connection, G_IO_IN, -1, NULL, error);
}

static gboolean
block_accept (Things *things, GError **error)
{
  return dpdk_tcp_listener_accept (things->listener, NULL, error) != NULL;
}

static gboolean
block_resolve (Things *things, GError **error)
{
  return dpdk_tcp_listener_new_for_host (things->runtime, "localhost", 1, 1, NULL, NULL, error) !=
         NULL;
}

static gboolean
block_udp_receive (Things *things, GError **error)
{
  return dpdk_udp_socket_receive_bytes (things->udp, NULL, -1, NULL, error) != NULL;
}

static gboolean
block_udp_wait (Things *things, GError **error)
{
  return g_datagram_based_condition_wait (G_DATAGRAM_BASED (things->udp), G_IO_IN, -1, NULL, error);
}

static gboolean
block_runtime_run (Things *things, GError **error)
{
  return dpdk_runtime_run (things->runtime, error);
}

static gboolean
block_runtime_shutdown (Things *things, GError **error)
{
  return dpdk_runtime_shutdown (things->runtime, 1000, error);
}

static gboolean
block_eal_shutdown (Things *things, GError **error)
{
  return dpdk_eal_shutdown (things->eal, 1000, error);
}

/* and what to call instead */
static const Case blocking_calls[] = {
  { "dpdk_tcp_socket_connect_async()", block_connect },
  { "read_async()", block_read },
  { "read_async()", block_read_bytes },
  { "read_async()", block_read_vectors },
  { "read_async()", block_peek },
  { "write_async()", block_write },
  { "write_async()", block_writev },
  { "write_async()", block_write_bytes },
  { "dpdk_tcp_connection_create_source()", block_wait },
  { "dpdk_tcp_listener_accept_async()", block_accept },
  { "dpdk_tcp_listener_new_for_host_async()", block_resolve },
  { "use", block_udp_receive },
  { "use", block_udp_wait },
  { "call it from another thread", block_runtime_run },
  { "dpdk_runtime_shutdown_async()", block_runtime_shutdown },
  { "dpdk_eal_shutdown_async()", block_eal_shutdown },
};

/* none of them may wait: the test would not end */
static void
assert_all_blocking_refused (Things *things)
{
  for (guint i = 0; i < G_N_ELEMENTS (blocking_calls); i++)
    {
      g_autoptr (GError) error = NULL;

      if (blocking_calls[i].call (things, &error))
        g_error ("blocking call %u (%s) succeeded", i, blocking_calls[i].name);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      if (strstr (error->message, blocking_calls[i].name) == NULL)
        g_error ("blocking call %u does not say %s: %s", i, blocking_calls[i].name, error->message);
    }
}

static void
assert_all_native_refused (Things *things, const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (native_calls); i++)
    {
      g_autoptr (GError) error = NULL;

      if (native_calls[i].call (things, &error))
        g_error ("%s succeeded", native_calls[i].name);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
      if (strstr (error->message, native_calls[i].name) == NULL ||
          strstr (error->message, text) == NULL)
        g_error ("%s: %s", native_calls[i].name, error->message);
    }
}

typedef struct {
  Things *things;
  DpdkWorkerFunc func;
  gint is_done;
} Call;

static void
run_call (DpdkWorker *worker, gpointer user_data)
{
  Call *call = user_data;

  call->func (worker, call->things);
  g_atomic_int_set (&call->is_done, TRUE);
}

static void
run_on_worker (Things *things, guint index, DpdkWorkerFunc func)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (things->runtime, index);
  Call call = { things, func, FALSE };
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, run_call, &call, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&call.is_done));
}

static void
make_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Things *things = user_data;
  g_autoptr (GError) error = NULL;

  things->fresh = dpdk_tcp_socket_new (things->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  things->socket = dpdk_tcp_socket_new (things->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  things->udp = dpdk_udp_socket_new (things->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_socket_get_worker (DPDK_SOCKET (things->socket)) == worker);
}

static void
on_own_worker (DpdkWorker *worker, gpointer user_data)
{
  Things *things = user_data;

  assert_all_blocking_refused (things);
  for (guint i = 0; i < G_N_ELEMENTS (native_calls); i++)
    {
      g_autoptr (GError) error = NULL;

      if (!native_calls[i].call (things, &error))
        g_error ("%s: %s", native_calls[i].name, error->message);
    }
}

static void
on_other_worker (DpdkWorker *worker, gpointer user_data)
{
  Things *things = user_data;

  assert_all_native_refused (things, "worker 1");
  /* wherever the socket belongs to */
  assert_all_blocking_refused (things);
}

static void
test_calls (void)
{
  Things things = { .runtime = net_start_with (json) };
  guint16 port = 0;
  int listener, fd;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) remote = NULL;

  net_kernel_up_default ();
  listener = net_kernel_listen (NET_KERNEL_V4, 4, &port);
  remote = net_address (NET_KERNEL_V4, port);
  things.eal = dpdk_runtime_dup_eal (things.runtime);
  things.address = g_object_ref (remote);
  things.bytes = g_bytes_new_static ("x", 1);
  things.listener = net_listen (things.runtime, NET_OUR_V4, PORT);
  run_on_worker (&things, 0, make_on_worker);
  things.connection = dpdk_tcp_socket_connect (things.socket, remote, NULL, &error);
  g_assert_no_error (error);
  fd = net_kernel_accept (listener);

  assert_all_native_refused (&things, "this thread is no worker");
  g_assert_false (
      dpdk_tcp_listener_set_accept_callback (things.listener, NULL, NULL, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (&error);
  run_on_worker (&things, 1, on_other_worker);
  run_on_worker (&things, 0, on_own_worker);
  /* what was refused has written nothing */
  {
    char received[3];

    net_kernel_read (fd, received, sizeof received);
    g_assert_cmpmem (received, sizeof received, "xxx", 3);
  }
  net_kernel_close (fd);
  net_kernel_close (listener);
  g_object_unref (things.fresh);
  g_object_unref (things.socket);
  net_close (things.connection);
  g_object_unref (things.connection);
  g_object_unref (things.listener);
  g_object_unref (things.udp);
  g_object_unref (things.address);
  g_bytes_unref (things.bytes);
  g_object_unref (things.eal);
  net_stop (things.runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-affinity/calls", DPDK_TEST_FLAGS_NETWORK, test_calls);
  return g_test_run ();
}
