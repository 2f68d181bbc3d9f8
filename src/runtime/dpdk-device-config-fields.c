/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-device-config-private.h"

#include <string.h>

void
dpdk_device_config_fields_init (DpdkDeviceConfigFields *fields)
{
  *fields = (DpdkDeviceConfigFields){
    .addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_interface_address_unref),
    .mtu = DPDK_DEVICE_CONFIG_DEFAULT_MTU,
    .role = DPDK_DEVICE_ROLE_DPDK,
  };
}

void
dpdk_device_config_fields_clear (DpdkDeviceConfigFields *fields)
{
  g_clear_pointer (&fields->pci_address, g_free);
  g_clear_pointer (&fields->vdev, g_free);
  g_clear_pointer (&fields->mac, g_free);
  g_clear_pointer (&fields->addresses, g_ptr_array_unref);
  g_clear_object (&fields->gateway_v4);
  g_clear_object (&fields->gateway_v6);
  g_clear_pointer (&fields->original_name, g_free);
}

DpdkDeviceConfig *
dpdk_device_config_new_take (DpdkDeviceConfigFields *fields)
{
  DpdkDeviceConfig *self = g_object_new (DPDK_TYPE_DEVICE_CONFIG, NULL);

  dpdk_device_config_fields_clear (&self->fields);
  self->fields = *fields;
  *fields = (DpdkDeviceConfigFields){ 0 };

  if (self->fields.vdev != NULL)
    self->name = g_strndup (self->fields.vdev, strcspn (self->fields.vdev, ","));
  else
    self->name = g_strdup (self->fields.pci_address);

  return self;
}

const char *
dpdk_device_config_get_name (DpdkDeviceConfig *self)
{
  return self->name;
}
