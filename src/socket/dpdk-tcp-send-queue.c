/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-send-queue-private.h"

#include <string.h>

/* of memory of its own, which follows, or of bytes of the application */
typedef struct {
  GList link;
  DpdkStackBudget *budget;
  GBytes *bytes;
  guint8 *data;
  gsize capacity;
  gsize acknowledged;
  gsize sent;
  gsize used;
  /* what it takes, this structure included */
  gsize size;
} Chunk;

static Chunk *
chunk_new (DpdkTcpSendQueue *self, gsize capacity)
{
  gsize size = sizeof (Chunk) + capacity;
  Chunk *chunk = dpdk_stack_budget_allocate (self->budget, &size);

  *chunk = (Chunk){ .link.data = chunk,
                    .budget = self->budget,
                    .data = (guint8 *) (chunk + 1),
                    .capacity = size - sizeof *chunk,
                    .size = size };
  g_queue_push_tail_link (&self->chunks, &chunk->link);
  return chunk;
}

static void
remove_head (DpdkTcpSendQueue *self)
{
  Chunk *chunk = self->chunks.head->data;

  g_queue_unlink (&self->chunks, &chunk->link);
  if (chunk->bytes != NULL)
    g_queue_push_tail_link (&self->released, &chunk->link);
  else
    dpdk_stack_budget_release (self->budget, chunk, chunk->size);
}

void
dpdk_tcp_send_queue_clear (DpdkTcpSendQueue *self)
{
  while (!g_queue_is_empty (&self->chunks))
    remove_head (self);
  self->unsent = NULL;
  self->n_copied = 0;
  self->n_queued = 0;
  self->n_unsent = 0;
}

void
dpdk_tcp_send_queue_append (DpdkTcpSendQueue *self, const void *data, gsize size)
{
  const guint8 *at = data;

  self->n_queued += size;
  self->n_unsent += size;
  while (size > 0)
    {
      Chunk *chunk = self->chunks.tail != NULL ? self->chunks.tail->data : NULL;
      gsize n;

      if (chunk == NULL || chunk->used == chunk->capacity)
        chunk = chunk_new (self, size);
      n = MIN (size, chunk->capacity - chunk->used);
      memcpy (chunk->data + chunk->used, at, n);
      chunk->used += n;
      if (self->unsent == NULL)
        self->unsent = &chunk->link;
      at += n;
      size -= n;
    }
}

void
dpdk_tcp_send_queue_append_bytes (DpdkTcpSendQueue *self, GBytes *bytes, gsize offset, gsize size)
{
  Chunk *chunk = chunk_new (self, 0);

  chunk->bytes = g_bytes_ref (bytes);
  chunk->data = (guint8 *) g_bytes_get_data (bytes, NULL) + offset;
  chunk->capacity = size;
  chunk->used = size;
  if (self->unsent == NULL)
    self->unsent = &chunk->link;
  dpdk_stack_budget_add_shared (self->budget, (gint64) size);
  self->n_queued += size;
  self->n_unsent += size;
}

const void *
dpdk_tcp_send_queue_peek_unsent (DpdkTcpSendQueue *self, gsize *size)
{
  Chunk *chunk = self->unsent != NULL ? self->unsent->data : NULL;

  *size = chunk != NULL ? chunk->used - chunk->sent : 0;
  return chunk != NULL ? chunk->data + chunk->sent : NULL;
}

void
dpdk_tcp_send_queue_mark_sent (DpdkTcpSendQueue *self, gsize size)
{
  self->n_unsent -= size;
  while (size > 0)
    {
      Chunk *chunk = self->unsent->data;
      gsize n = MIN (size, chunk->used - chunk->sent);

      chunk->sent += n;
      size -= n;
      if (chunk->sent == chunk->used)
        self->unsent = self->unsent->next;
    }
}

void
dpdk_tcp_send_queue_acknowledge_chunks (DpdkTcpSendQueue *self, gsize size)
{
  while (size > 0 && !g_queue_is_empty (&self->chunks))
    {
      Chunk *chunk = self->chunks.head->data;
      gsize n = MIN (size, chunk->sent - chunk->acknowledged);

      chunk->acknowledged += n;
      self->n_queued -= n;
      size -= n;
      if (chunk->acknowledged < chunk->used)
        break;
      remove_head (self);
    }
}

GQueue
dpdk_tcp_send_queue_steal_released (DpdkTcpSendQueue *self)
{
  GQueue released = self->released;

  g_queue_init (&self->released);
  return released;
}

void
dpdk_tcp_send_queue_free_released (GQueue *released)
{
  while (!g_queue_is_empty (released))
    {
      Chunk *chunk = released->head->data;

      g_queue_unlink (released, &chunk->link);
      dpdk_stack_budget_add_shared (chunk->budget, -(gint64) chunk->capacity);
      g_bytes_unref (chunk->bytes);
      dpdk_stack_budget_release (chunk->budget, chunk, chunk->size);
    }
}
