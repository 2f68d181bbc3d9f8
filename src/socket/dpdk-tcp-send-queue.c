/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-send-queue-private.h"

#include <string.h>

#define MIN_CHUNK_SIZE 2048
#define MAX_CHUNK_SIZE (64 * 1024)

typedef struct {
  GList link;
  gsize capacity;
  gsize acknowledged;
  gsize sent;
  gsize used;
  guint8 data[];
} Chunk;

static Chunk *
chunk_new (DpdkTcpSendQueue *self, gsize size)
{
  gsize capacity = CLAMP (size, MIN_CHUNK_SIZE, MAX_CHUNK_SIZE);
  Chunk *chunk = g_malloc (sizeof *chunk + capacity);

  dpdk_stack_budget_add_shared (self->budget, (gint64) (sizeof *chunk + capacity));
  *chunk = (Chunk){ .link.data = chunk, .capacity = capacity };
  return chunk;
}

static void
remove_head (DpdkTcpSendQueue *self)
{
  Chunk *chunk = self->chunks.head->data;

  g_queue_unlink (&self->chunks, &chunk->link);
  dpdk_stack_budget_add_shared (self->budget, -(gint64) (sizeof *chunk + chunk->capacity));
  g_free (chunk);
}

void
dpdk_tcp_send_queue_clear (DpdkTcpSendQueue *self)
{
  while (!g_queue_is_empty (&self->chunks))
    remove_head (self);
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
        {
          chunk = chunk_new (self, size);
          g_queue_push_tail_link (&self->chunks, &chunk->link);
        }
      n = MIN (size, chunk->capacity - chunk->used);
      memcpy (chunk->data + chunk->used, at, n);
      chunk->used += n;
      at += n;
      size -= n;
    }
}

const void *
dpdk_tcp_send_queue_peek_unsent (DpdkTcpSendQueue *self, gsize *size)
{
  for (GList *l = self->chunks.head; l != NULL; l = l->next)
    {
      Chunk *chunk = l->data;

      if (chunk->sent == chunk->used)
        continue;
      *size = chunk->used - chunk->sent;
      return chunk->data + chunk->sent;
    }
  *size = 0;
  return NULL;
}

void
dpdk_tcp_send_queue_mark_sent (DpdkTcpSendQueue *self, gsize size)
{
  for (GList *l = self->chunks.head; l != NULL && size > 0; l = l->next)
    {
      Chunk *chunk = l->data;
      gsize n = MIN (size, chunk->used - chunk->sent);

      chunk->sent += n;
      self->n_unsent -= n;
      size -= n;
    }
}

void
dpdk_tcp_send_queue_acknowledge (DpdkTcpSendQueue *self, gsize size)
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
      /* the next small write finds the last one again */
      if (self->chunks.head == self->chunks.tail && chunk->capacity == MIN_CHUNK_SIZE)
        {
          chunk->acknowledged = chunk->sent = chunk->used = 0;
          break;
        }
      remove_head (self);
    }
}
