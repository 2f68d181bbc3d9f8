/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frames that nobody should send */
#include "net-fixture.h"
#include "net-frames.h"
#include "net-kernel.h"

#include <string.h>

#define MAX_FRAME 1514
#define N_MUTATIONS 20000
#define N_EACH 20

static const NetFamily families[] = NET_FAMILIES;

static void
get_statistics (DpdkRuntime *runtime, DpdkWorkerStatistics *statistics)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);

  dpdk_worker_get_statistics (worker, statistics);
}

static guint64
get_received (DpdkRuntime *runtime)
{
  DpdkWorkerStatistics statistics;

  get_statistics (runtime, &statistics);
  return statistics.rx_packets;
}

typedef struct {
  const char *name;
  NetFrameKind kind;
  void (*damage) (NetFrame *frame);
  /* of another protocol, which is not malformed */
  gboolean is_foreign;
} Damage;

#define IP(frame) ((frame)->bytes + NET_ETHERNET)

static void
damage_ip_checksum (NetFrame *frame)
{
  IP (frame)[10] ^= 0x55;
}

static void
damage_ip_header_length (NetFrame *frame)
{
  IP (frame)[0] = 0x44;
  net_frame_fix (frame);
}

static void
damage_ip_header_beyond (NetFrame *frame)
{
  IP (frame)[0] = 0x4f;
  net_put_16 (IP (frame) + 2, NET_IP + 8);
  frame->size = NET_ETHERNET + NET_IP + 8;
}

static void
damage_ip_version (NetFrame *frame)
{
  IP (frame)[0] = 0x65;
  net_frame_fix (frame);
}

static void
damage_ip_length (NetFrame *frame)
{
  net_put_16 (IP (frame) + 2, 1500);
  net_frame_fix (frame);
}

static void
damage_ip_length_zero (NetFrame *frame)
{
  net_put_16 (IP (frame) + 2, 0);
  net_frame_fix (frame);
}

static void
damage_ip_truncated (NetFrame *frame)
{
  frame->size = NET_ETHERNET + NET_IP - 1;
}

static void
damage_payload (NetFrame *frame)
{
  frame->bytes[frame->size - 1] ^= 0x55;
}

static void
damage_tcp_offset (NetFrame *frame)
{
  IP (frame)[NET_IP + 12] = 0x40;
  net_frame_fix (frame);
}

static void
damage_tcp_offset_beyond (NetFrame *frame)
{
  IP (frame)[NET_IP + 12] = 0xf0;
  net_put_16 (IP (frame) + 2, NET_IP + 24);
  frame->size = NET_ETHERNET + NET_IP + 24;
  net_frame_fix (frame);
}

static void
damage_tcp_truncated (NetFrame *frame)
{
  net_put_16 (IP (frame) + 2, NET_IP + 19);
  frame->size = NET_ETHERNET + NET_IP + 19;
  net_frame_fix (frame);
}

static void
damage_icmp_truncated (NetFrame *frame)
{
  net_put_16 (IP (frame) + 2, NET_IP + 3);
  frame->size = NET_ETHERNET + NET_IP + 3;
}

static void
damage_udp_truncated (NetFrame *frame)
{
  net_put_16 (IP (frame) + 2, NET_IP + 7);
  frame->size = NET_ETHERNET + NET_IP + 7;
  net_frame_fix (frame);
}

static void
damage_ip6_length (NetFrame *frame)
{
  net_put_16 (IP (frame) + 4, 1400);
}

static void
damage_ip6_truncated (NetFrame *frame)
{
  frame->size = NET_ETHERNET + NET_IP6 - 1;
}

static void
damage_ip6_version (NetFrame *frame)
{
  IP (frame)[0] = 0x40;
}

static void
damage_tcp6_offset (NetFrame *frame)
{
  IP (frame)[NET_IP6 + 12] = 0x10;
  net_frame_fix (frame);
}

/* options that claim more than there is */
static void
damage_options6_length (NetFrame *frame)
{
  IP (frame)[NET_IP6 + 1] = 200;
}

static void
damage_arp_truncated (NetFrame *frame)
{
  frame->size = NET_ETHERNET + 27;
}

static void
damage_arp_type (NetFrame *frame)
{
  net_put_16 (IP (frame), 6);
}

static const Damage damages[] = {
  { "ip checksum", NET_FRAME_ICMP, damage_ip_checksum },
  { "ip header length", NET_FRAME_ICMP, damage_ip_header_length },
  { "ip header beyond the packet", NET_FRAME_ICMP, damage_ip_header_beyond },
  { "ip version", NET_FRAME_ICMP, damage_ip_version },
  { "ip length", NET_FRAME_ICMP, damage_ip_length },
  { "ip length zero", NET_FRAME_ICMP, damage_ip_length_zero },
  { "ip truncated", NET_FRAME_ICMP, damage_ip_truncated },
  { "icmp checksum", NET_FRAME_ICMP, damage_payload },
  { "icmp truncated", NET_FRAME_ICMP, damage_icmp_truncated },
  { "tcp checksum", NET_FRAME_TCP, damage_payload },
  { "tcp offset", NET_FRAME_TCP, damage_tcp_offset },
  { "tcp offset beyond the packet", NET_FRAME_TCP, damage_tcp_offset_beyond },
  { "tcp truncated", NET_FRAME_TCP, damage_tcp_truncated },
  { "udp checksum", NET_FRAME_UDP, damage_payload },
  { "udp truncated", NET_FRAME_UDP, damage_udp_truncated },
  { "ip6 length", NET_FRAME_ICMP6, damage_ip6_length },
  { "ip6 truncated", NET_FRAME_ICMP6, damage_ip6_truncated },
  { "ip6 version", NET_FRAME_ICMP6, damage_ip6_version },
  { "ip6 options", NET_FRAME_OPTIONS6, damage_options6_length },
  { "icmp6 checksum", NET_FRAME_ICMP6, damage_payload },
  { "tcp6 checksum", NET_FRAME_TCP6, damage_payload },
  { "tcp6 offset", NET_FRAME_TCP6, damage_tcp6_offset },
  { "udp6 checksum", NET_FRAME_UDP6, damage_payload },
  { "neighbour solicitation checksum", NET_FRAME_SOLICITATION, damage_payload },
  { "arp truncated", NET_FRAME_ARP, damage_arp_truncated },
  { "arp type", NET_FRAME_ARP, damage_arp_type, TRUE },
};

static void
assert_works (DpdkTcpListener *v4, DpdkTcpListener *v6)
{
  DpdkTcpListener *listeners[] = { v4, v6 };

  /* neighbours may have been told lies */
  net_run ("ip neigh flush dev " NET_INTERFACE);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      int fd = net_kernel_connect (families[i].ours, net_listener_get_port (listeners[i]));
      g_autofree char *name = net_kernel_get_name (fd, FALSE);
      DpdkTcpConnection *connection = NULL;

      /* what was made up may have been accepted before */
      while (connection == NULL)
        {
          g_autoptr (GSocketAddress) peer = NULL;
          g_autofree char *peer_name = NULL;

          connection = net_accept (listeners[i]);
          peer = dpdk_tcp_connection_get_remote_address (connection, NULL);
          peer_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (peer));
          if (g_strcmp0 (peer_name, name) != 0)
            net_release (g_steal_pointer (&connection));
        }
      net_kernel_write_pattern (fd, 0, 10000);
      net_read_pattern (connection, 0, 10000);
      net_write_pattern (connection, 0, 200000);
      net_kernel_read_pattern (fd, 0, 200000);
      net_close (connection);
      net_kernel_assert_at_end (fd);
      net_kernel_close (fd);
      net_release (connection);
    }
}

/* each kind of damage is counted, each time */
static void
test_each (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, 0);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  int fd = net_packet_open (NET_INTERFACE);
  guint n_uncounted = 0;

  net_frame_init (NET_INTERFACE);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      DpdkWorkerStatistics before, after;

      get_statistics (runtime, &before);
      for (guint j = 0; j < N_EACH; j++)
        {
          NetFrame frame;

          net_frame_fill (&frame, damages[i].kind, net_listener_get_port (v4), random);
          damages[i].damage (&frame);
          net_packet_send (fd, frame.bytes, frame.size);
        }
      DPDK_TEST_WAIT_UNTIL (get_received (runtime) >= before.rx_packets + N_EACH);
      /* received is not yet looked at */
      net_run ("ping -q -c 1 -W 10 " NET_OUR_V4);
      get_statistics (runtime, &after);
      g_test_message ("%s: %+d dropped, %+d malformed", damages[i].name,
                      (int) (after.rx_dropped - before.rx_dropped),
                      (int) (after.rx_malformed - before.rx_malformed));
      if (after.rx_dropped < before.rx_dropped + N_EACH ||
          (!damages[i].is_foreign && after.rx_malformed < before.rx_malformed + N_EACH) ||
          after.rx_dropped < after.rx_malformed)
        {
          g_printerr ("# not counted: %s: %d dropped, %d malformed\n", damages[i].name,
                      (int) (after.rx_dropped - before.rx_dropped),
                      (int) (after.rx_malformed - before.rx_malformed));
          n_uncounted++;
        }
    }
  g_assert_cmpuint (n_uncounted, ==, 0);
  assert_works (v4, v6);
  net_kernel_close (fd);
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

static void
mutate (NetFrame *frame, GRand *random)
{
  for (guint n = (guint) g_rand_int_range (random, 1, 5); n > 0; n--)
    {
      /* mostly in the headers */
      gsize limit = g_rand_boolean (random) ? MIN (frame->size, 80) : frame->size;
      gsize at = (gsize) g_rand_int_range (random, 12, (gint32) MAX (limit, 13));
      static const guint8 values[] = { 0, 1, 0x7f, 0x80, 0xff };

      switch (g_rand_int_range (random, 0, 6))
        {
        case 0:
          frame->bytes[at] ^= (guint8) (1u << g_rand_int_range (random, 0, 8));
          break;
        case 1:
          frame->bytes[at] = (guint8) g_rand_int (random);
          break;
        case 2:
          frame->bytes[at] = values[g_rand_int_range (random, 0, G_N_ELEMENTS (values))];
          break;
        case 3:
          frame->size = (gsize) g_rand_int_range (random, NET_ETHERNET, (gint32) frame->size + 1);
          break;
        case 4:
          frame->size += (gsize) g_rand_int_range (random, 1, 99);
          frame->size = MIN (frame->size, NET_FRAME_MAX);
          break;
        default:
          net_put_16 (frame->bytes + MIN (at, NET_FRAME_MAX - 2),
                      (guint) g_rand_int_range (random, 0, 0x10000));
          break;
        }
      frame->size = MAX (frame->size, NET_ETHERNET);
    }
  /* what is behind the first check */
  if (g_rand_boolean (random))
    net_frame_fix (frame);
}

static void
test_mutations (void)
{
  const guint n = dpdk_test_scale (N_MUTATIONS);
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, net_listener_get_port (v4));
  g_autoptr (GRand) random = dpdk_test_random_new ();
  DpdkWorkerStatistics before, after;
  int fd = net_packet_open (NET_INTERFACE);

  net_frame_init (NET_INTERFACE);
  get_statistics (runtime, &before);
  for (guint i = 0; i < n; i++)
    {
      NetFrame frame;

      net_frame_fill (&frame, i % NET_N_FRAMES, net_listener_get_port (v4), random);
      mutate (&frame, random);
      net_packet_send (fd, frame.bytes, frame.size);
      /* no faster than it can be received: the tap's queue has room for a thousand */
      if (i % 256 == 255 || i == n - 1)
        DPDK_TEST_WAIT_UNTIL (get_received (runtime) >= before.rx_packets + i + 1);
    }
  get_statistics (runtime, &after);
  g_test_message ("%u sent: %" G_GUINT64_FORMAT " received, %" G_GUINT64_FORMAT
                  " dropped, %" G_GUINT64_FORMAT " malformed",
                  n, after.rx_packets - before.rx_packets, after.rx_dropped - before.rx_dropped,
                  after.rx_malformed - before.rx_malformed);
  g_assert_cmpuint (after.rx_malformed, >, before.rx_malformed + n / 10);
  assert_works (v4, v6);
  net_kernel_close (fd);
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

/* frames of a real exchange, damaged and sent again while it goes on */
static gpointer
exchange_thread (gpointer data)
{
  gint *is_over = data;

  for (guint i = 0; !g_atomic_int_get (is_over); i++)
    {
      g_autofree char *output = NULL;
      int wait_status;

      /* these may well be lost */
      output = net_run_for_output (&wait_status, "ping -q -c 3 -i 0.01 -W 1 -s %u %s >&2",
                                   i % 2 == 0 ? 56u : 3000u, families[i / 2 % 2].ours);
    }
  return NULL;
}

/* answers to replayed echo requests would be counted by ping */
static void
wait_until_quiet (DpdkRuntime *runtime)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  DpdkWorkerStatistics before, now;

  dpdk_worker_get_statistics (worker, &now);
  do
    {
      before = now;
      g_usleep (200 * G_TIME_SPAN_MILLISECOND);
      dpdk_worker_get_statistics (worker, &now);
    }
  while (now.rx_packets - before.rx_packets > 2);
}

static void
test_replay (void)
{
  const guint n = dpdk_test_scale (N_MUTATIONS / 4);
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, 0);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  int fd = net_packet_open (NET_INTERFACE);
  gint is_over = FALSE;
  GThread *thread = g_thread_new ("exchange", exchange_thread, &is_over);
  gint64 deadline = dpdk_test_get_deadline ();
  guint n_sent = 0;

  assert_works (v4, v6);
  while (n_sent < n)
    {
      NetFrame original, frame;
      gboolean is_from_us;
      gssize size = net_packet_receive (fd, original.bytes, sizeof original.bytes, &is_from_us);

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (size < NET_ETHERNET || is_from_us)
        {
          g_usleep (100);
          continue;
        }
      /* what the kernel will segment later is shown as one frame, which nobody can send */
      original.size = MIN ((gsize) size, MAX_FRAME);
      for (guint i = 0; i < 50; i++)
        {
          frame = original;
          mutate (&frame, random);
          net_packet_send (fd, frame.bytes, frame.size);
          n_sent++;
        }
    }
  g_atomic_int_set (&is_over, TRUE);
  g_thread_join (thread);
  wait_until_quiet (runtime);
  assert_works (v4, v6);
  net_kernel_close (fd);
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

/* answers to neighbours that do not exist must not hold all buffers */
static void
test_spoofed_sources (void)
{
  const guint n = dpdk_test_scale (N_MUTATIONS);
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, 0);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  DpdkMempool *pool = dpdk_port_get_mempool (port);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  int fd = net_packet_open (NET_INTERFACE);
  guint64 before = get_received (runtime);

  net_frame_init (NET_INTERFACE);
  for (guint i = 0; i < n; i++)
    {
      static const NetFrameKind kinds[] = { NET_FRAME_ICMP, NET_FRAME_ICMP6, NET_FRAME_TCP,
                                            NET_FRAME_TCP6 };
      NetFrame frame;

      net_frame_fill (&frame, kinds[i % G_N_ELEMENTS (kinds)], net_listener_get_port (v4), random);
      if (net_frame_is_v6 (&frame))
        net_put_16 (IP (&frame) + 8 + 14, (guint) g_rand_int_range (random, 3, 300));
      else
        IP (&frame)[12 + 3] = (guint8) g_rand_int_range (random, 3, 255);
      net_frame_fix (&frame);
      net_packet_send (fd, frame.bytes, frame.size);
      if (i % 256 == 255 || i == n - 1)
        DPDK_TEST_WAIT_UNTIL (get_received (runtime) >= before + i + 1);
    }
  g_test_message ("%u of %u buffers in use", dpdk_mempool_get_in_use (pool),
                  dpdk_mempool_get_capacity (pool));
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), <, dpdk_mempool_get_capacity (pool) / 2);
  assert_works (v4, v6);
  g_clear_object (&port);
  net_kernel_close (fd);
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

/* a neighbour that comes back with another address of its own */
static void
test_neighbour_moves (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, 0);

  for (guint i = 0; i < 3; i++)
    {
      assert_works (v4, v6);
      net_run ("ip link set dev " NET_INTERFACE " address 02:00:00:00:00:%02u", i + 1);
    }
  net_release (v4);
  net_release (v6);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/malformed/each", DPDK_TEST_FLAGS_NETWORK, test_each);
  dpdk_test_add_func ("/net/malformed/mutations", DPDK_TEST_FLAGS_NETWORK, test_mutations);
  dpdk_test_add_func ("/net/malformed/replay", DPDK_TEST_FLAGS_NETWORK, test_replay);
  dpdk_test_add_func ("/net/malformed/spoofed-sources", DPDK_TEST_FLAGS_NETWORK,
                      test_spoofed_sources);
  dpdk_test_add_func ("/net/malformed/neighbour-moves", DPDK_TEST_FLAGS_NETWORK,
                      test_neighbour_moves);
  return g_test_run ();
}
