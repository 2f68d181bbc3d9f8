/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a port says of itself */
#include "dpdk-port-internal.h"
#include "dpdk-port-offload-private.h"

/**
 * dpdk_port_get_eal: (get-property eal)
 * @self: a port
 *
 * Gets the EAL that drives the port. May be called from any thread.
 *
 * Returns: (transfer none): the EAL that drives the port
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_port_get_eal (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->eal;
}

/**
 * dpdk_port_get_devargs: (get-property devargs)
 * @self: a port
 *
 * Gets the device arguments that the port was opened with. May be called from any thread.
 *
 * Returns: (transfer none): the device arguments that the port was opened with
 *
 * Since: 0.1
 */
const char *
dpdk_port_get_devargs (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->devargs;
}

/**
 * dpdk_port_get_driver: (get-property driver)
 * @self: a port
 *
 * Gets the name of the driver. May be called from any thread.
 *
 * Returns: (transfer none) (nullable): the name of the driver
 *
 * Since: 0.1
 */
const char *
dpdk_port_get_driver (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->device.driver;
}

/**
 * dpdk_port_get_id: (get-property id)
 * @self: a port
 *
 * Gets the number of the port inside DPDK. May be called from any thread.
 *
 * Returns: the number of the port inside DPDK
 *
 * Since: 0.1
 */
guint
dpdk_port_get_id (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return self->id;
}

/**
 * dpdk_port_get_numa_node: (get-property numa-node)
 * @self: a port
 *
 * Gets the NUMA node of the device, or -1 if it has none. May be called from any thread.
 *
 * Returns: the NUMA node of the device, or -1 if it has none
 *
 * Since: 0.1
 */
int
dpdk_port_get_numa_node (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), -1);

  return self->device.numa_node;
}

/**
 * dpdk_port_get_mempool: (get-property mempool)
 * @self: a port
 *
 * Gets the pool that the first receive queue draws from. May be called from any thread.
 *
 * Returns: (transfer none) (nullable): the pool that the first receive queue draws from, or %NULL if the port is not configured
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_port_get_mempool (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->mempool;
}

/**
 * dpdk_port_get_n_queues: (get-property n-queues)
 * @self: a port
 *
 * Gets the number of queues that the port has both ways. May be called from any thread.
 *
 * Returns: the number of queues that the port has both ways
 *
 * Since: 0.1
 */
guint
dpdk_port_get_n_queues (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return (guint) MIN (g_atomic_int_get (&self->n_rx_queues), g_atomic_int_get (&self->n_tx_queues));
}

/**
 * dpdk_port_get_n_rx_queues: (get-property n-rx-queues)
 * @self: a port
 *
 * Gets the number of receive queues. May be called from any thread.
 *
 * Returns: the number of receive queues
 *
 * Since: 0.1
 */
guint
dpdk_port_get_n_rx_queues (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return (guint) g_atomic_int_get (&self->n_rx_queues);
}

/**
 * dpdk_port_get_n_tx_queues: (get-property n-tx-queues)
 * @self: a port
 *
 * Gets the number of transmit queues. May be called from any thread.
 *
 * Returns: the number of transmit queues
 *
 * Since: 0.1
 */
guint
dpdk_port_get_n_tx_queues (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return (guint) g_atomic_int_get (&self->n_tx_queues);
}

/**
 * dpdk_port_get_max_queues: (get-property max-queues)
 * @self: a port
 *
 * Gets the most queues that the device can have both ways. May be called from any thread.
 *
 * Returns: the most queues that the device can have both ways
 *
 * Since: 0.1
 */
guint
dpdk_port_get_max_queues (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return MIN (self->device.max_rx_queues, self->device.max_tx_queues);
}

/**
 * dpdk_port_get_mac: (get-property mac)
 * @self: a port
 *
 * Gets the MAC address, as "02:00:00:00:00:01". May be called from any thread.
 *
 * Returns: (transfer none): the MAC address, as "02:00:00:00:00:01"
 *
 * Since: 0.1
 */
const char *
dpdk_port_get_mac (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return g_atomic_pointer_get (&self->mac);
}

/**
 * dpdk_port_get_mtu: (get-property mtu)
 * @self: a port
 *
 * Gets the largest layer 3 packet, in bytes. May be called from any thread.
 *
 * Returns: the largest layer 3 packet, in bytes
 *
 * Since: 0.1
 */
guint
dpdk_port_get_mtu (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return self->device.mtu;
}

/**
 * dpdk_port_get_promiscuous: (get-property promiscuous)
 * @self: a port
 *
 * Gets whether the port takes all frames, whatever address they are for. May be called from any thread.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
dpdk_port_get_promiscuous (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);

  return g_atomic_int_get (&self->device.is_promiscuous);
}

/**
 * dpdk_port_get_all_multicast: (get-property all-multicast)
 * @self: a port
 *
 * Gets whether the port takes all frames to multicast addresses. May be called from any thread.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
dpdk_port_get_all_multicast (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);

  return g_atomic_int_get (&self->device.is_all_multicast);
}

/**
 * dpdk_port_get_rx_offload_capabilities: (get-property rx-offload-capabilities)
 * @self: a port
 *
 * Gets the offloads that the receive queues can do. May be called from any thread.
 *
 * Returns: the offloads that the receive queues can do
 *
 * Since: 0.1
 */
DpdkRxOffload
dpdk_port_get_rx_offload_capabilities (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return dpdk_rx_offload_from_native (self->device.rx_capabilities);
}

/**
 * dpdk_port_get_tx_offload_capabilities: (get-property tx-offload-capabilities)
 * @self: a port
 *
 * Gets the offloads that the transmit queues can do. May be called from any thread.
 *
 * Returns: the offloads that the transmit queues can do
 *
 * Since: 0.1
 */
DpdkTxOffload
dpdk_port_get_tx_offload_capabilities (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return dpdk_tx_offload_from_native (self->device.tx_capabilities);
}

/**
 * dpdk_port_get_rx_offloads: (get-property rx-offloads)
 * @self: a port
 *
 * Gets the offloads that the receive queues were configured with. May be called from any thread.
 *
 * Returns: the offloads that the receive queues were configured with
 *
 * Since: 0.1
 */
DpdkRxOffload
dpdk_port_get_rx_offloads (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return dpdk_rx_offload_from_native (self->device.rx_offloads);
}

/**
 * dpdk_port_get_tx_offloads: (get-property tx-offloads)
 * @self: a port
 *
 * Gets the offloads that the transmit queues were configured with. May be called from any thread.
 *
 * Returns: the offloads that the transmit queues were configured with
 *
 * Since: 0.1
 */
DpdkTxOffload
dpdk_port_get_tx_offloads (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return dpdk_tx_offload_from_native (self->device.tx_offloads);
}

/**
 * dpdk_port_is_started: (get-property started)
 * @self: a port
 *
 * Whether the port is started. May be called from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_port_is_started (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);

  return g_atomic_int_get (&self->started);
}

guint
dpdk_port_get_max_tx_segments (DpdkPort *self)
{
  return self->device.max_tx_segments;
}
