/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-send-queue-private.h"

#include <string.h>

/* of memory of its own, which follows, or of bytes of the application */
struct _DpdkTcpSendChunk {
  DpdkTcpSendChunk *next;
  DpdkStackBudget *budget;
  GBytes *bytes;
  guint8 *data;
  gsize capacity;
  gsize acknowledged;
  gsize sent;
  gsize used;
  /* what it takes, this structure included */
  gsize size;
  /* packets may refer to it */
  gboolean is_block;
};

static void
push_last (DpdkTcpSendChunk **ring, DpdkTcpSendChunk *chunk)
{
  DpdkTcpSendChunk *last = *ring;

  chunk->next = last != NULL ? last->next : chunk;
  if (last != NULL)
    last->next = chunk;
  *ring = chunk;
}

static DpdkTcpSendChunk *
pop_first (DpdkTcpSendChunk **ring)
{
  DpdkTcpSendChunk *last = *ring, *first = last->next;

  if (first == last)
    *ring = NULL;
  else
    last->next = first->next;
  return first;
}

static DpdkTcpSendChunks *
get_chunks (DpdkTcpSendQueue *self)
{
  if (self->chunks == NULL)
    self->chunks = g_slice_new0 (DpdkTcpSendChunks);
  return self->chunks;
}

static void
drop_chunks_if_empty (DpdkTcpSendQueue *self)
{
  DpdkTcpSendChunks *chunks = self->chunks;

  if (chunks == NULL || chunks->last != NULL || chunks->released != NULL)
    return;
  g_slice_free (DpdkTcpSendChunks, chunks);
  self->chunks = NULL;
}

static DpdkTcpSendChunk *
chunk_new (DpdkTcpSendQueue *self, DpdkStackBudget *budget, gsize capacity)
{
  gsize size = sizeof (DpdkTcpSendChunk) + capacity;
  DpdkTcpSendChunk *chunk = NULL;
  gboolean is_block;

  if (capacity >= DPDK_STACK_ARENA_MIN)
    chunk = dpdk_stack_budget_allocate_block (budget, &size);
  is_block = chunk != NULL;
  if (!is_block)
    chunk = dpdk_stack_budget_allocate (budget, &size);
  *chunk = (DpdkTcpSendChunk){ .budget = budget,
                               .data = (guint8 *) (chunk + 1),
                               .capacity = size - sizeof *chunk,
                               .size = size,
                               .is_block = is_block };
  push_last (&get_chunks (self)->last, chunk);
  return chunk;
}

static void
chunk_free (DpdkTcpSendChunk *chunk)
{
  if (chunk->is_block)
    dpdk_stack_budget_release_block (chunk->budget, chunk, chunk->size);
  else
    dpdk_stack_budget_release (chunk->budget, chunk, chunk->size);
}

static void
remove_first (DpdkTcpSendChunks *self)
{
  DpdkTcpSendChunk *chunk = pop_first (&self->last);

  if (chunk->bytes != NULL)
    push_last (&self->released, chunk);
  else
    chunk_free (chunk);
}

void
dpdk_tcp_send_queue_clear (DpdkTcpSendQueue *self)
{
  DpdkTcpSendChunks *chunks = self->chunks;

  self->n_copied = 0;
  self->n_queued = 0;
  if (chunks == NULL)
    return;
  while (chunks->last != NULL)
    remove_first (chunks);
  chunks->unsent = NULL;
  chunks->n_unsent = 0;
  drop_chunks_if_empty (self);
}

void
dpdk_tcp_send_queue_append (DpdkTcpSendQueue *self, DpdkStackBudget *budget, const void *data,
                            gsize size)
{
  DpdkTcpSendChunks *chunks = get_chunks (self);
  const guint8 *at = data;

  self->n_queued += (guint32) size;
  chunks->n_unsent += (guint32) size;
  while (size > 0)
    {
      DpdkTcpSendChunk *chunk = chunks->last;
      gsize n;

      if (chunk == NULL || chunk->used == chunk->capacity)
        chunk = chunk_new (self, budget, size);
      n = MIN (size, chunk->capacity - chunk->used);
      memcpy (chunk->data + chunk->used, at, n);
      chunk->used += n;
      if (chunks->unsent == NULL)
        chunks->unsent = chunk;
      at += n;
      size -= n;
    }
}

void
dpdk_tcp_send_queue_append_bytes (DpdkTcpSendQueue *self, DpdkStackBudget *budget, GBytes *bytes,
                                  gsize offset, gsize size)
{
  DpdkTcpSendChunk *chunk = chunk_new (self, budget, 0);
  DpdkTcpSendChunks *chunks = self->chunks;

  chunk->bytes = g_bytes_ref (bytes);
  chunk->data = (guint8 *) g_bytes_get_data (bytes, NULL) + offset;
  chunk->capacity = size;
  chunk->used = size;
  if (chunks->unsent == NULL)
    chunks->unsent = chunk;
  dpdk_stack_budget_add_shared (budget, (gint64) size);
  self->n_queued += (guint32) size;
  chunks->n_unsent += (guint32) size;
}

const void *
dpdk_tcp_send_queue_peek_unsent (DpdkTcpSendQueue *self, gsize *size)
{
  const DpdkTcpSendChunk *chunk = self->chunks != NULL ? self->chunks->unsent : NULL;

  *size = chunk != NULL ? chunk->used - chunk->sent : 0;
  return chunk != NULL ? chunk->data + chunk->sent : NULL;
}

void
dpdk_tcp_send_queue_mark_sent (DpdkTcpSendQueue *self, gsize size)
{
  DpdkTcpSendChunks *chunks = self->chunks;

  chunks->n_unsent -= (guint32) size;
  while (size > 0)
    {
      DpdkTcpSendChunk *chunk = chunks->unsent;
      gsize n = MIN (size, chunk->used - chunk->sent);

      chunk->sent += n;
      size -= n;
      if (chunk->sent == chunk->used)
        chunks->unsent = chunk != chunks->last ? chunk->next : NULL;
    }
}

void
dpdk_tcp_send_queue_acknowledge_chunks (DpdkTcpSendQueue *self, gsize size)
{
  DpdkTcpSendChunks *chunks = self->chunks;

  while (size > 0 && chunks != NULL && chunks->last != NULL)
    {
      DpdkTcpSendChunk *chunk = chunks->last->next;
      gsize n = MIN (size, chunk->sent - chunk->acknowledged);

      chunk->acknowledged += n;
      self->n_queued -= (guint32) n;
      size -= n;
      if (chunk->acknowledged < chunk->used)
        break;
      remove_first (chunks);
    }
  drop_chunks_if_empty (self);
}

DpdkTcpSendChunk *
dpdk_tcp_send_queue_steal_released (DpdkTcpSendQueue *self)
{
  DpdkTcpSendChunk *released;

  if (self->chunks == NULL)
    return NULL;
  released = g_steal_pointer (&self->chunks->released);
  drop_chunks_if_empty (self);
  return released;
}

void
dpdk_tcp_send_queue_free_released (DpdkTcpSendChunk *released)
{
  while (released != NULL)
    {
      DpdkTcpSendChunk *chunk = pop_first (&released);

      dpdk_stack_budget_add_shared (chunk->budget, -(gint64) chunk->capacity);
      g_bytes_unref (chunk->bytes);
      chunk_free (chunk);
    }
}
