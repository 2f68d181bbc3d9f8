/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peers in other processes that die */
#include "port-peer.h"

#include <string.h>

/* of each role */
#define N_KILLS 100
/* starting DPDK takes longer than everything else: the next ones start while one is served */
#define N_AHEAD 3
#define MAX_FRAMES 5000
/* in the abstract namespace, so that a server that was killed leaves nothing that would be in the way */
#define SERVER "net_memif0,role=server,socket=/port-peers"
#define CLIENT "net_memif0,role=client,socket=/port-peers"

static void
run_client (void)
{
  port_peer_serve (CLIENT, 1);
}

static void
run_server (void)
{
  port_peer_serve (SERVER, 1);
}

static void
spawn_ahead (GQueue *peers, const char *name)
{
  g_queue_push_tail (peers, port_peer_spawn (name));
}

/* in the middle of a stream both ways; the next one is served as the first */
static void
kill_peers (const char *devargs, const char *name, gboolean is_server)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = is_server ? port_open_started (eal, pool, devargs) : NULL;
  PortTraffic *traffic = is_server ? port_traffic_start (port, port, pool) : NULL;
  g_autoptr (GRand) random = dpdk_test_random_new ();
  GQueue peers = G_QUEUE_INIT;
  guint n = dpdk_test_scale (N_KILLS);

  for (guint i = 0; i < N_AHEAD; i++)
    spawn_ahead (&peers, name);
  for (guint i = 0; i < n; i++)
    {
      DpdkTestProcess *peer = g_queue_pop_head (&peers);
      guint64 n_received;

      if (i + N_AHEAD < n)
        spawn_ahead (&peers, name);
      port_peer_open (peer);
      if (port == NULL)
        {
          port = port_open_started (eal, pool, devargs);
          traffic = port_traffic_start (port, port, pool);
        }
      DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
      n_received = port_traffic_get_n_received (traffic) +
                   (guint64) g_rand_int_range (random, 0, MAX_FRAMES);
      DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) > n_received);
      port_peer_kill (peer);
      DPDK_TEST_WAIT_UNTIL (!dpdk_port_is_link_up (port));
      g_assert_true (dpdk_port_is_started (port));
    }
  for (DpdkTestProcess *peer = g_queue_pop_head (&peers); peer != NULL;
       peer = g_queue_pop_head (&peers))
    port_peer_kill (peer);
  port_traffic_stop (traffic);
  g_object_unref (port);
  port_finish (eal, pool);
}

static void
test_kill_clients (void)
{
  /* memif never closes the socket that it listens on */
  dpdk_test_ignore_fds (1);
  kill_peers (SERVER, "client", TRUE);
}

/* the driver would not look for the next one by itself */
static void
test_kill_servers (void)
{
  kill_peers (CLIENT, "server", FALSE);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_process ("client", run_client);
  dpdk_test_add_process ("server", run_server);
  dpdk_test_add_func ("/port/peers/kill-clients", DPDK_TEST_FLAGS_NETWORK, test_kill_clients);
  dpdk_test_add_func ("/port/peers/kill-servers", DPDK_TEST_FLAGS_NETWORK, test_kill_servers);
  return g_test_run ();
}
