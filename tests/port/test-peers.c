/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peers in other processes that die, and devices that do not end well by themselves */
#include "port-peer.h"

#include <string.h>

#define N_KILLS 100
#define N_DEFAULT_KILLS 15
#define MEMIF ",socket=/run/dpdk/m.sock,zero-copy=no"

static guint
n_kills (void)
{
  return g_getenv ("DPDK_TEST_LONG") != NULL ? N_KILLS : dpdk_test_scale (N_DEFAULT_KILLS);
}

/* in the middle of a stream both ways; the next one is served as the first */
static void
test_kill (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open_started (eal, pool, "net_memif0,role=server" MEMIF);
  PortTraffic *traffic = port_traffic_start (port, port, pool);
  g_autoptr (GRand) random = dpdk_test_random_new ();

  for (guint i = 0; i < n_kills (); i++)
    {
      PortPeer *peer = port_peer_new ("net_memif0,role=client" MEMIF);
      guint64 n_received;

      DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
      n_received = port_traffic_get_n_received (traffic);
      port_peer_begin (peer, "flood");
      DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) >
                            n_received + (guint64) g_rand_int_range (random, 1, 50000));
      port_peer_kill (peer);
      DPDK_TEST_WAIT_UNTIL (!dpdk_port_is_link_up (port));
    }
  port_traffic_stop (traffic);
  g_object_unref (port);
  port_finish (eal, pool);
}

/* the ring keeps what was not received: the pool is full again all the same */
static void
test_ring_keeps_buffers (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    {
      DpdkPort *port = port_open_started (eal, pool, "net_ring0");

      for (guint j = 0; j < 200; j++)
        {
          dpdk_port_send_bytes (port, 0, (const guint8 *) "frame", 5, &error);
          g_assert_no_error (error);
        }
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 200);
      dpdk_port_close (port, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
      g_assert_finalize_object (port);
    }
  g_assert_finalize_object (pool);
  port_finish (eal, NULL);
}

/* the driver refuses to be closed while it is started, so it is stopped before: by closing it, by
   dropping it, and by the end of everything */
static void
close_started (const char *driver, const char *parameters, const char *peer_devargs,
               gboolean is_first)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *own = g_strdup_printf ("%s%u%s%u.sock", driver, i, parameters, i);
      g_autofree char *others = g_strdup_printf ("%s%u.sock", peer_devargs, i);
      DpdkPort *port = is_first ? port_open_started (eal, pool, own) : NULL;
      PortPeer *peer = port_peer_new (others);

      if (port == NULL)
        port = port_open_started (eal, pool, own);
      DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
      port_peer_tell (peer, "send 10");
      if (i == 0)
        {
          dpdk_port_close (port, &error);
          g_assert_no_error (error);
        }
      g_object_unref (port);
      port_peer_free (peer);
    }
  port_finish (eal, pool);
}

static void
test_memif_started (void)
{
  close_started ("net_memif", ",role=server,socket=/run/dpdk/m",
                 "net_memif0,role=client,socket=/run/dpdk/m", TRUE);
}

static void
test_virtio_user_started (void)
{
  close_started ("net_virtio_user", ",path=/run/dpdk/v", "net_vhost0,queues=1,iface=/run/dpdk/v",
                 FALSE);
}

/* the interrupt thread must not find what is gone when the link changes after the end */
static void
test_tap_left_started (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  for (guint i = 0; i < 5; i++)
    {
      DpdkPort *port = port_open_started (eal, pool, "net_tap0,iface=dpdk0");

      net_run ("ip link set dpdk0 down; ip link set dpdk0 up");
      g_object_unref (port);
      net_run ("ip link set lo down; ip link set lo up");
    }
  port_open_started (eal, pool, "net_tap0,iface=dpdk0");
  net_run ("ip link set dpdk0 down; ip link set dpdk0 up");
  /* held by nobody any more but started: the end of the process comes */
}

int
main (int argc, char **argv)
{
  port_peer_run_if_asked (argc, argv);
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/port/peers/kill", DPDK_TEST_FLAGS_NETWORK, test_kill);
  dpdk_test_add_func ("/port/peers/ring-keeps-buffers", DPDK_TEST_FLAGS_NETWORK,
                      test_ring_keeps_buffers);
  dpdk_test_add_func ("/port/peers/memif-started", DPDK_TEST_FLAGS_NETWORK, test_memif_started);
  dpdk_test_add_func ("/port/peers/virtio-user-started", DPDK_TEST_FLAGS_NETWORK,
                      test_virtio_user_started);
  dpdk_test_add_func ("/port/peers/tap-left-started", DPDK_TEST_FLAGS_NETWORK,
                      test_tap_left_started);
  return g_test_run ();
}
