/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connections that do not come about */
#include "net-exchange.h"
#include "net-fixture.h"
#include "net-kernel.h"

#include <errno.h>

#define CLOSED_PORT 9
#define NO_GATEWAY                                                                                 \
  "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","                       \
  " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}]}"

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  DpdkTcpConnection *connection;
  GError *error;
  guint n_calls;
} Result;

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  out->connection = dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &out->error);
}

static DpdkTcpSocket *
new_socket (DpdkRuntime *runtime, GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket =
      dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);

  g_assert_no_error (error);
  return socket;
}

static void
assert_connect_fails (DpdkRuntime *runtime, const char *host, guint16 port, GIOErrorEnum code)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (DpdkTcpSocket) socket = new_socket (runtime, address);
  g_autoptr (GError) error = NULL;
  Result result = { 0 };

  g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, host));
  g_assert_false (dpdk_tcp_socket_is_connected (socket));
  net_release (g_steal_pointer (&socket));

  socket = new_socket (runtime, address);
  dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected, &result);
  DPDK_TEST_WAIT_UNTIL (result.n_calls > 0);
  g_assert_null (result.connection);
  g_assert_error (result.error, G_IO_ERROR, (int) code);
  g_assert_cmpstr (result.error->message, ==, error->message);
  g_clear_error (&result.error);
  net_release (g_steal_pointer (&socket));
}

static void
test_refused_by_us (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  guint16 port = net_listener_get_port (listener);
  int error_number;

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      gint64 start = g_get_monotonic_time ();

      g_assert_cmpint (net_kernel_try_connect (families[i].ours, CLOSED_PORT, &error_number), <, 0);
      g_assert_cmpint (error_number, ==, ECONNREFUSED);
      /* a retransmitted SYN comes after a second */
      g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_TIME_SPAN_SECOND);
    }

  /* the port was open, and is no longer after the close */
  net_kernel_close (net_kernel_connect (NET_OUR_V4, port));
  dpdk_socket_close (DPDK_SOCKET (listener));
  g_assert_cmpint (net_kernel_try_connect (NET_OUR_V4, port, &error_number), <, 0);
  g_assert_cmpint (error_number, ==, ECONNREFUSED);
  net_release (listener);
  net_stop (runtime);
}

static void
test_refused_by_kernel (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    assert_connect_fails (runtime, families[i].kernels, CLOSED_PORT, G_IO_ERROR_CONNECTION_REFUSED);
  net_stop (runtime);
}

static void
test_unreachable (void)
{
  DpdkRuntime *runtime = net_start_with (NO_GATEWAY);

  net_kernel_up_default ();
  assert_connect_fails (runtime, "203.0.113.1", 80, G_IO_ERROR_NETWORK_UNREACHABLE);
  assert_connect_fails (runtime, "2001:db8::1", 80, G_IO_ERROR_NETWORK_UNREACHABLE);
  net_stop (runtime);
}

static void
test_bad_address (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) v4 = net_address (NET_KERNEL_V4, 80);
  g_autoptr (GSocketAddress) v6 = net_address (NET_KERNEL_V6, 80);
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket = new_socket (runtime, v4);

  g_assert_null (dpdk_tcp_socket_connect (socket, v6, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_UNIX, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  net_release (socket);
  net_stop (runtime);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (50 * G_TIME_SPAN_MILLISECOND);
  g_cancellable_cancel (data);
  return NULL;
}

static void
assert_can_be_cancelled (DpdkRuntime *runtime, GSocketAddress *address)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (DpdkTcpSocket) socket = new_socket (runtime, address);
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  Result result = { 0 };
  GThread *thread;

  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_null (dpdk_tcp_socket_connect (socket, address, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_TIME_SPAN_SECOND);
  g_thread_join (thread);

  /* the attempt is over, and so is the socket */
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (g_steal_pointer (&socket));

  /* cancelled before */
  g_clear_error (&error);
  socket = new_socket (runtime, address);
  g_assert_null (dpdk_tcp_socket_connect (socket, address, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  dpdk_tcp_socket_connect_async (socket, address, cancellable, on_connected, &result);
  g_assert_cmpuint (result.n_calls, ==, 0);
  DPDK_TEST_WAIT_UNTIL (result.n_calls > 0);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&result.error);

  /* cancelled while it waits */
  g_cancellable_reset (cancellable);
  result.n_calls = 0;
  start = g_get_monotonic_time ();
  dpdk_tcp_socket_connect_async (socket, address, cancellable, on_connected, &result);
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  DPDK_TEST_WAIT_UNTIL (result.n_calls > 0);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_TIME_SPAN_SECOND);
  g_thread_join (thread);
  g_clear_error (&result.error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (result.n_calls, ==, 1);
  net_release (g_steal_pointer (&socket));
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* who has the connection may cancel something else with it, even if the result is still there */
static void
test_cancel_later (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port = 0;
  int listener = net_kernel_listen (NET_KERNEL_V4, 1, &port);
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, port);
  DpdkTcpSocket *socket = new_socket (runtime, address);
  DpdkTcpConnection *connection;

  dpdk_tcp_socket_connect_async (socket, address, cancellable, keep_result, &result);
  DPDK_TEST_WAIT_UNTIL (result != NULL);
  connection = dpdk_tcp_socket_connect_finish (socket, result, &error);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  net_exchange_on (connection, net_kernel_accept (listener));
  net_kernel_close (listener);
  g_clear_object (&result);
  net_release (socket);
  net_stop (runtime);
}

/* nobody answers the question for the neighbour */
static void
test_cancel_no_neighbour (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) v4 = net_address ("198.18.0.77", 80);
  g_autoptr (GSocketAddress) v6 = net_address ("fde7:f17d:24::77", 80);

  assert_can_be_cancelled (runtime, v4);
  assert_can_be_cancelled (runtime, v6);
  net_stop (runtime);
}

/* a full listener of the kernel does not answer a SYN */
static void
test_cancel_no_answer (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) address = NULL;
  guint16 port = 0;
  int listener = net_kernel_listen (NET_KERNEL_V4, 0, &port);
  int waiting = net_kernel_connect (NET_KERNEL_V4, port);

  address = net_address (NET_KERNEL_V4, port);
  assert_can_be_cancelled (runtime, address);
  net_kernel_close (waiting);
  net_kernel_close (listener);
  net_stop (runtime);
}

/* an attempt that is under way ends with the socket or with the runtime */
static void
test_close_while_connecting (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) address = net_address ("198.18.0.77", 80);
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket = new_socket (runtime, address);
  Result first = { 0 }, second = { 0 }, third = { 0 };

  dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected, &first);
  dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected, &second);
  DPDK_TEST_WAIT_UNTIL (second.n_calls > 0);
  g_assert_error (second.error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_cmpuint (first.n_calls, ==, 0);
  dpdk_socket_close (DPDK_SOCKET (socket));
  DPDK_TEST_WAIT_UNTIL (first.n_calls > 0);
  g_assert_error (first.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (socket);

  socket = new_socket (runtime, address);
  dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected, &third);
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_true (error == NULL || g_error_matches (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT));
  DPDK_TEST_WAIT_UNTIL (third.n_calls > 0);
  g_assert_error (third.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (socket);
  g_clear_error (&first.error);
  g_clear_error (&second.error);
  g_clear_error (&third.error);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/failures/refused-by-us", DPDK_TEST_FLAGS_NETWORK, test_refused_by_us);
  dpdk_test_add_func ("/net/failures/refused-by-kernel", DPDK_TEST_FLAGS_NETWORK,
                      test_refused_by_kernel);
  dpdk_test_add_func ("/net/failures/unreachable", DPDK_TEST_FLAGS_NETWORK, test_unreachable);
  dpdk_test_add_func ("/net/failures/bad-address", DPDK_TEST_FLAGS_NETWORK, test_bad_address);
  dpdk_test_add_func ("/net/failures/cancel-later", DPDK_TEST_FLAGS_NETWORK, test_cancel_later);
  dpdk_test_add_func ("/net/failures/cancel-no-neighbour", DPDK_TEST_FLAGS_NETWORK,
                      test_cancel_no_neighbour);
  dpdk_test_add_func ("/net/failures/cancel-no-answer", DPDK_TEST_FLAGS_NETWORK,
                      test_cancel_no_answer);
  dpdk_test_add_func ("/net/failures/close-while-connecting", DPDK_TEST_FLAGS_NETWORK,
                      test_close_while_connecting);
  return g_test_run ();
}
