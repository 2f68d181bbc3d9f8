/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-port.h"

G_BEGIN_DECLS

/**
 * DpdkPortInfo:
 * @driver: name of the driver
 * @bus: name of the bus, such as "pci" or "vdev"
 * @device: name of the device on its bus, such as "0000:28:00.0" or "net_ring0"
 * @numa_node: the NUMA node of the device, or -1 if it has none
 * @max_rx_queues: most receive queues
 * @max_tx_queues: most transmit queues
 * @min_rx_descriptors: least packets that a receive queue has room for
 * @max_rx_descriptors: most packets that a receive queue has room for
 * @min_tx_descriptors: least packets that a transmit queue has room for
 * @max_tx_descriptors: most packets that a transmit queue has room for
 * @min_mtu: smallest MTU in bytes
 * @max_mtu: largest MTU in bytes
 * @max_macs: most MAC addresses
 * @rss_key_size: bytes of the key of the RSS hash, or 0 if there is no RSS
 * @rss_table_size: entries of the RSS redirection table, or 0 if there is none
 * @kernel_interface: index of the kernel's network interface that the device belongs to, or 0
 * @has_link_interrupts: whether the device says that it tells of its link by itself
 * @has_removal_interrupts: whether the device says that it tells of its removal by itself
 * @rx_offloads: what the device can do to packets that it receives
 * @tx_offloads: what the device can do to packets that it sends
 *
 * What a device is and can do.
 *
 * Since: 0.1
 */
typedef struct {
  char *driver;
  char *bus;
  char *device;
  int numa_node;
  guint max_rx_queues;
  guint max_tx_queues;
  guint min_rx_descriptors;
  guint max_rx_descriptors;
  guint min_tx_descriptors;
  guint max_tx_descriptors;
  guint min_mtu;
  guint max_mtu;
  guint max_macs;
  guint rss_key_size;
  guint rss_table_size;
  guint kernel_interface;
  gboolean has_link_interrupts;
  gboolean has_removal_interrupts;
  DpdkRxOffload rx_offloads;
  DpdkTxOffload tx_offloads;
} DpdkPortInfo;

#define DPDK_TYPE_PORT_INFO (dpdk_port_info_get_type ())

DPDK_AVAILABLE_IN_0_1
GType dpdk_port_info_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkPortInfo *dpdk_port_info_copy (const DpdkPortInfo *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_info_free (DpdkPortInfo *self);

DPDK_AVAILABLE_IN_0_1
DpdkPortInfo *dpdk_port_dup_info (DpdkPort *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkPortInfo, dpdk_port_info_free)

G_END_DECLS
