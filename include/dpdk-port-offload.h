/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkRxOffload:
 * @DPDK_RX_OFFLOAD_NONE: nothing
 * @DPDK_RX_OFFLOAD_VLAN_STRIP: takes a VLAN tag off
 * @DPDK_RX_OFFLOAD_IPV4_CHECKSUM: checks the checksum of the IPv4 header
 * @DPDK_RX_OFFLOAD_UDP_CHECKSUM: checks the checksum of UDP
 * @DPDK_RX_OFFLOAD_TCP_CHECKSUM: checks the checksum of TCP
 * @DPDK_RX_OFFLOAD_SCTP_CHECKSUM: checks the checksum of SCTP
 * @DPDK_RX_OFFLOAD_TCP_LRO: joins segments of TCP
 * @DPDK_RX_OFFLOAD_QINQ_STRIP: takes two VLAN tags off
 * @DPDK_RX_OFFLOAD_VLAN_FILTER: drops frames of VLANs that are not wanted
 * @DPDK_RX_OFFLOAD_SCATTER: spreads a packet that is larger than a buffer over several
 * @DPDK_RX_OFFLOAD_TIMESTAMP: says when a packet arrived
 * @DPDK_RX_OFFLOAD_KEEP_CRC: leaves the checksum of the frame in the packet
 * @DPDK_RX_OFFLOAD_RSS_HASH: says by which hash a packet came to its queue
 *
 * What a device can do to the packets that it receives.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/ {
  DPDK_RX_OFFLOAD_NONE = 0,
  DPDK_RX_OFFLOAD_VLAN_STRIP = 1 << 0,
  DPDK_RX_OFFLOAD_IPV4_CHECKSUM = 1 << 1,
  DPDK_RX_OFFLOAD_UDP_CHECKSUM = 1 << 2,
  DPDK_RX_OFFLOAD_TCP_CHECKSUM = 1 << 3,
  DPDK_RX_OFFLOAD_SCTP_CHECKSUM = 1 << 4,
  DPDK_RX_OFFLOAD_TCP_LRO = 1 << 5,
  DPDK_RX_OFFLOAD_QINQ_STRIP = 1 << 6,
  DPDK_RX_OFFLOAD_VLAN_FILTER = 1 << 7,
  DPDK_RX_OFFLOAD_SCATTER = 1 << 8,
  DPDK_RX_OFFLOAD_TIMESTAMP = 1 << 9,
  DPDK_RX_OFFLOAD_KEEP_CRC = 1 << 10,
  DPDK_RX_OFFLOAD_RSS_HASH = 1 << 11,
} DpdkRxOffload;

/**
 * DpdkTxOffload:
 * @DPDK_TX_OFFLOAD_NONE: nothing
 * @DPDK_TX_OFFLOAD_VLAN_INSERT: puts a VLAN tag in
 * @DPDK_TX_OFFLOAD_IPV4_CHECKSUM: fills the checksum of the IPv4 header in
 * @DPDK_TX_OFFLOAD_UDP_CHECKSUM: fills the checksum of UDP in
 * @DPDK_TX_OFFLOAD_TCP_CHECKSUM: fills the checksum of TCP in
 * @DPDK_TX_OFFLOAD_SCTP_CHECKSUM: fills the checksum of SCTP in
 * @DPDK_TX_OFFLOAD_TCP_TSO: cuts a large segment of TCP into those that fit the link
 * @DPDK_TX_OFFLOAD_UDP_TSO: cuts a large datagram of UDP into fragments
 * @DPDK_TX_OFFLOAD_QINQ_INSERT: puts two VLAN tags in
 * @DPDK_TX_OFFLOAD_MULTI_SEGMENTS: sends packets that are spread over several buffers
 * @DPDK_TX_OFFLOAD_SEND_ON_TIMESTAMP: sends a packet when its time has come
 *
 * What a device can do to the packets that it sends.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/ {
  DPDK_TX_OFFLOAD_NONE = 0,
  DPDK_TX_OFFLOAD_VLAN_INSERT = 1 << 0,
  DPDK_TX_OFFLOAD_IPV4_CHECKSUM = 1 << 1,
  DPDK_TX_OFFLOAD_UDP_CHECKSUM = 1 << 2,
  DPDK_TX_OFFLOAD_TCP_CHECKSUM = 1 << 3,
  DPDK_TX_OFFLOAD_SCTP_CHECKSUM = 1 << 4,
  DPDK_TX_OFFLOAD_TCP_TSO = 1 << 5,
  DPDK_TX_OFFLOAD_UDP_TSO = 1 << 6,
  DPDK_TX_OFFLOAD_QINQ_INSERT = 1 << 7,
  DPDK_TX_OFFLOAD_MULTI_SEGMENTS = 1 << 8,
  DPDK_TX_OFFLOAD_SEND_ON_TIMESTAMP = 1 << 9,
} DpdkTxOffload;

G_END_DECLS
