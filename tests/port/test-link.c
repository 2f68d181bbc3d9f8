/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* links that go down and come back, with traffic all the while */
#include "net-exchange.h"
#include "net-kernel.h"
#include "port-peer.h"

#include <string.h>

#define N_FLAPS 1000

typedef struct {
  GThread *thread;
  guint n_up;
  guint n_down;
} Observer;

static void
on_link (DpdkPort *port, GParamSpec *pspec, gpointer user_data)
{
  Observer *self = user_data;

  g_assert_true (g_thread_self () == self->thread);
  if (dpdk_port_is_link_up (port))
    self->n_up++;
  else
    self->n_down++;
}

/* without what is still to be told of the past */
static void
observe (Observer *self, DpdkPort *port)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  self->thread = g_thread_self ();
  g_signal_connect (port, "notify::link-up", G_CALLBACK (on_link), self);
}

static void
wait_for_link (Observer *self, DpdkPort *port, gboolean up, guint n)
{
  DPDK_TEST_WAIT_UNTIL ((up ? self->n_up : self->n_down) == n);
  g_assert_cmpint (dpdk_port_is_link_up (port), ==, up);
}

static void
set_interface_up (const char *name, gboolean up)
{
  g_assert_true (port_set_interface_up (name, up));
}

/* the interrupt of a tap never comes: the change is noticed all the same, and told on our thread */
static void
test_tap (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open_started (eal, pool, "net_tap0,iface=dpdk0");
  PortTraffic *traffic = port_traffic_start (port, port, pool);
  Observer observer = { 0 };
  guint n = dpdk_test_scale (N_FLAPS);

  DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
  g_assert_cmpuint (dpdk_port_get_link_speed (port), >, 0);
  g_assert_cmpint (dpdk_port_get_link_duplex (port), ==, DPDK_LINK_DUPLEX_FULL);
  observe (&observer, port);
  for (guint i = 1; i <= n; i++)
    {
      set_interface_up ("dpdk0", FALSE);
      wait_for_link (&observer, port, FALSE, i);
      g_assert_cmpuint (dpdk_port_get_link_speed (port), ==, 0);
      set_interface_up ("dpdk0", TRUE);
      wait_for_link (&observer, port, TRUE, i);
    }
  g_assert_cmpuint (observer.n_down, ==, n);
  port_traffic_stop (traffic);
  g_object_unref (port);
  port_finish (eal, pool);
}

/* what is told by an interrupt and has not changed is not told again */
static void
test_false_alarm (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open_started (eal, pool, "net_ring0");
  Observer observer = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (dpdk_port_is_link_up (port));
  observe (&observer, port);
  for (guint i = 0; i < 100; i++)
    port_emit_link (port);
  /* runs behind them */
  dpdk_port_stop (port, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_port_is_link_up (port));
  DPDK_TEST_WAIT_UNTIL (observer.n_down == 1);
  g_assert_cmpuint (observer.n_up, ==, 0);
  g_object_unref (port);
  port_finish (eal, pool);
}

static char *
dup_socket (DpdkTestProcess *process)
{
  return g_build_filename (dpdk_test_process_get_folder (process), "vhost", NULL);
}

static void
run_virtio_user (void)
{
  g_autofree char *path = dup_socket (dpdk_test_process_get_parent ());
  g_autofree char *devargs = g_strdup_printf ("net_virtio_user0,path=%s", path);

  port_peer_serve (devargs, dpdk_test_scale (N_FLAPS));
}

/* the driver of vhost tells of each guest that comes and goes */
static void
test_vhost (void)
{
  DpdkTestProcess *peer = port_peer_spawn ("virtio-user");
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autofree char *path = dup_socket (peer);
  g_autofree char *devargs = g_strdup_printf ("net_vhost0,iface=%s,queues=1", path);
  DpdkPort *port = port_open_started (eal, pool, devargs);
  Observer observer = { 0 };
  PortTraffic *traffic = port_traffic_start (port, port, pool);
  guint n = dpdk_test_scale (N_FLAPS);
  g_autoptr (DpdkPortInfo) info = dpdk_port_dup_info (port, NULL);

  /* the thread that DPDK has for vhost, and never ends, is woken up by a pipe */
  dpdk_test_ignore_fds (2);
  g_assert_true (info->has_link_interrupts);
  g_assert_false (dpdk_port_is_link_up (port));
  observe (&observer, port);
  for (guint i = 1; i <= n; i++)
    {
      guint64 n_received = port_traffic_get_n_received (traffic);

      port_peer_open (peer);
      wait_for_link (&observer, port, TRUE, i);
      DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) > n_received);
      if (i < n)
        port_peer_close (peer);
      else
        port_peer_end (peer);
      wait_for_link (&observer, port, FALSE, i);
    }
  g_assert_cmpuint (observer.n_up, ==, n);
  port_traffic_stop (traffic);
  g_object_unref (port);
  port_finish (eal, pool);
}

/* a connection that exists when the link goes down goes on when it is back, and one that is begun
   while it is down succeeds then */
static void
test_stack (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkPort *port = dpdk_runtime_dup_port (runtime, 0);
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 7);
  int fd = net_kernel_connect (NET_OUR_V4, 7);
  DpdkTcpConnection *connection = net_accept (listener);
  guint8 bytes[4];

  for (guint i = 0; i < 3; i++)
    {
      set_interface_up (NET_INTERFACE, FALSE);
      DPDK_TEST_WAIT_UNTIL (!dpdk_port_is_link_up (port));
      net_write_pattern (connection, 4 * i, 4);
      set_interface_up (NET_INTERFACE, TRUE);
      net_run ("ip addr replace " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
      DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
      net_kernel_read (fd, bytes, 4);
      g_assert_cmpmem (bytes, 4, net_pattern (4 * i), 4);
    }
  net_close (connection);
  net_kernel_close (fd);
  net_release (connection);
  net_release (listener);
  g_object_unref (port);
  net_stop (runtime);
}

static gboolean
kernel_knows (const char *mac)
{
  g_autofree char *neighbours = net_run_for_output (NULL, "ip neigh show " NET_OUR_V4);

  return strstr (neighbours, mac) != NULL;
}

/* the neighbours learn the new address, and the stack the new size */
static void
test_changes (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkPort *port = dpdk_runtime_dup_port (runtime, 0);
  static const NetFamily family = { NET_OUR_V4, NET_KERNEL_V4 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *mac = g_strdup_printf ("02:00:00:00:01:%02x", i);

      net_exchange (runtime, &family);
      dpdk_port_set_mac (port, mac, &error);
      g_assert_no_error (error);
      dpdk_port_set_mtu (port, 1400 - 100 * i, &error);
      g_assert_no_error (error);
      DPDK_TEST_WAIT_UNTIL (kernel_knows (mac));
      dpdk_port_reset (port, &error);
      g_assert_no_error (error);
    }
  net_exchange (runtime, &family);
  /* workers use it */
  g_assert_null (dpdk_port_receive (port, 0, 1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (dpdk_port_close (port, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_object_unref (port);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_process ("virtio-user", run_virtio_user);
  dpdk_test_add_func ("/port/link/tap", DPDK_TEST_FLAGS_NETWORK, test_tap);
  dpdk_test_add_func ("/port/link/false-alarm", DPDK_TEST_FLAGS_NETWORK, test_false_alarm);
  dpdk_test_add_func ("/port/link/vhost", DPDK_TEST_FLAGS_NETWORK, test_vhost);
  dpdk_test_add_func ("/port/link/stack", DPDK_TEST_FLAGS_NETWORK, test_stack);
  dpdk_test_add_func ("/port/link/changes", DPDK_TEST_FLAGS_NETWORK, test_changes);
  return g_test_run ();
}
