/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what can be chosen for a socket of TCP, as the kernel sees it */
#include "net-end.h"
#include "net-kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define PORT 5000
#define MAX_FRAME 65536

static const NetFamily families[] = NET_FAMILIES;

/* TTL and traffic class of the frames of ours; the flags of TCP */
typedef struct {
  guint n;
  guint n_syn_ack;
  guint min_ttl;
  guint max_ttl;
  guint traffic_class;
} Seen;

static Seen
look_at_frames (int packets, gboolean is_v6)
{
  g_autofree guint8 *frame = g_malloc (MAX_FRAME);
  Seen seen = { .min_ttl = 255 };
  gboolean is_from_us;
  gssize size;

  while ((size = net_packet_receive (packets, frame, MAX_FRAME, &is_from_us)) > 0)
    {
      const guint8 *ip = frame + 14;
      guint protocol = is_v6 ? ip[6] : ip[9];
      guint ttl = is_v6 ? ip[7] : ip[8];
      guint traffic_class = is_v6 ? (guint) ((ip[0] & 15) << 4 | ip[1] >> 4) : ip[1];
      const guint8 *tcp = ip + (is_v6 ? 40 : 20);

      if (!is_from_us || size < 54 || frame[12] != (is_v6 ? 0x86 : 0x08) ||
          frame[13] != (is_v6 ? 0xdd : 0x00) || protocol != 6)
        continue;
      seen.n++;
      seen.n_syn_ack += (tcp[13] & 0x12) == 0x12;
      seen.min_ttl = MIN (seen.min_ttl, ttl);
      seen.max_ttl = MAX (seen.max_ttl, ttl);
      seen.traffic_class |= traffic_class;
    }
  return seen;
}

static void
assert_seen (int packets, gboolean is_v6, guint n_syn_ack, guint ttl, guint traffic_class)
{
  Seen seen = look_at_frames (packets, is_v6);

  g_assert_cmpuint (seen.n, >=, 2);
  g_assert_cmpuint (seen.n_syn_ack, >=, n_syn_ack);
  g_assert_cmpuint (seen.min_ttl, ==, ttl);
  g_assert_cmpuint (seen.max_ttl, ==, ttl);
  g_assert_cmphex (seen.traffic_class, ==, traffic_class);
}

static void
choose_headers (DpdkSocket *socket)
{
  g_assert_cmpuint (dpdk_socket_get_ttl (socket), ==, 64);
  g_assert_cmpuint (dpdk_socket_get_traffic_class (socket), ==, 0);
  dpdk_socket_set_ttl (socket, 255);
  /* the lower bits are TCP's own */
  g_object_set (socket, "traffic-class", 0xbb, NULL);
  g_assert_cmpuint (dpdk_socket_get_traffic_class (socket), ==, 0xb8);
}

/* from the first packet on, and changed while the connection is open */
static void
test_headers (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint role = 0; role < 2; role++)
      {
        int packets = net_packet_open (NET_INTERFACE);
        NetEnd end =
            (role == 0 ? net_end_connect : net_end_accept) (runtime, &families[i], choose_headers);

        net_end_exchange (&end);
        assert_seen (packets, i == 1, role, 255, 0xb8);
        g_assert_cmpuint (dpdk_socket_get_ttl (DPDK_SOCKET (end.socket)), ==, 255);
        g_assert_cmpuint (dpdk_socket_get_traffic_class (DPDK_SOCKET (end.socket)), ==, 0xb8);
        dpdk_socket_set_ttl (DPDK_SOCKET (end.socket), 7);
        dpdk_socket_set_traffic_class (DPDK_SOCKET (end.socket), 0x20);
        /* it goes to the worker before what is written later; acknowledgements of its own may not */
        net_end_exchange (&end);
        look_at_frames (packets, i == 1);
        net_end_exchange (&end);
        assert_seen (packets, i == 1, 0, 7, 0x20);
        net_end_clear (&end);
        net_kernel_close (packets);
      }
  net_stop (runtime);
}

/* a SYN cookie has the listener's TTL, too: GTSM (RFC 5082) */
static void
test_cookie (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, PORT);
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener = dpdk_tcp_listener_new (runtime, address, 1, &error);
  int packets, fds[3];

  g_assert_no_error (error);
  dpdk_socket_set_ttl (DPDK_SOCKET (listener), 255);
  packets = net_packet_open (NET_INTERFACE);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = net_kernel_connect (NET_OUR_V4, PORT);
  assert_seen (packets, FALSE, 3, 255, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    net_kernel_close (fds[i]);
  net_kernel_close (packets);
  net_release (listener);
  net_stop (runtime);
}

static void
on_notify (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_assert_true (g_main_context_get_thread_default () == NULL);
  g_ptr_array_add (user_data, (gpointer) pspec->name);
}

static gpointer
change_elsewhere (gpointer data)
{
  dpdk_socket_set_ttl (data, 99);
  dpdk_tcp_socket_set_linger (data, 5);
  return NULL;
}

static void
test_properties (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, &error);
  g_autoptr (GThread) thread = NULL;
  guint core_id;
  int linger;

  g_assert_no_error (error);
  g_signal_connect (socket, "notify", G_CALLBACK (on_notify), names);
  g_object_get (socket, "core-id", &core_id, "linger", &linger, NULL);
  g_assert_cmpuint (core_id, ==,
                    dpdk_worker_get_core (dpdk_socket_get_worker (DPDK_SOCKET (socket))));
  g_assert_cmpint (linger, ==, -1);
  g_assert_cmpint (dpdk_tcp_socket_get_family (socket), ==, G_SOCKET_FAMILY_IPV6);
  g_assert_cmpuint (dpdk_tcp_socket_get_connect_timeout (socket), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_object_set (socket, "ttl", 3, "traffic-class", 8, "linger", 100, "connect-timeout", 200,
                    "nodelay", TRUE, NULL);
      /* a change is told once, and what is not one never */
      g_assert_cmpuint (names->len, ==, 5);
    }
  /* what another thread does is told here */
  thread = g_thread_new ("change", change_elsewhere, socket);
  g_thread_join (g_steal_pointer (&thread));
  g_assert_cmpuint (names->len, ==, 5);
  DPDK_TEST_WAIT_UNTIL (names->len == 7);
  g_assert_cmpuint (dpdk_socket_get_ttl (DPDK_SOCKET (socket)), ==, 99);
  g_assert_cmpint (dpdk_tcp_socket_get_linger (socket), ==, 5);
  net_release (socket);
  net_stop (runtime);
}

/* 0: the peer gets a reset, and what it has not yet read may be lost */
static void
check_abort_on_close (NetEnd *end)
{
  dpdk_tcp_socket_set_linger (end->socket, 0);
  net_write_pattern (end->connection, 0, 1000);
  net_kernel_read_pattern (end->fd, 0, 1000);
  net_close (end->connection);
  net_kernel_assert_reset (end->fd);
  net_kernel_close (end->fd);
  net_release (end->connection);
}

static void
test_abort_on_close (void)
{
  net_end_for_each (check_abort_on_close);
}

/* a peer that takes nothing is waited for no longer than was said; one that takes all in time gets the
   end */
static void
check_linger (NetEnd *end)
{
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (end->connection)));
  socklen_t size = sizeof (int);
  int error_number;
  gint64 start;

  while (g_pollable_output_stream_write_nonblocking (output, net_pattern (0), 65521, NULL, NULL) >
             0 ||
         net_end_get_info (end).send_window >= 4096)
    g_usleep (1000);
  dpdk_tcp_socket_set_linger (end->socket, 300);
  start = g_get_monotonic_time ();
  net_close (end->connection);
  do
    {
      g_usleep (1000);
      g_assert_cmpint (getsockopt (end->fd, SOL_SOCKET, SO_ERROR, &error_number, &size), ==, 0);
    }
  while (error_number == 0);
  g_assert_cmpint (error_number, ==, ECONNRESET);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 290000);
  net_kernel_close (end->fd);
  net_release (end->connection);
}

static void
test_linger (void)
{
  net_end_for_each (check_linger);
}

static void
check_linger_in_time (NetEnd *end)
{
  dpdk_tcp_socket_set_linger (end->socket, 20000);
  net_write_pattern (end->connection, 0, 100000);
  net_close (end->connection);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (end->fd, 0), ==, 100000);
  net_kernel_close (end->fd);
  net_release (end->connection);
}

static void
test_linger_in_time (void)
{
  net_end_for_each (check_linger_in_time);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_null (dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, user_data));
}

/* nobody answers */
static void
test_connect_timeout (void)
{
  static const char *const hosts[] = { "198.18.0.77", "fde7:f17d:24::77" };
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 2 * G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (GSocketAddress) address = net_address (hosts[i / 2], PORT);
      g_autoptr (GError) error = NULL;
      DpdkTcpSocket *socket =
          dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
      gint64 start = g_get_monotonic_time ();
      g_autoptr (GError) result = NULL;

      g_assert_no_error (error);
      dpdk_tcp_socket_set_connect_timeout (socket, 200);
      if (i % 2 == 0)
        g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &result));
      else
        dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected, &result);
      DPDK_TEST_WAIT_UNTIL (result != NULL);
      g_assert_error (result, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_nonnull (strstr (result->message, hosts[i / 2]));
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 190000);
      /* it is still there to be taken */
      g_assert_false (dpdk_tcp_socket_take_error (socket, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      net_release (socket);
    }
  /* with an answer in time, it counts no more */
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      guint16 port = 0;
      int listener = net_kernel_listen (families[i].kernels, 1, &port);
      g_autoptr (GSocketAddress) address = net_address (families[i].kernels, port);
      g_autoptr (GError) error = NULL;
      NetEnd end = { .runtime = runtime };

      end.socket = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
      g_assert_no_error (error);
      dpdk_tcp_socket_set_connect_timeout (end.socket, 15000);
      end.connection = dpdk_tcp_socket_connect (end.socket, address, NULL, &error);
      g_assert_no_error (error);
      g_object_unref (end.socket);
      end.fd = net_kernel_accept (listener);
      net_kernel_close (listener);
      net_end_exchange (&end);
      net_end_clear (&end);
    }
  net_stop (runtime);
}

static void
assert_refuses (DpdkTcpSocket *socket, const char *host, const char *text)
{
  /* not from a string, of which GIO would make an address of IPv4 if it is one */
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (host);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, PORT);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_tcp_socket_connect (socket, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  if (strstr (error->message, text) == NULL)
    g_error ("%s: %s", host, error->message);
  g_clear_error (&error);
  g_assert_false (dpdk_tcp_socket_bind (socket, address, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, text));
}

/* nothing is lost by a wrong address: the socket still connects to a right one */
static void
test_families (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      guint16 port = 0;
      int listener = net_kernel_listen (families[i].kernels, 1, &port);
      g_autoptr (GSocketAddress) any = net_address (i == 0 ? "0.0.0.0" : "::", 0);
      g_autoptr (GSocketAddress) remote = net_address (families[i].kernels, port);
      g_autoptr (GSocketAddress) local = NULL;
      g_autofree char *name = NULL;
      g_autofree char *peer = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkTcpSocket) socket =
          dpdk_tcp_socket_new (runtime, g_socket_address_get_family (any), &error);
      NetEnd end = { .runtime = runtime };

      g_assert_no_error (error);
      assert_refuses (socket, families[1 - i].kernels,
                      i == 0 ? "is not of the family of the DpdkTcpSocket, which is IPv4"
                             : "is not of the family of the DpdkTcpSocket, which is IPv6");
      if (i == 1)
        assert_refuses (socket, "::ffff:198.18.0.1", "is an address of IPv4");
      /* unspecified, then connected: then it is known */
      dpdk_tcp_socket_bind (socket, any, &error);
      g_assert_no_error (error);
      end.connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
      g_assert_no_error (error);
      end.fd = net_kernel_accept (listener);
      local = dpdk_tcp_connection_get_local_address (end.connection, &error);
      g_assert_no_error (error);
      name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
      peer = net_kernel_get_name (end.fd, TRUE);
      g_assert_cmpstr (name, ==, peer);
      g_assert_true (g_str_has_prefix (name, i == 0 ? NET_OUR_V4 : "[" NET_OUR_V6));
      net_end_exchange (&end);
      net_kernel_close (listener);
      g_clear_object (&socket);
      net_end_clear (&end);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-socket/headers", DPDK_TEST_FLAGS_NETWORK, test_headers);
  dpdk_test_add_func ("/net/tcp-socket/cookie", DPDK_TEST_FLAGS_NETWORK, test_cookie);
  dpdk_test_add_func ("/net/tcp-socket/properties", DPDK_TEST_FLAGS_NETWORK, test_properties);
  dpdk_test_add_func ("/net/tcp-socket/abort-on-close", DPDK_TEST_FLAGS_NETWORK,
                      test_abort_on_close);
  dpdk_test_add_func ("/net/tcp-socket/linger", DPDK_TEST_FLAGS_NETWORK, test_linger);
  dpdk_test_add_func ("/net/tcp-socket/linger-in-time", DPDK_TEST_FLAGS_NETWORK,
                      test_linger_in_time);
  dpdk_test_add_func ("/net/tcp-socket/connect-timeout", DPDK_TEST_FLAGS_NETWORK,
                      test_connect_timeout);
  dpdk_test_add_func ("/net/tcp-socket/families", DPDK_TEST_FLAGS_NETWORK, test_families);
  return g_test_run ();
}
