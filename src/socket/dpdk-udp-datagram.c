/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-udp-datagram-private.h"

#include <lwip/mem.h>

void
dpdk_udp_queue_push (DpdkUdpQueue *self, DpdkUdpItem *item)
{
  item->next = NULL;
  if (self->tail != NULL)
    self->tail->next = item;
  else
    self->head = item;
  self->tail = item;
  self->n++;
  self->cost += item->cost;
}

gpointer
dpdk_udp_queue_pop (DpdkUdpQueue *self)
{
  DpdkUdpItem *item = self->head;

  if (item == NULL)
    return NULL;
  self->head = item->next;
  if (self->head == NULL)
    self->tail = NULL;
  self->n--;
  self->cost -= item->cost;
  return item;
}

void
dpdk_udp_queue_move (DpdkUdpQueue *self, DpdkUdpQueue *from)
{
  if (from->head == NULL)
    return;
  if (self->tail != NULL)
    self->tail->next = from->head;
  else
    self->head = from->head;
  self->tail = from->tail;
  self->n += from->n;
  self->cost += from->cost;
  *from = (DpdkUdpQueue){ 0 };
}

DpdkUdpDatagram *
dpdk_udp_datagram_new (struct pbuf *data, const ip_addr_t *ip, guint16 port)
{
  DpdkUdpDatagram *self = mem_malloc (sizeof *self);

  if (self == NULL)
    {
      pbuf_free (data);
      return NULL;
    }
  self->item.cost = DPDK_UDP_OVERHEAD + (gsize) data->tot_len;
  self->data = data;
  self->ip = *ip;
  self->port = port;
  return self;
}

void
dpdk_udp_datagram_free (DpdkUdpDatagram *self)
{
  if (self->data != NULL)
    pbuf_free (self->data);
  mem_free (self);
}

void
dpdk_udp_datagram_queue_clear (DpdkUdpQueue *queue)
{
  DpdkUdpDatagram *datagram;

  while ((datagram = dpdk_udp_queue_pop (queue)) != NULL)
    dpdk_udp_datagram_free (datagram);
}

static void
free_outgoing (struct pbuf *p)
{
  g_free ((char *) p - G_STRUCT_OFFSET (DpdkUdpOutgoing, pbuf));
}

DpdkUdpOutgoing *
dpdk_udp_outgoing_new (gsize length)
{
  DpdkUdpOutgoing *self = g_malloc (sizeof *self + length);

  self->item.cost = DPDK_UDP_OVERHEAD + length;
  self->pbuf.custom_free_function = free_outgoing;
  pbuf_alloced_custom (PBUF_RAW, (u16_t) length, PBUF_RAM, &self->pbuf, self->data, (u16_t) length);
  return self;
}

void
dpdk_udp_outgoing_queue_clear (DpdkUdpQueue *queue)
{
  DpdkUdpOutgoing *outgoing;

  while ((outgoing = dpdk_udp_queue_pop (queue)) != NULL)
    pbuf_free (&outgoing->pbuf.pbuf);
}
