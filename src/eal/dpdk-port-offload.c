/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-offload-private.h"

#include <rte_ethdev.h>

typedef struct {
  guint ours;
  guint64 native;
} Bit;

static const Bit rx_bits[] = {
  { DPDK_RX_OFFLOAD_VLAN_STRIP, RTE_ETH_RX_OFFLOAD_VLAN_STRIP },
  { DPDK_RX_OFFLOAD_IPV4_CHECKSUM, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM },
  { DPDK_RX_OFFLOAD_UDP_CHECKSUM, RTE_ETH_RX_OFFLOAD_UDP_CKSUM },
  { DPDK_RX_OFFLOAD_TCP_CHECKSUM, RTE_ETH_RX_OFFLOAD_TCP_CKSUM },
  { DPDK_RX_OFFLOAD_SCTP_CHECKSUM, RTE_ETH_RX_OFFLOAD_SCTP_CKSUM },
  { DPDK_RX_OFFLOAD_TCP_LRO, RTE_ETH_RX_OFFLOAD_TCP_LRO },
  { DPDK_RX_OFFLOAD_QINQ_STRIP, RTE_ETH_RX_OFFLOAD_QINQ_STRIP },
  { DPDK_RX_OFFLOAD_VLAN_FILTER, RTE_ETH_RX_OFFLOAD_VLAN_FILTER },
  { DPDK_RX_OFFLOAD_SCATTER, RTE_ETH_RX_OFFLOAD_SCATTER },
  { DPDK_RX_OFFLOAD_TIMESTAMP, RTE_ETH_RX_OFFLOAD_TIMESTAMP },
  { DPDK_RX_OFFLOAD_KEEP_CRC, RTE_ETH_RX_OFFLOAD_KEEP_CRC },
  { DPDK_RX_OFFLOAD_RSS_HASH, RTE_ETH_RX_OFFLOAD_RSS_HASH },
};

static const Bit tx_bits[] = {
  { DPDK_TX_OFFLOAD_VLAN_INSERT, RTE_ETH_TX_OFFLOAD_VLAN_INSERT },
  { DPDK_TX_OFFLOAD_IPV4_CHECKSUM, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM },
  { DPDK_TX_OFFLOAD_UDP_CHECKSUM, RTE_ETH_TX_OFFLOAD_UDP_CKSUM },
  { DPDK_TX_OFFLOAD_TCP_CHECKSUM, RTE_ETH_TX_OFFLOAD_TCP_CKSUM },
  { DPDK_TX_OFFLOAD_SCTP_CHECKSUM, RTE_ETH_TX_OFFLOAD_SCTP_CKSUM },
  { DPDK_TX_OFFLOAD_TCP_TSO, RTE_ETH_TX_OFFLOAD_TCP_TSO },
  { DPDK_TX_OFFLOAD_UDP_TSO, RTE_ETH_TX_OFFLOAD_UDP_TSO },
  { DPDK_TX_OFFLOAD_QINQ_INSERT, RTE_ETH_TX_OFFLOAD_QINQ_INSERT },
  { DPDK_TX_OFFLOAD_MULTI_SEGMENTS, RTE_ETH_TX_OFFLOAD_MULTI_SEGS },
  { DPDK_TX_OFFLOAD_SEND_ON_TIMESTAMP, RTE_ETH_TX_OFFLOAD_SEND_ON_TIMESTAMP },
};

static guint64
to_native (const Bit *bits, guint n, guint ours)
{
  guint64 native = 0;

  for (guint i = 0; i < n; i++)
    native |= (ours & bits[i].ours) != 0 ? bits[i].native : 0;
  return native;
}

static guint
from_native (const Bit *bits, guint n, guint64 native)
{
  guint ours = 0;

  for (guint i = 0; i < n; i++)
    ours |= (native & bits[i].native) != 0 ? bits[i].ours : 0;
  return ours;
}

guint64
dpdk_rx_offload_to_native (DpdkRxOffload offloads)
{
  return to_native (rx_bits, G_N_ELEMENTS (rx_bits), offloads);
}

DpdkRxOffload
dpdk_rx_offload_from_native (guint64 native)
{
  return from_native (rx_bits, G_N_ELEMENTS (rx_bits), native);
}

guint64
dpdk_tx_offload_to_native (DpdkTxOffload offloads)
{
  return to_native (tx_bits, G_N_ELEMENTS (tx_bits), offloads);
}

DpdkTxOffload
dpdk_tx_offload_from_native (guint64 native)
{
  return from_native (tx_bits, G_N_ELEMENTS (tx_bits), native);
}
