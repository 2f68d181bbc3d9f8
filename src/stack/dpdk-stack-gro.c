/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* generic receive offload: segments of a connection that came in one burst become one. rte_gro knows IPv4
   only in the oldest DPDK that we support, and verifies no checksums. */
#include "dpdk-stack-private.h"

#include <lwip/prot/tcp.h>

/* connections of one burst; what belongs to further ones is passed on as it is */
#define MAX_FLOWS 8
#define MAX_FRAME 65535

typedef struct {
  DpdkStackFrame frame;
  guint header_length;
  guint size;
  guint32 sequence;
  guint8 flags;
} Segment;

typedef struct {
  Segment segment;
  struct rte_mbuf *head;
  struct rte_mbuf *tail;
  guint32 next_sequence;
  gboolean is_verified;
} Flow;

/* a segment of which nothing is known but that it may carry data */
static gboolean
parse (Segment *self, const struct rte_mbuf *mbuf)
{
  const guint8 *bytes = rte_pktmbuf_mtod (mbuf, const guint8 *);
  guint length = rte_pktmbuf_data_len (mbuf), pkt_length = rte_pktmbuf_pkt_len (mbuf), ip_length;
  const guint8 *ip = bytes + SIZEOF_ETH_HDR, *tcp;

  if (!dpdk_stack_frame_parse (&self->frame, bytes, length) ||
      self->frame.protocol != IP_PROTO_TCP || length < self->frame.l4_offset + DPDK_STACK_TCP_MIN)
    return FALSE;
  tcp = bytes + self->frame.l4_offset;
  ip_length = self->frame.is_v6 ? IP6_HLEN + dpdk_stack_frame_get_u16 (ip + 4)
                                : dpdk_stack_frame_get_u16 (ip + 2);
  self->header_length = self->frame.l4_offset + dpdk_stack_frame_get_tcp_length (tcp);
  self->sequence = dpdk_stack_frame_get_u32 (tcp + DPDK_STACK_TCP_SEQUENCE);
  self->flags = tcp[DPDK_STACK_TCP_FLAGS];
  /* padded, cut short, a header in several buffers: not one that we join */
  self->size = 0;
  if (SIZEOF_ETH_HDR + ip_length == pkt_length && length >= self->header_length &&
      dpdk_stack_frame_get_tcp_length (tcp) >= DPDK_STACK_TCP_MIN &&
      pkt_length > self->header_length)
    self->size = pkt_length - self->header_length;
  return TRUE;
}

static gboolean
may_join (const Segment *segment)
{
  return segment->size > 0 && (segment->flags & ~TCP_PSH) == TCP_ACK;
}

static gboolean
is_same_connection (const Flow *flow, const Segment *segment, const guint8 *bytes)
{
  const DpdkStackFrame *frame = &segment->frame;
  const guint8 *head = rte_pktmbuf_mtod (flow->head, const guint8 *);
  guint addresses = SIZEOF_ETH_HDR + (frame->is_v6 ? 8 : 12);

  return flow->segment.frame.is_v6 == frame->is_v6 &&
         memcmp (head + flow->segment.frame.l4_offset, bytes + frame->l4_offset, 4) == 0 &&
         memcmp (head + addresses, bytes + addresses, frame->is_v6 ? 32 : 8) == 0;
}

/* of all from @offset on, which is in the first buffer */
static guint16
sum_data (const struct rte_mbuf *mbuf, guint offset)
{
  gboolean is_odd = FALSE;
  guint64 sum = 0;

  for (; mbuf != NULL; mbuf = mbuf->next, offset = 0)
    {
      guint n = rte_pktmbuf_data_len (mbuf) - offset;
      guint16 part = dpdk_lwip_checksum (rte_pktmbuf_mtod_offset (mbuf, const guint8 *, offset), n);

      sum += is_odd ? GUINT16_SWAP_LE_BE (part) : part;
      is_odd ^= n & 1;
    }
  return dpdk_stack_frame_fold (sum);
}

static gboolean
is_good (const struct rte_mbuf *mbuf, const DpdkStackFrame *frame)
{
  const guint8 *bytes = rte_pktmbuf_mtod (mbuf, const guint8 *);
  const void *ip = bytes + SIZEOF_ETH_HDR;
  guint verified = dpdk_stack_packet_get_verified (mbuf);
  guint32 sum;
  guint length;

  if (!frame->is_v6 && (verified & PBUF_OFFLOAD_IP_CSUM) == 0 &&
      dpdk_lwip_checksum (ip, frame->l3_length) != 0xffff)
    return FALSE;
  if ((verified & PBUF_OFFLOAD_L4_CSUM) != 0)
    return TRUE;
  length = rte_pktmbuf_pkt_len (mbuf) - frame->l4_offset;
  sum = sum_data (mbuf, frame->l4_offset);
  sum += dpdk_stack_frame_sum_pseudo_header (frame, bytes, length);
  return dpdk_stack_frame_fold (sum) == 0xffff;
}

/* the data of a segment, without the buffer of its header if that has nothing else */
static struct rte_mbuf *
strip_header (struct rte_mbuf *mbuf, guint header_length)
{
  struct rte_mbuf *data = mbuf->next;

  rte_pktmbuf_adj (mbuf, (guint16) header_length);
  if (mbuf->data_len > 0)
    return mbuf;
  data->nb_segs = (guint16) (mbuf->nb_segs - 1);
  mbuf->nb_segs = 1;
  mbuf->next = NULL;
  rte_pktmbuf_free (mbuf);
  return data;
}

static gboolean
join (Flow *flow, struct rte_mbuf *mbuf, const Segment *segment)
{
  struct rte_mbuf *head = flow->head;
  guint8 *bytes = rte_pktmbuf_mtod (head, guint8 *);

  if (flow->next_sequence != segment->sequence || segment->size > flow->segment.size ||
      segment->header_length != flow->segment.header_length ||
      head->pkt_len + segment->size > MAX_FRAME ||
      !dpdk_stack_frame_is_alike (&segment->frame, bytes, rte_pktmbuf_mtod (mbuf, const guint8 *),
                                  segment->header_length))
    return FALSE;
  /* what is damaged is left for the stack to count */
  if (!flow->is_verified && !is_good (head, &flow->segment.frame))
    return FALSE;
  flow->is_verified = TRUE;
  if (!is_good (mbuf, &segment->frame))
    return FALSE;
  mbuf = strip_header (mbuf, segment->header_length);
  flow->tail->next = mbuf;
  flow->tail = rte_pktmbuf_lastseg (mbuf);
  head->nb_segs = (guint16) (head->nb_segs + mbuf->nb_segs);
  head->pkt_len += segment->size;
  /* as a device that joins segments says it */
  head->ol_flags |= RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  head->tso_segsz = (guint16) flow->segment.size;
  dpdk_stack_frame_grow (&segment->frame, bytes, segment->size);
  bytes[segment->frame.l4_offset + DPDK_STACK_TCP_FLAGS] |= segment->flags;
  flow->next_sequence += segment->size;
  return TRUE;
}

/* joins what belongs together; gives the number of packets that are left, in the order in which their
   first segments came */
guint
dpdk_stack_gro (DpdkStack *stack, struct rte_mbuf **packets, guint n_packets)
{
  Flow flows[MAX_FLOWS];
  guint n_flows = 0, n_left = 0;

  for (guint i = 0; i < n_packets; i++)
    {
      struct rte_mbuf *mbuf = packets[i];
      Segment segment;
      Flow *flow = NULL;

      if (!parse (&segment, mbuf))
        {
          packets[n_left++] = mbuf;
          continue;
        }
      for (guint k = 0; flow == NULL && k < n_flows; k++)
        if (is_same_connection (&flows[k], &segment, rte_pktmbuf_mtod (mbuf, const guint8 *)))
          flow = &flows[k];
      if (flow != NULL && may_join (&segment) && join (flow, mbuf, &segment))
        {
          dpdk_stack_count (&stack->gro_segments);
          /* the sender had no more */
          if (segment.size < flow->segment.size || (segment.flags & TCP_PSH) != 0)
            *flow = flows[--n_flows];
          continue;
        }
      packets[n_left++] = mbuf;
      /* it must not be overtaken by what comes behind it */
      if (flow != NULL)
        *flow = flows[--n_flows];
      if (segment.flags != TCP_ACK || segment.size == 0 || n_flows == MAX_FLOWS)
        continue;
      flows[n_flows++] = (Flow){
        .segment = segment,
        .head = mbuf,
        .tail = rte_pktmbuf_lastseg (mbuf),
        .next_sequence = segment.sequence + segment.size,
      };
    }
  return n_left;
}
