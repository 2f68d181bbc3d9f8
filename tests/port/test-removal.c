/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devices that are pulled out while they are in use */
#include "net-exchange.h"
#include "net-kernel.h"
#include "net-udp.h"
#include "port-fixture.h"

#include <rte_ethdev.h>
#include <string.h>

#define N_REMOVALS 10

static void
note (DpdkPort *port, GParamSpec *pspec, gpointer user_data)
{
  g_assert_true (dpdk_port_is_removed (port));
  *(GThread **) user_data = g_thread_self ();
}

static void
wait_until_gone (const char *name)
{
  guint16 id;

  DPDK_TEST_WAIT_UNTIL (rte_eth_dev_get_port_by_name (name, &id) != 0);
}

/* threads of the application receive and send all the while, and never touch what is not there */
static void
remove_under_load (const char *driver, const char *parameters)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  for (guint i = 0; i < dpdk_test_scale (N_REMOVALS); i++)
    {
      g_autofree char *name = g_strdup_printf ("%s%u", driver, i);
      /* each memif has a socket of its own */
      g_autofree char *devargs =
          parameters != NULL ? g_strdup_printf ("%s%s%u", name, parameters, i) : g_strdup (name);
      DpdkPort *port = port_open_started (eal, pool, devargs);
      PortTraffic *traffic = port_traffic_start (port, port, pool);
      g_autoptr (GError) error = NULL;
      GThread *notified = NULL;

      g_signal_connect (port, "notify::removed", G_CALLBACK (note), &notified);
      if (g_str_equal (driver, "net_ring"))
        DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) > 1000);
      /* a driver may say it more than once */
      port_emit_removal (port);
      DPDK_TEST_WAIT_UNTIL (notified != NULL);
      g_assert_true (notified == g_thread_self ());
      wait_until_gone (name);
      g_assert_false (dpdk_port_is_started (port));
      g_assert_false (dpdk_port_is_link_up (port));
      g_assert_false (dpdk_port_start (port, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE);
      g_assert_nonnull (strstr (error->message, name));
      g_clear_error (&error);
      g_assert_null (dpdk_port_receive (port, 0, 1, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE);
      port_traffic_stop (traffic);
      dpdk_test_assert_finalize (port);
    }
  port_finish (eal, pool);
}

static void
test_ring (void)
{
  remove_under_load ("net_ring", NULL);
}

static void
test_tap (void)
{
  remove_under_load ("net_tap", ",iface=dpdk");
}

static void
test_memif (void)
{
  /* memif never closes the socket that it listens on */
  dpdk_test_ignore_fds (dpdk_test_scale (N_REMOVALS));
  remove_under_load ("net_memif", ",role=server,socket=/port-removal");
}

/* nobody has the port any more when the event comes to its turn */
static void
test_dropped (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  for (guint i = 0; i < dpdk_test_scale (10 * N_REMOVALS); i++)
    {
      DpdkPort *port = port_open_started (eal, pool, "net_ring0");

      port_emit_removal (port);
      g_object_unref (port);
      wait_until_gone ("net_ring0");
    }
  port_finish (eal, pool);
}

#define TWO_PORTS                                                                                  \
  "{\"dpdk_cores\": [0, 1], \"devices\": ["                                                        \
  "{\"vdev\": \"net_tap0,iface=dpdk0\", \"addresses\": [\"198.18.0.2/24\"]},"                      \
  "{\"vdev\": \"net_tap1,iface=dpdk1\", \"addresses\": [\"198.18.1.2/24\"]}]}"

static void
on_accept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DpdkTcpConnection) connection =
      dpdk_tcp_listener_accept_finish (DPDK_TCP_LISTENER (source), result, user_data);

  g_assert_null (connection);
}

static void
assert_names_port (GError *error)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  if (strstr (error->message, "net_tap0,iface=dpdk") == NULL)
    g_error ("the port is not in: %s", error->message);
}

/* connections and listeners of the port fail and say why, those of the other one go on */
static void
test_sockets (void)
{
  DpdkRuntime *runtime = net_start_with (TWO_PORTS);
  DpdkTcpListener *listener, *other, *any;
  DpdkTcpConnection *connection, *other_connection;
  DpdkPort *port = dpdk_runtime_dup_port (runtime, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) accept_error = NULL;
  GInputStream *input;
  int fd, other_fd;
  char byte;

  net_kernel_up ("dpdk0", "198.18.0.1/24", NULL);
  net_kernel_up ("dpdk1", "198.18.1.1/24", NULL);
  listener = net_listen (runtime, "198.18.0.2", 7);
  other = net_listen (runtime, "198.18.1.2", 7);
  any = net_listen (runtime, "0.0.0.0", 8);
  fd = net_kernel_connect ("198.18.0.2", 7);
  connection = net_accept (listener);
  other_fd = net_kernel_connect ("198.18.1.2", 7);
  other_connection = net_accept (other);
  /* what has arrived can still be read */
  net_kernel_write (fd, "x", 1);
  input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  DPDK_TEST_WAIT_UNTIL (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (input)));
  dpdk_tcp_listener_accept_async (listener, NULL, on_accept, &accept_error);

  port_emit_removal (port);
  DPDK_TEST_WAIT_UNTIL (accept_error != NULL);
  assert_names_port (accept_error);
  g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (byte, ==, 'x');
  g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, -1);
  assert_names_port (error);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_listener_accept (listener, NULL, &error));
  assert_names_port (error);
  g_clear_error (&error);
  g_assert_true (dpdk_socket_is_closed (DPDK_SOCKET (listener)));
  wait_until_gone ("net_tap0");

  net_exchange_on (g_steal_pointer (&other_connection), other_fd);
  other_fd = net_kernel_connect ("198.18.1.2", 8);
  net_exchange_on (net_accept (any), other_fd);
  net_kernel_close (fd);
  net_release (connection);
  net_release (listener);
  net_release (other);
  net_release (any);
  g_assert_true (dpdk_port_is_removed (port));
  g_object_unref (port);
  net_stop (runtime);
}

/* as above, and groups on it are left */
static void
test_udp_sockets (void)
{
  static const char *const hosts[] = { "198.18.0.2", "198.18.1.2", "0.0.0.0" };
  DpdkRuntime *runtime = net_start_with (TWO_PORTS);
  DpdkPort *port = dpdk_runtime_dup_port (runtime, 0);
  g_autoptr (GInetAddress) group = g_inet_address_new_from_string ("239.1.2.3");
  g_autoptr (GError) error = NULL;
  DpdkUdpSocket *sockets[G_N_ELEMENTS (hosts)];
  int fd;
  char byte;

  net_kernel_up ("dpdk0", "198.18.0.1/24", NULL);
  net_kernel_up ("dpdk1", "198.18.1.1/24", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      sockets[i] = net_udp_new (runtime, hosts[i], (guint16) (7 + i));
      dpdk_udp_socket_join_group (sockets[i], group, port, &error);
      g_assert_no_error (error);
    }
  port_emit_removal (port);
  g_assert_null (
      dpdk_udp_socket_receive_bytes (sockets[0], NULL, net_udp_get_patience (), NULL, &error));
  assert_names_port (error);
  g_clear_error (&error);
  g_assert_true (dpdk_socket_is_closed (DPDK_SOCKET (sockets[0])));
  wait_until_gone ("net_tap0");
  fd = net_kernel_udp_open ("198.18.1.1", 0);
  for (guint i = 1; i < G_N_ELEMENTS (hosts); i++)
    {
      net_kernel_udp_send (fd, "198.18.1.2", (guint16) (7 + i), "x", 1);
      g_assert_cmpuint (net_udp_receive (sockets[i], &byte, 1, NULL), ==, 1);
      net_udp_send (sockets[i], "198.18.1.1", net_kernel_get_port (fd), "y", 1);
      g_assert_cmpuint (net_kernel_udp_receive (fd, &byte, 1, NULL), ==, 1);
      g_assert_false (dpdk_udp_socket_leave_group (sockets[i], group, port, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
      g_assert_false (dpdk_udp_socket_set_multicast_port (sockets[i], port, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    net_release (sockets[i]);
  net_kernel_close (fd);
  g_object_unref (port);
  net_stop (runtime);
}

typedef struct {
  DpdkTcpListener *listener;
  guint n_failed;
} Load;

static gpointer
serve (gpointer data)
{
  Load *load = data;
  g_autoptr (GError) error = NULL;

  while (TRUE)
    {
      g_autoptr (DpdkTcpConnection) connection =
          dpdk_tcp_listener_accept (load->listener, NULL, &error);
      g_autofree guint8 *buffer = g_malloc (NET_PATTERN_SIZE);
      gssize n;

      if (connection == NULL)
        break;
      do
        n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer,
                                 NET_PATTERN_SIZE, NULL, NULL);
      while (n > 0);
      load->n_failed += n < 0 ? 1 : 0;
    }
  assert_names_port (error);
  return NULL;
}

/* the only port of a runtime, in the middle of a stream */
static void
test_runtime_under_load (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkPort *port = dpdk_runtime_dup_port (runtime, 0);
  g_autofree guint8 *data = g_memdup2 (net_pattern (0), NET_PATTERN_SIZE);
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, 9);
  Load load = { .listener = net_listen (runtime, NET_OUR_V4, 7) };
  GThread *thread = g_thread_new ("server", serve, &load);
  g_autoptr (GError) error = NULL;
  int fd = net_kernel_connect (NET_OUR_V4, 7);

  for (guint i = 0; i < 16; i++)
    net_kernel_write (fd, data, NET_PATTERN_SIZE);
  port_emit_removal (port);
  g_thread_join (thread);
  g_assert_cmpuint (load.n_failed, ==, 1);
  wait_until_gone ("net_tap0");
  /* nothing can be made of what is left, and it ends as always */
  g_assert_null (dpdk_tcp_listener_new (runtime, address, 1, &error));
  g_assert_nonnull (error);
  net_kernel_close (fd);
  net_release (load.listener);
  g_object_unref (port);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/port/removal/ring", DPDK_TEST_FLAGS_NETWORK, test_ring);
  dpdk_test_add_func ("/port/removal/tap", DPDK_TEST_FLAGS_NETWORK, test_tap);
  dpdk_test_add_func ("/port/removal/memif", DPDK_TEST_FLAGS_NETWORK, test_memif);
  dpdk_test_add_func ("/port/removal/dropped", DPDK_TEST_FLAGS_NETWORK, test_dropped);
  dpdk_test_add_func ("/port/removal/sockets", DPDK_TEST_FLAGS_NETWORK, test_sockets);
  dpdk_test_add_func ("/port/removal/udp-sockets", DPDK_TEST_FLAGS_NETWORK, test_udp_sockets);
  dpdk_test_add_func ("/port/removal/runtime-under-load", DPDK_TEST_FLAGS_NETWORK,
                      test_runtime_under_load);
  return g_test_run ();
}
