/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkChecksumState:
 * @DPDK_CHECKSUM_STATE_UNKNOWN: the device has not looked
 * @DPDK_CHECKSUM_STATE_BAD: the checksum in the packet is wrong
 * @DPDK_CHECKSUM_STATE_GOOD: the checksum in the packet is right
 * @DPDK_CHECKSUM_STATE_NONE: the checksum in the packet is wrong, but the data is intact: the packet
 *   has never left the machine
 *
 * What a device found about a checksum of a received packet.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_CHECKSUM_STATE_UNKNOWN,
  DPDK_CHECKSUM_STATE_BAD,
  DPDK_CHECKSUM_STATE_GOOD,
  DPDK_CHECKSUM_STATE_NONE,
} DpdkChecksumState;

/**
 * DpdkPacketOffloads:
 * @DPDK_PACKET_OFFLOADS_NONE: nothing
 * @DPDK_PACKET_OFFLOADS_IP_CHECKSUM: fill in the header checksum of IPv4 (RFC 791)
 * @DPDK_PACKET_OFFLOADS_TCP_CHECKSUM: fill in the checksum of TCP (RFC 9293)
 * @DPDK_PACKET_OFFLOADS_UDP_CHECKSUM: fill in the checksum of UDP (RFC 768)
 * @DPDK_PACKET_OFFLOADS_SCTP_CHECKSUM: fill in the checksum of SCTP (RFC 9260)
 * @DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION: cut the packet into TCP segments, with their checksums
 *
 * What a device may do for a packet that is sent.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_PACKET_OFFLOADS_NONE = 0,
  DPDK_PACKET_OFFLOADS_IP_CHECKSUM = 1 << 0,
  DPDK_PACKET_OFFLOADS_TCP_CHECKSUM = 1 << 1,
  DPDK_PACKET_OFFLOADS_UDP_CHECKSUM = 1 << 2,
  DPDK_PACKET_OFFLOADS_SCTP_CHECKSUM = 1 << 3,
  DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION = 1 << 4,
} DpdkPacketOffloads;

/**
 * DpdkPacketL2:
 * @DPDK_PACKET_L2_UNKNOWN: not known
 * @DPDK_PACKET_L2_ETHER: Ethernet
 * @DPDK_PACKET_L2_ETHER_TIMESYNC: Ethernet with IEEE 1588 time synchronisation
 * @DPDK_PACKET_L2_ETHER_ARP: Ethernet with ARP
 * @DPDK_PACKET_L2_ETHER_LLDP: Ethernet with LLDP
 * @DPDK_PACKET_L2_ETHER_NSH: Ethernet with a network service header
 * @DPDK_PACKET_L2_ETHER_VLAN: Ethernet with one IEEE 802.1Q tag
 * @DPDK_PACKET_L2_ETHER_QINQ: Ethernet with two tags
 * @DPDK_PACKET_L2_ETHER_PPPOE: Ethernet with PPPoE
 * @DPDK_PACKET_L2_ETHER_FCOE: Ethernet with Fibre Channel
 * @DPDK_PACKET_L2_ETHER_MPLS: Ethernet with MPLS
 *
 * The kind of the outer layer 2 of a packet.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_PACKET_L2_UNKNOWN,
  DPDK_PACKET_L2_ETHER,
  DPDK_PACKET_L2_ETHER_TIMESYNC,
  DPDK_PACKET_L2_ETHER_ARP,
  DPDK_PACKET_L2_ETHER_LLDP,
  DPDK_PACKET_L2_ETHER_NSH,
  DPDK_PACKET_L2_ETHER_VLAN,
  DPDK_PACKET_L2_ETHER_QINQ,
  DPDK_PACKET_L2_ETHER_PPPOE,
  DPDK_PACKET_L2_ETHER_FCOE,
  DPDK_PACKET_L2_ETHER_MPLS,
} DpdkPacketL2;

/**
 * DpdkPacketL3:
 * @DPDK_PACKET_L3_UNKNOWN: not known, or none
 * @DPDK_PACKET_L3_IPV4: IPv4 without options
 * @DPDK_PACKET_L3_IPV4_EXT: IPv4 with options
 * @DPDK_PACKET_L3_IPV4_EXT_UNKNOWN: IPv4, with or without options
 * @DPDK_PACKET_L3_IPV6: IPv6 without extension headers
 * @DPDK_PACKET_L3_IPV6_EXT: IPv6 with extension headers
 * @DPDK_PACKET_L3_IPV6_EXT_UNKNOWN: IPv6, with or without extension headers
 *
 * The kind of the outer layer 3 of a packet.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_PACKET_L3_UNKNOWN,
  DPDK_PACKET_L3_IPV4,
  DPDK_PACKET_L3_IPV4_EXT,
  DPDK_PACKET_L3_IPV4_EXT_UNKNOWN,
  DPDK_PACKET_L3_IPV6,
  DPDK_PACKET_L3_IPV6_EXT,
  DPDK_PACKET_L3_IPV6_EXT_UNKNOWN,
} DpdkPacketL3;

/**
 * DpdkPacketL4:
 * @DPDK_PACKET_L4_UNKNOWN: not known, or none
 * @DPDK_PACKET_L4_TCP: TCP
 * @DPDK_PACKET_L4_UDP: UDP
 * @DPDK_PACKET_L4_FRAGMENT: a fragment of an IP packet
 * @DPDK_PACKET_L4_SCTP: SCTP
 * @DPDK_PACKET_L4_ICMP: ICMP
 * @DPDK_PACKET_L4_OTHER: not a fragment, and none of the other kinds
 * @DPDK_PACKET_L4_IGMP: IGMP
 *
 * The kind of the outer layer 4 of a packet.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_PACKET_L4_UNKNOWN,
  DPDK_PACKET_L4_TCP,
  DPDK_PACKET_L4_UDP,
  DPDK_PACKET_L4_FRAGMENT,
  DPDK_PACKET_L4_SCTP,
  DPDK_PACKET_L4_ICMP,
  DPDK_PACKET_L4_OTHER,
  DPDK_PACKET_L4_IGMP,
} DpdkPacketL4;

DPDK_AVAILABLE_IN_0_1
DpdkChecksumState dpdk_packet_get_ip_checksum_state (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
DpdkChecksumState dpdk_packet_get_l4_checksum_state (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_get_rss_hash (DpdkPacket *self, guint32 *hash);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_get_timestamp (DpdkPacket *self, guint64 *timestamp);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_get_vlan (DpdkPacket *self, guint16 *tci);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_is_vlan_stripped (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_request_vlan (DpdkPacket *self, guint16 tci, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_classify (DpdkPacket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacketL2 dpdk_packet_get_l2 (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
DpdkPacketL3 dpdk_packet_get_l3 (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
DpdkPacketL4 dpdk_packet_get_l4 (DpdkPacket *self);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_request_offloads (DpdkPacket *self, DpdkPacketOffloads offloads,
                                       guint segment_size, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacketOffloads dpdk_packet_get_requested_offloads (DpdkPacket *self, guint *segment_size);

G_END_DECLS
