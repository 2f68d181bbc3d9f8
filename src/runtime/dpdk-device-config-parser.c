/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-parser.h"
#include "dpdk-device-config-private.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#define MAX_ADDRESSES 128
/* RTE_DEV_NAME_MAX_LEN, with its terminating NUL */
#define MAX_VDEV_NAME 63

static gboolean
read_pci_address (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                  gpointer data, GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);
  g_autofree char *full = NULL;

  if (text == NULL)
    return FALSE;

  if (g_regex_match_simple ("^[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$", text,
                            G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0))
    full = g_strconcat ("0000:", text, NULL);
  else if (g_regex_match_simple ("^([0-9a-f]{4}|[1-9a-f][0-9a-f]{4,7}):[0-9a-f]{2}:"
                                 "[01][0-9a-f]\\.[0-7]$",
                                 text, G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0))
    full = g_strdup (text);
  else
    return dpdk_config_fail (document, path, error, "must be a PCI address such as 0000:28:00.0");

  fields->pci_address = g_ascii_strdown (full, -1);

  return TRUE;
}

static gboolean
read_vdev (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
           GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);
  const char *comma;

  if (text == NULL)
    return FALSE;

  if (!g_regex_match_simple ("^(net|eth)_[a-z0-9_]+(,|$)", text, G_REGEX_DOLLAR_ENDONLY, 0))
    return dpdk_config_fail (document, path, error,
                             "must begin with net_ or eth_ and a name of a-z, 0-9 and _, "
                             "such as net_tap0,iface=dpdk0");
  if (strcspn (text, ",") > MAX_VDEV_NAME)
    return dpdk_config_fail (document, path, error, "the name must be at most %d bytes long",
                             MAX_VDEV_NAME);

  comma = strchr (text, ',');
  if (comma != NULL &&
      !g_regex_match_simple ("^(,[^,\\s[:cntrl:]]+)+$", comma, G_REGEX_DOLLAR_ENDONLY, 0))
    return dpdk_config_fail (document, path, error,
                             "arguments must be separated by single commas and hold no spaces");

  fields->vdev = g_strdup (text);

  return TRUE;
}

static gboolean
read_mac (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
          GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);

  if (text == NULL)
    return FALSE;

  if (!g_regex_match_simple ("^[0-9a-f]{2}(:[0-9a-f]{2}){5}$", text,
                             G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0))
    return dpdk_config_fail (document, path, error,
                             "must be a MAC address such as 02:00:00:00:00:01");
  if ((g_ascii_xdigit_value (text[1]) & 1) != 0)
    return dpdk_config_fail (document, path, error,
                             "must be a unicast address, with an even first byte");
  if (strspn (text, "0:") == strlen (text))
    return dpdk_config_fail (document, path, error, "must not be zero");

  fields->mac = g_ascii_strdown (text, -1);

  return TRUE;
}

static gboolean
read_address (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
              GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);
  g_autoptr (DpdkInterfaceAddress) address = NULL;
  g_autoptr (GError) fault = NULL;
  GSocketFamily family;
  guint n_same_family = 0;

  if (text == NULL)
    return FALSE;

  address = dpdk_interface_address_new_from_string (text, &fault);
  if (address == NULL)
    return dpdk_config_fail (document, path, error, "%s", fault->message);

  family = g_inet_address_get_family (dpdk_interface_address_get_address (address));
  for (guint i = 0; i < fields->addresses->len; i++)
    n_same_family += g_inet_address_get_family (dpdk_interface_address_get_address (
                         g_ptr_array_index (fields->addresses, i))) == family;
  if (n_same_family == MAX_ADDRESSES)
    return dpdk_config_fail (document, path, error,
                             "a device can have at most %d addresses of a family", MAX_ADDRESSES);

  g_ptr_array_add (fields->addresses, g_steal_pointer (&address));

  return TRUE;
}

static gboolean
read_addresses (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
                GError **error)
{
  return dpdk_config_read_array (document, node, path, read_address, data, error);
}

static gboolean
read_gateway_v4 (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                 gpointer data, GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);
  guint8 bytes[4];

  if (text == NULL)
    return FALSE;

  if (inet_pton (AF_INET, text, bytes) != 1)
    return dpdk_config_fail (document, path, error,
                             "must be an IPv4 address without a prefix length");
  fields->gateway_v4 = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV4);

  return TRUE;
}

static gboolean
read_gateway_v6 (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                 gpointer data, GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);
  guint8 bytes[16];

  if (text == NULL)
    return FALSE;

  if (inet_pton (AF_INET6, text, bytes) != 1)
    return dpdk_config_fail (document, path, error,
                             "must be an IPv6 address without a prefix length");
  fields->gateway_v6 = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);

  return TRUE;
}

static gboolean
read_mtu (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
          GError **error)
{
  DpdkDeviceConfigFields *fields = data;

  return dpdk_config_read_uint (document, node, path, DPDK_DEVICE_CONFIG_MIN_MTU,
                                DPDK_DEVICE_CONFIG_MAX_MTU, &fields->mtu, error);
}

static gboolean
read_role (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
           GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);

  if (text == NULL)
    return FALSE;

  if (strcmp (text, "dpdk") == 0)
    fields->role = DPDK_DEVICE_ROLE_DPDK;
  else if (strcmp (text, "kernel") == 0)
    fields->role = DPDK_DEVICE_ROLE_KERNEL;
  else
    return dpdk_config_fail (document, path, error, "must be \"dpdk\" or \"kernel\"");

  return TRUE;
}

static gboolean
read_original_name (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                    gpointer data, GError **error)
{
  DpdkDeviceConfigFields *fields = data;
  const char *text = dpdk_config_read_string (document, node, path, error);

  if (text == NULL)
    return FALSE;

  /* The kernel's own rule, and no control characters */
  if (strlen (text) >= IFNAMSIZ || strcmp (text, ".") == 0 || strcmp (text, "..") == 0 ||
      !g_regex_match_simple ("^[^/:\\s[:cntrl:]]+$", text, G_REGEX_DOLLAR_ENDONLY, 0))
    return dpdk_config_fail (document, path, error,
                             "must be the name of an interface: 1 to %d bytes "
                             "without '/', ':' and spaces",
                             IFNAMSIZ - 1);
  fields->original_name = g_strdup (text);

  return TRUE;
}

static gboolean
read_offload (const DpdkConfigDocument *document, JsonNode *node, const char *path,
              DpdkStackOffload offload, DpdkStackOffload *disabled, GError **error)
{
  const char *text = dpdk_config_read_string (document, node, path, error);

  if (text == NULL)
    return FALSE;

  if (strcmp (text, "off") == 0)
    *disabled |= offload;
  else if (strcmp (text, "auto") != 0)
    return dpdk_config_fail (document, path, error, "must be \"auto\" or \"off\"");

  return TRUE;
}

#define DEFINE_READ_OFFLOAD(name, offload)                                                         \
  static gboolean read_##name (const DpdkConfigDocument *document, JsonNode *node,                 \
                               const char *path, gpointer data, GError **error)                    \
  {                                                                                                \
    return read_offload (document, node, path, offload, data, error);                              \
  }

DEFINE_READ_OFFLOAD (rx_checksum, DPDK_STACK_OFFLOAD_RX_CHECKSUM)
DEFINE_READ_OFFLOAD (tx_checksum, DPDK_STACK_OFFLOAD_TX_CHECKSUM)
DEFINE_READ_OFFLOAD (tso, DPDK_STACK_OFFLOAD_TSO)
DEFINE_READ_OFFLOAD (multi_segments, DPDK_STACK_OFFLOAD_MULTI_SEGMENTS)
DEFINE_READ_OFFLOAD (gro, DPDK_STACK_OFFLOAD_GRO)
DEFINE_READ_OFFLOAD (gso, DPDK_STACK_OFFLOAD_GSO)

static gboolean
read_offloads (const DpdkConfigDocument *document, JsonNode *node, const char *path, gpointer data,
               GError **error)
{
  static const DpdkConfigKey keys[] = {
    { "rx_checksum", read_rx_checksum },
    { "tx_checksum", read_tx_checksum },
    { "tso", read_tso },
    { "multi_segments", read_multi_segments },
    { "gro", read_gro },
    { "gso", read_gso },
  };
  DpdkDeviceConfigFields *fields = data;

  return dpdk_config_read_object (document, node, path, keys, G_N_ELEMENTS (keys),
                                  &fields->disabled_offloads, error);
}

/* NULL if the gateway may be used, or why not */
static char *
find_gateway_fault (const DpdkDeviceConfigFields *fields, GInetAddress *gateway)
{
  gboolean is_v4 = g_inet_address_get_family (gateway) == G_SOCKET_FAMILY_IPV4;
  gboolean is_inside = !is_v4 && g_inet_address_get_is_link_local (gateway);
  g_autoptr (GString) subnets = g_string_new (NULL);

  for (guint i = 0; i < fields->addresses->len; i++)
    {
      DpdkInterfaceAddress *address = g_ptr_array_index (fields->addresses, i);
      GInetAddress *host = dpdk_interface_address_get_address (address);
      /* The subnet-router anycast address is a gateway that IPv6 permits */
      guint prefix_length = is_v4 ? dpdk_interface_address_get_prefix_length (address) : 128;
      g_autofree char *text = dpdk_interface_address_to_string (address);

      if (g_inet_address_equal (host, gateway))
        return g_strdup ("is an address of the device itself");

      if (g_inet_address_get_family (host) == g_inet_address_get_family (gateway))
        g_string_append_printf (subnets, "%s%s", subnets->len > 0 ? ", " : "", text);

      if (dpdk_interface_address_contains (address, gateway))
        {
          g_autoptr (DpdkInterfaceAddress) as_host = NULL;
          g_autoptr (GError) fault = NULL;

          as_host = dpdk_interface_address_new (gateway, prefix_length, &fault);
          if (as_host == NULL)
            return g_strdup (fault->message);
          is_inside = TRUE;
        }
    }

  if (is_inside)
    return NULL;
  if (subnets->len == 0)
    return g_strdup_printf ("the device has no IPv%d address", is_v4 ? 4 : 6);

  return g_strdup_printf ("lies outside the subnets of the device: %s", subnets->str);
}

static gboolean
check_gateway (const DpdkConfigDocument *document, const DpdkDeviceConfigFields *fields,
               GInetAddress *gateway, const char *device_path, const char *key, GError **error)
{
  g_autofree char *path = g_strconcat (device_path, ".", key, NULL);
  g_autofree char *fault = NULL;

  if (gateway == NULL)
    return TRUE;

  fault = find_gateway_fault (fields, gateway);

  return fault == NULL || dpdk_config_fail (document, path, error, "%s", fault);
}

/* What can only be judged when the whole device was read */
static gboolean
check_device (const DpdkConfigDocument *document, const DpdkDeviceConfigFields *fields,
              const char *path, GError **error)
{
  if (fields->pci_address == NULL && fields->vdev == NULL)
    return dpdk_config_fail_missing (document, path, error,
                                     "either \"pci_address\" or \"vdev\" is required");
  if (fields->pci_address != NULL && fields->vdev != NULL)
    return dpdk_config_fail (document, path, error,
                             "\"pci_address\" and \"vdev\" exclude each other");

  for (guint i = 0; i < fields->addresses->len; i++)
    {
      GInetAddress *address =
          dpdk_interface_address_get_address (g_ptr_array_index (fields->addresses, i));

      if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
          fields->mtu < DPDK_DEVICE_CONFIG_MIN_MTU_IPV6)
        {
          g_autofree char *mtu_path = g_strconcat (path, ".mtu", NULL);

          return dpdk_config_fail (document, mtu_path, error,
                                   "must be at least %d, because the device has an IPv6 address",
                                   DPDK_DEVICE_CONFIG_MIN_MTU_IPV6);
        }
    }

  return check_gateway (document, fields, fields->gateway_v4, path, "gateway_v4", error) &&
         check_gateway (document, fields, fields->gateway_v6, path, "gateway_v6", error);
}

DpdkDeviceConfig *
dpdk_device_config_parse (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                          GError **error)
{
  static const DpdkConfigKey keys[] = {
    { "pci_address", read_pci_address },
    { "vdev", read_vdev },
    { "mac", read_mac },
    { "addresses", read_addresses },
    { "gateway_v4", read_gateway_v4 },
    { "gateway_v6", read_gateway_v6 },
    { "mtu", read_mtu },
    { "role", read_role },
    { "original_name", read_original_name },
    { "offloads", read_offloads },
  };
  g_auto (DpdkDeviceConfigFields) fields;

  dpdk_device_config_fields_init (&fields);
  if (!dpdk_config_read_object (document, node, path, keys, G_N_ELEMENTS (keys), &fields, error) ||
      !check_device (document, &fields, path, error))
    return NULL;

  return dpdk_device_config_new_take (&fields);
}
