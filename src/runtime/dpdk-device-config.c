/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-device-config-private.h"

/**
 * DpdkDeviceConfig:
 *
 * What the configuration says about one device: which one it is, and its MAC address, IP addresses,
 * gateways, MTU and role.
 *
 * It is immutable, is created by [class@Dpdk.Config], and may be used from any thread.
 *
 * ```c
 * g_autoptr(DpdkConfig) config = dpdk_config_new_default ();
 * GPtrArray *devices = dpdk_config_get_devices (config);
 *
 * for (guint i = 0; i < devices->len; i++) {
 *   DpdkDeviceConfig *device = g_ptr_array_index (devices, i);
 *   const char *vdev = dpdk_device_config_get_vdev (device);
 *
 *   g_print ("%s, MTU %u\n",
 *            vdev != NULL ? vdev : dpdk_device_config_get_pci_address (device),
 *            dpdk_device_config_get_mtu (device));
 * }
 * ```
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (DpdkDeviceConfig, dpdk_device_config, G_TYPE_OBJECT)

typedef enum {
  PROP_PCI_ADDRESS = 1,
  PROP_VDEV,
  PROP_MAC,
  PROP_ADDRESSES,
  PROP_GATEWAY_V4,
  PROP_GATEWAY_V6,
  PROP_MTU,
  PROP_ROLE,
  PROP_ORIGINAL_NAME,
  PROP_DISABLED_OFFLOADS,
} DpdkDeviceConfigProperty;

static GParamSpec *properties[PROP_DISABLED_OFFLOADS + 1];

static void
dpdk_device_config_finalize (GObject *object)
{
  DpdkDeviceConfig *self = DPDK_DEVICE_CONFIG (object);

  dpdk_device_config_fields_clear (&self->fields);
  g_free (self->name);

  G_OBJECT_CLASS (dpdk_device_config_parent_class)->finalize (object);
}

static void
dpdk_device_config_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  DpdkDeviceConfig *self = DPDK_DEVICE_CONFIG (object);

  switch ((DpdkDeviceConfigProperty) prop_id)
    {
    case PROP_PCI_ADDRESS:
      g_value_set_string (value, self->fields.pci_address);
      break;
    case PROP_VDEV:
      g_value_set_string (value, self->fields.vdev);
      break;
    case PROP_MAC:
      g_value_set_string (value, self->fields.mac);
      break;
    case PROP_ADDRESSES:
      g_value_set_boxed (value, self->fields.addresses);
      break;
    case PROP_GATEWAY_V4:
      g_value_set_object (value, self->fields.gateway_v4);
      break;
    case PROP_GATEWAY_V6:
      g_value_set_object (value, self->fields.gateway_v6);
      break;
    case PROP_MTU:
      g_value_set_uint (value, self->fields.mtu);
      break;
    case PROP_ROLE:
      g_value_set_enum (value, self->fields.role);
      break;
    case PROP_ORIGINAL_NAME:
      g_value_set_string (value, self->fields.original_name);
      break;
    case PROP_DISABLED_OFFLOADS:
      g_value_set_flags (value, self->fields.disabled_offloads);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
dpdk_device_config_class_init (DpdkDeviceConfigClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_device_config_finalize;
  object_class->get_property = dpdk_device_config_get_property;

  /**
   * DpdkDeviceConfig:pci-address: (getter get_pci_address)
   *
   * The PCI address, or %NULL if the device is virtual.
   *
   * Since: 0.1
   */
  properties[PROP_PCI_ADDRESS] = g_param_spec_string ("pci-address", NULL, NULL, NULL, flags);
  /**
   * DpdkDeviceConfig:vdev: (getter get_vdev)
   *
   * The name and arguments of a virtual device, or %NULL if it is a PCI device.
   *
   * Since: 0.1
   */
  properties[PROP_VDEV] = g_param_spec_string ("vdev", NULL, NULL, NULL, flags);
  /**
   * DpdkDeviceConfig:mac: (getter get_mac)
   *
   * The MAC address, or %NULL for the device's own.
   *
   * Since: 0.1
   */
  properties[PROP_MAC] = g_param_spec_string ("mac", NULL, NULL, NULL, flags);
  /**
   * DpdkDeviceConfig:addresses: (type GLib.PtrArray(DpdkInterfaceAddress)) (getter get_addresses)
   *
   * The addresses of both families, in the order of the configuration.
   *
   * Since: 0.1
   */
  properties[PROP_ADDRESSES] =
      g_param_spec_boxed ("addresses", NULL, NULL, G_TYPE_PTR_ARRAY, flags);
  /**
   * DpdkDeviceConfig:gateway-v4: (getter get_gateway_v4)
   *
   * The default gateway for IPv4, or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_GATEWAY_V4] =
      g_param_spec_object ("gateway-v4", NULL, NULL, G_TYPE_INET_ADDRESS, flags);
  /**
   * DpdkDeviceConfig:gateway-v6: (getter get_gateway_v6)
   *
   * The default gateway for IPv6, or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_GATEWAY_V6] =
      g_param_spec_object ("gateway-v6", NULL, NULL, G_TYPE_INET_ADDRESS, flags);
  /**
   * DpdkDeviceConfig:mtu: (getter get_mtu)
   *
   * The largest IP packet in bytes, without the Ethernet header.
   *
   * Since: 0.1
   */
  properties[PROP_MTU] =
      g_param_spec_uint ("mtu", NULL, NULL, DPDK_DEVICE_CONFIG_MIN_MTU, DPDK_DEVICE_CONFIG_MAX_MTU,
                         DPDK_DEVICE_CONFIG_DEFAULT_MTU, flags);
  /**
   * DpdkDeviceConfig:role: (getter get_role)
   *
   * Who drives the device.
   *
   * Since: 0.1
   */
  properties[PROP_ROLE] =
      g_param_spec_enum ("role", NULL, NULL, DPDK_TYPE_DEVICE_ROLE, DPDK_DEVICE_ROLE_DPDK, flags);
  /**
   * DpdkDeviceConfig:original-name: (getter get_original_name)
   *
   * The name of the kernel's interface of this device, or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_ORIGINAL_NAME] = g_param_spec_string ("original-name", NULL, NULL, NULL, flags);
  /**
   * DpdkDeviceConfig:disabled-offloads: (getter get_disabled_offloads)
   *
   * What is switched off for this device.
   *
   * Since: 0.1
   */
  properties[PROP_DISABLED_OFFLOADS] = g_param_spec_flags (
      "disabled-offloads", NULL, NULL, DPDK_TYPE_STACK_OFFLOAD, DPDK_STACK_OFFLOAD_NONE, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_device_config_init (DpdkDeviceConfig *self)
{
  /* A bare g_object_new () is of no use, but must not crash the getters */
  dpdk_device_config_fields_init (&self->fields);
}

/**
 * dpdk_device_config_get_pci_address: (get-property pci-address)
 * @self: a device configuration
 *
 * Gets the PCI address, in lower case and with its domain, such as `0000:28:00.0`. It may be called
 * from any thread.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the device is virtual
 *
 * Since: 0.1
 */
const char *
dpdk_device_config_get_pci_address (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.pci_address;
}

/**
 * dpdk_device_config_get_vdev: (get-property vdev)
 * @self: a device configuration
 *
 * Gets the name and the arguments of a virtual device, such as `net_tap0,iface=dpdk0`. It may be
 * called from any thread.
 *
 * Returns: (transfer none) (nullable): name and arguments, or %NULL if it is a PCI device
 *
 * Since: 0.1
 */
const char *
dpdk_device_config_get_vdev (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.vdev;
}

/**
 * dpdk_device_config_get_mac: (get-property mac)
 * @self: a device configuration
 *
 * Gets the MAC address that the port is given, in lower case and with colons. It may be called from
 * any thread.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL for the device's own
 *
 * Since: 0.1
 */
const char *
dpdk_device_config_get_mac (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.mac;
}

/**
 * dpdk_device_config_get_addresses: (get-property addresses)
 * @self: a device configuration
 *
 * Gets the addresses of both families, in the order of the configuration; the array must not be
 * changed. It may be called from any thread.
 *
 * Returns: (transfer none) (element-type DpdkInterfaceAddress): the addresses, possibly none
 *
 * Since: 0.1
 */
GPtrArray *
dpdk_device_config_get_addresses (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.addresses;
}

/**
 * dpdk_device_config_get_gateway_v4: (get-property gateway-v4)
 * @self: a device configuration
 *
 * Gets the default gateway for IPv4. It may be called from any thread.
 *
 * Returns: (transfer none) (nullable): the gateway, or %NULL if there is none
 *
 * Since: 0.1
 */
GInetAddress *
dpdk_device_config_get_gateway_v4 (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.gateway_v4;
}

/**
 * dpdk_device_config_get_gateway_v6: (get-property gateway-v6)
 * @self: a device configuration
 *
 * Gets the default gateway for IPv6. It may be called from any thread.
 *
 * Returns: (transfer none) (nullable): the gateway, or %NULL if there is none
 *
 * Since: 0.1
 */
GInetAddress *
dpdk_device_config_get_gateway_v6 (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.gateway_v6;
}

/**
 * dpdk_device_config_get_mtu: (get-property mtu)
 * @self: a device configuration
 *
 * Gets the MTU. It may be called from any thread.
 *
 * Returns: the largest IP packet in bytes, without the Ethernet header: 68 to 9000
 *
 * Since: 0.1
 */
guint
dpdk_device_config_get_mtu (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), 0);

  return self->fields.mtu;
}

/**
 * dpdk_device_config_get_role: (get-property role)
 * @self: a device configuration
 *
 * Gets who drives the device. It may be called from any thread.
 *
 * Returns: the role
 *
 * Since: 0.1
 */
DpdkDeviceRole
dpdk_device_config_get_role (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), DPDK_DEVICE_ROLE_DPDK);

  return self->fields.role;
}

/**
 * dpdk_device_config_get_original_name: (get-property original-name)
 * @self: a device configuration
 *
 * Gets the name that the kernel's interface of this device has. It may be called from any thread.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL if the configuration has none
 *
 * Since: 0.1
 */
const char *
dpdk_device_config_get_original_name (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), NULL);

  return self->fields.original_name;
}

/**
 * dpdk_device_config_get_disabled_offloads: (get-property disabled-offloads)
 * @self: a device configuration
 *
 * Gets what the configuration switches off for this device. It may be called from any thread.
 *
 * Returns: the offloads
 *
 * Since: 0.1
 */
DpdkStackOffload
dpdk_device_config_get_disabled_offloads (DpdkDeviceConfig *self)
{
  g_return_val_if_fail (DPDK_IS_DEVICE_CONFIG (self), DPDK_STACK_OFFLOAD_NONE);

  return self->fields.disabled_offloads;
}
