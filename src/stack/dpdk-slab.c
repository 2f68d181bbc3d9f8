/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-slab.h"

#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void) (address), (void) (size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void) (address), (void) (size))
#endif

#define CHUNK_SIZE (64 * 1024)
/* for a size of which there is more than this: huge pages, so that very many connections do not need an
   entry of the TLB each */
#define MANY (1024 * 1024)
#define HUGE_CHUNK_SIZE (2ul * 1024 * 1024)
#define CACHE_LINE 64
#define CLASS_STEP 64
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

typedef struct _Chunk Chunk;
struct _Chunk {
  Chunk *next;
  gsize size;
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
  Chunk *chunks;
  Large *large;
};

#define LARGE_CLASS G_MAXUINT64

/* a whole huge page; a wish: else they are small ones */
static Chunk *
map_huge_chunk (void)
{
  char *memory = mmap (NULL, 2 * HUGE_CHUNK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  gsize before;

  if (memory == MAP_FAILED)
    return NULL;
  before = (HUGE_CHUNK_SIZE - (guintptr) memory % HUGE_CHUNK_SIZE) % HUGE_CHUNK_SIZE;
  if (before > 0)
    munmap (memory, before);
  munmap (memory + before + HUGE_CHUNK_SIZE, HUGE_CHUNK_SIZE - before);
  madvise (memory + before, HUGE_CHUNK_SIZE, MADV_HUGEPAGE);
  return (Chunk *) (memory + before);
}

static Chunk *
new_chunk (gsize size)
{
  Chunk *chunk = NULL;

  if (size == HUGE_CHUNK_SIZE)
    chunk = map_huge_chunk ();
  else if (posix_memalign ((void **) &chunk, CACHE_LINE, size) != 0)
    return NULL;
  if (chunk != NULL)
    chunk->size = size;
  return chunk;
}

static void
free_chunk (Chunk *chunk)
{
  ASAN_UNPOISON_MEMORY_REGION (chunk, chunk->size);
  if (chunk->size == HUGE_CHUNK_SIZE)
    munmap (chunk, HUGE_CHUNK_SIZE);
  else
    free (chunk);
}

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
  while (self->chunks != NULL)
    {
      Chunk *chunk = self->chunks;

      self->chunks = chunk->next;
      free_chunk (chunk);
    }
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
  Chunk *chunk = new_chunk (class->size_of_chunks < MANY ? CHUNK_SIZE : HUGE_CHUNK_SIZE);

  if (chunk == NULL)
    return FALSE;
  chunk->next = self->chunks;
  self->chunks = chunk;
  class->size_of_chunks += chunk->size;
  class->at = (char *) chunk + CACHE_LINE;
  class->end = (char *) chunk + chunk->size;
  ASAN_POISON_MEMORY_REGION (class->at, chunk->size - CACHE_LINE);
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
    self->classes[class_index].unused = header->next;
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
