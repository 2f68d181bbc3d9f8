/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-pool.h"

#include "dpdk-chunk.h"

#include <string.h>

typedef struct _Unused Unused;
struct _Unused {
  Unused *next;
};

/* half a cache line: what is at the beginning of a piece, up to one and a half, is in two of them */
#define ALIGNMENT (DPDK_CHUNK_CACHE_LINE / 2)

struct _DpdkPool {
  gsize size;
  GMutex lock;
  Unused *unused;
  /* of the newest chunk, what was never used */
  char *at;
  char *end;
  DpdkChunk *chunks;
  gsize size_of_chunks;
};

DpdkPool *
dpdk_pool_new (gsize size)
{
  DpdkPool *self = g_new0 (DpdkPool, 1);

  self->size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  g_mutex_init (&self->lock);
  return self;
}

void
dpdk_pool_free (DpdkPool *self)
{
  dpdk_chunk_free_all (self->chunks);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* a sanitizer sees what is used after its end only if each piece is its own */
#if defined(__SANITIZE_ADDRESS__)

gpointer
dpdk_pool_allocate (DpdkPool *self)
{
  return g_malloc0 (self->size);
}

void
dpdk_pool_release (DpdkPool *self, gpointer memory)
{
  g_free (memory);
}

#else

static gpointer
take_new_locked (DpdkPool *self)
{
  gpointer memory;

  if ((gsize) (self->end - self->at) < self->size)
    {
      DpdkChunk *chunk = dpdk_chunk_new (self->size_of_chunks);

      if (chunk == NULL)
        g_error ("%s: out of memory", G_STRFUNC);
      chunk->next = self->chunks;
      self->chunks = chunk;
      self->size_of_chunks += chunk->size;
      self->at = dpdk_chunk_get_begin (chunk);
      self->end = dpdk_chunk_get_end (chunk);
    }
  memory = self->at;
  self->at += self->size;
  return memory;
}

gpointer
dpdk_pool_allocate (DpdkPool *self)
{
  gpointer memory;

  g_mutex_lock (&self->lock);
  if (self->unused != NULL)
    {
      memory = self->unused;
      self->unused = self->unused->next;
    }
  else
    memory = take_new_locked (self);
  g_mutex_unlock (&self->lock);
  return memset (memory, 0, self->size);
}

void
dpdk_pool_release (DpdkPool *self, gpointer memory)
{
  Unused *unused = memory;

  g_mutex_lock (&self->lock);
  unused->next = self->unused;
  self->unused = unused;
  g_mutex_unlock (&self->lock);
}

#endif
