/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-error-private.h"
#include "dpdk-packet-private.h"

#include <rte_mbuf_ptype.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

/* what a device is asked to do with a packet */

/**
 * dpdk_packet_request_vlan:
 * @self: a packet
 * @tci: the tag control information: priority in bits 15 to 13, drop eligibility in bit 12, VLAN in
 *   bits 11 to 0 (IEEE 802.1Q)
 * @error: return location for an error
 *
 * Asks the device to put a VLAN tag into the packet when it is sent. The port must have been
 * configured for that.
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
dpdk_packet_request_vlan (DpdkPacket *self, guint16 tci, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_packet_check_unshared (self, "dpdk_packet_request_vlan", error))
    return FALSE;
  mbuf->vlan_tci = tci;
  mbuf->ol_flags =
      (mbuf->ol_flags & ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED)) | RTE_MBUF_F_TX_VLAN;
  return TRUE;
}

#define ALL_OFFLOADS                                                                               \
  (DPDK_PACKET_OFFLOADS_IP_CHECKSUM | DPDK_PACKET_OFFLOADS_TCP_CHECKSUM |                          \
   DPDK_PACKET_OFFLOADS_UDP_CHECKSUM | DPDK_PACKET_OFFLOADS_SCTP_CHECKSUM |                        \
   DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION)
#define NATIVE_OFFLOADS                                                                            \
  (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 |   \
   RTE_MBUF_F_TX_IPV6)

/* what is asked for must be what the packet has; 0 if not */
static guint64
get_native_offloads (guint32 type, DpdkPacketOffloads offloads)
{
  guint64 native = RTE_ETH_IS_IPV4_HDR (type) ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
  guint32 l4 = 0;
  guint n_l4 = 0;

  if (!RTE_ETH_IS_IPV4_HDR (type) && !RTE_ETH_IS_IPV6_HDR (type))
    return 0;
  if (offloads & DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION)
    {
      native |= RTE_MBUF_F_TX_TCP_SEG;
      offloads |= DPDK_PACKET_OFFLOADS_TCP_CHECKSUM;
      if (RTE_ETH_IS_IPV4_HDR (type))
        offloads |= DPDK_PACKET_OFFLOADS_IP_CHECKSUM;
    }
  if (offloads & DPDK_PACKET_OFFLOADS_IP_CHECKSUM)
    {
      if (!RTE_ETH_IS_IPV4_HDR (type))
        return 0;
      native |= RTE_MBUF_F_TX_IP_CKSUM;
    }
  if (offloads & DPDK_PACKET_OFFLOADS_TCP_CHECKSUM)
    native |= RTE_MBUF_F_TX_TCP_CKSUM, l4 = RTE_PTYPE_L4_TCP, n_l4++;
  if (offloads & DPDK_PACKET_OFFLOADS_UDP_CHECKSUM)
    native |= RTE_MBUF_F_TX_UDP_CKSUM, l4 = RTE_PTYPE_L4_UDP, n_l4++;
  if (offloads & DPDK_PACKET_OFFLOADS_SCTP_CHECKSUM)
    native |= RTE_MBUF_F_TX_SCTP_CKSUM, l4 = RTE_PTYPE_L4_SCTP, n_l4++;
  return n_l4 == 0 || (n_l4 == 1 && (type & RTE_PTYPE_L4_MASK) == l4) ? native : 0;
}

/* what a header says about its own length may be anything */
static guint
get_l4_minimum (guint32 type)
{
  switch (type & RTE_PTYPE_L4_MASK)
    {
    case RTE_PTYPE_L4_TCP:
      return sizeof (struct rte_tcp_hdr);
    case RTE_PTYPE_L4_UDP:
      return sizeof (struct rte_udp_hdr);
    default:
      return 0;
    }
}

static void
clear_offloads (struct rte_mbuf *mbuf)
{
  mbuf->ol_flags &= ~NATIVE_OFFLOADS;
  mbuf->tx_offload = 0;
}

/**
 * dpdk_packet_request_offloads:
 * @self: an Ethernet frame with IPv4 or IPv6, whose headers are in the first segment
 * @offloads: what to ask for
 * @segment_size: for %DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION, the payload of each segment in bytes, at
 *   most 65535; else 0
 * @error: return location for an error
 *
 * Asks the device to fill in checksums when the packet is sent, and to cut it into TCP segments. This
 * replaces what was asked for before. The port must have been configured for that.
 *
 * The headers must be complete, because their lengths are read here. The fields that devices expect to
 * have a certain content, as the sum over the pseudo header, are filled in here.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the packet has not the protocols whose checksums are
 * asked for or @segment_size does not fit, with %DPDK_ERROR_NOT_SUPPORTED if the headers are not in
 * the first segment, and with %DPDK_ERROR_BUSY if the packet or the data of its first segment is
 * shared; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_request_offloads (DpdkPacket *self, DpdkPacketOffloads offloads, guint segment_size,
                              GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);
  gboolean is_cut = (offloads & DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION) != 0;
  struct rte_net_hdr_lens lengths = { 0 };
  guint64 native_offloads, old_flags, old_lengths;
  guint32 type;
  int native;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_packet_check_unshared (self, "dpdk_packet_request_offloads", error) ||
      !dpdk_packet_check_segment (mbuf, "dpdk_packet_request_offloads", error))
    return FALSE;
  if (offloads == DPDK_PACKET_OFFLOADS_NONE && segment_size == 0)
    {
      clear_offloads (mbuf);
      return TRUE;
    }
  type =
      rte_net_get_ptype (mbuf, &lengths, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK);
  native_offloads = get_native_offloads (type, offloads);
  if ((offloads & ~ALL_OFFLOADS) != 0 || native_offloads == 0 || is_cut != (segment_size != 0) ||
      segment_size > G_MAXUINT16 || lengths.l2_len >= 1 << RTE_MBUF_L2_LEN_BITS ||
      lengths.l3_len >= 1 << RTE_MBUF_L3_LEN_BITS || lengths.l4_len < get_l4_minimum (type))
    {
      char name[128];

      rte_get_ptype_name (type, name, sizeof name);
      g_set_error (
          error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
          "DpdkPacket: offloads 0x%x with a segment size of %u do not fit a packet of type %s",
          offloads, segment_size, name);
      return FALSE;
    }
  old_flags = mbuf->ol_flags;
  old_lengths = mbuf->tx_offload;
  clear_offloads (mbuf);
  mbuf->ol_flags |= native_offloads;
  mbuf->l2_len = lengths.l2_len;
  mbuf->l3_len = lengths.l3_len;
  mbuf->l4_len = lengths.l4_len;
  mbuf->tso_segsz = (guint16) segment_size;
  native = rte_validate_tx_offload (mbuf);
  if (native == 0)
    native = rte_net_intel_cksum_prepare (mbuf);
  if (native != 0)
    {
      mbuf->ol_flags = old_flags;
      mbuf->tx_offload = old_lengths;
      dpdk_set_native_error (error, native, NULL,
                             "DpdkPacket: offloads 0x%x for headers of %u, %u and %u bytes",
                             offloads, lengths.l2_len, lengths.l3_len, lengths.l4_len);
      return FALSE;
    }
  return TRUE;
}

/**
 * dpdk_packet_get_requested_offloads:
 * @self: a packet
 * @segment_size: (out) (optional): return location for the payload of each TCP segment in bytes, or 0
 *
 * Gets what [method@Dpdk.Packet.request_offloads] has asked for, with what that implies.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the offloads
 *
 * Since: 0.1
 */
DpdkPacketOffloads
dpdk_packet_get_requested_offloads (DpdkPacket *self, guint *segment_size)
{
  const struct rte_mbuf *mbuf = dpdk_packet_native (self);
  DpdkPacketOffloads offloads = DPDK_PACKET_OFFLOADS_NONE;

  g_return_val_if_fail (self != NULL, DPDK_PACKET_OFFLOADS_NONE);

  if (segment_size != NULL)
    *segment_size = mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG ? mbuf->tso_segsz : 0;
  if (mbuf->ol_flags & RTE_MBUF_F_TX_IP_CKSUM)
    offloads |= DPDK_PACKET_OFFLOADS_IP_CHECKSUM;
  if (mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
    offloads |= DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION;
  switch (mbuf->ol_flags & RTE_MBUF_F_TX_L4_MASK)
    {
    case RTE_MBUF_F_TX_TCP_CKSUM:
      return offloads | DPDK_PACKET_OFFLOADS_TCP_CHECKSUM;
    case RTE_MBUF_F_TX_UDP_CKSUM:
      return offloads | DPDK_PACKET_OFFLOADS_UDP_CHECKSUM;
    case RTE_MBUF_F_TX_SCTP_CKSUM:
      return offloads | DPDK_PACKET_OFFLOADS_SCTP_CHECKSUM;
    default:
      return offloads;
    }
}
