/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* links that go down and come back, with traffic all the while */
#include "net-exchange.h"
#include "net-kernel.h"
#include "port-peer.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_FLAPS 1000
/* the state of these is asked for ten times a second, so a flap takes a fifth of a second */
#define N_POLLED_FLAPS 30
#define N_TOLD_FLAPS 100
#define SOCKET "/run/dpdk/vhost.sock"

static guint
n_flaps (guint n_default)
{
  return g_getenv ("DPDK_TEST_LONG") != NULL ? N_FLAPS : dpdk_test_scale (n_default);
}

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
set_interface_up (const char *name, gboolean up)
{
  struct ifreq request = { 0 };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_strlcpy (request.ifr_name, name, IFNAMSIZ);
  g_assert_cmpint (ioctl (fd, SIOCGIFFLAGS, &request), ==, 0);
  request.ifr_flags = (short) (up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  g_assert_cmpint (ioctl (fd, SIOCSIFFLAGS, &request), ==, 0);
  close (fd);
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
  guint n = n_flaps (N_POLLED_FLAPS);

  DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
  g_assert_cmpuint (dpdk_port_get_link_speed (port), >, 0);
  g_assert_cmpint (dpdk_port_get_link_duplex (port), ==, DPDK_LINK_DUPLEX_FULL);
  observe (&observer, port);
  for (guint i = 1; i <= n; i++)
    {
      set_interface_up ("dpdk0", FALSE);
      DPDK_TEST_WAIT_UNTIL (observer.n_down == i);
      g_assert_cmpuint (dpdk_port_get_link_speed (port), ==, 0);
      set_interface_up ("dpdk0", TRUE);
      DPDK_TEST_WAIT_UNTIL (observer.n_up == i);
    }
  g_assert_cmpuint (observer.n_up, ==, n);
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

/* the driver of vhost tells of each guest that comes and goes */
static void
test_vhost (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open_started (eal, pool, "net_vhost0,iface=" SOCKET ",queues=1");
  Observer observer = { 0 };
  PortTraffic *traffic = port_traffic_start (port, port, pool);
  guint n = n_flaps (N_TOLD_FLAPS);
  g_autoptr (DpdkPortInfo) info = dpdk_port_dup_info (port, NULL);
  gint64 begin;
  PortPeer *peer;

  g_assert_true (info->has_link_interrupts);
  g_assert_false (dpdk_port_is_link_up (port));
  observe (&observer, port);
  peer = port_peer_new ("net_virtio_user0,path=" SOCKET);
  DPDK_TEST_WAIT_UNTIL (observer.n_up == 1);
  begin = g_get_monotonic_time ();
  for (guint i = 1; i <= n; i++)
    {
      guint64 n_received = port_traffic_get_n_received (traffic);

      port_peer_tell (peer, "send 32");
      DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) > n_received);
      g_assert_cmpuint (port_peer_tell (peer, "receive 1"), >, 0);
      port_peer_tell (peer, "close");
      DPDK_TEST_WAIT_UNTIL (observer.n_down == i);
      port_peer_tell (peer, "open");
      DPDK_TEST_WAIT_UNTIL (observer.n_up == i + 1);
    }
  g_test_message ("%u flaps in %" G_GINT64_FORMAT " ms", n,
                  (g_get_monotonic_time () - begin) / G_TIME_SPAN_MILLISECOND);
  port_peer_free (peer);
  DPDK_TEST_WAIT_UNTIL (observer.n_down == n + 1);
  g_assert_cmpuint (observer.n_up, ==, n + 1);
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
      DPDK_TEST_WAIT_UNTIL (strstr (net_run_for_output (NULL, "ip neigh show " NET_OUR_V4), mac) !=
                            NULL);
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
  port_peer_run_if_asked (argc, argv);
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/port/link/tap", DPDK_TEST_FLAGS_NETWORK, test_tap);
  dpdk_test_add_func ("/port/link/false-alarm", DPDK_TEST_FLAGS_NETWORK, test_false_alarm);
  dpdk_test_add_func ("/port/link/vhost", DPDK_TEST_FLAGS_NETWORK, test_vhost);
  dpdk_test_add_func ("/port/link/stack", DPDK_TEST_FLAGS_NETWORK, test_stack);
  dpdk_test_add_func ("/port/link/changes", DPDK_TEST_FLAGS_NETWORK, test_changes);
  return g_test_run ();
}
