/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a device tells about a packet, and what it is asked to do; through a port that loops */
#include "packet-fixture.h"

#include <arpa/inet.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf_dyn.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <string.h>

static DpdkMempool *pool;
static DpdkPort *port;

static void
begin (void)
{
  pool = packet_pool_new (63, 0, 2048);
  port = packet_loop_new (pool);
}

static void
end (void)
{
  packet_loop_end (port);
  packet_pool_end (pool);
}

/* as a device would tell it */
static DpdkPacket *
receive (guint64 flags)
{
  DpdkPacket *packet = packet_new (pool, "a frame");

  packet_native (packet)->ol_flags |= flags;
  packet_native (packet)->vlan_tci = 0x6123;
  packet_native (packet)->hash.rss = 0xcafe0001;
  return packet_loop_pass (port, packet);
}

static void
test_received (void)
{
  static const struct {
    guint64 ip, l4;
    DpdkChecksumState state;
  } states[] = {
    { RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, DPDK_CHECKSUM_STATE_UNKNOWN },
    { RTE_MBUF_F_RX_IP_CKSUM_BAD, RTE_MBUF_F_RX_L4_CKSUM_BAD, DPDK_CHECKSUM_STATE_BAD },
    { RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_GOOD, DPDK_CHECKSUM_STATE_GOOD },
    { RTE_MBUF_F_RX_IP_CKSUM_NONE, RTE_MBUF_F_RX_L4_CKSUM_NONE, DPDK_CHECKSUM_STATE_NONE },
  };
  DpdkPacket *packet;
  guint32 hash = 1;
  guint16 tci = 1;

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    for (guint k = 0; k < G_N_ELEMENTS (states); k++)
      {
        packet = receive (states[i].ip | states[k].l4);
        g_assert_cmpint (dpdk_packet_get_ip_checksum_state (packet), ==, states[i].state);
        g_assert_cmpint (dpdk_packet_get_l4_checksum_state (packet), ==, states[k].state);
        dpdk_packet_unref (packet);
      }
  packet = receive (0);
  g_assert_false (dpdk_packet_get_rss_hash (packet, &hash));
  g_assert_cmphex (hash, ==, 0);
  g_assert_false (dpdk_packet_get_vlan (packet, &tci));
  g_assert_cmphex (tci, ==, 0);
  g_assert_false (dpdk_packet_is_vlan_stripped (packet));
  dpdk_packet_unref (packet);

  packet = receive (RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_VLAN);
  g_assert_true (dpdk_packet_get_rss_hash (packet, &hash));
  g_assert_cmphex (hash, ==, 0xcafe0001);
  g_assert_true (dpdk_packet_get_vlan (packet, &tci));
  g_assert_cmphex (tci, ==, 0x6123);
  g_assert_false (dpdk_packet_is_vlan_stripped (packet));
  dpdk_packet_unref (packet);
  packet = receive (RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
  g_assert_true (dpdk_packet_is_vlan_stripped (packet));
  dpdk_packet_unref (packet);

  /* nothing of it is left in the buffer */
  packet = packet_new (pool, "");
  g_assert_false (dpdk_packet_get_rss_hash (packet, &hash));
  g_assert_false (dpdk_packet_get_vlan (packet, &tci));
  dpdk_packet_unref (packet);
  end ();
}

static void
test_timestamp (void)
{
  DpdkPacket *packet;
  guint64 timestamp = 1, flag;
  int offset;

  begin ();
  packet = receive (0);
  g_assert_false (dpdk_packet_get_timestamp (packet, &timestamp));
  g_assert_cmpuint (timestamp, ==, 0);
  dpdk_packet_unref (packet);

  g_assert_cmpint (rte_mbuf_dyn_rx_timestamp_register (&offset, &flag), ==, 0);
  packet = packet_new (pool, "a frame");
  g_assert_false (dpdk_packet_get_timestamp (packet, &timestamp));
  packet_native (packet)->ol_flags |= flag;
  *RTE_MBUF_DYNFIELD (packet_native (packet), offset, rte_mbuf_timestamp_t *) = 123456789012345;
  packet = packet_loop_pass (port, packet);
  g_assert_true (dpdk_packet_get_timestamp (packet, &timestamp));
  g_assert_cmpuint (timestamp, ==, 123456789012345);
  dpdk_packet_unref (packet);
  end ();
}

static void
test_request_vlan (void)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  begin ();
  packet = receive (RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
  g_assert_true (dpdk_packet_request_vlan (packet, 0xe001, &error));
  packet = packet_loop_pass (port, packet);
  g_assert_cmphex (packet_native (packet)->vlan_tci, ==, 0xe001);
  g_assert_true (packet_native (packet)->ol_flags & RTE_MBUF_F_TX_VLAN);
  /* what was received is not there any more */
  g_assert_false (dpdk_packet_is_vlan_stripped (packet));
  dpdk_packet_unref (packet);
  end ();
}

typedef struct __attribute__ ((packed, aligned (2))) {
  struct rte_ether_hdr ether;
  struct rte_ipv4_hdr ip;
  union {
    struct rte_tcp_hdr tcp;
    struct rte_udp_hdr udp;
  };
  guint8 payload[3000];
} Ipv4Frame;

typedef struct __attribute__ ((packed, aligned (2))) {
  struct rte_ether_hdr ether;
  struct rte_ipv6_hdr ip;
  union {
    struct rte_tcp_hdr tcp;
    struct rte_udp_hdr udp;
  };
  guint8 payload[100];
} Ipv6Frame;

static DpdkPacket *
frame_v4 (guint8 protocol, guint16 payload)
{
  guint16 header =
      protocol == IPPROTO_TCP ? sizeof (struct rte_tcp_hdr) : sizeof (struct rte_udp_hdr);
  Ipv4Frame frame = {
    .ether = { .ether_type = htons (RTE_ETHER_TYPE_IPV4) },
    .ip = { .version_ihl = RTE_IPV4_VHL_DEF,
            .time_to_live = 64,
            .next_proto_id = protocol,
            .src_addr = htonl (0xc6120001),
            .dst_addr = htonl (0xc6120002),
            .hdr_checksum = 0xffff,
            .total_length = htons ((guint16) (sizeof (struct rte_ipv4_hdr) + header + payload)) },
  };
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  if (protocol == IPPROTO_TCP)
    frame.tcp = (struct rte_tcp_hdr){ .data_off = 0x50, .src_port = htons (80) };
  else
    frame.udp = (struct rte_udp_hdr){ .dgram_len = htons (header + payload) };
  packet = dpdk_packet_new_from_data (
      pool, (const guint8 *) &frame,
      sizeof (struct rte_ether_hdr) + sizeof (struct rte_ipv4_hdr) + header + payload, &error);
  g_assert_no_error (error);
  return packet;
}

static DpdkPacket *
frame_v6 (guint8 protocol)
{
  Ipv6Frame frame = {
    .ether = { .ether_type = htons (RTE_ETHER_TYPE_IPV6) },
    .ip = { .vtc_flow = htonl (6u << 28),
            .hop_limits = 64,
            .proto = protocol,
            .payload_len = htons (sizeof (Ipv6Frame) - offsetof (Ipv6Frame, tcp)) },
  };
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  if (protocol == IPPROTO_TCP)
    frame.tcp = (struct rte_tcp_hdr){ .data_off = 0x50 };
  packet = dpdk_packet_new_from_data (pool, (const guint8 *) &frame, sizeof frame, &error);
  g_assert_no_error (error);
  return packet;
}

static void
test_classify (void)
{
  static const guint8 arp[42] = { [12] = 0x08, [13] = 0x06 };
  static const guint8 vlan[60] = { [12] = 0x81, [16] = 0x08, [18] = 0x45, [27] = IPPROTO_UDP };
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  begin ();
  packet = frame_v4 (IPPROTO_TCP, 100);
  g_assert_cmpint (dpdk_packet_get_l2 (packet), ==, DPDK_PACKET_L2_UNKNOWN);
  g_assert_cmpint (dpdk_packet_get_l3 (packet), ==, DPDK_PACKET_L3_UNKNOWN);
  g_assert_cmpint (dpdk_packet_get_l4 (packet), ==, DPDK_PACKET_L4_UNKNOWN);
  g_assert_true (dpdk_packet_classify (packet, &error));
  packet = packet_loop_pass (port, packet);
  g_assert_cmpint (dpdk_packet_get_l2 (packet), ==, DPDK_PACKET_L2_ETHER);
  g_assert_cmpint (dpdk_packet_get_l3 (packet), ==, DPDK_PACKET_L3_IPV4);
  g_assert_cmpint (dpdk_packet_get_l4 (packet), ==, DPDK_PACKET_L4_TCP);
  dpdk_packet_unref (packet);

  packet = frame_v6 (IPPROTO_UDP);
  g_assert_true (dpdk_packet_classify (packet, &error));
  g_assert_cmpint (dpdk_packet_get_l3 (packet), ==, DPDK_PACKET_L3_IPV6);
  g_assert_cmpint (dpdk_packet_get_l4 (packet), ==, DPDK_PACKET_L4_UDP);
  dpdk_packet_unref (packet);
  packet = dpdk_packet_new_from_data (pool, vlan, sizeof vlan, &error);
  g_assert_true (dpdk_packet_classify (packet, &error));
  g_assert_cmpint (dpdk_packet_get_l2 (packet), ==, DPDK_PACKET_L2_ETHER_VLAN);
  g_assert_cmpint (dpdk_packet_get_l4 (packet), ==, DPDK_PACKET_L4_UDP);
  dpdk_packet_unref (packet);
  packet = dpdk_packet_new_from_data (pool, arp, sizeof arp, &error);
  g_assert_true (dpdk_packet_classify (packet, &error));
  g_assert_cmpint (dpdk_packet_get_l3 (packet), ==, DPDK_PACKET_L3_UNKNOWN);
  dpdk_packet_unref (packet);
  packet = packet_new (pool, "");
  g_assert_true (dpdk_packet_classify (packet, &error));
  dpdk_packet_unref (packet);
  g_assert_no_error (error);
  end ();
}

static void
test_kinds (void)
{
  static const struct {
    guint32 native;
    int l2, l3, l4;
  } kinds[] = {
    { RTE_PTYPE_L2_ETHER_TIMESYNC, DPDK_PACKET_L2_ETHER_TIMESYNC, 0, 0 },
    { RTE_PTYPE_L2_ETHER_ARP, DPDK_PACKET_L2_ETHER_ARP, 0, 0 },
    { RTE_PTYPE_L2_ETHER_LLDP, DPDK_PACKET_L2_ETHER_LLDP, 0, 0 },
    { RTE_PTYPE_L2_ETHER_NSH, DPDK_PACKET_L2_ETHER_NSH, 0, 0 },
    { RTE_PTYPE_L2_ETHER_QINQ, DPDK_PACKET_L2_ETHER_QINQ, 0, 0 },
    { RTE_PTYPE_L2_ETHER_PPPOE, DPDK_PACKET_L2_ETHER_PPPOE, 0, 0 },
    { RTE_PTYPE_L2_ETHER_FCOE, DPDK_PACKET_L2_ETHER_FCOE, 0, 0 },
    { RTE_PTYPE_L2_ETHER_MPLS, DPDK_PACKET_L2_ETHER_MPLS, 0, 0 },
    { RTE_PTYPE_L3_IPV4_EXT, 0, DPDK_PACKET_L3_IPV4_EXT, 0 },
    { RTE_PTYPE_L3_IPV4_EXT_UNKNOWN, 0, DPDK_PACKET_L3_IPV4_EXT_UNKNOWN, 0 },
    { RTE_PTYPE_L3_IPV6_EXT, 0, DPDK_PACKET_L3_IPV6_EXT, 0 },
    { RTE_PTYPE_L3_IPV6_EXT_UNKNOWN, 0, DPDK_PACKET_L3_IPV6_EXT_UNKNOWN, 0 },
    { RTE_PTYPE_L4_FRAG, 0, 0, DPDK_PACKET_L4_FRAGMENT },
    { RTE_PTYPE_L4_SCTP, 0, 0, DPDK_PACKET_L4_SCTP },
    { RTE_PTYPE_L4_ICMP, 0, 0, DPDK_PACKET_L4_ICMP },
    { RTE_PTYPE_L4_NONFRAG, 0, 0, DPDK_PACKET_L4_OTHER },
    { RTE_PTYPE_L4_IGMP, 0, 0, DPDK_PACKET_L4_IGMP },
  };

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      DpdkPacket *packet = packet_new (pool, "a frame");

      packet_native (packet)->packet_type = kinds[i].native;
      packet = packet_loop_pass (port, packet);
      g_assert_cmpint (dpdk_packet_get_l2 (packet), ==, kinds[i].l2);
      g_assert_cmpint (dpdk_packet_get_l3 (packet), ==, kinds[i].l3);
      g_assert_cmpint (dpdk_packet_get_l4 (packet), ==, kinds[i].l4);
      dpdk_packet_unref (packet);
    }
  end ();
}

static void
assert_request (DpdkPacket *packet, DpdkPacketOffloads offloads, guint segment_size,
                DpdkPacketOffloads expected, guint l3_length, guint l4_length)
{
  g_autoptr (GError) error = NULL;
  guint size;

  g_assert_true (dpdk_packet_request_offloads (packet, offloads, segment_size, &error));
  g_assert_no_error (error);
  packet = packet_loop_pass (port, packet);
  g_assert_cmphex (dpdk_packet_get_requested_offloads (packet, &size), ==, expected);
  g_assert_cmpuint (size, ==, segment_size);
  g_assert_cmpuint (packet_native (packet)->l2_len, ==, sizeof (struct rte_ether_hdr));
  g_assert_cmpuint (packet_native (packet)->l3_len, ==, l3_length);
  g_assert_cmpuint (packet_native (packet)->l4_len, ==, l4_length);
}

static void
test_request (void)
{
  const DpdkPacketOffloads v4_tcp =
      DPDK_PACKET_OFFLOADS_IP_CHECKSUM | DPDK_PACKET_OFFLOADS_TCP_CHECKSUM;
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;
  Ipv4Frame *frame;
  gsize length;

  begin ();
  packet = frame_v4 (IPPROTO_TCP, 100);
  assert_request (packet, v4_tcp, 0, v4_tcp, 20, 20);
  /* what the device expects to find: no header checksum, and the sum over the pseudo header */
  frame = (Ipv4Frame *) dpdk_packet_get_writable_data (packet, &length, &error);
  g_assert_cmphex (frame->ip.hdr_checksum, ==, 0);
  g_assert_cmphex (frame->tcp.cksum, ==, rte_ipv4_phdr_cksum (&frame->ip, 0));
  /* the last request counts */
  g_assert_true (dpdk_packet_request_offloads (packet, DPDK_PACKET_OFFLOADS_NONE, 0, &error));
  g_assert_cmphex (dpdk_packet_get_requested_offloads (packet, NULL), ==, 0);
  g_assert_cmphex (packet_native (packet)->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, ==, 0);
  dpdk_packet_unref (packet);

  packet = frame_v4 (IPPROTO_TCP, 1900);
  assert_request (packet, DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION, 1000,
                  v4_tcp | DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION, 20, 20);
  dpdk_packet_unref (packet);
  packet = frame_v4 (IPPROTO_UDP, 100);
  assert_request (packet, DPDK_PACKET_OFFLOADS_UDP_CHECKSUM, 0, DPDK_PACKET_OFFLOADS_UDP_CHECKSUM,
                  20, 8);
  dpdk_packet_unref (packet);
  packet = frame_v6 (IPPROTO_TCP);
  assert_request (packet, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 0, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM,
                  40, 20);
  g_assert_true (packet_native (packet)->ol_flags & RTE_MBUF_F_TX_IPV6);
  dpdk_packet_unref (packet);
  end ();
}

static void
test_request_refused (void)
{
  static const struct {
    gboolean is_v6;
    guint8 protocol;
    DpdkPacketOffloads offloads;
    guint segment_size;
  } cases[] = {
    { FALSE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_UDP_CHECKSUM, 0 },
    { FALSE, IPPROTO_UDP, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 0 },
    { FALSE, IPPROTO_UDP, DPDK_PACKET_OFFLOADS_SCTP_CHECKSUM, 0 },
    { FALSE, IPPROTO_UDP, DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION, 1000 },
    { FALSE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION, 0 },
    { FALSE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_TCP_SEGMENTATION, 65536 },
    { FALSE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 1000 },
    { FALSE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_NONE, 1000 },
    { FALSE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM | DPDK_PACKET_OFFLOADS_UDP_CHECKSUM,
      0 },
    { FALSE, IPPROTO_TCP, (DpdkPacketOffloads) (1 << 9), 0 },
    { TRUE, IPPROTO_TCP, DPDK_PACKET_OFFLOADS_IP_CHECKSUM, 0 },
  };
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      packet = cases[i].is_v6 ? frame_v6 (cases[i].protocol) : frame_v4 (cases[i].protocol, 100);
      g_assert_false (
          dpdk_packet_request_offloads (packet, cases[i].offloads, cases[i].segment_size, &error));
      ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
      g_assert_cmphex (dpdk_packet_get_requested_offloads (packet, NULL), ==, 0);
      dpdk_packet_unref (packet);
    }
  /* not IP, nothing at all, and headers that end too early */
  for (guint i = 0; i < 3; i++)
    {
      packet =
          i == 0 ? packet_new (pool, "a frame that is long enough") : frame_v4 (IPPROTO_TCP, 0);
      if (i == 1)
        dpdk_packet_trim (packet, dpdk_packet_get_length (packet), &error);
      if (i == 2)
        dpdk_packet_trim (packet, 10, &error);
      g_assert_false (
          dpdk_packet_request_offloads (packet, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 0, &error));
      g_assert_nonnull (error);
      g_assert_true (error->code == DPDK_ERROR_INVALID_ARGUMENT ||
                     error->code == DPDK_ERROR_NOT_SUPPORTED);
      g_clear_error (&error);
      dpdk_packet_unref (packet);
    }
  end ();
}

/* what a header says about its length is not believed; what is refused leaves the last request */
static void
test_request_malformed (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *before = NULL;
  DpdkPacket *packet, *head;
  const guint8 *data;
  gsize length;

  begin ();
  for (guint words = 0; words < 5; words++)
    {
      const guint8 offset = (guint8) (words << 4);

      packet = frame_v4 (IPPROTO_TCP, 100);
      g_assert_true (dpdk_packet_write (packet, 14 + 20 + 12, &offset, 1, &error));
      g_assert_false (
          dpdk_packet_request_offloads (packet, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 0, &error));
      ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
      dpdk_packet_unref (packet);
    }

  packet = frame_v4 (IPPROTO_TCP, 100);
  g_assert_true (
      dpdk_packet_request_offloads (packet, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 0, &error));
  g_assert_false (
      dpdk_packet_request_offloads (packet, DPDK_PACKET_OFFLOADS_UDP_CHECKSUM, 0, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_cmphex (dpdk_packet_get_requested_offloads (packet, NULL), ==,
                   DPDK_PACKET_OFFLOADS_TCP_CHECKSUM);
  g_assert_cmpuint (packet_native (packet)->l4_len, ==, 20);

  /* the TCP header begins in the first segment and ends in the second */
  data = dpdk_packet_get_data (packet, &length);
  before = g_memdup2 (data, length);
  head = dpdk_packet_new_from_data (pool, before, 14 + 20 + 4, &error);
  g_assert_true (dpdk_packet_adj (packet, 14 + 20 + 4, &error));
  g_assert_true (dpdk_packet_chain (head, packet, &error));
  g_assert_false (
      dpdk_packet_request_offloads (head, DPDK_PACKET_OFFLOADS_TCP_CHECKSUM, 0, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NOT_SUPPORTED);
  ASSERT_DATA (head, before, length);
  g_assert_cmphex (dpdk_packet_get_requested_offloads (head, NULL), ==, 0);
  dpdk_packet_unref (head);
  end ();
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/packet-offload/received", DPDK_TEST_FLAGS_NONE, test_received);
  dpdk_test_add_func ("/packet-offload/timestamp", DPDK_TEST_FLAGS_NONE, test_timestamp);
  dpdk_test_add_func ("/packet-offload/request-vlan", DPDK_TEST_FLAGS_NONE, test_request_vlan);
  dpdk_test_add_func ("/packet-offload/classify", DPDK_TEST_FLAGS_NONE, test_classify);
  dpdk_test_add_func ("/packet-offload/kinds", DPDK_TEST_FLAGS_NONE, test_kinds);
  dpdk_test_add_func ("/packet-offload/request", DPDK_TEST_FLAGS_NONE, test_request);
  dpdk_test_add_func ("/packet-offload/request-refused", DPDK_TEST_FLAGS_NONE,
                      test_request_refused);
  dpdk_test_add_func ("/packet-offload/request-malformed", DPDK_TEST_FLAGS_NONE,
                      test_request_malformed);
  return g_test_run ();
}
