/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-stack-offload.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkDeviceRole:
 * @DPDK_DEVICE_ROLE_DPDK: the device is driven by DPDK and becomes a port of the runtime
 * @DPDK_DEVICE_ROLE_KERNEL: the device stays with the kernel and is left alone
 *
 * Who drives a device of the configuration.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_DEVICE_ROLE_DPDK,
  DPDK_DEVICE_ROLE_KERNEL,
} DpdkDeviceRole;

#define DPDK_TYPE_DEVICE_CONFIG (dpdk_device_config_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkDeviceConfig, dpdk_device_config, DPDK, DEVICE_CONFIG, GObject)

DPDK_AVAILABLE_IN_0_1
const char *dpdk_device_config_get_pci_address (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_device_config_get_vdev (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_device_config_get_mac (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
GPtrArray *dpdk_device_config_get_addresses (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
GInetAddress *dpdk_device_config_get_gateway_v4 (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
GInetAddress *dpdk_device_config_get_gateway_v6 (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_device_config_get_mtu (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
DpdkDeviceRole dpdk_device_config_get_role (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_device_config_get_original_name (DpdkDeviceConfig *self);
DPDK_AVAILABLE_IN_0_1
DpdkStackOffload dpdk_device_config_get_disabled_offloads (DpdkDeviceConfig *self);

G_END_DECLS
