/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-receive-queue-private.h"

#include "dpdk-stack.h"

#include <string.h>

static void
move_first_to_read (DpdkTcpReceiveQueue *self)
{
  struct pbuf *p = self->last->next;

  if (p == self->last)
    self->last = NULL;
  else
    self->last->next = p->next;
  p->next = self->read;
  self->read = p;
}

static void
advance (DpdkTcpReceiveQueue *self, gsize n)
{
  struct pbuf *first = self->last->next;

  first->payload = (guint8 *) first->payload + n;
  first->len = (u16_t) (first->len - n);
  self->n_bytes -= (guint32) n;
  self->n_read += (guint32) n;
  if (first->len == 0)
    move_first_to_read (self);
}

gsize
dpdk_tcp_receive_queue_read (DpdkTcpReceiveQueue *self, void *buffer, gsize size)
{
  guint8 *at = buffer;
  gsize total = 0;

  while (total < size && self->last != NULL)
    {
      struct pbuf *p = self->last->next;
      gsize n = MIN (size - total, (gsize) p->len);

      memcpy (at + total, p->payload, n);
      total += n;
      advance (self, n);
    }
  return total;
}

/* the same, but that it stays */
gsize
dpdk_tcp_receive_queue_peek (const DpdkTcpReceiveQueue *self, void *buffer, gsize size)
{
  const struct pbuf *p = self->last;
  guint8 *at = buffer;
  gsize total = 0;

  if (p == NULL)
    return 0;
  do
    {
      gsize n;

      p = p->next;
      n = MIN (size - total, (gsize) p->len);
      memcpy (at + total, p->payload, n);
      total += n;
    }
  while (p != self->last && total < size);
  return total;
}

GBytes *
dpdk_tcp_receive_queue_read_bytes (DpdkTcpReceiveQueue *self, gsize size, DpdkStackBudget *budget)
{
  struct pbuf *first;
  GBytes *bytes;
  gsize n;

  /* what is left of a buffer whose headers were in it alone */
  while (self->last->next->len == 0)
    advance (self, 0);
  first = self->last->next;
  n = MIN (size, (gsize) first->len);
  bytes = dpdk_stack_view_data (budget, first, n);
  if (bytes == NULL)
    bytes = g_bytes_new (first->payload, n);
  advance (self, n);
  return bytes;
}

void
dpdk_tcp_receive_queue_discard (DpdkTcpReceiveQueue *self)
{
  self->n_read += self->n_bytes;
  self->n_bytes = 0;
  while (self->last != NULL)
    move_first_to_read (self);
}

struct pbuf *
dpdk_tcp_receive_queue_steal_read (DpdkTcpReceiveQueue *self, gsize *n_bytes)
{
  *n_bytes = self->n_read;
  self->n_read = 0;
  return g_steal_pointer (&self->read);
}

void
dpdk_tcp_receive_queue_free_buffers (struct pbuf *list)
{
  while (list != NULL)
    {
      struct pbuf *p = list;

      list = p->next;
      p->next = NULL;
      p->tot_len = p->len;
      pbuf_free (p);
    }
}
