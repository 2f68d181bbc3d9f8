/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"
#include "dpdk-port-offload-private.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

G_DEFINE_BOXED_TYPE (DpdkPortInfo, dpdk_port_info, dpdk_port_info_copy, dpdk_port_info_free)

/**
 * dpdk_port_info_copy:
 * @self: an information
 *
 * Copies an information. May be called from any thread.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 0.1
 */
DpdkPortInfo *
dpdk_port_info_copy (const DpdkPortInfo *self)
{
  DpdkPortInfo *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  copy->driver = g_strdup (self->driver);
  copy->bus = g_strdup (self->bus);
  copy->device = g_strdup (self->device);
  return copy;
}

/**
 * dpdk_port_info_free:
 * @self: (transfer full): an information
 *
 * Frees an information. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_port_info_free (DpdkPortInfo *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->driver);
  g_free (self->bus);
  g_free (self->device);
  g_free (self);
}

static void
info_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;
  DpdkPortInfo *info = call->data;
  struct rte_eth_dev_info native;

  if (!dpdk_port_check_open (call) ||
      !dpdk_port_device_read_info (&self->device, self->devargs, &native, &call->error))
    return;
  *info = (DpdkPortInfo){
    .driver = g_strdup (native.driver_name),
    .bus = g_strdup (rte_bus_name (rte_dev_bus (native.device))),
    .device = g_strdup (rte_dev_name (native.device)),
    .numa_node = self->device.numa_node,
    .max_rx_queues = native.max_rx_queues,
    .max_tx_queues = native.max_tx_queues,
    .min_rx_descriptors = native.rx_desc_lim.nb_min,
    .max_rx_descriptors = native.rx_desc_lim.nb_max,
    .min_tx_descriptors = native.tx_desc_lim.nb_min,
    .max_tx_descriptors = native.tx_desc_lim.nb_max,
    .min_mtu = native.min_mtu,
    .max_mtu = dpdk_port_device_get_max_mtu (&native),
    .max_macs = native.max_mac_addrs,
    .rss_key_size = native.hash_key_size,
    .rss_table_size = native.reta_size,
    .kernel_interface = native.if_index,
    .has_link_interrupts = self->device.has_link_interrupts,
    .has_removal_interrupts = self->device.has_removal_interrupts,
    .rx_offloads = dpdk_rx_offload_from_native (native.rx_offload_capa),
    .tx_offloads = dpdk_tx_offload_from_native (native.tx_offload_capa),
  };
}

/**
 * dpdk_port_dup_info:
 * @self: a port
 * @error: return location for an error
 *
 * Asks what the device is and can do.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: (transfer full) (nullable): the information
 *
 * Since: 0.1
 */
DpdkPortInfo *
dpdk_port_dup_info (DpdkPort *self, GError **error)
{
  DpdkPortInfo info = { 0 };
  DpdkPortCall call = { .data = &info };

  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_port_control (self, info_job, &call, "reading the device's properties", error))
    return NULL;
  return g_memdup2 (&info, sizeof info);
}
