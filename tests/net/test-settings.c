/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* every field of the configuration has its effect */
#include "net-exchange.h"
#include "net-kernel.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE(fields)                                                                             \
  "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\"" fields "}]}"
#define ADDRESSES ", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]"
#define MAX_FRAME 65536

static const NetFamily families[] = NET_FAMILIES;

static guint
get_kernel_mtu (void)
{
  struct ifreq request = { .ifr_name = NET_INTERFACE };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (ioctl (fd, SIOCGIFMTU, &request), ==, 0);
  net_kernel_close (fd);
  return (guint) request.ifr_mtu;
}

/* the MSS that the SYN of a frame announces, 0 if it is not one of ours */
static guint
get_announced_mss (const guint8 *frame, gsize size)
{
  gsize offset = frame[12] == 0x08 ? 14 + 20 : 14 + 40;
  guint protocol = frame[12] == 0x08 ? frame[14 + 9] : frame[14 + 6];

  if (size < offset + 24 || protocol != 6 || (frame[offset + 13] & 2) == 0 ||
      frame[offset + 20] != 2)
    return 0;
  return (guint) frame[offset + 22] << 8 | frame[offset + 23];
}

typedef struct {
  gsize max_size;
  guint n_syns;
  guint max_mss;
} Capture;

/* what we have sent since the last time */
static void
capture (int fd, Capture *out)
{
  g_autofree guint8 *frame = g_malloc (MAX_FRAME);
  gboolean is_from_us;
  gssize size;

  *out = (Capture){ 0 };
  while ((size = net_packet_receive (fd, frame, MAX_FRAME, &is_from_us)) > 0)
    if (is_from_us)
      {
        guint mss = get_announced_mss (frame, (gsize) size);

        out->max_size = MAX (out->max_size, (gsize) size);
        out->max_mss = MAX (out->max_mss, mss);
        out->n_syns += mss != 0;
      }
}

static void
assert_ping_size (const char *host, guint size, gboolean fits)
{
  g_autofree char *output = NULL;
  int wait_status;

  output = net_run_for_output (&wait_status, "ping -q -n -M do -c 3 -i 0.01 -W %d -s %u %s 2>&1",
                               fits ? 10 : 1, size, host);
  if (fits != (wait_status == 0))
    g_error ("ping of %u bytes: wait status %d: %s", size, wait_status, output);
}

static void
check_mtu (guint mtu)
{
  g_autofree char *json =
      g_strdup_printf (DEVICE (ADDRESSES ", \"mac\": \"" NET_OUR_MAC "\", \"mtu\": %u"), mtu);
  DpdkRuntime *runtime = net_start_with (json);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  Capture seen;
  int fd;

  net_kernel_up_default ();
  g_assert_cmpuint (dpdk_port_get_mtu (port), ==, mtu);
  g_assert_cmpuint (get_kernel_mtu (), ==, mtu);
  g_clear_object (&port);

  fd = net_packet_open (NET_INTERFACE);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      guint headers = i == 0 ? 20 : 40;

      net_exchange (runtime, &families[i]);
      capture (fd, &seen);
      g_test_message ("MTU %u: longest frame %" G_GSIZE_FORMAT ", MSS %u", mtu, seen.max_size,
                      seen.max_mss);
      /* one as the server, one as the client */
      g_assert_cmpuint (seen.n_syns, ==, 2);
      g_assert_cmpuint (seen.max_mss, ==, MIN (mtu - headers - 20, 8960));
      g_assert_cmpuint (seen.max_size, <=, mtu + 14);
      g_assert_cmpuint (seen.max_size, >=, seen.max_mss);
      assert_ping_size (families[i].ours, mtu - headers - 8, TRUE);
      assert_ping_size (families[i].ours, mtu - headers - 7, FALSE);
    }

  /* a frame that is larger than our MTU does no harm, and the kernel's fragments still work */
  capture (fd, &seen);
  net_run ("ip link set " NET_INTERFACE " mtu %u", mtu + 500);
  g_free (net_run_for_output (&(int){ 0 }, "ping -q -n -c 3 -i 0.01 -W 1 -s %u " NET_OUR_V4,
                              mtu + 300));
  capture (fd, &seen);
  g_assert_cmpuint (seen.max_size, <=, mtu + 14);
  net_exchange (runtime, &families[0]);
  net_kernel_close (fd);
  net_stop (runtime);
}

static void
test_mtu_1400 (void)
{
  check_mtu (1400);
}

/* the largest that DPDK's tap can do */
static void
test_mtu_1504 (void)
{
  check_mtu (1504);
}

static void
test_mtu_1280 (void)
{
  check_mtu (1280);
}

static void
assert_neighbour (const char *host, const char *mac)
{
  g_autofree char *output = NULL;
  int wait_status;

  assert_ping_size (host, 56, TRUE);
  output = net_run_for_output (&wait_status, "ip neigh show %s dev " NET_INTERFACE, host);
  g_assert_nonnull (strstr (output, mac));
}

static void
test_mac (void)
{
  static const char mac[] = "02:aa:bb:cc:dd:ee";
  DpdkRuntime *runtime = net_start_with (DEVICE (ADDRESSES ", \"mac\": \"02:AA:bb:cc:dd:ee\""));
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);

  net_kernel_up_default ();
  g_assert_cmpstr (dpdk_port_get_mac (port), ==, mac);
  g_clear_object (&port);
  assert_neighbour (NET_OUR_V4, mac);
  assert_neighbour (NET_OUR_V6, mac);
  net_stop (runtime);
}

/* without one in the configuration, the port has one that is not the kernel's */
static void
test_no_mac (void)
{
  DpdkRuntime *runtime = net_start_with (DEVICE (ADDRESSES));
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  g_autofree char *mac = g_strdup (dpdk_port_get_mac (port));
  g_autofree char *link = NULL;
  int wait_status;

  net_kernel_up_default ();
  g_clear_object (&port);
  link = net_run_for_output (&wait_status, "ip link show " NET_INTERFACE);
  g_assert_null (strstr (link, mac));
  assert_neighbour (NET_OUR_V4, mac);
  assert_neighbour (NET_OUR_V6, mac);
  net_exchange (runtime, &families[0]);
  net_stop (runtime);
}

typedef struct {
  const char *ours;
  const char *kernels;
} AddressPair;

/* more IPv6 addresses than lwIP has room for in one of its interfaces */
static const AddressPair address_pairs[] = {
  { "198.18.0.2", "198.18.0.1" },     { "198.18.0.3", "198.18.0.1" },
  { "198.18.200.9", "198.18.200.1" }, { "10.77.0.5", "10.77.0.1" },
  { "fd00:1::2", "fd00:1::1" },       { "fd00:1::3", "fd00:1::1" },
  { "fd00:2::2", "fd00:2::1" },       { "fd00:2::3", "fd00:2::1" },
  { "fd00:3::2", "fd00:3::1" },       { "fd00:3::3", "fd00:3::1" },
  { "fd00:4::2", "fd00:4::1" },       { "fd00:4::3", "fd00:4::1" },
  { "fd00:5::2", "fd00:5::1" },
};

static void
assert_name (GSocketAddress *address, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) expected = net_address (host, port);
  g_autofree char *name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  g_autofree char *expected_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (expected));

  g_assert_cmpstr (name, ==, expected_name);
  g_object_unref (address);
}

static void
assert_bound (DpdkRuntime *runtime, const AddressPair *pair)
{
  g_autoptr (GSocketAddress) local = net_address (pair->ours, 0);
  g_autoptr (GSocketAddress) remote = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *peer = NULL;
  g_autofree char *expected = NULL;
  guint16 port = 0;
  int listener = net_kernel_listen (pair->kernels, 1, &port);
  DpdkTcpSocket *socket =
      dpdk_tcp_socket_new (runtime, g_socket_address_get_family (local), &error);
  DpdkTcpConnection *connection;
  int fd;

  g_assert_no_error (error);
  g_assert_true (dpdk_tcp_socket_bind (socket, local, &error));
  g_assert_no_error (error);
  g_object_unref (local);
  local = dpdk_socket_get_local_address (DPDK_SOCKET (socket), &error);
  g_assert_cmpuint (net_address_get_port (local), !=, 0);
  remote = net_address (pair->kernels, port);
  connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
  g_assert_no_error (error);
  fd = net_kernel_accept (listener);
  peer = net_kernel_get_name (fd, TRUE);
  expected = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
  g_assert_cmpstr (peer, ==, expected);
  g_object_unref (socket);
  net_exchange_on (connection, fd);
  net_kernel_close (listener);
}

static void
assert_served (DpdkTcpListener *listener, const char *host)
{
  guint16 port = net_listener_get_port (listener);
  int fd = net_kernel_connect (host, port);
  DpdkTcpConnection *connection = net_accept (listener);

  assert_name (dpdk_tcp_connection_get_local_address (connection, NULL), host, port);
  net_exchange_on (connection, fd);
}

static void
test_many_addresses (void)
{
  DpdkRuntime *runtime =
      net_start_with (DEVICE (", \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\","
                              "\"198.18.0.3/24\", \"198.18.200.9/28\", \"10.77.0.5/16\","
                              "\"fd00:1::2/64\", \"fd00:1::3/64\", \"fd00:2::2/64\","
                              "\"fd00:2::3/64\", \"fd00:3::2/64\", \"fd00:3::3/64\","
                              "\"fd00:4::2/64\", \"fd00:4::3/64\", \"fd00:5::2/64\"]"));
  DpdkTcpListener *any_v4 = net_listen (runtime, "0.0.0.0", 0);
  DpdkTcpListener *any_v6 = net_listen (runtime, "::", 0);

  net_kernel_up (NET_INTERFACE, "198.18.0.1/24", "198.18.200.1/28", "10.77.0.1/16", "fd00:1::1/64",
                 "fd00:2::1/64", "fd00:3::1/64", "fd00:4::1/64", "fd00:5::1/64", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (address_pairs); i++)
    {
      const AddressPair *pair = &address_pairs[i];
      DpdkTcpListener *listener = net_listen (runtime, pair->ours, 0);

      assert_served (listener, pair->ours);
      assert_served (strchr (pair->ours, ':') != NULL ? any_v6 : any_v4, pair->ours);
      net_release (listener);
      assert_bound (runtime, pair);
    }
  for (guint i = 0; i < G_N_ELEMENTS (address_pairs); i++)
    assert_ping_size (address_pairs[i].ours, 1000, TRUE);
  net_release (any_v4);
  net_release (any_v6);
  net_stop (runtime);
}

static void
assert_reaches_beyond (DpdkRuntime *runtime, const AddressPair *pair)
{
  NetFamily family = { pair->ours, pair->kernels };
  DpdkTcpListener *listener = net_listen (runtime, pair->ours, 0);
  int error_number;
  int fd;

  assert_bound (runtime, pair);
  net_exchange (runtime, &family);
  fd = net_kernel_connect_from (pair->kernels, 0, pair->ours, net_listener_get_port (listener),
                                &error_number);
  g_assert_cmpint (error_number, ==, 0);
  net_exchange_on (net_accept (listener), fd);
  net_release (listener);
}

static void
check_gateway (const char *gateways)
{
  static const AddressPair pairs[] = { { NET_OUR_V4, "203.0.113.1" },
                                       { NET_OUR_V6, "2001:db8::1" } };
  g_autofree char *json =
      g_strdup_printf (DEVICE (ADDRESSES ", \"mac\": \"" NET_OUR_MAC "\"%s"), gateways);
  DpdkRuntime *runtime = net_start_with (json);

  net_kernel_up_default ();
  net_run ("ip addr add fe80::99/64 dev " NET_INTERFACE " nodad");
  net_run ("ip addr add 203.0.113.1/32 dev lo");
  net_run ("ip addr add 2001:db8::1/128 dev lo nodad");
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    assert_reaches_beyond (runtime, &pairs[i]);
  net_stop (runtime);
}

static void
test_gateway (void)
{
  check_gateway (", \"gateway_v4\": \"198.18.0.1\", \"gateway_v6\": \"fde7:f17d:24::1\"");
}

static void
test_gateway_link_local (void)
{
  check_gateway (", \"gateway_v4\": \"198.18.0.1\", \"gateway_v6\": \"fe80::99\"");
}

static void
test_role (void)
{
  DpdkRuntime *runtime = net_start_with (
      "{\"dpdk_cores\": [0], \"devices\": ["
      "{\"vdev\": \"net_tap1,iface=dpdk1\", \"role\": \"kernel\", \"addresses\": "
      "[\"198.18.9.2/24\"]},"
      "{\"vdev\": \"net_tap0,iface=dpdk0\", \"role\": \"dpdk\", \"original_name\": \"eth7\", "
      "\"mac\": \"" NET_OUR_MAC "\" " ADDRESSES "}]}");
  g_autoptr (GSocketAddress) address = net_address ("198.18.9.2", 80);
  g_autoptr (GError) error = NULL;

  net_kernel_up_default ();
  g_assert_cmpuint (dpdk_runtime_get_n_ports (runtime), ==, 1);
  g_assert_cmpuint (if_nametoindex ("dpdk1"), ==, 0);
  g_assert_null (dpdk_tcp_listener_new (runtime, address, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  net_exchange (runtime, &families[0]);
  net_stop (runtime);
}

static void
test_two_devices (void)
{
  static const AddressPair pairs[] = {
    { "198.18.0.2", "198.18.0.1" },
    { "198.18.1.2", "198.18.1.1" },
    { "fd00:1::2", "fd00:1::1" },
    { "fd00:2::2", "fd00:2::1" },
  };
  DpdkRuntime *runtime = net_start_with (
      "{\"dpdk_cores\": [0], \"devices\": ["
      "{\"vdev\": \"net_tap0,iface=dpdk0\", \"mac\": \"02:00:00:00:01:02\","
      " \"addresses\": [\"198.18.0.2/24\", \"fd00:1::2/64\"]},"
      "{\"vdev\": \"net_tap1,iface=dpdk1\", \"mac\": \"02:00:00:00:02:02\", \"mtu\": 1400,"
      " \"addresses\": [\"198.18.1.2/24\", \"fd00:2::2/64\"]}]}");
  DpdkTcpListener *any = net_listen (runtime, "0.0.0.0", 0);

  g_assert_cmpuint (dpdk_runtime_get_n_ports (runtime), ==, 2);
  net_kernel_up ("dpdk0", "198.18.0.1/24", "fd00:1::1/64", NULL);
  net_kernel_up ("dpdk1", "198.18.1.1/24", "fd00:2::1/64", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, pairs[i].ours, 0);
      g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, i % 2);

      g_assert_true (dpdk_socket_get_port (DPDK_SOCKET (listener)) == port);
      assert_ping_size (pairs[i].ours, 1000, TRUE);
      assert_served (listener, pairs[i].ours);
      if (i < 2)
        assert_served (any, pairs[i].ours);
      assert_bound (runtime, &pairs[i]);
      net_exchange (runtime, &(NetFamily){ pairs[i].ours, pairs[i].kernels });
      net_release (listener);
    }
  net_release (any);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/settings/mtu-1400", DPDK_TEST_FLAGS_NETWORK, test_mtu_1400);
  dpdk_test_add_func ("/net/settings/mtu-1504", DPDK_TEST_FLAGS_NETWORK, test_mtu_1504);
  dpdk_test_add_func ("/net/settings/mtu-1280", DPDK_TEST_FLAGS_NETWORK, test_mtu_1280);
  dpdk_test_add_func ("/net/settings/mac", DPDK_TEST_FLAGS_NETWORK, test_mac);
  dpdk_test_add_func ("/net/settings/no-mac", DPDK_TEST_FLAGS_NETWORK, test_no_mac);
  dpdk_test_add_func ("/net/settings/many-addresses", DPDK_TEST_FLAGS_NETWORK, test_many_addresses);
  dpdk_test_add_func ("/net/settings/gateway", DPDK_TEST_FLAGS_NETWORK, test_gateway);
  dpdk_test_add_func ("/net/settings/gateway-link-local", DPDK_TEST_FLAGS_NETWORK,
                      test_gateway_link_local);
  dpdk_test_add_func ("/net/settings/role", DPDK_TEST_FLAGS_NETWORK, test_role);
  dpdk_test_add_func ("/net/settings/two-devices", DPDK_TEST_FLAGS_NETWORK, test_two_devices);
  return g_test_run ();
}
