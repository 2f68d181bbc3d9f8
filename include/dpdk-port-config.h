/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-port-offload.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_PORT_CONFIG (dpdk_port_config_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkPortConfig, dpdk_port_config, DPDK, PORT_CONFIG, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkPortConfig *dpdk_port_config_new (DpdkMempool *mempool);

DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_port_config_get_mempool (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_mempool (DpdkPortConfig *self, DpdkMempool *mempool);
DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_port_config_get_queue_mempool (DpdkPortConfig *self, guint queue);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_queue_mempool (DpdkPortConfig *self, guint queue, DpdkMempool *mempool);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_config_get_n_rx_queues (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_n_rx_queues (DpdkPortConfig *self, guint n_rx_queues);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_config_get_n_tx_queues (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_n_tx_queues (DpdkPortConfig *self, guint n_tx_queues);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_config_get_n_rx_descriptors (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_n_rx_descriptors (DpdkPortConfig *self, guint n_rx_descriptors);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_config_get_n_tx_descriptors (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_n_tx_descriptors (DpdkPortConfig *self, guint n_tx_descriptors);
DPDK_AVAILABLE_IN_0_1
DpdkRxOffload dpdk_port_config_get_rx_offloads (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_rx_offloads (DpdkPortConfig *self, DpdkRxOffload rx_offloads);
DPDK_AVAILABLE_IN_0_1
DpdkTxOffload dpdk_port_config_get_tx_offloads (DpdkPortConfig *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_port_config_set_tx_offloads (DpdkPortConfig *self, DpdkTxOffload tx_offloads);

G_END_DECLS
