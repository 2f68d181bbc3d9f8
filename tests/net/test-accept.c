/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listeners */
#include "net-fixture.h"
#include "net-kernel.h"

#include <errno.h>
#include <string.h>

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  DpdkTcpConnection *connection;
  GError *error;
  guint n_calls;
  GThread *thread;
} Result;

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  out->thread = g_thread_self ();
  out->connection =
      dpdk_tcp_listener_accept_finish (DPDK_TCP_LISTENER (source), result, &out->error);
}

static void
assert_talk (DpdkTcpConnection *connection, int fd)
{
  net_kernel_write_pattern (fd, 3, 5000);
  net_read_pattern (connection, 3, 5000);
  net_write_pattern (connection, 4, 5000);
  net_kernel_read_pattern (fd, 4, 5000);
}

static void
end (DpdkTcpConnection *connection, int fd)
{
  net_kernel_close (fd);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
}

static char *
get_name (GSocketAddress *address)
{
  char *name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  g_object_unref (address);
  return name;
}

static void
test_addresses (void)
{
  static const char *const hosts[][2] = {
    { NET_OUR_V4, NET_OUR_V4 },
    { "0.0.0.0", NET_OUR_V4 },
    { NET_OUR_V6, NET_OUR_V6 },
    { "::", NET_OUR_V6 },
  };
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, hosts[i][0], 0);
      guint16 port = net_listener_get_port (listener);
      int fd = net_kernel_connect (hosts[i][1], port);
      DpdkTcpConnection *connection = net_accept (listener);
      g_autofree char *local = get_name (dpdk_tcp_connection_get_local_address (connection, NULL));
      g_autofree char *remote =
          get_name (dpdk_tcp_connection_get_remote_address (connection, NULL));
      g_autofree char *kernels_local = net_kernel_get_name (fd, FALSE);
      g_autofree char *kernels_remote = net_kernel_get_name (fd, TRUE);
      DpdkTcpSocket *socket = dpdk_tcp_connection_get_socket (connection);
      g_autoptr (DpdkPort) first_port = dpdk_runtime_dup_port (runtime, 0);
      g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);

      g_assert_cmpuint (port, !=, 0);
      g_assert_cmpstr (local, ==, kernels_remote);
      g_assert_cmpstr (remote, ==, kernels_local);
      g_assert_true (dpdk_socket_get_port (DPDK_SOCKET (socket)) == first_port);
      g_assert_true (dpdk_socket_get_worker (DPDK_SOCKET (socket)) == worker);
      g_assert_cmpuint (dpdk_tcp_listener_get_backlog (listener), ==, 512);
      assert_talk (connection, fd);
      end (connection, fd);
      g_assert_false (dpdk_socket_is_closed (DPDK_SOCKET (listener)));
      g_clear_object (&first_port);
      g_clear_object (&worker);
      net_release (listener);
    }
  net_stop (runtime);
}

static void
assert_listen_fails (DpdkRuntime *runtime, const char *host, guint16 port, GIOErrorEnum code)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_tcp_listener_new (runtime, address, 1, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, host));
}

static void
test_refused_addresses (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 8080);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, 8080);
  int fd;

  assert_listen_fails (runtime, NET_OUR_V4, 8080, G_IO_ERROR_ADDRESS_IN_USE);
  assert_listen_fails (runtime, NET_OUR_V6, 8080, G_IO_ERROR_ADDRESS_IN_USE);
  assert_listen_fails (runtime, NET_KERNEL_V4, 8080, G_IO_ERROR_INVALID_ARGUMENT);
  assert_listen_fails (runtime, NET_KERNEL_V6, 8080, G_IO_ERROR_INVALID_ARGUMENT);
  assert_listen_fails (runtime, "127.0.0.1", 8080, G_IO_ERROR_INVALID_ARGUMENT);
  net_release (v6);

  /* free again once it is closed, even with a connection of the old listener left over */
  fd = net_kernel_connect (NET_OUR_V4, 8080);
  net_release (net_accept (v4));
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_release (v4);
  v4 = net_listen (runtime, NET_OUR_V4, 8080);
  fd = net_kernel_connect (NET_OUR_V4, 8080);
  end (net_accept (v4), fd);
  net_release (v4);
  net_stop (runtime);
}

/* several wait; each gets one, in order, and a cancelled one none */
static void
test_async (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  guint16 port = net_listener_get_port (listener);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Result results[5] = { 0 };
  int fds[4];

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    dpdk_tcp_listener_accept_async (listener, i == 1 ? cancellable : NULL, on_accepted,
                                    &results[i]);
  fds[0] = net_kernel_connect (NET_OUR_V4, port);
  DPDK_TEST_WAIT_UNTIL (results[0].n_calls == 1);
  g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (results[1].n_calls == 1);
  g_assert_error (results[1].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&results[1].error);
  for (guint i = 1; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = net_kernel_connect (NET_OUR_V4, port);
      DPDK_TEST_WAIT_UNTIL (results[i + 1].n_calls == 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      Result *result = &results[i == 0 ? 0 : i + 1];

      g_assert_no_error (result->error);
      g_assert_cmpuint (result->n_calls, ==, 1);
      g_assert_true (result->thread == g_thread_self ());
      assert_talk (result->connection, fds[i]);
      end (result->connection, fds[i]);
    }
  net_release (listener);
  net_stop (runtime);
}

/* however a cancellation and a connection meet, the connection is there for the next one */
static void
test_cancelled_loses_nothing (void)
{
  const guint n = dpdk_test_scale (200);
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  guint16 port = net_listener_get_port (listener);
  guint n_early = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      DpdkTcpConnection *connection;
      Result result = { 0 };
      int fd;

      dpdk_tcp_listener_accept_async (listener, cancellable, on_accepted, &result);
      fd = net_kernel_connect (NET_OUR_V4, port);
      if (i % 2 == 0)
        g_usleep (i % 5 * 50);
      g_cancellable_cancel (cancellable);
      DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
      connection = result.connection;
      if (connection == NULL)
        {
          g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_clear_error (&result.error);
          connection = net_accept (listener);
        }
      else
        n_early++;
      assert_talk (connection, fd);
      end (connection, fd);
    }
  g_test_message ("%u of %u before the cancellation", n_early, n);
  net_release (listener);
  net_stop (runtime);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (50 * G_TIME_SPAN_MILLISECOND);
  g_cancellable_cancel (data);
  return NULL;
}

static gpointer
close_soon (gpointer data)
{
  g_usleep (50 * G_TIME_SPAN_MILLISECOND);
  dpdk_socket_close (data);
  return NULL;
}

static void
test_sync_ends (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Result result = { 0 };
  GThread *thread;

  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_null (dpdk_tcp_listener_accept (listener, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_clear_error (&error);

  dpdk_tcp_listener_accept_async (listener, NULL, on_accepted, &result);
  thread = g_thread_new ("close", close_soon, listener);
  g_assert_null (dpdk_tcp_listener_accept (listener, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_thread_join (thread);
  g_clear_error (&error);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&result.error);

  g_assert_true (dpdk_socket_is_closed (DPDK_SOCKET (listener)));
  g_assert_null (dpdk_tcp_listener_accept (listener, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  dpdk_socket_close (DPDK_SOCKET (listener));
  net_release (listener);
  net_stop (runtime);
}

/* connections live on without their listener, those that nobody took do not */
static void
test_close_listener (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
      guint16 port = net_listener_get_port (listener);
      int taken = net_kernel_connect (families[i].ours, port);
      DpdkTcpConnection *connection = net_accept (listener);
      int waiting = net_kernel_connect (families[i].ours, port);
      int error_number;

      /* the third packet of its handshake has arrived with this */
      net_kernel_write_pattern (waiting, 0, 10);
      net_kernel_wait_acknowledged (waiting);
      dpdk_socket_close (DPDK_SOCKET (listener));
      net_kernel_assert_reset (waiting);
      net_kernel_close (waiting);
      net_release (listener);
      assert_talk (connection, taken);
      end (connection, taken);
      g_assert_cmpint (net_kernel_try_connect (families[i].ours, port, &error_number), <, 0);
      g_assert_cmpint (error_number, ==, ECONNREFUSED);
    }
  net_stop (runtime);
}

/* no more wait than the backlog allows, and none of them is lost */
static void
test_backlog (void)
{
  enum {
    BACKLOG = 5
  };
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, 0);
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener = dpdk_tcp_listener_new (runtime, address, BACKLOG, &error);
  guint16 port = net_listener_get_port (listener);
  int fds[BACKLOG];

  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_tcp_listener_get_backlog (listener), ==, BACKLOG);
  for (guint i = 0; i < BACKLOG; i++)
    fds[i] = net_kernel_connect (NET_OUR_V4, port);
  for (guint i = 0; i < BACKLOG; i++)
    {
      DpdkTcpConnection *connection = net_accept (listener);

      assert_talk (connection, fds[i]);
      end (connection, fds[i]);
    }
  /* room again */
  fds[0] = net_kernel_connect (NET_OUR_V4, port);
  end (net_accept (listener), fds[0]);
  net_release (listener);
  net_stop (runtime);
}

typedef struct {
  guint n;
  GThread *thread;
  DpdkTcpConnection *connection;
} Incoming;

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Incoming *incoming = user_data;

  incoming->thread = g_thread_self ();
  g_set_object (&incoming->connection, connection);
  incoming->n++;
}

static void
on_unwanted (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
}

/* the signal comes in the context of who made the listener */
static void
test_incoming (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  DpdkTcpListener *ours, *default_one;
  Incoming in_ours = { 0 }, in_default = { 0 };
  int fd;

  g_main_context_push_thread_default (context);
  ours = net_listen (runtime, NET_OUR_V4, 0);
  g_main_context_pop_thread_default (context);
  default_one = net_listen (runtime, NET_OUR_V4, 0);
  g_signal_connect (ours, "incoming", G_CALLBACK (on_incoming), &in_ours);
  g_signal_connect (default_one, "incoming", G_CALLBACK (on_incoming), &in_default);

  fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (ours));
  net_kernel_write_pattern (fd, 3, 10);
  net_kernel_wait_acknowledged (fd);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (in_ours.n, ==, 0);
  while (in_ours.n == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_true (in_ours.thread == g_thread_self ());
  net_read_pattern (in_ours.connection, 3, 10);
  end (g_steal_pointer (&in_ours.connection), fd);

  fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (default_one));
  DPDK_TEST_WAIT_UNTIL (in_default.n == 1);
  g_assert_true (in_default.thread == g_thread_self ());
  assert_talk (in_default.connection, fd);
  end (g_steal_pointer (&in_default.connection), fd);
  g_assert_cmpuint (in_ours.n, ==, 1);

  /* one that no handler keeps is closed */
  g_signal_handlers_disconnect_by_data (default_one, &in_default);
  g_signal_connect (default_one, "incoming", G_CALLBACK (on_unwanted), NULL);
  fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (default_one));
  DPDK_TEST_WAIT_UNTIL (net_kernel_is_readable (fd));
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_release (ours);
  net_release (default_one);
  net_stop (runtime);
}

/* connections that came before there was a handler are not lost */
static void
test_incoming_late (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  Incoming incoming = { 0 };
  int fds[30];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), &incoming);
  DPDK_TEST_WAIT_UNTIL (incoming.n == G_N_ELEMENTS (fds));
  g_clear_object (&incoming.connection);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      net_kernel_assert_at_end (fds[i]);
      net_kernel_close (fds[i]);
    }
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/accept/addresses", DPDK_TEST_FLAGS_NETWORK, test_addresses);
  dpdk_test_add_func ("/net/accept/refused-addresses", DPDK_TEST_FLAGS_NETWORK,
                      test_refused_addresses);
  dpdk_test_add_func ("/net/accept/async", DPDK_TEST_FLAGS_NETWORK, test_async);
  dpdk_test_add_func ("/net/accept/cancelled-loses-nothing", DPDK_TEST_FLAGS_NETWORK,
                      test_cancelled_loses_nothing);
  dpdk_test_add_func ("/net/accept/sync-ends", DPDK_TEST_FLAGS_NETWORK, test_sync_ends);
  dpdk_test_add_func ("/net/accept/close-listener", DPDK_TEST_FLAGS_NETWORK, test_close_listener);
  dpdk_test_add_func ("/net/accept/backlog", DPDK_TEST_FLAGS_NETWORK, test_backlog);
  dpdk_test_add_func ("/net/accept/incoming", DPDK_TEST_FLAGS_NETWORK, test_incoming);
  dpdk_test_add_func ("/net/accept/incoming-late", DPDK_TEST_FLAGS_NETWORK, test_incoming_late);
  return g_test_run ();
}
