/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

#define DPDK_DEVICE_CONFIG_DEFAULT_MTU 1500
#define DPDK_DEVICE_CONFIG_MIN_MTU 68
#define DPDK_DEVICE_CONFIG_MIN_MTU_IPV6 1280
#define DPDK_DEVICE_CONFIG_MAX_MTU 9000

/* What a device is made of; each pointer may be NULL except the array */
typedef struct {
  char *pci_address;
  char *vdev;
  char *mac;
  GPtrArray *addresses;
  GInetAddress *gateway_v4;
  GInetAddress *gateway_v6;
  guint mtu;
  DpdkDeviceRole role;
  DpdkStackOffload disabled_offloads;
  char *original_name;
} DpdkDeviceConfigFields;

struct _DpdkDeviceConfig {
  GObject parent_instance;

  DpdkDeviceConfigFields fields;
  /* The PCI address, or the vdev without its arguments */
  char *name;
};

void dpdk_device_config_fields_init (DpdkDeviceConfigFields *fields);
void dpdk_device_config_fields_clear (DpdkDeviceConfigFields *fields);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DpdkDeviceConfigFields, dpdk_device_config_fields_clear)

/* Takes what is in the (already validated) fields and leaves them empty */
DpdkDeviceConfig *dpdk_device_config_new_take (DpdkDeviceConfigFields *fields);

/* The name that DPDK knows the device by: the PCI address, or the vdev without its arguments */
const char *dpdk_device_config_get_name (DpdkDeviceConfig *self);

G_END_DECLS
