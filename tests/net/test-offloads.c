/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checksums, segmentation and merging in all combinations: what arrives must not depend on them */
#include "net-frames.h"
#include "net-kernel.h"
#include "net-offloads.h"

#define N_DAMAGED 20

static const NetFamily families[] = NET_FAMILIES;

static const struct {
  const char *key;
  DpdkStackOffload offload;
} kinds[] = {
  { "rx_checksum", DPDK_STACK_OFFLOAD_RX_CHECKSUM },
  { "tx_checksum", DPDK_STACK_OFFLOAD_TX_CHECKSUM },
  { "tso", DPDK_STACK_OFFLOAD_TSO },
  { "multi_segments", DPDK_STACK_OFFLOAD_MULTI_SEGMENTS },
  { "gro", DPDK_STACK_OFFLOAD_GRO },
  { "gso", DPDK_STACK_OFFLOAD_GSO },
};

/* each on its own, all, none */
static const DpdkStackOffload combinations[] = {
  DPDK_STACK_OFFLOAD_NONE,
  NET_OFFLOAD_ALL,
  DPDK_STACK_OFFLOAD_RX_CHECKSUM,
  DPDK_STACK_OFFLOAD_TX_CHECKSUM,
  DPDK_STACK_OFFLOAD_TSO,
  DPDK_STACK_OFFLOAD_MULTI_SEGMENTS,
  DPDK_STACK_OFFLOAD_GRO,
  DPDK_STACK_OFFLOAD_GSO,
  DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_TX_CHECKSUM,
};

static char *
dup_offloads (DpdkStackOffload disabled)
{
  GString *json = g_string_new ("{");

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_string_append_printf (json, "%s\"%s\": \"%s\"", i > 0 ? ", " : "", kinds[i].key,
                            (disabled & kinds[i].offload) != 0 ? "off" : "auto");
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static DpdkRuntime *
start_tap (DpdkStackOffload disabled)
{
  g_autofree char *offloads = dup_offloads (disabled);
  g_autofree char *json = g_strdup_printf (
      "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=" NET_INTERFACE "\","
      " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"" NET_OUR_V4 "/24\", \"" NET_OUR_V6
      "/64\"], \"offloads\": %s}]}",
      offloads);
  DpdkRuntime *runtime = net_start_with (json);

  net_kernel_up_default ();
  return runtime;
}

/* both ways at once, so that data and acknowledgements mix */
static void
exchange_with_kernel (DpdkTcpConnection *connection, int fd, guint64 size)
{
  NetTransfer theirs = { .fd = fd, .size = size },
              ours = { .connection = connection, .size = size };
  GThread *kernel, *stack;
  g_autoptr (GError) error = NULL;

  /* one way first: only there is something to merge for sure */
  kernel = g_thread_new ("kernel", net_transfer_thread, &theirs);
  net_read_pattern (connection, 0, size);
  g_thread_join (kernel);
  stack = g_thread_new ("stack", net_transfer_thread, &ours);
  net_kernel_read_pattern (fd, 0, size);
  g_thread_join (stack);
  theirs.size = ours.size = size / 4;
  kernel = g_thread_new ("kernel", net_transfer_thread, &theirs);
  stack = g_thread_new ("stack", net_transfer_thread, &ours);
  net_read_pattern (connection, 0, size / 4);
  net_kernel_read_pattern (fd, 0, size / 4);
  g_thread_join (kernel);
  g_thread_join (stack);
  dpdk_tcp_connection_shutdown (connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
}

static void
test_kernel (void)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (combinations); i++)
    {
      DpdkRuntime *runtime = start_tap (combinations[i]);
      DpdkStackOffload used = net_offload_get_used (runtime);
      DpdkStackOffload expected = NET_OFFLOAD_ALL & ~(combinations[i] | DPDK_STACK_OFFLOAD_TSO);

      /* the tap cannot cut IPv6, nor sum up several buffers */
      if ((expected & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0)
        expected &= ~DPDK_STACK_OFFLOAD_TX_CHECKSUM;
      g_assert_cmphex (used, ==, expected);
      for (guint k = 0; k < G_N_ELEMENTS (families); k++)
        {
          DpdkTcpListener *listener = net_listen (runtime, families[k].ours, 0);
          int fd = net_kernel_connect (families[k].ours, net_listener_get_port (listener));

          exchange_with_kernel (net_accept (listener), fd, net_offload_get_size ());
          net_release (listener);
          /* a checksum over fragments is nobody else's business */
          net_run ("ping -q -c 3 -i 0.01 -s 4000 %s", families[k].ours);
        }
      net_offload_check_counters (runtime);
      g_assert_cmpint (net_offload_count (runtime, DPDK_STACK_COUNTER_RX_CHECKSUM_OFFLOADED) > 0,
                       ==, (used & (DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_GRO)) != 0);
      if ((used & DPDK_STACK_OFFLOAD_GRO) != 0)
        g_assert_cmpuint (net_offload_count (runtime, DPDK_STACK_COUNTER_GRO_SEGMENTS), >, 0);
      net_offload_stop (runtime);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* dropped and counted, whoever has looked at it first */
static void
test_damaged (void)
{
  static const NetFrameKind frames[] = { NET_FRAME_UDP, NET_FRAME_TCP, NET_FRAME_UDP6,
                                         NET_FRAME_TCP6 };
  static const DpdkStackOffload disabled[] = { DPDK_STACK_OFFLOAD_NONE, NET_OFFLOAD_ALL };
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (disabled); i++)
    {
      DpdkRuntime *runtime = start_tap (disabled[i]);
      guint64 n_damaged = 0;
      int fd;

      net_frame_init (NET_INTERFACE);
      fd = net_packet_open (NET_INTERFACE);
      for (guint k = 0; k < G_N_ELEMENTS (frames) * N_DAMAGED; k++)
        {
          NetFrame frame;

          net_frame_fill (&frame, frames[k % G_N_ELEMENTS (frames)], 9, random);
          frame.bytes[frame.size - 1] ^= 1;
          net_packet_send (fd, frame.bytes, frame.size);
          n_damaged++;
          DPDK_TEST_WAIT_UNTIL (net_offload_count (runtime, DPDK_STACK_COUNTER_DROPPED_CHECKSUM) ==
                                n_damaged);
        }
      net_kernel_close (fd);
      net_offload_stop (runtime);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* the link can do nothing but send packets of several buffers */
static void
test_link (void)
{
  static const DpdkStackOffload disabled[][2] = {
    { DPDK_STACK_OFFLOAD_NONE, DPDK_STACK_OFFLOAD_NONE },
    { DPDK_STACK_OFFLOAD_GRO, DPDK_STACK_OFFLOAD_NONE },
    { DPDK_STACK_OFFLOAD_MULTI_SEGMENTS, DPDK_STACK_OFFLOAD_GSO },
    { NET_OFFLOAD_ALL, NET_OFFLOAD_ALL },
  };
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (disabled); i++)
    {
      DpdkTestLink *link = dpdk_test_link_new (eal, 1, &error);
      DpdkRuntime *runtimes[2];

      g_assert_no_error (error);
      for (guint end = 0; end < 2; end++)
        {
          DpdkPort *port = dpdk_test_link_get_port (link, end);

          runtimes[end] = net_offload_start (end, dpdk_port_get_devargs (port), port,
                                             NET_OFFLOAD_MTU, disabled[i][end]);
          g_assert_cmphex (net_offload_get_used (runtimes[end]) & DPDK_STACK_OFFLOAD_GRO, ==,
                           DPDK_STACK_OFFLOAD_GRO & ~disabled[i][end]);
        }
      net_offload_exchange_both (runtimes);
      for (guint end = 0; end < 2; end++)
        if ((net_offload_get_used (runtimes[end]) & DPDK_STACK_OFFLOAD_GRO) != 0)
          net_offload_exchange_until (runtimes, end, DPDK_STACK_COUNTER_GRO_SEGMENTS);
      net_offload_stop (runtimes[0]);
      net_offload_stop (runtimes[1]);
      g_assert_finalize_object (link);
    }
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

/* frames that are damaged, lost and out of order on their way must not get into what is merged */
static void
test_impaired (void)
{
  DpdkTestImpairment *impairment = dpdk_test_impairment_new ();
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);
  DpdkRuntime *runtimes[2];
  DpdkTestLink *link;

  g_assert_no_error (error);
  dpdk_test_impairment_set_seed (impairment, 1);
  dpdk_test_impairment_set_loss (impairment, 0.005);
  dpdk_test_impairment_set_corrupt (impairment, 0.005);
  dpdk_test_impairment_set_reorder (impairment, 0.01);
  link = dpdk_test_link_new_impaired (eal, 1, impairment, &error);
  g_assert_no_error (error);
  dpdk_test_impairment_free (impairment);
  for (guint end = 0; end < 2; end++)
    {
      DpdkPort *port = dpdk_test_link_get_port (link, end);

      runtimes[end] = net_offload_start (end, dpdk_port_get_devargs (port), port, NET_OFFLOAD_MTU,
                                         DPDK_STACK_OFFLOAD_NONE);
    }
  net_offload_exchange (runtimes[0], runtimes[1], "198.18.1.2", net_offload_get_size () / 4);
  net_offload_exchange (runtimes[1], runtimes[0], "fde7:f17d:24:1::1", net_offload_get_size () / 4);
  for (guint end = 0; end < 2; end++)
    {
      g_assert_cmpuint (net_offload_count (runtimes[end], DPDK_STACK_COUNTER_GRO_SEGMENTS), >, 0);
      net_offload_stop (runtimes[end]);
    }
  g_assert_finalize_object (link);
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/offloads/kernel", DPDK_TEST_FLAGS_NETWORK, test_kernel);
  dpdk_test_add_func ("/net/offloads/damaged", DPDK_TEST_FLAGS_NETWORK, test_damaged);
  dpdk_test_add_func ("/net/offloads/link", DPDK_TEST_FLAGS_NETWORK, test_link);
  dpdk_test_add_func ("/net/offloads/impaired", DPDK_TEST_FLAGS_NETWORK, test_impaired);
  return g_test_run ();
}
