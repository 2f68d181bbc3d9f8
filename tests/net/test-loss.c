/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a link that loses packets: everything arrives all the same, and in time */
#include "net-fixture.h"
#include "net-kernel.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define N_CONNECTIONS 20
#define SIZE (512 * 1024)
/* no packet that is sent again for the first time may wait longer */
#define MAX_US (15 * G_TIME_SPAN_SECOND)

static const NetFamily families[] = NET_FAMILIES;

/* the queue towards us is short and slow, so what the kernel sends in a burst is cut off */
static void
lose_from_kernel (void)
{
  net_run ("tc qdisc add dev " NET_INTERFACE " root tbf rate 100mbit burst 8kb limit 20kb");
}

/* what leaves it must be whole packets with whole checksums */
static void
switch_off_offloads (const char *interface)
{
  const guint32 commands[] = { ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_STXCSUM };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      struct ethtool_value value = { .cmd = commands[i], .data = 0 };
      struct ifreq request = { .ifr_data = (void *) &value };

      g_strlcpy (request.ifr_name, interface, sizeof request.ifr_name);
      g_assert_cmpint (ioctl (fd, SIOCETHTOOL, &request), ==, 0);
    }
  net_kernel_close (fd);
}

/* the kernel cannot limit what arrives: here the peer is behind a cable, and its far end is limited */
static void
lose_from_us (void)
{
  net_run ("ip link add cable type veth peer name peer");
  net_run ("ip addr flush dev " NET_INTERFACE);
  switch_off_offloads ("peer");
  net_run ("tc qdisc add dev cable root tbf rate 100mbit burst 8kb limit 20kb");
  for (guint i = 0; i < 2; i++)
    {
      const char *from = i == 0 ? NET_INTERFACE : "cable";
      const char *to = i == 0 ? "cable" : NET_INTERFACE;

      net_run ("tc qdisc add dev %s ingress", from);
      net_run ("tc filter add dev %s parent ffff: protocol all prio 1 u32 match u32 0 0"
               " action mirred egress redirect dev %s",
               from, to);
    }
  net_run ("ip link set cable up");
  net_kernel_up ("peer", NET_KERNEL_V4 "/24", NET_KERNEL_V6 "/64", NULL);
}

typedef struct {
  DpdkTcpConnection *connection;
  const char *host;
  guint16 port;
  guint64 offset;
} Transfer;

static gpointer
kernel_sends (gpointer data)
{
  Transfer *self = data;
  int fd = net_kernel_connect (self->host, self->port);

  net_kernel_write_pattern (fd, self->offset, SIZE);
  net_kernel_finish (fd);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  return NULL;
}

static gpointer
kernel_receives (gpointer data)
{
  Transfer *self = data;
  int fd = net_kernel_connect (self->host, self->port);

  g_assert_cmpuint (net_kernel_read_pattern_to_end (fd, self->offset), ==, SIZE);
  net_kernel_close (fd);
  return NULL;
}

static gpointer
we_receive (gpointer data)
{
  Transfer *self = data;

  net_read_pattern (self->connection, 0, SIZE);
  net_assert_at_end (self->connection);
  net_close (self->connection);
  net_release (self->connection);
  return NULL;
}

static gpointer
we_send (gpointer data)
{
  Transfer *self = data;

  net_write_pattern (self->connection, 0, SIZE);
  net_close (self->connection);
  net_release (self->connection);
  return NULL;
}

static void
run_transfers (DpdkRuntime *runtime, const NetFamily *family, GThreadFunc kernels, GThreadFunc ours)
{
  DpdkTcpListener *listener = net_listen (runtime, family->ours, 0);
  Transfer kernel_transfers[N_CONNECTIONS], our_transfers[N_CONNECTIONS];
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      kernel_transfers[i] = (Transfer){ NULL, family->ours, net_listener_get_port (listener), 0 };
      g_ptr_array_add (threads, g_thread_new ("kernel", kernels, &kernel_transfers[i]));
    }
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      our_transfers[i] = (Transfer){ .connection = net_accept (listener) };
      g_ptr_array_add (threads, g_thread_new ("ours", ours, &our_transfers[i]));
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  g_test_message ("%s: %.1f s", family->ours,
                  (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND);
  g_assert_cmpint (g_get_monotonic_time () - start, <, MAX_US);
  net_release (listener);
}

static void
run_with (void (*lose) (void))
{
  DpdkRuntime *runtime = net_start ();

  lose ();
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      run_transfers (runtime, &families[i], kernel_sends, we_receive);
      run_transfers (runtime, &families[i], kernel_receives, we_send);
    }
  {
    g_autofree char *statistics = NULL;
    int wait_status;

    statistics = net_run_for_output (&wait_status, "tc -s qdisc show");
    g_test_message ("%s", statistics);
    /* else nothing was tested */
    g_assert_true (g_regex_match_simple ("dropped [1-9]", statistics, 0, 0));
  }
  net_stop (runtime);
}

static void
test_from_kernel (void)
{
  run_with (lose_from_kernel);
}

static void
test_from_us (void)
{
  run_with (lose_from_us);
  net_run ("ip link del cable");
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/loss/from-kernel", DPDK_TEST_FLAGS_NETWORK, test_from_kernel);
  dpdk_test_add_func ("/net/loss/from-us", DPDK_TEST_FLAGS_NETWORK, test_from_us);
  return g_test_run ();
}
