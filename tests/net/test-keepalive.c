/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a peer that vanishes without a word: who asks for it hears of that */
#include "net-fixture.h"
#include "net-kernel.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define PORT 5000

static guint
count_received (int fd)
{
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;

  g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size), ==, 0);
  return info.tcpi_segs_in;
}

/* the kernel drops what is not for it */
static void
vanish (void)
{
  net_run ("ip addr del " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
  net_run ("ip -6 addr del " NET_KERNEL_V6 "/64 dev " NET_INTERFACE);
}

static void
set_options (DpdkTcpConnection *connection, DpdkTcpOptions *options)
{
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_options (dpdk_tcp_connection_get_socket (connection), options, &error);
  g_assert_no_error (error);
}

static guint64
count_unacknowledged (DpdkTcpConnection *connection)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpInfo info;

  dpdk_tcp_socket_get_info (dpdk_tcp_connection_get_socket (connection), &info, &error);
  g_assert_no_error (error);
  return info.bytes_unacknowledged;
}

/* seconds until the connection has timed out */
static double
wait_for_timeout (DpdkTcpConnection *connection)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GTimer) timer = g_timer_new ();
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "timed out"));
  return g_timer_elapsed (timer, NULL);
}

static void
end (DpdkTcpConnection *connection, int fd)
{
  net_kernel_close (fd);
  net_close (connection);
  net_release (connection);
}

static DpdkTcpOptions *
new_keepalive (void)
{
  return g_object_new (DPDK_TYPE_TCP_OPTIONS, "keepalive", TRUE, "keepalive-idle", 1,
                       "keepalive-interval", 1, "keepalive-count", 2, NULL);
}

/* of one connection it is set while it is open, the other has it from the listener that accepted it */
static void
test_vanish (void)
{
  DpdkRuntime *runtime = net_start ();
  const NetFamily families[] = NET_FAMILIES;
  g_autoptr (DpdkTcpOptions) options = new_keepalive ();
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listeners[2];
  DpdkTcpConnection *connections[2];
  guint before[2];
  int fds[2];

  for (guint i = 0; i < 2; i++)
    listeners[i] = net_listen (runtime, families[i].ours, PORT);
  dpdk_tcp_listener_set_options (listeners[1], options, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      fds[i] = net_kernel_connect (families[i].ours, PORT);
      connections[i] = net_accept (listeners[i]);
      before[i] = count_received (fds[i]);
    }
  /* without it nobody asks */
  DPDK_TEST_WAIT_UNTIL (count_received (fds[1]) >= before[1] + 2);
  g_assert_cmpuint (count_received (fds[0]), ==, before[0]);
  set_options (connections[0], options);
  DPDK_TEST_WAIT_UNTIL (count_received (fds[0]) >= before[0] + 2);
  /* as long as it is answered, nothing happens */
  for (guint i = 0; i < 2; i++)
    {
      net_write_pattern (connections[i], 0, 1000);
      net_kernel_read_pattern (fds[i], 0, 1000);
    }
  vanish ();
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpfloat (wait_for_timeout (connections[i]), <, 30);
      end (connections[i], fds[i]);
      net_release (listeners[i]);
    }
  net_stop (runtime);
}

/* and switched off again, the connection outlives a peer that is silent */
static void
test_off (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, PORT);
  g_autoptr (DpdkTcpOptions) options = new_keepalive ();
  int fd = net_kernel_connect (NET_OUR_V4, PORT);
  DpdkTcpConnection *connection = net_accept (listener);
  guint before = count_received (fd);

  set_options (connection, options);
  DPDK_TEST_WAIT_UNTIL (count_received (fd) > before);
  dpdk_tcp_options_set_keepalive (options, FALSE);
  set_options (connection, options);
  vanish ();
  g_usleep (5 * G_USEC_PER_SEC);
  net_run ("ip addr add " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
  net_write_pattern (connection, 0, 1000);
  net_kernel_read_pattern (fd, 0, 1000);
  end (connection, fd);
  net_release (listener);
  net_stop (runtime);
}

static void
test_user_timeout (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V6, PORT);
  g_autoptr (DpdkTcpOptions) options = dpdk_tcp_options_new ();
  int fd = net_kernel_connect (NET_OUR_V6, PORT);
  DpdkTcpConnection *connection = net_accept (listener);
  double seconds;

  dpdk_tcp_options_set_user_timeout (options, 1500);
  set_options (connection, options);
  /* being idle is no reason */
  g_usleep (2 * G_USEC_PER_SEC);
  net_write_pattern (connection, 0, 1000);
  net_kernel_read_pattern (fd, 0, 1000);
  DPDK_TEST_WAIT_UNTIL (count_unacknowledged (connection) == 0);
  vanish ();
  net_write_pattern (connection, 1000, 1000);
  seconds = wait_for_timeout (connection);
  g_assert_cmpfloat (seconds, >, 1.4);
  g_assert_cmpfloat (seconds, <, 30);
  end (connection, fd);
  net_release (listener);
  net_stop (runtime);
}

/* a peer that answers, but reads nothing */
static void
test_closed_window (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, PORT);
  g_autoptr (DpdkTcpOptions) options = dpdk_tcp_options_new ();
  int fd = net_kernel_connect (NET_OUR_V4, PORT);
  DpdkTcpConnection *connection = net_accept (listener);
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GError) error = NULL;

  dpdk_tcp_options_set_user_timeout (options, 2000);
  set_options (connection, options);
  while (g_output_stream_write (output, net_pattern (0), NET_PATTERN_SIZE, NULL, &error) > 0)
    ;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  end (connection, fd);
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/keepalive/vanish", DPDK_TEST_FLAGS_NETWORK, test_vanish);
  dpdk_test_add_func ("/net/keepalive/off", DPDK_TEST_FLAGS_NETWORK, test_off);
  dpdk_test_add_func ("/net/keepalive/user-timeout", DPDK_TEST_FLAGS_NETWORK, test_user_timeout);
  dpdk_test_add_func ("/net/keepalive/closed-window", DPDK_TEST_FLAGS_NETWORK, test_closed_window);
  return g_test_run ();
}
