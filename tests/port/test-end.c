/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devices that do not end well by themselves */
#include "port-peer.h"

#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdlib.h>
#include <string.h>

#define N_ROUNDS 20
#define N_FRAMES 200
#define TAP "net_tap0,iface=dpdk0"

static void
send_frames (DpdkPort *port, guint n)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      dpdk_port_send_bytes (port, 0, (const guint8 *) "frame", 5, &error);
      g_assert_no_error (error);
    }
}

/* the ring keeps what was not received: the pool is full again all the same */
static void
test_ring_keeps_buffers (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      DpdkPort *port = port_open_started (eal, pool, "net_ring0");

      send_frames (port, N_FRAMES);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, N_FRAMES);
      if (i % 2 == 0)
        {
          dpdk_port_close (port, &error);
          g_assert_no_error (error);
          g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
        }
      dpdk_test_assert_finalize (port);
      dpdk_test_assert_pool_full (pool);
    }
  g_assert_finalize_object (pool);
  port_finish (eal, NULL);
}

/* a tap takes buffers for each queue when that is set up: the driver has those of the first when there
   are none left for the second */
static void
test_tap_half_configured (void)
{
  DpdkEal *eal = port_eal ();
  g_autoptr (GError) error = NULL;
  DpdkPort *port = dpdk_port_new (eal, "net_tap0", &error);
  DpdkMempool *pool, *other;

  g_assert_no_error (error);
  pool = dpdk_mempool_new (eal, 127, 0, 2048, -1, &error);
  g_assert_no_error (error);
  other = port_pool (eal);
  g_object_add_weak_pointer (G_OBJECT (pool), (gpointer *) &pool);
  g_assert_false (dpdk_port_configure (port, pool, 2, 64, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_clear_error (&error);
  g_object_unref (pool);
  g_assert_nonnull (pool);
  port_start (port, other, 2);
  g_assert_null (pool);
  dpdk_test_assert_finalize (port);
  dpdk_test_assert_finalize (other);
  port_finish (eal, NULL);
}

/* a ring of the application's cannot be drained: the pool stays until its buffers are home */
static void
test_ring_of_others (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autofree char *name = g_strdup (dpdk_mempool_get_name (pool));
  struct rte_ring *in = rte_ring_create ("in", 1024, SOCKET_ID_ANY, 0);
  struct rte_ring *out = rte_ring_create ("out", 1024, SOCKET_ID_ANY, 0);
  g_autoptr (GError) error = NULL;
  DpdkPort *port;

  g_assert_cmpint (rte_eth_from_rings ("pair", &in, 1, &out, 1, SOCKET_ID_ANY), >=, 0);
  port = dpdk_port_adopt (eal, "net_ring_pair", &error);
  g_assert_no_error (error);
  port_start (port, pool, 1);
  send_frames (port, N_FRAMES);
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  dpdk_test_assert_finalize (port);
  g_assert_finalize_object (pool);
  g_assert_false (dpdk_eal_shutdown (eal, 1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_nonnull (rte_mempool_lookup (name));
  for (guint i = 0; i < N_FRAMES; i++)
    {
      void *mbuf = NULL;

      g_assert_cmpint (rte_ring_dequeue (out, &mbuf), ==, 0);
      rte_pktmbuf_free (mbuf);
    }
  port_finish (eal, NULL);
}

typedef struct {
  const char *process;
  /* each takes the folder of the other process */
  const char *ours;
  const char *theirs;
  gboolean we_are_first;
  guint n_kept_fds;
} Drivers;

static const Drivers memif_server = {
  "memif-client",
  "net_memif0,role=server,socket-abstract=no,socket=%s/memif",
  "net_memif0,role=client,socket-abstract=no,socket=%s/memif",
  TRUE,
  1,
};

static const Drivers memif_client = {
  "memif-server",
  "net_memif0,role=client,socket-abstract=no,socket=%s/memif",
  "net_memif0,role=server,socket-abstract=no,socket=%s/memif",
  FALSE,
  0,
};

static const Drivers virtio_user = {
  "vhost", "net_virtio_user0,path=%s/vhost", "net_vhost0,queues=1,iface=%s/vhost", FALSE, 0,
};

static char *
fill_in (const char *devargs, DpdkTestProcess *process)
{
  g_auto (GStrv) parts = g_strsplit (devargs, "%s", 2);

  return g_strjoinv (dpdk_test_process_get_folder (process), parts);
}

static void
serve (const Drivers *drivers)
{
  g_autofree char *devargs = fill_in (drivers->theirs, dpdk_test_process_get_parent ());

  port_peer_serve (devargs, 1);
}

static void
serve_memif_client (void)
{
  serve (&memif_server);
}

static void
serve_memif_server (void)
{
  serve (&memif_client);
}

static void
serve_vhost (void)
{
  serve (&virtio_user);
}

/* the driver refuses to be closed while it is started, so it is stopped before: by closing it, by
   dropping it, and by the end of everything */
static void
test_started (gconstpointer data)
{
  const Drivers *drivers = data;
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      DpdkTestProcess *peer = port_peer_spawn (drivers->process);
      g_autofree char *devargs = fill_in (drivers->ours, peer);
      DpdkPort *port = drivers->we_are_first ? port_open_started (eal, pool, devargs) : NULL;
      PortTraffic *traffic;

      dpdk_test_ignore_fds (drivers->n_kept_fds);
      port_peer_open (peer);
      if (port == NULL)
        port = port_open_started (eal, pool, devargs);
      DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
      traffic = port_traffic_start (port, port, pool);
      DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) > 0);
      if (i == 0)
        {
          /* under load */
          dpdk_port_close (port, &error);
          g_assert_no_error (error);
        }
      port_traffic_stop (traffic);
      if (i == 2)
        {
          g_clear_object (&pool);
          g_clear_object (&eal);
        }
      g_object_unref (port);
      if (i == 2)
        dpdk_test_assert_eal_dead ();
      port_peer_end (peer);
    }
}

typedef struct {
  GThread *thread;
  gint is_stopping;
} Flapper;

static gpointer
run_flapper (gpointer data)
{
  Flapper *self = data;

  while (!g_atomic_int_get (&self->is_stopping))
    {
      port_set_interface_up ("dpdk0", FALSE);
      port_set_interface_up ("dpdk0", TRUE);
    }
  return NULL;
}

/* the interrupt thread must not find what is gone when the link changes at the end */
static void
test_tap_dropped (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  Flapper flapper = { 0 };

  flapper.thread = g_thread_new ("flapper", run_flapper, &flapper);
  for (guint i = 0; i < N_ROUNDS; i++)
    g_object_unref (port_open_started (eal, pool, TAP));
  port_finish (eal, pool);
  g_atomic_int_set (&flapper.is_stopping, TRUE);
  g_thread_join (flapper.thread);
}

/* with everything still held and started */
static void
run_to_exit (void)
{
  static Flapper flapper;
  DpdkEal *eal = port_eal ();
  DpdkPort *port = port_open_started (eal, port_pool (eal), TAP);

  flapper.thread = g_thread_new ("flapper", run_flapper, &flapper);
  g_assert_true (dpdk_port_is_started (port));
  exit (0);
}

static void
test_tap_at_exit (void)
{
  for (guint i = 0; i < 5; i++)
    {
      DpdkTestProcess *process = port_peer_spawn ("exit");

      g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
      g_assert_finalize_object (process);
    }
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_process ("exit", run_to_exit);
  dpdk_test_add_process ("memif-client", serve_memif_client);
  dpdk_test_add_process ("memif-server", serve_memif_server);
  dpdk_test_add_process ("vhost", serve_vhost);
  dpdk_test_add_func ("/port/end/ring-keeps-buffers", DPDK_TEST_FLAGS_NETWORK,
                      test_ring_keeps_buffers);
  dpdk_test_add_func ("/port/end/ring-of-others", DPDK_TEST_FLAGS_NETWORK, test_ring_of_others);
  dpdk_test_add_data_func ("/port/end/memif-server-started", DPDK_TEST_FLAGS_NETWORK, &memif_server,
                           test_started);
  dpdk_test_add_data_func ("/port/end/memif-client-started", DPDK_TEST_FLAGS_NETWORK, &memif_client,
                           test_started);
  dpdk_test_add_data_func ("/port/end/virtio-user-started", DPDK_TEST_FLAGS_NETWORK, &virtio_user,
                           test_started);
  dpdk_test_add_func ("/port/end/tap-half-configured", DPDK_TEST_FLAGS_NETWORK,
                      test_tap_half_configured);
  dpdk_test_add_func ("/port/end/tap-dropped", DPDK_TEST_FLAGS_NETWORK, test_tap_dropped);
  dpdk_test_add_func ("/port/end/tap-at-exit", DPDK_TEST_FLAGS_NETWORK, test_tap_at_exit);
  return g_test_run ();
}
