/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* paths that take no packets as large as the device's */
#include "net-fixture.h"
#include "net-frames.h"
#include "net-kernel.h"

#include <string.h>

#define SIZE (200 * 1024)
#define N_CONNECTIONS 8
/* what the path takes; what is larger than 1279 bytes, or has so many behind its IPv6 header, is lost */
#define MTU 1270
#define MTU6 1300

static const NetFamily families[] = NET_FAMILIES;

static void
lose_large_packets (void)
{
  net_run ("ip link add hole type veth peer name nowhere");
  net_run ("ip link set hole up");
  net_run ("ip link set nowhere up");
  net_run ("tc qdisc add dev " NET_INTERFACE " ingress");
  net_run ("tc filter add dev " NET_INTERFACE " parent ffff: protocol ip prio 1"
           " u32 match u16 0x0500 0xff00 at 2 action mirred egress redirect dev hole");
  net_run ("tc filter add dev " NET_INTERFACE " parent ffff: protocol ipv6 prio 2"
           " u32 match u16 0x0500 0xff00 at 4 action mirred egress redirect dev hole");
}

static gboolean
is_large (const guint8 *frame, gssize size, gboolean is_v6)
{
  const guint8 *ip = frame + NET_ETHERNET;

  if (size < NET_ETHERNET + NET_IP6 + 20 || frame[12] != (is_v6 ? 0x86 : 0x08))
    return FALSE;
  return is_v6 ? ip[6] == 6 && ip[4] == 5 : ip[9] == 6 && ip[2] == 5;
}

/* the answer of a router that could not send a packet of ours on */
static void
answer (int fd, const guint8 *lost, gboolean is_v6)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  const gsize header = is_v6 ? NET_IP6 : NET_IP;
  const gsize quoted = header + 20;
  NetFrame frame;
  guint8 *ip = frame.bytes + NET_ETHERNET, *icmp = ip + header;

  net_frame_fill (&frame, is_v6 ? NET_FRAME_TOO_BIG : NET_FRAME_ICMP, 0, random);
  memset (icmp, 0, 8);
  icmp[0] = is_v6 ? 2 : 3;
  icmp[1] = is_v6 ? 0 : 4;
  net_put_16 (icmp + 6, is_v6 ? MTU6 : MTU);
  memcpy (icmp + 8, lost + NET_ETHERNET, quoted);
  if (is_v6)
    net_put_16 (ip + 4, (guint) (8 + quoted));
  else
    net_put_16 (ip + 2, (guint) (header + 8 + quoted));
  frame.size = NET_ETHERNET + header + 8 + quoted;
  net_frame_fix (&frame);
  net_packet_send (fd, frame.bytes, frame.size);
}

static guint64
get (DpdkRuntime *runtime, DpdkStackCounter counter)
{
  guint64 sum = 0;

  for (guint i = 0; i < dpdk_runtime_get_n_workers (runtime); i++)
    {
      g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, i);
      g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

      sum += dpdk_stack_counters_get_value (counters, counter);
    }
  return sum;
}

static void
send_all (DpdkRuntime *runtime, const char *host, gboolean is_told)
{
  const gboolean is_v6 = strchr (host, ':') != NULL;
  DpdkTcpListener *listener = net_listen (runtime, host, 0);
  int fd = net_kernel_connect (host, net_listener_get_port (listener));
  int packets = net_packet_open (NET_INTERFACE);
  DpdkTcpConnection *connection = net_accept (listener);
  const guint64 before = get (runtime, DPDK_STACK_COUNTER_TCP_PATH_MTU);
  guint8 frame[2048];
  gboolean is_from_us;
  gssize n, largest = 0;

  net_write_pattern (connection, 0, SIZE);
  if (is_told)
    {
      gint64 deadline = dpdk_test_get_deadline ();

      do
        {
          n = net_packet_receive (packets, frame, sizeof frame, &is_from_us);
          g_assert_cmpint (g_get_monotonic_time (), <, deadline);
        }
      while (!is_large (frame, n, is_v6));
      /* one that may not be fragmented */
      g_assert_true (is_v6 || (frame[NET_ETHERNET + 6] & 0x40) != 0);
      answer (packets, frame, is_v6);
    }
  net_kernel_read_pattern (fd, 0, SIZE);
  g_assert_cmpuint (get (runtime, DPDK_STACK_COUNTER_TCP_PATH_MTU), ==, before + 1);

  /* it is remembered: what comes now is small at once */
  while (net_packet_receive (packets, frame, sizeof frame, &is_from_us) > 0)
    ;
  net_write_pattern (connection, SIZE, SIZE);
  net_kernel_read_pattern (fd, SIZE, SIZE);
  while ((n = net_packet_receive (packets, frame, sizeof frame, &is_from_us)) > 0)
    {
      g_assert_false (is_large (frame, n, is_v6));
      largest = MAX (largest, n);
    }
  /* who had to find out himself is more careful */
  if (is_told)
    g_assert_cmpint (largest, ==, NET_ETHERNET + (is_v6 ? MTU6 : MTU));
  g_assert_cmpuint (get (runtime, DPDK_STACK_COUNTER_TCP_PATH_MTU), ==, before + 1);
  net_kernel_close (packets);
  net_kernel_close (fd);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
  net_release (listener);
}

static void
send_through (gboolean is_told)
{
  DpdkRuntime *runtime = net_start ();

  net_frame_init (NET_INTERFACE);
  lose_large_packets ();
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    send_all (runtime, families[i].ours, is_told);
  net_run ("ip link del hole");
  net_stop (runtime);
}

static void
test_told (void)
{
  send_through (TRUE);
}

/* the error may come to the worker that does not have the connection */
static void
test_workers (void)
{
  static const char json[] =
      "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=" NET_INTERFACE "\","
      " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"" NET_OUR_V4 "/24\", \"" NET_OUR_V6
      "/64\"]}]}";
  DpdkRuntime *runtime = net_start_with (json);

  net_kernel_up_default ();
  net_frame_init (NET_INTERFACE);
  lose_large_packets ();
  for (guint i = 0; i < N_CONNECTIONS; i++)
    send_all (runtime, NET_OUR_V4, TRUE);
  /* further ones would begin with what is known of the path */
  send_all (runtime, NET_OUR_V6, TRUE);
  net_run ("ip link del hole");
  net_stop (runtime);
}

static void
test_silent (void)
{
  send_through (FALSE);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/path/told", DPDK_TEST_FLAGS_NETWORK, test_told);
  dpdk_test_add_func ("/net/path/workers", DPDK_TEST_FLAGS_NETWORK, test_workers);
  dpdk_test_add_func ("/net/path/silent", DPDK_TEST_FLAGS_NETWORK, test_silent);
  return g_test_run ();
}
