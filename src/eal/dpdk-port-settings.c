/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-settings-private.h"

gboolean
dpdk_port_settings_init (DpdkPortSettings *self, DpdkPortConfig *config, GError **error)
{
  *self = (DpdkPortSettings){
    .n_rx_queues = dpdk_port_config_get_n_rx_queues (config),
    .n_tx_queues = dpdk_port_config_get_n_tx_queues (config),
    .n_rx_descriptors = dpdk_port_config_get_n_rx_descriptors (config),
    .n_tx_descriptors = dpdk_port_config_get_n_tx_descriptors (config),
    .rx_offloads = dpdk_port_config_get_rx_offloads (config),
    .tx_offloads = dpdk_port_config_get_tx_offloads (config),
    .mempools = g_ptr_array_new_with_free_func (g_object_unref),
  };
  for (guint i = 0; i < self->n_rx_queues; i++)
    {
      DpdkMempool *mempool = dpdk_port_config_get_queue_mempool (config, i);

      if (mempool == NULL)
        {
          g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                       "DpdkPortConfig: receive queue %u has no mempool", i);
          dpdk_port_settings_clear (self);
          return FALSE;
        }
      g_ptr_array_add (self->mempools, g_object_ref (mempool));
    }
  return TRUE;
}

void
dpdk_port_settings_clear (DpdkPortSettings *self)
{
  g_clear_pointer (&self->mempools, g_ptr_array_unref);
  *self = (DpdkPortSettings){ 0 };
}
