/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-slab.h"

#include "dpdk-chunk.h"

#include <rte_prefetch.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void) (address), (void) (size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void) (address), (void) (size))
#endif

#define CLASS_STEP 32
#define MAX_CLASS_SIZE 4096
#define N_CLASSES (MAX_CLASS_SIZE / CLASS_STEP)

typedef struct _Header Header;
typedef struct _Large Large;

/* in front of every object */
struct _Header {
  union {
    guint64 class_index;
    Header *next;
  };
};

struct _Large {
  Large *next;
  Large **previous;
  gsize size;
  Header header;
};

typedef struct {
  Header *unused;
  /* of the newest chunk, what was never used */
  char *at;
  char *end;
  gsize size_of_chunks;
} Class;

struct _DpdkSlab {
  DpdkStackBudget *budget;
  Class classes[N_CLASSES];
  DpdkChunk *chunks;
  Large *large;
};

#define LARGE_CLASS G_MAXUINT64

DpdkSlab *
dpdk_slab_new (DpdkStackBudget *budget)
{
  DpdkSlab *self = g_new0 (DpdkSlab, 1);

  self->budget = budget;
  return self;
}

void
dpdk_slab_free (DpdkSlab *self)
{
  for (DpdkChunk *chunk = self->chunks; chunk != NULL; chunk = chunk->next)
    ASAN_UNPOISON_MEMORY_REGION (dpdk_chunk_get_begin (chunk), chunk->size - DPDK_CHUNK_CACHE_LINE);
  dpdk_chunk_free_all (self->chunks);
  while (self->large != NULL)
    {
      Large *large = self->large;

      self->large = large->next;
      free (large);
    }
  g_free (self);
}

static void *
allocate_large (DpdkSlab *self, gsize size)
{
  Large *large = malloc (sizeof *large + size);

  if (large == NULL)
    return NULL;
  large->next = self->large;
  large->previous = &self->large;
  if (large->next != NULL)
    large->next->previous = &large->next;
  self->large = large;
  large->header.class_index = LARGE_CLASS;
  large->size = size;
  dpdk_stack_budget_add (self->budget, (gint64) (sizeof *large + size));
  return &large->header + 1;
}

static gboolean
refill (DpdkSlab *self, Class *class)
{
  DpdkChunk *chunk = dpdk_chunk_new (class->size_of_chunks);

  if (chunk == NULL)
    return FALSE;
  chunk->next = self->chunks;
  self->chunks = chunk;
  class->size_of_chunks += chunk->size;
  class->at = dpdk_chunk_get_begin (chunk);
  class->end = dpdk_chunk_get_end (chunk);
  ASAN_POISON_MEMORY_REGION (class->at, (gsize) (class->end - class->at));
  return TRUE;
}

static Header *
take_new (DpdkSlab *self, guint class_index)
{
  Class *class = &self->classes[class_index];
  gsize size = (class_index + 1) * CLASS_STEP;
  Header *header;

  if ((gsize) (class->end - class->at) < size && !refill (self, class))
    return NULL;
  header = (Header *) class->at;
  class->at += size;
  ASAN_UNPOISON_MEMORY_REGION (header, sizeof *header);
  return header;
}

void *
dpdk_slab_allocate (DpdkSlab *self, gsize size)
{
  guint class_index;
  Header *header;

  if (size > MAX_CLASS_SIZE - sizeof (Header))
    return size <= G_MAXUINT32 ? allocate_large (self, size) : NULL;
  class_index = (guint) ((size + sizeof (Header) - 1) / CLASS_STEP);
  header = self->classes[class_index].unused;
  if (G_LIKELY (header != NULL))
    {
      self->classes[class_index].unused = header->next;
      /* the next one to be taken may be long out of the cache */
      rte_prefetch0_write (header->next);
    }
  else if ((header = take_new (self, class_index)) == NULL)
    return NULL;
  header->class_index = class_index;
  dpdk_stack_budget_add (self->budget, (class_index + 1) * CLASS_STEP);
  ASAN_UNPOISON_MEMORY_REGION (header + 1, size);
  return header + 1;
}

void
dpdk_slab_release (DpdkSlab *self, void *memory)
{
  Header *header;
  guint64 class_index;

  if (memory == NULL)
    return;
  header = (Header *) memory - 1;
  class_index = header->class_index;
  if (class_index == LARGE_CLASS)
    {
      Large *large = (Large *) ((char *) header - G_STRUCT_OFFSET (Large, header));

      *large->previous = large->next;
      if (large->next != NULL)
        large->next->previous = large->previous;
      dpdk_stack_budget_add (self->budget, -(gint64) (sizeof *large + large->size));
      free (large);
      return;
    }
  dpdk_stack_budget_add (self->budget, -(gint64) ((class_index + 1) * CLASS_STEP));
  header->next = self->classes[class_index].unused;
  self->classes[class_index].unused = header;
  ASAN_POISON_MEMORY_REGION (memory, (class_index + 1) * CLASS_STEP - sizeof *header);
}
