/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the stack of a worker counts, while the kernel makes it happen */
#include "net-fixture.h"
#include "net-frames.h"
#include "net-kernel.h"

#include <errno.h>

#define PORT 5000
#define CONFIG                                                                                     \
  "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\", \"mac\": "             \
  "\"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}], "            \
  "\"tcp\": {\"max_time_wait\": 2}}"
#define N_CLIENTS 8

static guint64
get (DpdkWorker *worker, DpdkStackCounter counter)
{
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

  return dpdk_stack_counters_get_value (counters, counter);
}

#define WAIT_FOR(worker, counter, value)                                                           \
  DPDK_TEST_WAIT_UNTIL (get (worker, DPDK_STACK_COUNTER_##counter) >= (value))
#define ASSERT_COUNTER(worker, counter, comparison, value)                                         \
  g_assert_cmpuint (get (worker, DPDK_STACK_COUNTER_##counter), comparison, value)

/* there is one more for each frame that is wrong in this way */
static void
test_drops (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  int fd = net_packet_open (NET_INTERFACE), error_number;
  NetFrame frame;

  net_frame_init (NET_INTERFACE);
  ASSERT_COUNTER (worker, DROPPED_CHECKSUM, ==, 0);
  ASSERT_COUNTER (worker, DROPPED_UDP_PORT, ==, 0);
  for (guint i = 0; i < 3; i++)
    {
      net_frame_fill (&frame, NET_FRAME_UDP, PORT, random);
      net_packet_send (fd, frame.bytes, frame.size);
      frame.bytes[NET_ETHERNET + NET_IP + 6] ^= 0x55;
      net_packet_send (fd, frame.bytes, frame.size);
    }
  WAIT_FOR (worker, DROPPED_UDP_PORT, 3);
  WAIT_FOR (worker, DROPPED_CHECKSUM, 3);
  ASSERT_COUNTER (worker, DROPPED_UDP_PORT, ==, 3);
  ASSERT_COUNTER (worker, DROPPED_CHECKSUM, ==, 3);

  /* a reset for who connects to nobody */
  g_assert_cmpint (net_kernel_try_connect (NET_OUR_V4, PORT, &error_number), ==, -1);
  g_assert_cmpint (error_number, ==, ECONNREFUSED);
  ASSERT_COUNTER (worker, DROPPED_TCP_PORT, ==, 1);
  ASSERT_COUNTER (worker, TCP_RESETS_SENT, ==, 1);

  net_frame_fill (&frame, NET_FRAME_UDP, PORT, random);
  net_put_16 (frame.bytes + NET_ETHERNET + NET_IP + 4, 7);
  net_packet_send (fd, frame.bytes, frame.size);
  WAIT_FOR (worker, DROPPED_LENGTH, 1);
  net_kernel_close (fd);
  g_clear_object (&worker);
  net_stop (runtime);
}

/* connections as they come and go; those that the backlog has no room for come by a cookie */
static void
test_connections (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkWorker *worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, PORT);
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener = dpdk_tcp_listener_new (runtime, address, 1, &error);
  DpdkTcpConnection *connections[N_CLIENTS];
  int fds[N_CLIENTS];

  g_assert_no_error (error);
  for (guint i = 0; i < N_CLIENTS; i++)
    fds[i] = net_kernel_connect (NET_OUR_V4, PORT);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      net_kernel_write_pattern (fds[i], 0, 1000);
      connections[i] = net_accept (listener);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    net_read_pattern (connections[i], 0, 1000);
  ASSERT_COUNTER (worker, TCP_CONNECTIONS, ==, N_CLIENTS);
  ASSERT_COUNTER (worker, TCP_TIME_WAIT, ==, 0);
  ASSERT_COUNTER (worker, TCP_COOKIES_ACCEPTED, >=, 1);
  ASSERT_COUNTER (worker, TCP_COOKIES_ACCEPTED, <, N_CLIENTS);
  g_assert_cmpuint (get (worker, DPDK_STACK_COUNTER_TCP_COOKIES_SENT), >=,
                    get (worker, DPDK_STACK_COUNTER_TCP_COOKIES_ACCEPTED));
  ASSERT_COUNTER (worker, TCP_HASH_BUCKETS, >=, N_CLIENTS);
  ASSERT_COUNTER (worker, TCP_RECEIVED, >=, 3 * N_CLIENTS);
  ASSERT_COUNTER (worker, TCP_SENT, >=, N_CLIENTS);

  /* who closes first waits */
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      net_close (connections[i]);
      net_kernel_assert_at_end (fds[i]);
      net_kernel_close (fds[i]);
      net_release (connections[i]);
    }
  WAIT_FOR (worker, TCP_TIME_WAIT, N_CLIENTS);
  ASSERT_COUNTER (worker, TCP_CONNECTIONS, ==, N_CLIENTS);
  net_release (listener);
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  /* the last ones stay */
  ASSERT_COUNTER (worker, TCP_TIME_WAIT, ==, N_CLIENTS);
  g_object_unref (worker);
  net_stop (runtime);
}

/* who closed first waits, but not more of them than the configuration allows */
static void
test_time_wait_limit (void)
{
  DpdkRuntime *runtime = net_start_with (CONFIG);
  DpdkWorker *worker = dpdk_runtime_dup_worker (runtime, 0);
  DpdkTcpListener *listener;

  net_kernel_up_default ();
  g_assert_cmpuint (dpdk_config_get_max_time_wait (dpdk_runtime_get_config (runtime)), ==, 2);
  listener = net_listen (runtime, NET_OUR_V4, PORT);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      int fd = net_kernel_connect (NET_OUR_V4, PORT);
      DpdkTcpConnection *connection = net_accept (listener);

      net_close (connection);
      net_kernel_assert_at_end (fd);
      net_kernel_close (fd);
      net_release (connection);
      WAIT_FOR (worker, TCP_TIME_WAIT, MIN (i + 1, 2));
      WAIT_FOR (worker, TCP_TIME_WAIT_ENDED, i < 2 ? 0 : i - 1);
      WAIT_FOR (worker, TCP_CONNECTIONS, MIN (i + 1, 2));
    }
  ASSERT_COUNTER (worker, TCP_TIME_WAIT, ==, 2);
  net_release (listener);
  g_object_unref (worker);
  net_stop (runtime);
}

/* what is lost is sent again, and nothing else is */
static void
test_losses (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, PORT);
  int fd = net_kernel_connect (NET_OUR_V4, PORT);
  DpdkTcpConnection *connection = net_accept (listener);

  net_write_pattern (connection, 0, 1000);
  net_kernel_read_pattern (fd, 0, 1000);
  ASSERT_COUNTER (worker, TCP_RETRANSMITTED, ==, 0);
  /* the kernel drops what is not for it */
  net_run ("ip addr del " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
  /* several segments: the acknowledgement of one alone may be delayed, and no probe is sent in time */
  net_write_pattern (connection, 1000, 6000);
  WAIT_FOR (worker, TCP_TAIL_LOSS_PROBES, 1);
  WAIT_FOR (worker, TCP_TIMEOUTS, 1);
  WAIT_FOR (worker, TCP_RETRANSMITTED, 2);
  net_run ("ip addr add " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
  net_kernel_read_pattern (fd, 1000, 6000);
  net_kernel_close (fd);
  net_close (connection);
  net_release (connection);
  net_release (listener);
  g_clear_object (&worker);
  net_stop (runtime);
}

int
main (int argc, char *argv[])
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/counters/drops", DPDK_TEST_FLAGS_NETWORK, test_drops);
  dpdk_test_add_func ("/net/counters/connections", DPDK_TEST_FLAGS_NETWORK, test_connections);
  dpdk_test_add_func ("/net/counters/time-wait-limit", DPDK_TEST_FLAGS_NETWORK,
                      test_time_wait_limit);
  dpdk_test_add_func ("/net/counters/losses", DPDK_TEST_FLAGS_NETWORK, test_losses);
  return g_test_run ();
}
