/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-fixture.h"

/* clang-format off */

typedef struct {
  const char *name;
  const char *text;
  const char *dump;
} GoodCase;

#define NULL0 "vdev=net_null0"

static const GoodCase good_cases[] = {
  { "cores-only", "{\"dpdk_cores\":[@C@]}", "" },
  { "white-space", " \r\n\t{ \"dpdk_cores\" : [ @C@ ] , \"devices\" : [ ] } \n", "" },
  { "byte-order-mark", "\xef\xbb\xbf{\"dpdk_cores\":[@C@]}", "" },
  { "escaped-key", "{\"dpdk\\u005fcores\":[@C@]}", "" },
  { "ignored",
    WITH_ROOT ("\"version\":1.5,\"platform\":null,\"generated_at\":[\"\\u0000\","
               "\"\\ud83d\\ude00\"],"
               "\"metadata\":{\"x\":{\"y\":-123456789012345678901234567890e-3}},"
               "\"hugepages\":true"),
    "" },
  { "ignored-other-types",
    WITH_ROOT ("\"version\":\"1\",\"platform\":{},\"generated_at\":0,\"metadata\":false,"
               "\"hugepages\":{\"mtu\":\"x\"}"),
    "" },
  { "tcp-empty", WITH_ROOT ("\"tcp\":{}"), "" },
  { "tcp-bounds",
    WITH_ROOT ("\"tcp\":{\"congestion_control\":\"cubic\",\"receive_buffer_size\":4096,"
               "\"send_buffer_size\":1073725440,\"rto_min\":60000,\"ack_delay\":500,"
               "\"keepalive\":false,\"keepalive_idle\":1,\"keepalive_interval\":32767,"
               "\"keepalive_count\":127,\"user_timeout\":4294967295,\"timestamps\":false}"),
    "tcp=0,4096,1073725440,60000,500,0,1,32767,127,4294967295,0,0 " },
  { "tcp-other",
    WITH_ROOT ("\"tcp\":{\"congestion_control\":\"new-reno\",\"rto_min\":1,\"ack_delay\":0,"
               "\"keepalive\":true,\"keepalive_idle\":32767,\"keepalive_interval\":1,"
               "\"keepalive_count\":1,\"user_timeout\":1,\"timestamps\":true,\"ecn\":true}"),
    "tcp=1,262144,262144,1,0,1,32767,1,1,1,1,1 " },
  { "tcp-max-time-wait-0", WITH_ROOT ("\"tcp\":{\"max_time_wait\":0}"), "time-wait=0 " },
  { "tcp-max-time-wait-most", WITH_ROOT ("\"tcp\":{\"max_time_wait\":16777216}"),
    "time-wait=16777216 " },
  { "eal-args", WITH_ROOT ("\"eal_args\":[\"-v\",\"--log-level=lib.eal:debug\",\"a b\"]"),
    "arg=-v arg=--log-level=lib.eal:debug arg=a b " },
  { "eal-args-empty", WITH_ROOT ("\"eal_args\":[]"), "" },
  { "name-servers",
    WITH_ROOT ("\"name_servers\":[\"192.0.2.1\",\"192.0.2.1:5353\",\"2001:db8::1\","
               "\"[2001:db8::1]:65535\",\"fe80::1%1\"]"),
    "server=192.0.2.1 server=192.0.2.1:5353 server=2001:db8::1 server=[2001:db8::1]:65535 "
    "server=fe80::1%1 " },
  { "name-servers-empty", WITH_ROOT ("\"name_servers\":[]"), "" },
  { "vdev", WITH_DEVICES ("{" VDEV "}"), NULL0 " mtu=1500 role=0 " },
  { "vdev-args", WITH_DEVICES ("{\"vdev\":\"net_tap0,iface=dpdk0,mac=fixed\"}"),
    "vdev=net_tap0,iface=dpdk0,mac=fixed mtu=1500 role=0 " },
  { "vdev-eth", WITH_DEVICES ("{\"vdev\":\"eth_ring_1\"}"), "vdev=eth_ring_1 mtu=1500 role=0 " },
  { "pci", WITH_DEVICES ("{\"pci_address\":\"0000:28:00.0\"}"),
    "pci=0000:28:00.0 mtu=1500 role=0 " },
  { "pci-case", WITH_DEVICES ("{\"pci_address\":\"ABCD:EF:1F.7\"}"),
    "pci=abcd:ef:1f.7 mtu=1500 role=0 " },
  { "pci-short", WITH_DEVICES ("{\"pci_address\":\"A8:00.0\"}"),
    "pci=0000:a8:00.0 mtu=1500 role=0 " },
  { "pci-long-domain", WITH_DEVICES ("{\"pci_address\":\"10000:e1:00.0\"}"),
    "pci=10000:e1:00.0 mtu=1500 role=0 " },
  { "mac", WITH_DEVICE ("\"mac\":\"0A:bC:00:00:00:01\""),
    NULL0 " mac=0a:bc:00:00:00:01 mtu=1500 role=0 " },
  { "addresses",
    WITH_DEVICE ("\"addresses\":[\"198.18.0.2/24\",\"FD00:0:0::2/64\",\"10.0.0.1/8\"]"),
    NULL0 " address=198.18.0.2/24 address=fd00::2/64 address=10.0.0.1/8 mtu=1500 role=0 " },
  { "short-subnets",
    WITH_DEVICE ("\"addresses\":[\"10.0.0.0/31\",\"10.0.1.1/31\",\"10.0.2.255/32\",\"10.0.3.0/32\","
                 "\"fd00::/127\",\"fd00:1::/128\",\"fd00:2::1/126\"]"),
    NULL0 " address=10.0.0.0/31 address=10.0.1.1/31 address=10.0.2.255/32 address=10.0.3.0/32 "
          "address=fd00::/127 address=fd00:1::/128 address=fd00:2::1/126 mtu=1500 role=0 " },
  { "addresses-empty", WITH_DEVICE ("\"addresses\":[]"), NULL0 " mtu=1500 role=0 " },
  { "host-bits-zero-bytes", WITH_ADDRESS ("10.0.1.0/8"),
    NULL0 " address=10.0.1.0/8 mtu=1500 role=0 " },
  { "gateways",
    WITH_DEVICE ("\"gateway_v4\":\"10.1.2.2\",\"gateway_v6\":\"fd00:1::1\","
                 "\"addresses\":[" V4 "," V6 "]"),
    NULL0 " address=198.18.0.2/24 address=10.1.2.3/31 address=fd00:1::2/64 gateway=10.1.2.2 "
          "gateway=fd00:1::1 mtu=1500 role=0 " },
  { "gateway-link-local", WITH_GATEWAY (V6, "gateway_v6", "fe80::1"),
    NULL0 " address=fd00:1::2/64 gateway=fe80::1 mtu=1500 role=0 " },
  { "gateway-link-local-only", WITH_DEVICE ("\"gateway_v6\":\"febf::1\""),
    NULL0 " gateway=febf::1 mtu=1500 role=0 " },
  { "gateway-anycast", WITH_GATEWAY (V6, "gateway_v6", "fd00:1::"),
    NULL0 " address=fd00:1::2/64 gateway=fd00:1:: mtu=1500 role=0 " },
  { "mtu-least", WITH_DEVICE ("\"mtu\":68,\"addresses\":[\"10.0.0.1/8\"]"),
    NULL0 " address=10.0.0.1/8 mtu=68 role=0 " },
  { "mtu-least-v6", WITH_DEVICE ("\"mtu\":1280,\"addresses\":[" V6 "]"),
    NULL0 " address=fd00:1::2/64 mtu=1280 role=0 " },
  { "mtu-most", WITH_DEVICE ("\"mtu\":9000"), NULL0 " mtu=9000 role=0 " },
  { "mtu-beside-huge-number",
    WITH_ROOT ("\"version\":99999999999999999999,\"devices\":[{" VDEV ",\"mtu\":1400}]"),
    NULL0 " mtu=1400 role=0 " },
  { "roles",
    WITH_DEVICES ("{\"vdev\":\"net_a\",\"role\":\"dpdk\"},"
                  "{\"vdev\":\"net_b\",\"role\":\"kernel\"}"),
    "vdev=net_a mtu=1500 role=0 vdev=net_b mtu=1500 role=1 " },
  { "original-name", WITH_DEVICE ("\"original_name\":\"0123456789abcde\""),
    NULL0 " mtu=1500 role=0 name=0123456789abcde " },
  { "escaped-value", WITH_DEVICE ("\"original_name\":\"\\u0065th0\""),
    NULL0 " mtu=1500 role=0 name=eth0 " },
};

/* clang-format on */

static void
test_good (gconstpointer data)
{
  const GoodCase *test = data;
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = config_parse (test->text, &error);
  g_autofree char *dump = NULL;

  g_assert_no_error (error);
  dump = config_dump (config);
  g_assert_cmpstr (dump, ==, test->dump);
  g_assert_false (dpdk_config_get_is_default (config));
  g_assert_null (dpdk_config_get_path (config));
  g_assert_finalize_object (config);
}

static void
test_default (void)
{
  DpdkConfig *config = dpdk_config_new_default ();

  config_assert_is_default (config);
  g_assert_finalize_object (config);
}

static void
test_properties (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GInetAddress) gateway_v4 = NULL;
  g_autoptr (GInetAddress) gateway_v6 = NULL;
  g_autofree char *path = NULL;
  g_autofree char *pci_address = NULL;
  g_autofree char *vdev = NULL;
  g_autofree char *mac = NULL;
  g_autofree char *original_name = NULL;
  g_auto (GStrv) eal_args = NULL;
  g_auto (GStrv) name_servers = NULL;
  DpdkConfig *config;
  DpdkDeviceConfig *device;
  DpdkStackOffload disabled;
  DpdkDeviceRole role;
  gboolean is_default;
  guint mtu;

  config = config_parse (
      WITH_ROOT (
          "\"eal_args\":[\"-v\"],\"name_servers\":[\"192.0.2.1\"],\"devices\":[{\"pci_address\":\"28:00.0\","
          "\"mac\":\"02:00:00:00:00:01\",\"addresses\":[\"10.0.0.2/8\"],"
          "\"gateway_v4\":\"10.0.0.1\",\"gateway_v6\":\"fe80::1\",\"mtu\":1400,"
          "\"role\":\"kernel\",\"original_name\":\"ens5\","
          "\"offloads\":{\"tso\":\"off\",\"gro\":\"off\",\"gso\":\"off\","
          "\"rx_checksum\":\"auto\"}}]"),
      &error);
  g_assert_no_error (error);

  g_object_get (config, "path", &path, "is-default", &is_default, "devices", &devices, "eal-args",
                &eal_args, "name-servers", &name_servers, NULL);
  g_assert_null (path);
  g_assert_false (is_default);
  g_assert_true (devices == dpdk_config_get_devices (config));
  g_assert_cmpstrv (eal_args, dpdk_config_get_eal_args (config));
  g_assert_cmpstrv (name_servers, dpdk_config_get_name_servers (config));

  /* A device outlives the configuration that it came from */
  device = g_object_ref (g_ptr_array_index (devices, 0));
  g_clear_pointer (&devices, g_ptr_array_unref);
  g_assert_finalize_object (config);

  g_object_get (device, "pci-address", &pci_address, "vdev", &vdev, "mac", &mac, "addresses",
                &addresses, "gateway-v4", &gateway_v4, "gateway-v6", &gateway_v6, "mtu", &mtu,
                "role", &role, "original-name", &original_name, "disabled-offloads", &disabled,
                NULL);
  g_assert_cmphex (disabled, ==,
                   DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GRO | DPDK_STACK_OFFLOAD_GSO);
  g_assert_cmpstr (pci_address, ==, "0000:28:00.0");
  g_assert_null (vdev);
  g_assert_cmpstr (mac, ==, "02:00:00:00:00:01");
  g_assert_true (addresses == dpdk_device_config_get_addresses (device));
  g_assert_true (gateway_v4 == dpdk_device_config_get_gateway_v4 (device));
  g_assert_true (gateway_v6 == dpdk_device_config_get_gateway_v6 (device));
  g_assert_cmpuint (mtu, ==, 1400);
  g_assert_cmpint (role, ==, DPDK_DEVICE_ROLE_KERNEL);
  g_assert_cmpstr (original_name, ==, "ens5");
  g_assert_finalize_object (device);
}

static void
test_bare_objects (void)
{
  DpdkConfig *config = g_object_new (DPDK_TYPE_CONFIG, NULL);
  DpdkDeviceConfig *device = g_object_new (DPDK_TYPE_DEVICE_CONFIG, NULL);
  gsize n_cores = 1;

  dpdk_config_get_cores (config, &n_cores);
  g_assert_cmpuint (n_cores, ==, 0);
  g_assert_cmpuint (dpdk_config_get_devices (config)->len, ==, 0);
  g_assert_null (dpdk_config_get_eal_args (config)[0]);
  g_assert_null (dpdk_config_get_name_servers (config)[0]);
  g_assert_cmpuint (dpdk_device_config_get_addresses (device)->len, ==, 0);
  g_assert_finalize_object (config);
  g_assert_finalize_object (device);
}

static void
test_interface_address (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) host = g_inet_address_new_from_string ("198.18.4.2");
  g_autoptr (DpdkInterfaceAddress) address = dpdk_interface_address_new (host, 22, &error);
  g_autoptr (DpdkInterfaceAddress) copy = NULL;
  g_autofree char *text = NULL;
  static const struct {
    const char *subnet;
    const char *address;
    gboolean is_inside;
  } cases[] = {
    { "198.18.4.2/22", "198.18.7.255", TRUE },  { "198.18.4.2/22", "198.18.8.0", FALSE },
    { "198.18.4.2/22", "198.18.3.255", FALSE }, { "10.0.0.1/32", "10.0.0.1", TRUE },
    { "10.0.0.1/32", "10.0.0.0", FALSE },       { "129.0.0.1/1", "255.0.0.1", TRUE },
    { "129.0.0.1/1", "127.0.0.1", FALSE },      { "fd00::1/64", "fd00::ffff:0:0:1", TRUE },
    { "fd00::1/64", "fd00:0:0:1::1", FALSE },   { "fd00::1/128", "fd00::1", TRUE },
    { "fd00::1/127", "fd00::2", FALSE },        { "fd00::1/64", "10.0.0.1", FALSE },
  };

  g_assert_no_error (error);
  copy = g_boxed_copy (DPDK_TYPE_INTERFACE_ADDRESS, address);
  g_assert_true (copy == address);
  g_assert_true (dpdk_interface_address_get_address (address) == host);
  g_assert_cmpuint (dpdk_interface_address_get_prefix_length (address), ==, 22);
  text = dpdk_interface_address_to_string (address);
  g_assert_cmpstr (text, ==, "198.18.4.2/22");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DpdkInterfaceAddress) subnet =
          dpdk_interface_address_new_from_string (cases[i].subnet, &error);
      g_autoptr (GInetAddress) other = g_inet_address_new_from_string (cases[i].address);

      g_assert_no_error (error);
      g_assert_cmpint (dpdk_interface_address_contains (subnet, other), ==, cases[i].is_inside);
    }

  g_assert_null (dpdk_interface_address_new (host, 33, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dpdk_interface_address_new (host, G_MAXUINT, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dpdk_interface_address_new_from_string ("198.18.4.0/24", &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);

  g_clear_pointer (&copy, dpdk_interface_address_unref);
  g_clear_pointer (&address, dpdk_interface_address_unref);
  g_assert_finalize_object (g_steal_pointer (&host));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (good_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/config/good/", good_cases[i].name, NULL);

      g_test_add_data_func (path, &good_cases[i], test_good);
    }
  g_test_add_func ("/config/default", test_default);
  g_test_add_func ("/config/properties", test_properties);
  g_test_add_func ("/config/bare-objects", test_bare_objects);
  g_test_add_func ("/config/interface-address", test_interface_address);
  return g_test_run ();
}
