/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-device.h"

#include <rte_ethdev.h>

guint16
dpdk_stack_device_receive (guint16 port, guint16 queue, struct rte_mbuf **mbufs, guint16 n_mbufs)
{
  return rte_eth_rx_burst (port, queue, mbufs, n_mbufs);
}

guint16
dpdk_stack_device_send (guint16 port, guint16 queue, struct rte_mbuf **mbufs, guint16 n_mbufs)
{
  return rte_eth_tx_burst (port, queue, mbufs, n_mbufs);
}
