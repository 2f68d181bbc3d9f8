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

/* set on a connection that is there already, or on the listener that accepts it */
static void
check_keepalive (const NetFamily *family, gboolean live)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, family->ours, PORT);
  g_autoptr (DpdkTcpOptions) options = new_keepalive ();
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;
  guint before;
  double seconds;
  int fd;

  if (!live)
    dpdk_tcp_listener_set_options (listener, options, &error);
  g_assert_no_error (error);
  fd = net_kernel_connect (family->ours, PORT);
  connection = net_accept (listener);
  if (live)
    {
      /* without it nobody asks */
      before = count_received (fd);
      g_usleep (2 * G_USEC_PER_SEC);
      g_assert_cmpuint (count_received (fd), ==, before);
      set_options (connection, options);
    }
  /* as long as it is answered, nothing happens */
  before = count_received (fd);
  DPDK_TEST_WAIT_UNTIL (count_received (fd) >= before + 2);
  net_write_pattern (connection, 0, 1000);
  net_kernel_read_pattern (fd, 0, 1000);
  vanish ();
  seconds = wait_for_timeout (connection);
  g_assert_cmpfloat (seconds, <, 30);
  end (connection, fd);
  net_release (listener);
  net_stop (runtime);
}

static void
test_live (void)
{
  const NetFamily families[] = NET_FAMILIES;

  check_keepalive (&families[0], TRUE);
}

static void
test_listener (void)
{
  const NetFamily families[] = NET_FAMILIES;

  check_keepalive (&families[1], FALSE);
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
  dpdk_test_add_func ("/net/keepalive/live", DPDK_TEST_FLAGS_NETWORK, test_live);
  dpdk_test_add_func ("/net/keepalive/listener", DPDK_TEST_FLAGS_NETWORK, test_listener);
  dpdk_test_add_func ("/net/keepalive/off", DPDK_TEST_FLAGS_NETWORK, test_off);
  dpdk_test_add_func ("/net/keepalive/user-timeout", DPDK_TEST_FLAGS_NETWORK, test_user_timeout);
  dpdk_test_add_func ("/net/keepalive/closed-window", DPDK_TEST_FLAGS_NETWORK, test_closed_window);
  return g_test_run ();
}
