/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-budget.h"

#include <lwip/pbuf.h>

G_BEGIN_DECLS

/* buffers that were received and not read. Not locked; buffers are freed on the worker only, so
   those that were read wait for it. */
typedef struct {
  /* a ring, by its last one, which the first one follows and begins with what was not read */
  struct pbuf *last;
  struct pbuf *read;
  guint32 n_bytes;
  guint32 n_read;
} DpdkTcpReceiveQueue;

/* the links of the buffers are ours now: what lwIP calls a chain cannot exceed 64 KiB */
static inline void
dpdk_tcp_receive_queue_append (DpdkTcpReceiveQueue *self, struct pbuf *p)
{
  struct pbuf *first = self->last != NULL ? self->last->next : p, *last = p;

  self->n_bytes += p->len;
  for (; last->next != NULL; last = last->next)
    self->n_bytes += last->next->len;
  if (self->last != NULL)
    self->last->next = p;
  last->next = first;
  self->last = last;
}

/* the only buffer, which nothing was read of, if it has at most @size bytes, but some */
static inline struct pbuf *
dpdk_tcp_receive_queue_take_only (DpdkTcpReceiveQueue *self, gsize size)
{
  struct pbuf *p = self->last;

  if (self->n_bytes == 0 || self->n_bytes > size || self->n_read != 0 || p != p->next)
    return NULL;
  p->next = NULL;
  self->last = NULL;
  self->n_bytes = 0;
  return p;
}

gsize dpdk_tcp_receive_queue_read (DpdkTcpReceiveQueue *self, void *buffer, gsize size);
/* of one buffer; without a copy if that can be */
gsize dpdk_tcp_receive_queue_peek (const DpdkTcpReceiveQueue *self, void *buffer, gsize size);
GBytes *dpdk_tcp_receive_queue_read_bytes (DpdkTcpReceiveQueue *self, gsize size,
                                           DpdkStackBudget *budget);
void dpdk_tcp_receive_queue_discard (DpdkTcpReceiveQueue *self);
struct pbuf *dpdk_tcp_receive_queue_steal_read (DpdkTcpReceiveQueue *self, gsize *n_bytes);

/* for the thread of the worker */
void dpdk_tcp_receive_queue_free_buffers (struct pbuf *list);

G_END_DECLS
