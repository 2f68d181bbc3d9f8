/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* from the buffers of lwIP to those of the device: checksums and large segments */
#include "dpdk-stack-private.h"

#include "dpdk-port-private.h"

#include <lwip/prot/tcp.h>
#include <lwip/prot/udp.h>

/* an IP packet cannot be larger, and what the other side keeps of a frame is counted in 16 bits */
#define MAX_FRAME 65535
/* what drivers and the other side of a virtual device have room for */
#define MAX_SEGMENTS 40
/* what waits for the end of the turn: the other side can begin with it meanwhile */
#define MAX_UNSENT_BYTES (64 * 1024)

static guint
get_checksum_offset (const DpdkStackFrame *frame)
{
  return frame->l4_offset +
         (frame->protocol == IP_PROTO_TCP ? DPDK_STACK_TCP_CHECKSUM : DPDK_STACK_UDP_CHECKSUM);
}

/* copies @p from @offset on; returns its sum, which is folded */
static guint16
copy_with_sum (const struct pbuf *p, guint offset, guint8 *to)
{
  gboolean is_odd = FALSE;
  guint64 sum = 0;

  for (; p != NULL; p = p->next)
    {
      guint n = p->len - MIN (offset, p->len);
      guint16 part;

      if (n == 0)
        {
          offset -= p->len;
          continue;
        }
      part = dpdk_lwip_checksum_copy (to, (const guint8 *) p->payload + offset, n);
      sum += is_odd ? GUINT16_SWAP_LE_BE (part) : part;
      is_odd ^= n & 1;
      to += n;
      offset = 0;
    }
  return dpdk_stack_frame_fold (sum);
}

/* lwIP has left the sum of the pseudo header where the checksum goes */
static void
set_checksum (const DpdkStackFrame *frame, guint8 *bytes, guint16 sum)
{
  guint16 checksum = (guint16) ~sum;

  /* 0 would say that there is none */
  if (checksum == 0 && frame->protocol == IP_PROTO_UDP)
    checksum = 0xffff;
  memcpy (bytes + get_checksum_offset (frame), &checksum, sizeof checksum);
}

static void
copy_with_checksum (const struct pbuf *p, const DpdkStackFrame *frame, guint8 *to)
{
  pbuf_copy_partial (p, to, (u16_t) frame->l4_offset, 0);
  set_checksum (frame, to, copy_with_sum (p, frame->l4_offset, to + frame->l4_offset));
}

static void
finish_checksum (struct rte_mbuf *mbuf, const DpdkStackFrame *frame)
{
  guint8 *bytes = rte_pktmbuf_mtod (mbuf, guint8 *);

  set_checksum (frame, bytes,
                dpdk_lwip_checksum (bytes + frame->l4_offset, mbuf->data_len - frame->l4_offset));
}

static void
request_checksum (struct rte_mbuf *mbuf, const DpdkStackFrame *frame)
{
  const guint8 *l4 = rte_pktmbuf_mtod_offset (mbuf, const guint8 *, frame->l4_offset);

  mbuf->tx_offload = 0;
  mbuf->l2_len = SIZEOF_ETH_HDR;
  mbuf->l3_len = frame->l3_length;
  mbuf->l4_len = frame->protocol == IP_PROTO_TCP ? dpdk_stack_frame_get_tcp_length (l4) : UDP_HLEN;
  mbuf->ol_flags |=
      (frame->protocol == IP_PROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM) |
      (frame->is_v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4);
}

/* the next segment may be put behind this one */
static void
open_large (DpdkStackInterface *self, struct rte_mbuf *mbuf, const DpdkStackFrame *frame)
{
  const guint8 *tcp = rte_pktmbuf_mtod_offset (mbuf, const guint8 *, frame->l4_offset);
  guint header = frame->l4_offset + dpdk_stack_frame_get_tcp_length (tcp);

  if (tcp[DPDK_STACK_TCP_FLAGS] != TCP_ACK || header >= mbuf->pkt_len)
    return;
  self->large.head = mbuf;
  self->large.tail = mbuf;
  self->large.frame = *frame;
  self->large.header_length = header;
  self->large.segment_size = mbuf->pkt_len - header;
  self->large.next_sequence =
      dpdk_stack_frame_get_u32 (tcp + DPDK_STACK_TCP_SEQUENCE) + self->large.segment_size;
}

static gboolean
fits_large (DpdkStackInterface *self, const struct pbuf *p, const DpdkStackFrame *frame)
{
  const guint8 *bytes = p->payload, *tcp = bytes + frame->l4_offset;
  const struct rte_mbuf *head = self->large.head;
  guint size = p->tot_len - MIN (self->large.header_length, p->tot_len);

  return head != NULL && p->len >= self->large.header_length && size > 0 &&
         size <= self->large.segment_size && head->pkt_len + size <= MAX_FRAME &&
         frame->l4_offset + dpdk_stack_frame_get_tcp_length (tcp) == self->large.header_length &&
         (tcp[DPDK_STACK_TCP_FLAGS] & ~(TCP_PSH | TCP_FIN)) == TCP_ACK &&
         dpdk_stack_frame_get_u32 (tcp + DPDK_STACK_TCP_SEQUENCE) == self->large.next_sequence &&
         dpdk_stack_frame_is_alike (frame, rte_pktmbuf_mtod (head, const guint8 *), bytes,
                                    self->large.header_length);
}

/* makes room for @size bytes behind the last buffer; FALSE if there is none, and nothing is changed */
static gboolean
extend_large (DpdkStackInterface *self, guint size, struct rte_mbuf **first)
{
  struct rte_mbuf *head = self->large.head;
  guint left = size - MIN (size, rte_pktmbuf_tailroom (self->large.tail));
  struct rte_mbuf *list = NULL, **end = &list;
  guint n = 0;

  while (left > 0)
    {
      struct rte_mbuf *mbuf = NULL;

      if ((self->offloads & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0 &&
          head->nb_segs + n < MIN (MAX_SEGMENTS, self->max_tx_segments))
        mbuf = dpdk_stack_interface_new_packet (self);
      if (mbuf == NULL)
        {
          rte_pktmbuf_free (list);
          return FALSE;
        }
      *end = mbuf;
      end = &mbuf->next;
      left -= MIN (left, rte_pktmbuf_tailroom (mbuf));
      n++;
    }
  self->large.tail->next = list;
  head->nb_segs = (guint16) (head->nb_segs + n);
  *first = self->large.tail;
  return TRUE;
}

static void
request_segmentation (DpdkStackInterface *self)
{
  const DpdkStackFrame *frame = &self->large.frame;
  struct rte_mbuf *mbuf = self->large.head;
  guint8 *ip = rte_pktmbuf_mtod_offset (mbuf, guint8 *, SIZEOF_ETH_HDR);
  guint16 checksum = 0;

  mbuf->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
  mbuf->tso_segsz = (guint16) self->large.segment_size;
  if (!frame->is_v6)
    {
      if (self->tx_ip_checksum)
        mbuf->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
      memcpy (ip + 10, &checksum, sizeof checksum);
      if (!self->tx_ip_checksum)
        checksum = (guint16) ~dpdk_lwip_checksum (ip, frame->l3_length);
      memcpy (ip + 10, &checksum, sizeof checksum);
    }
  /* without the length, which each segment has another of */
  checksum = dpdk_stack_frame_sum_pseudo_header (frame, ip - SIZEOF_ETH_HDR, 0);
  memcpy (ip + frame->l3_length + DPDK_STACK_TCP_CHECKSUM, &checksum, sizeof checksum);
}

/* nothing more is put behind it */
static inline void
close_large (DpdkStackInterface *self)
{
  if (G_LIKELY (self->large.head == NULL))
    return;
  if (self->large.head->pkt_len > self->large.header_length + self->large.segment_size)
    request_segmentation (self);
  self->large.head = NULL;
}

/* puts the segment behind the one before it, for the device to cut them again */
static gboolean
join_large (DpdkStackInterface *self, const struct pbuf *p, const DpdkStackFrame *frame)
{
  const guint8 *tcp = (const guint8 *) p->payload + frame->l4_offset;
  guint offset = self->large.header_length, size;
  struct rte_mbuf *head = self->large.head, *mbuf;
  guint8 *bytes;

  if (!fits_large (self, p, frame))
    return FALSE;
  size = p->tot_len - offset;
  if (!extend_large (self, size, &mbuf))
    return FALSE;
  for (; mbuf != NULL; mbuf = mbuf->next)
    {
      guint16 n = (guint16) MIN ((guint) rte_pktmbuf_tailroom (mbuf), p->tot_len - offset);

      pbuf_copy_partial (p, rte_pktmbuf_mtod_offset (mbuf, void *, mbuf->data_len), n,
                         (u16_t) offset);
      mbuf->data_len = (guint16) (mbuf->data_len + n);
      offset += n;
      self->large.tail = mbuf;
    }
  head->pkt_len += size;
  self->n_unsent_bytes += size;
  self->large.next_sequence += size;
  bytes = rte_pktmbuf_mtod (head, guint8 *);
  dpdk_stack_frame_grow (frame, bytes, size);
  /* the device sets them on the last one only */
  bytes[frame->l4_offset + DPDK_STACK_TCP_FLAGS] |= tcp[DPDK_STACK_TCP_FLAGS];
  dpdk_stack_count (&self->stack->tso_segments);
  if (size < self->large.segment_size || tcp[DPDK_STACK_TCP_FLAGS] != TCP_ACK)
    close_large (self);
  return TRUE;
}

static struct rte_mbuf *
copy_frame (DpdkStackInterface *self, const struct pbuf *p, const DpdkStackFrame *to_finish)
{
  struct rte_mbuf *mbuf = dpdk_stack_interface_new_packet (self);
  char *room = mbuf != NULL ? rte_pktmbuf_append (mbuf, p->tot_len) : NULL;

  if (room == NULL)
    {
      rte_pktmbuf_free (mbuf);
      return NULL;
    }
  if (to_finish != NULL)
    copy_with_checksum (p, to_finish, (guint8 *) room);
  else
    pbuf_copy_partial (p, room, p->tot_len, 0);
  return mbuf;
}

/* @frame: NULL if its checksum is there already, or there is none */
static struct rte_mbuf *
make_frame (DpdkStackInterface *self, struct pbuf *p, const DpdkStackFrame *frame)
{
  gboolean is_offloaded = frame != NULL && (self->offloads & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0;
  const DpdkStackFrame *to_finish = is_offloaded ? NULL : frame;
  struct rte_mbuf *mbuf = dpdk_stack_packet_lend (p);

  if (mbuf == NULL)
    mbuf = copy_frame (self, p, to_finish);
  else if (to_finish != NULL)
    finish_checksum (mbuf, to_finish);
  if (mbuf != NULL && is_offloaded)
    {
      request_checksum (mbuf, frame);
      dpdk_stack_count (&self->stack->tx_checksums);
    }
  return mbuf;
}

err_t
dpdk_stack_interface_transmit (struct netif *netif, struct pbuf *p)
{
  DpdkStackInterface *self = ((DpdkStackNetif *) netif)->interface;
  DpdkStackFrame parsed, *frame = NULL;
  struct rte_mbuf *mbuf = NULL;
  gboolean may_join;

  /* nobody is there, and what waits would be out of date when somebody is */
  if (G_UNLIKELY (!self->link_up))
    {
      self->stack->statistics.tx_dropped++;
      return ERR_OK;
    }
  if ((p->offload & PBUF_OFFLOAD_TX_CSUM) != 0)
    {
      if (!dpdk_stack_frame_parse (&parsed, p->payload, p->len))
        {
          self->stack->statistics.tx_dropped++;
          return ERR_VAL;
        }
      frame = &parsed;
    }
  may_join = (self->offloads & DPDK_STACK_OFFLOAD_TSO) != 0 && frame != NULL &&
             frame->protocol == IP_PROTO_TCP;
  if (may_join && join_large (self, p, frame))
    return ERR_OK;
  close_large (self);
  if (self->n_unsent == G_N_ELEMENTS (self->unsent) || self->n_unsent_bytes >= MAX_UNSENT_BYTES)
    dpdk_stack_interface_flush (self);
  if (self->n_unsent < G_N_ELEMENTS (self->unsent))
    mbuf = make_frame (self, p, frame);
  if (mbuf == NULL)
    {
      self->stack->statistics.tx_dropped++;
      return ERR_MEM;
    }
  self->unsent[self->n_unsent++] = mbuf;
  self->n_unsent_bytes += p->tot_len;
  if (may_join)
    open_large (self, mbuf, frame);
  return ERR_OK;
}

/* lets the driver put into the packets what its device needs, once for each; FALSE: not now */
static gboolean
prepare (DpdkStackInterface *self)
{
  while (self->n_prepared < self->n_unsent)
    {
      guint n;

      if (!dpdk_port_tx_prepare (self->port, self->queue,
                                 (DpdkPacket **) self->unsent + self->n_prepared,
                                 self->n_unsent - self->n_prepared, &n))
        return FALSE;
      self->n_prepared += n;
      if (self->n_prepared == self->n_unsent)
        break;
      /* it cannot be sent, now or later */
      rte_pktmbuf_free (self->unsent[self->n_prepared]);
      self->n_unsent--;
      memmove (self->unsent + self->n_prepared, self->unsent + self->n_prepared + 1,
               (self->n_unsent - self->n_prepared) * sizeof *self->unsent);
      self->stack->statistics.tx_dropped++;
    }
  return TRUE;
}

/* what the device does not take now stays for the next turn */
void
dpdk_stack_interface_flush (DpdkStackInterface *self)
{
  guint n;

  if (self->n_unsent == 0)
    return;
  close_large (self);
  if ((self->offloads & DPDK_STACK_OFFLOAD_TX_CHECKSUM) == 0)
    self->n_prepared = self->n_unsent;
  else if (!prepare (self))
    return;
  /* a packet is an mbuf */
  n = dpdk_port_tx_burst_uncounted (self->port, self->queue, (DpdkPacket **) self->unsent,
                                    self->n_unsent);
  self->stack->statistics.tx_packets += n;
  self->n_unsent_bytes = 0;
  self->n_unsent -= n;
  self->n_prepared -= n;
  if (self->n_unsent > 0)
    memmove (self->unsent, self->unsent + n, self->n_unsent * sizeof *self->unsent);
}

void
dpdk_stack_interface_drop_unsent (DpdkStackInterface *self)
{
  close_large (self);
  rte_pktmbuf_free_bulk (self->unsent, self->n_unsent);
  self->stack->statistics.tx_dropped += self->n_unsent;
  self->n_unsent = 0;
  self->n_unsent_bytes = 0;
  self->n_prepared = 0;
}
