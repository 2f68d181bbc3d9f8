/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "port-peer.h"

#include <signal.h>

static void
serve_once (DpdkTestProcess *test, DpdkEal *eal, DpdkMempool *pool, const char *devargs)
{
  g_autoptr (GError) error = NULL;
  PortTraffic *traffic;
  DpdkPort *port;

  dpdk_test_process_say (test, "ready");
  dpdk_test_process_expect (test, "open");
  port = port_open_started (eal, pool, devargs);
  traffic = port_traffic_start (port, port, pool);
  dpdk_test_process_say (test, "is open");
  dpdk_test_process_expect (test, "close");
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  port_traffic_stop (traffic);
  dpdk_test_assert_finalize (port);
}

void
port_peer_serve (const char *devargs, guint n_times)
{
  DpdkTestProcess *test = dpdk_test_process_get_parent ();
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  for (guint i = 0; i < n_times; i++)
    serve_once (test, eal, pool, devargs);
  port_finish (eal, pool);
}

DpdkTestProcess *
port_peer_spawn (const char *name)
{
  g_autoptr (GError) error = NULL;
  DpdkTestProcess *peer = dpdk_test_process_spawn (name, &error);

  g_assert_no_error (error);
  return peer;
}

void
port_peer_open (DpdkTestProcess *peer)
{
  dpdk_test_process_expect (peer, "ready");
  dpdk_test_process_say (peer, "open");
  dpdk_test_process_expect (peer, "is open");
}

void
port_peer_close (DpdkTestProcess *peer)
{
  dpdk_test_process_say (peer, "close");
}

void
port_peer_kill (DpdkTestProcess *peer)
{
  dpdk_test_process_kill (peer, SIGKILL);
  g_assert_cmpint (dpdk_test_process_wait (peer), ==, SIGKILL);
  g_assert_finalize_object (peer);
}

void
port_peer_end (DpdkTestProcess *peer)
{
  port_peer_close (peer);
  g_assert_cmpint (dpdk_test_process_wait (peer), ==, 0);
  g_assert_finalize_object (peer);
}
