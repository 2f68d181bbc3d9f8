/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockets of UDP on several workers: who may call what, and which worker gets what arrives */
#include "net-kernel.h"
#include "net-udp-bursts.h"

#include <string.h>

#define N_WORKERS 2

static const NetFamily families[] = NET_FAMILIES;

static const char two_workers[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\","
    " \"addresses\": [\"198.18.0.2/24\", \"198.18.0.3/24\", \"fde7:f17d:24::2/64\"],"
    " \"gateway_v4\": \"198.18.0.1\"}]}";

static void
assert_wrong_worker (GError **error)
{
  g_assert_error (*error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (error);
}

typedef struct {
  DpdkUdpSocket *socket;
  gboolean is_own;
  gint is_done;
} Calls;

static void
call_all (DpdkWorker *worker, gpointer user_data)
{
  Calls *self = user_data;
  GDatagramBased *based = G_DATAGRAM_BASED (self->socket);
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, 9);
  g_autoptr (GError) error = NULL;
  GInputMessage in = { 0 };
  GOutputMessage out = { .address = address };
  DpdkUdpMessage message;

  /* whatever blocks would wait for itself, or for another worker */
  if (worker != NULL)
    {
      g_assert_cmpint (g_datagram_based_receive_messages (based, &in, 1, 0, -1, NULL, &error), ==,
                       -1);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_clear_error (&error);
      g_assert_cmpint (g_datagram_based_send_messages (based, &out, 1, 0, 1000, NULL, &error), ==,
                       -1);
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_clear_error (&error);
      g_assert_false (g_datagram_based_condition_wait (based, G_IO_IN, -1, NULL, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_assert_nonnull (strstr (error->message, "dpdk_udp_socket_set_readable_callback"));
      g_clear_error (&error);
      if (!self->is_own)
        {
          g_assert_false (dpdk_udp_socket_connect (self->socket, address, &error));
          assert_wrong_worker (&error);
        }
    }
  /* whatever does not block may be called anywhere */
  g_assert_cmpint (g_datagram_based_send_messages (based, &out, 1, 0, 0, NULL, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (g_datagram_based_receive_messages (based, &in, 1, 0, 0, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  if (self->is_own)
    g_assert_cmpint (dpdk_udp_socket_try_receive (self->socket, &message, 1, &error), ==, 0);
  else
    {
      g_assert_cmpint (dpdk_udp_socket_try_receive (self->socket, &message, 1, &error), ==, -1);
      assert_wrong_worker (&error);
      g_assert_cmpint (dpdk_udp_socket_try_send (self->socket, &message, 1, &error), ==, -1);
      assert_wrong_worker (&error);
      g_assert_null (dpdk_udp_socket_try_receive_bytes (self->socket, NULL, &error));
      assert_wrong_worker (&error);
      g_assert_false (
          dpdk_udp_socket_set_readable_callback (self->socket, NULL, NULL, NULL, &error));
      assert_wrong_worker (&error);
    }
  g_assert_no_error (error);
  g_atomic_int_set (&self->is_done, TRUE);
}

static DpdkRuntime *
start_two (void)
{
  DpdkRuntime *runtime = net_start_with (two_workers);

  net_kernel_up_default ();
  g_assert_cmpuint (dpdk_runtime_get_n_workers (runtime), ==, N_WORKERS);
  return runtime;
}

static void
test_wrong_thread (void)
{
  DpdkRuntime *runtime = start_two ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  g_autoptr (GError) error = NULL;

  {
    Calls calls = { .socket = socket };

    call_all (NULL, &calls);
  }
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, i);
      Calls calls = { .socket = socket };

      calls.is_own = dpdk_socket_get_worker (DPDK_SOCKET (socket)) == worker;
      dpdk_worker_invoke (worker, call_all, &calls, NULL, &error);
      g_assert_no_error (error);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&calls.is_done));
    }
  net_release (socket);
  net_stop (runtime);
}

/* packets come to the worker that has the socket, by whatever queue; so do those that are put together
   from fragments first, and ICMP errors */
static void
test_steering (void)
{
  const guint n_peers = 20;
  DpdkRuntime *runtime = start_two ();

  for (guint i = 0; i < 2 * N_WORKERS; i++)
    {
      const NetFamily *family = &families[i / N_WORKERS];
      NetUdpBursts echo = { .runtime = runtime,
                            .host = family->ours,
                            .port = (guint16) (7000 + i) };

      net_udp_bursts_open (&echo, i % N_WORKERS);
      for (guint j = 0; j < n_peers; j++)
        {
          int fd = net_kernel_udp_open (family->kernels, 0);

          net_udp_bursts_warm_up (fd, echo.host, echo.port);
          net_udp_bursts_exchange (fd, echo.host, echo.port, 4 * NET_UDP_BURST, 1400);
          net_udp_bursts_exchange (fd, echo.host, echo.port, NET_UDP_BURST, 5000);
          net_kernel_close (fd);
        }
      net_udp_bursts_close (&echo);
    }
  net_run ("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit");
  net_run ("echo 0 > /proc/sys/net/ipv6/icmp/ratelimit");
  /* how many errors the namespace sends at once, of which each may count twice (from Linux 6.12 on) */
  net_run ("test ! -e %s || echo 1000 > %s", "/proc/sys/net/ipv4/icmp_msgs_burst",
           "/proc/sys/net/ipv4/icmp_msgs_burst");
  for (guint i = 0; i < 40; i++)
    {
      DpdkUdpSocket *socket = net_udp_new_connected (runtime, families[i % 2].kernels, 9);
      g_autoptr (GError) error = NULL;

      net_udp_send (socket, NULL, 0, "x", 1);
      g_assert_true (g_datagram_based_condition_wait (G_DATAGRAM_BASED (socket), G_IO_IN,
                                                      net_udp_get_patience (), NULL, &error));
      g_assert_false (dpdk_udp_socket_take_error (socket, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      net_release (socket);
    }
  net_stop (runtime);
}

/* a socket on each worker for one address: each serves what its queue gets */
static void
test_shared (void)
{
  const guint n_peers = 64;
  DpdkRuntime *runtime = start_two ();
  NetUdpBursts echoes[N_WORKERS];

  for (guint i = 0; i < N_WORKERS; i++)
    {
      echoes[i] =
          (NetUdpBursts){ .runtime = runtime, .host = NET_OUR_V4, .port = 7000, .may_share = TRUE };
      net_udp_bursts_open (&echoes[i], i);
    }
  for (guint i = 0; i < n_peers; i++)
    {
      int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

      net_udp_bursts_warm_up (fd, NET_OUR_V4, 7000);
      net_udp_bursts_exchange (fd, NET_OUR_V4, 7000, NET_UDP_BURST, 3000);
      net_kernel_close (fd);
    }
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_test_message ("worker %u: %d", i, g_atomic_int_get (&echoes[i].n_echoed));
      g_assert_cmpint (g_atomic_int_get (&echoes[i].n_echoed), >, 0);
    }
  /* the other one takes over all */
  net_udp_bursts_close (&echoes[0]);
  for (guint i = 0; i < n_peers; i++)
    {
      int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

      net_udp_bursts_warm_up (fd, NET_OUR_V4, 7000);
      net_kernel_close (fd);
    }
  net_udp_bursts_close (&echoes[1]);
  net_stop (runtime);
}

/* the same port of different addresses on different workers */
static void
test_mixed (void)
{
  DpdkRuntime *runtime = start_two ();
  NetUdpBursts echoes[] = {
    { .runtime = runtime, .host = "198.18.0.2", .port = 7000 },
    { .runtime = runtime, .host = "198.18.0.3", .port = 7000 },
    { .runtime = runtime, .host = NET_OUR_V6, .port = 7000 },
  };
  g_autoptr (GSocketAddress) any = net_address ("0.0.0.0", 7000);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (echoes); i++)
    net_udp_bursts_open (&echoes[i], i % N_WORKERS);
  for (guint i = 0; i < 20; i++)
    for (guint j = 0; j < G_N_ELEMENTS (echoes); j++)
      {
        int fd = net_kernel_udp_open (j < 2 ? NET_KERNEL_V4 : NET_KERNEL_V6, 0);

        net_udp_bursts_warm_up (fd, echoes[j].host, 7000);
        net_udp_bursts_exchange (fd, echoes[j].host, 7000, NET_UDP_BURST, 2000);
        net_kernel_close (fd);
      }
  /* in use, whichever worker it would belong to */
  for (guint i = 0; i < N_WORKERS; i++)
    {
      DpdkUdpSocket *socket = dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);

      g_assert_no_error (error);
      g_assert_false (dpdk_udp_socket_bind (socket, any, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
      g_clear_error (&error);
      net_release (socket);
    }
  for (guint i = 0; i < G_N_ELEMENTS (echoes); i++)
    net_udp_bursts_close (&echoes[i]);
  net_stop (runtime);
}

/* from a worker to a socket of the other */
static void
test_between_workers (void)
{
  DpdkRuntime *runtime = start_two ();
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);

  for (guint i = 0; i < 8; i++)
    {
      const char *host = families[i % 2].ours;
      DpdkUdpSocket *server = net_udp_new (runtime, host, (guint16) (7000 + i));
      DpdkUdpSocket *clients[N_WORKERS];

      for (guint j = 0; j < N_WORKERS; j++)
        {
          const gsize size = 30000 * j + 100;
          g_autoptr (GSocketAddress) from = NULL;
          gsize n;

          clients[j] = net_udp_new_connected (runtime, host, (guint16) (7000 + i));
          net_udp_send (clients[j], NULL, 0, net_pattern (i), size);
          n = net_udp_receive (server, buffer, NET_UDP_MAX, &from);
          g_assert_cmpmem (buffer, n, net_pattern (i), size);
          net_udp_send (server, host, net_address_get_port (from), buffer, n);
          n = net_udp_receive (clients[j], buffer, NET_UDP_MAX, NULL);
          g_assert_cmpmem (buffer, n, net_pattern (i), size);
        }
      for (guint j = 0; j < N_WORKERS; j++)
        net_release (clients[j]);
      net_release (server);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-workers/wrong-thread", DPDK_TEST_FLAGS_NETWORK, test_wrong_thread);
  dpdk_test_add_func ("/net/udp-workers/steering", DPDK_TEST_FLAGS_NETWORK, test_steering);
  dpdk_test_add_func ("/net/udp-workers/shared", DPDK_TEST_FLAGS_NETWORK, test_shared);
  dpdk_test_add_func ("/net/udp-workers/mixed", DPDK_TEST_FLAGS_NETWORK, test_mixed);
  dpdk_test_add_func ("/net/udp-workers/between-workers", DPDK_TEST_FLAGS_NETWORK,
                      test_between_workers);
  return g_test_run ();
}
