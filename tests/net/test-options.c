/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what can be chosen for a connection, as the kernel's end of it sees that */
#include "net-fixture.h"
#include "net-kernel.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 5000
#define SMALL (32 * 1024)
#define LARGE (1024 * 1024)
#define CONFIG                                                                                     \
  "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\", \"mac\": "             \
  "\"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}], "            \
  "\"tcp\": {\"congestion_control\": \"new-reno\", \"receive_buffer_size\": 1048576, "             \
  "\"send_buffer_size\": 32768, \"rto_min\": 300, \"ack_delay\": 0, \"keepalive\": true, "         \
  "\"keepalive_idle\": 100, \"keepalive_interval\": 20, \"keepalive_count\": 5, "                  \
  "\"user_timeout\": 90000, \"timestamps\": true, \"ecn\": true}}"

/* the kernel offers ECN, too; of its own accord it only accepts it */
static void
let_kernel_offer_ecn (void)
{
  int fd = open ("/proc/sys/net/ipv4/tcp_ecn", O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, "1", 1), ==, 1);
  close (fd);
}

static struct tcp_info
get_kernel_info (int fd)
{
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;

  g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size), ==, 0);
  return info;
}

static DpdkTcpInfo
get_info (DpdkTcpConnection *connection)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpInfo info;

  dpdk_tcp_socket_get_info (dpdk_tcp_connection_get_socket (connection), &info, &error);
  g_assert_no_error (error);
  return info;
}

static DpdkTcpOptions *
new_options (void)
{
  return g_object_new (DPDK_TYPE_TCP_OPTIONS, "congestion-control",
                       DPDK_CONGESTION_CONTROL_NEW_RENO, "receive-buffer-size", LARGE,
                       "send-buffer-size", SMALL, "rto-min", 300, "ack-delay", 0, "keepalive", TRUE,
                       "keepalive-idle", 100, "keepalive-interval", 20, "keepalive-count", 5,
                       "user-timeout", 90000, "timestamps", TRUE, "ecn", TRUE, NULL);
}

static void
assert_equal (DpdkTcpOptions *a, DpdkTcpOptions *b)
{
  g_assert_cmpint (dpdk_tcp_options_get_congestion_control (a), ==,
                   dpdk_tcp_options_get_congestion_control (b));
  g_assert_cmpuint (dpdk_tcp_options_get_receive_buffer_size (a), ==,
                    dpdk_tcp_options_get_receive_buffer_size (b));
  g_assert_cmpuint (dpdk_tcp_options_get_send_buffer_size (a), ==,
                    dpdk_tcp_options_get_send_buffer_size (b));
  g_assert_cmpuint (dpdk_tcp_options_get_rto_min (a), ==, dpdk_tcp_options_get_rto_min (b));
  g_assert_cmpuint (dpdk_tcp_options_get_ack_delay (a), ==, dpdk_tcp_options_get_ack_delay (b));
  g_assert_cmpint (dpdk_tcp_options_get_keepalive (a), ==, dpdk_tcp_options_get_keepalive (b));
  g_assert_cmpuint (dpdk_tcp_options_get_keepalive_idle (a), ==,
                    dpdk_tcp_options_get_keepalive_idle (b));
  g_assert_cmpuint (dpdk_tcp_options_get_keepalive_interval (a), ==,
                    dpdk_tcp_options_get_keepalive_interval (b));
  g_assert_cmpuint (dpdk_tcp_options_get_keepalive_count (a), ==,
                    dpdk_tcp_options_get_keepalive_count (b));
  g_assert_cmpuint (dpdk_tcp_options_get_user_timeout (a), ==,
                    dpdk_tcp_options_get_user_timeout (b));
  g_assert_cmpint (dpdk_tcp_options_get_ecn (a), ==, dpdk_tcp_options_get_ecn (b));
  g_assert_cmpint (dpdk_tcp_options_get_timestamps (a), ==, dpdk_tcp_options_get_timestamps (b));
}

static void
assert_socket_has (DpdkTcpConnection *connection, DpdkTcpOptions *options)
{
  g_autoptr (DpdkTcpOptions) have =
      dpdk_tcp_socket_dup_options (dpdk_tcp_connection_get_socket (connection));

  assert_equal (have, options);
}

/* the kernel sends until our buffer is full, and no more */
static void
assert_receive_buffer (DpdkTcpConnection *connection, int fd, guint size)
{
  g_autofree guint8 *data = g_malloc0 (2 * (gsize) size);
  struct timeval no_time = { .tv_usec = 1 };
  guint64 before = get_kernel_info (fd).tcpi_bytes_acked;
  gsize n_sent = 0;

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &no_time, sizeof no_time), ==, 0);
  while (n_sent < size || get_kernel_info (fd).tcpi_bytes_acked - before < size - 64)
    {
      gssize n = n_sent < 2 * size ? send (fd, data, 2 * (gsize) size - n_sent, MSG_NOSIGNAL) : 0;

      n_sent += n > 0 ? (gsize) n : 0;
      if (n <= 0)
        g_usleep (1000);
    }
  g_assert_cmpuint (get_kernel_info (fd).tcpi_bytes_acked - before, <=, size);
  for (gsize n_read = 0; n_read < n_sent;)
    {
      GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
      g_autoptr (GError) error = NULL;
      gssize n = g_input_stream_read (input, data, size, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      n_read += (gsize) n;
    }
}

/* what we accept for sending is what the kernel has got and what our buffer holds */
static void
assert_send_buffer (DpdkTcpConnection *connection, int fd, guint size)
{
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (connection)));
  guint64 before = get_kernel_info (fd).tcpi_bytes_received;
  guint64 n_written = 0, n_received;
  guint8 *data = g_malloc0 (size);

  do
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_output_stream_write_nonblocking (output, data, size, NULL, &error);

      if (n < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          g_usleep (1000);
        }
      else
        n_written += (guint64) n;
      n_received = get_kernel_info (fd).tcpi_bytes_received - before;
      /* the kernel may have got more by now */
      g_assert_cmpuint (n_written, <=, n_received + size);
    }
  /* until the kernel's buffer is full, too */
  while (n_written < n_received + size || get_info (connection).send_window >= 4096);
  for (guint64 n_read = 0; n_read < n_written;)
    n_read += (guint64) net_kernel_read_some (fd, data, size);
  g_free (data);
}

static void
check_chosen (DpdkTcpConnection *connection, int fd, DpdkTcpOptions *options)
{
  struct tcp_info kernel = get_kernel_info (fd);
  DpdkTcpInfo info = get_info (connection);

  assert_socket_has (connection, options);
  g_assert_cmpint (info.congestion_control, ==, dpdk_tcp_options_get_congestion_control (options));
  g_assert_cmpint (info.timestamps, ==, dpdk_tcp_options_get_timestamps (options));
  g_assert_cmpint (info.ecn, ==, dpdk_tcp_options_get_ecn (options));
  g_assert_cmpint ((kernel.tcpi_options & TCPI_OPT_ECN) != 0, ==, info.ecn);
  g_assert_true (info.sack);
  g_assert_cmpint ((kernel.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0, ==, info.timestamps);
  g_assert_cmpint ((kernel.tcpi_options & TCPI_OPT_SACK) != 0, ==, info.sack);
  g_assert_cmpuint (kernel.tcpi_snd_wscale, ==, info.receive_scale);
  g_assert_cmpuint (kernel.tcpi_rcv_wscale, ==, info.send_scale);
  g_assert_cmpuint (info.receive_window >> info.receive_scale, <=, G_MAXUINT16);
  g_assert_cmpuint (info.receive_window, ==, dpdk_tcp_options_get_receive_buffer_size (options));
  g_assert_cmpuint (info.rto, >=, dpdk_tcp_options_get_rto_min (options));
  g_assert_cmpuint (info.bytes_in_flight, ==, 0);
  g_assert_cmpuint (info.congestion_window, >=, 2 * info.mss);
  assert_receive_buffer (connection, fd, dpdk_tcp_options_get_receive_buffer_size (options));
  assert_send_buffer (connection, fd, dpdk_tcp_options_get_send_buffer_size (options));
}

static DpdkTcpConnection *
connect_with (DpdkRuntime *runtime, DpdkTcpOptions *options, gboolean bind, int *fd)
{
  guint16 port = 0;
  int listener = net_kernel_listen (NET_KERNEL_V4, 1, &port);
  g_autoptr (GSocketAddress) local = net_address (NET_OUR_V4, 0);
  g_autoptr (GSocketAddress) remote = net_address (NET_KERNEL_V4, port);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
  DpdkTcpConnection *connection;
  DpdkTcpInfo info;

  g_assert_no_error (error);
  /* before there is anything, or when there is something that is not yet opened */
  if (bind)
    dpdk_tcp_socket_bind (socket, local, &error);
  g_assert_no_error (error);
  if (options != NULL)
    dpdk_tcp_socket_set_options (socket, options, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_tcp_socket_get_info (socket, &info, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);
  connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
  g_assert_no_error (error);
  *fd = net_kernel_accept (listener);
  net_kernel_close (listener);
  return connection;
}

static void
end (DpdkTcpConnection *connection, int fd)
{
  net_kernel_close (fd);
  net_close (connection);
  net_release (connection);
}

static void
test_socket (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DpdkTcpOptions) options = i < 2 ? new_options () : dpdk_tcp_options_new ();
      DpdkTcpConnection *connection;
      int fd;

      connection = connect_with (runtime, i < 2 ? options : NULL, i == 1, &fd);
      check_chosen (connection, fd, options);
      end (connection, fd);
    }
  net_stop (runtime);
}

static void
test_listener (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, PORT);
  g_autoptr (DpdkTcpOptions) defaults = dpdk_tcp_options_new ();
  g_autoptr (DpdkTcpOptions) options = new_options ();
  g_autoptr (GError) error = NULL;

  let_kernel_offer_ecn ();
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DpdkTcpOptions) have = dpdk_tcp_listener_dup_options (listener);
      int fd = net_kernel_connect (NET_OUR_V4, PORT);
      DpdkTcpConnection *connection = net_accept (listener);

      assert_equal (have, i == 0 ? defaults : options);
      dpdk_tcp_listener_set_options (listener, options, &error);
      g_assert_no_error (error);
      /* of those that are there already nothing changes */
      check_chosen (connection, fd, i == 0 ? defaults : options);
      end (connection, fd);
    }
  dpdk_socket_close (DPDK_SOCKET (listener));
  g_assert_false (dpdk_tcp_listener_set_options (listener, options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (listener);
  net_stop (runtime);
}

/* all connections of the runtime, in both directions */
static void
test_config (void)
{
  DpdkRuntime *runtime = net_start_with (CONFIG);
  g_autoptr (DpdkTcpOptions) options = new_options ();
  g_autoptr (DpdkTcpOptions) have = dpdk_config_dup_tcp_options (dpdk_runtime_get_config (runtime));
  DpdkTcpConnection *connection;
  DpdkTcpListener *listener;
  int fd;

  let_kernel_offer_ecn ();
  net_kernel_up_default ();
  assert_equal (have, options);
  listener = net_listen (runtime, NET_OUR_V4, PORT);
  fd = net_kernel_connect (NET_OUR_V4, PORT);
  connection = net_accept (listener);
  check_chosen (connection, fd, options);
  end (connection, fd);
  connection = connect_with (runtime, NULL, FALSE, &fd);
  check_chosen (connection, fd, options);
  end (connection, fd);
  net_release (listener);
  net_stop (runtime);
}

static void
assert_refused (DpdkTcpSocket *socket, DpdkTcpOptions *options, int code)
{
  g_autoptr (DpdkTcpOptions) before = dpdk_tcp_socket_dup_options (socket);
  g_autoptr (DpdkTcpOptions) after = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_tcp_socket_set_options (socket, options, &error));
  g_assert_error (error, G_IO_ERROR, code);
  after = dpdk_tcp_socket_dup_options (socket);
  assert_equal (before, after);
}

/* of a connection that is open, all but what was negotiated */
static void
test_change (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (DpdkTcpOptions) options = dpdk_tcp_options_new ();
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  g_autoptr (GError) error = NULL;
  DpdkTcpInfo info;
  int fd;

  connection = connect_with (runtime, NULL, FALSE, &fd);
  socket = dpdk_tcp_connection_get_socket (connection);

  /* and of what is refused, nothing is done */
  dpdk_tcp_options_set_send_buffer_size (options, SMALL);
  dpdk_tcp_options_set_congestion_control (options, DPDK_CONGESTION_CONTROL_NEW_RENO);
  dpdk_tcp_options_set_timestamps (options, TRUE);
  assert_refused (socket, options, G_IO_ERROR_INVALID_ARGUMENT);
  dpdk_tcp_options_set_timestamps (options, FALSE);
  dpdk_tcp_options_set_ecn (options, TRUE);
  assert_refused (socket, options, G_IO_ERROR_INVALID_ARGUMENT);
  dpdk_tcp_options_set_ecn (options, FALSE);
  dpdk_tcp_options_set_receive_buffer_size (options, SMALL);
  assert_refused (socket, options, G_IO_ERROR_INVALID_ARGUMENT);
  dpdk_tcp_options_set_receive_buffer_size (options, LARGE);
  assert_refused (socket, options, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (get_info (connection).congestion_control, ==, DPDK_CONGESTION_CONTROL_CUBIC);
  assert_send_buffer (connection, fd, 256 * 1024);

  dpdk_tcp_options_set_receive_buffer_size (options, 300 * 1024);
  dpdk_tcp_options_set_rto_min (options, 700);
  dpdk_tcp_socket_set_options (socket, options, &error);
  g_assert_no_error (error);
  assert_socket_has (connection, options);
  info = get_info (connection);
  g_assert_cmpint (info.congestion_control, ==, DPDK_CONGESTION_CONTROL_NEW_RENO);
  g_assert_cmpuint (info.rto, >=, 700);
  assert_receive_buffer (connection, fd, 300 * 1024);
  assert_send_buffer (connection, fd, SMALL);

  g_object_ref (socket);
  end (connection, fd);
  assert_refused (socket, options, G_IO_ERROR_CLOSED);
  net_release (socket);
  net_stop (runtime);
}

static void
on_worker (DpdkWorker *worker, gpointer user_data)
{
  g_autoptr (DpdkTcpOptions) options = new_options ();
  g_autoptr (GError) error = NULL;
  gpointer *done = user_data;
  DpdkTcpInfo info;

  /* its own worker does not wait for itself */
  dpdk_tcp_socket_set_options (done[0], options, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_tcp_socket_get_info (done[0], &info, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);
  dpdk_tcp_listener_set_options (done[1], options, &error);
  g_assert_no_error (error);
  g_atomic_pointer_set (&done[2], worker);
}

static void
test_on_worker (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  DpdkTcpSocket *socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, PORT);
  g_autoptr (DpdkTcpOptions) options = new_options ();
  g_autoptr (DpdkTcpOptions) of_socket = NULL;
  g_autoptr (DpdkTcpOptions) of_listener = NULL;
  gpointer done[] = { socket, listener, NULL };

  g_assert_no_error (error);
  dpdk_worker_invoke (worker, on_worker, done, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_pointer_get (&done[2]) != NULL);
  of_socket = dpdk_tcp_socket_dup_options (socket);
  of_listener = dpdk_tcp_listener_dup_options (listener);
  assert_equal (of_socket, options);
  assert_equal (of_listener, options);
  net_release (socket);
  net_release (listener);
  g_clear_object (&worker);
  net_stop (runtime);
}

int
main (int argc, char *argv[])
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/options/socket", DPDK_TEST_FLAGS_NETWORK, test_socket);
  dpdk_test_add_func ("/net/options/listener", DPDK_TEST_FLAGS_NETWORK, test_listener);
  dpdk_test_add_func ("/net/options/config", DPDK_TEST_FLAGS_NETWORK, test_config);
  dpdk_test_add_func ("/net/options/change", DPDK_TEST_FLAGS_NETWORK, test_change);
  dpdk_test_add_func ("/net/options/on-worker", DPDK_TEST_FLAGS_NETWORK, test_on_worker);
  return g_test_run ();
}
