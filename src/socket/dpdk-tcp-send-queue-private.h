/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-budget.h"

G_BEGIN_DECLS

/* bytes that were written and are not acknowledged; the stack sends from here without a copy, so
   they stay where they are until then. Not locked. */
typedef struct _DpdkTcpSendChunk DpdkTcpSendChunk;
typedef struct {
  /* rings, by their last one, which the first one follows */
  DpdkTcpSendChunk *last;
  /* acknowledged, but still with bytes of the application */
  DpdkTcpSendChunk *released;
  /* the first chunk that is not all sent, or NULL */
  DpdkTcpSendChunk *unsent;
  guint32 n_unsent;
} DpdkTcpSendChunks;

typedef struct {
  /* in front of all chunks; lwIP has a copy */
  guint32 n_copied;
  guint32 n_queued;
  /* NULL: there are none */
  DpdkTcpSendChunks *chunks;
} DpdkTcpSendQueue;

void dpdk_tcp_send_queue_clear (DpdkTcpSendQueue *self);
/* what it takes counts for @budget, which must outlive it */
void dpdk_tcp_send_queue_append (DpdkTcpSendQueue *self, DpdkStackBudget *budget, const void *data,
                                 gsize size);
/* a part of @bytes, without a copy */
void dpdk_tcp_send_queue_append_bytes (DpdkTcpSendQueue *self, DpdkStackBudget *budget,
                                       GBytes *bytes, gsize offset, gsize size);
const void *dpdk_tcp_send_queue_peek_unsent (DpdkTcpSendQueue *self, gsize *size);
void dpdk_tcp_send_queue_mark_sent (DpdkTcpSendQueue *self, gsize size);
void dpdk_tcp_send_queue_acknowledge_chunks (DpdkTcpSendQueue *self, gsize size);
/* to be freed without any lock: what is called then is the application's */
DpdkTcpSendChunk *dpdk_tcp_send_queue_steal_released (DpdkTcpSendQueue *self);
void dpdk_tcp_send_queue_free_released (DpdkTcpSendChunk *released);

static inline guint32
dpdk_tcp_send_queue_get_n_unsent (const DpdkTcpSendQueue *self)
{
  return self->chunks != NULL ? self->chunks->n_unsent : 0;
}

/* whether the next bytes may be some that lwIP copies */
static inline gboolean
dpdk_tcp_send_queue_may_copy (const DpdkTcpSendQueue *self)
{
  return self->n_queued == self->n_copied;
}

static inline void
dpdk_tcp_send_queue_add_copied (DpdkTcpSendQueue *self, gsize size)
{
  self->n_copied += (guint32) size;
  self->n_queued += (guint32) size;
}

static inline void
dpdk_tcp_send_queue_acknowledge (DpdkTcpSendQueue *self, gsize size)
{
  gsize n_copied = MIN (size, self->n_copied);

  self->n_copied -= (guint32) n_copied;
  self->n_queued -= (guint32) n_copied;
  if (n_copied < size)
    dpdk_tcp_send_queue_acknowledge_chunks (self, size - n_copied);
}

static inline gboolean
dpdk_tcp_send_queue_has_released (const DpdkTcpSendQueue *self)
{
  return self->chunks != NULL && self->chunks->released != NULL;
}

G_END_DECLS
