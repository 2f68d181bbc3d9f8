/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-mempool-internal.h"

G_BEGIN_DECLS

/* a packet is the buffer itself: a burst of packets is a burst of DPDK without a copy */
static inline struct rte_mbuf *
dpdk_packet_native (DpdkPacket *self)
{
  return (struct rte_mbuf *) self;
}

static inline DpdkPacket *
dpdk_packet_from_taken (struct rte_mbuf *mbuf)
{
  dpdk_held_take (rte_lcore_id (), 1);
  return (DpdkPacket *) mbuf;
}

/* DPDK counts references in 16 bits and does not look; threads that count at the same time do not see
   each other */
#define DPDK_PACKET_MAX_REFERENCES (G_MAXUINT16 - 1024)

gboolean dpdk_packet_may_ref (DpdkPacket *self);

/* the pool for a packet made from @self: @mempool, or that of @self where it is NULL */
DpdkMempool *dpdk_packet_choose_mempool (DpdkPacket *self, DpdkMempool *mempool, GError **error);

/* external memory that nobody may write to: see dpdk-packet-bytes.c */
gboolean dpdk_packet_segment_is_constant (const struct rte_mbuf *segment);
/* whether nobody else sees what is written to @segment */
gboolean dpdk_packet_segment_is_writable (struct rte_mbuf *segment);

/* refuse @call with DPDK_ERROR_BUSY if somebody else has a reference on the packet, and if somebody
   else sees the data of @segment; with DPDK_ERROR_EAL_DEAD where the packet is that of the parent */
gboolean dpdk_packet_check_unshared (DpdkPacket *self, const char *call, GError **error);
gboolean dpdk_packet_check_segment (struct rte_mbuf *segment, const char *call, GError **error);

G_END_DECLS
