/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* datagrams of all sizes between us and the kernel, both ways */
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>
#include <sys/socket.h>

#define MAX_V4 65507
#define MAX_V6 65487

static const NetFamily families[] = NET_FAMILIES;

static const gsize sizes[] = {
  0,    1,    17,   511,  512,  1231, 1232, 1233,  1451,  1452,  1453,   1471,
  1472, 1473, 2000, 2943, 2944, 2945, 9000, 30000, 60000, 65000, MAX_V6,
};

static gsize
get_max (guint family)
{
  return family == 0 ? MAX_V4 : MAX_V6;
}

/* we ask */
static void
run_client (DpdkUdpSocket *socket, const char *host, guint16 port, guint64 offset, gsize size)
{
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
  g_autoptr (GSocketAddress) from = NULL;
  gsize n;

  net_udp_send (socket, dpdk_udp_socket_is_connected (socket) ? NULL : host, port,
                net_pattern (offset), size);
  n = net_udp_receive (socket, buffer, NET_UDP_MAX, &from);
  g_assert_cmpmem (buffer, n, net_pattern (offset), size);
  net_udp_assert_from (from, host, port);
}

static void
test_client (void)
{
  DpdkRuntime *runtime = net_start ();
  guint16 port = 0;
  NetUdpEcho *echo = net_udp_echo_new (&port);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkUdpSocket *open = net_udp_new (runtime, families[i].ours, 0);
      DpdkUdpSocket *connected = net_udp_new_connected (runtime, families[i].kernels, port);
      DpdkUdpStatistics statistics;

      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        {
          run_client (open, families[i].kernels, port, j, sizes[j]);
          run_client (connected, families[i].kernels, port, j + 100, sizes[j]);
        }
      run_client (connected, families[i].kernels, port, 7, get_max (i));
      statistics = net_udp_get_statistics (open);
      g_assert_cmpuint (statistics.sent, ==, G_N_ELEMENTS (sizes));
      g_assert_cmpuint (statistics.received, ==, G_N_ELEMENTS (sizes));
      g_assert_cmpuint (statistics.sent_bytes, ==, statistics.received_bytes);
      g_assert_cmpuint (statistics.receive_dropped, ==, 0);
      g_assert_cmpuint (statistics.send_dropped, ==, 0);
      net_release (open);
      net_release (connected);
    }
  net_udp_echo_free (echo);
  net_stop (runtime);
}

/* the kernel asks */
static void
test_server (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkUdpSocket *socket = net_udp_new (runtime, families[i].ours, 7000);
      int fd = net_kernel_udp_open (families[i].kernels, 0);

      for (guint j = 0; j <= G_N_ELEMENTS (sizes); j++)
        {
          gsize size = j < G_N_ELEMENTS (sizes) ? sizes[j] : get_max (i);
          g_autoptr (GSocketAddress) from = NULL;
          g_autoptr (GSocketAddress) back = NULL;
          gsize n;

          net_kernel_udp_send (fd, families[i].ours, 7000, net_pattern (j), size);
          n = net_udp_receive (socket, buffer, NET_UDP_MAX, &from);
          g_assert_cmpmem (buffer, n, net_pattern (j), size);
          net_udp_assert_from (from, families[i].kernels, net_kernel_get_port (fd));
          net_udp_send (socket, families[i].kernels, net_kernel_get_port (fd), buffer, n);
          n = net_kernel_udp_receive (fd, buffer, NET_UDP_MAX, &back);
          g_assert_cmpmem (buffer, n, net_pattern (j), size);
          net_udp_assert_from (back, families[i].ours, 7000);
        }
      net_kernel_close (fd);
      net_release (socket);
    }
  net_stop (runtime);
}

static void
test_too_large (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autofree guint8 *data = g_malloc0 (NET_UDP_MAX);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkUdpSocket *socket = net_udp_new_connected (runtime, families[i].kernels, 9);
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (net_udp_try_send (socket, NULL, data, get_max (i) + 1, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
      g_assert_nonnull (strstr (error->message, families[i].kernels));
      net_release (socket);
    }
  net_stop (runtime);
}

/* one socket for both families, unless it is for IPv6 only */
static void
test_dual (void)
{
  DpdkRuntime *runtime = net_start ();
  guint16 port = 0;
  NetUdpEcho *echo = net_udp_echo_new (&port);
  DpdkUdpSocket *dual = net_udp_new (runtime, "::", 0);
  g_autoptr (GSocketAddress) any = net_address ("::", 0);
  g_autoptr (GSocketAddress) v4 = net_address (NET_KERNEL_V4, port);
  g_autoptr (GSocketAddress) mapped = net_address ("::ffff:" NET_KERNEL_V4, port);
  g_autoptr (GError) error = NULL;
  DpdkUdpSocket *only;
  int fd;

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    run_client (dual, families[i].kernels, port, i, 1000);
  g_assert_cmpint (net_udp_try_send (dual, mapped, "x", 1, &error), ==, 1);
  g_assert_no_error (error);
  net_release (dual);

  only = dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, &error);
  g_assert_no_error (error);
  dpdk_udp_socket_set_ipv6_only (only, TRUE);
  dpdk_udp_socket_bind (only, any, &error);
  g_assert_no_error (error);
  g_assert_cmpint (net_udp_try_send (only, v4, "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (net_udp_try_send (only, mapped, "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  run_client (only, NET_KERNEL_V6, port, 3, 100);
  /* its port is free in the other family */
  {
    DpdkUdpSocket *other = net_udp_new (runtime, NET_OUR_V4, net_udp_get_port (only));
    char byte;

    fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
    net_kernel_udp_send (fd, NET_OUR_V4, net_udp_get_port (only), "y", 1);
    g_assert_cmpuint (net_udp_receive (other, &byte, 1, NULL), ==, 1);
    g_assert_cmpint (net_udp_try_receive (only, &byte, 1, &error), ==, -1);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    net_kernel_close (fd);
    net_release (other);
  }
  net_release (only);
  net_udp_echo_free (echo);
  net_stop (runtime);
}

/* several messages, several vectors */
static void
test_vectors (void)
{
  enum {
    N = 20
  };
  DpdkRuntime *runtime = net_start ();
  guint16 port = 0;
  NetUdpEcho *echo = net_udp_echo_new (&port);
  DpdkUdpSocket *socket = net_udp_new_connected (runtime, NET_KERNEL_V4, port);
  GOutputVector out_vectors[N][3];
  GInputVector in_vectors[N][2];
  GOutputMessage out[N];
  GInputMessage in[N];
  guint8 buffers[N][3000];
  GSocketAddress *addresses[N];
  g_autoptr (GError) error = NULL;
  gint n;

  memset (out, 0, sizeof out);
  memset (in, 0, sizeof in);
  for (guint i = 0; i < N; i++)
    {
      out_vectors[i][0] = (GOutputVector){ net_pattern (i), 10 };
      out_vectors[i][1] = (GOutputVector){ NULL, 0 };
      out_vectors[i][2] = (GOutputVector){ net_pattern (i + 10), 100 * i };
      out[i].vectors = out_vectors[i];
      out[i].num_vectors = 3;
      in_vectors[i][0] = (GInputVector){ buffers[i], 33 };
      in_vectors[i][1] = (GInputVector){ buffers[i] + 33, 2967 };
      in[i].vectors = in_vectors[i];
      in[i].num_vectors = 2;
      in[i].address = &addresses[i];
    }
  n = g_datagram_based_send_messages (G_DATAGRAM_BASED (socket), out, N, 0, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, N);
  n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), in, N, 0,
                                         net_udp_get_patience (), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, N);
  for (guint i = 0; i < N; i++)
    {
      g_assert_cmpuint (out[i].bytes_sent, ==, 10 + 100 * i);
      g_assert_cmpmem (buffers[i], in[i].bytes_received, net_pattern (i), 10 + 100 * i);
      g_assert_cmpint (in[i].flags, ==, 0);
      net_udp_assert_from (addresses[i], NET_KERNEL_V4, port);
      g_object_unref (addresses[i]);
    }
  /* fewer than wanted, when the time is over */
  net_udp_send (socket, NULL, 0, "1", 1);
  in[0].address = NULL;
  n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), in, 1, 0,
                                         net_udp_get_patience (), NULL, &error);
  g_assert_cmpint (n, ==, 1);
  net_udp_send (socket, NULL, 0, "1", 1);
  for (guint i = 0; i < N; i++)
    in[i].address = NULL;
  n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), in, N, 0, 500000, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 1);
  n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), in, N, 0, 1000, NULL, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (n, ==, -1);
  g_clear_error (&error);
  n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), in, 0, 0, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 0);
  net_release (socket);
  net_udp_echo_free (echo);
  net_stop (runtime);
}

static void
receive_with_flags (DpdkUdpSocket *socket, gint flags, gsize size, GInputMessage *message,
                    guint8 *buffer)
{
  GInputVector vector = { buffer, size };
  g_autoptr (GError) error = NULL;
  gint n;

  *message = (GInputMessage){ .vectors = &vector, .num_vectors = 1 };
  n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), message, 1, flags,
                                         net_udp_get_patience (), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 1);
}

/* what does not fit is lost, and said to be; a peek leaves all as it is */
static void
test_flags (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  g_autoptr (GError) error = NULL;
  GInputMessage message;
  guint8 buffer[3000];

  for (guint i = 0; i < 3; i++)
    net_kernel_udp_send (fd, NET_OUR_V4, 7000, net_pattern (i), 2500);
  receive_with_flags (socket, MSG_PEEK, sizeof buffer, &message, buffer);
  g_assert_cmpmem (buffer, message.bytes_received, net_pattern (0), 2500);
  receive_with_flags (socket, MSG_PEEK | MSG_TRUNC, 10, &message, buffer);
  g_assert_cmpuint (message.bytes_received, ==, 2500);
  g_assert_cmpint (message.flags, ==, MSG_TRUNC);
  receive_with_flags (socket, 0, 10, &message, buffer);
  g_assert_cmpmem (buffer, message.bytes_received, net_pattern (0), 10);
  g_assert_cmpint (message.flags, ==, MSG_TRUNC);
  receive_with_flags (socket, 0, 2500, &message, buffer);
  g_assert_cmpmem (buffer, message.bytes_received, net_pattern (1), 2500);
  g_assert_cmpint (message.flags, ==, 0);
  receive_with_flags (socket, 0, 0, &message, buffer);
  g_assert_cmpuint (message.bytes_received, ==, 0);
  g_assert_cmpint (message.flags, ==, MSG_TRUNC);
  g_assert_cmpint (g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), &message, 1,
                                                      MSG_OOB, -1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  net_kernel_close (fd);
  net_release (socket);
  net_stop (runtime);
}

/* many at a time, none of which may be lost while there is room */
static void
test_batch (void)
{
  const guint n = dpdk_test_scale (20000), window = 64;
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  guint8 buffer[2000];

  net_kernel_udp_connect (fd, NET_OUR_V4, 7000);
  /* a queue that waits for a neighbour is short */
  net_kernel_udp_send (fd, NULL, 0, "x", 1);
  net_udp_receive (socket, buffer, sizeof buffer, NULL);
  for (guint i = 0; i < n; i += window)
    {
      for (guint j = i; j < i + window; j++)
        net_kernel_udp_send (fd, NULL, 0, net_pattern (j), j % 1400);
      for (guint j = i; j < i + window; j++)
        {
          gsize size = net_udp_receive (socket, buffer, sizeof buffer, NULL);

          g_assert_cmpmem (buffer, size, net_pattern (j), j % 1400);
          net_udp_send (socket, NET_KERNEL_V4, net_kernel_get_port (fd), buffer, size);
        }
      for (guint j = i; j < i + window; j++)
        {
          gsize size = net_kernel_udp_receive (fd, buffer, sizeof buffer, NULL);

          g_assert_cmpmem (buffer, size, net_pattern (j), j % 1400);
        }
    }
  net_kernel_close (fd);
  net_release (socket);
  net_stop (runtime);
}

/* to ourselves, by the stack alone */
static void
test_own_address (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkUdpSocket *server = net_udp_new (runtime, families[i].ours, 0);
      DpdkUdpSocket *client =
          net_udp_new_connected (runtime, families[i].ours, net_udp_get_port (server));

      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        {
          g_autoptr (GSocketAddress) from = NULL;
          gsize n;

          net_udp_send (client, NULL, 0, net_pattern (j), sizes[j]);
          n = net_udp_receive (server, buffer, NET_UDP_MAX, &from);
          g_assert_cmpmem (buffer, n, net_pattern (j), sizes[j]);
          net_udp_assert_from (from, families[i].ours, net_udp_get_port (client));
        }
      net_release (server);
      net_release (client);
    }
  net_stop (runtime);
}

/* an address that is on each link is one with a scope */
static void
test_link_local (void)
{
  /* what the configured MAC makes of it (RFC 4291, appendix A) */
  static const char ours[] = "fe80::c4:d3ff:fe48:bb8f";
  static const char *const hosts[] = { "::", ours };
  DpdkRuntime *runtime;

  net_run ("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
  runtime = net_start ();
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      DpdkUdpSocket *socket = net_udp_new (runtime, hosts[i], 7000);
      g_autofree char *scoped = g_strdup_printf ("%s%%" NET_INTERFACE, ours);
      int fd = net_kernel_udp_open (NULL, 0);
      g_autoptr (GSocketAddress) from = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GError) error = NULL;
      char byte;

      net_kernel_udp_send (fd, scoped, 7000, "x", 1);
      bytes = dpdk_udp_socket_receive_bytes (socket, &from, net_udp_get_patience (), NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_inet_address_get_is_link_local (
          g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (from))));
      g_assert_cmpuint (g_inet_socket_address_get_scope_id (G_INET_SOCKET_ADDRESS (from)), !=, 0);
      g_assert_true (dpdk_udp_socket_send_bytes (socket, from, bytes, 0, NULL, &error));
      g_assert_cmpuint (net_kernel_udp_receive (fd, &byte, 1, NULL), ==, 1);
      dpdk_udp_socket_connect (socket, from, &error);
      g_assert_no_error (error);
      g_assert_true (dpdk_udp_socket_send_bytes (socket, NULL, bytes, 0, NULL, &error));
      g_assert_cmpuint (net_kernel_udp_receive (fd, &byte, 1, NULL), ==, 1);
      net_kernel_close (fd);
      net_release (socket);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-exchange/client", DPDK_TEST_FLAGS_NETWORK, test_client);
  dpdk_test_add_func ("/net/udp-exchange/server", DPDK_TEST_FLAGS_NETWORK, test_server);
  dpdk_test_add_func ("/net/udp-exchange/too-large", DPDK_TEST_FLAGS_NETWORK, test_too_large);
  dpdk_test_add_func ("/net/udp-exchange/dual", DPDK_TEST_FLAGS_NETWORK, test_dual);
  dpdk_test_add_func ("/net/udp-exchange/vectors", DPDK_TEST_FLAGS_NETWORK, test_vectors);
  dpdk_test_add_func ("/net/udp-exchange/flags", DPDK_TEST_FLAGS_NETWORK, test_flags);
  dpdk_test_add_func ("/net/udp-exchange/batch", DPDK_TEST_FLAGS_NETWORK, test_batch);
  dpdk_test_add_func ("/net/udp-exchange/own-address", DPDK_TEST_FLAGS_NETWORK, test_own_address);
  dpdk_test_add_func ("/net/udp-exchange/link-local", DPDK_TEST_FLAGS_NETWORK, test_link_local);
  return g_test_run ();
}
