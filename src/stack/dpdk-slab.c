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

/* sizes up to SMALL are rounded up to one step, larger ones to another */
#define SMALL_STEP 16
#define SMALL 1024
#define LARGE_STEP 256
#define MAX_CLASS_SIZE (16 * 1024)
#define N_SMALL (SMALL / SMALL_STEP)
#define N_CLASSES (N_SMALL + (MAX_CLASS_SIZE - SMALL) / LARGE_STEP)

typedef struct _Unused Unused;
typedef struct _Page Page;

struct _Unused {
  Unused *next;
};

/* At the beginning of each page, whose address follows from that of each object in it: so objects need
   no header, and those of the size of some cache lines begin with one. */
struct _Page {
  /* of the first page */
  DpdkChunk chunk;
  guint class_index;
  /* what an object takes */
  guint size;
  /* of large objects, which have pages of their own */
  gsize large_size;
  Page *next;
  Page **previous;
};

#define HEADER_SIZE DPDK_CHUNK_CACHE_LINE
G_STATIC_ASSERT (sizeof (Page) <= HEADER_SIZE);

typedef struct {
  Unused *unused;
  /* of the newest page, what was never used */
  char *at;
  char *end;
  char *end_of_chunk;
  gsize size_of_chunks;
} Class;

struct _DpdkSlab {
  DpdkStackBudget *budget;
  Class classes[N_CLASSES];
  DpdkChunk *chunks;
  Page *large;
};

#define LARGE_CLASS G_MAXUINT

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
    ASAN_UNPOISON_MEMORY_REGION (chunk, chunk->size);
  dpdk_chunk_free_all (self->chunks);
  while (self->large != NULL)
    {
      Page *page = self->large;

      self->large = page->next;
      free (page);
    }
  g_free (self);
}

static void *
allocate_large (DpdkSlab *self, gsize size)
{
  Page *page;

  if (posix_memalign ((void **) &page, DPDK_CHUNK_PAGE_SIZE, HEADER_SIZE + size) != 0)
    return NULL;
  *page = (Page){
    .class_index = LARGE_CLASS, .large_size = size, .next = self->large, .previous = &self->large
  };
  if (page->next != NULL)
    page->next->previous = &page->next;
  self->large = page;
  dpdk_stack_budget_add (self->budget, (gint64) (HEADER_SIZE + size));
  return (char *) page + HEADER_SIZE;
}

static void
release_large (DpdkSlab *self, Page *page)
{
  *page->previous = page->next;
  if (page->next != NULL)
    page->next->previous = page->previous;
  dpdk_stack_budget_add (self->budget, -(gint64) (HEADER_SIZE + page->large_size));
  free (page);
}

static inline guint
get_class_index (gsize size)
{
  if (G_LIKELY (size <= SMALL))
    return (guint) ((size - 1) / SMALL_STEP);
  return (guint) (N_SMALL + (size - SMALL - 1) / LARGE_STEP);
}

static inline guint
get_class_size (guint class_index)
{
  return class_index < N_SMALL ? (class_index + 1) * SMALL_STEP
                               : SMALL + (class_index - N_SMALL + 1) * LARGE_STEP;
}

/* the next page of the newest chunk, or the first one of a new chunk */
static gboolean
refill (DpdkSlab *self, Class *class, guint class_index)
{
  Page *page = (Page *) (void *) class->end;

  if (class->end == class->end_of_chunk)
    {
      DpdkChunk *chunk = dpdk_chunk_new (class->size_of_chunks);

      if (chunk == NULL)
        return FALSE;
      chunk->next = self->chunks;
      self->chunks = chunk;
      class->size_of_chunks += chunk->size;
      class->end_of_chunk = dpdk_chunk_get_end (chunk);
      page = (Page *) chunk;
    }
  page->class_index = class_index;
  page->size = get_class_size (class_index);
  class->at = (char *) page + HEADER_SIZE;
  class->end = (char *) page + DPDK_CHUNK_PAGE_SIZE;
  ASAN_POISON_MEMORY_REGION (class->at, (gsize) (class->end - class->at));
  return TRUE;
}

static void *
take_new (DpdkSlab *self, guint class_index)
{
  Class *class = &self->classes[class_index];
  gsize size = get_class_size (class_index);
  void *memory;

  if ((gsize) (class->end - class->at) < size && !refill (self, class, class_index))
    return NULL;
  memory = class->at;
  class->at += size;
  return memory;
}

static inline Page *
get_page (const void *memory)
{
  return (Page *) ((gsize) memory / DPDK_CHUNK_PAGE_SIZE * DPDK_CHUNK_PAGE_SIZE);
}

/* too much for a class, or nothing, which has an address of its own all the same */
static void *
allocate_unusual (DpdkSlab *self, gsize size)
{
  if (size == 0)
    return dpdk_slab_allocate (self, 1);
  return size <= G_MAXUINT32 ? allocate_large (self, size) : NULL;
}

void *
dpdk_slab_allocate (DpdkSlab *self, gsize size)
{
  guint class_index, class_size;
  Unused *unused;
  void *memory;

  if (G_UNLIKELY (size - 1 >= MAX_CLASS_SIZE))
    return allocate_unusual (self, size);
  class_index = get_class_index (size);
  class_size = get_class_size (class_index);
  memory = unused = self->classes[class_index].unused;
  ASAN_UNPOISON_MEMORY_REGION (unused, unused != NULL ? sizeof *unused : 0);
  if (G_LIKELY (unused != NULL))
    {
      self->classes[class_index].unused = unused->next;
      /* the next one to be taken may be long out of the cache */
      rte_prefetch0_write (unused->next);
    }
  else if ((memory = take_new (self, class_index)) == NULL)
    return NULL;
  dpdk_stack_budget_add (self->budget, class_size);
  ASAN_POISON_MEMORY_REGION (memory, class_size);
  ASAN_UNPOISON_MEMORY_REGION (memory, size);
  return memory;
}

void
dpdk_slab_release (DpdkSlab *self, void *memory)
{
  Unused *unused = memory;
  Page *page;

  if (memory == NULL)
    return;
  page = get_page (memory);
  if (G_UNLIKELY (page->class_index == LARGE_CLASS))
    {
      release_large (self, page);
      return;
    }
  dpdk_stack_budget_add (self->budget, -(gint64) page->size);
  ASAN_UNPOISON_MEMORY_REGION (unused, sizeof *unused);
  unused->next = self->classes[page->class_index].unused;
  self->classes[page->class_index].unused = unused;
  ASAN_POISON_MEMORY_REGION (memory, page->size);
}
