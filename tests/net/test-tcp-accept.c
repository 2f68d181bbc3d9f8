/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listeners: on the threads of workers, for both families, by name */
#include "net-end.h"
#include "net-exchange.h"
#include "net-kernel.h"

#include <errno.h>
#include <string.h>

#define PORT 5000
#define N_CONNECTIONS 200
#define MAX_WORKERS 2
#define SIZE 3000

#define CONFIG(cores)                                                                              \
  "{\"dpdk_cores\": [" cores "], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","               \
  " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}]}"

static const NetFamily families[] = NET_FAMILIES;

/* what one worker does; only it writes here, but for the counters */
typedef struct {
  DpdkTcpListener *listener;
  DpdkRuntime *runtime;
  GSocketAddress *remote;
  GThread *thread;
  guint n_wanted;
  gint n_accepted;
  gint n_connected;
  gint n_closed;
  gint n_destroyed;
  gint is_done;
  gboolean close_at_first;
} OnWorker;

static void
count_destroyed (gpointer user_data)
{
  OnWorker *self = user_data;

  g_assert_true (g_thread_self () == self->thread);
  g_atomic_int_inc (&self->n_destroyed);
}

/* sends back what has come; both ends are on the worker alone */
static void
echo (DpdkTcpSocket *socket, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 buffer[SIZE];
  gsize n, n_written;

  g_assert_true (g_thread_self () == self->thread);
  while (dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, &error) ==
         G_POLLABLE_RETURN_OK)
    {
      if (n == 0)
        {
          dpdk_socket_close (DPDK_SOCKET (socket));
          g_atomic_int_inc (&self->n_closed);
          return;
        }
      g_assert_cmpint (dpdk_tcp_socket_try_write (socket, buffer, n, &n_written, &error), ==,
                       G_POLLABLE_RETURN_OK);
      g_assert_cmpuint (n_written, ==, n);
    }
  g_assert_no_error (error);
}

static void
on_accepted (DpdkTcpListener *listener, DpdkTcpSocket *socket, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_thread_self () == self->thread);
  g_assert_true (listener == self->listener);
  g_assert_true (dpdk_tcp_socket_is_connected (socket));
  g_atomic_int_inc (&self->n_accepted);
  if (self->close_at_first)
    {
      dpdk_socket_close (DPDK_SOCKET (listener));
      g_assert_cmpint (self->n_destroyed, ==, 0);
    }
  dpdk_tcp_socket_set_readable_callback (socket, echo, self, NULL, &error);
  g_assert_no_error (error);
}

static void
begin_accepting (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;

  self->thread = g_thread_self ();
  dpdk_tcp_listener_set_accept_callback (self->listener, on_accepted, self, count_destroyed,
                                         &error);
  g_assert_no_error (error);
  g_atomic_int_set (&self->is_done, TRUE);
}

static void
run_on_worker (DpdkRuntime *runtime, guint index, DpdkWorkerFunc func, OnWorker *self)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, index);
  g_autoptr (GError) error = NULL;

  g_atomic_int_set (&self->is_done, FALSE);
  dpdk_worker_invoke (worker, func, self, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self->is_done));
}

static void
talk (int fd, guint64 offset)
{
  net_kernel_write_pattern (fd, offset, SIZE);
  net_kernel_read_pattern (fd, offset, SIZE);
  net_kernel_finish (fd);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
}

static gint
sum (const OnWorker *workers, guint n, gsize offset)
{
  gint total = 0;

  for (guint i = 0; i < n; i++)
    total += g_atomic_int_get ((const gint *) G_STRUCT_MEMBER_P (&workers[i], offset));
  return total;
}

/* each worker serves what comes to it */
static void
check_native (const char *config, guint n_workers)
{
  const guint n = MAX (dpdk_test_scale (N_CONNECTIONS), 20);
  DpdkRuntime *runtime = net_start_with (config);

  net_kernel_up_default ();
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, PORT);
      OnWorker workers[MAX_WORKERS] = { 0 };
      g_autofree int *fds = g_new (int, n);

      for (guint w = 0; w < n_workers; w++)
        {
          workers[w].listener = listener;
          run_on_worker (runtime, w, begin_accepting, &workers[w]);
        }
      for (guint c = 0; c < n; c++)
        fds[c] = net_kernel_connect (families[i].ours, PORT);
      for (guint c = 0; c < n; c++)
        talk (fds[c], c);
      DPDK_TEST_WAIT_UNTIL (sum (workers, n_workers, G_STRUCT_OFFSET (OnWorker, n_closed)) ==
                            (gint) n);
      g_assert_cmpint (sum (workers, n_workers, G_STRUCT_OFFSET (OnWorker, n_accepted)), ==, n);
      for (guint w = 0; w < n_workers; w++)
        g_assert_cmpint (g_atomic_int_get (&workers[w].n_accepted), >, 0);
      dpdk_socket_close (DPDK_SOCKET (listener));
      DPDK_TEST_WAIT_UNTIL (sum (workers, n_workers, G_STRUCT_OFFSET (OnWorker, n_destroyed)) ==
                            (gint) n_workers);
      net_release (listener);
    }
  net_stop (runtime);
}

static void
test_native (void)
{
  check_native (CONFIG ("0"), 1);
}

static void
test_native_workers (void)
{
  check_native (CONFIG ("0, 1"), 2);
}

static void
refuse_closed (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_tcp_listener_set_accept_callback (self->listener, on_accepted, self,
                                                         count_destroyed, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_atomic_int_set (&self->is_done, TRUE);
}

static void
stop_accepting (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_listener_set_accept_callback (self->listener, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (self->n_destroyed, ==, 1);
  g_atomic_int_set (&self->is_done, TRUE);
}

/* the function closes its listener, and the connection goes on; without one the others accept */
static void
test_native_close (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, PORT);
  OnWorker self = { .listener = listener, .close_at_first = TRUE };
  OnWorker other = { .listener = listener };
  int fd, error_number;

  run_on_worker (runtime, 0, begin_accepting, &other);
  run_on_worker (runtime, 0, stop_accepting, &other);
  fd = net_kernel_connect (NET_OUR_V4, PORT);
  net_exchange_on (net_accept (listener), fd);
  run_on_worker (runtime, 0, begin_accepting, &self);
  fd = net_kernel_connect (NET_OUR_V4, PORT);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.n_destroyed) == 1);
  g_assert_true (dpdk_socket_is_closed (DPDK_SOCKET (listener)));
  g_assert_cmpint (net_kernel_try_connect (NET_OUR_V4, PORT, &error_number), ==, -1);
  g_assert_cmpint (error_number, ==, ECONNREFUSED);
  talk (fd, 0);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.n_closed) == 1);
  g_assert_cmpint (self.n_accepted, ==, 1);
  run_on_worker (runtime, 0, refuse_closed, &self);
  net_release (listener);
  net_stop (runtime);
}

/* our client on the worker, the kernel's server */
static void
send_and_wait (DpdkTcpSocket *socket, const GError *failure, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_true (g_thread_self () == self->thread);
  if (failure != NULL)
    {
      g_assert_false (dpdk_tcp_socket_is_connected (socket));
      g_assert_error (failure, G_IO_ERROR, (int) self->n_wanted);
      g_atomic_int_inc (&self->n_closed);
      return;
    }
  g_assert_true (dpdk_tcp_socket_is_connected (socket));
  g_assert_cmpint (dpdk_tcp_socket_try_write (socket, net_pattern (0), SIZE, &n, &error), ==,
                   G_POLLABLE_RETURN_OK);
  g_assert_cmpuint (n, ==, SIZE);
  dpdk_tcp_socket_set_readable_callback (socket, echo, self, NULL, &error);
  g_assert_no_error (error);
  g_atomic_int_inc (&self->n_connected);
}

static void
begin_connecting (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket =
      dpdk_tcp_socket_new (self->runtime, g_socket_address_get_family (self->remote), &error);

  self->thread = g_thread_self ();
  g_assert_no_error (error);
  dpdk_tcp_socket_begin_connect (socket, self->remote, send_and_wait, self, count_destroyed,
                                 &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_tcp_socket_begin_connect (socket, self->remote, send_and_wait, self,
                                                 count_destroyed, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  if (self->close_at_first)
    dpdk_socket_close (DPDK_SOCKET (socket));
  /* the worker holds it from here on */
  g_atomic_int_set (&self->is_done, TRUE);
}

static void
test_native_connect (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      guint16 port = 0;
      int listener = net_kernel_listen (families[i].kernels, 1, &port);
      g_autoptr (GSocketAddress) remote = net_address (families[i].kernels, port);
      OnWorker self = { .runtime = runtime, .remote = remote };
      int fd;

      run_on_worker (runtime, 0, begin_connecting, &self);
      fd = net_kernel_accept (listener);
      net_kernel_read_pattern (fd, 0, SIZE);
      talk (fd, 5);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.n_closed) == 1);
      g_assert_cmpint (self.n_connected, ==, 1);
      g_assert_cmpint (self.n_destroyed, ==, 1);
      net_kernel_close (listener);

      /* refused */
      self = (OnWorker){ .runtime = runtime,
                         .remote = remote,
                         .n_wanted = G_IO_ERROR_CONNECTION_REFUSED };
      run_on_worker (runtime, 0, begin_connecting, &self);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.n_destroyed) == 1);
      g_assert_cmpint (self.n_closed, ==, 1);
      /* given up */
      self = (OnWorker){
        .runtime = runtime, .remote = remote, .close_at_first = TRUE, .n_wanted = G_IO_ERROR_CLOSED
      };
      run_on_worker (runtime, 0, begin_connecting, &self);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.n_destroyed) == 1);
      g_assert_cmpint (self.n_closed, ==, 1);
    }
  net_stop (runtime);
}

/* the end of the runtime is told, too */
static void
test_native_shutdown (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) remote = net_address ("198.18.0.77", 80);
  OnWorker self = { .runtime = runtime, .remote = remote, .n_wanted = G_IO_ERROR_CLOSED };
  g_autoptr (GError) error = NULL;

  run_on_worker (runtime, 0, begin_connecting, &self);
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_atomic_int_get (&self.n_closed), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&self.n_destroyed), ==, 1);
  net_stop (runtime);
}

static void
assert_serves (DpdkTcpListener *listener, const char *host)
{
  int fd = net_kernel_connect (host, net_listener_get_port (listener));
  DpdkTcpConnection *connection = net_accept (listener);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = dpdk_tcp_connection_get_local_address (connection, &error);
  g_autofree char *name = NULL;

  g_assert_no_error (error);
  /* an address of IPv4 has the form of IPv4 */
  name =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local)));
  g_assert_cmpstr (name, ==, host);
  g_assert_cmpint (dpdk_tcp_socket_get_family (dpdk_tcp_connection_get_socket (connection)), ==,
                   g_socket_address_get_family (local));
  net_exchange_on (connection, fd);
}

static void
assert_in_use (DpdkRuntime *runtime, const char *host, const char *name)
{
  g_autoptr (GSocketAddress) address = net_address (host, PORT);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_tcp_listener_new (runtime, address, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_nonnull (strstr (error->message, name));
}

/* one listener for both families, or one for each */
static void
check_both_families (const char *config)
{
  DpdkRuntime *runtime = net_start_with (config);
  DpdkTcpListener *both = net_listen (runtime, "::", PORT);
  g_autoptr (GSocketAddress) any = net_address ("::", PORT);
  g_autoptr (GSocketAddress) local = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *v6, *v4;

  net_kernel_up_default ();
  g_assert_false (dpdk_tcp_listener_get_ipv6_only (both));
  local = dpdk_socket_get_local_address (DPDK_SOCKET (both), &error);
  g_assert_no_error (error);
  name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
  g_assert_cmpstr (name, ==, "[::]:5000");
  for (guint i = 0; i < 4; i++)
    assert_serves (both, families[i % 2].ours);
  assert_in_use (runtime, "::", "[::]:5000");
  assert_in_use (runtime, "0.0.0.0", "0.0.0.0:5000");
  assert_in_use (runtime, NET_OUR_V4, NET_OUR_V4 ":5000");
  assert_in_use (runtime, NET_OUR_V6, "[" NET_OUR_V6 "]:5000");
  net_release (both);

  v6 = dpdk_tcp_listener_new_with_flags (runtime, any, 16, DPDK_TCP_LISTENER_FLAGS_IPV6_ONLY,
                                         &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_tcp_listener_get_ipv6_only (v6));
  v4 = net_listen (runtime, "0.0.0.0", PORT);
  assert_in_use (runtime, "::", "[::]:5000");
  assert_serves (v4, NET_OUR_V4);
  assert_serves (v6, NET_OUR_V6);
  /* which waits, in contrast to the last reference */
  dpdk_socket_close (DPDK_SOCKET (v4));
  net_release (v4);
  {
    int error_number;

    g_assert_cmpint (net_kernel_try_connect (NET_OUR_V4, PORT, &error_number), ==, -1);
    g_assert_cmpint (error_number, ==, ECONNREFUSED);
  }
  assert_serves (v6, NET_OUR_V6);
  net_release (v6);
  net_stop (runtime);
}

static void
test_both_families (void)
{
  check_both_families (CONFIG ("0"));
}

static void
test_both_families_workers (void)
{
  check_both_families (CONFIG ("0, 1"));
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-accept/native", DPDK_TEST_FLAGS_NETWORK, test_native);
  dpdk_test_add_func ("/net/tcp-accept/native-workers", DPDK_TEST_FLAGS_NETWORK,
                      test_native_workers);
  dpdk_test_add_func ("/net/tcp-accept/native-close", DPDK_TEST_FLAGS_NETWORK, test_native_close);
  dpdk_test_add_func ("/net/tcp-accept/native-connect", DPDK_TEST_FLAGS_NETWORK,
                      test_native_connect);
  dpdk_test_add_func ("/net/tcp-accept/native-shutdown", DPDK_TEST_FLAGS_NETWORK,
                      test_native_shutdown);
  dpdk_test_add_func ("/net/tcp-accept/both-families", DPDK_TEST_FLAGS_NETWORK, test_both_families);
  dpdk_test_add_func ("/net/tcp-accept/both-families-workers", DPDK_TEST_FLAGS_NETWORK,
                      test_both_families_workers);
  return g_test_run ();
}
