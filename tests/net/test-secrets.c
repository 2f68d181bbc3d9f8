/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* numbers of ours that nobody may be able to guess */
#include "net-fixture.h"
#include "net-frames.h"
#include "net-kernel.h"

#include <string.h>

#define N 64
#define FIRST_PORT 30000
/* of two numbers that have nothing to do with each other, so near are one pair in two thousand */
#define NEAR (1 << 20)
/* what the clock of RFC 6528 may have gone on in between: a quarter of a million in a second */
#define MAX_TICKS (250000u * 600u)

static guint32
get_32 (const guint8 *at)
{
  guint32 value;

  memcpy (&value, at, sizeof value);
  return GUINT32_FROM_BE (value);
}

static guint64
get_connections (DpdkRuntime *runtime)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

  return dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_TCP_CONNECTIONS);
}

/* The number that a SYN from this port is answered with; the kernel, which knows nothing of it, ends
   the connection. */
static guint32
get_sequence (DpdkRuntime *runtime, int fd, NetFrameKind kind, guint16 from, guint16 to)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (from);
  const gsize header = kind == NET_FRAME_TCP6 ? NET_IP6 : NET_IP;
  const gint64 deadline = dpdk_test_get_deadline ();
  guint8 reply[2048], *tcp;
  gboolean is_from_us;
  NetFrame frame;

  net_frame_fill (&frame, kind, to, random);
  tcp = frame.bytes + NET_ETHERNET + header;
  net_put_16 (tcp, from);
  tcp[13] = 0x02;
  net_frame_fix (&frame);
  net_packet_send (fd, frame.bytes, frame.size);
  tcp = reply + NET_ETHERNET + header;
  while (TRUE)
    {
      gssize n = net_packet_receive (fd, reply, sizeof reply, &is_from_us);

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (n < (gssize) (NET_ETHERNET + header + 20) || reply[12] != frame.bytes[12] ||
          tcp[2] != from >> 8 || tcp[3] != (from & 0xff) || tcp[13] != 0x12)
        continue;
      DPDK_TEST_WAIT_UNTIL (get_connections (runtime) == 0);
      return get_32 (tcp + 4);
    }
}

static void
test_sequence (void)
{
  static const NetFrameKind kinds[] = { NET_FRAME_TCP, NET_FRAME_TCP6 };
  static const char *const hosts[] = { NET_OUR_V4, NET_OUR_V6 };
  DpdkRuntime *runtime = net_start ();
  int fd = net_packet_open (NET_INTERFACE);

  net_frame_init (NET_INTERFACE);
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      DpdkTcpListener *listener = net_listen (runtime, hosts[k], 0);
      const guint16 port = net_listener_get_port (listener);
      guint32 numbers[N];
      guint near = 0;

      for (guint i = 0; i < N; i++)
        numbers[i] = get_sequence (runtime, fd, kinds[k], (guint16) (FIRST_PORT + i), port);
      for (guint i = 0; i < N; i++)
        for (guint j = 0; j < i; j++)
          near += numbers[i] - numbers[j] + NEAR < 2 * NEAR;
      g_test_message ("%u of %u pairs are near each other", near, N * (N - 1) / 2);
      g_assert_cmpuint (near, <=, 10);
      /* but between the same two ends they go up, so that an old connection disturbs no new one */
      for (guint i = 0; i < 8; i++)
        {
          guint32 again =
              get_sequence (runtime, fd, kinds[k], (guint16) (FIRST_PORT + i), port) - numbers[i];

          g_assert_cmpuint (again, >, 0);
          g_assert_cmpuint (again, <, MAX_TICKS);
        }
      net_release (listener);
    }
  net_kernel_close (fd);
  net_stop (runtime);
}

static guint16
get_port_of_peer (int fd)
{
  g_autofree char *name = net_kernel_get_name (fd, TRUE);

  return (guint16) g_ascii_strtoull (strrchr (name, ':') + 1, NULL, 10);
}

static void
test_ports (void)
{
  DpdkRuntime *runtime = net_start ();
  guint16 port, ports[N], lowest = G_MAXUINT16, highest = 0;
  int listener = net_kernel_listen (NET_KERNEL_V4, N, &port);
  guint successors = 0;

  for (guint i = 0; i < N; i++)
    {
      DpdkTcpConnection *connection = net_connect (runtime, NET_KERNEL_V4, port);
      int fd = net_kernel_accept (listener);

      ports[i] = get_port_of_peer (fd);
      lowest = MIN (lowest, ports[i]);
      highest = MAX (highest, ports[i]);
      successors += i > 0 && (guint16) (ports[i] - ports[i - 1]) <= 16;
      net_kernel_close (fd);
      net_assert_at_end (connection);
      net_close (connection);
      net_release (connection);
    }
  g_test_message ("from %u to %u, %u follow each other", lowest, highest, successors);
  g_assert_cmpuint (lowest, >=, 32768);
  g_assert_cmpuint (highest - lowest, >, 16384);
  g_assert_cmpuint (successors, <=, 4);
  net_kernel_close (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/secrets/sequence", DPDK_TEST_FLAGS_NETWORK, test_sequence);
  dpdk_test_add_func ("/net/secrets/ports", DPDK_TEST_FLAGS_NETWORK, test_ports);
  return g_test_run ();
}
