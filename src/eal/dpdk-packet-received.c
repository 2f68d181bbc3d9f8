/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-packet-private.h"

#include <rte_mbuf_dyn.h>
#include <rte_mbuf_ptype.h>
#include <rte_net.h>

/* what a device tells about a packet */

/**
 * dpdk_packet_get_ip_checksum_state:
 * @self: a packet
 *
 * Gets what the device found about the header checksum of IPv4.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
DpdkChecksumState
dpdk_packet_get_ip_checksum_state (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, DPDK_CHECKSUM_STATE_UNKNOWN);

  switch (dpdk_packet_native (self)->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK)
    {
    case RTE_MBUF_F_RX_IP_CKSUM_BAD:
      return DPDK_CHECKSUM_STATE_BAD;
    case RTE_MBUF_F_RX_IP_CKSUM_GOOD:
      return DPDK_CHECKSUM_STATE_GOOD;
    case RTE_MBUF_F_RX_IP_CKSUM_NONE:
      return DPDK_CHECKSUM_STATE_NONE;
    default:
      return DPDK_CHECKSUM_STATE_UNKNOWN;
    }
}

/**
 * dpdk_packet_get_l4_checksum_state:
 * @self: a packet
 *
 * Gets what the device found about the checksum of TCP, UDP or SCTP.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
DpdkChecksumState
dpdk_packet_get_l4_checksum_state (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, DPDK_CHECKSUM_STATE_UNKNOWN);

  switch (dpdk_packet_native (self)->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK)
    {
    case RTE_MBUF_F_RX_L4_CKSUM_BAD:
      return DPDK_CHECKSUM_STATE_BAD;
    case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
      return DPDK_CHECKSUM_STATE_GOOD;
    case RTE_MBUF_F_RX_L4_CKSUM_NONE:
      return DPDK_CHECKSUM_STATE_NONE;
    default:
      return DPDK_CHECKSUM_STATE_UNKNOWN;
    }
}

/**
 * dpdk_packet_get_rss_hash:
 * @self: a packet
 * @hash: (out): return location for the hash
 *
 * Gets the hash by which the device chose the receive queue (receive side scaling).
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: %TRUE if the device gave one
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_get_rss_hash (DpdkPacket *self, guint32 *hash)
{
  const struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (hash != NULL, FALSE);

  *hash = mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH ? mbuf->hash.rss : 0;
  return (mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0;
}

/* a device registers it when it is configured; the place then stays the same */
static gboolean
find_timestamp (int *offset, guint64 *flag)
{
  static int known_offset = -1;
  static guint64 known_flag;
  int bit;

  *offset = __atomic_load_n (&known_offset, __ATOMIC_ACQUIRE);
  if (*offset < 0)
    {
      if (dpdk_eal_is_inert ())
        return FALSE;
      *offset = rte_mbuf_dynfield_lookup (RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
      bit = rte_mbuf_dynflag_lookup (RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
      if (*offset < 0 || bit < 0)
        return FALSE;
      __atomic_store_n (&known_flag, RTE_BIT64 (bit), __ATOMIC_RELAXED);
      __atomic_store_n (&known_offset, *offset, __ATOMIC_RELEASE);
    }
  *flag = __atomic_load_n (&known_flag, __ATOMIC_RELAXED);
  return TRUE;
}

/**
 * dpdk_packet_get_timestamp:
 * @self: a packet
 * @timestamp: (out): return location for the time
 *
 * Gets when the packet was received, by the clock of the device: most count in its own ticks
 * (`rte_eth_read_clock()`), some in nanoseconds.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: %TRUE if the device gave one
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_get_timestamp (DpdkPacket *self, guint64 *timestamp)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);
  guint64 flag;
  int offset;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (timestamp != NULL, FALSE);

  *timestamp = 0;
  if (!find_timestamp (&offset, &flag) || !(mbuf->ol_flags & flag))
    return FALSE;
  *timestamp = *RTE_MBUF_DYNFIELD (mbuf, offset, rte_mbuf_timestamp_t *);
  return TRUE;
}

/**
 * dpdk_packet_get_vlan:
 * @self: a packet
 * @tci: (out): return location for the tag control information: priority in bits 15 to 13, drop
 *   eligibility in bit 12, VLAN in bits 11 to 0 (IEEE 802.1Q)
 *
 * Gets the VLAN tag that the device found in a received packet.
 * [method@Dpdk.Packet.is_vlan_stripped] says whether it is still in the data.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: %TRUE if the device found one
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_get_vlan (DpdkPacket *self, guint16 *tci)
{
  const struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (tci != NULL, FALSE);

  *tci = mbuf->ol_flags & RTE_MBUF_F_RX_VLAN ? mbuf->vlan_tci : 0;
  return (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN) != 0;
}

/**
 * dpdk_packet_is_vlan_stripped:
 * @self: a packet
 *
 * Whether the device has removed the VLAN tag from the data of a received packet.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: %TRUE if it has
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_is_vlan_stripped (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return (dpdk_packet_native (self)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
}

/**
 * dpdk_packet_classify:
 * @self: a packet
 * @error: return location for an error
 *
 * Finds out of what kind the packet is by looking at its headers, as some devices do. The result
 * replaces what a device has told.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_BUSY if the packet is shared.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_classify (DpdkPacket *self, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_packet_check_unshared (self, "dpdk_packet_classify", error))
    return FALSE;
  mbuf->packet_type = rte_net_get_ptype (mbuf, NULL, RTE_PTYPE_ALL_MASK);
  return TRUE;
}

/**
 * dpdk_packet_get_l2:
 * @self: a packet
 *
 * Gets the kind of layer 2 that the device, or [method@Dpdk.Packet.classify], found.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the kind
 *
 * Since: 0.1
 */
DpdkPacketL2
dpdk_packet_get_l2 (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, DPDK_PACKET_L2_UNKNOWN);

  switch (dpdk_packet_native (self)->packet_type & RTE_PTYPE_L2_MASK)
    {
    case RTE_PTYPE_L2_ETHER:
      return DPDK_PACKET_L2_ETHER;
    case RTE_PTYPE_L2_ETHER_TIMESYNC:
      return DPDK_PACKET_L2_ETHER_TIMESYNC;
    case RTE_PTYPE_L2_ETHER_ARP:
      return DPDK_PACKET_L2_ETHER_ARP;
    case RTE_PTYPE_L2_ETHER_LLDP:
      return DPDK_PACKET_L2_ETHER_LLDP;
    case RTE_PTYPE_L2_ETHER_NSH:
      return DPDK_PACKET_L2_ETHER_NSH;
    case RTE_PTYPE_L2_ETHER_VLAN:
      return DPDK_PACKET_L2_ETHER_VLAN;
    case RTE_PTYPE_L2_ETHER_QINQ:
      return DPDK_PACKET_L2_ETHER_QINQ;
    case RTE_PTYPE_L2_ETHER_PPPOE:
      return DPDK_PACKET_L2_ETHER_PPPOE;
    case RTE_PTYPE_L2_ETHER_FCOE:
      return DPDK_PACKET_L2_ETHER_FCOE;
    case RTE_PTYPE_L2_ETHER_MPLS:
      return DPDK_PACKET_L2_ETHER_MPLS;
    default:
      return DPDK_PACKET_L2_UNKNOWN;
    }
}

/**
 * dpdk_packet_get_l3:
 * @self: a packet
 *
 * Gets the kind of layer 3 that the device, or [method@Dpdk.Packet.classify], found.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the kind
 *
 * Since: 0.1
 */
DpdkPacketL3
dpdk_packet_get_l3 (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, DPDK_PACKET_L3_UNKNOWN);

  switch (dpdk_packet_native (self)->packet_type & RTE_PTYPE_L3_MASK)
    {
    case RTE_PTYPE_L3_IPV4:
      return DPDK_PACKET_L3_IPV4;
    case RTE_PTYPE_L3_IPV4_EXT:
      return DPDK_PACKET_L3_IPV4_EXT;
    case RTE_PTYPE_L3_IPV4_EXT_UNKNOWN:
      return DPDK_PACKET_L3_IPV4_EXT_UNKNOWN;
    case RTE_PTYPE_L3_IPV6:
      return DPDK_PACKET_L3_IPV6;
    case RTE_PTYPE_L3_IPV6_EXT:
      return DPDK_PACKET_L3_IPV6_EXT;
    case RTE_PTYPE_L3_IPV6_EXT_UNKNOWN:
      return DPDK_PACKET_L3_IPV6_EXT_UNKNOWN;
    default:
      return DPDK_PACKET_L3_UNKNOWN;
    }
}

/**
 * dpdk_packet_get_l4:
 * @self: a packet
 *
 * Gets the kind of layer 4 that the device, or [method@Dpdk.Packet.classify], found.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the kind
 *
 * Since: 0.1
 */
DpdkPacketL4
dpdk_packet_get_l4 (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, DPDK_PACKET_L4_UNKNOWN);

  switch (dpdk_packet_native (self)->packet_type & RTE_PTYPE_L4_MASK)
    {
    case RTE_PTYPE_L4_TCP:
      return DPDK_PACKET_L4_TCP;
    case RTE_PTYPE_L4_UDP:
      return DPDK_PACKET_L4_UDP;
    case RTE_PTYPE_L4_FRAG:
      return DPDK_PACKET_L4_FRAGMENT;
    case RTE_PTYPE_L4_SCTP:
      return DPDK_PACKET_L4_SCTP;
    case RTE_PTYPE_L4_ICMP:
      return DPDK_PACKET_L4_ICMP;
    case RTE_PTYPE_L4_NONFRAG:
      return DPDK_PACKET_L4_OTHER;
    case RTE_PTYPE_L4_IGMP:
      return DPDK_PACKET_L4_IGMP;
    default:
      return DPDK_PACKET_L4_UNKNOWN;
    }
}
