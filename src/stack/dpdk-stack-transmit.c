/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* from the buffers of lwIP to those of the device: checksums and large segments */
#include "dpdk-stack-private.h"

#include "dpdk-port-private.h"

#include <lwip/prot/tcp.h>
#include <lwip/prot/udp.h>

/* what waits for the end of the turn: the other side can begin with it meanwhile */
#define MAX_UNSENT_BYTES (64 * 1024)

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

static void
copy_with_checksum (const struct pbuf *p, const DpdkStackFrame *frame, guint8 *to)
{
  pbuf_copy_partial (p, to, (u16_t) frame->l4_offset, 0);
  dpdk_stack_frame_set_checksum (frame, to,
                                 copy_with_sum (p, frame->l4_offset, to + frame->l4_offset));
}

static void
finish_checksum (struct rte_mbuf *mbuf, const DpdkStackFrame *frame)
{
  guint8 *bytes = rte_pktmbuf_mtod (mbuf, guint8 *);

  dpdk_stack_frame_set_checksum (
      frame, bytes,
      dpdk_lwip_checksum (bytes + frame->l4_offset, mbuf->data_len - frame->l4_offset));
}

void
dpdk_stack_request_checksum (struct rte_mbuf *mbuf, const DpdkStackFrame *frame)
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
      dpdk_stack_request_checksum (mbuf, frame);
      dpdk_stack_count (&self->stack->tx_checksums);
    }
  return mbuf;
}

/* whether @n packets may wait, of which some may have to go first */
gboolean
dpdk_stack_interface_make_room (DpdkStackInterface *self, guint n)
{
  if (self->n_unsent + n > G_N_ELEMENTS (self->unsent) || self->n_unsent_bytes >= MAX_UNSENT_BYTES)
    dpdk_stack_interface_flush (self);
  return self->n_unsent + n <= G_N_ELEMENTS (self->unsent);
}

/* to data that is large enough for that, without a copy */
static gboolean
may_refer (DpdkStackInterface *self, const struct pbuf *p, const DpdkStackFrame *frame)
{
  return p->tot_len > DPDK_STACK_ARENA_MIN && frame->protocol == IP_PROTO_TCP &&
         self->stack->budget->arena != NULL && dpdk_stack_may_refer (self->offloads);
}

err_t
dpdk_stack_interface_transmit (struct netif *netif, struct pbuf *p)
{
  DpdkStackInterface *self = ((DpdkStackNetif *) netif)->interface;
  DpdkStackFrame parsed, *frame = NULL;
  struct rte_mbuf *mbuf = NULL;

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
  if (frame != NULL && (p->segment_len != 0 || may_refer (self, p, frame)))
    return dpdk_stack_interface_transmit_large (self, p, frame);
  if (dpdk_stack_interface_make_room (self, 1))
    mbuf = make_frame (self, p, frame);
  if (mbuf == NULL)
    {
      self->stack->statistics.tx_dropped++;
      return ERR_MEM;
    }
  dpdk_stack_interface_queue (self, mbuf);
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
  rte_pktmbuf_free_bulk (self->unsent, self->n_unsent);
  self->stack->statistics.tx_dropped += self->n_unsent;
  self->n_unsent = 0;
  self->n_unsent_bytes = 0;
  self->n_prepared = 0;
}
