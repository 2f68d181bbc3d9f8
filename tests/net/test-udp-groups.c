/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* groups, broadcasts, and what the headers say */
#include "net-kernel.h"
#include "net-udp.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ETHERNET 14
#define GROUP_PORT 7000
/* of its own, or the kernel hears itself */
#define KERNEL_PORT 7010

typedef struct {
  const char *ours;
  const char *kernels;
  const char *group;
  gboolean is_v6;
} Family;

static const Family families[] = {
  { NET_OUR_V4, NET_KERNEL_V4, "239.1.2.3", FALSE },
  { NET_OUR_V6, NET_KERNEL_V6, "ff15::1234", TRUE },
};

static GInetAddress *
new_group (const Family *family)
{
  GInetAddress *group = g_inet_address_new_from_string (family->group);

  g_assert_nonnull (group);
  return group;
}

static void
join_group (DpdkUdpSocket *socket, const Family *family)
{
  g_autoptr (GInetAddress) group = new_group (family);
  g_autoptr (GError) error = NULL;

  dpdk_udp_socket_join_group (socket, group, NULL, &error);
  g_assert_no_error (error);
}

static void
leave_group (DpdkUdpSocket *socket, const Family *family)
{
  g_autoptr (GInetAddress) group = new_group (family);
  g_autoptr (GError) error = NULL;

  dpdk_udp_socket_leave_group (socket, group, NULL, &error);
  g_assert_no_error (error);
}

static void
join_by_kernel (int fd, const Family *family)
{
  g_autoptr (GInetAddress) group = new_group (family);
  int result;

  if (family->is_v6)
    {
      struct ipv6_mreq request = { .ipv6mr_interface = if_nametoindex (NET_INTERFACE) };

      memcpy (&request.ipv6mr_multiaddr, g_inet_address_to_bytes (group), 16);
      result = setsockopt (fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request);
    }
  else
    {
      struct ip_mreqn request = { .imr_ifindex = (int) if_nametoindex (NET_INTERFACE) };

      memcpy (&request.imr_multiaddr, g_inet_address_to_bytes (group), 4);
      result = setsockopt (fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    }
  g_assert_cmpint (result, ==, 0);
}

typedef enum {
  SEEN_NOTHING,
  SEEN_REPORT,
  SEEN_LEAVE,
  SEEN_UDP,
} Seen;

/* what of ours has come out since the last look */
static Seen
look (int fd, const Family *family, guint8 *frame, gsize size)
{
  g_autoptr (GInetAddress) group = new_group (family);
  gboolean is_from_us;
  gssize n = net_packet_receive (fd, frame, size, &is_from_us);
  const guint8 *ip = frame + ETHERNET;
  const guint8 *report;

  if (n < ETHERNET + 28 || !is_from_us)
    return SEEN_NOTHING;
  if (family->is_v6)
    {
      report = ip + 40 + 8;
      if (ip[0] >> 4 != 6)
        return SEEN_NOTHING;
      if (ip[6] == IPPROTO_UDP)
        return SEEN_UDP;
      /* with a router alert (RFC 2710, 3) */
      if (ip[6] != IPPROTO_HOPOPTS || ip[7] != 1 || n < ETHERNET + 40 + 8 + 24 ||
          memcmp (report + 8, g_inet_address_to_bytes (group), 16) != 0)
        return SEEN_NOTHING;
      return report[0] == 131 ? SEEN_REPORT : report[0] == 132 ? SEEN_LEAVE : SEEN_NOTHING;
    }
  report = ip + (ip[0] & 15) * 4;
  if (ip[0] >> 4 != 4)
    return SEEN_NOTHING;
  if (ip[9] == IPPROTO_UDP)
    return SEEN_UDP;
  if (ip[9] != IPPROTO_IGMP || ip[8] != 1 ||
      memcmp (report + 4, g_inet_address_to_bytes (group), 4) != 0)
    return SEEN_NOTHING;
  return report[0] == 0x16 ? SEEN_REPORT : report[0] == 0x17 ? SEEN_LEAVE : SEEN_NOTHING;
}

static void
wait_for_frame (int fd, const Family *family, Seen expected)
{
  guint8 frame[2000];

  DPDK_TEST_WAIT_UNTIL (look (fd, family, frame, sizeof frame) == expected);
}

static void
assert_nothing (DpdkUdpSocket *socket)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (net_udp_try_receive (socket, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
run_receive (DpdkRuntime *runtime, const Family *family)
{
  DpdkUdpSocket *socket = net_udp_new (runtime, family->is_v6 ? "::" : "0.0.0.0", GROUP_PORT);
  DpdkUdpSocket *of_group = NULL, *of_unicast = NULL;
  int fd = net_kernel_udp_open (family->kernels, 0);
  int packets = net_packet_open (NET_INTERFACE);
  g_autoptr (GSocketAddress) from = NULL;
  char text[16] = "";

  /* not a member: what comes is for nobody */
  net_kernel_udp_send (fd, family->group, GROUP_PORT, "no", 2);
  net_kernel_udp_send (fd, family->ours, GROUP_PORT, "alone", 5);
  g_assert_cmpuint (net_udp_receive (socket, text, sizeof text, NULL), ==, 5);
  assert_nothing (socket);

  join_group (socket, family);
  wait_for_frame (packets, family, SEEN_REPORT);
  for (guint i = 0; i < 10; i++)
    net_kernel_udp_send (fd, family->group, GROUP_PORT, "all", 3);
  for (guint i = 0; i < 10; i++)
    {
      g_clear_object (&from);
      g_assert_cmpuint (net_udp_receive (socket, text, sizeof text, &from), ==, 3);
      net_udp_assert_from (from, family->kernels, net_kernel_get_port (fd));
    }
  {
    /* in fragments */
    g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
    gsize n;

    net_kernel_udp_send (fd, family->group, GROUP_PORT, net_pattern (1), 20000);
    n = net_udp_receive (socket, buffer, NET_UDP_MAX, NULL);
    g_assert_cmpmem (buffer, n, net_pattern (1), 20000);
  }
  /* all that listen get one, but for who listens to another address */
  dpdk_socket_close (DPDK_SOCKET (socket));
  net_release (socket);
  wait_for_frame (packets, family, SEEN_LEAVE);
  {
    g_autoptr (GSocketAddress) any = net_address (family->is_v6 ? "::" : "0.0.0.0", GROUP_PORT);
    g_autoptr (GSocketAddress) group = net_address (family->group, GROUP_PORT);
    g_autoptr (GSocketAddress) unicast = net_address (family->ours, GROUP_PORT);
    GSocketAddress *addresses[] = { any, group, unicast };
    DpdkUdpSocket *sockets[3];
    g_autoptr (GError) error = NULL;

    for (guint i = 0; i < 3; i++)
      {
        sockets[i] = dpdk_udp_socket_new (runtime, g_socket_address_get_family (any), &error);
        g_assert_no_error (error);
        dpdk_udp_socket_set_reuse_address (sockets[i], TRUE);
        dpdk_udp_socket_bind (sockets[i], addresses[i], &error);
        g_assert_no_error (error);
      }
    socket = sockets[0];
    of_group = sockets[1];
    of_unicast = sockets[2];
  }
  join_group (of_group, family);
  net_kernel_udp_send (fd, family->group, GROUP_PORT, "all", 3);
  net_kernel_udp_send (fd, family->ours, GROUP_PORT, "one", 3);
  net_udp_receive (socket, text, sizeof text, NULL);
  g_assert_cmpmem (text, 3, "all", 3);
  net_udp_receive (of_group, text, sizeof text, NULL);
  g_assert_cmpmem (text, 3, "all", 3);
  net_udp_receive (of_unicast, text, sizeof text, NULL);
  g_assert_cmpmem (text, 3, "one", 3);
  assert_nothing (of_group);
  assert_nothing (of_unicast);
  assert_nothing (socket);
  leave_group (of_group, family);
  net_release (socket);
  net_release (of_group);
  net_release (of_unicast);
  net_kernel_close (fd);
  net_kernel_close (packets);
}

static void
test_receive (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    run_receive (runtime, &families[i]);
  net_stop (runtime);
}

/* the kernel asks who is there, and gets an answer */
static void
test_query (void)
{
  static const char query_v4[] = "\x11\x0a\xee\xf5\x00\x00\x00\x00";
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *member = net_udp_new (runtime, "0.0.0.0", GROUP_PORT);
  int packets = net_packet_open (NET_INTERFACE);
  int raw = socket (AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP);
  struct sockaddr_in all_systems = { .sin_family = AF_INET };
  struct ip_mreqn interface = { .imr_ifindex = (int) if_nametoindex (NET_INTERFACE) };

  join_group (member, &families[0]);
  /* one at once, one a bit later (RFC 2236, 3) */
  wait_for_frame (packets, &families[0], SEEN_REPORT);
  wait_for_frame (packets, &families[0], SEEN_REPORT);
  all_systems.sin_addr.s_addr = htonl (INADDR_ALLHOSTS_GROUP);
  g_assert_cmpint (setsockopt (raw, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface), ==,
                   0);
  g_assert_cmpint (
      sendto (raw, query_v4, 8, 0, (const struct sockaddr *) &all_systems, sizeof all_systems), ==,
      8);
  wait_for_frame (packets, &families[0], SEEN_REPORT);
  net_kernel_close (raw);
  net_kernel_close (packets);
  net_release (member);
  net_stop (runtime);
}

static void
test_errors (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, "::", 0);
  g_autoptr (GInetAddress) unicast = g_inet_address_new_from_string (NET_KERNEL_V4);
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_udp_socket_join_group (socket, unicast, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, NET_KERNEL_V4));
  g_clear_error (&error);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GInetAddress) group = new_group (&families[i]);

      g_assert_false (dpdk_udp_socket_leave_group (socket, group, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_clear_error (&error);
      join_group (socket, &families[i]);
      g_assert_false (dpdk_udp_socket_join_group (socket, group, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
      g_clear_error (&error);
    }
  net_release (socket);
  net_stop (runtime);
}

/* we send to the group: the kernel's members get it, and ours if they are meant to */
static void
test_send (void)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      const Family *family = &families[i];
      int fd = net_kernel_udp_open (family->is_v6 ? "::" : "0.0.0.0", GROUP_PORT);
      DpdkUdpSocket *member = net_udp_new (runtime, family->is_v6 ? "::" : "0.0.0.0", GROUP_PORT);
      DpdkUdpSocket *sender = net_udp_new (runtime, family->ours, 0);
      g_autoptr (GSocketAddress) from = NULL;
      char text[8];

      join_by_kernel (fd, family);
      join_group (member, family);
      for (guint round = 0; round < 3; round++)
        {
          /* the last one without */
          dpdk_udp_socket_set_multicast_loopback (sender, round != 2);
          if (round == 1)
            g_assert_true (dpdk_udp_socket_set_multicast_port (sender, port, NULL));
          net_udp_send (sender, family->group, GROUP_PORT, "all", 3);
          g_clear_object (&from);
          g_assert_cmpuint (net_kernel_udp_receive (fd, text, sizeof text, &from), ==, 3);
          net_udp_assert_from (from, family->ours, net_udp_get_port (sender));
          if (round != 2)
            g_assert_cmpuint (net_udp_receive (member, text, sizeof text, NULL), ==, 3);
        }
      net_udp_send (sender, family->ours, GROUP_PORT, "me", 2);
      g_assert_cmpuint (net_udp_receive (member, text, sizeof text, NULL), ==, 2);
      assert_nothing (member);
      net_kernel_close (fd);
      net_release (member);
      net_release (sender);
    }
  g_clear_object (&port);
  net_stop (runtime);
}

/* a device that filters lets groups in as long as there is a member */
static void
test_filter (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkPort *port = dpdk_runtime_dup_port (runtime, 0);
  DpdkUdpSocket *members[2];
  g_autoptr (GError) error = NULL;

  /* for IPv6 it is on, but an application may want it otherwise */
  g_assert_true (dpdk_port_get_all_multicast (port));
  dpdk_port_set_all_multicast (port, FALSE, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_port_get_all_multicast (port));
  for (guint i = 0; i < 2; i++)
    {
      members[i] = net_udp_new (runtime, families[i].ours, 0);
      join_group (members[i], &families[i]);
    }
  DPDK_TEST_WAIT_UNTIL (dpdk_port_get_all_multicast (port));
  leave_group (members[0], &families[0]);
  /* runs after what the workers have asked for */
  dpdk_port_set_all_multicast (port, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_port_get_all_multicast (port));
  dpdk_socket_close (DPDK_SOCKET (members[1]));
  DPDK_TEST_WAIT_UNTIL (!dpdk_port_get_all_multicast (port));
  /* it stays as the application wants it */
  dpdk_port_set_all_multicast (port, TRUE, &error);
  g_assert_no_error (error);
  join_group (members[0], &families[0]);
  leave_group (members[0], &families[0]);
  dpdk_port_set_all_multicast (port, TRUE, &error);
  g_assert_true (dpdk_port_get_all_multicast (port));
  for (guint i = 0; i < 2; i++)
    net_release (members[i]);
  g_clear_object (&port);
  net_stop (runtime);
}

static void
test_broadcast (void)
{
  static const char *const addresses[] = { "198.18.0.255", "255.255.255.255" };
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *any = net_udp_new (runtime, "0.0.0.0", GROUP_PORT);
  DpdkUdpSocket *bound = net_udp_new (runtime, NET_OUR_V4, GROUP_PORT + 1);
  int fd = net_kernel_udp_open ("0.0.0.0", KERNEL_PORT);
  int from_interface = net_kernel_udp_open (NET_KERNEL_V4, 0);
  const struct ifreq interface = { .ifr_name = NET_INTERFACE };
  char text[8];

  g_assert_cmpint (
      setsockopt (from_interface, SOL_SOCKET, SO_BINDTODEVICE, &interface, sizeof interface), ==,
      0);
  net_run ("ip addr replace " NET_KERNEL_V4 "/24 broadcast + dev " NET_INTERFACE);
  dpdk_udp_socket_set_broadcast (any, TRUE);
  dpdk_udp_socket_set_broadcast (bound, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (GSocketAddress) from = NULL;

      net_udp_send (i == 0 ? any : bound, addresses[i], KERNEL_PORT, "all", 3);
      g_assert_cmpuint (net_kernel_udp_receive (fd, text, sizeof text, &from), ==, 3);
      net_udp_assert_from (from, NET_OUR_V4, (guint16) (GROUP_PORT + i));
      net_kernel_udp_send (from_interface, addresses[i], GROUP_PORT, "you", 3);
      net_kernel_udp_send (from_interface, addresses[i], GROUP_PORT + 1, "you", 3);
      g_assert_cmpuint (net_udp_receive (any, text, sizeof text, NULL), ==, 3);
      net_kernel_udp_send (from_interface, NET_OUR_V4, GROUP_PORT + 1, "me", 2);
      /* a broadcast is not for one that has an address of its own */
      g_assert_cmpuint (net_udp_receive (bound, text, sizeof text, NULL), ==, 2);
    }
  net_kernel_close (fd);
  net_kernel_close (from_interface);
  net_release (any);
  net_release (bound);
  net_stop (runtime);
}

static void
assert_headers (int packets, const Family *family, guint ttl, guint traffic_class)
{
  guint8 frame[2000];
  const guint8 *ip = frame + ETHERNET;

  DPDK_TEST_WAIT_UNTIL (look (packets, family, frame, sizeof frame) == SEEN_UDP);
  if (family->is_v6)
    {
      g_assert_cmpuint (ip[7], ==, ttl);
      g_assert_cmpuint ((ip[0] & 15) << 4 | ip[1] >> 4, ==, traffic_class);
    }
  else
    {
      g_assert_cmpuint (ip[8], ==, ttl);
      g_assert_cmpuint (ip[1], ==, traffic_class);
    }
}

static void
test_headers (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      const Family *family = &families[i];
      DpdkUdpSocket *socket = net_udp_new (runtime, family->ours, 0);
      int packets = net_packet_open (NET_INTERFACE);

      net_udp_send (socket, family->kernels, 9, "x", 1);
      assert_headers (packets, family, 64, 0);
      net_udp_send (socket, family->group, 9, "x", 1);
      assert_headers (packets, family, 1, 0);
      dpdk_socket_set_ttl (DPDK_SOCKET (socket), 17);
      dpdk_udp_socket_set_multicast_ttl (socket, 5);
      dpdk_socket_set_traffic_class (DPDK_SOCKET (socket), 0xb8);
      net_udp_send (socket, family->kernels, 9, "x", 1);
      assert_headers (packets, family, 17, 0xb8);
      net_udp_send (socket, family->group, 9, "x", 1);
      assert_headers (packets, family, 5, 0xb8);
      net_kernel_close (packets);
      net_release (socket);
    }
  net_stop (runtime);
}

/* members on two workers: packets and reports do not depend on the queue */
static void
test_two_workers (void)
{
  DpdkRuntime *runtime =
      net_start_with ("{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
                      " \"mac\": \"" NET_OUR_MAC "\","
                      " \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}]}");

  net_kernel_up_default ();
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      const Family *family = &families[i];
      g_autoptr (GSocketAddress) any = net_address (family->is_v6 ? "::" : "0.0.0.0", GROUP_PORT);
      g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
      DpdkUdpSocket *sockets[2];
      g_autoptr (GError) error = NULL;

      for (guint j = 0; j < 2; j++)
        {
          sockets[j] = dpdk_udp_socket_new (runtime, g_socket_address_get_family (any), &error);
          dpdk_udp_socket_set_reuse_address (sockets[j], TRUE);
          dpdk_udp_socket_bind (sockets[j], any, &error);
          g_assert_no_error (error);
          join_group (sockets[j], family);
        }
      g_assert_true (dpdk_socket_get_worker (DPDK_SOCKET (sockets[0])) !=
                     dpdk_socket_get_worker (DPDK_SOCKET (sockets[1])));
      for (guint j = 0; j < 20; j++)
        {
          int fd = net_kernel_udp_open (family->kernels, 0);
          const gsize size = j % 2 == 0 ? 100 : 10000;

          net_kernel_udp_send (fd, family->group, GROUP_PORT, net_pattern (j), size);
          for (guint k = 0; k < 2; k++)
            {
              gsize n = net_udp_receive (sockets[k], buffer, NET_UDP_MAX, NULL);

              g_assert_cmpmem (buffer, n, net_pattern (j), size);
            }
          net_kernel_close (fd);
        }
      /* what one of us sends comes to both, and only once */
      for (guint j = 0; j < 2; j++)
        {
          DpdkUdpSocket *sender = net_udp_new (runtime, family->ours, 0);

          net_udp_send (sender, family->group, GROUP_PORT, net_pattern (j), 100 + j * 10000);
          for (guint k = 0; k < 2; k++)
            {
              gsize n = net_udp_receive (sockets[k], buffer, NET_UDP_MAX, NULL);

              g_assert_cmpmem (buffer, n, net_pattern (j), 100 + j * 10000);
            }
          net_release (sender);
        }
      for (guint j = 0; j < 2; j++)
        {
          net_udp_send (sockets[j], family->ours, GROUP_PORT + 1, "x", 1);
          assert_nothing (sockets[j]);
        }
      net_release (sockets[0]);
      net_release (sockets[1]);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-groups/receive", DPDK_TEST_FLAGS_NETWORK, test_receive);
  dpdk_test_add_func ("/net/udp-groups/query", DPDK_TEST_FLAGS_NETWORK, test_query);
  dpdk_test_add_func ("/net/udp-groups/errors", DPDK_TEST_FLAGS_NETWORK, test_errors);
  dpdk_test_add_func ("/net/udp-groups/send", DPDK_TEST_FLAGS_NETWORK, test_send);
  dpdk_test_add_func ("/net/udp-groups/filter", DPDK_TEST_FLAGS_NETWORK, test_filter);
  dpdk_test_add_func ("/net/udp-groups/broadcast", DPDK_TEST_FLAGS_NETWORK, test_broadcast);
  dpdk_test_add_func ("/net/udp-groups/headers", DPDK_TEST_FLAGS_NETWORK, test_headers);
  dpdk_test_add_func ("/net/udp-groups/two-workers", DPDK_TEST_FLAGS_NETWORK, test_two_workers);
  return g_test_run ();
}
